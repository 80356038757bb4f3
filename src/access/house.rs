//! What the parts of [`People`](super::People) share: tables, what is in memory, one change at a
//! time.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::domain::{Clock, FingerprintKey, Timestamp};
use crate::store::{Row, Store, Table};

use super::event_log::EventLog;
use super::mark::{Mark, Marker};
use super::operators::{OperatorRow, Operators, SeenRow};
use super::passwords::{Cost, Passwords};
use super::sessions::{Live, SessionRow, Sessions};
use super::setup_links::{LinkRow, Links};
use super::throttle::Throttle;
use super::{AccessError, Name, Settings};

/// Shared by all parts.
pub(super) struct House {
    pub store: Store,
    pub tables: Tables,
    pub log: EventLog,
    pub settings: Settings,
    pub marks: Marks,
    pub clock: Arc<dyn Clock>,
    pub passwords: Passwords,
    pub throttle: Throttle,
    /// What the tables hold, for reading.
    pub state: RwLock<State>,
    /// Held while something is changed, over the write to the disk.
    pub changing: Arc<tokio::sync::Mutex<()>>,
}

/// The tables of the room's people.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    pub operators: Table<OperatorRow>,
    pub seen: Table<SeenRow>,
    pub sessions: Table<SessionRow>,
    pub links: Table<LinkRow>,
}

/// What the tables hold.
#[derive(Debug, Default)]
pub(super) struct State {
    pub operators: Operators,
    pub sessions: Sessions,
    pub links: Links,
    /// The last request of each operator, without those of the sessions that are still open.
    pub seen: HashMap<Name, Timestamp>,
    /// The last request of each operator as it is on the disk.
    pub noted: HashMap<Name, Timestamp>,
}

impl House {
    /// Loads what is on the disk. A row that cannot be read is an error.
    pub async fn open(
        store: &Store,
        settings: Settings,
        key: FingerprintKey,
        clock: Arc<dyn Clock>,
        log: EventLog,
        cost: Cost,
    ) -> Result<Self, AccessError> {
        let tables = Tables {
            operators: store.table("operators"),
            seen: store.table("operators-seen"),
            sessions: store.table("sessions"),
            links: store.table("setup-links"),
        };
        let marks = Marks::new(&key);
        let state = State::load(&tables, &marks)?;
        Ok(Self {
            store: store.clone(),
            tables,
            log,
            settings,
            passwords: Passwords::open(cost).await?,
            throttle: Throttle::new(&key),
            marks,
            clock,
            state: RwLock::new(state),
            changing: Arc::default(),
        })
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Hashes of what is secret, each kind apart.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    /// Of sessions, as rows are named.
    pub sessions: Marker,
    /// Of setup links, as rows are named.
    pub links: Marker,
    /// Of sessions again: what every form carries.
    pub forms: Marker,
    /// Of cookies of known browsers.
    pub browsers: Marker,
    /// Whom the identity provider vouches for.
    pub vouched: Marker,
    /// Of rows of sessions: how lists name them.
    ids: Marker,
}

impl Marks {
    fn new(key: &FingerprintKey) -> Self {
        let of = |kind| Marker::new(key, kind);
        Self {
            sessions: of("sessions"),
            links: of("setup links"),
            forms: of("forms"),
            browsers: of("browsers"),
            vouched: of("identities"),
            ids: of("session ids"),
        }
    }

    /// A session in memory.
    pub fn live(&self, mark: Mark, row: SessionRow) -> Arc<Live> {
        let mut id = String::from(self.ids.of(&String::from(mark)));
        id.truncate(16);
        Arc::new(Live::new(row, id))
    }
}

impl State {
    fn load(tables: &Tables, marks: &Marks) -> Result<Self, AccessError> {
        let mut state = Self::default();
        for (name, row) in rows(&tables.operators)? {
            state.operators.insert(named(&name)?, row);
        }
        for (name, row) in rows(&tables.seen)? {
            let name = named(&name)?;
            state.seen.insert(name.clone(), row.at);
            state.noted.insert(name, row.at);
        }
        for (text, row) in rows(&tables.sessions)? {
            let mark = marked(text)?;
            state.sessions.insert(mark, marks.live(mark, row));
        }
        for (text, row) in rows(&tables.links)? {
            state.links.insert(marked(text)?, row);
        }
        Ok(state)
    }
}

fn rows<V: Row>(table: &Table<V>) -> Result<Vec<(String, V)>, AccessError> {
    let mut all = Vec::new();
    for row in table.scan("") {
        let (key, stored) = row?;
        all.push((key, stored.value));
    }
    Ok(all)
}

fn named(text: &str) -> Result<Name, AccessError> {
    Name::parse(text).ok_or_else(|| AccessError::Unusable(format!("{text:?} is no name")))
}

fn marked(text: String) -> Result<Mark, AccessError> {
    Mark::try_from(text).map_err(|problem| AccessError::Unusable(format!("a key: {problem}")))
}
