//! What an old emitter makes of an event.

use serde_json::{Map, Value, json};

use crate::domain::{Event, EventId, RunId, ThreadId, Timestamp, WireShape};

type Fields = Map<String, Value>;

/// The text of `event`'s frame in the layout `shape`; `None` when its payload holds what the old
/// emitters cannot read.
pub fn frame_text(event: &Event, shape: WireShape, now: Timestamp) -> Option<String> {
    frame(event, shape, event.kind.as_str(), true, now)
        .map(|fields| Value::Object(fields).to_string())
}

/// What stands in a frame of `shape` under the type `name`. `None` when the payload holds what the
/// old emitters cannot read.
///
/// What a layout has no place for is left out.
pub(super) fn frame(
    event: &Event,
    shape: WireShape,
    name: &str,
    names_events: bool,
    now: Timestamp,
) -> Option<Fields> {
    let payload: Fields = serde_json::from_str(event.payload.text()).ok()?;
    let id = event.id.as_ref().filter(|_| names_events).map(EventId::as_str);
    let letter = Letter { event, payload, name, id, at: event.at.unwrap_or(now) };
    Some(match shape {
        WireShape::Target => letter.target(),
        WireShape::Bridge => letter.bridge(),
        WireShape::Emitter => letter.emitter(),
        WireShape::Data => letter.data(),
        WireShape::Flat => letter.flat(),
        WireShape::Wrapped => letter.wrapped(),
        WireShape::Demo => letter.demo(),
        WireShape::Example => letter.example(),
        WireShape::Agent => letter.agent(),
        WireShape::Response => letter.response(),
        WireShape::Stream => letter.stream(),
        WireShape::Model => letter.model(),
    })
}

struct Letter<'e> {
    event: &'e Event,
    payload: Fields,
    name: &'e str,
    id: Option<&'e str>,
    at: Timestamp,
}

impl Letter<'_> {
    fn user(&self) -> Value {
        self.event.user.as_str().into()
    }

    fn run(&self) -> Value {
        self.event.run.as_ref().map(RunId::as_str).into()
    }

    fn thread(&self) -> Value {
        self.event.thread.as_ref().map(ThreadId::as_str).into()
    }

    fn agent_name(&self) -> Value {
        self.event.agent.as_deref().into()
    }

    /// As Python writes it.
    fn iso(&self) -> String {
        self.at.rfc3339().replace('Z', "+00:00")
    }

    fn move_to(&mut self, from: &str, to: &str) {
        if let Some(value) = self.payload.remove(from) {
            self.payload.insert(to.to_owned(), value);
        }
    }

    /// `envelope`, with the payload's fields beside it.
    fn flattened(self, envelope: Value) -> Fields {
        let mut fields = self.payload;
        fields.extend(object(envelope));
        fields
    }

    fn target(self) -> Fields {
        let mut frame = self.with_payload(json!({
            "type": self.name, "run_id": self.run(), "thread_id": self.thread(),
            "user_id": self.user(), "agent_name": self.agent_name(),
            "seq": self.event.number, "timestamp": self.at.rfc3339(),
        }));
        frame.retain(|_, value| !value.is_null());
        if let Some(id) = self.id {
            frame.insert("event_id".to_owned(), id.into());
        }
        frame
    }

    fn bridge(self) -> Fields {
        let mut frame = self.with_payload(json!({
            "type": self.name, "run_id": self.run(), "user_id": self.user(),
            "agent_name": self.agent_name(), "timestamp": self.iso(), "trace": null,
        }));
        if let Some(id) = self.id {
            frame.insert("event_id".to_owned(), id.into());
        }
        frame
    }

    fn with_payload(&self, envelope: Value) -> Fields {
        let mut frame = object(envelope);
        frame.insert("payload".to_owned(), Value::Object(self.payload.clone()));
        frame
    }

    fn emitter(mut self) -> Fields {
        let mut metadata = object(json!({"user_tier": "free", "is_priority_queue": false}));
        for name in ["parameters", "result", "results"] {
            metadata.extend(self.payload.remove(name).map(|value| (name.to_owned(), value)));
        }
        let envelope = json!({
            "type": self.name, "timestamp": self.iso(), "critical": true, "attempt": null,
            "run_id": self.run(), "thread_id": self.thread(), "request_id": self.run(),
            "user_id": self.user(), "agent_name": self.agent_name(), "metadata": metadata,
        });
        self.flattened(envelope)
    }

    fn data(self) -> Fields {
        object(json!({
            "type": self.name, "data": self.payload, "timestamp": self.at.seconds_f64(),
            "thread_id": self.thread(), "user_id": self.user(), "message_id": self.id,
        }))
    }

    fn flat(self) -> Fields {
        let envelope = json!({
            "type": self.name, "run_id": self.run(), "agent_name": self.agent_name(),
            "timestamp": self.iso(),
        });
        self.flattened(envelope)
    }

    fn wrapped(self) -> Fields {
        let outer = match self.name {
            "agent_started" => "system_message",
            "agent_completed" => "agent_response_complete",
            _ => "agent_progress",
        };
        object(json!({
            "type": outer, "timestamp": self.at.seconds_f64(),
            "data": {
                "event": self.name, "type": self.name, "user_id": self.user(),
                "turn_id": self.run(), "timestamp": self.iso(), "payload": self.payload,
            },
        }))
    }

    fn demo(mut self) -> Fields {
        match self.name {
            "agent_thinking" => self.move_to("reasoning", "thought"),
            "tool_executing" | "tool_completed" => self.move_to("tool_name", "tool"),
            "agent_completed" => self.move_to("result", "response"),
            _ => {}
        }
        let envelope = json!({
            "type": self.name, "timestamp": self.at.rfc3339().trim_end_matches('Z'),
            "agent": self.agent_name(), "run_id": self.run(),
        });
        self.flattened(envelope)
    }

    fn example(mut self) -> Fields {
        self.payload.insert("example_message_id".to_owned(), "example".into());
        self.payload.insert("timestamp".to_owned(), self.iso().into());
        object(json!({"type": self.name, "payload": self.payload}))
    }

    fn agent(mut self) -> Fields {
        match self.name {
            "agent_thinking" => self.move_to("reasoning", "thought"),
            "tool_executing" => self.move_to("parameters", "args"),
            _ => {}
        }
        let envelope = json!({
            "run_id": self.run(), "agent_name": self.agent_name(), "timestamp": self.iso(),
        });
        let name = self.name;
        object(json!({"type": name, "data": self.flattened(envelope)}))
    }

    fn response(self) -> Fields {
        object(json!({"type": self.name, "payload": self.payload}))
    }

    fn stream(mut self) -> Fields {
        if self.name == "agent_thinking" {
            self.move_to("reasoning", "message");
        }
        let envelope = json!({
            "event": self.name, "agent_id": self.agent_name(), "timestamp": self.iso(),
        });
        self.flattened(envelope)
    }

    fn model(mut self) -> Fields {
        for (name, value) in [
            ("agent_id", self.agent_name()),
            ("agent_type", "agent".into()),
            ("run_id", self.run()),
        ] {
            self.payload.insert(name.to_owned(), value);
        }
        let (name, at) = (self.name, self.iso());
        object(json!({"type": name, "payload": self.payload, "sender": "agent", "timestamp": at}))
    }
}

fn object(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Fields::new()
        }
    }
}
