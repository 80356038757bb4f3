//! What is delivered over sockets.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{EventId, EventKind, RunId, Subject, ThreadId, Timestamp};

/// Largest event accepted, in bytes of JSON.
pub const EVENT_BYTES_MAX: usize = 48 * 1024;

/// An event as its publisher sent it: `{type, event_id, run_id, thread_id, user_id, agent_name,
/// seq, timestamp, payload}`. Required are `type`, `user_id` and `payload`, of the golden path's
/// five also `run_id`, and of each what a client cannot show it without.
#[derive(Clone, Debug)]
pub struct Event {
    /// What it tells (`type`).
    pub kind: EventKind,
    /// Its name; without one it cannot be told from its repetition.
    pub id: Option<EventId>,
    /// Whose it is (`user_id`).
    pub user: Subject,
    /// The run it belongs to.
    pub run: Option<RunId>,
    /// The conversation it belongs to.
    pub thread: Option<ThreadId>,
    /// Who acts (`agent_name`).
    pub agent: Option<Box<str>>,
    /// Its number within the run, from 1, as the publisher counts (`seq`).
    pub number: Option<u64>,
    /// When it happened, as the publisher says (`timestamp`).
    pub at: Option<Timestamp>,
    /// What it carries.
    pub payload: Payload,
}

/// A JSON object, kept as it came.
#[derive(Clone, Debug)]
pub struct Payload {
    text: Box<RawValue>,
    names_message: bool,
}

impl Payload {
    /// The object's text.
    pub fn text(&self) -> &str {
        self.text.get()
    }

    /// True when it has a `message_id` of its own.
    pub const fn names_message(&self) -> bool {
        self.names_message
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

/// What is wrong with an event, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {problem}")]
pub struct EventFault {
    /// The field, as a JSON pointer (RFC 6901); empty for the event as a whole.
    pub pointer: Cow<'static, str>,
    /// What is wrong with it. Never quotes the value.
    pub problem: Cow<'static, str>,
}

impl EventFault {
    fn new(pointer: &'static str, problem: &'static str) -> Self {
        Self { pointer: pointer.into(), problem: problem.into() }
    }
}

impl Event {
    /// Reads an event. Unknown and repeated fields are refused, and so is a payload whose known
    /// fields are of another type than a client expects.
    pub fn parse(json: &[u8]) -> Result<Self, EventFault> {
        if json.len() > EVENT_BYTES_MAX {
            return Err(EventFault::new("", "is larger than 48 KiB"));
        }
        let fields: Fields<'_> = serde_json::from_slice(json).map_err(|error| not_json(&error))?;
        let mut read = Read::default();
        for (name, value) in &fields.0 {
            read.take(name, value)?;
        }
        read.finish()
    }
}

/// Said of a text that is not one JSON object with every name once.
fn not_json(error: &serde_json::Error) -> EventFault {
    let problem = if error.to_string().starts_with(REPEATED) {
        "names a field twice".to_owned()
    } else {
        format!("is not a JSON object (line {}, column {})", error.line(), error.column())
    };
    EventFault { pointer: "".into(), problem: problem.into() }
}

#[derive(Default)]
struct Read {
    kind: Option<EventKind>,
    id: Option<EventId>,
    user: Option<Subject>,
    run: Option<RunId>,
    thread: Option<ThreadId>,
    agent: Option<Box<str>>,
    number: Option<u64>,
    at: Option<Timestamp>,
    payload: Option<Box<RawValue>>,
}

impl Read {
    fn take(&mut self, name: &str, value: &RawValue) -> Result<(), EventFault> {
        let name_like = "is a text of 1 to 128 bytes without control characters";
        match name {
            "type" => {
                let problem = "is a text of 1 to 64 of a-z, A-Z, 0-9, _, -, . and :";
                self.kind = Some(text(value, "/type", problem, EventKind::parse)?);
            }
            "event_id" => self.id = Some(text(value, "/event_id", name_like, EventId::parse)?),
            "user_id" => {
                let problem = "is a text of 1 to 4096 bytes";
                self.user = Some(text(value, "/user_id", problem, Subject::parse)?);
            }
            "run_id" => self.run = Some(text(value, "/run_id", name_like, RunId::parse)?),
            "thread_id" => {
                self.thread = Some(text(value, "/thread_id", name_like, ThreadId::parse)?);
            }
            "agent_name" => {
                let agent = |name: &str| RunId::parse(name).map(|name| name.as_str().into());
                self.agent = Some(text(value, "/agent_name", name_like, agent)?);
            }
            "seq" => {
                let number = serde_json::from_str(value.get());
                let problem = "is a whole number from 1";
                let number = number.ok().filter(|number| *number > 0);
                self.number = Some(number.ok_or(EventFault::new("/seq", problem))?);
            }
            "timestamp" => {
                let problem = "is an RFC 3339 date and time, such as 2026-01-31T12:00:00.000Z";
                self.at = Some(text(value, "/timestamp", problem, rfc3339)?);
            }
            "payload" => self.payload = Some(value.to_owned()),
            // A long name is nobody's field: it may be a token, and is not repeated.
            other if other.len() > NAME_SHOWN_MAX => {
                let problem = "has a field that is not one of an event's, with a long name";
                return Err(EventFault::new("", problem));
            }
            other => {
                let pointer = format!("/{}", other.replace('~', "~0").replace('/', "~1"));
                let problem = "is not a field of an event; what is your own belongs in the payload";
                return Err(EventFault { pointer: pointer.into(), problem: problem.into() });
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Event, EventFault> {
        let missing = |pointer| EventFault::new(pointer, "is missing");
        let kind = self.kind.ok_or(missing("/type"))?;
        let user = self.user.ok_or(missing("/user_id"))?;
        if kind.is_critical() && self.run.is_none() {
            return Err(EventFault::new("/run_id", "is missing: the event belongs to a run"));
        }
        let payload = payload(self.payload.ok_or(missing("/payload"))?, &kind, self.id.as_ref())?;
        Ok(Event {
            kind,
            id: self.id,
            user,
            run: self.run,
            thread: self.thread,
            agent: self.agent,
            number: self.number,
            at: self.at,
            payload,
        })
    }
}

fn rfc3339(text: &str) -> Option<Timestamp> {
    // `Timestamp::parse` also takes seconds as a number.
    text.contains('T').then(|| Timestamp::parse(text)).flatten()
}

fn text<T>(
    value: &RawValue,
    pointer: &'static str,
    problem: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, EventFault> {
    let text: Option<Cow<'_, str>> = read_text(value);
    text.and_then(|text| parse(&text)).ok_or(EventFault::new(pointer, problem))
}

fn read_text(value: &RawValue) -> Option<Cow<'_, str>> {
    let raw = value.get();
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(raw).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// Checks what clients read of a payload; the rest is the publisher's.
fn payload(
    text: Box<RawValue>,
    kind: &EventKind,
    id: Option<&EventId>,
) -> Result<Payload, EventFault> {
    let fields: Fields<'_> = serde_json::from_str(text.get()).map_err(|error| EventFault {
        pointer: "/payload".into(),
        problem: not_json(&error).problem,
    })?;
    let mut names_message = false;
    for (name, value) in &fields.0 {
        let raw = value.get();
        match &**name {
            "reasoning" if !raw.starts_with('"') => {
                return Err(EventFault::new("/payload/reasoning", "is a text"));
            }
            "tool_name" if !raw.starts_with('"') || raw == "\"\"" => {
                return Err(EventFault::new("/payload/tool_name", "is a text, not an empty one"));
            }
            "status" if !raw.starts_with('"') => {
                return Err(EventFault::new("/payload/status", "is a text"));
            }
            "execution_time_ms" if serde_json::from_str::<f64>(raw).is_ok_and(|ms| ms < 0.0) => {
                return Err(EventFault::new("/payload/execution_time_ms", "is not negative"));
            }
            "execution_time_ms" if serde_json::from_str::<f64>(raw).is_err() => {
                return Err(EventFault::new("/payload/execution_time_ms", "is a number"));
            }
            "message_id" => {
                names_message = true;
                let same = |id: &EventId| read_text(value).is_some_and(|text| text == id.as_str());
                if !id.is_none_or(same) {
                    let problem = "is the event's `event_id`, or left out";
                    return Err(EventFault::new("/payload/message_id", problem));
                }
            }
            _ => {}
        }
    }
    let has = |name: &str| fields.0.iter().any(|(field, _)| field == name);
    let missing = |pointer| {
        let problem = "is missing: clients cannot show the event";
        Err(EventFault::new(pointer, problem))
    };
    match kind {
        EventKind::AgentThinking if !has("reasoning") => missing("/payload/reasoning")?,
        EventKind::ToolExecuting | EventKind::ToolCompleted if !has("tool_name") => {
            missing("/payload/tool_name")?;
        }
        EventKind::AgentStarted
        | EventKind::AgentThinking
        | EventKind::ToolExecuting
        | EventKind::ToolCompleted
        | EventKind::AgentCompleted
        | EventKind::Other(_) => {}
    }
    Ok(Payload { text, names_message })
}

/// Longest name of a field that a fault repeats, in bytes.
const NAME_SHOWN_MAX: usize = 40;

const REPEATED: &str = "repeated field";

/// The fields of a JSON object in their order, each name once; values are not read.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Fields<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor(std::marker::PhantomData))
    }
}

struct FieldsVisitor<'a>(std::marker::PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for FieldsVisitor<'a> {
    type Value = Fields<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'a>, A::Error> {
        let mut fields: Vec<(Cow<'a, str>, &'a RawValue)> = Vec::with_capacity(10);
        while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom(REPEATED));
            }
            if fields.len() == FIELDS_MAX {
                return Err(A::Error::custom("too many fields"));
            }
            fields.push((name, value));
        }
        Ok(Fields(fields))
    }
}

/// Fields of one object; looking for repetitions takes as many looks as there are pairs.
const FIELDS_MAX: usize = 256;

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> (String, String) {
        let fault = Event::parse(json.as_bytes()).expect_err("a fault");
        (fault.pointer.into_owned(), fault.problem.into_owned())
    }

    #[test]
    fn an_event_of_the_target_schema_reads_back() {
        let json = r#"{"type":"tool_executing","event_id":"e1","run_id":"r1","thread_id":"t1",
            "user_id":"ada","agent_name":"triage","seq":3,"timestamp":"2026-01-31T12:00:00.500Z",
            "payload":{"tool_name":"search","parameters":{"q":"\u00e9"}}}"#;
        let event = Event::parse(json.as_bytes()).expect("an event");
        assert_eq!(event.kind, EventKind::ToolExecuting);
        assert_eq!(event.id, EventId::parse("e1"));
        assert_eq!((event.user.as_str(), event.number), ("ada", Some(3)));
        assert_eq!(event.at, Timestamp::parse("2026-01-31T12:00:00.500Z"));
        assert_eq!(event.payload.text(), r#"{"tool_name":"search","parameters":{"q":"\u00e9"}}"#);
        assert!(!event.payload.names_message());
    }

    #[test]
    fn every_fault_names_its_field() {
        let faults = [
            ("[]", ""),
            ("{", ""),
            (r#"{"type":"x","user_id":"a","payload":{},"payload":{}}"#, ""),
            (r#"{"user_id":"a","payload":{}}"#, "/type"),
            (r#"{"type":"x y","user_id":"a","payload":{}}"#, "/type"),
            (r#"{"type":7,"user_id":"a","payload":{}}"#, "/type"),
            (r#"{"type":"x","payload":{}}"#, "/user_id"),
            (r#"{"type":"x","user_id":"","payload":{}}"#, "/user_id"),
            (r#"{"type":"x","user_id":"a"}"#, "/payload"),
            (r#"{"type":"x","user_id":"a","payload":[]}"#, "/payload"),
            (r#"{"type":"x","user_id":"a","payload":{"a":1,"a":2}}"#, "/payload"),
            (r#"{"type":"x","user_id":"a","payload":{},"seq":0}"#, "/seq"),
            (r#"{"type":"x","user_id":"a","payload":{},"seq":1.5}"#, "/seq"),
            (r#"{"type":"x","user_id":"a","payload":{},"timestamp":"7"}"#, "/timestamp"),
            (r#"{"type":"x","user_id":"a","payload":{},"a/b":1}"#, "/a~1b"),
            (r#"{"type":"agent_started","user_id":"a","payload":{}}"#, "/run_id"),
            (
                r#"{"type":"agent_thinking","run_id":"r","user_id":"a","payload":{}}"#,
                "/payload/reasoning",
            ),
            (
                r#"{"type":"tool_completed","run_id":"r","user_id":"a","payload":{"tool_name":""}}"#,
                "/payload/tool_name",
            ),
            (
                r#"{"type":"x","event_id":"e","user_id":"a","payload":{"message_id":"f"}}"#,
                "/payload/message_id",
            ),
            (
                r#"{"type":"x","user_id":"a","payload":{"execution_time_ms":"7"}}"#,
                "/payload/execution_time_ms",
            ),
        ];
        for (json, pointer) in faults {
            assert_eq!(fault(json).0, pointer, "{json}");
        }
    }

    #[test]
    fn a_long_name_of_a_field_is_not_repeated() {
        let json = format!(r#"{{"type":"x","user_id":"a","payload":{{}},"{}":1}}"#, "t".repeat(41));
        let (pointer, problem) = fault(&json);
        assert_eq!(pointer, "");
        assert!(problem.contains("long name") && !problem.contains("ttt"), "{problem}");
    }

    #[test]
    fn an_event_over_the_limit_is_refused_before_it_is_read() {
        let json = format!(r#"{{"payload":"{}"}}"#, "x".repeat(EVENT_BYTES_MAX));
        assert_eq!(fault(&json), (String::new(), "is larger than 48 KiB".to_owned()));
    }
}
