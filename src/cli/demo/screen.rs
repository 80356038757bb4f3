//! The table in the terminal, redrawn in place: 80 columns and 24 lines. A smaller window shows
//! as much of it as it can.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use super::reading::{Reading, differences};
use super::story::{Progress, Row, Scene};
use super::words::{count, micros, percent, rate};
use crate::compare::MismatchClass;
use crate::domain::Side;
use crate::ledger::{Counter, LatencySummary};

/// No cursor, and no wrapping, so that a narrow window cuts lines instead of breaking the table.
const ENTER: &str = "\x1b[?25l\x1b[?7l";
const LEAVE: &str = "\x1b[?7h\x1b[?25h";

/// Terminals that know it show what lies between as one picture; others ignore it.
const PICTURE: (&str, &str) = ("\x1b[?2026h", "\x1b[?2026l");

/// Colours that are readable on light and on dark.
const BOLD: &str = "1";
const FAINT: &str = "2";
const GOOD: &str = "32";
const WARN: &str = "33";
const BAD: &str = "1;31";

/// A terminal in which the story is drawn. Leaves it as it was when it is dropped.
pub struct Screen {
    colours: bool,
    drawn: usize,
    entered: bool,
}

impl Screen {
    /// A screen that has drawn nothing yet.
    pub const fn new(colours: bool) -> Self {
        Self { colours, drawn: 0, entered: false }
    }

    /// Draws over what was drawn before.
    pub fn draw(&mut self, scene: &Scene) {
        let mut out = String::from(PICTURE.0);
        if !self.entered {
            out.push_str(ENTER);
            self.entered = true;
        }
        if self.drawn > 0 {
            // Writing to a string cannot fail.
            let _ = write!(out, "\x1b[{}A\r", self.drawn);
        }
        let height = usize::from(console::Term::stdout().size().0);
        let mut lines = self.picture(scene);
        lines.truncate(height.saturating_sub(1).max(1));
        for line in &lines {
            out.push_str(line);
            out.push_str("\x1b[K\n");
        }
        // Whatever a taller window showed before.
        out.push_str("\x1b[J");
        self.drawn = lines.len();
        out.push_str(PICTURE.1);
        put(&out);
    }

    /// Gives the terminal back, below what was drawn.
    pub fn leave(&mut self) {
        if std::mem::take(&mut self.entered) {
            put(LEAVE);
        }
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn picture(&self, scene: &Scene) -> Vec<String> {
        let mut lines = vec![self.title(scene), String::new()];
        let heading =
            "    act         set on ssot     seen   requests  match rate  undecided  rescued";
        lines.push(self.paint(FAINT, heading));
        lines.extend(scene.rows.iter().map(|row| self.row(row)));
        lines.push(String::new());
        let present = scene.rows.iter().rev().find(|row| row.progress != Progress::Ahead);
        let text = present.map_or(["", ""], |row| row.act.text);
        lines.extend(text.map(|line| format!("  {line}")));
        lines.push(String::new());
        lines.push(compared(&scene.hero));
        lines.extend(self.differences(&scene.hero));
        lines.push(String::new());
        lines.push(
            self.paint(FAINT, "    side           asked         p50         p99      failed"),
        );
        for (side, latency) in [(Side::Legacy, &scene.hero.legacy), (Side::Ssot, &scene.hero.ssot)]
        {
            lines.push(self.side(side, latency, scene.hero.failed(side)));
        }
        lines.push(self.other(&scene.other));
        lines
    }

    fn title(&self, scene: &Scene) -> String {
        let name = self.paint(BOLD, "Crossfade");
        let time = format!("{} of {}", clock(scene.elapsed.min(scene.length)), clock(scene.length));
        format!("  {name}   http-auth moves from legacy to ssot{time:>29}")
    }

    fn row(&self, row: &Row) -> String {
        let (mark, colour) = match row.progress {
            Progress::Ahead => return self.paint(FAINT, &format!("    {}", row.act.name)),
            Progress::Now => ("▸", BOLD),
            Progress::Done => ("✓", GOOD),
        };
        let since = &row.since;
        let undecided = self.alarming(since.undecided, 11, BAD);
        let rescued = self.alarming(since.rescued, 9, WARN);
        let body = format!(
            "{:<12}{:>11}{:>9}{:>11}{:>12}",
            row.act.name,
            row.share.to_string(),
            percent(since.by_ssot),
            count(since.requests),
            rate(since.match_rate),
        );
        let body = match row.progress {
            Progress::Now => self.paint(BOLD, &body),
            Progress::Ahead | Progress::Done => body,
        };
        format!("  {} {body}{undecided}{rescued}", self.paint(colour, mark))
    }

    /// A number that should be zero.
    fn alarming(&self, value: u64, width: usize, colour: &str) -> String {
        let text = format!("{:>width$}", count(value));
        if value == 0 { text } else { self.paint(colour, &text) }
    }

    fn differences(&self, hero: &Reading) -> Vec<String> {
        let heading = format!("    {0}   {0}", cell("differences", "open", "accepted"));
        let mut lines = vec![self.paint(FAINT, heading.trim_end())];
        let classes = differences(&hero.counts);
        let (left, right) = classes.split_at(classes.len() / 2);
        for (left, right) in left.iter().zip(right) {
            lines.push(format!("    {}   {}", self.difference(left), self.difference(right)));
        }
        lines
    }

    fn difference(&self, difference: &(MismatchClass, u64, u64)) -> String {
        let (class, open, accepted) = *difference;
        let name = class.code().replace('_', " ");
        let open_text = format!("{:>8}", count(open));
        let grave = class.is_alarm() && open > 0;
        let open_text = if grave { self.paint(BAD, &open_text) } else { open_text };
        format!("{name:<16}{open_text}{:>10}", count(accepted))
    }

    fn side(&self, side: Side, latency: &LatencySummary, failed: u64) -> String {
        format!(
            "    {:<10}{:>10}{:>12}{:>12}{}",
            side.as_str(),
            count(latency.count),
            micros(latency.p50_us),
            micros(latency.p99_us),
            self.alarming(failed, 12, WARN),
        )
    }

    fn other(&self, other: &Reading) -> String {
        let text = format!(
            "  socket-auth, in {}: {} requests, {} match, stricter {}",
            other.stage,
            count(other.counts.requests()),
            rate(other.counts.match_rate().map(|rate| rate * 100.0)),
            count(other.count(Counter::Mismatched(MismatchClass::Stricter))),
        );
        self.paint(FAINT, &text)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}

fn cell(name: &str, open: &str, accepted: &str) -> String {
    format!("{name:<16}{open:>8}{accepted:>10}")
}

fn compared(hero: &Reading) -> String {
    format!(
        "  {} compared: {} match, {} inconclusive, the rest differs:",
        count(hero.counts.conclusive() + hero.counts.inconclusive()),
        count(hero.count(Counter::Matched)),
        count(hero.counts.inconclusive()),
    )
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// A terminal that is gone is no reason to stop.
fn put(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::acts::ACTS;
    use crate::cli::demo::reading::Since;
    use crate::domain::Share;

    /// An hour at the highest rate.
    fn reading() -> Reading {
        let counts = r#"{"allowed":3000000,"denied":600000,"matched":3600000,
            "inconclusive:ssot_failed":576000,"mismatched:stricter":99999,
            "accepted:stricter":999999,"failed:ssot:timed_out":576000}"#;
        let latency = LatencySummary {
            count: 3_600_000,
            p50_us: Some(999),
            p99_us: Some(999_999),
            ..LatencySummary::default()
        };
        Reading {
            stage: "shadow",
            share: Share::ALL,
            counts: serde_json::from_str(counts).expect("counts"),
            legacy: latency,
            ssot: latency,
        }
    }

    fn scene() -> Scene {
        let since = Since {
            requests: 792_000,
            by_ssot: Some(100.0),
            match_rate: Some(99.999),
            undecided: 999_999,
            rescued: 576_000,
        };
        let row = |act| Row { act, progress: Progress::Done, share: Share::ALL, since };
        Scene {
            rows: ACTS.iter().map(row).collect(),
            elapsed: Duration::from_hours(1),
            length: Duration::from_hours(1),
            hero: reading(),
            other: reading(),
        }
    }

    #[test]
    fn the_longest_story_fits_a_terminal_of_80_columns_and_24_lines() {
        let lines = Screen::new(false).picture(&scene());
        assert!(lines.len() < 24, "{} lines", lines.len());
        for line in &lines {
            assert!(line.chars().count() <= 80, "{line}");
            assert!(!line.contains('\x1b'), "{line:?}");
        }
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let plain = Screen::new(false).picture(&scene());
        let coloured = Screen::new(true).picture(&scene());
        assert_ne!(plain, coloured);
        let stripped = coloured.iter().map(|line| console::strip_ansi_codes(line).into_owned());
        assert_eq!(stripped.collect::<Vec<_>>(), plain);
    }
}
