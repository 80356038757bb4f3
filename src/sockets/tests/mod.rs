//! The room as a whole, on a real store.

mod delivering;
mod ending;
mod handing_over;
mod keeping;
mod measuring;
mod random;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::{Connection, Manager, Outgoing, Published, Resume, Settings};
use crate::domain::{
    Admission, Clock, Decision, Event, Grant, Position, Subject, Timestamp, TokenType,
};
use crate::store::{FaultSwitch, Store};

/// A clock that moves when it is told to.
pub struct HandClock(AtomicI64);

impl HandClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_800_000_000_000_000)))
    }

    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).expect("a short time");
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// A manager on a store of its own that can be opened again.
pub struct Room {
    dir: tempfile::TempDir,
    settings: Settings,
    pub clock: Arc<HandClock>,
    pub faults: FaultSwitch,
    pub manager: Manager,
    pub store: Store,
}

impl Room {
    pub async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let clock = HandClock::new();
        let faults = FaultSwitch::new();
        let store = Store::open_with(dir.path(), faults.clone()).expect("a store");
        let manager = Manager::open(&store, settings.clone(), clock.clone()).await.expect("a room");
        Self { dir, settings, clock, faults, manager, store }
    }

    /// Forgets everything that is not on the disk, and opens again.
    pub async fn reopen(self) -> Self {
        let Self { dir, settings, clock, faults, manager, store } = self;
        manager.shutdown();
        drop((manager, store));
        let store = loop {
            // The committer lets go of the directory when it has ended.
            match Store::open_with(dir.path(), faults.clone()) {
                Ok(store) => break store,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        let manager = Manager::open(&store, settings.clone(), clock.clone()).await.expect("a room");
        Self { dir, settings, clock, faults, manager, store }
    }

    pub async fn connect(&self, user: &str) -> Connection {
        self.manager.attach(&admission(user), Resume::Now).await.expect("a connection")
    }

    pub async fn resume(&self, user: &str, position: Position) -> Connection {
        let resume = Resume::After(position);
        self.manager.attach(&admission(user), resume).await.expect("a connection")
    }

    pub async fn publish(&self, user: &str, id: &str) -> Published {
        self.manager.publish(event(user, id)).await.expect("accepted")
    }
}

pub fn admission(user: &str) -> Admission {
    admission_until(user, None, TokenType::Access)
}

pub fn admission_until(
    user: &str,
    expires_at: Option<Timestamp>,
    token_type: TokenType,
) -> Admission {
    let subject = Subject::parse(user);
    let token_type = Some(token_type);
    let grant = Grant { subject, token_type, expires_at, ..Grant::default() };
    Decision::Allow(grant).admit().expect("an allow")
}

/// An open event of that name.
pub fn event(user: &str, id: &str) -> Event {
    event_of_run(user, id, "r1")
}

pub fn event_of_run(user: &str, id: &str, run: &str) -> Event {
    let json = serde_json::json!({
        "type": "note", "event_id": id, "run_id": run, "user_id": user, "payload": { "about": id }
    });
    Event::parse(json.to_string().as_bytes()).expect("an event")
}

/// The next frame, as written.
pub async fn frame(connection: &mut Connection) -> serde_json::Value {
    let next = tokio::time::timeout(Duration::from_secs(10), connection.next()).await;
    match next.expect("a frame in time") {
        Outgoing::Text(bytes) => {
            connection.written();
            serde_json::from_slice(&bytes).expect("JSON")
        }
        Outgoing::Close(reason) => panic!("closed: {reason}"),
    }
}

/// The types of what is there to be written now; of events their names.
pub fn frames_now(connection: &mut Connection) -> Vec<String> {
    let mut frames = Vec::new();
    while let Some(next) = connection.ready() {
        match next {
            Outgoing::Text(bytes) => {
                connection.written();
                let frame: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
                let name = frame.get("event_id").unwrap_or(&frame["type"]);
                frames.push(name.as_str().expect("a name").to_owned());
            }
            Outgoing::Close(reason) => {
                frames.push(format!("close:{reason}"));
                break;
            }
        }
    }
    frames
}

pub fn position(epoch: u64, after: u64) -> Position {
    use crate::domain::{Epoch, Sequence};
    Position { epoch: Epoch(epoch), after: Sequence(after) }
}
