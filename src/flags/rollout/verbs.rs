//! What people do with a plan: from the row before to the row after, or a refusal. Pure.

use super::super::{Cause, Flag, Stage};
use super::steps::check_steps;
use super::templates;
use super::{Approved, Pause, Position, Rollout, RolloutRefusal, Skipped, StartWish, State, Step};
use crate::domain::{Revision, Timestamp};

/// Who stands behind a cause.
fn name_of(cause: &Cause) -> &str {
    match cause {
        Cause::Operator { name, .. } => name,
        Cause::TwoPeople { asked_by, .. } => asked_by,
        Cause::Guard { trip } => trip,
        Cause::Schedule { plan } => plan,
        Cause::Seed => "seed",
    }
}

/// Refuses a component that no plan may take up.
fn check_marks(flag: &Flag) -> Result<(), RolloutRefusal> {
    if let Some(latch) = &flag.latch {
        return Err(RolloutRefusal::Latched { until: latch.until });
    }
    match &flag.hold {
        Some(hold) => Err(RolloutRefusal::Held { at: hold.at }),
        None => Ok(()),
    }
}

/// True when a component at `at` is below `to` and one move away from it.
const fn is_one_move_below(at: Stage, to: Stage) -> bool {
    match (at, to) {
        (Stage::Canary(at), Stage::Canary(to)) => at.basis_points() < to.basis_points(),
        (at, to) => at.rank() + 1 == to.rank(),
    }
}

/// The plan of `wish`, started by `cause`; without a revision yet.
pub(super) fn started(
    flag: &Flag,
    wish: StartWish,
    cause: &Cause,
    now: Timestamp,
) -> Result<Rollout, RolloutRefusal> {
    let (template, steps) = match wish {
        StartWish::Template(name) => {
            let template = templates().into_iter().find(|template| template.name == name);
            let steps = template.map(|template| template.steps);
            (Some(name.clone()), steps.ok_or(RolloutRefusal::NoTemplate(name))?)
        }
        StartWish::Steps(steps) => (None, steps),
    };
    check_steps(&steps)?;
    check_marks(flag)?;
    let first = steps.first().map_or(Stage::Off, |step| step.to);
    let step = match flag.stage {
        at if at == first => Some(0),
        at if is_one_move_below(at, first) => None,
        at => return Err(RolloutRefusal::NotAtTheStart { at, first }),
    };
    Ok(Rollout {
        component: flag.component.clone(),
        id: Revision::default(),
        template,
        steps,
        state: State::Running,
        position: fresh(step, flag, now),
        started_by: name_of(cause).to_owned(),
        started_at: now,
        revision: Revision::default(),
        changed_at: now,
        cause: cause.clone(),
    })
}

/// A place at which time and traffic count from now on.
fn fresh(step: Option<usize>, flag: &Flag, now: Timestamp) -> Position {
    Position {
        step,
        stage: flag.stage,
        flag_revision: flag.revision,
        since: now,
        skipped: None,
        approved: None,
    }
}

impl Rollout {
    /// The row after a change, without its revision yet.
    fn at(&self, state: State, position: Position) -> Self {
        Self { state, position, ..self.clone() }
    }

    /// This plan at another place.
    pub(super) fn moved(&self, position: Position) -> Self {
        self.at(self.state.clone(), position)
    }

    /// This plan at its end.
    pub(super) fn finished(&self) -> Self {
        self.at(State::Finished, self.position.clone())
    }

    /// This plan stopped.
    pub(super) fn stopped(&self, why: Pause) -> Self {
        let why = match why {
            Pause::Guard { why } => {
                Pause::Guard { why: why[..why.floor_char_boundary(Cause::TEXT_MAX)].to_owned() }
            }
            other => other,
        };
        self.at(State::Paused { why }, self.position.clone())
    }

    fn must_run(&self) -> Result<(), RolloutRefusal> {
        match &self.state {
            State::Running => Ok(()),
            State::Paused { .. } | State::Finished | State::Aborted => {
                Err(RolloutRefusal::NotRunning { state: self.state.name() })
            }
        }
    }

    fn must_not_be_over(&self) -> Result<(), RolloutRefusal> {
        if self.state.is_over() {
            return Err(RolloutRefusal::Over { state: self.state.name() });
        }
        Ok(())
    }

    /// Paused by a person.
    pub(super) fn paused(&self, cause: &Cause) -> Result<Self, RolloutRefusal> {
        self.must_not_be_over()?;
        if let State::Paused { why } = &self.state {
            return Err(RolloutRefusal::PausedAlready { why: why.clone() });
        }
        Ok(self.stopped(Pause::Person { name: name_of(cause).to_owned() }))
    }

    /// Resumed by a person, from where the component is now. Time and traffic count anew, unless
    /// a person had paused the plan and nothing has touched the component since.
    pub(super) fn resumed(&self, flag: &Flag, now: Timestamp) -> Result<Self, RolloutRefusal> {
        let why = match &self.state {
            State::Paused { why } => why,
            State::Running | State::Finished | State::Aborted => {
                return Err(RolloutRefusal::NotPaused { state: self.state.name() });
            }
        };
        check_marks(flag)?;
        let untouched = flag.revision == self.position.flag_revision;
        if untouched && matches!(why, Pause::Person { .. }) {
            return Ok(self.at(State::Running, self.position.clone()));
        }
        let here = |step: &Step| step.to == flag.stage;
        let first = self.steps.first().map_or(Stage::Off, |step| step.to);
        let step = match self.steps.iter().rposition(here) {
            Some(step) => Some(step),
            None if is_one_move_below(flag.stage, first) => None,
            None => return Err(RolloutRefusal::BesideTheSteps { at: flag.stage }),
        };
        Ok(self.at(State::Running, fresh(step, flag, now)))
    }

    /// With needs and hold of the present step left behind. An approval that is due stays due.
    pub(super) fn skipped(&self, cause: &Cause, now: Timestamp) -> Result<Self, RolloutRefusal> {
        self.must_run()?;
        let note = cause.note_of_people().unwrap_or_default();
        if note.is_empty() {
            return Err(RolloutRefusal::NoteMissing);
        }
        if self.position.skipped.is_some() {
            return Err(RolloutRefusal::SkippedAlready);
        }
        let skipped = Skipped { by: name_of(cause).to_owned(), note: note.to_owned(), at: now };
        let position = Position { skipped: Some(skipped), ..self.position.clone() };
        Ok(self.moved(position))
    }

    /// Ended for good; the component stays where it is.
    pub(super) fn aborted(&self) -> Result<Self, RolloutRefusal> {
        self.must_not_be_over()?;
        Ok(self.at(State::Aborted, self.position.clone()))
    }

    /// Approved at the present step by a second person.
    pub(super) fn approved(&self, cause: &Cause, now: Timestamp) -> Result<Self, RolloutRefusal> {
        self.must_run()?;
        if !self.step().is_some_and(|step| step.approval) {
            return Err(RolloutRefusal::NoApprovalDue);
        }
        if let Some(Approved { by, .. }) = &self.position.approved {
            return Err(RolloutRefusal::ApprovedAlready { by: by.clone() });
        }
        let by = name_of(cause).to_owned();
        if by == self.started_by {
            return Err(RolloutRefusal::SamePerson { by });
        }
        let approved = Some(Approved { by, at: now });
        Ok(self.moved(Position { approved, ..self.position.clone() }))
    }
}
