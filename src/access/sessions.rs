//! Sessions as they are kept: on the disk under a keyed hash of their secret, in memory with the
//! last request.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::store::Row;

use super::mark::Mark;
use super::{Name, Origin, Settings};

/// Sessions of one operator; the oldest ends when there is one more.
pub(super) const SESSIONS_MAX: usize = 20;

/// Characters that are kept of what a browser calls itself.
const AGENT_CHARS_MAX: usize = 200;

/// A row of the table `sessions`, whose key is a keyed hash of the secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SessionRow {
    pub name: Name,
    /// When it began, which is when its owner last proved who he is: a new proof makes a new
    /// session.
    pub began_at: Timestamp,
    pub last_seen: Timestamp,
    pub expires_at: Timestamp,
    pub address: String,
    pub agent: String,
}

impl Row for SessionRow {
    const FORMAT: u8 = 1;
}

impl SessionRow {
    /// A session that begins now.
    pub fn new(name: Name, origin: &Origin<'_>, settings: &Settings, now: Timestamp) -> Self {
        let printable = |c: &char| !c.is_control();
        Self {
            name,
            began_at: now,
            last_seen: now,
            expires_at: now.plus(settings.session_max),
            address: origin.address.to_canonical().to_string(),
            agent: origin.agent.chars().filter(printable).take(AGENT_CHARS_MAX).collect(),
        }
    }
}

/// A session in memory.
#[derive(Debug)]
pub(super) struct Live {
    pub row: SessionRow,
    /// Names it in lists.
    pub id: String,
    /// Microseconds since the epoch.
    seen_us: AtomicI64,
    /// The same, as it is on the disk.
    noted_us: AtomicI64,
}

impl Live {
    pub fn new(row: SessionRow, id: String) -> Self {
        let seen_us = row.last_seen.micros();
        Self { row, id, seen_us: seen_us.into(), noted_us: seen_us.into() }
    }

    /// The last request.
    pub fn seen(&self) -> Timestamp {
        Timestamp::from_micros(self.seen_us.load(Ordering::Relaxed))
    }

    /// A request came.
    pub fn touch(&self, now: Timestamp) {
        self.seen_us.fetch_max(now.micros(), Ordering::Relaxed);
    }

    /// True when it was used since that was last written down.
    pub fn was_used(&self) -> bool {
        self.seen_us.load(Ordering::Relaxed) != self.noted_us.load(Ordering::Relaxed)
    }

    /// The row to write down. Should the write fail, the next use is written.
    pub fn noted(&self) -> SessionRow {
        let last_seen = self.seen();
        self.noted_us.store(last_seen.micros(), Ordering::Relaxed);
        SessionRow { last_seen, ..self.row.clone() }
    }

    /// True when it has not ended, by age or by idling.
    pub fn holds(&self, settings: &Settings, now: Timestamp) -> bool {
        now < self.row.expires_at && now.since(self.seen()) < settings.session_idle
    }
}

/// All sessions, by the hash of their secret.
pub(super) type Sessions = HashMap<Mark, Arc<Live>>;
