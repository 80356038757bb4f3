//! What can go wrong with the flag table, as situations.

use super::{MoveRefusal, SeedFault};
use crate::domain::{ComponentId, Revision};
use crate::store::StoreError;

/// What can go wrong with the flag table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlagsError {
    /// No component of that id.
    #[error("find component {0}: there is none of that id")]
    UnknownComponent(ComponentId),
    /// Somebody else was first. Nothing of this change holds.
    #[error("change the flag: it has changed meanwhile, it is at revision {current}")]
    Conflict {
        /// The revision of the flag now.
        current: Revision,
    },
    /// The rules of moves refuse it.
    #[error("change the flag: {0}")]
    NotAllowed(#[from] MoveRefusal),
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

fn told(faults: &[SeedFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
