//! The one client that leaves the house: allowed hosts only, no redirects, no proxy from the
//! environment, caps on bytes and time, certificates always checked.
//!
//! [`Outbound::send`] turns a [`Call`] into an [`Answer`] or an [`OutboundError`]. Any HTTP status
//! is an answer; what it means is the caller's business.

mod call;
mod client;
mod error;
mod headers;
mod host;
#[cfg(test)]
pub(crate) mod scripted;
mod url;

pub use call::{Answer, Call, Method};
pub use client::{Outbound, Settings};
pub use error::OutboundError;
pub use headers::Headers;
pub use host::HostRule;
pub use url::Url;
