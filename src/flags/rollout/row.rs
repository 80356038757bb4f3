//! The stored row of a plan, and a line of its history.

use serde::{Deserialize, Serialize};

use super::super::log::Line;
use super::super::{Cause, Flag, Stage};
use super::Step;
use crate::domain::{ComponentId, Revision, Timestamp};
use crate::store::Row;

/// The stored row of a plan: what it is, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// Whose plan.
    pub component: ComponentId,
    /// The revision under which it was defined; names the plan for good.
    pub id: Revision,
    /// The template it was made from, if it was.
    pub template: Option<String>,
    /// The steps, in their order.
    pub steps: Vec<Step>,
    /// Whether it goes on.
    #[serde(flatten)]
    pub state: State,
    /// Where it stands.
    pub position: Position,
    /// Who started it.
    pub started_by: String,
    /// When.
    pub started_at: Timestamp,
    /// The revision of its last change.
    pub revision: Revision,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// Why it last changed.
    pub cause: Cause,
}

impl Rollout {
    /// The step at which the component stands; `None` before the first one.
    pub fn step(&self) -> Option<&Step> {
        self.steps.get(self.position.step?)
    }

    /// The step that comes next; `None` at the last one.
    pub fn next_step(&self) -> Option<&Step> {
        self.steps.get(self.next_index())
    }

    pub(super) fn next_index(&self) -> usize {
        self.position.step.map_or(0, |step| step + 1)
    }

    /// What stands in the history of the flag for the move to a step of this plan: no other plan
    /// and no other step has the same.
    pub fn mark(&self, step: usize) -> String {
        let to = self.steps.get(step).map(|step| step.to.to_string()).unwrap_or_default();
        let name = self.template.as_deref().unwrap_or("own");
        format!("{name} plan {}, step {} of {}: {to}", self.id, step + 1, self.steps.len())
    }
}

/// Whether a plan goes on. In JSON tagged by `state`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum State {
    /// It goes on by itself.
    Running,
    /// It waits for a person.
    Paused {
        /// Why it does.
        why: Pause,
    },
    /// Its last step is done.
    Finished,
    /// A person has ended it.
    Aborted,
}

impl State {
    /// `running`, `paused`, `finished` or `aborted`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused { .. } => "paused",
            Self::Finished => "finished",
            Self::Aborted => "aborted",
        }
    }

    /// True when it will not go on.
    pub const fn is_over(&self) -> bool {
        match self {
            Self::Running | Self::Paused { .. } => false,
            Self::Finished | Self::Aborted => true,
        }
    }
}

/// Why a plan waits for a person. In JSON tagged by `because`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Pause {
    /// A person has paused it.
    #[error("{name} paused it")]
    Person {
        /// Who.
        name: String,
    },
    /// The component was rolled back.
    #[error("the component was rolled back at {at}")]
    RolledBack {
        /// When.
        at: Timestamp,
    },
    /// The component was held.
    #[error("the component was held at {at}")]
    Held {
        /// When.
        at: Timestamp,
    },
    /// Somebody moved the component.
    #[error("somebody moved the component to {to}")]
    Moved {
        /// Where to.
        #[serde(flatten)]
        to: Stage,
    },
    /// The flag has changed more often than the plan can follow.
    #[error("the component has changed too often to be followed")]
    LostTrack,
    /// The guard is not content.
    #[error("the guard is not content: {why}")]
    Guard {
        /// What it says.
        why: String,
    },
}

impl Pause {
    /// The code, as in JSON.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Person { .. } => "person",
            Self::RolledBack { .. } => "rolled_back",
            Self::Held { .. } => "held",
            Self::Moved { .. } => "moved",
            Self::LostTrack => "lost_track",
            Self::Guard { .. } => "guard",
        }
    }
}

/// Where a plan stands, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The place of the step among the steps; `None` before the first one.
    pub step: Option<usize>,
    /// Where the plan takes the component to be.
    #[serde(flatten)]
    pub stage: Stage,
    /// The revision of the flag from which it knows that.
    pub flag_revision: Revision,
    /// Since when time and traffic count for this step.
    pub since: Timestamp,
    /// A person leaves needs and hold of this step behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Skipped>,
    /// A second person approves at this step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Approved>,
}

impl Position {
    /// At a step, since the flag was moved there.
    pub(super) fn at_step(step: usize, flag: &Flag) -> Self {
        Self {
            step: Some(step),
            stage: flag.stage,
            flag_revision: flag.revision,
            since: flag.changed_at,
            skipped: None,
            approved: None,
        }
    }
}

/// That a person leaves needs and hold of a step behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Who.
    pub by: String,
    /// Why.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// That a second person approves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// One change of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutChange {
    /// The revision of the change; the key of the log.
    pub revision: Revision,
    /// When.
    pub at: Timestamp,
    /// Whose plan.
    pub component: ComponentId,
    /// The plan as it was; `None` when there was none.
    pub before: Option<Rollout>,
    /// The plan as it is since then.
    pub after: Rollout,
    /// Why.
    pub cause: Cause,
}

impl Row for Rollout {
    const FORMAT: u8 = 1;
}

impl Line for RolloutChange {
    type Kept = Rollout;

    const LOG: &'static str = "rollout_history";
    const ROWS: &'static str = "rollouts";

    fn revision(&self) -> Revision {
        self.revision
    }

    fn row_key(&self) -> String {
        self.component.to_string()
    }

    fn continues(&self, before: Option<&Rollout>) -> bool {
        self.before.as_ref() == before
    }

    fn leaves(&self) -> Option<Rollout> {
        Some(self.after.clone())
    }
}

impl Row for RolloutChange {
    const FORMAT: u8 = 1;
}
