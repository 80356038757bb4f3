//! How often each accepted difference has applied, and how often it has lately.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;

/// Names remembered of one component: twice as many as can be accepted at a time.
const NAMES_MAX: usize = 32;

/// An hour, in minutes.
const HOUR: i64 = 60;

/// How often one accepted difference has applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedUse {
    /// Differences that were accepted by it.
    pub count: u64,
    /// Differences that it covers, but that were over its rate and counted as mismatches.
    pub over: u64,
    /// When the latest of either was asked.
    pub last_at: Timestamp,
    /// How many were accepted in each minute since the epoch, the oldest first; only while there
    /// is a rate.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    minutes: VecDeque<(i64, u32)>,
}

/// What is remembered of one component, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct AcceptedUses(BTreeMap<String, AcceptedUse>);

impl AcceptedUses {
    pub(super) const fn by_name(&self) -> &BTreeMap<String, AcceptedUse> {
        &self.0
    }

    /// Counts a difference that falls under `name`; false when it is over the rate.
    pub(super) fn accept(
        &mut self,
        name: &str,
        max_per_hour: Option<u32>,
        asked_at: Timestamp,
    ) -> bool {
        if !self.0.contains_key(name) && self.0.len() >= NAMES_MAX {
            self.forget_oldest();
        }
        let used = self.0.entry(name.to_owned()).or_insert_with(|| AcceptedUse {
            count: 0,
            over: 0,
            last_at: asked_at,
            minutes: VecDeque::new(),
        });
        used.last_at = used.last_at.max(asked_at);
        let fits = used.fits(max_per_hour, asked_at.seconds().div_euclid(60));
        if fits {
            used.count += 1;
        } else {
            used.over += 1;
        }
        fits
    }

    fn forget_oldest(&mut self) {
        let oldest = self.0.iter().min_by_key(|(_, used)| used.last_at);
        if let Some(name) = oldest.map(|(name, _)| name.clone()) {
            self.0.remove(&name);
        }
    }
}

impl AcceptedUse {
    /// Takes one of the hour's, if there is one left.
    fn fits(&mut self, max_per_hour: Option<u32>, minute: i64) -> bool {
        let Some(max) = max_per_hour else {
            self.minutes.clear();
            return true;
        };
        let newest = self.minutes.back().map_or(minute, |(number, _)| minute.max(*number));
        while self.minutes.front().is_some_and(|(number, _)| *number <= newest - HOUR) {
            self.minutes.pop_front();
        }
        let lately: u64 = self.minutes.iter().map(|(_, count)| u64::from(*count)).sum();
        if lately >= u64::from(max) {
            return false;
        }
        match self.minutes.back_mut() {
            // What comes late is counted with the newest: the rate is kept all the same.
            Some((number, count)) if *number >= minute => *count += 1,
            Some(_) | None => self.minutes.push_back((minute, 1)),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_seconds(minute * 60 + 7)
    }

    #[test]
    fn what_is_over_the_rate_is_not_accepted_until_the_hour_has_passed() {
        let mut uses = AcceptedUses::default();
        let taken = [0, 30, 30, 59].map(|minute| uses.accept("a", Some(2), at(100 + minute)));
        assert_eq!(taken, [true, true, false, false]);
        assert!(uses.accept("a", Some(2), at(160)), "the first one was an hour ago");
        assert!(!uses.accept("a", Some(2), at(161)));
        assert!(uses.accept("b", Some(2), at(161)), "each name has a rate of its own");
        let AcceptedUse { count, over, last_at, .. } = &uses.by_name()["a"];
        assert_eq!((*count, *over, *last_at), (3, 3, at(161)));
    }

    #[test]
    fn a_late_one_does_not_get_round_the_rate() {
        let mut uses = AcceptedUses::default();
        assert!(uses.accept("a", Some(1), at(100)));
        assert!(!uses.accept("a", Some(1), at(50)));
        assert!(!uses.accept("a", Some(1), at(159)));
    }

    #[test]
    fn without_a_rate_all_are_accepted_and_a_new_rate_begins_anew() {
        let mut uses = AcceptedUses::default();
        assert!((0..1000).all(|_| uses.accept("a", None, at(1))));
        assert!(uses.accept("a", Some(1), at(1)));
        assert!(!uses.accept("a", Some(1), at(1)));
    }

    #[test]
    fn a_bounded_number_of_names_is_remembered_the_latest_ones() {
        let mut uses = AcceptedUses::default();
        for number in 0..100 {
            assert!(uses.accept(&number.to_string(), None, at(number)));
        }
        assert_eq!(uses.by_name().len(), NAMES_MAX);
        assert!(uses.by_name().contains_key("99") && !uses.by_name().contains_key("0"));
    }

    #[test]
    fn they_read_back_from_their_json_with_their_rate() {
        let mut uses = AcceptedUses::default();
        uses.accept("a", Some(1), at(1));
        let json = serde_json::to_string(&uses).expect("json");
        let mut read: AcceptedUses = serde_json::from_str(&json).expect("uses");
        assert_eq!(read, uses);
        assert!(!read.accept("a", Some(1), at(2)), "a restart gives nothing back");
    }
}
