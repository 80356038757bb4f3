//! The parts of a manager's profile.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::{EventKind, Subject};

/// Whose connections an event goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Registry {
    /// Those of its user.
    #[default]
    PerUser,
    /// Those of whoever bears the name of its thread.
    Thread,
    /// Those of the first user who has ever connected.
    FirstUser,
    /// Everybody's.
    Everybody,
    /// Nobody's: whoever connects is registered with an instance that nobody asks again.
    Throwaway,
    /// Nobody's: nobody is ever registered.
    Never,
}

/// What registering the same connection again for the same user means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Again {
    /// Nothing.
    #[default]
    Same,
    /// A second entry for the one socket.
    Alias,
}

/// What becomes of an event that fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failed {
    /// It is lost.
    #[default]
    Lost,
    /// It joins the queue for whoever connects next.
    Queued,
}

/// What a socket does that takes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hung {
    /// Writing to it fails.
    #[default]
    Fails,
    /// It keeps its user's events from every socket of theirs.
    BlocksUser,
    /// What is for it waits, and goes out in order once it takes something.
    Waits,
}

/// What the caller is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Report {
    /// Whether anything was sent.
    #[default]
    Truth,
    /// Nothing.
    Nothing,
    /// That something was sent.
    AlwaysSent,
}

/// The queue of somebody who is not connected.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueRules {
    /// Events kept.
    pub cap: usize,
    /// What gives way when one more comes.
    #[serde(default)]
    pub overflow: Overflow,
    /// How long an event is kept, in seconds.
    pub expiry_s: Option<u64>,
    /// In which order they go out.
    #[serde(default)]
    pub order: QueueOrder,
    /// Types that go first, where the order is by priority, and give way first where the
    /// important do.
    #[serde(default)]
    pub important: Vec<String>,
    /// Each is marked with `recovered`.
    #[serde(default)]
    pub recovered: bool,
}

/// What gives way in a full queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overflow {
    /// The oldest.
    #[default]
    DropOldest,
    /// The one that comes.
    DropNewest,
    /// The oldest of the important ones; without any, the oldest.
    DropImportant,
}

/// In which order a queue goes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueueOrder {
    /// As it came.
    #[default]
    Arrival,
    /// The important ones first.
    Priority,
    /// By `timestamp` in the payload, where that is a number.
    Timestamp,
}

/// How a queue goes out to whoever connects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FlushRules {
    /// From connecting to the first frame, in milliseconds.
    pub delay_ms: u64,
    /// How long a frame takes on a slow socket, in milliseconds.
    pub slow_frame_ms: u64,
    /// A frame that takes longer is lost.
    pub frame_timeout_ms: Option<u64>,
    /// What has not gone out in this time is lost.
    pub total_timeout_ms: Option<u64>,
}

/// Writes that failed, or seem to have, are tried again. On a slow socket a write goes through
/// and seems to have failed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryRules {
    /// Tries in all, the first included.
    pub tries: u32,
    /// The pause before the second, in milliseconds; each further one is twice as long.
    pub base_ms: u64,
    /// The longest pause, in milliseconds.
    pub cap_ms: u64,
}

impl RetryRules {
    /// The pause behind so many tries, in milliseconds.
    pub(super) fn pause_ms(&self, tried: u32) -> u64 {
        let doubled = self.base_ms.saturating_mul(1 << tried.saturating_sub(1).min(20));
        doubled.min(self.cap_ms)
    }
}

/// Fields that are overwritten with the name of the user to whom the manager sends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RewriteRules {
    /// Fields beside the type, by name.
    pub top: Vec<String>,
    /// Fields beside the type, by the end of their names; `user_id` itself is not among them.
    pub top_ending: Option<String>,
    /// Fields of the payload, by name.
    pub payload: Vec<String>,
}

impl RewriteRules {
    pub(super) fn apply(&self, frame: &mut Map<String, Value>, user: &Subject) {
        let ends = |name: &str| {
            let ending = self.top_ending.as_ref();
            ending.is_some_and(|ending| name != "user_id" && name.ends_with(&**ending))
        };
        for (name, value) in frame.iter_mut() {
            if self.top.contains(name) || ends(name) {
                *value = user.as_str().into();
            }
        }
        let Some(payload) = frame.get_mut("payload").and_then(Value::as_object_mut) else { return };
        for (_, value) in payload.iter_mut().filter(|(name, _)| self.payload.contains(name)) {
            *value = user.as_str().into();
        }
    }
}

/// What the client does with what reaches it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientRules {
    /// Frames of one connection that are looked at; those behind them are not.
    pub ring: Option<usize>,
    /// A `message_id` in the payload is looked at once.
    pub dedupes: bool,
    /// The last frames, as many as this, reach whoever connects again once more.
    pub repeats: usize,
}

/// How one emitter's words differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TypeRules {
    /// Types that are never sent.
    pub swallowed: Vec<String>,
    /// Types that are sent under another name.
    pub renamed: std::collections::BTreeMap<String, String>,
    /// What belongs to no run is never sent.
    pub needs_run: bool,
}

impl TypeRules {
    pub(super) fn swallow(&self, kind: &EventKind) -> bool {
        self.swallowed.iter().any(|name| name == kind.as_str())
    }

    pub(super) fn name<'k>(&'k self, kind: &'k EventKind) -> &'k str {
        self.renamed.get(kind.as_str()).map_or(kind.as_str(), String::as_str)
    }
}
