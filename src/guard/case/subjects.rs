//! Whom an observation is about, so that nobody counts twice.
//!
//! A trial is the first outcome of a subject in a slice of ten seconds, in the order of record.
//! After a first failure the subject leaves, with all that is still to come of it, until the attempt
//! ends: failing once and staying would let a few broken clients trip a rule by themselves.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::{ClientNetwork, SubjectKey, Timestamp};

/// The length of a slice, in seconds.
pub const SLICE_S: i64 = 10;

/// Subjects remembered of one kind and component; beyond it new ones count for neither side.
pub const SUBJECTS_MAX: usize = 1_000_000;

/// Networks remembered of one component.
const NETWORKS_MAX: usize = 100_000;

/// Subjects that must have been seen within a day before anything is concluded from them.
pub const DISTINCT_MIN: usize = 20;

/// How long a subject counts as seen.
const SEEN_FOR: Duration = Duration::from_hours(24);

/// What is observed about a subject. Each has its own first failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matter {
    /// Whether it was served.
    Served,
    /// Whether the sides differ about it.
    Compared,
    /// Whether it had to wait.
    Latency,
    /// Whether its events reached it.
    Delivery,
}

impl Matter {
    const fn bit(self) -> u8 {
        match self {
            Self::Served => 1,
            Self::Compared => 2,
            Self::Latency => 4,
            Self::Delivery => 8,
        }
    }
}

/// Whether an observation counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It is a trial.
    Yes,
    /// The subject was seen in this slice, has failed before, or comes too late.
    Known,
    /// Too many failures of this network, or no room for one more subject.
    Ignored,
}

/// Keys are hashes already.
#[derive(Clone, Default)]
pub struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

type Hashed = BuildHasherDefault<KeyHasher>;

/// Slices that a clock may be behind before it is taken for one that was put back.
const SLICES_BEHIND_MAX: i64 = 6;

/// Somebody seen so long ago makes room for somebody new.
const DISTINCT_FRESH: Duration = Duration::from_hours(1);

/// What of the subjects survives a restart; those who have left are kept apart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SubjectsState {
    distinct: Vec<(SubjectKey, Timestamp)>,
    networks_seen: bool,
    ignored: u64,
}

/// Who was seen, and who has failed.
#[derive(Clone, Debug, Default)]
pub struct Subjects {
    slice: i64,
    /// Of this slice and of the one before it.
    seen: [HashMap<SubjectKey, u8, Hashed>; 2],
    /// Who has failed, and at what.
    left: HashMap<SubjectKey, u8, Hashed>,
    /// Those of them that nobody has kept yet.
    new_left: Vec<(SubjectKey, u8)>,
    /// Failures that count, by network and matter.
    failures: HashMap<(ClientNetwork, u8), u32>,
    networks_seen: bool,
    /// The latest few subjects, and when they were last seen.
    distinct: HashMap<SubjectKey, Timestamp, Hashed>,
    /// None of them was last seen before this.
    distinct_since: Option<Timestamp>,
    /// Observations that count for neither side.
    ignored: u64,
}

impl Subjects {
    /// Whether an observation of this subject at this moment is a trial; it is taken for one from
    /// then on. `bad`: it is a failure, with which the subject leaves.
    pub fn admit(
        &mut self,
        matter: Matter,
        subject: SubjectKey,
        at: Timestamp,
        bad: Option<FailureOf>,
    ) -> Admitted {
        let bit = matter.bit();
        if self.left.get(&subject).is_some_and(|matters| matters & bit != 0) {
            return Admitted::Known;
        }
        let slice = at.seconds().div_euclid(SLICE_S);
        let Some(place) = self.place_of(slice) else { return Admitted::Known };
        let room = self.seen[place].len() < SUBJECTS_MAX;
        match self.seen[place].get_mut(&subject) {
            Some(matters) if *matters & bit != 0 => return Admitted::Known,
            Some(matters) => *matters |= bit,
            None if room => {
                self.seen[place].insert(subject, bit);
            }
            None => return self.ignore(),
        }
        let Some(failure) = bad else { return Admitted::Yes };
        if self.left.len() >= SUBJECTS_MAX || !self.network_may_fail(failure, bit) {
            return self.ignore();
        }
        *self.left.entry(subject).or_default() |= bit;
        self.new_left.push((subject, bit));
        Admitted::Yes
    }

    /// Where the subjects of a slice are; the newest one pushes the last but one out. `None` for
    /// one that is gone. One long gone is of a clock that was put back: it begins anew, since nobody
    /// would be seen until it is as late again.
    fn place_of(&mut self, slice: i64) -> Option<usize> {
        if slice > self.slice || self.slice - slice > SLICES_BEHIND_MAX {
            let follows = slice == self.slice + 1;
            self.seen.swap(0, 1);
            self.seen[0].clear();
            if !follows {
                self.seen[1].clear();
            }
            self.slice = slice;
        }
        match self.slice - slice {
            0 => Some(0),
            1 => Some(1),
            _ => None,
        }
    }

    fn network_may_fail(&mut self, failure: FailureOf, bit: u8) -> bool {
        let Some(network) = failure.client else { return true };
        self.networks_seen = true;
        let room = self.failures.len() < NETWORKS_MAX;
        match self.failures.get_mut(&(network, bit)) {
            Some(count) if *count >= failure.per_network_max => false,
            Some(count) => {
                *count += 1;
                true
            }
            None if room => {
                self.failures.insert((network, bit), 1);
                true
            }
            None => false,
        }
    }

    fn ignore(&mut self) -> Admitted {
        self.ignored += 1;
        Admitted::Ignored
    }

    /// Somebody was seen, whatever came of it.
    pub fn note_distinct(&mut self, subject: SubjectKey, at: Timestamp) {
        if let Some(seen) = self.distinct.get_mut(&subject) {
            *seen = (*seen).max(at);
            return;
        }
        if self.distinct.len() >= 2 * DISTINCT_MIN {
            if self.distinct_since.is_some_and(|since| at.since(since) < DISTINCT_FRESH) {
                return;
            }
            let oldest = self.distinct.iter().min_by_key(|(_, seen)| **seen);
            let Some((oldest, seen)) = oldest.map(|(key, seen)| (*key, *seen)) else { return };
            self.distinct_since = Some(seen);
            if at.since(seen) < DISTINCT_FRESH {
                return;
            }
            self.distinct.remove(&oldest);
        }
        self.distinct.insert(subject, at);
    }

    /// True when enough independent subjects were seen within a day.
    pub fn are_enough(&self, now: Timestamp) -> bool {
        let recent = self.distinct.values().filter(|seen| now.since(**seen) < SEEN_FOR);
        recent.count() >= DISTINCT_MIN
    }

    /// Observations that counted for neither side.
    pub const fn ignored(&self) -> u64 {
        self.ignored
    }

    /// True when anybody has told where a failing subject is.
    pub const fn networks_are_seen(&self) -> bool {
        self.networks_seen
    }

    /// Subjects that have left.
    pub fn left(&self) -> usize {
        self.left.len()
    }

    /// Those that have left since this was last asked.
    pub fn take_new_left(&mut self) -> Vec<(SubjectKey, u8)> {
        std::mem::take(&mut self.new_left)
    }

    /// Bytes that all of it takes, about.
    pub fn memory_bytes(&self) -> usize {
        let subjects = self.seen.iter().map(HashMap::capacity).sum::<usize>()
            + self.left.capacity()
            + self.distinct.capacity();
        let entry = size_of::<(SubjectKey, u8)>();
        let networks = self.failures.capacity() * (size_of::<((ClientNetwork, u8), u32)>() + 1);
        subjects * (entry + 1) + networks + self.new_left.capacity() * entry
    }

    /// What is to be kept of it, but for those who have left.
    pub fn state(&self) -> SubjectsState {
        SubjectsState {
            distinct: self.distinct.iter().map(|(key, at)| (*key, *at)).collect(),
            networks_seen: self.networks_seen,
            ignored: self.ignored,
        }
    }

    /// Another attempt begins: who was seen is still there, who has failed may be tried again.
    #[must_use]
    pub fn follow(&self) -> Self {
        let (distinct, distinct_since) = (self.distinct.clone(), self.distinct_since);
        Self { distinct, distinct_since, networks_seen: self.networks_seen, ..Self::default() }
    }

    /// Takes up what was kept.
    pub fn restore(&mut self, state: SubjectsState) {
        self.distinct = state.distinct.into_iter().take(2 * DISTINCT_MIN).collect();
        (self.networks_seen, self.ignored) = (state.networks_seen, state.ignored);
    }

    /// Takes back what could not be kept.
    pub fn give_back_new_left(&mut self, left: Vec<(SubjectKey, u8)>) {
        self.new_left.extend(left);
    }

    /// Puts back who has left before a restart.
    pub fn restore_left(&mut self, left: impl IntoIterator<Item = (SubjectKey, u8)>) {
        for (subject, matters) in left {
            *self.left.entry(subject).or_default() |= matters;
        }
    }
}

/// Where a failure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureOf {
    /// The network of the client, where it is told.
    pub client: Option<ClientNetwork>,
    /// Failures of one network that count.
    pub per_network_max: u32,
}

/// Subjects, each once.
pub type SubjectSet = HashSet<SubjectKey, Hashed>;
