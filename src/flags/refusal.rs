//! Why a change of a flag is refused.

use super::Stage;
use crate::domain::{ComponentId, SegmentId, Timestamp};

/// Why a change is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveRefusal {
    /// Forward goes one stage at a time.
    #[error("{from} cannot go to {to} in one step, one stage at a time")]
    SkipsAStage {
        /// The present stage.
        from: Stage,
        /// The stage asked for.
        to: Stage,
    },
    /// The component is there already.
    #[error("already {0}")]
    AlreadyThere(Stage),
    /// A canary at 0 % is a shadow.
    #[error("a canary needs a share of at least 0.01 %")]
    ShareEmpty,
    /// Rolled back and not released: nothing is raised.
    #[error("rolled back and latched, release it first (cool-down until {until})")]
    Latched {
        /// The end of the cool-down.
        until: Timestamp,
    },
    /// Held and not released: nothing is raised.
    #[error("held since {at}, release it first")]
    Held {
        /// Since when.
        at: Timestamp,
    },
    /// One hold is enough.
    #[error("already held since {at}")]
    AlreadyHeld {
        /// Since when.
        at: Timestamp,
    },
    /// A release before its time.
    #[error("cooling down until {until}")]
    CoolingDown {
        /// The end of the cool-down.
        until: Timestamp,
    },
    /// Nothing to release.
    #[error("neither latched nor held")]
    NotLatched,
    /// Holds and releases say why.
    #[error("a hold and a release need a note that says why")]
    NoteMissing,
    /// Guards and plans do not release.
    #[error("only an operator releases")]
    NeedsOperator,
    /// A component never goes beyond what it requires.
    #[error("requires {parent}, which has only come to {stage}")]
    AboveRequired {
        /// What is required.
        parent: ComponentId,
        /// How far that has come.
        stage: Stage,
    },
    /// A component never falls behind what requires it, except by a rollback.
    #[error("{child} requires it and is at {stage}; move that first, or roll back")]
    BelowDependent {
        /// What requires this one.
        child: ComponentId,
        /// How far that has come.
        stage: Stage,
    },
    /// `complete` is asked for by one person and approved by another.
    #[error("complete needs two people: one asks for it, another approves")]
    NeedsTwoPeople,
    /// There is no change before.
    #[error("nothing to undo: it is as it was created")]
    NothingToUndo,
    /// Differences that may hide that ssot lets in more are accepted by two people.
    #[error(
        "accepting {name} may hide that ssot lets in more than legacy, and needs two people: one \
         asks for it, another approves"
    )]
    AcceptingNeedsTwoPeople {
        /// The accepted difference.
        name: String,
    },
    /// Nothing of this component is in anybody's way.
    #[error("off already, nothing to roll back")]
    NothingToRollBack,
    /// Nobody knows whether legacy is there to take the traffic.
    #[error(
        "complete, and the legacy of {component}, or of what requires it, has not answered within \
         the last minute; two people may roll its phase back all the same: `crossfade flags \
         rollback --phase N --force`, or POST /v1/phases/N/rollback with `force`"
    )]
    LegacySilent {
        /// The component.
        component: ComponentId,
    },
    /// Tokens that legacy cannot read would log everybody out with a rollback.
    #[error(
        "tokens of our own form need {component} to be sealed, it is at {stage} and may roll back"
    )]
    TokenFormTooEarly {
        /// What may still roll back: the component itself, or what requires it.
        component: ComponentId,
        /// How far it has come.
        stage: Stage,
    },
    /// Sealed has no legacy for anybody.
    #[error("the target {segment} keeps its people on legacy, take it away before {to}")]
    HeldBack {
        /// The segment of the target.
        segment: SegmentId,
        /// The stage asked for.
        to: Stage,
    },
    /// Legacy refuses what SSOT signs: after a rollback people would have to sign in again.
    #[error("{why}; two people may raise it all the same: PUT with `force`")]
    WouldSignOut {
        /// What was seen, and when.
        why: String,
    },
    /// Whoever watches the component holds something against its being raised.
    #[error("the guard does not clear it: {why}")]
    NotCleared {
        /// What.
        why: String,
    },
    /// The patch changes nothing.
    #[error("nothing to change")]
    NothingToChange,
    /// A setting out of its range.
    #[error("{field} {problem}")]
    Setting {
        /// Which setting.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
}
