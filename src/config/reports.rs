//! `[reports]`: how long reports are kept, and when they are due by themselves.

use super::reader::{Faults, Section};
use crate::report::{Every, Preset, ScheduleLine, Scope, Settings};

/// Lines of the schedule, at most.
const LINES_MAX: usize = 32;

const DAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Reads the section.
pub fn reports(mut section: Section, faults: &mut Faults) -> Settings {
    let default = Settings::default();
    let keep_days = section.within("keep_days", default.keep_days, 1..=4_000, faults);
    let keep_max = section.within("keep_max", default.keep_max, 1..=10_000, faults);
    let list = section.list("schedule", faults);
    if list.len() > LINES_MAX {
        let problem = format!("has {} lines; at most {LINES_MAX}", list.len());
        faults.add(section.place("schedule"), problem);
    }
    let lines = list.into_iter().take(LINES_MAX);
    let mut schedule: Vec<ScheduleLine> = Vec::new();
    for each in lines {
        let place = each.place("every");
        let Some(line) = line(each, faults) else { continue };
        if schedule.contains(&line) {
            faults.add(place, "this line is there already");
        }
        schedule.push(line);
    }
    section.end(faults);
    Settings { keep_days, keep_max, schedule }
}

fn line(mut section: Section, faults: &mut Faults) -> Option<ScheduleLine> {
    let every: Option<String> = section.required("every", faults);
    let at: String = section.optional("at", faults).unwrap_or_else(|| "00:00".to_owned());
    let on: Option<String> = section.optional("on", faults);
    let scope: String = section.optional("scope", faults).unwrap_or_else(|| "all".to_owned());
    let period: String = section.optional("period", faults).unwrap_or_else(|| "24h".to_owned());
    let at_s = time_of_day(&at);
    if at_s.is_none() {
        faults.add(section.place("at"), "is a time of day in UTC, such as 06:00");
    }
    let day = on.as_deref().map(|on| DAYS.iter().position(|day| *day == on));
    let day = match day {
        Some(None) => {
            faults.add(section.place("on"), "is a day of the week, such as monday");
            return None;
        }
        Some(Some(day)) => u8::try_from(day).ok(),
        None => None,
    };
    let every = every_of(every.as_deref()?, at_s?, day);
    if every.is_none() {
        let problem = "is hourly (with `at` 00:00 to 00:59), daily, or weekly (which alone takes \
                       `on`)";
        faults.add(section.place("every"), problem);
    }
    let scope = Scope::parse(&scope);
    if scope.is_none() {
        faults.add(section.place("scope"), "is all, phase:1 to phase:3, or component:NAME");
    }
    let period = Preset::parse(&period);
    if period.is_none() {
        faults.add(section.place("period"), "is 1h, 24h, 7d or 30d");
    }
    section.end(faults);
    Some(ScheduleLine { every: every?, scope: scope?, period: period? })
}

fn every_of(every: &str, at_s: u32, day: Option<u8>) -> Option<Every> {
    match (every, day) {
        ("hourly", None) if at_s < 3_600 => {
            Some(Every::Hour { minute: u8::try_from(at_s / 60).ok()? })
        }
        ("daily", None) => Some(Every::Day { at_s }),
        ("weekly", day) => Some(Every::Week { day: day.unwrap_or(0), at_s }),
        _ => None,
    }
}

/// Seconds since midnight of `06:00`.
fn time_of_day(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |part: &str| {
        let plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse::<u32>().ok()).flatten()
    };
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (hours < 24 && minutes < 60).then_some(hours * 3_600 + minutes * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Settings, Vec<String>) {
        let mut faults = Faults::default();
        let section = Section::root(toml::from_str(text).expect("TOML"));
        let settings = reports(section, &mut faults);
        (settings, faults.into_list().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn without_a_section_nothing_is_scheduled_and_much_is_kept() {
        let (settings, faults) = read("");
        assert_eq!((settings, faults.len()), (Settings::default(), 0));
    }

    #[test]
    fn a_schedule_says_when_of_what_and_of_which_time() {
        let (settings, faults) = read(
            "keep_days = 30\n[[schedule]]\nevery = 'daily'\nat = '06:00'\n\
             [[schedule]]\nevery = 'weekly'\non = 'friday'\nat = '16:30'\nscope = 'phase:1'\nperiod = '7d'\n\
             [[schedule]]\nevery = 'hourly'\nat = '00:05'\nscope = 'component:http-auth'\nperiod = '1h'\n",
        );
        assert_eq!(faults, [""; 0]);
        let lines: Vec<String> = settings.schedule.iter().map(ToString::to_string).collect();
        let expected = [
            "daily at 06:00, all, 24h",
            "weekly on friday at 16:30, phase:1, 7d",
            "hourly at 00:05, component:http-auth, 1h",
        ];
        assert_eq!((settings.keep_days, lines), (30, expected.map(str::to_owned).into()));
    }

    #[test]
    fn what_is_no_line_of_a_schedule_is_a_fault_with_its_place() {
        for (line, about) in [
            ("at = '06:00'", "every"),
            ("every = 'monthly'", "every"),
            ("every = 'daily'\nat = '6:00'", "at"),
            ("every = 'daily'\nat = '24:00'", "at"),
            ("every = 'daily'\non = 'monday'", "every"),
            ("every = 'hourly'\nat = '06:00'", "every"),
            ("every = 'weekly'\non = 'someday'", "on"),
            ("every = 'daily'\nscope = 'everything'", "scope"),
            ("every = 'daily'\nperiod = '2h'", "period"),
            ("every = 'daily'\nwhen = 1", "when"),
        ] {
            let (_, faults) = read(&format!("[[schedule]]\n{line}\n"));
            let place = format!("schedule[0].{about}");
            assert!(faults.iter().any(|fault| fault.starts_with(&place)), "{line}: {faults:?}");
        }
        let twice = "[[schedule]]\nevery = 'daily'\n[[schedule]]\nevery = 'daily'\n";
        assert!(read(twice).1[0].contains("already"));
    }
}
