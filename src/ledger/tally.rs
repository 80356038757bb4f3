//! Counts over a window.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::counter::{COUNTERS, Counter, Failure};
use crate::compare::{Inconclusive, MismatchClass};
use crate::domain::Side;

/// How often each thing was counted. In JSON an object of the codes that are not zero; a code
/// that a later release no longer knows is left out when read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "BTreeMap<String, u64>")]
pub struct Tally([u64; COUNTERS]);

impl Default for Tally {
    fn default() -> Self {
        Self([0; COUNTERS])
    }
}

impl Tally {
    /// Counts one.
    pub fn add(&mut self, counter: Counter) {
        self.0[counter.place()] += 1;
    }

    /// Counts several.
    pub(super) fn add_many(&mut self, counter: Counter, count: u64) {
        self.0[counter.place()] += count;
    }

    /// Every code that is not zero, and its count.
    pub(super) fn counted(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counted = CODES.iter().map(|(counter, code)| (code.as_str(), self.count(*counter)));
        counted.filter(|(_, count)| *count > 0)
    }

    /// The counter of a code.
    pub(super) fn counter_of(code: &str) -> Option<Counter> {
        CODES.iter().find(|(_, known)| known == code).map(|(counter, _)| *counter)
    }

    /// How often it was counted.
    pub fn count(&self, counter: Counter) -> u64 {
        self.0[counter.place()]
    }

    /// Adds another window's counts to these.
    pub fn absorb(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    /// Takes another window's counts, which are part of these, out of them.
    pub(super) fn give_up(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = mine.saturating_sub(theirs);
        }
    }

    /// These counts without an earlier state of the same counts.
    #[must_use]
    pub fn without(&self, earlier: &Self) -> Self {
        let mut later = self.clone();
        later.give_up(earlier);
        later
    }

    /// Answers given, 503 included.
    pub fn requests(&self) -> u64 {
        let counters = [Counter::Allowed, Counter::Denied, Counter::Undecided];
        counters.into_iter().map(|counter| self.count(counter)).sum()
    }

    /// Differences of every class, accepted ones not included.
    pub fn mismatches(&self) -> u64 {
        MismatchClass::ALL.iter().map(|class| self.count(Counter::Mismatched(*class))).sum()
    }

    /// Accepted differences of every class.
    pub fn accepted(&self) -> u64 {
        MismatchClass::ALL.iter().map(|class| self.count(Counter::Accepted(*class))).sum()
    }

    /// Comparisons from which something follows: matches, mismatches, accepted differences.
    pub fn conclusive(&self) -> u64 {
        self.count(Counter::Matched) + self.mismatches() + self.accepted()
    }

    /// Comparisons from which nothing follows.
    pub fn inconclusive(&self) -> u64 {
        Inconclusive::ALL.iter().map(|why| self.count(Counter::Inconclusive(*why))).sum()
    }

    /// How often a side failed, in whatever way.
    pub fn failures(&self, side: Side) -> u64 {
        Failure::ALL.iter().map(|failure| self.count(Counter::Failed(side, *failure))).sum()
    }

    /// Matches and accepted differences in all conclusive comparisons, 0 to 1; `None` when
    /// there are none.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub fn match_rate(&self) -> Option<f64> {
        let good = self.count(Counter::Matched) + self.accepted();
        let all = self.conclusive();
        (all > 0).then(|| good as f64 / all as f64)
    }
}

impl From<BTreeMap<String, u64>> for Tally {
    fn from(codes: BTreeMap<String, u64>) -> Self {
        let mut tally = Self::default();
        for (counter, code) in CODES.iter() {
            tally.0[counter.place()] = codes.get(code).copied().unwrap_or(0);
        }
        tally
    }
}

/// Counters with their codes, in the order in which they are shown.
static CODES: LazyLock<Vec<(Counter, String)>> =
    LazyLock::new(|| Counter::all().map(|counter| (counter, counter.code())).collect());

impl Serialize for Tally {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.counted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accepted_difference_counts_as_good_but_is_never_hidden() {
        let mut tally = Tally::default();
        tally.add(Counter::Matched);
        tally.add(Counter::Matched);
        tally.add(Counter::Accepted(MismatchClass::Stricter));
        tally.add(Counter::Mismatched(MismatchClass::Looser));
        assert_eq!(tally.match_rate(), Some(0.75));
        assert_eq!((tally.accepted(), tally.mismatches(), tally.conclusive()), (1, 1, 4));
    }

    #[test]
    fn a_tally_reads_back_from_its_json() {
        let mut tally = Tally::default();
        tally.add(Counter::Shed);
        let json = serde_json::to_string(&tally).expect("writable");
        assert_eq!(json, r#"{"shed":1}"#);
        assert_eq!(serde_json::from_str::<Tally>(&json).expect("readable"), tally);
    }
}
