//! The walk of one operation on tokens.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ask::timed;
use super::breaker::not_asked;
use super::counts::one_more;
use super::decide::breaks_after;
use super::enforce::{Check, Enforced, enforced};
use super::lane::{Lane, TokenPaths};
use super::record::{Answer, Record};
use super::revoke::revoke_on;
use super::room::{Desk, SERVING_PERCENT, Shadow, ShadowError, draw, why_alone};
use super::trial::LegacyVerifies;
use crate::compare::{
    Inconclusive, Mismatch, MismatchClass, Observation, Verdict, judge, worth_asking_again,
};
use crate::domain::{
    Decision, Operation, Outcome, PathError, Question, Reason, ReasonClass, Revision, Revocation,
    RevocationOutcome, Side, Slot, Timestamp, Token,
};
use crate::flags::{Facts, Flag, OnFailure, Plan};
use crate::ledger::{Enforcement, NotCompared};

/// What goes back to the caller of an operation.
#[derive(Clone, Debug)]
pub struct ServedOperation {
    /// What came of it; `None` when nobody may do it, which is 503. It may then have happened all
    /// the same, unless the failure says otherwise.
    pub outcome: Option<Outcome>,
    /// The side that did it, or that should have.
    pub by: Side,
    /// The side that could not be reached and in whose place this one did it.
    pub rescued: Option<Side>,
    /// SSOT has proved that the refresh token is bad, and so nothing was done in legacy's place.
    pub enforced: bool,
    /// Why the first side failed, for the log.
    pub failure: Option<PathError>,
    /// The subject's place, if it has one.
    pub slot: Option<Slot>,
    /// The revision of the flag that decided who serves.
    pub revision: Revision,
}

impl Shadow {
    /// Makes the tokens of `operation` by the stage of its component. `question` names request,
    /// component and moment, and carries the refresh token that was presented, or nothing.
    ///
    /// One side performs: the serving one, or the one that keeps the session. When it cannot be
    /// reached, so that nothing was done, the other one may perform in its place. What the side
    /// that does not perform would have done is asked behind the caller's back. A refresh token
    /// that was used is told to it, so that it refuses the token from then on.
    ///
    /// Ends also when the caller leaves.
    pub async fn operate(
        &self,
        question: Question,
        operation: Operation,
    ) -> Result<ServedOperation, ShadowError> {
        let snapshot = self.flags.snapshot();
        let flag = snapshot
            .flag(question.component.as_str())
            .ok_or_else(|| ShadowError::UnknownComponent(question.component.to_string()))?;
        let lane = self
            .token_lanes
            .get(&question.component)
            .ok_or_else(|| ShadowError::MakesNoTokens(question.component.clone()))?;
        let mut operation = operation;
        let form = snapshot.token_form(flag);
        match &mut operation {
            Operation::Issue(order) => order.form = form,
            Operation::Refresh(order) => order.form = form,
        }
        let (path, now) = (lane.paths.of(Side::Ssot), question.asked_at);
        let mut check =
            Check::new(flag, &question, &self.desk.told, || path.prove(&operation, now));
        let facts = match &operation {
            Operation::Issue(order) => {
                let scopes = order.scopes.names().iter().map(|name| &**name).collect();
                Facts::of_subject(order.subject.as_str()).stating(None, scopes, Vec::new())
            }
            Operation::Refresh(_) => {
                if snapshot.asks_for_proof(flag) {
                    check.take().await;
                }
                Facts::asked(&question, check.proof())
            }
        };
        let plan = snapshot.plan(flag, &facts, draw(flag));
        let first = first_side(&lane.paths, &plan, &operation);
        let enforced = enforced(&operation, &plan, first, &mut check).await;
        let run = Run {
            lane: Arc::clone(lane),
            flag: Arc::clone(flag),
            desk: Arc::clone(&self.desk),
            shadows: Arc::clone(&self.permits),
            arm: first,
            first: enforced.first(first),
            plan,
            enforced,
            operation,
        };
        let places = Arc::clone(&self.operations);
        let nothing = run.served(&Done::nothing(PathError::Panicked));
        let running = tokio::spawn(async move { run.walk(question, places).await });
        Ok(running.await.unwrap_or(nothing))
    }
}

/// The serving side, unless only the other one keeps the session.
fn first_side(paths: &TokenPaths, plan: &Plan, operation: &Operation) -> Side {
    let owns = |side| paths.of(side).owns(operation);
    let other = plan.serving.other();
    if owns(other) && !owns(plan.serving) { other } else { plan.serving }
}

/// An operation under way.
struct Run {
    lane: Arc<Lane<TokenPaths>>,
    flag: Arc<Flag>,
    desk: Arc<Desk>,
    shadows: Arc<Semaphore>,
    plan: Plan,
    /// The side whose turn it is.
    arm: Side,
    /// The side that performs, as long as it can be reached.
    first: Side,
    enforced: Enforced,
    operation: Operation,
}

type Took = (Result<Outcome, PathError>, Duration);

/// What came of it while the caller waited.
struct Done {
    first: Took,
    rescue: Option<Took>,
    /// The first side was not asked, by our own doing.
    unasked: bool,
    refused: bool,
}

impl Done {
    const fn nothing(failure: PathError) -> Self {
        let first = (Err(failure), Duration::ZERO);
        Self { first, rescue: None, unasked: true, refused: false }
    }

    const fn of(first: Took) -> Self {
        Self { first, rescue: None, unasked: false, refused: false }
    }

    fn last(&self) -> &Result<Outcome, PathError> {
        &self.rescue.as_ref().unwrap_or(&self.first).0
    }

    fn answer(&self) -> Answer {
        Answer {
            first: observed(&self.first),
            rescue: self.rescue.as_ref().map(observed),
            unasked: self.unasked,
            refused: self.refused,
            barred: None,
            enforcement: Enforcement::Nothing,
        }
    }
}

/// An outcome in the words of decisions, so that it can be compared with a plan.
fn observed((outcome, took): &Took) -> Observation {
    let answer = match outcome {
        Ok(Outcome::Done(performed)) => Ok(Decision::Allow(performed.grant.clone())),
        Ok(Outcome::Denied(reason)) => Ok(Decision::deny(reason.clone())),
        Err(failure) => Err(failure.clone()),
    };
    Observation { answer, took: *took }
}

impl Run {
    async fn walk(self, question: Question, places: Arc<Semaphore>) -> ServedOperation {
        let deadline = Duration::from_millis(u64::from(self.flag.deadline_ms));
        let place = tokio::time::timeout(deadline, places.acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            let busy = Done::nothing(PathError::Unreachable("too many operations".into()));
            self.record(question, &busy).alone(NotCompared::Shed);
            return self.served(&busy);
        };
        let done = self.perform(deadline, question.asked_at).await;
        let served = self.served(&done);
        let record = self.record(question, &done);
        tokio::spawn(self.follow_up(record, done, place));
        served
    }

    async fn perform(&self, deadline: Duration, now: Timestamp) -> Done {
        if let Some(reason) = self.enforced.denial() {
            let first = (Ok(Outcome::Denied(reason.clone())), Duration::ZERO);
            return Done::of(first);
        }
        let on_failure = self.on_failure();
        let time = match on_failure {
            OnFailure::Unavailable => deadline,
            OnFailure::OtherSide { .. } => deadline * SERVING_PERCENT / 100,
        };
        let done = self.perform_first(time, now).await;
        let (Err(PathError::Unreachable(_)), OnFailure::OtherSide { budgeted }) =
            (&done.first.0, on_failure)
        else {
            return done;
        };
        if budgeted && !self.lane.rescues.take(now, self.flag.rescues_per_second_max) {
            return Done { refused: true, ..done };
        }
        let rest = deadline.saturating_sub(done.first.1);
        let rescue = self.perform_on(self.first.other(), rest, now).await;
        Done { rescue: Some(rescue), ..done }
    }

    /// A session that one side keeps is not the other's to go on with.
    fn on_failure(&self) -> OnFailure {
        let alone = self.owned() || matches!(self.enforced, Enforced::NoRescue);
        if alone { OnFailure::Unavailable } else { self.plan.on_failure }
    }

    fn owned(&self) -> bool {
        self.first != self.plan.serving && self.enforced.denial().is_none()
    }

    /// As the side whose turn it is. While SSOT's breaker is open it is not asked, so that nothing
    /// was done; but nobody else can go on with a session that SSOT keeps.
    async fn perform_first(&self, time: Duration, now: Timestamp) -> Done {
        let breaks_after = match self.on_failure() {
            OnFailure::OtherSide { .. } if !self.lane.paths.ssot.owns(&self.operation) => {
                breaks_after(&self.flag, &self.plan)
            }
            OnFailure::OtherSide { .. } | OnFailure::Unavailable => None,
        };
        let Some(failures_max) = breaks_after else {
            return Done::of(self.perform_on(self.first, time, now).await);
        };
        let Some(leave) = self.lane.breaker.leave(failures_max, now) else {
            return Done::nothing(not_asked());
        };
        let took = self.perform_on(self.first, time, now).await;
        leave.tell(took.0.is_ok(), self.plan.subject, now.plus(took.1));
        Done::of(took)
    }

    async fn perform_on(&self, side: Side, time: Duration, now: Timestamp) -> Took {
        let path = self.lane.paths.of(side);
        let took = timed(async { path.perform(&self.operation, now).await }, time).await;
        self.note(side, took.0.is_ok(), now.plus(took.1));
        took
    }

    /// Notes when legacy has answered.
    fn note(&self, side: Side, answered: bool, at: Timestamp) {
        if side == Side::Legacy && answered {
            self.lane.legacy.note(at);
        }
    }

    fn served(&self, done: &Done) -> ServedOperation {
        let rescued = done.rescue.is_some().then_some(self.first);
        ServedOperation {
            outcome: done.last().as_ref().ok().cloned(),
            by: match self.enforced.denial() {
                Some(_) => Side::Legacy,
                None if rescued.is_some() => self.first.other(),
                None => self.first,
            },
            rescued,
            enforced: self.enforced.denial().is_some(),
            failure: done.first.0.as_ref().err().cloned(),
            slot: self.plan.slot,
            revision: self.plan.revision,
        }
    }

    fn record(&self, question: Question, done: &Done) -> Record {
        Record {
            book: Arc::clone(&self.lane.book),
            flag: Arc::clone(&self.flag),
            question,
            plan: self.plan,
            // A token that is made was asked for by somebody whom that side knows.
            verifies: LegacyVerifies(true),
            arm: self.arm,
            first: self.first,
            owned: self.owned(),
            // Whether the other side can plan is not known of what it has rescued.
            drawn: self.plan.compare && done.rescue.is_none(),
            answer: Answer {
                barred: self.enforced.denial().cloned(),
                enforcement: self.enforced.counted(),
                ..done.answer()
            },
        }
    }

    /// First what the other side would have done, then what it must know.
    async fn follow_up(self, record: Record, done: Done, place: OwnedSemaphorePermit) {
        let now = record.question.asked_at;
        let mut again = None;
        if done.rescue.is_some() {
            record.rescue();
        } else if !self.plan.compare {
            record.alone(why_alone(&self.flag, &self.plan));
        } else if let Ok(permit) = Arc::clone(&self.shadows).try_acquire_owned() {
            again = self.compare(&record).await.map(|pending| (pending, permit));
        } else {
            record.alone(NotCompared::Shed);
        }
        if let (Operation::Refresh(order), Ok(Outcome::Done(_))) = (&self.operation, done.last()) {
            let by = if done.rescue.is_some() { self.first.other() } else { self.first };
            self.tell(by.other(), &order.token, now).await;
        }
        drop(place);
        if let Some((pending, permit)) = again {
            self.ask_again(record, pending).await;
            drop(permit);
        }
    }

    /// Asks the other side for its plan. What is left is a difference that a moment may explain.
    async fn compare(&self, record: &Record) -> Option<Pending> {
        let Some(other) = self.planned(record.question.asked_at).await else {
            record.alone(NotCompared::CannotPlan);
            return None;
        };
        let (legacy, ssot) = record.by_side(&other);
        let mut verdict = judge(&record.question, legacy, ssot);
        if let Verdict::Mismatch(mismatch) = &verdict {
            if self.is_a_retry(mismatch, record.question.asked_at) {
                verdict = Verdict::Inconclusive(Inconclusive::Momentary);
            } else if record.answer.first.denial().is_some()
                && worth_asking_again(&record.question, mismatch)
            {
                return Some(Pending { other, verdict });
            }
        }
        record.compared(&other, &verdict, false, self.desk.clock.now());
        None
    }

    /// The other side's plan; `None` when it cannot tell without doing it.
    async fn planned(&self, now: Timestamp) -> Option<Observation> {
        let time = Duration::from_millis(u64::from(self.flag.deadline_ms));
        let other = self.first.other();
        let path = self.lane.paths.of(other);
        let (plan, took) = timed(async { path.plan(&self.operation, now).await }, time).await;
        self.note(other, matches!(plan, Ok(Some(_))), now.plus(took));
        let answer = plan.transpose()?;
        Some(Observation { answer, took })
    }

    /// The other side refuses a token because it was told that it has been used; the side that
    /// performs knows the caller's retry.
    fn is_a_retry(&self, mismatch: &Mismatch, now: Timestamp) -> bool {
        let Operation::Refresh(order) = &self.operation else { return false };
        let (class, refusal) = match self.first {
            Side::Ssot => (MismatchClass::Looser, &mismatch.legacy_reason),
            Side::Legacy => (MismatchClass::Stricter, &mismatch.ssot_reason),
        };
        let refused = refusal.as_ref().map(Reason::class) == Some(ReasonClass::Revocation);
        mismatch.class == class && refused && self.desk.told.holds(&order.token, now)
    }

    /// A refusal has no effect, so that the other side can be asked for its plan once more.
    async fn ask_again(&self, record: Record, pending: Pending) {
        tokio::time::sleep(self.desk.settle).await;
        let now = self.desk.clock.now();
        let agrees = match self.planned(now).await {
            Some(again) => {
                let (legacy, ssot) = record.by_side(&again);
                agree_to_refuse(&judge(&record.question, legacy, ssot))
            }
            None => false,
        };
        let explained = Verdict::Inconclusive(Inconclusive::Momentary);
        let verdict = if agrees { explained } else { pending.verdict };
        record.compared(&pending.other, &verdict, true, now);
    }

    /// Makes the side that did not refresh refuse the token that was used.
    async fn tell(&self, side: Side, used: &Token, now: Timestamp) {
        let counts = &self.desk.counts;
        if self.desk.room.as_ref().is_some_and(|has_room| !has_room(side)) {
            one_more(&counts.not_told);
            return;
        }
        self.desk.told.note(used, now);
        let revocation = Revocation::Token(used.clone());
        match revoke_on(self.lane.paths.of(side), &revocation, now).await {
            Ok(
                RevocationOutcome::Done | RevocationOutcome::Kept | RevocationOutcome::Nothing(_),
            ) => one_more(&counts.told),
            Ok(RevocationOutcome::Unsupported) => one_more(&counts.not_told),
            Err(problem) => {
                tracing::error!(%problem, %side, "a side does not know of a used refresh token");
                one_more(&counts.not_told);
            }
        }
    }
}

/// A difference that the other side's next plan may explain.
struct Pending {
    other: Observation,
    verdict: Verdict,
}

/// One side may know that a token was used, and the other that it was taken back.
fn agree_to_refuse(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Match => true,
        Verdict::Mismatch(mismatch) => mismatch.class == MismatchClass::ReasonDiffers,
        Verdict::Inconclusive(_) => false,
    }
}
