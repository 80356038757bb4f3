//! What a validator remembers between questions: verdicts, revocations, used token ids.
//!
//! The originals keep token texts. Here a keyed hash of the text stands for each, so that no token
//! is kept, while a re-encoded token is still somebody else, as it is to them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use parking_lot::Mutex;
use serde::Deserialize;

use crate::domain::{Decision, Fingerprint, FingerprintKey, Timestamp};

/// A cache of verdicts by token text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheRules {
    /// How long an allow is remembered, in seconds; 0: not at all.
    pub positive_s: u64,
    /// How long a deny is remembered, in seconds; 0: not at all.
    pub negative_s: u64,
    /// Verdicts kept; the oldest make room.
    pub entries_max: usize,
    /// A remembered allow ends with its token.
    #[serde(default)]
    pub exp_rechecked: bool,
    /// All instances of the validator share one cache.
    #[serde(default)]
    pub shared: bool,
}

/// Revocations, kept by each instance for itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationRules {
    /// Revocations kept; the oldest make room.
    pub entries_max: usize,
}

/// Refuses a `jti` that was seen before; an empty or missing one is never remembered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayRules {
    /// Above this many ids all of them are forgotten at once.
    pub entries_max: usize,
}

/// What was forgotten for lack of room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// Verdicts that made room before their time.
    pub verdicts: u64,
    /// Revocations that made room.
    pub revocations: u64,
    /// Token ids that were forgotten.
    pub token_ids: u64,
}

/// Verdicts by token text.
pub(super) struct Cache {
    rules: CacheRules,
    key: FingerprintKey,
    verdicts: Mutex<Verdicts>,
}

#[derive(Default)]
struct Verdicts {
    by_token: HashMap<Fingerprint, Verdict>,
    oldest_first: VecDeque<Fingerprint>,
    dropped: u64,
}

struct Verdict {
    decision: Decision,
    until: Timestamp,
    /// When the token itself ends, should the rules care.
    token_ends: Option<Timestamp>,
}

/// What the cache has to say.
pub(super) enum Remembered {
    /// Nothing, or nothing any more.
    Nothing,
    /// The same as last time.
    Decision(Decision),
    /// It was an allow, but the token has ended since.
    Ended,
}

impl Cache {
    pub(super) fn new(rules: CacheRules) -> Self {
        Self { rules, key: random_key(), verdicts: Mutex::default() }
    }

    pub(super) const fn is_shared(&self) -> bool {
        self.rules.shared
    }

    /// Stands for a token's text; computed once per question.
    pub(super) fn key(&self, token: &str) -> Fingerprint {
        self.key.of_text(token)
    }

    pub(super) fn recall(&self, token: Fingerprint, now: Timestamp) -> Remembered {
        let verdicts = self.verdicts.lock();
        let known = verdicts.by_token.get(&token);
        match known.filter(|verdict| now < verdict.until) {
            None => Remembered::Nothing,
            Some(verdict) if verdict.token_ends.is_some_and(|end| end <= now) => Remembered::Ended,
            Some(verdict) => Remembered::Decision(verdict.decision.clone()),
        }
    }

    pub(super) fn remember(
        &self,
        token: Fingerprint,
        decision: &Decision,
        token_ends: Option<Timestamp>,
        now: Timestamp,
    ) {
        let allowed = decision.is_allow();
        let seconds = if allowed { self.rules.positive_s } else { self.rules.negative_s };
        if seconds == 0 {
            return;
        }
        let until = now.plus(Duration::from_secs(seconds));
        let token_ends = token_ends.filter(|_| allowed && self.rules.exp_rechecked);
        let verdict = Verdict { decision: decision.clone(), until, token_ends };
        let mut verdicts = self.verdicts.lock();
        if verdicts.by_token.insert(token, verdict).is_none() {
            verdicts.oldest_first.push_back(token);
        }
        verdicts.make_room(self.rules.entries_max, now);
    }

    pub(super) fn dropped(&self) -> u64 {
        self.verdicts.lock().dropped
    }
}

impl Verdicts {
    fn make_room(&mut self, entries_max: usize, now: Timestamp) {
        while self.oldest_first.len() > entries_max {
            let Some(oldest) = self.oldest_first.pop_front() else { return };
            let gone = self.by_token.remove(&oldest);
            self.dropped += u64::from(gone.is_some_and(|verdict| now < verdict.until));
        }
    }
}

/// Revoked token texts of one instance.
pub(super) struct Revocations {
    entries_max: usize,
    key: FingerprintKey,
    set: Mutex<Recent>,
}

#[derive(Default)]
struct Recent {
    set: HashSet<Fingerprint>,
    oldest_first: VecDeque<Fingerprint>,
    dropped: u64,
}

impl Revocations {
    pub(super) fn new(rules: &RevocationRules) -> Self {
        Self { entries_max: rules.entries_max, key: random_key(), set: Mutex::default() }
    }

    pub(super) fn add(&self, token: &str) {
        let fingerprint = self.key.of_text(token);
        let mut recent = self.set.lock();
        if recent.set.insert(fingerprint) {
            recent.oldest_first.push_back(fingerprint);
        }
        while recent.oldest_first.len() > self.entries_max {
            let Some(oldest) = recent.oldest_first.pop_front() else { return };
            recent.set.remove(&oldest);
            recent.dropped += 1;
        }
    }

    pub(super) fn holds(&self, token: &str) -> bool {
        let recent = self.set.lock();
        !recent.set.is_empty() && recent.set.contains(&self.key.of_text(token))
    }

    pub(super) fn dropped(&self) -> u64 {
        self.set.lock().dropped
    }
}

/// Token ids that one instance has seen.
pub(in crate::legacy) struct Replays {
    entries_max: usize,
    key: FingerprintKey,
    seen: Mutex<(HashSet<Fingerprint>, u64)>,
}

impl Replays {
    pub(in crate::legacy) fn new(rules: &ReplayRules) -> Self {
        Self { entries_max: rules.entries_max, key: random_key(), seen: Mutex::default() }
    }

    /// True when this id is new; it no longer is.
    pub(in crate::legacy) fn use_up(&self, token_id: &str) -> bool {
        if token_id.is_empty() {
            return true;
        }
        let mut seen = self.seen.lock();
        if seen.0.len() >= self.entries_max && !seen.0.contains(&self.key.of_text(token_id)) {
            seen.1 += seen.0.len() as u64;
            seen.0.clear();
        }
        seen.0.insert(self.key.of_text(token_id))
    }

    /// True when this id was used.
    pub(in crate::legacy) fn holds(&self, token_id: &str) -> bool {
        self.seen.lock().0.contains(&self.key.of_text(token_id))
    }

    pub(super) fn dropped(&self) -> u64 {
        self.seen.lock().1
    }
}

fn random_key() -> FingerprintKey {
    FingerprintKey::new(rand::random())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Reason;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn cache(entries_max: usize) -> Cache {
        Cache::new(CacheRules {
            positive_s: 300,
            negative_s: 60,
            entries_max,
            exp_rechecked: true,
            shared: false,
        })
    }

    fn recalls(cache: &Cache, token: &str, now: Timestamp) -> bool {
        matches!(cache.recall(cache.key(token), now), Remembered::Decision(_))
    }

    #[test]
    fn a_verdict_is_remembered_for_its_time_and_for_its_text_only() {
        let cache = cache(10);
        cache.remember(cache.key("t"), &Decision::deny(Reason::Signature), None, NOW);
        assert!(recalls(&cache, "t", NOW.plus_seconds(59)));
        assert!(!recalls(&cache, "t", NOW.plus_seconds(60)));
        assert!(!recalls(&cache, "t=", NOW));
    }

    #[test]
    fn the_oldest_verdicts_make_room_and_are_counted() {
        let cache = cache(2);
        for token in ["a", "b", "b", "c"] {
            cache.remember(cache.key(token), &Decision::deny(Reason::Signature), None, NOW);
        }
        assert!(!recalls(&cache, "a", NOW));
        assert!(recalls(&cache, "b", NOW) && recalls(&cache, "c", NOW));
        assert_eq!(cache.dropped(), 1);
    }

    #[test]
    fn revocations_are_bounded_and_drops_counted() {
        let revocations = Revocations::new(&RevocationRules { entries_max: 1 });
        revocations.add("a");
        revocations.add("b");
        assert!(!revocations.holds("a") && revocations.holds("b"));
        assert_eq!(revocations.dropped(), 1);
    }

    #[test]
    fn a_full_set_of_token_ids_is_forgotten_as_a_whole() {
        let replays = Replays::new(&ReplayRules { entries_max: 2 });
        assert!(replays.use_up("a") && replays.use_up("b"));
        assert!(!replays.use_up("a"));
        assert!(replays.use_up("c"));
        assert!(replays.use_up("a"));
        assert_eq!(replays.dropped(), 2);
        assert!(replays.use_up("") && replays.use_up(""));
    }
}
