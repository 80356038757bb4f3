//! The layouts of frames, taken apart into an envelope and what it carries.

use serde_json::{Map, Value};

use crate::domain::WireShape;

/// The members of an object.
pub(super) type Fields = Map<String, Value>;

/// A frame taken apart.
pub(super) struct Opened {
    /// The type, as it was written.
    pub kind: Type,
    /// What stands around the payload, the type taken out.
    pub outer: Fields,
    /// The payload.
    pub inner: Fields,
}

/// The type of a frame.
pub(super) enum Type {
    Missing,
    Named(String),
    /// Something that is no text.
    Odd,
}

/// Marks of the sender that tell nothing about the event.
const MARKS: [&str; 10] = [
    "attempt",
    "correlation_id",
    "critical",
    "epoch",
    "priority",
    "recovered",
    "request_id",
    "sequence",
    "server_id",
    "trace",
];

/// Takes a frame apart, by the layout of `shape` or by the one that it seems to have.
pub(super) fn open(fields: Fields, shape: Option<WireShape>) -> Opened {
    let shape = shape.unwrap_or_else(|| look(&fields));
    let mut opened = match shape {
        WireShape::Target | WireShape::Bridge | WireShape::Example | WireShape::Response => {
            around(fields, "payload")
        }
        WireShape::Model => modelled(fields),
        WireShape::Data | WireShape::Agent => around(fields, "data"),
        WireShape::Flat | WireShape::Demo => flat(fields, "type"),
        WireShape::Stream => streamed(fields),
        WireShape::Emitter => emitted(fields),
        WireShape::Wrapped => wrapped(fields),
    };
    for mark in MARKS {
        opened.outer.remove(mark);
    }
    opened
}

/// The layout that a frame seems to have. `data` counts only where there is no payload, as to the
/// clients that read it.
fn look(fields: &Fields) -> WireShape {
    let there = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
    let data = fields.get("data").and_then(Value::as_object);
    if there("payload") {
        return if there("sender") { WireShape::Model } else { WireShape::Target };
    }
    if let Some(data) = data {
        let wraps = data.get("event").is_some_and(Value::is_string);
        return if wraps { WireShape::Wrapped } else { WireShape::Data };
    }
    if !there("type") && there("event") {
        return WireShape::Stream;
    }
    let marked = fields.contains_key("critical") || fields.contains_key("attempt");
    if marked || fields.get("metadata").is_some_and(Value::is_object) {
        return WireShape::Emitter;
    }
    WireShape::Flat
}

fn kind(fields: &mut Fields, name: &str) -> Type {
    match fields.remove(name) {
        None | Some(Value::Null) => Type::Missing,
        Some(Value::String(name)) => Type::Named(name),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Type::Odd,
    }
}

fn flat(mut outer: Fields, name: &str) -> Opened {
    Opened { kind: kind(&mut outer, name), outer, inner: Fields::new() }
}

/// An envelope around an object; what stands there and is none is kept under its own name, or, of
/// an answer, as the result.
fn around(fields: Fields, name: &str) -> Opened {
    let mut opened = flat(fields, "type");
    match opened.outer.remove(name) {
        None | Some(Value::Null) => {}
        Some(Value::Object(inner)) => opened.inner = inner,
        Some(other) => {
            let answers = matches!(&opened.kind, Type::Named(name) if name == "agent_completed");
            let name = if answers { "result" } else { name };
            opened.inner.insert(name.to_owned(), other);
        }
    }
    opened
}

/// Names its agent by number and by class, in the payload.
fn modelled(fields: Fields) -> Opened {
    let mut opened = around(fields, "payload");
    opened.outer.remove("sender");
    opened.inner.remove("agent_id");
    opened.inner.remove("agent_type");
    opened
}

fn streamed(fields: Fields) -> Opened {
    let mut opened = flat(fields, "event");
    opened.outer.remove("agent_id");
    opened
}

/// Parameters and results stand in `metadata`, beside what the emitter notes about the user.
fn emitted(fields: Fields) -> Opened {
    let mut opened = flat(fields, "type");
    if let Some(Value::Object(mut metadata)) = opened.outer.remove("metadata") {
        metadata.remove("user_tier");
        metadata.remove("is_priority_queue");
        opened.inner = metadata;
    }
    opened
}

/// The event stands in `data`; what is not told there may stand around it.
fn wrapped(mut fields: Fields) -> Opened {
    let Some(Value::Object(data)) = fields.remove("data") else { return flat(fields, "type") };
    let mut opened = around(data, "payload");
    let outer_type = kind(&mut fields, "type");
    let inner_type = std::mem::replace(&mut opened.kind, Type::Missing);
    opened.kind = match kind(&mut opened.outer, "event") {
        Type::Missing => match inner_type {
            Type::Missing => outer_type,
            told @ (Type::Named(_) | Type::Odd) => told,
        },
        told @ (Type::Named(_) | Type::Odd) => told,
    };
    if let Some(turn) = opened.outer.remove("turn_id") {
        opened.outer.entry("run_id").or_insert(turn);
    }
    for (name, value) in fields {
        opened.outer.entry(name).or_insert(value);
    }
    opened
}
