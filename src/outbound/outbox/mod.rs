//! What must arrive: parcels that are kept on the disk until the other end has taken them.
//!
//! - [`Outbox::send_later`] returns when the parcel is on the disk; from then on it survives a
//!   restart and a kill.
//! - A parcel is taken off the disk only after the other end has answered 2xx, and so may arrive
//!   twice (a kill in between). Each attempt carries the parcel's id as `Idempotency-Key`.
//! - A 4xx answer other than 408, 425 and 429 refuses it for good, its expiry ends it; it then
//!   stands among the dead for a while, without headers and body.
//! - Everything else is tried again, later and later, up to five minutes apart and at random, so
//!   that an end that comes back is not met by everybody at once. `Retry-After` is heeded.
//! - No order is kept, and nothing waits for a slow host but that host's own parcels.
//! - What the disk refuses can be sent at once and from memory ([`Outbox::send_unkept`]).
//! - Secrets are not kept: a parcel names a [`SecretSource`], which adds them when it leaves.

mod attempt;
mod backoff;
mod disk;
mod entry;
mod error;
#[expect(clippy::module_inception, reason = "the file is named after the thing in it")]
mod outbox;
mod parcel;
mod retry_after;
mod stats;
#[cfg(test)]
mod tests;

pub use attempt::Unkept;
pub use disk::{Dead, DeathCause};
pub use error::OutboxError;
pub use outbox::Outbox;
pub use parcel::{Departing, Parcel, ParcelId, SecretSource, SecretSources};
pub use stats::{OutboxStats, WaitingParcel};
