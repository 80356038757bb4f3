//! Why nothing is done with a plan.

use super::super::Stage;
use super::Pause;
use crate::domain::{ComponentId, Revision, Timestamp};

/// Why nothing is done with a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RolloutRefusal {
    /// The component has no plan.
    #[error("{0} has no plan")]
    NoPlan(ComponentId),
    /// There is a plan, and the caller believes that there is none.
    #[error("there is a plan already, at revision {current}")]
    IsThere {
        /// The revision of the plan.
        current: Revision,
    },
    /// Somebody else was first.
    #[error("the plan has changed meanwhile, it is at revision {current}")]
    Changed {
        /// The revision of the plan now.
        current: Revision,
    },
    /// No template of that name.
    #[error("there is no template {0:?}")]
    NoTemplate(String),
    /// The steps make no plan.
    #[error("{field} {problem}")]
    Steps {
        /// Which member, such as `steps[2].hold_s`.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The component is not where the plan can take it up.
    #[error("the component is at {at}, from where the plan's first step {first} is not one move")]
    NotAtTheStart {
        /// Where it is.
        at: Stage,
        /// Where the plan begins.
        first: Stage,
    },
    /// The component stands beside the plan's steps.
    #[error("the component is at {at}, which is no step of the plan; move it to one first")]
    BesideTheSteps {
        /// Where it is.
        at: Stage,
    },
    /// Rolled back and not released.
    #[error("rolled back and latched, release it first (cool-down until {until})")]
    Latched {
        /// The end of the cool-down.
        until: Timestamp,
    },
    /// Held and not released.
    #[error("held since {at}, release it first")]
    Held {
        /// Since when.
        at: Timestamp,
    },
    /// It does not go on by itself.
    #[error("the plan is {state}, not running")]
    NotRunning {
        /// What it is.
        state: &'static str,
    },
    /// Nothing to resume.
    #[error("the plan is {state}, not paused")]
    NotPaused {
        /// What it is.
        state: &'static str,
    },
    /// It has ended.
    #[error("the plan is {state}, it has ended")]
    Over {
        /// What it is.
        state: &'static str,
    },
    /// It waits for a person already.
    #[error("the plan is paused already: {why}")]
    PausedAlready {
        /// Why.
        why: Pause,
    },
    /// A step is skipped once.
    #[error("the step is skipped already")]
    SkippedAlready,
    /// The step asks for nobody.
    #[error("the present step asks for no approval")]
    NoApprovalDue,
    /// The step is approved.
    #[error("the present step is approved already, by {by}")]
    ApprovedAlready {
        /// By whom.
        by: String,
    },
    /// Whoever started a plan does not approve it.
    #[error("{by} started the plan, a second person approves")]
    SamePerson {
        /// Who.
        by: String,
    },
    /// Whoever skips a step says why.
    #[error("to skip a step needs a note that says why")]
    NoteMissing,
}
