//! An event as somebody saw it, whoever wrote it and however.

use serde_json::Value;

use super::normalise::{Parts, payload};
use super::opened::{Fields, Opened, Type};
use crate::domain::{Event, EventId, EventKind, RunId, Subject, ThreadId, Timestamp};

/// An event in the words of the house: what was published, or what a frame says.
///
/// What is `None` was not told, and what is not told is not compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// What it tells.
    pub kind: EventKind,
    /// Its name.
    pub id: Option<EventId>,
    /// The run it belongs to.
    pub run: Option<RunId>,
    /// The conversation it belongs to.
    pub thread: Option<ThreadId>,
    /// Whose it is, as it says itself.
    pub user: Option<Subject>,
    /// Who acts.
    pub agent: Option<Box<str>>,
    /// Its number within the run.
    pub number: Option<u64>,
    /// When it happened, to the millisecond.
    pub at: Option<Timestamp>,
    /// What it carries.
    pub payload: serde_json::Map<String, Value>,
    /// True when the type was written under another name.
    pub renamed: bool,
}

impl Seen {
    /// An event as it was published; `None` when its payload holds what no client can read, such
    /// as a number beyond all doubles.
    pub fn of(event: &Event) -> Option<Self> {
        let inner: Fields = serde_json::from_str(event.payload.text()).ok()?;
        let mut outer = Fields::new();
        let mut tell = |name: &str, value: Option<Value>| {
            outer.extend(value.map(|value| (name.to_owned(), value)));
        };
        tell("event_id", event.id.as_ref().map(|id| id.as_str().into()));
        tell("run_id", event.run.as_ref().map(|run| run.as_str().into()));
        tell("thread_id", event.thread.as_ref().map(|thread| thread.as_str().into()));
        tell("user_id", Some(event.user.as_str().into()));
        tell("agent_name", event.agent.as_deref().map(Into::into));
        tell("seq", event.number.map(Into::into));
        tell("timestamp", event.at.map(|at| at.rfc3339().into()));
        let kind = Type::Named(event.kind.as_str().to_owned());
        Self::of_opened(Opened { kind, outer, inner })
    }

    /// `None` without a type that can be one.
    pub(super) fn of_opened(opened: Opened) -> Option<Self> {
        let Type::Named(name) = &opened.kind else { return None };
        let renamed = name == "reasoning";
        let kind = if renamed { EventKind::AgentThinking } else { EventKind::parse(name)? };
        let mut parts = Parts::new(opened.outer, opened.inner);
        Some(Self {
            id: parts.id(),
            run: parts.run(),
            thread: parts.thread(),
            user: parts.user(),
            agent: parts.agent(),
            number: parts.number(),
            at: parts.at(),
            payload: payload(parts, &kind),
            kind,
            renamed,
        })
    }
}
