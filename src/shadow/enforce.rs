//! What SSOT can prove about a token, taken before the answer where somebody needs it.
//!
//! One proof serves both: targets that believe a token only when it is sound, and invariants that
//! deny one which is refuted. A proof that breaks or is slow proves nothing; it never keeps an
//! answer from being given.

use std::time::Duration;

use super::ask::timed;
use super::told::Told;
use crate::domain::{BoxFuture, Operation, Proof, Question, Reason, Side};
use crate::flags::{Flag, Invariants, OnFailure, Plan};
use crate::ledger::Enforcement;

/// Longest time for a proof. It is made in process, in microseconds.
const TIME_MAX: Duration = Duration::from_millis(100);

/// Of a deadline, how much a proof may take: the answer itself must still be in time.
const PART: u32 = 10;

/// The proof of one question, taken once at most.
pub(super) struct Check<'a, P> {
    prove: P,
    question: &'a Question,
    told: &'a Told,
    enforces: bool,
    time: Duration,
    proof: Option<Proof>,
    took: Duration,
}

impl<'a, P: Fn() -> BoxFuture<'a, Proof>> Check<'a, P> {
    pub(super) fn new(flag: &Flag, question: &'a Question, told: &'a Told, prove: P) -> Self {
        let deadline = Duration::from_millis(u64::from(flag.deadline_ms));
        Self {
            prove,
            question,
            told,
            enforces: flag.invariants == Invariants::Enforce,
            time: TIME_MAX.min(deadline / PART),
            proof: None,
            took: Duration::ZERO,
        }
    }

    /// Takes the proof, if it has not been taken.
    pub(super) async fn take(&mut self) {
        if self.proof.is_some() {
            return;
        }
        let prove = &self.prove;
        let (proof, took) = timed(async { Ok(prove().await) }, self.time).await;
        let proof = proof.unwrap_or(Proof::Undecided);
        self.proof = Some(if self.is_our_own_doing(&proof) { Proof::Undecided } else { proof });
        self.took = took;
    }

    /// The same where invariants are enforced, before legacy answers.
    pub(super) async fn take_if_enforced(&mut self) {
        if self.enforces {
            self.take().await;
        }
    }

    /// What is proved so far.
    pub(super) fn proof(&self) -> &Proof {
        self.proof.as_ref().unwrap_or(&Proof::Undecided)
    }

    /// How long it took; nothing before it is taken.
    pub(super) const fn took(&self) -> Duration {
        self.took
    }

    /// Why legacy's allow must not be served.
    pub(super) fn bar(&self) -> Option<Reason> {
        match self.proof() {
            Proof::Refuted(reason) if self.enforces => Some(reason.clone()),
            Proof::Refuted(_) | Proof::Sound | Proof::Undecided => None,
        }
    }

    /// What is counted of an answer of legacy that is not denied.
    pub(super) fn passed(&self) -> Enforcement {
        match self.proof() {
            Proof::Undecided if self.enforces => Enforcement::Undecided,
            Proof::Undecided | Proof::Sound | Proof::Refuted(_) => Enforcement::Nothing,
        }
    }

    /// SSOT refuses a refresh token that was used because it was told to. Whoever performs knows
    /// the client's retry.
    fn is_our_own_doing(&self, proof: &Proof) -> bool {
        let revoked = matches!(proof, Proof::Refuted(Reason::Revoked));
        let token = self.question.presented().token();
        revoked && token.is_some_and(|token| self.told.holds(token, self.question.asked_at))
    }
}

/// What invariants make of an operation.
pub(super) enum Enforced {
    /// Nothing.
    Nothing,
    /// Nothing, because nothing could be proved.
    Undecided,
    /// Legacy does not perform in SSOT's place, should that fail.
    NoRescue,
    /// Legacy does not perform: nobody does. What is compared with its plan is the proof.
    Denied(Reason),
}

impl Enforced {
    /// The side whose answer the first observation is.
    pub(super) const fn first(&self, first: Side) -> Side {
        match self {
            Self::Denied(_) => Side::Ssot,
            Self::Nothing | Self::Undecided | Self::NoRescue => first,
        }
    }

    pub(super) const fn denial(&self) -> Option<&Reason> {
        match self {
            Self::Denied(reason) => Some(reason),
            Self::Nothing | Self::Undecided | Self::NoRescue => None,
        }
    }

    /// What is counted of it.
    pub(super) const fn counted(&self) -> Enforcement {
        match self {
            Self::Denied(_) => Enforcement::Denied,
            Self::Undecided => Enforcement::Undecided,
            Self::Nothing | Self::NoRescue => Enforcement::Nothing,
        }
    }
}

/// Takes the proof where legacy may perform. Before anything is done: a session of a refuted token
/// does not go on, whoever keeps it.
pub(super) async fn enforced<'a, P: Fn() -> BoxFuture<'a, Proof>>(
    operation: &Operation,
    plan: &Plan,
    first: Side,
    check: &mut Check<'a, P>,
) -> Enforced {
    match operation {
        // No token is presented: there is nothing to prove.
        Operation::Issue(_) => return Enforced::Nothing,
        Operation::Refresh(_) => {}
    }
    if first == Side::Ssot && plan.on_failure == OnFailure::Unavailable {
        return Enforced::Nothing;
    }
    check.take_if_enforced().await;
    match (check.bar(), first, check.passed()) {
        (Some(reason), Side::Legacy, _) => Enforced::Denied(reason),
        (Some(_), Side::Ssot, _) => Enforced::NoRescue,
        (None, Side::Legacy, Enforcement::Undecided) => Enforced::Undecided,
        (None, ..) => Enforced::Nothing,
    }
}
