//! One set of words for what the layouts say in many.

use serde_json::{Number, Value};

use super::opened::Fields;
use crate::domain::{EventId, EventKind, RunId, Subject, ThreadId, Timestamp};

/// An envelope and a payload, out of which the envelope's fields are taken.
pub(super) struct Parts {
    outer: Fields,
    inner: Fields,
}

impl Parts {
    /// Of an envelope and a payload. Null tells nothing.
    pub fn new(mut outer: Fields, mut inner: Fields) -> Self {
        for fields in [&mut outer, &mut inner] {
            fields.retain(|_, value| !value.is_null());
        }
        Self { outer, inner }
    }

    /// `message_id` is the event's name where it has no other.
    pub fn id(&mut self) -> Option<EventId> {
        self.take(&["event_id", "message_id"], |value| EventId::parse(&text(value)?))
    }

    pub fn run(&mut self) -> Option<RunId> {
        self.take(&["run_id"], |value| RunId::parse(&text(value)?))
    }

    pub fn thread(&mut self) -> Option<ThreadId> {
        self.take(&["thread_id"], |value| ThreadId::parse(&text(value)?))
    }

    pub fn user(&mut self) -> Option<Subject> {
        self.take(&["user_id"], |value| Subject::parse(&text(value)?))
    }

    pub fn agent(&mut self) -> Option<Box<str>> {
        let name = |value: &Value| RunId::parse(value.as_str()?).map(|name| name.as_str().into());
        self.take(&["agent_name", "agent"], name)
    }

    pub fn number(&mut self) -> Option<u64> {
        let number = |value: &Value| whole(value)?.as_u64().filter(|number| *number > 0);
        self.take(&["seq"], number)
    }

    pub fn at(&mut self) -> Option<Timestamp> {
        self.take(&["timestamp"], moment)
    }

    /// The first of these fields that can be read. Whatever else says the same under one of the
    /// names has told nothing more; what says something else stays.
    fn take<T: PartialEq>(
        &mut self,
        names: &[&str],
        read: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        let mut found = None;
        for fields in [&mut self.outer, &mut self.inner] {
            for name in names {
                let Some(told) = fields.get(*name).and_then(&read) else { continue };
                if found.as_ref().is_none_or(|found| *found == told) {
                    fields.remove(*name);
                    found = Some(told);
                }
            }
        }
        found
    }
}

/// What is left is what the event carries: flat fields beside those of the payload, under the
/// names of the house.
pub(super) fn payload(parts: Parts, kind: &EventKind) -> Fields {
    let Parts { outer, inner: mut fields } = parts;
    for (name, value) in outer {
        fields.entry(name).or_insert(value);
    }
    fields.values_mut().for_each(plain_numbers);
    // A name that one old emitter puts into its payloads for itself.
    fields.remove("example_message_id");
    for (name, others) in other_names(kind) {
        for other in *others {
            rename(&mut fields, other, name);
        }
    }
    fields
}

/// What the golden path's events carry, and what else it is called. Anything but these five is its
/// publisher's own.
const fn other_names(kind: &EventKind) -> &'static [(&'static str, &'static [&'static str])] {
    match kind {
        EventKind::AgentThinking => &[("reasoning", &["thought", "message"])],
        EventKind::ToolExecuting => &[("tool_name", &["tool"]), ("parameters", &["args"])],
        EventKind::ToolCompleted => {
            &[("tool_name", &["tool"]), ("result", &["results", "response"])]
        }
        EventKind::AgentCompleted => &[("result", &["results", "response"])],
        EventKind::AgentStarted | EventKind::Other(_) => &[],
    }
}

/// Two names for two things both stay.
fn rename(fields: &mut Fields, other: &str, name: &str) {
    let Some(value) = fields.get(other) else { return };
    match fields.get(name) {
        None => {
            let value = fields.remove(other).unwrap_or_default();
            fields.insert(name.to_owned(), value);
        }
        Some(known) if known == value => drop(fields.remove(other)),
        Some(_) => {}
    }
}

/// Numbers stand for names in some layouts.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) => whole(value).map(|number| number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A whole number is one whether it was written with a fraction or not.
fn whole(value: &Value) -> Option<Number> {
    let number = value.as_number()?;
    let plain = if number.is_f64() { plain(number.as_f64()?)? } else { number.clone() };
    (!plain.is_f64()).then_some(plain)
}

/// A moment: RFC 3339, the same without a zone (UTC), seconds, or milliseconds, in this century or
/// about it.
fn moment(value: &Value) -> Option<Timestamp> {
    /// Above this a number counts milliseconds; as seconds it would be in the year 5138.
    const MILLISECONDS_FROM: f64 = 1e11;
    let found = match value {
        Value::String(text) if text.len() <= 64 => date(text)?,
        Value::Number(number) => {
            let number = number.as_f64()?;
            let seconds = if number < MILLISECONDS_FROM { number } else { number / 1e3 };
            // A double is seldom exactly the millisecond that was meant.
            Timestamp::from_seconds_f64(seconds + 0.000_5)?
        }
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            return None;
        }
    };
    // The years 1970 to 9999, which a date can be written of.
    let written = 0..=253_402_300_799_999_999;
    let at = found.micros();
    written.contains(&at).then(|| Timestamp::from_micros(at - at % 1_000))
}

fn date(text: &str) -> Option<Timestamp> {
    let dated = |text: &str| text.contains(['T', ' ']).then(|| Timestamp::parse(text)).flatten();
    dated(text).or_else(|| dated(&format!("{}Z", text.replace(' ', "T"))))
}

fn plain_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(plain) = number.as_f64().filter(|_| number.is_f64()).and_then(plain) {
                *number = plain;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(plain_numbers),
        Value::Object(fields) => fields.values_mut().for_each(plain_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// A fraction with the 15 digits that every reader of JSON keeps; none at all when whole. `None` at the end of what a double can hold.
#[expect(clippy::cast_possible_truncation, reason = "bounded by the check")]
fn plain(number: f64) -> Option<Number> {
    /// Whole numbers up to this are exact.
    const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
    /// Smaller ones lose digits.
    const LEAST: f64 = 1e-290;
    let rounded: f64 =
        if number.abs() < LEAST { 0.0 } else { format!("{number:.14e}").parse().ok()? };
    if rounded.fract() == 0.0 && rounded.abs() <= WHOLE_MAX {
        return Some(Number::from(rounded as i64));
    }
    Number::from_f64(rounded)
}
