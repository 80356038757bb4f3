//! Whether the same token gets the same answer wherever it is shown.
//!
//! The answers of one token at several components are held against each other: allow or deny, the
//! subject, the scopes, the kind of token, as far as both answers tell them. Answers more than a
//! minute apart are not, nor is a deny for a reason that a moment can explain.
//!
//! Memory is bounded by sampling distinct tokens, not answers (P. Gibbons, "Distinct Sampling for
//! Highly-Accurate Answers to Distinct Values Queries and Event Reports", VLDB 2001): a token is in
//! the sample when its hash ends in `level` zero bits, and when the sample is full, `level` grows.
//! So a token is followed through every component or through none, a quiet service follows all of
//! them, and a busy one pays for a hash. The sample begins anew every half hour and is asked about
//! the last two halves; a restart forgets it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use parking_lot::Mutex;

use crate::domain::{
    ComponentId, Decision, Fingerprint, FingerprintKey, Question, ReasonClass, Side, Timestamp,
    TokenType,
};

/// Tokens in the sample of a half hour, at most.
pub const SIGHTED_MAX: usize = 4096;

/// Components at which one token is followed, at most.
const COMPONENTS_MAX: usize = 8;

/// Differences that are kept as examples, the latest ones.
const EXAMPLES_MAX: usize = 20;

/// How long one sample lasts.
const HALF_S: i64 = 30 * 60;

/// Answers further apart are not held against each other.
const TOGETHER_S: i64 = 60;

/// Which answers tokens got, and where.
#[derive(Debug)]
pub struct Sightings {
    halves: Mutex<Halves>,
    hasher: RandomState,
    fingerprints: FingerprintKey,
}

#[derive(Debug, Default)]
struct Halves {
    /// Which half hour `now` is.
    number: i64,
    now: Sample,
    before: Sample,
}

#[derive(Debug, Default)]
struct Sample {
    level: u32,
    tokens: HashMap<Fingerprint, Sighted>,
    examples: Vec<AnswersDiffer>,
}

/// One token.
#[derive(Debug)]
struct Sighted {
    /// By which it is in the sample.
    hash: u64,
    answers: Vec<(ComponentId, Answer)>,
    /// The earlier moment of the latest two answers that were held against each other.
    compared: Option<Timestamp>,
    /// The same of the latest two that differ.
    differs: Option<Timestamp>,
    /// The same of the latest two that tell two people.
    subject_differs: Option<Timestamp>,
}

#[derive(Clone, Debug)]
struct Answer {
    at: Timestamp,
    by: Side,
    told: Told,
}

/// What an answer told, without names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Allow { subject: Option<u64>, scopes: Option<u64>, token_type: Option<TokenType> },
    Deny { momentary: bool },
}

/// Two answers about one token.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AnswersDiffer {
    /// The token's fingerprint.
    pub token: String,
    /// When the later answer was asked for.
    pub at: Timestamp,
    /// Where the earlier one was given, and by which side.
    pub earlier: (ComponentId, Side),
    /// Where the later one was given, and by which side.
    pub later: (ComponentId, Side),
    /// What differs: `decision`, `subject`, `scopes` or `token_type`.
    pub what: &'static str,
}

/// What the sample comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct SightingsSummary {
    /// Tokens in the sample.
    pub tokens: u64,
    /// Those that were shown at two components or more within a minute.
    pub crossed: u64,
    /// Of these, those whose answers differ.
    pub differing: u64,
    /// Tokens that were shown at three components or more.
    pub sessions: u64,
    /// Of these, those that were taken for two different people.
    pub sessions_differing: u64,
    /// Every token of 2 to the power of this is in the sample.
    pub level: u32,
    /// The latest differences.
    pub examples: Vec<AnswersDiffer>,
}

impl Sightings {
    pub(super) fn new(fingerprints: FingerprintKey) -> Self {
        Self { halves: Mutex::default(), hasher: RandomState::new(), fingerprints }
    }

    /// Remembers the answer to a question that shows a token. Answers that were not given count
    /// for nothing.
    pub fn see(&self, question: &Question, by: Side, decision: &Decision) {
        let Some(token) = question.presented().token() else { return };
        let text = token.reveal().as_bytes();
        // The end of a signature is as good as the whole.
        let hash = self.hasher.hash_one(&text[text.len().saturating_sub(32)..]);
        let number = question.asked_at.seconds().div_euclid(HALF_S);
        {
            let mut halves = self.halves.lock();
            halves.turn(number);
            if !halves.now.holds(hash) {
                return;
            }
        }
        // The rest is for the few, and beside the lock.
        let token = self.fingerprints.of_token(token);
        let answer = Answer { at: question.asked_at, by, told: self.told(decision) };
        self.halves.lock().now.add(token, hash, &question.component, answer);
    }

    fn told(&self, decision: &Decision) -> Told {
        match decision {
            Decision::Allow(grant) => Told::Allow {
                subject: grant.subject.as_ref().map(|name| self.hasher.hash_one(name.as_str())),
                scopes: grant.scopes.as_ref().map(|scopes| {
                    let mut names: Vec<&str> = scopes.names().iter().map(|name| &**name).collect();
                    names.sort_unstable();
                    self.hasher.hash_one(names)
                }),
                token_type: grant.token_type,
            },
            Decision::Deny(denial) => {
                let class = denial.reason.class();
                let momentary = matches!(class, ReasonClass::Time | ReasonClass::Revocation);
                Told::Deny { momentary }
            }
        }
    }

    /// What was seen within the last half hour to hour. Answers before `since` are left alone: then
    /// another side may have served.
    pub fn summary(&self, since: Timestamp, now: Timestamp) -> SightingsSummary {
        let mut halves = self.halves.lock();
        halves.turn(now.seconds().div_euclid(HALF_S));
        let mut summary = SightingsSummary::default();
        for sample in [&halves.before, &halves.now] {
            sample.count_into(since, &mut summary);
        }
        summary
    }
}

impl Halves {
    /// Begins a new half hour. A clock that goes back stays in the half hour that it was in.
    fn turn(&mut self, number: i64) {
        if number <= self.number {
            return;
        }
        let ended = std::mem::take(&mut self.now);
        self.before = if number == self.number + 1 { ended } else { Sample::default() };
        self.number = number;
    }
}

impl Sample {
    const fn holds(&self, hash: u64) -> bool {
        hash.trailing_zeros() >= self.level
    }

    fn add(&mut self, token: Fingerprint, hash: u64, component: &ComponentId, answer: Answer) {
        while self.tokens.len() >= SIGHTED_MAX && !self.tokens.contains_key(&token) {
            self.level += 1;
            self.tokens.retain(|_, sighted| sighted.hash.trailing_zeros() >= self.level);
        }
        if !self.holds(hash) {
            return;
        }
        let sighted = self.tokens.entry(token).or_insert_with(|| Sighted::new(hash));
        let Some(example) = sighted.take(token, component, answer) else { return };
        if self.examples.len() == EXAMPLES_MAX {
            self.examples.remove(0);
        }
        self.examples.push(example);
    }

    fn count_into(&self, since: Timestamp, summary: &mut SightingsSummary) {
        let of = |holds: &dyn Fn(&Sighted) -> bool| {
            self.tokens.values().filter(|sighted| holds(sighted)).count() as u64
        };
        let is_since = |at: Option<Timestamp>| at.is_some_and(|at| at >= since);
        let stages = |sighted: &Sighted| {
            sighted.answers.iter().filter(|(_, answer)| answer.at >= since).count()
        };
        summary.tokens += of(&|sighted| stages(sighted) >= 1);
        summary.crossed += of(&|sighted| is_since(sighted.compared));
        summary.differing += of(&|sighted| is_since(sighted.differs));
        summary.sessions += of(&|sighted| stages(sighted) >= 3);
        summary.sessions_differing +=
            of(&|sighted| stages(sighted) >= 3 && is_since(sighted.subject_differs));
        summary.level = summary.level.max(self.level);
        let examples = self.examples.iter().filter(|example| example.at >= since);
        summary.examples.extend(examples.cloned());
    }
}

impl Sighted {
    const fn new(hash: u64) -> Self {
        let (compared, differs, subject_differs) = (None, None, None);
        Self { hash, answers: Vec::new(), compared, differs, subject_differs }
    }

    /// Takes an answer, and says from which earlier one of another component it differs.
    fn take(
        &mut self,
        token: Fingerprint,
        component: &ComponentId,
        answer: Answer,
    ) -> Option<AnswersDiffer> {
        let mut example = None;
        for (other, earlier) in self.answers.iter().filter(|(other, _)| other != component) {
            let apart = (answer.at.seconds() - earlier.at.seconds()).abs();
            if apart > TOGETHER_S {
                continue;
            }
            let from = Some(answer.at.min(earlier.at));
            self.compared = self.compared.max(from);
            let Some(what) = earlier.told.difference(&answer.told) else { continue };
            self.differs = self.differs.max(from);
            if what == "subject" {
                self.subject_differs = self.subject_differs.max(from);
            }
            example = Some(AnswersDiffer {
                token: token.to_string(),
                at: answer.at,
                earlier: (other.clone(), earlier.by),
                later: (component.clone(), answer.by),
                what,
            });
        }
        if let Some((_, known)) = self.answers.iter_mut().find(|(known, _)| known == component) {
            *known = answer;
        } else if self.answers.len() < COMPONENTS_MAX {
            self.answers.push((component.clone(), answer));
        }
        example
    }
}

impl Told {
    /// What differs, as far as both tell it.
    fn difference(&self, other: &Self) -> Option<&'static str> {
        fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.zip(other).is_some_and(|(one, other)| one != other)
        }
        match (self, other) {
            (Self::Deny { .. }, Self::Deny { .. }) => None,
            (Self::Deny { momentary }, Self::Allow { .. })
            | (Self::Allow { .. }, Self::Deny { momentary }) => (!momentary).then_some("decision"),
            (
                Self::Allow { subject, scopes, token_type },
                Self::Allow { subject: subject_2, scopes: scopes_2, token_type: type_2 },
            ) => {
                let found = [
                    ("subject", differ(subject.as_ref(), subject_2.as_ref())),
                    ("scopes", differ(scopes.as_ref(), scopes_2.as_ref())),
                    ("token_type", differ(token_type.as_ref(), type_2.as_ref())),
                ];
                found.into_iter().find(|(_, differs)| *differs).map(|(what, _)| what)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Credentials, Grant, Reason, RequestId, Scopes, Subject, Token};

    fn sightings() -> Sightings {
        Sightings::new(FingerprintKey::new([5; 32]))
    }

    fn at(component: &str, seconds: i64, token: &str) -> Question {
        let component = ComponentId::parse(component).expect("an id");
        let credentials = Credentials::Token(Token::new(token));
        let asked_at = Timestamp::from_seconds(1_000_000_000 + seconds);
        Question::new(RequestId::new(1, 1), component, asked_at, credentials)
    }

    fn as_of(subject: Option<&str>, scopes: Option<&str>) -> Decision {
        Decision::Allow(Grant {
            subject: subject.map(|name| Subject::parse(name).expect("a subject")),
            scopes: scopes.map(Scopes::parse),
            token_type: None,
            expires_at: None,
            email: None,
        })
    }

    fn long_ago() -> Timestamp {
        Timestamp::from_seconds(0)
    }

    fn now(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000_000 + seconds)
    }

    #[test]
    fn what_both_answers_tell_is_held_against_each_other_and_nothing_else() {
        let (ada, bob) = (as_of(Some("ada"), Some("a b")), as_of(Some("bob"), None));
        let (same, silent) = (as_of(Some("ada"), Some("b a")), as_of(None, None));
        let narrower = as_of(Some("ada"), Some("a"));
        let expired = Decision::deny(Reason::Expired);
        let forged = Decision::deny(Reason::Signature);
        for (first, second, differs, what) in [
            (&ada, &same, 0, None),
            (&ada, &silent, 0, None),
            (&ada, &bob, 1, Some("subject")),
            (&ada, &narrower, 1, Some("scopes")),
            (&ada, &forged, 1, Some("decision")),
            (&expired, &ada, 0, None),
            (&expired, &forged, 0, None),
        ] {
            let sightings = sightings();
            sightings.see(&at("http-auth", 0, "a.b.c"), Side::Ssot, first);
            sightings.see(&at("socket-auth", 30, "a.b.c"), Side::Legacy, second);
            let summary = sightings.summary(long_ago(), now(31));
            assert_eq!((summary.crossed, summary.differing), (1, differs), "{first:?} {second:?}");
            assert_eq!(summary.examples.first().map(|example| example.what), what);
        }
    }

    #[test]
    fn answers_more_than_a_minute_apart_are_not_held_against_each_other() {
        let sightings = sightings();
        sightings.see(&at("http-auth", 0, "a.b.c"), Side::Ssot, &as_of(Some("ada"), None));
        sightings.see(&at("socket-auth", 61, "a.b.c"), Side::Ssot, &as_of(Some("bob"), None));
        assert_eq!(sightings.summary(long_ago(), now(61)).differing, 0);
    }

    #[test]
    fn answers_from_before_a_stage_changed_are_left_alone() {
        let sightings = sightings();
        sightings.see(&at("http-auth", 0, "a.b.c"), Side::Legacy, &as_of(Some("bob"), None));
        sightings.see(&at("socket-auth", 5, "a.b.c"), Side::Ssot, &as_of(Some("ada"), None));
        let counts = |since| {
            let summary = sightings.summary(now(since), now(30));
            (summary.crossed, summary.differing)
        };
        assert_eq!((counts(0), counts(1)), ((1, 1), (0, 0)));
        sightings.see(&at("http-auth", 10, "a.b.c"), Side::Ssot, &as_of(Some("ada"), None));
        assert_eq!((counts(0), counts(1)), ((1, 1), (1, 0)));
    }

    #[test]
    fn whoever_is_taken_for_two_people_across_three_components_is_no_consistent_session() {
        let sightings = sightings();
        for (token, subjects) in
            [("YWFh.YWFh.YWFh", ["ada"; 3]), ("YmJi.YmJi.YmJi", ["bob", "bob", "eve"])]
        {
            for (component, subject) in ["http", "page", "socket"].into_iter().zip(subjects) {
                sightings.see(&at(component, 1, token), Side::Ssot, &as_of(Some(subject), None));
            }
        }
        let summary = sightings.summary(long_ago(), now(2));
        assert_eq!((summary.sessions, summary.sessions_differing), (2, 1));
    }

    #[test]
    fn more_tokens_than_there_is_room_for_are_sampled_and_each_is_followed_everywhere() {
        let sightings = sightings();
        let ada = as_of(Some("ada"), None);
        let all = 10 * SIGHTED_MAX;
        for number in 0..all {
            for component in ["http-auth", "socket-auth"] {
                let token = format!("a.b.{number:08}");
                sightings.see(&at(component, 0, &token), Side::Ssot, &ada);
            }
        }
        let summary = sightings.summary(long_ago(), now(1));
        assert!(summary.tokens <= SIGHTED_MAX as u64 && summary.level >= 3, "{summary:?}");
        // The last token that was thinned out may have lost its first answer.
        assert!(summary.tokens - summary.crossed <= 1, "{summary:?}");
        let estimate = summary.tokens << summary.level;
        assert!((all as u64 / 2..all as u64 * 2).contains(&estimate), "{estimate}");
    }

    #[test]
    fn what_was_seen_is_forgotten_within_the_hour() {
        let sightings = sightings();
        sightings.see(&at("http-auth", 0, "a.b.c"), Side::Ssot, &as_of(Some("ada"), None));
        assert_eq!(sightings.summary(long_ago(), now(0)).tokens, 1);
        assert_eq!(sightings.summary(long_ago(), now(HALF_S)).tokens, 1);
        assert_eq!(sightings.summary(long_ago(), now(2 * HALF_S)).tokens, 0);
        assert_eq!(sightings.summary(long_ago(), now(9 * HALF_S)).tokens, 0);
    }
}
