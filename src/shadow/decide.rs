//! The walk of one auth decision.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ask::ask;
use super::budget::Budget;
use super::lane::{Lane, Paths};
use crate::compare::{Inconclusive, Observation, Verdict, judge, worth_asking_again};
use crate::domain::{
    Clock, ComponentId, Decision, PathError, Question, Reason, Revision, Share, Side, Slot,
    Timestamp,
};
use crate::flags::{Flag, Flags, OnFailure, Plan};
use crate::ledger::{Entry, Finding, Ledger, NotCompared, Outcome};

/// Of a deadline, how much the serving side gets when the other may have to answer in its place.
const SERVING_PERCENT: u32 = 60;

/// Bounds of the shadow.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Shadows in flight, over all components; a further one is shed.
    pub in_flight_max: u32,
    /// How long a difference that a moment can explain is left alone before it is asked again.
    pub settle: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { in_flight_max: 1024, settle: Duration::from_secs(1) }
    }
}

/// Why a question cannot be put.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShadowError {
    /// The flag table has no such component.
    #[error("there is no component {0:?}")]
    UnknownComponent(String),
    /// The component is moved by other means than questions about tokens.
    #[error("component {0} does not answer questions about tokens")]
    NotAsked(ComponentId),
}

/// What goes back to the caller.
#[derive(Clone, Debug)]
pub struct Served {
    /// The decision; `None` when neither side may decide, which is 503 and never 401.
    pub decision: Option<Decision>,
    /// The side that gave it, or that should have.
    pub by: Side,
    /// The side that failed and in whose place this one answered.
    pub rescued: Option<Side>,
    /// Why the serving side failed, for the log.
    pub failure: Option<PathError>,
    /// The subject's place, if it has one.
    pub slot: Option<Slot>,
    /// The revision of the flag that decided who serves.
    pub revision: Revision,
}

/// Asks one side, answers the caller, asks the other, compares, records.
pub struct Shadow {
    flags: Arc<Flags>,
    lanes: HashMap<ComponentId, Arc<Lane>>,
    clock: Arc<dyn Clock>,
    permits: Arc<Semaphore>,
    settings: Settings,
}

impl Shadow {
    /// A shadow over `flags` that can ask the components of `paths`.
    pub fn new(
        flags: Arc<Flags>,
        ledger: &Ledger,
        paths: impl IntoIterator<Item = (ComponentId, Paths)>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Self {
        let lane = |(component, paths): (ComponentId, Paths)| {
            let book = ledger.book(&component);
            (component, Arc::new(Lane { paths, book, rescues: Budget::default() }))
        };
        Self {
            flags,
            lanes: paths.into_iter().map(lane).collect(),
            clock,
            permits: Arc::new(Semaphore::new(settings.in_flight_max as usize)),
            settings,
        }
    }

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
        let plan = snapshot.plan(flag, &question, draw(flag));
        let answer = self.serve(lane, flag, &plan, &question).await;
        let served = answer.served(&plan);
        self.follow_up(lane, flag, &plan, question, answer);
        Ok(served)
    }

    /// Asks the serving side and, where the fallback table says so, the other one.
    async fn serve(&self, lane: &Lane, flag: &Flag, plan: &Plan, question: &Question) -> Answer {
        let deadline = Duration::from_millis(u64::from(flag.deadline_ms));
        let time = match plan.on_failure {
            OnFailure::Unavailable => deadline,
            OnFailure::OtherSide { .. } => deadline * SERVING_PERCENT / 100,
        };
        let first = ask(lane.paths.of(plan.serving), question, time).await;
        let (false, OnFailure::OtherSide { budgeted }) = (first.answer.is_ok(), plan.on_failure)
        else {
            return Answer { first, rescue: None, refused: false };
        };
        if budgeted && !lane.rescues.take(question.asked_at, flag.rescues_per_second_max) {
            return Answer { first, rescue: None, refused: true };
        }
        let rest = deadline.saturating_sub(first.took);
        let rescue = ask(lane.paths.of(plan.serving.other()), question, rest).await;
        Answer { first, rescue: Some(rescue), refused: false }
    }

    /// Records at once what is not compared; hands the rest to a task of its own.
    fn follow_up(
        &self,
        lane: &Arc<Lane>,
        flag: &Arc<Flag>,
        plan: &Plan,
        question: Question,
        answer: Answer,
    ) {
        let work = Work {
            lane: Arc::clone(lane),
            flag: Arc::clone(flag),
            question,
            serving: plan.serving,
            answer,
        };
        if work.answer.rescue.is_some() {
            work.record_rescue();
        } else if !plan.compare {
            let by_stage = flag.stage.default_sample() == Share::NONE;
            let why = if by_stage { NotCompared::ByStage } else { NotCompared::SampledOut };
            work.record_alone(why);
        } else if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            let (clock, settle) = (Arc::clone(&self.clock), self.settings.settle);
            tokio::spawn(work.compare(permit, clock, settle));
        } else {
            work.record_alone(NotCompared::Shed);
        }
    }

    /// Shadows in flight.
    pub fn in_flight(&self) -> usize {
        self.settings.in_flight_max as usize - self.permits.available_permits()
    }

    /// Waits until no shadow is in flight.
    pub async fn idle(&self) {
        // The semaphore is never closed, so that the only outcome is all permits.
        let _all = self.permits.acquire_many(self.settings.in_flight_max).await;
    }
}

/// Decides whether a question is in the sample; chance is not asked where all are.
fn draw(flag: &Flag) -> u16 {
    if flag.effective_sample() == Share::ALL { 0 } else { rand::rng().random_range(0..10_000) }
}

/// What was asked while the caller waited.
struct Answer {
    first: Observation,
    rescue: Option<Observation>,
    refused: bool,
}

impl Answer {
    /// The observation that the caller gets.
    const fn last(&self) -> &Observation {
        match &self.rescue {
            Some(rescue) => rescue,
            None => &self.first,
        }
    }

    fn served(&self, plan: &Plan) -> Served {
        let rescued = self.rescue.is_some().then_some(plan.serving);
        Served {
            decision: self.last().answer.as_ref().ok().cloned(),
            by: if rescued.is_some() { plan.serving.other() } else { plan.serving },
            rescued,
            failure: self.first.answer.as_ref().err().cloned(),
            slot: plan.slot,
            revision: plan.revision,
        }
    }
}

/// An answered question on its way into the ledger.
struct Work {
    lane: Arc<Lane>,
    flag: Arc<Flag>,
    question: Question,
    serving: Side,
    answer: Answer,
}

impl Work {
    fn record_alone(&self, why: NotCompared) {
        self.record(None, Finding::NotCompared(why));
    }

    /// A rescue has asked both sides already; the serving one failed, so nothing follows.
    fn record_rescue(&self) {
        let why = match self.answer.last().answer {
            Ok(_) => Inconclusive::Failed(self.serving),
            Err(_) => Inconclusive::BothFailed,
        };
        let verdict = Verdict::Inconclusive(why);
        let finding = Finding::Compared { verdict: &verdict, accepted: false, asked_again: false };
        self.record(self.answer.rescue.as_ref(), finding);
    }

    async fn compare(self, permit: OwnedSemaphorePermit, clock: Arc<dyn Clock>, settle: Duration) {
        let time = Duration::from_millis(u64::from(self.flag.deadline_ms));
        let other = ask(self.lane.paths.of(self.serving.other()), &self.question, time).await;
        let (legacy, ssot) = self.by_side(&other);
        let mut verdict = judge(&self.question, legacy, ssot);
        let mut asked_again = false;
        if let Verdict::Mismatch(mismatch) = &verdict
            && worth_asking_again(&self.question, mismatch)
        {
            asked_again = true;
            tokio::time::sleep(settle).await;
            if self.agree_at(clock.now(), time).await {
                verdict = Verdict::Inconclusive(Inconclusive::Momentary);
            }
        }
        let accepted = self.is_accepted(&verdict, clock.now());
        let finding = Finding::Compared { verdict: &verdict, accepted, asked_again };
        self.record(Some(&other), finding);
        drop(permit);
    }

    async fn agree_at(&self, now: Timestamp, time: Duration) -> bool {
        let again = self.question.asked_again_at(now);
        let legacy = ask(&*self.lane.paths.legacy, &again, time).await;
        let ssot = ask(&*self.lane.paths.ssot, &again, time).await;
        judge(&again, &legacy, &ssot) == Verdict::Match
    }

    fn is_accepted(&self, verdict: &Verdict, now: Timestamp) -> bool {
        let Verdict::Mismatch(mismatch) = verdict else { return false };
        if self.flag.accepted.is_empty() {
            return false;
        }
        let legacy = mismatch.legacy_reason.as_ref().map(Reason::code);
        let ssot = mismatch.ssot_reason.as_ref().map(Reason::code);
        self.flag.accepted.iter().any(|difference| {
            difference.accepts(mismatch.class.code(), legacy.as_deref(), ssot.as_deref(), now)
        })
    }

    /// The serving side's observation and the other one, as legacy and ssot.
    const fn by_side<'a>(&'a self, other: &'a Observation) -> (&'a Observation, &'a Observation) {
        match self.serving {
            Side::Legacy => (&self.answer.first, other),
            Side::Ssot => (other, &self.answer.first),
        }
    }

    fn record(&self, other: Option<&Observation>, finding: Finding<'_>) {
        let (legacy, ssot) = match self.serving {
            Side::Legacy => (Some(&self.answer.first), other),
            Side::Ssot => (other, Some(&self.answer.first)),
        };
        let outcome = match &self.answer.last().answer {
            Ok(Decision::Allow(_)) => Outcome::Allowed,
            Ok(Decision::Deny(_)) => Outcome::Denied,
            Err(_) => Outcome::Undecided,
        };
        let rescued = self.answer.rescue.is_some().then_some(self.serving);
        let served_by = if rescued.is_some() { self.serving.other() } else { self.serving };
        let entry = Entry {
            served_by,
            outcome,
            rescued,
            rescue_refused: self.answer.refused,
            legacy,
            ssot,
            finding,
        };
        self.lane.book.record(&self.question, &entry);
    }
}
