//! An answered question on its way into the ledger.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::trial::{LegacyVerifies, Sides, is_urgent};
use crate::compare::{Inconclusive, Observation, Verdict, claim_shape};
use crate::domain::{Decision, Question, Reason, Share, Side, Timestamp};
use crate::flags::{By, Flag, Plan, Stage};
use crate::ledger::{Book, Enforcement, Entry, Finding, NotCompared, Outcome, Seen, Trial};

/// What was asked while the caller waited.
pub(super) struct Answer {
    /// The answer of the side that was asked first.
    pub first: Observation,
    /// The other side's answer in its place.
    pub rescue: Option<Observation>,
    /// The first side was not asked, by our own doing: its breaker is open, or too much is under way.
    pub unasked: bool,
    /// A rescue was due, but over its budget.
    pub refused: bool,
    /// Why the caller is denied, whatever was answered.
    pub barred: Option<Reason>,
    /// What enforced invariants made of it.
    pub enforcement: Enforcement,
}

impl Answer {
    /// What one side said, and nobody else was asked.
    pub const fn of(first: Observation) -> Self {
        let enforcement = Enforcement::Nothing;
        Self { first, rescue: None, unasked: false, refused: false, barred: None, enforcement }
    }

    /// Denied in the place of legacy.
    #[must_use]
    pub fn barred(self, reason: Reason) -> Self {
        Self { barred: Some(reason), enforcement: Enforcement::Denied, ..self }
    }

    /// The observation that the caller gets.
    pub const fn last(&self) -> &Observation {
        match &self.rescue {
            Some(rescue) => rescue,
            None => &self.first,
        }
    }
}

/// An answered question, asked of `first` and, where that failed, perhaps of the other side.
pub(super) struct Record {
    pub book: Arc<Book>,
    pub flag: Arc<Flag>,
    pub question: Question,
    /// By what it was answered.
    pub plan: Plan,
    /// Whether an allow of legacy proves anybody.
    pub verifies: LegacyVerifies,
    /// The side whose turn it was.
    pub arm: Side,
    /// The side that was asked first.
    pub first: Side,
    /// That side was not the serving one, but keeps the session.
    pub owned: bool,
    /// In the sample of what is compared, and there was room for it.
    pub drawn: bool,
    pub answer: Answer,
}

impl Record {
    /// Only one side was asked.
    pub fn alone(&self, why: NotCompared) {
        self.write(None, Finding::NotCompared(why));
    }

    /// A rescue has asked both sides already; the first one failed, so nothing follows.
    pub fn rescue(&self) {
        let why = match self.answer.last().answer {
            Ok(_) => Inconclusive::Failed(self.first),
            Err(_) => Inconclusive::BothFailed,
        };
        let verdict = Verdict::Inconclusive(why);
        let finding = Finding::Compared { verdict: &verdict, accepted: false, asked_again: false };
        self.write(self.answer.rescue.as_ref(), finding);
    }

    /// Both sides were asked, and this is what came of it.
    pub fn compared(
        &self,
        other: &Observation,
        verdict: &Verdict,
        asked_again: bool,
        now: Timestamp,
    ) {
        let accepted = self.is_accepted(verdict, now);
        self.write(Some(other), Finding::Compared { verdict, accepted, asked_again });
    }

    /// The first observation and the other one, as legacy and ssot.
    pub const fn by_side<'a>(
        &'a self,
        other: &'a Observation,
    ) -> (&'a Observation, &'a Observation) {
        match self.first {
            Side::Legacy => (&self.answer.first, other),
            Side::Ssot => (other, &self.answer.first),
        }
    }

    fn is_accepted(&self, verdict: &Verdict, now: Timestamp) -> bool {
        let Verdict::Mismatch(mismatch) = verdict else { return false };
        if self.flag.accepted.is_empty() {
            return false;
        }
        let legacy = mismatch.legacy_reason.as_ref().map(Reason::code);
        let ssot = mismatch.ssot_reason.as_ref().map(Reason::code);
        let class = mismatch.class.code();
        let reasons = (legacy.as_deref(), ssot.as_deref());
        let shape = claim_shape(&self.question);
        let mut covering = self.flag.accepted_as(class, reasons, &shape, now);
        let asked_at = self.question.asked_at;
        covering.any(|each| self.book.accept(&each.name, each.max_per_hour, asked_at))
    }

    fn write(&self, other: Option<&Observation>, finding: Finding<'_>) {
        let (legacy, ssot) = match self.first {
            Side::Legacy => (Some(&self.answer.first), other),
            Side::Ssot => (other, Some(&self.answer.first)),
        };
        let outcome = match &self.answer.last().answer {
            _ if self.answer.barred.is_some() => Outcome::Denied,
            Ok(Decision::Allow(_)) => Outcome::Allowed,
            Ok(Decision::Deny(_)) => Outcome::Denied,
            Err(_) => Outcome::Undecided,
        };
        let rescued = self.answer.rescue.is_some().then_some(self.first);
        let served_by = match (&self.answer.barred, rescued) {
            // It stands for legacy's answer.
            (Some(_), _) => Side::Legacy,
            (None, Some(_)) => self.first.other(),
            (None, None) => self.first,
        };
        let entry = Entry {
            served_by,
            outcome,
            rescued,
            rescue_refused: self.answer.refused,
            owned: self.owned,
            enforcement: self.answer.enforcement,
            legacy,
            ssot,
            finding,
        };
        self.book.record(&self.question, &entry);
        if self.book.is_watched() {
            self.show(&entry);
        }
    }

    /// Shows the answer to whoever watches; wakes them where it may make a rule act.
    fn show(&self, entry: &Entry<'_>) {
        let sides = Sides {
            arm: self.arm,
            legacy: entry.legacy,
            ssot: entry.ssot,
            unasked: self.answer.unasked,
            refused: self.answer.refused,
            barred: self.answer.barred.is_some(),
            finding: &entry.finding,
        };
        let rescue = self.answer.rescue.as_ref().map(|rescue| &rescue.answer);
        let (served, compared) = (sides.worth(self.verifies), sides.compared(self.verifies));
        let urgent = is_urgent(served, compared);
        let other = if self.arm == Side::Ssot { entry.legacy } else { entry.ssot };
        let trial = Trial {
            asked_at: self.question.asked_at,
            revision: self.plan.revision,
            arm: self.arm,
            share: self.share_by_chance(),
            subject: self.plan.subject,
            client: self.question.client(),
            drawn: matches!(entry.finding, Finding::Compared { .. }) && self.drawn,
            other_failed: other.map(|other| other.answer.is_err()),
            proven: sides.is_proven(self.verifies),
            served,
            rescued: matches!(rescue, Some(Ok(Decision::Allow(_)))),
            compared,
            legacy_took: time_of_answer(entry.legacy),
            ssot_took: time_of_answer(entry.ssot),
            recorded_at: urgent.then(Instant::now),
        };
        self.book.show(Seen::Answer(trial), urgent);
    }

    /// The share, where it has decided between people: below everybody, and above nobody.
    fn share_by_chance(&self) -> Option<Share> {
        let by_chance = self.plan.by == By::Share && self.plan.slot.is_some() && !self.owned;
        match self.flag.stage {
            Stage::Canary(share) if by_chance && share != Share::ALL && share != Share::NONE => {
                Some(share)
            }
            Stage::Canary(_)
            | Stage::Off
            | Stage::Shadow
            | Stage::Live
            | Stage::Sealed
            | Stage::Complete => None,
        }
    }
}

/// How long an answer took; a failure is none.
fn time_of_answer(observation: Option<&Observation>) -> Option<Duration> {
    observation.filter(|observation| observation.answer.is_ok()).map(|observation| observation.took)
}
