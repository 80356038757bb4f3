//! What frames look like.

use std::fmt::Write as _;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::{
    ConnectionId, Epoch, Event, EventId, EventKind, Position, RunId, Sequence, Timestamp,
};

/// All of an event's frame except its place in the log, which is known last.
pub(super) struct FrameHead(String);

impl FrameHead {
    /// The frame of `event` under the name `id`: the fields in which it was published, its
    /// `message_id` in the payload, and `accepted_at` where it came without a time.
    pub fn new(event: &Event, id: &EventId, accepted_at: Timestamp) -> Self {
        let payload = event.payload.text();
        let mut text = String::with_capacity(payload.len() + 320);
        text.push_str("{\"type\":");
        push_text(&mut text, event.kind.as_str());
        push_field(&mut text, "event_id", id.as_str());
        if let Some(run) = &event.run {
            push_field(&mut text, "run_id", run.as_str());
        }
        if let Some(thread) = &event.thread {
            push_field(&mut text, "thread_id", thread.as_str());
        }
        push_field(&mut text, "user_id", event.user.as_str());
        if let Some(agent) = &event.agent {
            push_field(&mut text, "agent_name", agent);
        }
        if let Some(number) = event.number {
            // Writing into a `String` cannot fail.
            let _written = write!(text, ",\"seq\":{number}");
        }
        push_field(&mut text, "timestamp", &event.at.unwrap_or(accepted_at).rfc3339());
        text.push_str(",\"payload\":");
        push_payload(&mut text, payload, event.payload.names_message(), id);
        Self(text)
    }

    /// Bytes of the frame without its place.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The frame.
    pub fn finish(mut self, epoch: Epoch, sequence: Sequence) -> Bytes {
        let _written = write!(self.0, ",\"epoch\":{epoch},\"sequence\":{sequence}}}");
        Bytes::from(self.0)
    }
}

/// The payload with its `message_id`, by which clients tell a repetition.
fn push_payload(text: &mut String, payload: &str, names_message: bool, id: &EventId) {
    if names_message {
        text.push_str(payload);
        return;
    }
    // An object, as its parser has made sure; what follows the brace may be white space.
    let rest = payload.trim_start().strip_prefix('{').unwrap_or("}").trim_start();
    text.push_str("{\"message_id\":");
    push_text(text, id.as_str());
    if !rest.starts_with('}') {
        text.push(',');
    }
    text.push_str(rest);
}

fn push_field(text: &mut String, name: &str, value: &str) {
    text.push_str(",\"");
    text.push_str(name);
    text.push_str("\":");
    push_text(text, value);
}

fn push_text(text: &mut String, value: &str) {
    if value.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else {
        // A text is always JSON.
        text.push_str(&serde_json::Value::from(value).to_string());
    }
}

/// What the log must know of a frame that comes back from the disk.
#[derive(Deserialize)]
pub(super) struct FrameFacts {
    #[serde(rename = "type")]
    kind: String,
    event_id: String,
    #[serde(default)]
    run_id: Option<String>,
    #[serde(default)]
    pub seq: Option<u64>,
    pub epoch: Epoch,
    pub sequence: Sequence,
    payload: Box<RawValue>,
}

impl FrameFacts {
    /// Reads what [`FrameHead`] wrote.
    pub fn read(frame: &str) -> Option<Self> {
        serde_json::from_str(frame).ok()
    }

    pub fn kind(&self) -> Option<EventKind> {
        EventKind::parse(&self.kind)
    }

    pub fn id(&self) -> Option<EventId> {
        EventId::parse(&self.event_id)
    }

    pub fn run(&self) -> Option<RunId> {
        RunId::parse(self.run_id.as_deref()?)
    }

    /// The tool that the event is about.
    pub fn tool(&self) -> Option<String> {
        tool_name(self.payload.get())
    }
}

/// The `tool_name` of a payload.
pub(super) fn tool_name(payload: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Tool {
        tool_name: String,
    }
    serde_json::from_str::<Tool>(payload).ok().map(|tool| tool.tool_name)
}

/// The first frame of a connection.
pub(super) fn established(connection: &ConnectionId, position: Position, now: Timestamp) -> String {
    serde_json::json!({
        "type": "connection_established",
        "connection_id": connection.as_str(),
        "epoch": position.epoch,
        "after": position.after,
        "timestamp": now.rfc3339(),
    })
    .to_string()
}

/// Where a connection goes on from, when that changes.
pub(super) fn position(position: Position) -> String {
    serde_json::json!({ "type": "position", "epoch": position.epoch, "after": position.after })
        .to_string()
}

/// What a client has missed and cannot be given any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// The life of the log that goes on.
    pub epoch: Epoch,
    /// The first and the last event of it that are lost; `None` when none of it is.
    pub lost: Option<(Sequence, Sequence)>,
    /// Why.
    pub why: GapCause,
}

/// Why something is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GapCause {
    /// Older than what is kept.
    Expired,
    /// The client's position is of another life of the log. What that one held is not known.
    OtherEpoch,
    /// The client's position is ahead of the log: the log has lost its end.
    Ahead,
}

impl GapCause {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::OtherEpoch => "other_epoch",
            Self::Ahead => "ahead",
        }
    }
}

/// The frame of a gap.
pub(super) fn gap(gap: Gap) -> String {
    serde_json::json!({
        "type": "gap",
        "epoch": gap.epoch,
        "lost_from": gap.lost.map(|(from, _)| from),
        "lost_to": gap.lost.map(|(_, to)| to),
        "cause": gap.why.as_str(),
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(json: &str) -> serde_json::Value {
        let event = Event::parse(json.as_bytes()).expect("an event");
        let id = event.id.clone().unwrap_or_else(|| EventId::parse("made").expect("a name"));
        let head = FrameHead::new(&event, &id, Timestamp::from_seconds(0));
        let bytes = head.finish(Epoch(7), Sequence(3));
        serde_json::from_slice(&bytes).expect("JSON")
    }

    #[test]
    fn a_frame_is_the_event_with_its_place() {
        let json = r#"{"type":"tool_executing","event_id":"e\"1","run_id":"r","thread_id":"t",
            "user_id":"a","agent_name":"x","seq":2,"timestamp":"2026-01-31T12:00:00.000Z",
            "payload": { "tool_name":"s" } }"#;
        let expected = serde_json::json!({
            "type": "tool_executing", "event_id": "e\"1", "run_id": "r", "thread_id": "t",
            "user_id": "a", "agent_name": "x", "seq": 2,
            "timestamp": "2026-01-31T12:00:00.000Z",
            "payload": { "message_id": "e\"1", "tool_name": "s" },
            "epoch": 7, "sequence": 3
        });
        assert_eq!(frame(json), expected);
    }

    #[test]
    fn a_payload_keeps_its_own_message_id_and_may_be_empty() {
        let own = frame(
            r#"{"type":"x","event_id":"e","user_id":"a","payload":{"message_id":"e","n":1}}"#,
        );
        assert_eq!(own["payload"], serde_json::json!({"message_id": "e", "n": 1}));
        let empty = frame(r#"{"type":"x","user_id":"a","payload": { } }"#);
        assert_eq!(empty["payload"], serde_json::json!({"message_id": "made"}));
        assert_eq!(empty["timestamp"], "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn the_log_reads_back_what_it_needs() {
        let json = r#"{"type":"tool_completed","event_id":"e","run_id":"r","user_id":"a",
            "payload":{"tool_name":"s"}}"#;
        let event = Event::parse(json.as_bytes()).expect("an event");
        let id = EventId::parse("e").expect("a name");
        let bytes =
            FrameHead::new(&event, &id, Timestamp::from_seconds(0)).finish(Epoch(7), Sequence(3));
        let facts = FrameFacts::read(std::str::from_utf8(&bytes).expect("text")).expect("facts");
        assert_eq!((facts.epoch, facts.sequence), (Epoch(7), Sequence(3)));
        assert_eq!(facts.id(), Some(id));
        assert_eq!(facts.kind(), Some(EventKind::ToolCompleted));
        assert_eq!(facts.run(), RunId::parse("r"));
        assert_eq!(facts.tool().as_deref(), Some("s"));
    }
}
