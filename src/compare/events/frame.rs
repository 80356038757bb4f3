//! What a frame turns out to be.

use serde_json::Value;

use super::Seen;
use super::opened::{Type, open};
use crate::domain::WireShape;

/// Largest frame read, in bytes; the largest event and its envelope fit several times.
pub const FRAME_BYTES_MAX: usize = 256 * 1024;

/// Frames of the connection itself, and answers to what a client has sent.
const OUTSIDE_EVENTS: [&str; 14] = [
    "ack",
    "connection_error",
    "connection_established",
    "error",
    "error_message",
    "gap",
    "heartbeat",
    "heartbeat_ack",
    "ping",
    "pong",
    "position",
    "server_message",
    "session_created",
    "system_message",
];

/// A frame, read.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// It tells an event.
    Event(Box<Seen>),
    /// It is about the connection.
    NotAnEvent,
    /// No client can read it.
    Unreadable(Unreadable),
}

/// Why no client can read a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unreadable {
    /// Over [`FRAME_BYTES_MAX`].
    TooLarge,
    /// Not JSON; numbers that JSON does not have, such as `NaN`, among the reasons.
    NotJson,
    /// The type is no word.
    Type,
}

/// Reads a frame, by the layout of `shape` or by the one that it seems to have.
pub fn read(text: &str, shape: Option<WireShape>) -> Frame {
    if text.len() > FRAME_BYTES_MAX {
        return Frame::Unreadable(Unreadable::TooLarge);
    }
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return Frame::Unreadable(Unreadable::NotJson);
    };
    let Value::Object(fields) = value else { return Frame::NotAnEvent };
    let opened = open(fields, shape);
    match &opened.kind {
        Type::Missing => Frame::NotAnEvent,
        Type::Named(name) if OUTSIDE_EVENTS.contains(&&**name) => Frame::NotAnEvent,
        Type::Odd => Frame::Unreadable(Unreadable::Type),
        Type::Named(_) => match Seen::of_opened(opened) {
            Some(seen) => Frame::Event(Box::new(seen)),
            None => Frame::Unreadable(Unreadable::Type),
        },
    }
}
