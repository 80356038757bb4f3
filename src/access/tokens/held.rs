//! One token in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::TokenView;
use crate::access::gate::Gate;
use crate::access::mark::Mark;
use crate::access::standing::is_by;
use crate::access::{Caller, Permission, Refusal};
use crate::domain::Timestamp;

/// What the data path needs of a token, and what people see of it.
#[derive(Debug)]
pub(super) struct Held {
    pub mark: Mark,
    pub label: Arc<str>,
    pub caller: Caller,
    /// As it was made; `last_used` is in here only when it is shown.
    made: TokenView,
    gate: Gate,
    /// False until it is on the disk, and from its revocation on.
    live: AtomicBool,
    /// Seconds since the epoch; zero for never.
    used_s: AtomicI64,
    /// The last use that the store knows of.
    written_s: AtomicI64,
}

impl Held {
    /// A token that does not work yet.
    pub fn new(mark: Mark, made: TokenView, gate: Gate) -> Self {
        let used_s = made.last_used.map_or(0, Timestamp::seconds);
        Self {
            mark,
            label: made.name.as_str().into(),
            caller: Caller::token(made.name.clone(), made.scopes.clone()),
            made,
            gate,
            live: AtomicBool::new(false),
            used_s: AtomicI64::new(used_s),
            written_s: AtomicI64::new(used_s),
        }
    }

    pub fn made(&self) -> &TokenView {
        &self.made
    }

    pub fn view(&self) -> TokenView {
        TokenView { last_used: moment(self.used_s.load(Ordering::Relaxed)), ..self.made.clone() }
    }

    /// Lets it in from now on.
    pub fn begin(&self) {
        self.live.store(true, Ordering::Release);
    }

    /// Refuses it from now on.
    pub fn end(&self) {
        self.live.store(false, Ordering::Release);
    }

    /// Lets one request in.
    pub fn admit(&self, now: Timestamp) -> Result<(), Refusal> {
        self.stands(now)?;
        self.gate.take()?;
        let now_s = now.seconds();
        // Once a second is enough, and most requests then write nothing.
        if self.used_s.load(Ordering::Relaxed) != now_s {
            self.used_s.store(now_s, Ordering::Relaxed);
        }
        Ok(())
    }

    /// True when it works, may do that, and is the one that stood there at `since`. One from the
    /// configuration file is not asked since when.
    pub fn still_may(&self, permission: Permission, since: Timestamp, now: Timestamp) -> bool {
        let same = self.made.configured || is_by(self.made.made_at, since);
        same && self.stands(now).is_ok() && self.caller.has(permission)
    }

    /// True when it works and may do that.
    pub fn stands_for(&self, permission: Permission, now: Timestamp) -> bool {
        self.stands(now).is_ok() && self.caller.has(permission)
    }

    /// The last use, if the store does not know of it.
    pub fn unwritten_use(&self) -> Option<Timestamp> {
        let used_s = self.used_s.load(Ordering::Relaxed);
        let news = used_s != self.written_s.load(Ordering::Relaxed);
        moment(used_s).filter(|_| news && self.live.load(Ordering::Acquire))
    }

    /// The store knows of this use.
    pub fn wrote_use(&self, at: Timestamp) {
        self.written_s.store(at.seconds(), Ordering::Relaxed);
    }

    fn stands(&self, now: Timestamp) -> Result<(), Refusal> {
        if !self.live.load(Ordering::Acquire) {
            return Err(Refusal::Unknown);
        }
        match self.made.expires_at {
            Some(expires_at) if now >= expires_at => Err(Refusal::Expired),
            Some(_) | None => Ok(()),
        }
    }
}

fn moment(seconds: i64) -> Option<Timestamp> {
    (seconds != 0).then(|| Timestamp::from_seconds(seconds))
}
