//! Stories of operators: how they get in, are kept out, change and go.

mod administering;
mod ending;
mod getting_in;
mod guessing;
mod keeping;
mod setting_up;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::domain::{Clock, FingerprintKey, Timestamp, TokioClock};
use crate::store::{FaultSwitch, Store};

use super::event_log::EventLog;
use super::house::House;
use super::passwords::CHEAP;
use super::*;

const PASSWORD: &str = "correct horse battery";
const START: Timestamp = Timestamp::from_seconds(1_700_000_000);

/// People over a store in a directory of their own.
struct Town {
    people: People,
    log: EventLog,
    faults: FaultSwitch,
    clock: Arc<dyn Clock>,
    /// Last: the store above is closed before its directory goes.
    dir: TempDir,
}

impl Town {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        Self::over(dir, Arc::new(TokioClock::starting_at(START))).await
    }

    async fn over(dir: TempDir, clock: Arc<dyn Clock>) -> Self {
        let faults = FaultSwitch::new();
        let store = Store::open_with(dir.path(), faults.clone()).expect("a store");
        let log = EventLog::open(&store);
        let (settings, key) = (Settings::default(), FingerprintKey::new([9; 32]));
        let (told, written) = (Arc::clone(&clock), log.clone());
        let house = House::open(&store, settings, key, told, written, CHEAP).await;
        let people = People { house: Arc::new(house.expect("readable")) };
        Self { people, log, faults, clock, dir }
    }

    /// A town whose admin is ada, with her first session.
    async fn with_ada() -> (Self, NewSession) {
        let town = Self::new().await;
        let link = town.people.first_link().await.expect("kept").expect("nobody is there");
        let ada = town.people.set_up(&link.secret, Some(name("ada")), &secret(), &home(None)).await;
        (town, ada.expect("the first operator"))
    }

    /// The store is dropped and opened again.
    async fn reopened(self) -> Self {
        let Self { people, log, faults, clock, dir } = self;
        drop((people, log, faults));
        Self::over(dir, clock).await
    }

    /// An operator who has set himself up.
    async fn settle(&self, who: &str, role: Role) -> NewSession {
        let link = self.people.add(&pass(), name(who), role).await.expect("added");
        let new = self.people.set_up(&link.secret, None, &secret(), &home(None)).await;
        new.expect("set up")
    }

    async fn sign_in(&self, who: &str, origin: Origin<'_>) -> Result<NewSession, AccessError> {
        self.people.sign_in(who, &secret(), &origin).await
    }

    async fn guess(&self, who: &str, origin: Origin<'_>) -> Refusal {
        let guess = Secret::new("a wild guess at it");
        match self.people.sign_in(who, &guess, &origin).await {
            Err(AccessError::Refused(refusal)) => refusal,
            other => panic!("{other:?}"),
        }
    }

    fn role(&self, session: &NewSession) -> Option<Role> {
        self.people.session(session.secret.reveal())?.caller.role()
    }

    fn is_in(&self, session: &NewSession) -> bool {
        self.role(session).is_some()
    }

    fn events(&self) -> Vec<AccessEvent> {
        let lines = self.log.newest(None, 500).expect("readable");
        lines.into_iter().map(|(_, line)| line.event).collect()
    }
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn secret() -> Secret {
    Secret::new(PASSWORD)
}

/// A pass of whoever holds the machine.
fn pass() -> Pass {
    Caller::machine().permit(Permission::Administer, START).expect("a pass")
}

fn home(device: Option<&Secret>) -> Origin<'_> {
    from(IpAddr::from([192, 0, 2, 1]), device)
}

fn from(address: IpAddr, device: Option<&Secret>) -> Origin<'_> {
    Origin { address, agent: "Firefox\n", device: device.map(Secret::reveal) }
}

/// An address of an attacker.
fn elsewhere(number: u8) -> Origin<'static> {
    from(IpAddr::from([198, 51, 100, number]), None)
}

async fn later(by: Duration) {
    tokio::time::advance(by).await;
}

fn refused<T>(result: &Result<T, AccessError>) -> Option<Refusal> {
    match result {
        Err(AccessError::Refused(refusal)) => Some(*refusal),
        _ => None,
    }
}
