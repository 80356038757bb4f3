//! Sockets: from a handshake to a connection of the manager's, and what is published for them.
//!
//! One task owns a socket ([`talk`]): it alone reads, writes and ends it. The manager hands it
//! frames and never waits for it; a client that takes nothing makes nobody else wait.

mod beside;
mod counts;
mod door;
mod echo;
pub(super) mod events;
mod feed;
pub(super) mod handshake;
mod member;
mod offer;
mod origins;
mod pace;
mod refused;
mod settings;
mod talk;
pub(super) mod ticket;
mod tickets;
mod tunnel;
mod upgrade;
mod watched;
mod wire;

pub use beside::OldManager;
pub use counts::{SocketCounts, SocketEvent};
pub use door::SocketDoor;
pub(super) use echo::echo;
pub use origins::Origins;
pub use settings::{Refuse, SocketSettings};
