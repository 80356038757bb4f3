//! The one client that leaves the house: allowed hosts only, no redirects, no proxy from the
//! environment, caps on bytes and time, certificates always checked.
//!
//! [`Outbound::send`] turns a [`Call`] into an [`Answer`] or an [`OutboundError`]. Any HTTP status
//! is an answer; what it means is the caller's business.
//!
//! [`Outbox`] keeps on the disk what must arrive and sends it until it has.
//!
//! A [`Url`] says who wrote it. One from the configuration file goes where the list of allowed
//! hosts lets it; one that was typed must also lead to a public address. Addresses are judged
//! when the connection is made, and those that were judged are those connected to.

mod address;
mod call;
mod client;
mod counts;
mod error;
mod gate;
mod headers;
mod host;
#[cfg(test)]
mod hostile;
mod names;
mod outbox;
#[cfg(test)]
pub(crate) mod scripted;
mod signature;
mod socket;
mod url;

pub use address::AddressKind;
pub use call::{Answer, Call, Method};
pub use client::{Outbound, Settings};
pub use counts::OutboundCounts;
pub use error::OutboundError;
pub use gate::AddressRange;
pub use headers::Headers;
pub use host::HostRule;
pub use outbox::{
    Dead, DeathCause, Departing, Outbox, OutboxError, OutboxStats, Parcel, ParcelId, SecretSource,
    SecretSources, Unkept, WaitingParcel,
};
#[cfg(test)]
pub(crate) use signature::sign;
pub use signature::{WebhookKey, WebhookKeyError};
pub use socket::{Opened, OutboundSocket, SocketCall, SocketFrame};
pub use url::{Trust, Url};
