//! The kept plans.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::super::history::to_the_millisecond;
use super::super::table::to_the_end;
use super::super::{Cause, Flag, Flags, FlagsError, HistoryFilter, Move, Stage};
use super::disk::{Disk, page};
use super::footing::{Footing, footing};
use super::{Evidence, Gate, Lack, Pause, Position, Rollout, RolloutChange, RolloutRefusal, State};
use super::{Step, Verdict, Wait, next, verbs};
use crate::domain::{Clock, ComponentId, Revision, Timestamp};
use crate::store::Store;

/// The kept plans. Cheap to clone; all clones are the same plans.
#[derive(Clone)]
pub struct Rollouts {
    inner: Arc<Inner>,
}

/// What a plan is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartWish {
    /// The steps of this template.
    Template(String),
    /// These steps.
    Steps(Vec<Step>),
}

impl StartWish {
    /// True when a second person is to approve at one of its steps.
    pub fn asks_for_approval(&self) -> bool {
        let asks = |steps: &[Step]| steps.iter().any(|step| step.approval);
        match self {
            Self::Steps(steps) => asks(steps),
            Self::Template(name) => {
                super::templates().iter().any(|each| each.name == *name && asks(&each.steps))
            }
        }
    }
}

struct Inner {
    store: Store,
    flags: Flags,
    clock: Arc<dyn Clock>,
    rows: Mutex<BTreeMap<ComponentId, Arc<Rollout>>>,
    /// Looks and verbs take turns.
    turn: tokio::sync::Mutex<Disk>,
}

impl Rollouts {
    /// Reads what is kept.
    pub fn open(store: &Store, flags: Flags, clock: Arc<dyn Clock>) -> Result<Self, FlagsError> {
        let disk = Disk::open(store)?;
        let rows = disk.rows()?.into_iter();
        let rows = rows.map(|row| (row.component.clone(), Arc::new(row))).collect();
        let (rows, turn) = (Mutex::new(rows), tokio::sync::Mutex::new(disk));
        Ok(Self { inner: Arc::new(Inner { store: store.clone(), flags, clock, rows, turn }) })
    }

    /// Every plan, in the order of the components' ids.
    pub fn all(&self) -> Vec<Arc<Rollout>> {
        self.inner.rows.lock().values().cloned().collect()
    }

    /// The plan of a component.
    pub fn of(&self, component: &ComponentId) -> Option<Arc<Rollout>> {
        self.inner.rows.lock().get(component).cloned()
    }

    /// A page of the log of changes, newest first. Reads the disk.
    pub fn history(&self, filter: &HistoryFilter) -> Result<Vec<RolloutChange>, FlagsError> {
        Ok(page(&self.inner.store, filter)?)
    }

    /// Defines a plan and starts it. `seen` is the revision of the plan that it replaces; `None`
    /// for whoever believes that there is none. A plan is replaced whether or not it has ended.
    pub async fn start(
        &self,
        component: &ComponentId,
        wish: StartWish,
        seen: Option<Revision>,
        cause: Cause,
    ) -> Result<Arc<Rollout>, FlagsError> {
        let (inner, component, cause) = (self.of_turn(), component.clone(), cause.bounded());
        to_the_end(async move {
            let disk = &mut *inner.turn.lock().await;
            let before = inner.rows.lock().get(&component).cloned();
            match (before.as_ref().map(|plan| plan.revision), seen) {
                (Some(current), None) => return Err(RolloutRefusal::IsThere { current }.into()),
                (Some(current), Some(seen)) if current != seen => {
                    return Err(RolloutRefusal::Changed { current }.into());
                }
                (None, Some(_)) => return Err(RolloutRefusal::NoPlan(component).into()),
                (Some(_), Some(_)) | (None, None) => {}
            }
            let flag = inner.flag(&component)?;
            let after = verbs::started(&flag, wish, &cause, inner.now())?;
            inner.write(disk, before.as_deref(), after, cause).await
        })
        .await
    }

    /// Keeps a plan from going on. Once this returns, it raises nothing.
    pub async fn pause(
        &self,
        component: &ComponentId,
        seen: Option<Revision>,
        cause: Cause,
    ) -> Result<Arc<Rollout>, FlagsError> {
        self.change(component, seen, cause, |plan, cause, _, _| plan.paused(cause)).await
    }

    /// Lets a paused plan go on from where the component is.
    pub async fn resume(
        &self,
        component: &ComponentId,
        seen: Option<Revision>,
        cause: Cause,
    ) -> Result<Arc<Rollout>, FlagsError> {
        self.change(component, seen, cause, |plan, _, flag, now| plan.resumed(flag, now)).await
    }

    /// Leaves needs and hold of the present step behind. Needs a note.
    pub async fn skip(
        &self,
        component: &ComponentId,
        seen: Option<Revision>,
        cause: Cause,
    ) -> Result<Arc<Rollout>, FlagsError> {
        self.change(component, seen, cause, |plan, cause, _, now| plan.skipped(cause, now)).await
    }

    /// Ends a plan; the component stays where it is. Once this returns, it raises nothing.
    pub async fn abort(
        &self,
        component: &ComponentId,
        seen: Option<Revision>,
        cause: Cause,
    ) -> Result<Arc<Rollout>, FlagsError> {
        self.change(component, seen, cause, |plan, _, _, _| plan.aborted()).await
    }

    /// Approves the present step. The caller has made sure that `cause` names a person.
    pub async fn approve(
        &self,
        component: &ComponentId,
        seen: Option<Revision>,
        cause: Cause,
    ) -> Result<Arc<Rollout>, FlagsError> {
        self.change(component, seen, cause, |plan, cause, _, now| plan.approved(cause, now)).await
    }

    /// Looks at a plan and does what comes next: raises the component by one step, finishes the
    /// plan or stops it. `gather` tells what is known, after the flag has been read.
    ///
    /// Error: the disk refused; the next look comes to the same result.
    pub async fn look(
        &self,
        component: &ComponentId,
        gather: impl FnOnce(&Rollout, Timestamp) -> Evidence + Send + 'static,
    ) -> Result<Verdict, FlagsError> {
        let (inner, component) = (self.of_turn(), component.clone());
        to_the_end(async move {
            let disk = &mut *inner.turn.lock().await;
            inner.look(disk, &component, gather).await
        })
        .await
    }

    /// What a look would find at `now`, from what is known then; nothing is done.
    pub fn foresee(&self, plan: &Rollout, evidence: &Evidence, now: Timestamp) -> Verdict {
        next(plan, &self.inner.flags.snapshot(), evidence, now)
    }

    fn of_turn(&self) -> Arc<Inner> {
        Arc::clone(&self.inner)
    }

    async fn change(
        &self,
        component: &ComponentId,
        seen: Option<Revision>,
        cause: Cause,
        change: impl FnOnce(&Rollout, &Cause, &Flag, Timestamp) -> Result<Rollout, RolloutRefusal>
        + Send
        + 'static,
    ) -> Result<Arc<Rollout>, FlagsError> {
        let (inner, component, cause) = (self.of_turn(), component.clone(), cause.bounded());
        to_the_end(async move {
            let disk = &mut *inner.turn.lock().await;
            let before = inner.row(&component)?;
            if seen.is_some_and(|seen| seen != before.revision) {
                return Err(RolloutRefusal::Changed { current: before.revision }.into());
            }
            let flag = inner.flag(&component)?;
            let (before, plan) = if before.state == State::Running {
                match inner.settle(disk, before, &flag).await? {
                    Ground::Firm(row, plan) => (row, plan),
                    Ground::Lost(row, _) | Ground::Changing(row) => {
                        let plan = Box::new(Rollout::clone(&row));
                        (row, plan)
                    }
                }
            } else {
                let plan = Box::new(Rollout::clone(&before));
                (before, plan)
            };
            let after = change(&plan, &cause, &flag, inner.now())?;
            inner.write(disk, Some(&before), after, cause).await
        })
        .await
    }
}

impl Inner {
    fn now(&self) -> Timestamp {
        to_the_millisecond(self.clock.now())
    }

    fn row(&self, component: &ComponentId) -> Result<Arc<Rollout>, RolloutRefusal> {
        let row = self.rows.lock().get(component).cloned();
        row.ok_or_else(|| RolloutRefusal::NoPlan(component.clone()))
    }

    fn flag(&self, component: &ComponentId) -> Result<Arc<Flag>, FlagsError> {
        let flag = self.flags.snapshot().flag(component.as_str()).cloned();
        flag.ok_or_else(|| FlagsError::UnknownComponent(component.clone()))
    }

    /// The caller has the turn.
    async fn write(
        &self,
        disk: &mut Disk,
        before: Option<&Rollout>,
        after: Rollout,
        cause: Cause,
    ) -> Result<Arc<Rollout>, FlagsError> {
        let revision = disk.take_revision()?;
        let id = if after.id == Revision::default() { revision } else { after.id };
        let after = Rollout { id, revision, changed_at: self.now(), cause, ..after };
        disk.write(before, &after).await?;
        disk.walked.remove(&after.component);
        let after = Arc::new(after);
        self.rows.lock().insert(after.component.clone(), Arc::clone(&after));
        Ok(after)
    }

    async fn look(
        &self,
        disk: &mut Disk,
        component: &ComponentId,
        gather: impl FnOnce(&Rollout, Timestamp) -> Evidence + Send,
    ) -> Result<Verdict, FlagsError> {
        let row = self.row(component)?;
        if row.state != State::Running {
            return Ok(Verdict::Rest);
        }
        let snapshot = self.flags.snapshot();
        let unknown = || FlagsError::UnknownComponent(component.clone());
        let flag = snapshot.flag(component.as_str()).ok_or_else(unknown)?;
        let (row, plan) = match self.settle(disk, row, flag).await? {
            Ground::Firm(row, plan) => (row, plan),
            Ground::Lost(_, why) => return Ok(Verdict::Stop(why)),
            Ground::Changing(_) => return Ok(changing()),
        };
        let now = self.now();
        let verdict = next(&plan, &snapshot, &gather(&plan, now), now);
        match verdict {
            Verdict::Rest | Verdict::Wait(_) => Ok(verdict),
            Verdict::Raise(stage) => self.raise(disk, (&row, &plan), flag, stage).await,
            Verdict::Stop(why) => {
                self.stop(disk, &row, &why).await?;
                Ok(Verdict::Stop(why))
            }
            Verdict::Finished => {
                let cause = Cause::Schedule { plan: "every step is done".to_owned() };
                self.write(disk, Some(&row), plan.finished(), cause).await?;
                Ok(Verdict::Finished)
            }
        }
    }

    /// Raises the flag from the very revision that the verdict was computed from, then writes the
    /// plan's row.
    async fn raise(
        &self,
        disk: &mut Disk,
        (row, plan): (&Rollout, &Rollout),
        flag: &Flag,
        stage: Stage,
    ) -> Result<Verdict, FlagsError> {
        let step = plan.next_index();
        let cause = Cause::Schedule { plan: plan.mark(step) };
        let raise = Move::To(stage);
        let raised = self.flags.apply(&plan.component, raise, Some(flag.revision), cause).await;
        let flag = match raised {
            Ok(applied) => applied.flag,
            Err(FlagsError::Conflict { .. }) => return Ok(changing()),
            Err(FlagsError::NotAllowed(refusal)) => {
                let wait = Wait::new(Gate::Moves, Lack::Bad).saying(refusal.to_string());
                return Ok(Verdict::Wait(vec![wait]));
            }
            Err(other) => return Err(other),
        };
        let position = Position::at_step(step, &flag);
        self.advance(disk, row, position).await?;
        Ok(Verdict::Raise(stage))
    }

    async fn advance(
        &self,
        disk: &mut Disk,
        row: &Rollout,
        position: Position,
    ) -> Result<Arc<Rollout>, FlagsError> {
        let mark = position.step.map(|step| row.mark(step)).unwrap_or_default();
        self.write(disk, Some(row), row.moved(position), Cause::Schedule { plan: mark }).await
    }

    async fn stop(
        &self,
        disk: &mut Disk,
        row: &Rollout,
        why: &Pause,
    ) -> Result<Arc<Rollout>, FlagsError> {
        let cause = Cause::Schedule { plan: why.to_string() }.bounded();
        self.write(disk, Some(row), row.stopped(why.clone()), cause).await
    }

    /// Lets a running plan learn what has become of its component, and keeps that.
    async fn settle(
        &self,
        disk: &mut Disk,
        row: Arc<Rollout>,
        flag: &Flag,
    ) -> Result<Ground, FlagsError> {
        let position = match walk(disk, &row, flag, &self.flags)? {
            Footing::Firm(position) => position,
            Footing::Lost(why) => {
                return Ok(Ground::Lost(self.stop(disk, &row, &why).await?, why));
            }
            Footing::Unsettled => return Ok(Ground::Changing(row)),
        };
        // Its own move, of which a crash has kept the row from telling.
        let row = if position.step == row.position.step {
            row
        } else {
            self.advance(disk, &row, position.clone()).await?
        };
        let plan = Box::new(row.moved(position));
        Ok(Ground::Firm(row, plan))
    }
}

/// A running plan that has learned what has become of its component.
enum Ground {
    /// The row, and the plan as it is with the newest revision of the flag.
    Firm(Arc<Rollout>, Box<Rollout>),
    /// The row, stopped by what has come between.
    Lost(Arc<Rollout>, Pause),
    /// The row; the flag is about to change.
    Changing(Arc<Rollout>),
}

/// Where a plan finds itself, without reading again what was read before.
fn walk(disk: &mut Disk, row: &Rollout, flag: &Flag, flags: &Flags) -> Result<Footing, FlagsError> {
    let walked = disk.walked.get(&row.component).filter(|(plan, _)| *plan == row.revision);
    let position = walked.map_or(&row.position, |(_, position)| position);
    let footing = footing(&row.moved(position.clone()), flag, flags)?;
    if let Footing::Firm(position) = &footing {
        disk.walked.insert(row.component.clone(), (row.revision, position.clone()));
    }
    Ok(footing)
}

/// The flag is changing while the plan looks at it.
fn changing() -> Verdict {
    let wait = Wait::new(Gate::Moves, Lack::Stale).saying("the component is changing");
    Verdict::Wait(vec![wait])
}
