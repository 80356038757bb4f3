//! One run: what is published, and whether its five events arrived as they must.

use serde_json::{Value, json};

use super::frames::{field, kind, writer};
use crate::domain::{EventKind, Side};

/// What the last of the five carries where the prober publishes them.
pub(super) const ANSWER: &str = "the golden path is walked";

/// A run of the prober's own.
pub(super) struct Run {
    /// Its name, and the beginning of those of its events.
    pub id: String,
}

impl Run {
    /// A run whose name is nobody else's.
    pub fn new() -> Self {
        Self { id: format!("crossfade-probe-{:032x}", rand::random::<u128>()) }
    }

    /// Its five events, as they are published.
    pub fn events(&self, user: &str) -> Value {
        let payloads = [
            json!({ "status": "started" }),
            json!({ "reasoning": "which way this goes" }),
            json!({ "tool_name": "walk" }),
            json!({ "tool_name": "walk", "result": "walked" }),
            json!({ "result": ANSWER }),
        ];
        let all = EventKind::CRITICAL.iter().zip(payloads).zip(1..);
        let events: Vec<Value> = all
            .map(|((kind, payload), number)| {
                json!({
                    "type": kind.as_str(), "event_id": format!("{}-{number}", self.id),
                    "run_id": self.id, "user_id": user, "agent_name": "crossfade-probe",
                    "seq": number, "payload": payload,
                })
            })
            .collect();
        json!({ "events": events })
    }

    /// An event of the same run that is published while nobody listens.
    pub fn missed(&self, user: &str) -> Value {
        json!({
            "type": "crossfade.probe", "event_id": self.missed_id(), "run_id": self.id,
            "user_id": user, "payload": { "status": "missed" },
        })
    }

    pub fn missed_id(&self) -> String {
        format!("{}-missed", self.id)
    }

    /// True for a frame of this run; of its five events also where a shape of legacy's does not
    /// say whose run it is.
    pub fn has(&self, frame: &Value) -> bool {
        match field(frame, "run_id").and_then(Value::as_str) {
            Some(run) => run == self.id,
            None => place(frame).is_some() && names_no_run(frame),
        }
    }
}

/// True for the shapes of legacy's that carry no name of a run.
fn names_no_run(frame: &Value) -> bool {
    writer(frame) == Side::Legacy && field(frame, "run_id").is_none()
}

/// Which of the five an event is, from 0.
pub(super) fn place(frame: &Value) -> Option<usize> {
    let kind = kind(frame)?;
    EventKind::CRITICAL.iter().position(|critical| critical.as_str() == kind)
}

/// Whether the five came, each once, in their order. `came` are frames of the run as they came.
pub(super) fn judge(came: &[Value]) -> Result<(), String> {
    let places: Vec<usize> = came.iter().filter_map(place).collect();
    for (at, event) in EventKind::CRITICAL.iter().enumerate() {
        match places.iter().filter(|place| **place == at).count() {
            0 => return Err(format!("{event} did not arrive")),
            1 => {}
            times => return Err(format!("{event} arrived {times} times")),
        }
    }
    match places.windows(2).find(|pair| pair[0] > pair[1]) {
        Some(pair) => {
            let [first, then] = [pair[0], pair[1]].map(|place| &EventKind::CRITICAL[place]);
            Err(format!("{first} arrived before {then}"))
        }
        None => Ok(()),
    }
}

/// The answer that the last of the five carries.
pub(super) fn answer(came: &[Value]) -> Option<&Value> {
    let last = came.iter().find(|frame| place(frame) == Some(EventKind::CRITICAL.len() - 1))?;
    ["result", "results", "response"].iter().find_map(|name| field(last, name)).filter(|answer| {
        match answer {
            Value::String(text) => !text.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    })
}

/// The side that has written all of them; `None` where both did.
pub(super) fn writer_of(came: &[Value]) -> Option<Side> {
    let mut sides = came.iter().filter(|frame| place(frame).is_some()).map(writer);
    let first = sides.next()?;
    sides.all(|side| side == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(run: &Run) -> Vec<Value> {
        let events = run.events("ada");
        let events = events["events"].as_array().expect("a list").iter().zip(1..);
        let placed = |(event, number): (&Value, u64)| {
            let mut event = event.clone();
            (event["epoch"], event["sequence"]) = (1.into(), number.into());
            event
        };
        events.map(placed).collect()
    }

    #[test]
    fn five_events_in_order_once_are_a_run() {
        let run = Run::new();
        let came = came(&run);
        assert_eq!(judge(&came), Ok(()));
        assert_eq!(answer(&came), Some(&json!(ANSWER)));
        assert_eq!(writer_of(&came), Some(Side::Ssot));
        assert!(came.iter().all(|frame| run.has(frame)) && !Run::new().has(&came[0]));
    }

    #[test]
    fn each_event_that_is_missing_or_comes_twice_is_named() {
        for at in 0..5 {
            let name = EventKind::CRITICAL[at].as_str();
            let mut short = came(&Run::new());
            let twice = short.remove(at);
            assert_eq!(judge(&short), Err(format!("{name} did not arrive")));
            let mut long = came(&Run::new());
            long.push(twice);
            assert_eq!(judge(&long), Err(format!("{name} arrived 2 times")));
        }
        assert_eq!(judge(&[]), Err("agent_started did not arrive".to_owned()));
    }

    #[test]
    fn events_in_another_order_are_named() {
        for at in 0..4 {
            let mut odd = came(&Run::new());
            odd.swap(at, at + 1);
            let [first, then] = [at + 1, at].map(|at| EventKind::CRITICAL[at].as_str());
            assert_eq!(judge(&odd), Err(format!("{first} arrived before {then}")));
        }
    }

    #[test]
    fn an_answer_is_more_than_nothing() {
        let last = |result: Value| [json!({ "type": "agent_completed", "payload": result })];
        for empty in [json!({}), json!({ "result": "" }), json!({ "result": {} })] {
            assert_eq!(answer(&last(empty.clone())), None, "{empty}");
        }
        assert!(answer(&last(json!({ "response": "yes" }))).is_some());
    }

    #[test]
    fn a_shape_without_a_run_may_be_legacy_s_and_never_ssot_s() {
        let run = Run::new();
        assert!(run.has(&json!({ "event": "agent_started" })));
        assert!(!run.has(&json!({ "type": "agent_started", "epoch": 1, "sequence": 1 })));
        assert!(!run.has(&json!({ "type": "thread_renamed" })));
    }
}
