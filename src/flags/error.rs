//! What can go wrong with the flag table, as situations.

use super::{ImportRefusal, MoveRefusal, RolloutRefusal, SEGMENTS_MAX, SeedFault, SegmentFault};
use crate::domain::{ComponentId, Revision, SegmentId, Timestamp};
use crate::store::StoreError;

/// What can go wrong with the flag table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlagsError {
    /// No component of that id.
    #[error("find component {0}: there is none of that id")]
    UnknownComponent(ComponentId),
    /// The history has no such line.
    #[error("find the change of {component} at revision {revision}: its history has none")]
    UnknownLine {
        /// Whose history.
        component: ComponentId,
        /// The revision asked for.
        revision: Revision,
    },
    /// A target names a segment that is not there.
    #[error("find segment {0}: there is none of that name")]
    UnknownSegment(SegmentId),
    /// A segment that was to be new is there already.
    #[error("make segment {name}: it is there already, at revision {current}")]
    SegmentExists {
        /// Its name.
        name: SegmentId,
        /// Its revision.
        current: Revision,
    },
    /// The segment is not at the revision expected. Nothing of this change holds.
    #[error("change segment {name}: it has changed meanwhile, it is at revision {current}")]
    SegmentConflict {
        /// Its name.
        name: SegmentId,
        /// Its revision now.
        current: Revision,
    },
    /// The segment itself makes no sense.
    #[error("change the segment: {0}")]
    SegmentFaulty(#[from] SegmentFault),
    /// As many segments as there may be.
    #[error("make another segment: there are {SEGMENTS_MAX} already")]
    SegmentsFull,
    /// A flag targets it.
    #[error("remove segment {name}: {component} targets it, take it out of its targets first")]
    SegmentTargeted {
        /// Its name.
        name: SegmentId,
        /// The component that targets it.
        component: ComponentId,
    },
    /// Its members are who a held component serves.
    #[error(
        "change segment {name}: {component} targets it and is held since {at}, release it first"
    )]
    SegmentHeld {
        /// Its name.
        name: SegmentId,
        /// The component that targets it.
        component: ComponentId,
        /// Since when.
        at: Timestamp,
    },
    /// Somebody else was first. Nothing of this change holds.
    #[error("change the flag: it has changed meanwhile, it is at revision {current}")]
    Conflict {
        /// The revision of the flag now.
        current: Revision,
    },
    /// The rules of moves refuse it.
    #[error("change the flag: {0}")]
    NotAllowed(#[from] MoveRefusal),
    /// A document asks for what the rules refuse. Nothing of it holds.
    #[error("import: {}", refusals(.0))]
    ImportRefused(Vec<ImportRefusal>),
    /// A document changes more than the disk takes in one step. Nothing of it holds.
    #[error("import: more than fits into one change, take it in several parts")]
    ImportTooLarge,
    /// Lowered, and so it serves; but the disk refused even the note, so it holds in memory only and a restart
    /// may undo it. It is tried again with the next change, or with [`save`](super::Flags::save);
    /// another rollback would go one stage further instead.
    #[error("keep the change of {component}: it holds in memory only ({problem})")]
    NotDurable {
        /// The component that was lowered, with whatever requires it.
        component: ComponentId,
        /// What the store said.
        problem: StoreError,
    },
    /// No issuer of that name has policies.
    #[error("find the policies of issuer {0:?}: none of that name is configured")]
    UnknownIssuer(String),
    /// Rolled back, and so it serves; but the disk refused, so it holds in memory only and a
    /// restart may undo it. It is tried again.
    #[error("keep the policy of {place}: it holds in memory only ({problem})")]
    PolicyNotDurable {
        /// Issuer and kind.
        place: String,
        /// What the store said.
        problem: StoreError,
    },
    /// Nothing is done with a rollout plan.
    #[error("change the plan: {0}")]
    Rollout(#[from] RolloutRefusal),
    /// The store failed; the change does not hold.
    #[error("change the flag table: {0}")]
    Store(#[from] StoreError),
    /// The seeds do not fit together, or not to the rows that are there.
    #[error("seed the flag table: {}", told(.0))]
    Seeds(Vec<SeedFault>),
    /// The process is ending; whether the change holds is told by the next start.
    #[error("change the flag table: the process is ending")]
    Ending,
}

fn refusals(refusals: &[ImportRefusal]) -> String {
    refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn told(faults: &[SeedFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
