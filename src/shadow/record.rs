//! An answered question on its way into the ledger.

use std::sync::Arc;

use crate::compare::{Inconclusive, Observation, Verdict, claim_shape};
use crate::domain::{Decision, Question, Reason, Side, Timestamp};
use crate::flags::Flag;
use crate::ledger::{Book, Enforcement, Entry, Finding, NotCompared, Outcome};

/// What was asked while the caller waited.
pub(super) struct Answer {
    /// The answer of the side that was asked first.
    pub first: Observation,
    /// The other side's answer in its place.
    pub rescue: Option<Observation>,
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
        Self { first, rescue: None, refused: false, barred: None, enforcement }
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
    /// The side that was asked first.
    pub first: Side,
    /// That side was not the serving one, but keeps the session.
    pub owned: bool,
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
    }
}
