//! What can go wrong with who may do what, as situations.

use super::{Name, Refusal};
use crate::store::StoreError;

/// What can go wrong with a change of who may do what.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Not let in.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Somebody of that name is there already.
    #[error("there is already {0}")]
    NameTaken(Name),
    /// Nobody, or nothing, of that name or id.
    #[error("there is no {0}")]
    NotFound(String),
    /// Without an admin nobody could let anybody in.
    #[error("{0} is the last admin; make another one first")]
    LastAdmin(Name),
    /// A password that is too short, too long or on the list of common ones.
    #[error("the password {0}")]
    BadPassword(&'static str),
    /// Something typed that makes no sense.
    #[error("{0}")]
    Unusable(String),
    /// A bound is reached; remove something first.
    #[error("there are {max} {what} already, and no room for more")]
    Full {
        /// What there are too many of.
        what: &'static str,
        /// How many there may be.
        max: usize,
    },
    /// The proposal was decided, or has expired.
    #[error("the request is decided or has expired")]
    ProposalOver,
    /// The store failed; the change does not hold.
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
    /// The identity provider cannot be asked.
    #[error("the identity provider cannot be asked: {0}")]
    Provider(String),
}
