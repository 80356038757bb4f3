//! Values and moments as people read them.

use super::Unit;
use crate::domain::Timestamp;

/// A value as exactly as it is worth reading: `12,345`, `99.25 %`, `1.25 ms`.
pub fn value_text(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Count => grouped(value),
        Unit::Percent => percent(value),
        Unit::Micros => length(value),
    }
}

/// A value of the upright axis, one of those that are `step` apart.
pub(super) fn tick_text(unit: Unit, value: f64, step: f64) -> String {
    match unit {
        Unit::Count => {
            let size = value.abs().max(step);
            let (by, mark) = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]
                .into_iter()
                .find(|(by, _)| size >= *by)
                .unwrap_or((1.0, ""));
            if zero(value) { "0".to_owned() } else { format!("{}{mark}", short(value / by, 2)) }
        }
        Unit::Percent => format!("{} %", short(value * 100.0, 3)),
        Unit::Micros => length(value),
    }
}

fn zero(value: f64) -> bool {
    value.abs() < 1e-12
}

/// At most so many decimals, and none that is zero.
fn short(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if !text.contains('.') {
        return text;
    }
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// `12,345` or `0.25`.
fn grouped(value: f64) -> String {
    let text = short(value, 2);
    let (whole, rest) = text.split_once('.').map_or((&text[..], None), |(w, r)| (w, Some(r)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::from(sign);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match rest {
        Some(rest) => format!("{grouped}.{rest}"),
        None => grouped,
    }
}

/// Nearly nothing is not nothing, and nearly all is not all.
fn percent(part: f64) -> String {
    if part > 0.0 && part < 0.000_05 {
        "< 0.01 %".to_owned()
    } else if part < 1.0 && part > 0.999_95 {
        "> 99.99 %".to_owned()
    } else {
        format!("{} %", short(part * 100.0, 2))
    }
}

/// Three digits, and the unit that suits them.
fn length(micros: f64) -> String {
    let (value, unit) = match micros.abs() {
        size if size >= 999_500.0 => (micros / 1e6, "s"),
        size if size >= 999.5 => (micros / 1e3, "ms"),
        _ => (micros, "µs"),
    };
    let decimals = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        _ => 2,
    };
    format!("{} {unit}", short(value, decimals))
}

/// How exactly moments are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fineness {
    /// `14:05:30`
    Seconds,
    /// `14:05`
    Minutes,
    /// `3 Jan 14:05`
    DayAndMinutes,
    /// `3 Jan`
    Days,
    /// `3 Jan 2027`
    Dates,
}

/// A moment in UTC.
pub(super) fn moment(at: Timestamp, fineness: Fineness) -> String {
    let whole = at.rfc3339();
    let (date, time) = whole.split_once('T').unwrap_or((&whole, ""));
    let time = time.split('.').next().unwrap_or_default();
    let minutes = time.rsplit_once(':').map_or(time, |(minutes, _)| minutes);
    let day = || date.rsplit_once('-').map_or("", |(_, day)| day.trim_start_matches('0'));
    let year = || date.get(..date.len().saturating_sub(6)).unwrap_or_default();
    match fineness {
        Fineness::Seconds => time.to_owned(),
        Fineness::Minutes => minutes.to_owned(),
        Fineness::DayAndMinutes => format!("{} {} {minutes}", day(), month(date)),
        Fineness::Days => format!("{} {}", day(), month(date)),
        Fineness::Dates => format!("{} {} {}", day(), month(date), year()),
    }
}

/// The month of a date such as `2027-01-03`.
fn month(date: &str) -> &'static str {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let number = date.rsplit('-').nth(1).and_then(|month| month.parse::<usize>().ok());
    number.and_then(|number| MONTHS.get(number.wrapping_sub(1))).copied().unwrap_or("?")
}

/// A text that is cut where it is too long.
pub(super) fn cut(text: &str, characters_max: usize) -> String {
    if text.chars().nth(characters_max).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(characters_max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_carry_their_unit_and_no_idle_digits() {
        let count = |value| value_text(Unit::Count, value);
        assert_eq!([count(0.0), count(12.0), count(1_234_567.0)], ["0", "12", "1,234,567"]);
        assert_eq!([count(0.254), count(-1_000.5), count(-0.001)], ["0.25", "-1,000.5", "0"]);
        let micros = |value| value_text(Unit::Micros, value);
        assert_eq!([micros(0.0), micros(850.0), micros(1_254.0)], ["0 µs", "850 µs", "1.25 ms"]);
        assert_eq!([micros(99_960.0), micros(999_900.0)], ["100 ms", "1 s"]);
        assert_eq!([micros(12_340.0), micros(61e6)], ["12.3 ms", "61 s"]);
    }

    #[test]
    fn nearly_all_is_not_all_and_nearly_nothing_is_not_nothing() {
        let percent = |value| value_text(Unit::Percent, value);
        assert_eq!([percent(0.0), percent(1.0), percent(0.125)], ["0 %", "100 %", "12.5 %"]);
        assert_eq!([percent(0.999_99), percent(0.000_001)], ["> 99.99 %", "< 0.01 %"]);
    }

    #[test]
    fn axes_say_k_and_m() {
        let tick = |value, step| tick_text(Unit::Count, value, step);
        assert_eq!([tick(0.0, 500.0), tick(1_500.0, 500.0), tick(2e6, 1e6)], ["0", "1.5k", "2M"]);
    }

    #[test]
    fn moments_are_told_in_utc() {
        let at = Timestamp::parse("2027-01-03T14:05:30Z").expect("a time");
        let told = [Fineness::Seconds, Fineness::Minutes, Fineness::DayAndMinutes];
        assert_eq!(told.map(|each| moment(at, each)), ["14:05:30", "14:05", "3 Jan 14:05"]);
        let told = [Fineness::Days, Fineness::Dates].map(|each| moment(at, each));
        assert_eq!(told, ["3 Jan", "3 Jan 2027"]);
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        assert_eq!(cut("ääää", 4), "ääää");
        assert_eq!(cut("ää ää", 4), "ää…");
    }
}
