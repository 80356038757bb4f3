//! How far the replay has come, for whoever watches.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Lines between two looks at the clock.
const STEP: u64 = 1024;

/// A bar on standard error, or nothing.
pub(super) struct Progress {
    bar: ProgressBar,
    start: Instant,
}

impl Progress {
    /// `length` is the recording's in bytes, where it is known.
    pub(super) fn new(shown: bool, length: Option<u64>) -> Self {
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(length, target);
        let template = match length {
            Some(_) => "{bar:30} {percent:>3} %  {msg}  {eta} left",
            None => "{spinner} {msg}",
        };
        // The templates are constant; the plain style is as good as any.
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("##-"));
        Self { bar, start: Instant::now() }
    }

    /// Shows where the reading is.
    pub(super) fn at(&self, lines: u64, bytes: u64) {
        if lines.is_multiple_of(STEP) && !self.bar.is_hidden() {
            self.bar.set_position(bytes);
            let rate = rate(lines, self.start);
            self.bar.set_message(format!("{} lines, {}/s", grouped(lines), grouped(rate)));
        }
    }

    /// Writes something else to standard error without a tear in the bar.
    pub(super) fn beside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the bar away.
    pub(super) fn done(&self) {
        self.bar.finish_and_clear();
    }

    /// Seconds so far, and lines a second.
    pub(super) fn speed(&self, lines: u64) -> (f64, u64) {
        (self.start.elapsed().as_secs_f64(), rate(lines, self.start))
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shown to people, and never negative"
)]
fn rate(lines: u64, start: Instant) -> u64 {
    (lines as f64 / start.elapsed().as_secs_f64().max(1e-6)) as u64
}

/// A count with a comma between thousands.
pub(in crate::cli) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let counts = [0, 999, 1_000, 1_234_567];
        assert_eq!(counts.map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
