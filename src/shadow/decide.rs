//! The walk of one auth decision.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use super::breaker::not_asked;
use super::enforce::Check;
use super::import::import;
use super::lane::{Lane, Paths};
use super::record::{Answer, Record};
use super::room::{Desk, SERVING_PERCENT, Shadow, ShadowError, draw, why_alone};
use super::trial::LegacyVerifies;
use crate::compare::{Inconclusive, Observation, Verdict, judge, worth_asking_again};
use crate::domain::{
    BoxFuture, Decision, PathError, Proof, Question, Revision, Side, Slot, Timestamp, TokenType,
};
use crate::flags::{Facts, Flag, OnFailure, Plan};
use crate::ledger::{Enforcement, NotCompared};

/// What goes back to the caller.
#[derive(Clone, Debug)]
pub struct Served {
    /// The decision; `None` when neither side may decide, which is 503 and never 401.
    pub decision: Option<Decision>,
    /// The side that gave it, or that should have.
    pub by: Side,
    /// The side that failed and in whose place this one answered.
    pub rescued: Option<Side>,
    /// SSOT has proved that the token is bad, and so it is denied in the place of what legacy
    /// would have answered.
    pub enforced: bool,
    /// Why the serving side failed, for the log.
    pub failure: Option<PathError>,
    /// The subject's place, if it has one.
    pub slot: Option<Slot>,
    /// The revision of the flag that decided who serves.
    pub revision: Revision,
}

impl Shadow {
    /// Answers `question` by the stage of its component. The comparison goes on behind the
    /// caller's back.
    pub async fn decide(&self, question: Question) -> Result<Served, ShadowError> {
        let snapshot = self.flags.snapshot();
        let flag = snapshot
            .flag(question.component.as_str())
            .ok_or_else(|| ShadowError::UnknownComponent(question.component.to_string()))?;
        let lane = self
            .lanes
            .get(&question.component)
            .ok_or_else(|| ShadowError::NotAsked(question.component.clone()))?;
        let ssot = &*lane.paths.ssot;
        let mut check = Check::new(flag, &question, &self.desk.told, || ssot.prove(&question));
        if snapshot.asks_for_proof(flag) {
            check.take().await;
        }
        let plan = snapshot.plan(flag, &Facts::asked(&question, check.proof()), draw(flag));
        let answer = serve(lane, flag, &plan, &question, &mut check).await;
        let served = served(&answer, &plan);
        if let Some(decision) = &served.decision {
            self.desk.sightings.see(&question, served.by, decision);
        }
        self.follow_up(lane, flag, &plan, question, answer);
        Ok(served)
    }

    /// Records at once what is not compared; hands the rest to a task of its own.
    fn follow_up(
        &self,
        lane: &Arc<Lane<Paths>>,
        flag: &Arc<Flag>,
        plan: &Plan,
        question: Question,
        answer: Answer,
    ) {
        let comparable = plan.compare && both_can_be_asked(&question);
        let permit = || Arc::clone(&self.permits).try_acquire_owned().ok();
        let permit = comparable.then(permit).flatten();
        let record = Record {
            book: Arc::clone(&lane.book),
            flag: Arc::clone(flag),
            question,
            plan: *plan,
            verifies: LegacyVerifies(lane.paths.legacy.verifies()),
            arm: plan.serving,
            first: plan.serving,
            owned: false,
            // Whatever was answered: a failure is no likelier to be in the sample.
            drawn: permit.is_some(),
            answer,
        };
        if record.answer.rescue.is_some() {
            record.rescue();
        } else if let Some(permit) = permit {
            let (lane, desk) = (Arc::clone(lane), Arc::clone(&self.desk));
            tokio::spawn(Work { lane, desk, record }.compare(permit));
        } else if !plan.compare {
            record.alone(why_alone(flag, plan));
        } else if !comparable {
            record.alone(NotCompared::CannotPlan);
        } else {
            record.alone(NotCompared::Shed);
        }
    }
}

/// Asks the serving side and, where the fallback table says so, the other one. Whenever legacy's
/// answer would be served, what is enforced comes first.
async fn serve<'a, P: Fn() -> BoxFuture<'a, Proof>>(
    lane: &Lane<Paths>,
    flag: &Flag,
    plan: &Plan,
    question: &'a Question,
    check: &mut Check<'a, P>,
) -> Answer {
    if plan.serving == Side::Legacy {
        check.take_if_enforced().await;
    }
    let deadline = Duration::from_millis(u64::from(flag.deadline_ms)).saturating_sub(check.took());
    let time = match plan.on_failure {
        OnFailure::Unavailable => deadline,
        OnFailure::OtherSide { .. } => deadline * SERVING_PERCENT / 100,
    };
    let first = ask_serving(lane, flag, plan, question, time).await;
    let first = if plan.serving == Side::Legacy { enforced(first, check) } else { first };
    let failed = first.barred.is_none() && first.first.answer.is_err();
    let (true, OnFailure::OtherSide { budgeted }) = (failed, plan.on_failure) else {
        return first;
    };
    let other = plan.serving.other();
    if other == Side::Legacy {
        check.take_if_enforced().await;
        if let Some(reason) = check.bar() {
            return first.barred(reason);
        }
    }
    if budgeted && !lane.rescues.take(question.asked_at, flag.rescues_per_second_max) {
        return Answer { refused: true, ..first };
    }
    let rest = deadline.saturating_sub(first.first.took).saturating_sub(check.took());
    let rescue = lane.ask(other, question, rest).await;
    let enforcement = match other {
        Side::Legacy => check.passed(),
        Side::Ssot => Enforcement::Nothing,
    };
    Answer { rescue: Some(rescue), enforcement, ..first }
}

/// Asks the serving side. Where legacy stands by, SSOT is not asked while its breaker is open.
async fn ask_serving(
    lane: &Lane<Paths>,
    flag: &Flag,
    plan: &Plan,
    question: &Question,
    time: Duration,
) -> Answer {
    let Some(failures_max) = breaks_after(flag, plan) else {
        return Answer::of(lane.ask(plan.serving, question, time).await);
    };
    let Some(leave) = lane.breaker.leave(failures_max, question.asked_at) else {
        let nothing = Observation { answer: Err(not_asked()), took: Duration::ZERO };
        return Answer { unasked: true, ..Answer::of(nothing) };
    };
    let observation = lane.ask(plan.serving, question, time).await;
    let answered_at = question.asked_at.plus(observation.took);
    leave.tell(observation.answer.is_ok(), plan.subject, answered_at);
    Answer::of(observation)
}

/// After how many failures in a row the serving side is not asked for a while; `None` for legacy,
/// where nobody stands by, and where it is switched off.
pub(super) fn breaks_after(flag: &Flag, plan: &Plan) -> Option<u32> {
    match (plan.serving, plan.on_failure) {
        (Side::Ssot, OnFailure::OtherSide { .. }) => flag.limits.breaker_failures,
        (Side::Ssot, OnFailure::Unavailable) | (Side::Legacy, _) => None,
    }
}

/// Legacy's answer, unless what it lets in, or cannot decide, is proved to be bad.
fn enforced<'a, P: Fn() -> BoxFuture<'a, Proof>>(answer: Answer, check: &Check<'a, P>) -> Answer {
    match check.bar() {
        Some(reason) if answer.first.denial().is_none() => answer.barred(reason),
        Some(_) | None => Answer { enforcement: check.passed(), ..answer },
    }
}

fn served(answer: &Answer, plan: &Plan) -> Served {
    let rescued = answer.rescue.is_some().then_some(plan.serving);
    let by = if rescued.is_some() { plan.serving.other() } else { plan.serving };
    let barred = answer.barred.clone().map(Decision::deny);
    Served {
        enforced: barred.is_some(),
        by: if barred.is_some() { Side::Legacy } else { by },
        decision: barred.or_else(|| answer.last().answer.as_ref().ok().cloned()),
        rescued,
        failure: answer.first.answer.as_ref().err().cloned(),
        slot: plan.slot,
        revision: plan.revision,
    }
}

/// An answered question whose other side is still to be asked.
struct Work {
    lane: Arc<Lane<Paths>>,
    desk: Arc<Desk>,
    record: Record,
}

impl Work {
    async fn compare(self, permit: OwnedSemaphorePermit) {
        let Self { lane, desk, record } = &self;
        let time = Duration::from_millis(u64::from(record.flag.deadline_ms));
        let other = lane.ask(record.first.other(), &record.question, time).await;
        let (legacy, ssot) = record.by_side(&other);
        let mut verdict = judge(&record.question, legacy, ssot);
        let mut asked_again = false;
        if let Verdict::Mismatch(mismatch) = &verdict
            && worth_asking_again(&record.question, mismatch)
        {
            asked_again = true;
            let (sink, now) = (desk.sink.as_ref(), desk.clock.now());
            import(sink, &record.question, mismatch, now, &desk.counts).await;
            tokio::time::sleep(desk.settle).await;
            if self.agree_at(desk.clock.now(), time).await {
                verdict = Verdict::Inconclusive(Inconclusive::Momentary);
            }
        }
        record.compared(&other, &verdict, asked_again, desk.clock.now());
        drop(permit);
    }

    async fn agree_at(&self, now: Timestamp, time: Duration) -> bool {
        let again = self.record.question.asked_again_at(now);
        let legacy = self.lane.ask(Side::Legacy, &again, time).await;
        let ssot = self.lane.ask(Side::Ssot, &again, time).await;
        judge(&again, &legacy, &ssot) == Verdict::Match
    }
}

/// The other side knows access tokens. Asked for another kind it would answer another question.
fn both_can_be_asked(question: &Question) -> bool {
    question.wanted().is_none_or(|wanted| wanted == TokenType::Access)
}
