//! When reports are due by themselves.

use std::fmt;

use super::super::{Preset, Scope};
use crate::domain::Timestamp;

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 86_400;

/// The first day of the epoch was a Thursday; the fourth before it a Sunday, the third a Monday.
const MONDAY_S: i64 = -3 * DAY_S;

/// How often a report is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Each hour, so many minutes past it.
    Hour {
        /// 0 to 59.
        minute: u8,
    },
    /// Each day, at a time of day in UTC.
    Day {
        /// Seconds since midnight.
        at_s: u32,
    },
    /// Each week, at a time of a day in UTC.
    Week {
        /// Days since Monday.
        day: u8,
        /// Seconds since midnight.
        at_s: u32,
    },
}

/// A line of the schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleLine {
    /// When.
    pub every: Every,
    /// Of which components.
    pub scope: Scope,
    /// Of which time before it is due.
    pub period: Preset,
}

impl Every {
    const fn length_s(self) -> i64 {
        match self {
            Self::Hour { .. } => HOUR_S,
            Self::Day { .. } => DAY_S,
            Self::Week { .. } => 7 * DAY_S,
        }
    }

    /// A moment at which it is due.
    fn anchor_s(self) -> i64 {
        match self {
            Self::Hour { minute } => i64::from(minute) * 60,
            Self::Day { at_s } => i64::from(at_s),
            Self::Week { day, at_s } => MONDAY_S + i64::from(day) * DAY_S + i64::from(at_s),
        }
    }

    /// The latest moment not after `now` at which it is due.
    pub fn latest(self, now: Timestamp) -> Timestamp {
        let (length_s, anchor_s) = (self.length_s(), self.anchor_s());
        let whole = (now.seconds() - anchor_s).div_euclid(length_s);
        Timestamp::from_seconds(whole * length_s + anchor_s)
    }
}

impl ScheduleLine {
    /// What is due at `now`, when `last` was the latest that was seen to: the latest moment alone,
    /// however many were missed.
    pub fn due(&self, last: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let latest = self.every.latest(now);
        last.is_none_or(|last| last < latest).then_some(latest)
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |at_s: &u32| format!("{:02}:{:02}", at_s / 3_600, at_s % 3_600 / 60);
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        match self {
            Self::Hour { minute } => write!(f, "hourly at 00:{minute:02}"),
            Self::Day { at_s } => write!(f, "daily at {}", time(at_s)),
            Self::Week { day, at_s } => {
                let day = days.get(usize::from(*day)).unwrap_or(&"monday");
                write!(f, "weekly on {day} at {}", time(at_s))
            }
        }
    }
}

impl fmt::Display for ScheduleLine {
    /// `daily at 06:00, all, 24h`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}", self.every, self.scope, self.period.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2027-01-15, a Friday, at 08:00:00 UTC.
    const FRIDAY: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn latest(every: Every) -> String {
        every.latest(FRIDAY).rfc3339()
    }

    #[test]
    fn the_latest_due_moment_is_the_one_before() {
        assert_eq!(FRIDAY.rfc3339(), "2027-01-15T08:00:00.000Z");
        assert_eq!(latest(Every::Hour { minute: 0 }), "2027-01-15T08:00:00.000Z");
        assert_eq!(latest(Every::Hour { minute: 15 }), "2027-01-15T07:15:00.000Z");
        assert_eq!(latest(Every::Day { at_s: 6 * 3_600 }), "2027-01-15T06:00:00.000Z");
        assert_eq!(latest(Every::Day { at_s: 9 * 3_600 }), "2027-01-14T09:00:00.000Z");
        assert_eq!(latest(Every::Week { day: 0, at_s: 0 }), "2027-01-11T00:00:00.000Z");
        assert_eq!(latest(Every::Week { day: 4, at_s: 8 * 3_600 }), "2027-01-15T08:00:00.000Z");
        assert_eq!(
            latest(Every::Week { day: 4, at_s: 8 * 3_600 + 60 }),
            "2027-01-08T08:01:00.000Z"
        );
    }

    #[test]
    fn what_was_missed_is_made_up_for_once() {
        let every = Every::Day { at_s: 6 * 3_600 };
        let line = ScheduleLine { every, scope: Scope::All, period: Preset::Day };
        let today = every.latest(FRIDAY);
        let last_week = today.plus_seconds(-7 * DAY_S);
        assert_eq!(line.due(Some(last_week), FRIDAY), Some(today));
        assert_eq!(line.due(Some(today), FRIDAY), None);
        assert_eq!(line.to_string(), "daily at 06:00, all, 24h");
    }
}
