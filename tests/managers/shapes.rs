//! What the old emitters write, the reader reads.

use crossfade::compare::events::{Frame, Seen, read};
use crossfade::domain::{Event, Timestamp, WireShape};
use crossfade::legacy::managers::frame_text;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<i32>().prop_map(|number| (f64::from(number) / 1e4).into()),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn event() -> impl Strategy<Value = Event> {
    let kinds = prop::sample::select(vec![
        "agent_started",
        "agent_thinking",
        "tool_executing",
        "tool_completed",
        "agent_completed",
        "thread_renamed",
    ]);
    let stamp = prop::option::of(0..4_000_000_000_000_i64);
    (kinds, value(), value(), ".{0,12}", stamp).prop_map(|(kind, one, two, text, stamp)| {
        let payload = match kind {
            "agent_thinking" => json!({"reasoning": text, "step_number": one}),
            "tool_executing" => json!({"tool_name": "t", "parameters": one}),
            "tool_completed" => json!({"tool_name": "t", "result": one, "other": two}),
            "agent_completed" => json!({"result": one, "execution_time_ms": 3.5}),
            _ => json!({"status": text, "context": one}),
        };
        let mut event = json!({"type": kind, "event_id": "e", "run_id": "r", "thread_id": "t",
            "user_id": "ada", "agent_name": "triage", "seq": 2, "payload": payload});
        if let Some(stamp) = stamp {
            event["timestamp"] = Timestamp::from_micros(stamp * 1_000).rfc3339().into();
        }
        Event::parse(event.to_string().as_bytes()).expect("an event")
    })
}

/// What is told is told right.
fn agree<T: PartialEq + std::fmt::Debug>(told: Option<&T>, right: Option<&T>) {
    if told.is_some() && right.is_some() {
        assert_eq!(told, right);
    }
}

proptest! {
    #[test]
    fn an_event_comes_back_from_every_layout(
        event in event(),
        shape in prop::sample::select(WireShape::ALL.to_vec()),
        named in any::<bool>(),
    ) {
        let published = Seen::of(&event).expect("readable");
        let text = frame_text(&event, shape, NOW).expect("a frame");
        let Frame::Event(seen) = read(&text, named.then_some(shape)) else {
            panic!("no event: {text}")
        };
        prop_assert_eq!(&seen.kind, &published.kind);
        prop_assert_eq!(&seen.payload, &published.payload, "{}", text);
        let written = published.at.unwrap_or(NOW);
        agree(seen.id.as_ref(), published.id.as_ref());
        agree(seen.run.as_ref(), published.run.as_ref());
        agree(seen.thread.as_ref(), published.thread.as_ref());
        agree(seen.user.as_ref(), published.user.as_ref());
        agree(seen.agent.as_ref(), published.agent.as_ref());
        agree(seen.number.as_ref(), published.number.as_ref());
        agree(seen.at.as_ref(), Some(&written));
    }
}
