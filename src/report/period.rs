//! From when to when a report tells.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::ledger::{Grain, Span};

const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 86_400;

/// The longest period, in seconds: hours are kept for 400 days.
const LONGEST_S: i64 = 400 * DAY_S;

/// Minutes are kept for 30 days; a day less, so that none goes missing while a report is made.
const MINUTES_KEPT_S: i64 = 29 * DAY_S;

/// From when to when a report tells, on whole minutes for up to a day and on whole hours beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// The length of what is counted apart, in seconds: 60 or 3,600.
    pub grain_s: i64,
}

/// A period that ends now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// The last hour.
    Hour,
    /// The last 24 hours.
    #[default]
    Day,
    /// The last seven days.
    Week,
    /// The last 30 days.
    Month,
}

/// Why something is no period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodFault {
    /// The end comes first.
    #[error("the period ends before it begins")]
    Backwards,
    /// Longer than hours are kept.
    #[error("the period is longer than 400 days, and hours are kept for 400 days")]
    TooLong,
    /// Nothing has happened yet.
    #[error("the period begins in the future")]
    Future,
}

impl Preset {
    /// Every one, the shortest first.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// `1h`, `24h`, `7d` or `30d`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Hour => "the last hour",
            Self::Day => "the last 24 hours",
            Self::Week => "the last 7 days",
            Self::Month => "the last 30 days",
        }
    }

    /// Reads a preset by its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == text)
    }

    /// Its length in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Hour => HOUR_S,
            Self::Day => DAY_S,
            Self::Week => 7 * DAY_S,
            Self::Month => 30 * DAY_S,
        }
    }
}

impl Period {
    /// The period of a preset that ends with the minute or hour of `end`.
    pub fn last(preset: Preset, end: Timestamp) -> Self {
        let grain_s = if preset.seconds() <= DAY_S { MINUTE_S } else { HOUR_S };
        let to = up(end, grain_s);
        Self { from: to.plus_seconds(-preset.seconds()), to, grain_s }
    }

    /// From one moment to another, widened to whole minutes or hours, as seen at `now`. What is
    /// later than `now` is cut off.
    pub fn between(from: Timestamp, to: Timestamp, now: Timestamp) -> Result<Self, PeriodFault> {
        if to <= from {
            return Err(PeriodFault::Backwards);
        }
        if from >= now {
            return Err(PeriodFault::Future);
        }
        let to = to.min(now);
        let length = to.seconds() - from.seconds();
        if length > LONGEST_S {
            return Err(PeriodFault::TooLong);
        }
        let has_minutes = now.seconds() - from.seconds() <= MINUTES_KEPT_S;
        let grain_s = if length <= DAY_S && has_minutes { MINUTE_S } else { HOUR_S };
        Ok(Self { from: down(from, grain_s), to: up(to, grain_s), grain_s })
    }

    /// The same for the ledger.
    pub const fn span(self) -> Span {
        Span { from: self.from, to: self.to }
    }

    /// How finely it is told.
    pub const fn grain(self) -> Grain {
        if self.grain_s < HOUR_S { Grain::Minute } else { Grain::Hour }
    }

    /// Its length in seconds.
    pub const fn seconds(self) -> i64 {
        self.to.seconds() - self.from.seconds()
    }

    /// True for a moment within it.
    pub fn holds(self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

fn down(at: Timestamp, grain_s: i64) -> Timestamp {
    Timestamp::from_seconds(at.seconds().div_euclid(grain_s) * grain_s)
}

fn up(at: Timestamp, grain_s: i64) -> Timestamp {
    let down = down(at, grain_s);
    if down == at { at } else { down.plus_seconds(grain_s) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_030);

    #[test]
    fn a_preset_ends_with_the_present_minute_and_a_long_one_with_the_hour() {
        let day = Period::last(Preset::Day, NOW);
        assert_eq!((day.seconds(), day.grain()), (DAY_S, Grain::Minute));
        assert!(day.holds(NOW) && day.to.seconds() - NOW.seconds() <= 60);
        let week = Period::last(Preset::Week, NOW);
        assert_eq!((week.seconds(), week.grain()), (7 * DAY_S, Grain::Hour));
        assert_eq!(week.to.seconds() % HOUR_S, 0);
    }

    #[test]
    fn a_chosen_period_is_widened_to_what_is_counted_and_cut_off_at_the_present() {
        let period = Period::between(NOW.plus_seconds(-95), NOW.plus_seconds(900), NOW);
        let period = period.expect("a period");
        assert_eq!((period.seconds(), period.grain_s), (180, 60));
        let old =
            Period::between(NOW.plus_seconds(-40 * DAY_S), NOW.plus_seconds(-39 * DAY_S), NOW);
        assert_eq!(old.expect("a period").grain(), Grain::Hour, "its minutes are gone");
    }

    #[test]
    fn what_is_no_period_is_refused() {
        let refused = |from, to| {
            Period::between(NOW.plus_seconds(from), NOW.plus_seconds(to), NOW).expect_err("refused")
        };
        assert_eq!(refused(-5, -5), PeriodFault::Backwards);
        assert_eq!(refused(5, 10), PeriodFault::Future);
        assert_eq!(refused(-401 * DAY_S, 0), PeriodFault::TooLong);
    }
}
