//! A store, a clock and callers, for the tests of this room.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::event_log::EventLog;
use super::{Access, AccessEvent, ActionLinks, ApiTokens, Approvals, Caller, ConfiguredToken};
use super::{Name, Pass, Permission, Role, Scope, Scopes, Settings};
use crate::domain::{Clock, FingerprintKey, Timestamp, TokioClock};
use crate::store::{FaultSwitch, Store};

pub(super) const KEY: FingerprintKey = FingerprintKey::new([7; 32]);

pub(super) struct Desk {
    pub store: Store,
    pub settings: Settings,
    pub clock: TokioClock,
    pub faults: FaultSwitch,
    dir: TempDir,
}

impl Desk {
    /// To be made under paused time.
    pub fn new() -> Self {
        let dir = TempDir::new().expect("a folder");
        let faults = FaultSwitch::new();
        let store = Store::open_with(dir.path(), faults.clone()).expect("a store");
        let clock = TokioClock::starting_at(Timestamp::from_seconds(1_000_000));
        Self { store, settings: Settings::default(), clock, faults, dir }
    }

    /// Drops the store without closing it, and opens it again. All that has a part of it must be
    /// gone.
    pub fn reopen(self) -> Self {
        let Self { store, settings, clock, faults, dir } = self;
        drop(store);
        let store = Store::open_with(dir.path(), faults.clone()).expect("a store again");
        Self { store, settings, clock, faults, dir }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub async fn wait(&self, by: Duration) {
        tokio::time::advance(by).await;
    }

    pub fn tokens(&self, configured: Vec<ConfiguredToken>) -> ApiTokens {
        let clock = Arc::new(self.clock);
        ApiTokens::open(&self.store, &self.settings, configured, &KEY, clock, self.log())
            .expect("tokens")
    }

    pub fn links(&self) -> ActionLinks {
        self.links_under(&KEY)
    }

    pub fn links_under(&self, key: &FingerprintKey) -> ActionLinks {
        ActionLinks::new(&self.store, &self.settings, key, Arc::new(self.clock), self.log())
    }

    pub fn approvals(&self) -> Approvals {
        Approvals::new(&self.store, &self.settings, Arc::new(self.clock), self.log())
    }

    pub async fn access(&self) -> Access {
        let (settings, clock) = (self.settings.clone(), Arc::new(self.clock));
        Access::open(&self.store, settings, vec![], KEY, clock).await.expect("the room")
    }

    pub fn log(&self) -> EventLog {
        EventLog::open(&self.store)
    }

    /// Who did what, the oldest first.
    pub fn events(&self) -> Vec<(String, AccessEvent)> {
        let lines = self.log().newest(None, 500).expect("lines");
        lines.into_iter().rev().map(|(_, row)| (row.actor.to_string(), row.event)).collect()
    }

    pub fn person(&self, text: &str, role: Role) -> Caller {
        Caller::session(name(text), role, self.now().plus_seconds(300))
    }

    pub fn admin_pass(&self) -> Pass {
        let ada = self.person("ada", Role::Admin);
        ada.permit(Permission::Administer, self.now()).expect("a pass")
    }

    /// True when the bytes are in some file of the store.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        holds(self.dir.path(), bytes)
    }
}

fn holds(dir: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(dir).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return holds(&path, bytes);
        }
        let content = std::fs::read(&path).expect("a file");
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}

pub(super) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

pub(super) fn scopes(list: &[Scope]) -> Scopes {
    Scopes::new(list.to_vec()).expect("scopes")
}
