//! An event, small enough to be remembered.

use std::time::Duration;

use crate::compare::events::Seen;
use crate::compare::events::body::Body;
use crate::domain::{EventId, EventKind, RunId, Subject, ThreadId, Timestamp};

/// What an event tells, its payload only by hashes.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub kind: EventKind,
    pub id: Option<EventId>,
    pub run: Option<RunId>,
    pub user: Option<Subject>,
    pub at: Option<Timestamp>,
    thread: Option<ThreadId>,
    agent: Option<Box<str>>,
    number: Option<u64>,
    body: Body,
}

impl Told {
    pub fn of(seen: &Seen) -> Self {
        Self {
            kind: seen.kind.clone(),
            id: seen.id.clone(),
            run: seen.run.clone(),
            user: seen.user.clone(),
            at: seen.at,
            thread: seen.thread.clone(),
            agent: seen.agent.clone(),
            number: seen.number,
            body: Body::of(&seen.payload),
        }
    }

    /// True when one of them has no name, and so may have the other's.
    pub const fn may_share_name(&self, other: &Self) -> bool {
        self.id.is_none() || other.id.is_none()
    }

    /// The same run, as far as told, type and body.
    pub fn is_like(&self, other: &Self) -> bool {
        self.kind == other.kind
            && !differ(self.run.as_ref(), other.run.as_ref())
            && self.body == other.body
    }

    /// Both tell the same run, and the same type.
    pub fn shares_step(&self, other: &Self) -> bool {
        self.kind == other.kind && self.run.is_some() && self.run == other.run
    }

    /// The fields in which `other` says something else. What either does not tell is not compared.
    pub fn differing(&self, other: &Self, stamps_apart: Duration) -> Vec<Box<str>> {
        let apart = self.at.zip(other.at).is_some_and(|(a, b)| a.distance(b) > stamps_apart);
        let fields = [
            ("type", self.kind != other.kind),
            ("run_id", differ(self.run.as_ref(), other.run.as_ref())),
            ("thread_id", differ(self.thread.as_ref(), other.thread.as_ref())),
            ("user_id", differ(self.user.as_ref(), other.user.as_ref())),
            ("agent_name", differ(self.agent.as_ref(), other.agent.as_ref())),
            ("seq", differ(self.number.as_ref(), other.number.as_ref())),
            ("timestamp", apart),
        ];
        let of_envelope = fields.into_iter().filter(|(_, differ)| *differ);
        let of_payload = self.body.differing(&other.body).into_iter();
        of_envelope
            .map(|(name, _)| name.into())
            .chain(of_payload.map(|name| format!("payload.{name}").into()))
            .collect()
    }
}

fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}
