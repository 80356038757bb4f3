//! Follows events from their publication to every socket, on both sides.
//!
//! Pure: told what happens and when, it says what that means. A frame belongs to the published
//! event of the same name; where either has no name, to the oldest of its user's events that the
//! connection still lacks, with the same run, type and body. Judged are each event, connection and
//! side:
//!
//! - An event is due on every connection that is open when it is published. It is also due on one
//!   that comes later and says from where it goes on, or, if it does not say, when nobody has
//!   received the event and nobody is about to.
//! - What is not seen on a connection within the wait is lost, if the connection lasts that long.
//! - An order is broken by the event that comes after a later one of its run.
//! - An event of one user on the socket of another is misdelivered, however it was recognised.
//!
//! Everything is bounded; what falls out is counted and judged no more.

mod counts;
mod due;
mod examine;
mod known;
mod matcher;
mod memory;
mod settings;
mod stray;
#[cfg(test)]
mod tests;
mod told;
mod verdict;

pub use counts::MatchCounts;
pub use matcher::{Matcher, Publication, Writing};
pub use settings::{MatchSettings, Sides};
pub use verdict::{EventVerdict, Outcome};
