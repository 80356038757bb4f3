//! The room as its callers see it.

mod durable;
mod model;
mod opening;
mod reading;
mod revisions;
mod watching;
mod writing;

use std::path::Path;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::{FaultSwitch, Row, Store, Table};

/// A row for these tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    text: String,
}

impl Row for Note {
    const FORMAT: u8 = 1;
}

fn note(text: &str) -> Note {
    Note { text: text.to_owned() }
}

/// A store in a folder that goes with it.
struct World {
    store: Store,
    notes: Table<Note>,
    faults: FaultSwitch,
    dir: TempDir,
}

fn world() -> World {
    let dir = TempDir::new().expect("a folder");
    let faults = FaultSwitch::new();
    let store = Store::open_with(dir.path(), faults.clone()).expect("a store");
    World { notes: store.table("notes"), store, faults, dir }
}

impl World {
    /// Drops every handle without closing, and opens the folder again.
    fn reopen(self) -> Self {
        let Self { store, notes, faults, dir } = self;
        drop((store, notes));
        let store = Store::open_with(dir.path(), faults.clone()).expect("a store again");
        Self { notes: store.table("notes"), store, faults, dir }
    }

    fn texts(&self, prefix: &str) -> Vec<String> {
        self.notes.scan(prefix).map(|row| row.expect("a readable row").1.value.text).collect()
    }
}

/// Writes bytes where a row of `notes` stands, behind the store's back.
fn damage(dir: &Path, table: &str, key: &str, bytes: &[u8]) {
    let db = sled::Config::new().path(dir).open().expect("the engine");
    db.insert(super::key::place(table, key), bytes).expect("damage");
    db.flush().expect("flush");
}
