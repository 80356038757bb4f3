//! Frames of every layout, and of none.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::domain::{Event, EventKind, Timestamp, WireShape};

fn seen(frame: &Value) -> Seen {
    match read(&frame.to_string(), None) {
        Frame::Event(seen) => *seen,
        Frame::NotAnEvent | Frame::Unreadable(_) => panic!("no event: {frame}"),
    }
}

fn event(json: &Value) -> Event {
    Event::parse(json.to_string().as_bytes()).expect("an event")
}

/// The second of a run, as it was published.
fn thinking() -> Value {
    json!({
        "type": "agent_thinking", "event_id": "e-2", "run_id": "r-1", "thread_id": "t-1",
        "user_id": "ada", "agent_name": "triage", "seq": 2,
        "timestamp": "2026-01-31T12:00:00.500Z",
        "payload": { "reasoning": "hm", "step_number": 1 }
    })
}

fn tool_completed() -> Value {
    json!({
        "type": "tool_completed", "event_id": "e-4", "run_id": "r-1", "user_id": "ada",
        "agent_name": "triage", "timestamp": "2026-01-31T12:00:00.500Z",
        "payload": { "tool_name": "search", "result": [1, 2], "execution_time_ms": 12.0 }
    })
}

#[test]
fn an_event_and_its_frame_in_the_new_layout_say_the_same() {
    let published = Seen::of(&event(&thinking())).expect("readable");
    let mut frame = thinking();
    frame["payload"]["message_id"] = "e-2".into();
    frame["epoch"] = 7.into();
    frame["sequence"] = 3.into();
    assert_eq!(seen(&frame), published);
    assert_eq!(published.at, Timestamp::parse("2026-01-31T12:00:00.500Z"));
    assert_eq!(Value::Object(published.payload), json!({"reasoning": "hm", "step_number": 1}));
}

/// Frames of the same event as different emitters write it.
fn layouts_of_thinking() -> [(WireShape, Value); 12] {
    let time = "2026-01-31T12:00:00.500000+00:00";
    [
        (WireShape::Target, thinking()),
        (
            WireShape::Bridge,
            json!({"type": "agent_thinking", "run_id": "r-1", "user_id": "ada", "trace": null,
                "agent_name": "triage", "timestamp": time, "event_id": "e-2",
                "payload": {"reasoning": "hm", "step_number": 1, "progress_percentage": null}}),
        ),
        (
            WireShape::Emitter,
            json!({"type": "reasoning", "timestamp": time, "critical": true, "attempt": 1,
                "run_id": "r-1", "thread_id": "t-1", "request_id": "q", "user_id": "ada",
                "agent_name": "triage", "reasoning": "hm",
                "metadata": {"user_tier": "free", "is_priority_queue": false, "step_number": 1}}),
        ),
        (
            WireShape::Data,
            json!({"type": "agent_thinking", "data": {"reasoning": "hm", "step_number": 1.0},
                "timestamp": 1_769_860_800.5, "thread_id": "t-1", "user_id": "ada",
                "message_id": "e-2"}),
        ),
        (
            WireShape::Flat,
            json!({"type": "agent_thinking", "run_id": "r-1", "agent_name": "triage",
                "reasoning": "hm", "step_number": 1, "timestamp": 1_769_860_800_500_u64}),
        ),
        (
            WireShape::Wrapped,
            json!({"type": "agent_progress", "timestamp": 3.0, "data": {
                "event": "agent_thinking", "type": "progress", "user_id": "ada",
                "turn_id": "r-1", "timestamp": time,
                "payload": {"reasoning": "hm", "step_number": 1}}}),
        ),
        (
            WireShape::Demo,
            json!({"type": "agent_thinking", "timestamp": "2026-01-31T12:00:00.500000",
                "agent": "triage", "run_id": "r-1", "thought": "hm", "step_number": 1}),
        ),
        (
            WireShape::Example,
            json!({"type": "agent_thinking", "payload": {"message": "hm", "step_number": 1,
                "example_message_id": "x-9", "timestamp": time}}),
        ),
        (
            WireShape::Agent,
            json!({"type": "agent_thinking", "data": {"run_id": "r-1", "thought": "hm",
                "step_number": 1, "agent_name": "triage", "timestamp": time}}),
        ),
        (
            WireShape::Response,
            json!({"type": "agent_thinking", "payload": {"reasoning": "hm", "step_number": 1}}),
        ),
        (
            WireShape::Stream,
            json!({"event": "agent_thinking", "agent_id": "7", "timestamp": time,
                "message": "hm", "step_number": 1}),
        ),
        (
            WireShape::Model,
            json!({"type": "agent_thinking", "sender": "agent", "timestamp": time,
                "payload": {"agent_id": "7", "agent_type": "T", "run_id": "r-1",
                    "reasoning": "hm", "step_number": 1}}),
        ),
    ]
}

#[test]
fn every_layout_is_read_by_looking_as_by_its_name() {
    let published = Seen::of(&event(&thinking())).expect("readable");
    for (shape, frame) in layouts_of_thinking() {
        let found = seen(&frame);
        assert_eq!(read(&frame.to_string(), Some(shape)), Frame::Event(Box::new(found.clone())));
        assert_eq!(found.payload, published.payload, "{shape:?}");
        assert_eq!(found.kind, EventKind::AgentThinking, "{shape:?}");
        assert_eq!(found.renamed, shape == WireShape::Emitter);
        // What a layout tells is right; what it has no place for it does not tell.
        let told = |told: bool, wrong: bool| assert!(!told || !wrong, "{shape:?}");
        told(found.run.is_some(), found.run != published.run);
        told(found.user.is_some(), found.user != published.user);
        told(found.agent.is_some(), found.agent != published.agent);
        told(found.thread.is_some(), found.thread != published.thread);
        told(found.at.is_some(), found.at != published.at);
        let named = matches!(shape, WireShape::Target | WireShape::Bridge | WireShape::Data);
        assert_eq!(found.id == published.id, named, "{shape:?}");
    }
}

#[test]
fn results_and_tools_go_by_one_name() {
    let published = Seen::of(&event(&tool_completed())).expect("readable");
    let expected = json!({"tool_name": "search", "result": [1, 2], "execution_time_ms": 12});
    assert_eq!(Value::Object(published.payload.clone()), expected);
    for carried in [
        json!({"tool": "search", "response": [1, 2], "execution_time_ms": 12}),
        json!({"tool_name": "search", "results": [1, 2], "execution_time_ms": 12}),
        json!({"tool_name": "search", "result": [1, 2.0], "results": [1, 2],
            "execution_time_ms": 12}),
    ] {
        let frame = json!({"type": "tool_completed", "payload": carried});
        assert_eq!(seen(&frame).payload, published.payload);
    }
    let two = json!({"type": "tool_completed", "payload": {"result": 1, "results": 2}});
    assert_eq!(Value::Object(seen(&two).payload), json!({"result": 1, "results": 2}));
    let own = json!({"type": "mine", "payload": {"tool": "t", "message": "m", "args": 1}});
    assert_eq!(Value::Object(seen(&own).payload), own["payload"]);
    let answer = json!({"type": "agent_completed", "payload": "done"});
    assert_eq!(Value::Object(seen(&answer).payload), json!({"result": "done"}));
}

#[test]
fn what_contradicts_the_envelope_stays_in_the_payload() {
    let frame = json!({"type": "x", "event_id": "a", "run_id": "r", "user_id": "ada",
        "payload": {"message_id": "b", "run_id": "r", "user_id": "bob"}});
    let found = seen(&frame);
    assert_eq!(Value::Object(found.payload), json!({"message_id": "b", "user_id": "bob"}));
    assert_eq!(found.user.expect("a user").as_str(), "ada");
}

#[test]
fn frames_of_the_connection_are_no_events() {
    for text in [
        r#"{"type":"connection_established","data":{"user_id":"demo-use..."}}"#,
        r#"{"type":"pong","timestamp":1}"#,
        r#"{"type":"ack","received_type":"x"}"#,
        r#"{"type":"system_message","data":{"text":"hello"}}"#,
        r#"{"hello":1}"#,
        "{}",
        "[]",
        "7",
    ] {
        assert_eq!(read(text, None), Frame::NotAnEvent, "{text}");
    }
}

#[test]
fn what_no_client_can_read_says_why() {
    let large = format!("\"{}\"", "x".repeat(FRAME_BYTES_MAX));
    for (text, why) in [
        (r#"{"type":"x","payload":{"n":NaN}}"#, Unreadable::NotJson),
        (r#"{"type":"x","payload":{"n":1e999}}"#, Unreadable::NotJson),
        ("<Event object at 0x7f>", Unreadable::NotJson),
        ("", Unreadable::NotJson),
        (&large, Unreadable::TooLarge),
        (r#"{"type":7}"#, Unreadable::Type),
        (r#"{"type":"two words"}"#, Unreadable::Type),
    ] {
        assert_eq!(read(text, None), Frame::Unreadable(why));
    }
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    assert_eq!(read(&deep, None), Frame::Unreadable(Unreadable::NotJson));
}

/// In the new layout, as the house would write it.
fn written(seen: &Seen) -> Value {
    let mut frame = Map::new();
    let mut tell = |name: &str, value: Option<Value>| {
        frame.extend(value.map(|value| (name.to_owned(), value)));
    };
    tell("type", Some(seen.kind.as_str().into()));
    tell("event_id", seen.id.as_ref().map(|id| id.as_str().into()));
    tell("run_id", seen.run.as_ref().map(|run| run.as_str().into()));
    tell("thread_id", seen.thread.as_ref().map(|thread| thread.as_str().into()));
    tell("user_id", seen.user.as_ref().map(|user| user.as_str().into()));
    tell("agent_name", seen.agent.as_deref().map(Into::into));
    tell("seq", seen.number.map(Into::into));
    tell("timestamp", seen.at.map(|at| at.rfc3339().into()));
    tell("payload", Some(Value::Object(seen.payload.clone())));
    Value::Object(frame)
}

const NAMES: &[&str] = &[
    "agent",
    "agent_id",
    "agent_name",
    "args",
    "attempt",
    "critical",
    "data",
    "event",
    "event_id",
    "example_message_id",
    "message",
    "message_id",
    "metadata",
    "parameters",
    "payload",
    "reasoning",
    "response",
    "result",
    "results",
    "run_id",
    "sender",
    "seq",
    "status",
    "thought",
    "thread_id",
    "timestamp",
    "tool",
    "tool_name",
    "turn_id",
    "type",
    "user_id",
    "user_tier",
];

const TEXTS: &[&str] = &[
    "",
    "a",
    "agent_completed",
    "agent_started",
    "agent_thinking",
    "b",
    "reasoning",
    "tool_completed",
    "tool_executing",
    "2026-01-31T12:00:00",
    "2026-01-31T12:00:00.1234567Z",
    "2026-01-31 12:00:00+02:00",
    "9999-12-31T23:59:59.999-12:00",
    "7",
];

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3..3_i64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(1.0)),
        Just(json!(1_769_860_800.123_456_7)),
        prop::sample::select(TEXTS).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 8, |inner| {
        let name = prop_oneof![
            9 => prop::sample::select(NAMES).prop_map(str::to_owned),
            1 => any::<String>(),
        ];
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            4 => prop::collection::vec((name, inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn frame_value() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![
        8 => prop::sample::select(TEXTS).prop_map(|text| json!({"type": text})),
        2 => prop::sample::select(TEXTS).prop_map(|text| json!({"event": text})),
        1 => Just(json!({})),
    ];
    (kind, json_value()).prop_map(|(kind, mut value)| {
        if let (Value::Object(fields), Value::Object(kind)) = (&mut value, kind) {
            fields.extend(kind);
        }
        value
    })
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in any::<String>()) {
        let _frame = read(&text, None);
    }

    #[test]
    fn no_frame_breaks_the_reader_and_reading_again_changes_nothing(
        value in frame_value(),
        shape in prop::option::of(prop::sample::select(WireShape::ALL.to_vec())),
    ) {
        if let Frame::Event(first) = read(&value.to_string(), shape) {
            let first = Seen { renamed: false, ..*first };
            let again = seen(&written(&first));
            prop_assert_eq!(again, first);
        }
    }
}
