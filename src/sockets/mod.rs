//! The one WebSocket manager: who is connected, what reaches them, in what order, what they missed.
//!
//! Each user has a log: the user's events, numbered without a hole, on the disk before their
//! publisher hears that they are accepted. A connection is a place in that log. It reads on from
//! there whenever its socket takes more, so that what was missed, what is live and what waits are
//! one thing, in one order; and a socket that takes nothing makes nobody wait. Whoever falls too
//! far behind is closed, and resumes from the last event that has arrived.
//!
//! What holds, and what the tests beside the code prove:
//!
//! - An event that was acknowledged to its publisher survives a kill.
//! - Within an epoch a connection is given every event of its user behind its place, once and in
//!   order, or a `gap` that says what is lost, or is closed.
//! - An event published again under the same name within the retention is acknowledged, and not
//!   given again.
//! - Nobody is given an event of somebody else.
//! - Only who was admitted can be attached; only this room's [`Connection`] has frames to write.

mod close_reason;
mod committer;
mod connection;
mod counts;
mod entry;
mod error;
mod forward;
mod handover;
mod journal;
mod log;
mod manager;
mod message;
mod registry;
mod runs;
mod seat;
mod settings;
mod tending;
#[cfg(test)]
mod tests;
mod user;
mod wire;

pub use close_reason::CloseReason;
pub use connection::{Beside, Connection, Outgoing, Received, Resume, Watcher};
pub use counts::Stats;
pub use error::{AttachError, OtherUser, PublishError, SocketsError};
pub use forward::{FORWARD_PURPOSE, ForwardSettings, Forwarder, NotForwarded};
pub use handover::Legacy;
pub use manager::{Manager, Published, new_event};
pub use message::{ClientMessage, MessageFault};
pub use runs::Anomaly;
pub use seat::{About, LegacyFrame};
pub use settings::Settings;
