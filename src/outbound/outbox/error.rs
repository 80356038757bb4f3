//! Why a parcel is not taken.

use crate::outbound::OutboundError;
use crate::store::StoreError;

/// Why a parcel is not kept for sending. Nothing of it was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboxError {
    /// As many parcels wait as may.
    #[error("{waiting_max} parcels wait already")]
    Full {
        /// How many may wait.
        waiting_max: usize,
    },
    /// A part of it is too large to keep.
    #[error("the {part} is over {bytes_max} bytes")]
    TooLarge {
        /// `body`, `headers` or `url`.
        part: &'static str,
        /// The limit.
        bytes_max: usize,
    },
    /// Not a [`ParcelId`](super::ParcelId).
    #[error("an id is 1 to 128 letters, digits, and -_.:")]
    BadId,
    /// A header whose value is a secret, or that the outbox sets itself.
    #[error("header {name} is not kept; a secret source adds it when the parcel leaves")]
    HeaderNotKept {
        /// The header's name, in lower case.
        name: String,
    },
    /// No secret source has that name.
    #[error("the secret source is not known")]
    UnknownSource,
    /// Its time is over already.
    #[error("the parcel has expired")]
    Expired,
    /// The same parcel is being put on the disk at this moment.
    #[error("the same parcel is just being kept")]
    Arriving,
    /// It could never be sent: the host is not allowed, a header is no header.
    #[error("the parcel cannot be sent: {0}")]
    Refused(OutboundError),
    /// The disk did not confirm it.
    #[error("the parcel cannot be kept: {0}")]
    Store(#[from] StoreError),
}
