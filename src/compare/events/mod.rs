//! Events as they were published, and as either side wrote them to sockets: what arrived, what did
//! not, and what went to somebody else.
//!
//! [`read`] turns a frame of any layout into a [`Seen`]; [`Matcher`] is told what was published and
//! what was written, and says of each event on each connection how it fared.

mod body;
mod frame;
mod matching;
mod normalise;
mod opened;
mod seen;
#[cfg(test)]
mod tests;

pub use frame::{FRAME_BYTES_MAX, Frame, Unreadable, read};
pub use matching::{
    EventVerdict, MatchCounts, MatchSettings, Matcher, Outcome, Publication, Sides, Writing,
};
pub use seen::Seen;
