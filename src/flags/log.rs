//! A log whose lines are a chain, and the head that says where it ends.
//!
//! # How to keep a log
//!
//! 1. Implement [`Line`] for the line of the log: its revision, whose row it changes, how it
//!    continues the row before, and the row that it leaves. The line must not have members named
//!    `prev` or `hash`, nor refuse members that it does not know. Its own table of rows is
//!    [`Line::ROWS`].
//! 2. Where the rows are written, under whatever lock makes one writer of them:
//!
//!    ```text
//!    let mut batch = store.batch();
//!    batch.put(&self.rows, key, &row, expect, Some(revision))?;
//!    let added = self.log.add(&mut batch, vec![line])?;      // lines in the order of revisions
//!    batch.commit(Durability::Durable).await?;
//!    self.log.added(added);                                  // only now: the disk has them
//!    ```
//!
//!    When the disk refuses, leave out the last line: the same rows may be tried again under the
//!    same revisions, and get the same links.
//! 3. Add `verify::whole::<YourLine>` where [`Flags::verify`](super::Flags::verify) goes through the
//!    logs, called with the writers kept away.
//!
//! The head of a chain is a row of its own that is written in the same batch as its lines, so that
//! a tail that was cut off and a row that was removed are found.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::chain::{Chain, LineHash, Linked};
use super::history::key as digits;
use crate::domain::Revision;
use crate::store::{Batch, Expect, Row, Store, StoreError, Table};

const HEADS: &str = "log_heads";

/// A line of a log.
pub(super) trait Line: Row + Clone {
    /// The row that a line changes.
    type Kept: Row + Clone + PartialEq;

    /// The name of the log, and of its table.
    const LOG: &'static str;
    /// The name of the table of rows.
    const ROWS: &'static str;

    /// Its revision, by which it stands in the log.
    fn revision(&self) -> Revision;

    /// To which chain of the log it belongs, where there are several.
    fn place(&self) -> Option<String> {
        None
    }

    /// The key of the row that it changes.
    fn row_key(&self) -> String;

    /// True when it says of the row before what the line before has left.
    fn continues(&self, before: Option<&Self::Kept>) -> bool;

    /// The row since then; `None` when the line removes it.
    fn leaves(&self) -> Option<Self::Kept>;

    /// Where it stands in the log.
    fn key(&self) -> String {
        let digits = digits(self.revision());
        self.place().map_or(digits.clone(), |place| format!("{place}/{digits}"))
    }
}

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The first revision of the chain: every line since then is linked.
    pub first: Revision,
    /// How many lines stand before it.
    pub older: u64,
    /// How many lines it has.
    pub lines: u64,
    /// The last revision.
    pub last: Revision,
    /// The hash of the last line.
    pub hash: LineHash,
}

impl Row for Head {
    const FORMAT: u8 = 1;
}

impl Head {
    fn chain(&self) -> Chain {
        Chain { hash: self.hash, older: self.older, lines: self.lines }
    }
}

/// The name of a chain.
pub(super) fn chain_name(log: &str, place: Option<&str>) -> String {
    place.map_or_else(|| log.to_owned(), |place| format!("{log}/{place}"))
}

/// The heads of a log's chains, by their names.
pub(super) fn heads<V: Line>(store: &Store) -> Result<HashMap<String, Head>, StoreError> {
    let of_log = |name: &str| {
        name.strip_prefix(V::LOG).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let rows = store.table::<Head>(HEADS).scan(V::LOG);
    let rows = rows.map(|row| row.map(|(name, stored)| (name, stored.value)));
    rows.filter(|row| row.as_ref().map_or(true, |(name, _)| of_log(name))).collect()
}

/// The lines of a log.
pub(super) fn lines<V: Line>(store: &Store) -> Table<Linked<V>> {
    store.table(V::LOG)
}

/// A log, for the one who writes it.
pub(super) struct Log<V: Line> {
    lines: Table<Linked<V>>,
    heads: Table<Head>,
    known: HashMap<String, Head>,
}

/// What becomes of the heads once the disk has a batch.
#[must_use = "hand it to `added` when the batch is on the disk"]
pub(super) struct Added(Vec<(String, Head)>);

impl<V: Line> Log<V> {
    /// The log in this store.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let heads = store.table(HEADS);
        Ok(Self { lines: lines::<V>(store), heads, known: self::heads::<V>(store)? })
    }

    /// The last revision that is surely in the chain without places.
    pub fn last(&self) -> Option<Revision> {
        self.known.get(V::LOG).map(|head| head.last)
    }

    /// Adds lines to the batch, and the heads that follow from them. Lines of one chain come in the
    /// order of their revisions.
    pub fn add(&self, batch: &mut Batch, lines: Vec<V>) -> Result<Added, StoreError> {
        let mut heads: Vec<(String, Head)> = Vec::new();
        for line in lines {
            let (key, revision) = (line.key(), line.revision());
            let place = line.place();
            let name = chain_name(V::LOG, place.as_deref());
            let mut head = match heads.iter().position(|(known, _)| *known == name) {
                Some(at) => heads.swap_remove(at).1,
                None => self.head(&name, place.as_deref(), revision)?,
            };
            if head.lines > 0 && revision <= head.last {
                tracing::error!(log = name, %revision, last = %head.last, "a line is out of order");
            }
            let mut chain = head.chain();
            let linked = chain.add(line).map_err(|error| StoreError::Unwritable {
                table: V::LOG,
                key: key.clone(),
                problem: error.to_string(),
            })?;
            // A row that the disk refused is tried again under the same revision.
            batch.put(&self.lines, &key, &linked, Expect::Anything, Some(revision.0))?;
            (head.hash, head.lines) = (chain.hash, chain.lines);
            head.last = head.last.max(revision);
            heads.push((name, head));
        }
        for (name, head) in &heads {
            batch.put(&self.heads, name, head, Expect::Anything, Some(head.last.0))?;
        }
        Ok(Added(heads))
    }

    /// The disk has the batch.
    pub fn added(&mut self, added: Added) {
        self.known.extend(added.0);
    }

    /// The head of a chain; one that begins now goes through the lines before it.
    fn head(&self, name: &str, place: Option<&str>, first: Revision) -> Result<Head, StoreError> {
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        let mut chain = Chain::new(name);
        let prefix = place.map(|place| format!("{place}/")).unwrap_or_default();
        for row in self.lines.scan(&prefix) {
            match row {
                Ok((_, stored)) => chain.pass(&stored.value),
                // No rollback fails because of what somebody did to the log; whoever verifies it
                // is told.
                Err(problem @ StoreError::Unreadable { .. }) => {
                    tracing::error!(log = name, %problem, "an older line is not in the chain");
                }
                Err(problem) => return Err(problem),
            }
        }
        let Chain { hash, older, lines } = chain;
        Ok(Head { first, older, lines, last: first, hash })
    }
}
