//! What one component's comparisons came to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::counter::Failure;
use super::counts::{Counts, Took};
use super::intake::{Bell, Intake};
use super::pages::Pages;
use super::{
    AcceptedUse, Comparisons, Counter, Exemplar, Group, GroupKey, Latency, LatencySummary, Tally,
};
use crate::compare::{Inconclusive, MismatchClass, Observation, Verdict};
use crate::domain::{ComponentId, FingerprintKey, Question, Side, Timestamp};

/// Whoever reads waits this long for a minute that is being closed, and reads anew this often.
const CLOSING_TAKES: Duration = Duration::from_secs(1);
const TRIES_MAX: u32 = 4;

/// What was served to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An allow.
    Allowed,
    /// A deny.
    Denied,
    /// Neither side could decide.
    Undecided,
}

/// One question, from the answer to the verdict.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The side whose answer the caller got; for an undecided question the one that should
    /// have given it.
    pub served_by: Side,
    /// What the caller got.
    pub outcome: Outcome,
    /// The side that failed and in whose place the other answered.
    pub rescued: Option<Side>,
    /// A rescue was due, but over its budget.
    pub rescue_refused: bool,
    /// The side that answered was not the serving one, but keeps the session that this is about.
    pub owned: bool,
    /// The legacy side's answer, if it was asked.
    pub legacy: Option<&'a Observation>,
    /// The SSOT side's answer, if it was asked.
    pub ssot: Option<&'a Observation>,
    /// What enforced invariants made of the answer.
    pub enforcement: Enforcement,
    /// What the comparison found.
    pub finding: Finding<'a>,
}

/// What enforced invariants made of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Enforcement {
    /// Nothing: not asked for, the token is sound, or legacy denied by itself.
    #[default]
    Nothing,
    /// Nothing, because nothing could be proved.
    Undecided,
    /// A deny in the place of what legacy would have answered.
    Denied,
}

/// What a comparison found, or why there was none.
#[derive(Debug)]
pub enum Finding<'a> {
    /// Both sides were asked.
    Compared {
        /// What the two answers say about each other.
        verdict: &'a Verdict,
        /// The difference falls under an accepted one.
        accepted: bool,
        /// Both sides were asked a second time.
        asked_again: bool,
    },
    /// Only one side was asked.
    NotCompared(NotCompared),
}

/// What a comparison without a question has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// As it should be.
    Match,
    /// Not so.
    Differs {
        /// How.
        class: MismatchClass,
        /// The difference falls under an accepted one.
        accepted: bool,
    },
    /// Nothing can be said.
    Inconclusive(Inconclusive),
}

/// Why only one side was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCompared {
    /// The stage asks only one.
    ByStage,
    /// Outside the sample.
    SampledOut,
    /// A target keeps the subject on legacy alone.
    ByTarget,
    /// Too many shadows in flight.
    Shed,
    /// The other side cannot tell what it would do without doing it, or cannot be asked for a kind
    /// of token.
    CannotPlan,
}

/// One component's counts, latencies and samples.
#[derive(Debug)]
pub struct Book {
    component: ComponentId,
    fingerprints: FingerprintKey,
    pages: Mutex<Pages>,
    /// Told when minutes that were closing are closed.
    closed: Condvar,
    intake: Intake,
    bell: Arc<Bell>,
    comparisons: Option<Arc<Comparisons>>,
}

impl Book {
    pub(super) fn new(
        component: ComponentId,
        fingerprints: FingerprintKey,
        bell: Arc<Bell>,
        comparisons: Option<Arc<Comparisons>>,
    ) -> Self {
        let (pages, closed, intake) = (Mutex::default(), Condvar::new(), Intake::default());
        Self { component, fingerprints, pages, closed, intake, bell, comparisons }
    }

    pub(super) const fn intake(&self) -> &Intake {
        &self.intake
    }

    pub(super) const fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    /// Whose book this is.
    pub const fn component(&self) -> &ComponentId {
        &self.component
    }

    pub(super) fn pages(&self) -> parking_lot::MutexGuard<'_, Pages> {
        self.pages.lock()
    }

    /// Tells those who wait for it that what was closing is closed, or open again.
    pub(super) fn tell_closed(&self) {
        self.closed.notify_all();
    }

    /// Reads the disk with `read`, and beside it what was counted between two minutes and is not
    /// among the kept ones: together they count each record once. A disk that takes longer than a
    /// few seconds to close a minute is read as it is.
    pub(super) fn beside_open<T, E>(
        &self,
        (from, to): (i64, i64),
        read: impl Fn() -> Result<T, E>,
    ) -> Result<(T, Vec<(i64, Counts)>), E> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (closings, open) = {
                let mut pages = self.pages.lock();
                if pages.open.is_closing() {
                    self.closed.wait_for(&mut pages, CLOSING_TAKES);
                }
                (pages.open.closings(), pages.open.between(from, to))
            };
            let kept = read()?;
            let unmoved = {
                let pages = self.pages.lock();
                pages.open.closings() == closings && !pages.open.is_closing()
            };
            if unmoved || tries == TRIES_MAX {
                return Ok((kept, open));
            }
        }
    }

    /// Writes one entry, dated by the question.
    pub fn record(&self, question: &Question, entry: &Entry<'_>) {
        if let Some(comparisons) = &self.comparisons {
            comparisons.recorded(question, entry);
        }
        let mut counters = Counters::new();
        entry.count(&mut counters);
        let mut pages = self.pages.lock();
        pages.changed = true;
        if let Finding::Compared { verdict: Verdict::Mismatch(mismatch), accepted, .. } =
            &entry.finding
            && let (Some(legacy), Some(ssot)) = (entry.legacy, entry.ssot)
        {
            let key = GroupKey::of(mismatch, question);
            let exemplar = Exemplar::of(question, legacy, ssot, &self.fingerprints);
            if !pages.sample(key, exemplar, *accepted, question.asked_at) {
                counters.push(Counter::SampleDropped);
            }
        }
        let took = Took { legacy: time_of(entry.legacy), ssot: time_of(entry.ssot) };
        pages.count(question.asked_at, counters.as_slice(), took);
    }

    /// Writes what a comparison without a question has found: of an event on one connection, or of a
    /// connection. `served` is the side whose doing reached a client.
    pub fn judged(&self, at: Timestamp, served: Option<Side>, judgement: Judgement) {
        if let Some(comparisons) = &self.comparisons {
            comparisons.judged(&self.component, at, served, judgement);
        }
        let mut counters = Counters::new();
        if let Some(side) = served {
            counters.push(Counter::Served(side));
        }
        counters.push(match judgement {
            Judgement::Match => Counter::Matched,
            Judgement::Differs { class, accepted: true } => Counter::Accepted(class),
            Judgement::Differs { class, accepted: false } => Counter::Mismatched(class),
            Judgement::Inconclusive(why) => Counter::Inconclusive(why),
        });
        let mut pages = self.pages.lock();
        pages.changed = true;
        pages.count(at, counters.as_slice(), Took::default());
    }

    /// Counts a difference that falls under the accepted one of this name. False when that is used
    /// up: more than `max_per_hour` within an hour of the question.
    pub fn accept(&self, name: &str, max_per_hour: Option<u32>, asked_at: Timestamp) -> bool {
        let mut pages = self.pages.lock();
        pages.accepted_changed = true;
        pages.accepted.accept(name, max_per_hour, asked_at)
    }

    /// How often each accepted difference has applied, by name; those of the past, too.
    pub fn accepted_uses(&self) -> BTreeMap<String, AcceptedUse> {
        self.pages.lock().accepted.by_name().clone()
    }

    /// Counts since the ledger was begun.
    pub fn total(&self) -> Tally {
        self.pages.lock().total()
    }

    /// Counts of the minutes that begin within `span` before `now`; at most the last hour.
    pub fn window(&self, span: Duration, now: Timestamp) -> Tally {
        let from = now.micros() - i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        let mut tally = Tally::default();
        for minute in &self.pages.lock().minutes {
            if minute.number.saturating_mul(60_000_000) >= from {
                tally.absorb(&minute.tally);
            }
        }
        tally
    }

    /// Counts of the minutes before the one that begins at `minute`; `None` when minutes on both
    /// sides of it are no longer told apart.
    pub fn total_before(&self, minute: Timestamp) -> Option<Tally> {
        self.pages.lock().total_before(minute.seconds().div_euclid(60))
    }

    /// Latency of one side since the ledger was begun.
    pub fn latency(&self, side: Side) -> LatencySummary {
        self.with_latency(side, Latency::summary)
    }

    /// Looks at the histogram of one side.
    pub fn with_latency<T>(&self, side: Side, look: impl FnOnce(&Latency) -> T) -> T {
        let pages = self.pages.lock();
        match side {
            Side::Legacy => look(&pages.legacy),
            Side::Ssot => look(&pages.ssot),
        }
    }

    /// Groups of differences, most frequent first.
    pub fn groups(&self) -> Vec<Group> {
        let pages = self.pages.lock();
        let mut groups: Vec<Group> = pages.groups.values().map(|kept| kept.group.clone()).collect();
        groups.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.key.cmp(&b.key)));
        groups
    }
}

/// How long an answer took; nothing for a side that was taken to fail without being asked: there
/// was nothing to measure.
pub(super) fn time_of(observation: Option<&Observation>) -> Option<Duration> {
    let reached = observation.filter(|seen| seen.answer.is_ok() || !seen.took.is_zero());
    reached.map(|observation| observation.took)
}

impl Entry<'_> {
    fn count(&self, counters: &mut Counters) {
        counters.push(match self.outcome {
            Outcome::Allowed => Counter::Allowed,
            Outcome::Denied => Counter::Denied,
            Outcome::Undecided => Counter::Undecided,
        });
        if self.outcome != Outcome::Undecided {
            counters.push(Counter::Served(self.served_by));
        }
        if let Some(side) = self.rescued {
            counters.push(Counter::Rescued(side));
        }
        if self.rescue_refused {
            counters.push(Counter::RescueRefused);
        }
        if self.owned {
            counters.push(Counter::Owned);
        }
        match self.enforcement {
            Enforcement::Nothing => {}
            Enforcement::Undecided => counters.push(Counter::EnforceUndecided),
            Enforcement::Denied => counters.push(Counter::Enforced),
        }
        for (side, observation) in [(Side::Legacy, self.legacy), (Side::Ssot, self.ssot)] {
            if let Some(Err(failure)) = observation.map(|observation| &observation.answer) {
                counters.push(Counter::Failed(side, Failure::from(failure)));
            }
            if observation.is_some() && time_of(observation).is_none() {
                counters.push(Counter::Unasked(side));
            }
        }
        match &self.finding {
            Finding::Compared { verdict, accepted, asked_again } => {
                if *asked_again {
                    counters.push(Counter::AskedAgain);
                }
                counters.push(match verdict {
                    Verdict::Match => Counter::Matched,
                    Verdict::Mismatch(mismatch) if *accepted => Counter::Accepted(mismatch.class),
                    Verdict::Mismatch(mismatch) => Counter::Mismatched(mismatch.class),
                    Verdict::Inconclusive(why) => Counter::Inconclusive(*why),
                });
            }
            Finding::NotCompared(NotCompared::ByStage) => {}
            Finding::NotCompared(NotCompared::SampledOut) => counters.push(Counter::SampledOut),
            Finding::NotCompared(NotCompared::ByTarget) => counters.push(Counter::ByTarget),
            Finding::NotCompared(NotCompared::Shed) => counters.push(Counter::Shed),
            Finding::NotCompared(NotCompared::CannotPlan) => counters.push(Counter::CannotPlan),
        }
    }
}

/// The few counters of one entry, without a trip to the heap.
struct Counters {
    list: [Counter; Counters::MAX],
    length: usize,
}

impl Counters {
    /// Outcome, side, rescue, refused rescue, owner, enforcement, two failures without being asked,
    /// asked again, verdict, dropped sample.
    const MAX: usize = 13;

    const fn new() -> Self {
        Self { list: [Counter::Late; Self::MAX], length: 0 }
    }

    fn push(&mut self, counter: Counter) {
        self.list[self.length] = counter;
        self.length += 1;
    }

    fn as_slice(&self) -> &[Counter] {
        &self.list[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Mismatch;
    use crate::domain::{Credentials, Decision, PathError, Reason, RequestId, Token};
    use crate::ledger::samples::{EXEMPLARS_MAX, GROUPS_MAX};

    const KEY: FingerprintKey = FingerprintKey::new([1; 32]);

    fn book() -> Book {
        Book::new(ComponentId::parse("http-auth").expect("an id"), KEY, Arc::default(), None)
    }

    fn asked_at(seconds: i64, token: &str) -> Question {
        Question::new(
            RequestId::new(1, 1),
            ComponentId::parse("http-auth").expect("an id"),
            Timestamp::from_seconds(seconds),
            Credentials::Token(Token::new(token)),
        )
    }

    fn compared<'a>(observation: &'a Observation, verdict: &'a Verdict) -> Entry<'a> {
        Entry {
            served_by: Side::Legacy,
            outcome: Outcome::Denied,
            rescued: None,
            rescue_refused: false,
            owned: false,
            legacy: Some(observation),
            ssot: Some(observation),
            enforcement: Enforcement::Nothing,
            finding: Finding::Compared { verdict, accepted: false, asked_again: false },
        }
    }

    fn denied(reason: Reason) -> Observation {
        Observation { answer: Ok(Decision::deny(reason)), took: Duration::from_micros(10) }
    }

    #[test]
    fn a_record_belongs_to_the_minute_in_which_it_was_asked() {
        let (book, seen) = (book(), denied(Reason::Expired));
        for second in [7_200, 7_100, 7_330, 7_259] {
            book.record(&asked_at(second, "x"), &compared(&seen, &Verdict::Match));
        }
        let now = Timestamp::from_seconds(7_330);
        let within =
            |seconds| book.window(Duration::from_secs(seconds), now).count(Counter::Matched);
        assert_eq!((within(60), within(130), within(3_600)), (1, 3, 4));
    }

    #[test]
    fn what_is_older_than_the_oldest_minute_counts_in_the_total_and_as_late() {
        let (book, seen) = (book(), denied(Reason::Expired));
        book.record(&asked_at(100_000, "x"), &compared(&seen, &Verdict::Match));
        book.record(&asked_at(100_000 - 3_600, "x"), &compared(&seen, &Verdict::Match));
        let total = book.total();
        assert_eq!((total.count(Counter::Matched), total.count(Counter::Late)), (2, 1));
    }

    #[test]
    fn differences_are_grouped_and_their_samples_bounded() {
        let (book, seen) = (book(), denied(Reason::Expired));
        for number in 0..GROUPS_MAX + 3 {
            let verdict = Verdict::Mismatch(Mismatch {
                class: MismatchClass::ReasonDiffers,
                legacy_reason: Some(Reason::foreign(&format!("r{number}"))),
                ssot_reason: Some(Reason::Expired),
            });
            for _ in 0..EXEMPLARS_MAX + 2 {
                book.record(&asked_at(60, "secret"), &compared(&seen, &verdict));
            }
        }
        let groups = book.groups();
        assert_eq!(groups.len(), GROUPS_MAX);
        assert!(groups.iter().all(|group| group.exemplars.len() == EXEMPLARS_MAX));
        assert!(groups.iter().all(|group| group.count == EXEMPLARS_MAX as u64 + 2));
        assert_eq!(book.total().count(Counter::SampleDropped), 3 * (EXEMPLARS_MAX as u64 + 2));
        let json = serde_json::to_string(&groups).expect("writable");
        assert!(!json.contains("secret"));
    }

    #[test]
    fn a_side_that_failed_without_being_asked_has_no_time() {
        let book = book();
        let failed = |took| Observation { answer: Err(PathError::TimedOut), took };
        for (took, times) in [(Duration::ZERO, 0), (Duration::from_millis(600), 1)] {
            book.record(&asked_at(60, "x"), &compared(&failed(took), &Verdict::Match));
            assert_eq!(book.latency(Side::Ssot).count, times);
            assert_eq!(book.latency(Side::Legacy).count, times);
        }
        let at_once =
            Observation { answer: Ok(Decision::deny(Reason::Expired)), took: Duration::ZERO };
        book.record(&asked_at(60, "x"), &compared(&at_once, &Verdict::Match));
        assert_eq!(book.latency(Side::Ssot).count, 2, "an answer always takes some");
    }

    #[test]
    fn the_fullest_entry_fits_its_counters() {
        let failed = Observation { answer: Err(PathError::TimedOut), took: Duration::ZERO };
        let entry = Entry {
            rescued: Some(Side::Ssot),
            rescue_refused: true,
            owned: true,
            enforcement: Enforcement::Denied,
            finding: Finding::Compared {
                verdict: &Verdict::Inconclusive(Inconclusive::BothFailed),
                accepted: true,
                asked_again: true,
            },
            ..compared(&failed, &Verdict::Match)
        };
        let mut counters = Counters::new();
        entry.count(&mut counters);
        assert_eq!(counters.length + 1, Counters::MAX);
    }
}
