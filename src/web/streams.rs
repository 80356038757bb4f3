//! Streams of events (`text/event-stream`): how many there may be, and when they end.
//!
//! A stream has no queue. It keeps the last revision it has told, sleeps until there is news, and
//! reads what is new when its client takes the next piece. So a client that reads slowly makes
//! nobody wait and costs no memory: it is told later, in larger pieces.

mod follow;
mod places;

pub(super) use follow::{Follow, News, write_event};
pub(super) use places::{Place, no_place};
pub use places::{STREAMS_MAX, Streams};
