//! Going through the logs: is every line where it was written, and does the table say what they
//! say?

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, BufRead, Read as _};
use std::sync::Arc;

use serde::Serialize;

use super::chain::{Chain, LineHash, Linked, Unfit};
use super::log::{Head, Line, chain_name, heads, lines};
use super::table::{Flags, to_the_end};
use super::{FlagsError, HistoryRow, PolicyChange, RolloutChange, SegmentChange};
use crate::domain::Revision;
use crate::store::{Store, StoreError, Stored};

/// How often a log is gone through that is written to meanwhile.
const UNDISTURBED_TRIES: usize = 10;

/// Longest line of an export, in bytes.
const EXPORTED_LINE_MAX: u64 = 1024 * 1024;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every line is where it was written. The heads can be kept elsewhere: whoever rewrites a log
    /// to its end changes them.
    Verified(Vec<LogHead>),
    /// Something was done to a log, or to the table behind its back.
    Broken(Broken),
}

/// Where a log ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogHead {
    /// The log, and which of its chains where it has several.
    pub log: String,
    /// Lines of versions that knew no chain; they stand before its beginning.
    pub older: u64,
    /// Lines of the chain.
    pub lines: u64,
    /// The last revision.
    pub last: Revision,
    /// The hash of the last line.
    pub hash: LineHash,
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{log}{}: {fault}", at(*.revision))]
pub struct Broken {
    /// The log, and which of its chains where it has several.
    pub log: String,
    /// At which line.
    pub revision: Option<Revision>,
    /// What.
    pub fault: Fault,
}

fn at(revision: Option<Revision>) -> String {
    revision.map(|revision| format!(" at revision {revision}")).unwrap_or_default()
}

/// What can be wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A line does not fit into the chain.
    #[error("the line {0}")]
    Unfit(#[from] Unfit),
    /// A row cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// A line stands in a place of another revision.
    #[error("the line stands under the key {0:?}, which is not its own")]
    Misplaced(String),
    /// A line tells another story of the row before than the line before.
    #[error("the line does not say of {0} before what the line before it has left")]
    BeforeDiffers(String),
    /// There are linked lines, and nothing says where they end.
    #[error("the lines are linked, and the head that says where they end is gone")]
    HeadMissing,
    /// Lines are missing at the end, or there are more than were written.
    #[error("the head tells of {expected} lines up to this one, the log has {found} up to {last}")]
    HeadDiffers {
        /// How many the head tells of.
        expected: u64,
        /// How many there are.
        found: u64,
        /// The last one that is there.
        last: Revision,
    },
    /// The table was changed without a line.
    #[error("the row {0} of the table is not what the last line about it has left")]
    RowDiffers(String),
    /// The table has a row of which no line tells.
    #[error("the table has a row {0}, and no line tells of it")]
    RowWithoutLine(String),
    /// The log has a row that the table does not have.
    #[error("the table has no row {0}, and no line tells that it went")]
    RowMissing(String),
    /// No line has the hash that was kept elsewhere.
    #[error("no line has the hash {0}: the log was written anew, or cut")]
    AnchorMissing(LineHash),
}

impl Flags {
    /// Goes through every log of the table. `anchors` are hashes that were kept elsewhere: lines
    /// must have them. Reads the disk from end to end, one caller after another; the table can be
    /// changed meanwhile, but for a moment at the end.
    pub async fn verify(&self, anchors: &[LineHash]) -> Result<Verdict, FlagsError> {
        let (room, anchors) = (Arc::clone(&self.room), anchors.to_vec());
        let turn = Arc::clone(&room.verifying).lock_owned().await;
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            told(room.go_through_logs(&anchors))
        });
        to_the_end(async move { work.await.unwrap_or(Err(StoreError::Closed)).map_err(Into::into) })
            .await
    }
}

impl super::room::Room {
    fn go_through_logs(&self, anchors: &[LineHash]) -> Result<Vec<LogHead>, Stop> {
        let mut unmet: Anchors = anchors.iter().copied().collect();
        // Up to here nothing is written any more: nobody has to wait for that part.
        let sure = self.disk.blocking_lock().last_line();
        let mut walk = Walk::<HistoryRow>::start(&self.store)?;
        if sure.is_some() {
            walk.go_on(sure, &mut unmet)?;
        }
        let quiet = self.disk.blocking_lock();
        walk.heads = heads::<HistoryRow>(&self.store)?;
        walk.go_on(None, &mut unmet)?;
        let mut found = walk.end()?;
        drop(quiet);
        found.extend(undisturbed::<SegmentChange>(&self.store, &mut unmet)?);
        let policies = self.policies.while_quiet(|| whole::<PolicyChange>(&self.store, &mut unmet));
        found.extend(policies?);
        found.extend(undisturbed::<RolloutChange>(&self.store, &mut unmet)?);
        all_met(&unmet)?;
        Ok(found)
    }
}

/// Goes through a log whose writer is not kept away: what is found counts when no line was written
/// meanwhile.
fn undisturbed<V: Line>(store: &Store, unmet: &mut Anchors) -> Result<Vec<LogHead>, Stop> {
    for _ in 0..UNDISTURBED_TRIES {
        let (before, mut still_unmet) = (heads::<V>(store)?, unmet.clone());
        let found = whole::<V>(store, &mut still_unmet);
        if heads::<V>(store)? == before {
            *unmet = still_unmet;
            return found;
        }
    }
    let problem = "was written to all the time, try again".to_owned();
    let fault = Fault::Unreadable(problem);
    Err(Broken { log: V::LOG.to_owned(), revision: None, fault }.into())
}

/// Goes through every log of a store that nobody else has open.
pub fn verify_store(store: &Store, anchors: &[LineHash]) -> Result<Verdict, StoreError> {
    let mut unmet: Anchors = anchors.iter().copied().collect();
    told((|| {
        let mut found = whole::<HistoryRow>(store, &mut unmet)?;
        found.extend(whole::<SegmentChange>(store, &mut unmet)?);
        found.extend(whole::<PolicyChange>(store, &mut unmet)?);
        found.extend(whole::<RolloutChange>(store, &mut unmet)?);
        all_met(&unmet)?;
        Ok(found)
    })())
}

/// Hashes that no line has had yet.
pub(super) type Anchors = HashSet<LineHash>;

fn all_met(unmet: &Anchors) -> Result<(), Stop> {
    let log = HistoryRow::LOG.to_owned();
    unmet.iter().min().map_or(Ok(()), |hash| {
        Err(Broken { log, revision: None, fault: Fault::AnchorMissing(*hash) }.into())
    })
}

fn told(outcome: Result<Vec<LogHead>, Stop>) -> Result<Verdict, StoreError> {
    match outcome {
        Ok(heads) => Ok(Verdict::Verified(heads)),
        Err(Stop::Broken(broken)) => Ok(Verdict::Broken(broken)),
        Err(Stop::Store(error)) => Err(error),
    }
}

/// Why the way through a log ended before its end.
pub(super) enum Stop {
    Broken(Broken),
    Store(StoreError),
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unreadable { table, .. } => Self::Broken(Broken {
                log: table.to_owned(),
                revision: None,
                fault: Fault::Unreadable(error.to_string()),
            }),
            other => Self::Store(other),
        }
    }
}

/// Goes through one log, from its first line to the rows of the table. Its writers are kept away.
pub(super) fn whole<V: Line>(store: &Store, unmet: &mut Anchors) -> Result<Vec<LogHead>, Stop> {
    let mut walk = Walk::<V>::start(store)?;
    walk.go_on(None, unmet)?;
    walk.end()
}

/// On the way through a log.
struct Walk<'s, V: Line> {
    store: &'s Store,
    heads: HashMap<String, Head>,
    /// The chains met so far, and the last revision of each.
    chains: BTreeMap<String, (Chain, Revision)>,
    /// The rows as the lines so far have left them.
    rows: HashMap<String, V::Kept>,
    /// The key to go on from.
    next: String,
}

impl<'s, V: Line> Walk<'s, V> {
    fn start(store: &'s Store) -> Result<Self, Stop> {
        let (heads, next) = (heads::<V>(store)?, String::new());
        Ok(Self { store, heads, chains: BTreeMap::new(), rows: HashMap::new(), next })
    }

    /// Goes on to the line of a revision, or to the end.
    fn go_on(&mut self, until: Option<Revision>, unmet: &mut Anchors) -> Result<(), Stop> {
        for row in lines::<V>(self.store).scan_from("", &self.next.clone()) {
            let (key, stored) = row?;
            if until.is_some_and(|until| stored.value.revision() > until) {
                break;
            }
            let hash = self.follow(&key, &stored)?;
            unmet.remove(&hash);
            // The very next key there can be.
            self.next = key + "\0";
        }
        Ok(())
    }

    fn follow(&mut self, key: &str, stored: &Stored<Linked<V>>) -> Result<LineHash, Broken> {
        let line = &stored.value;
        let (name, revision) = (chain_name(V::LOG, line.place().as_deref()), line.revision());
        let broken = |fault| Broken { log: name.clone(), revision: Some(revision), fault };
        if key != line.key() || stored.revision != revision.0 {
            return Err(broken(Fault::Misplaced(key.to_owned())));
        }
        let head = self.heads.get(&name);
        if head.is_none() && line.link().is_some() {
            return Err(broken(Fault::HeadMissing));
        }
        let (chain, last) =
            self.chains.entry(name.clone()).or_insert_with(|| (Chain::new(&name), revision));
        let is_older = head.is_none_or(|head| revision < head.first);
        chain.follow(line, is_older).map_err(|unfit| broken(unfit.into()))?;
        *last = revision;
        let hash = chain.hash;
        let row = line.row_key();
        if !line.continues(self.rows.get(&row)) {
            return Err(broken(Fault::BeforeDiffers(row)));
        }
        match line.leaves() {
            Some(left) => self.rows.insert(row, left),
            None => self.rows.remove(&row),
        };
        Ok(hash)
    }

    /// The log is through: compares with its heads and with the table.
    fn end(self) -> Result<Vec<LogHead>, Stop> {
        for (name, head) in &self.heads {
            let found = self.chains.get(name);
            let ends = found.is_some_and(|(chain, last)| {
                let said = (head.hash, head.older, head.lines, head.last);
                (chain.hash, chain.older, chain.lines, *last) == said
            });
            if !ends {
                let found_lines = found.map_or(0, |(chain, _)| chain.older + chain.lines);
                let fault = Fault::HeadDiffers {
                    expected: head.older + head.lines,
                    found: found_lines,
                    last: found.map_or(Revision(0), |(_, last)| *last),
                };
                return Err(Broken { log: name.clone(), revision: Some(head.last), fault }.into());
            }
        }
        self.compare_rows()?;
        let head = |(log, (chain, last)): (String, (Chain, Revision))| {
            let Chain { hash, older, lines } = chain;
            LogHead { log, older, lines, last, hash }
        };
        Ok(self.chains.into_iter().map(head).collect())
    }

    fn compare_rows(&self) -> Result<(), Stop> {
        let broken = |fault| Stop::from(Broken { log: V::LOG.to_owned(), revision: None, fault });
        let mut found = HashSet::new();
        for row in self.store.table::<V::Kept>(V::ROWS).scan("") {
            let (key, stored) = row?;
            match self.rows.get(&key) {
                None => return Err(broken(Fault::RowWithoutLine(key))),
                Some(left) if *left != stored.value => {
                    return Err(broken(Fault::RowDiffers(key)));
                }
                Some(_) => found.insert(key),
            };
        }
        let missing = self.rows.keys().filter(|key| !found.contains(*key)).min();
        missing.map_or(Ok(()), |key| Err(broken(Fault::RowMissing(key.clone()))))
    }
}

/// Goes through an export of the flags' history, line by line. `anchors` must be among its hashes.
/// Of an export that was filtered each line is judged by itself alone.
pub fn verify_export(
    mut export: impl BufRead,
    is_filtered: bool,
    anchors: &[LineHash],
) -> io::Result<Verdict> {
    let mut unmet: Anchors = anchors.iter().copied().collect();
    let (mut chain, mut last) = (Chain::new(HistoryRow::LOG), Revision(0));
    let mut text = Vec::new();
    loop {
        text.clear();
        if export.by_ref().take(EXPORTED_LINE_MAX).read_until(b'\n', &mut text)? == 0 {
            break;
        }
        let broken = |fault| {
            let log = HistoryRow::LOG.to_owned();
            Ok(Verdict::Broken(Broken { log, revision: Some(last), fault }))
        };
        let line: Linked<HistoryRow> = match serde_json::from_slice(&text) {
            Ok(line) => line,
            Err(error) => {
                let problem = format!("what follows is no line of the history ({error})");
                return broken(Fault::Unreadable(problem));
            }
        };
        let before = last;
        last = line.revision;
        let broken = |fault| {
            let log = HistoryRow::LOG.to_owned();
            Ok(Verdict::Broken(Broken { log, revision: Some(line.revision), fault }))
        };
        if chain.older + chain.lines > 0 && line.revision <= before {
            return broken(Unfit::DoesNotFollow.into());
        }
        let outcome = if is_filtered {
            line.fault().map_or(Ok(()), Err).map(|()| chain.jump_to(&line))
        } else {
            chain.follow(&line, chain.lines == 0 && line.link().is_none())
        };
        if let Err(unfit) = outcome {
            return broken(unfit.into());
        }
        unmet.remove(&chain.hash);
    }
    if let Some(hash) = unmet.iter().min() {
        let (log, fault) = (HistoryRow::LOG.to_owned(), Fault::AnchorMissing(*hash));
        return Ok(Verdict::Broken(Broken { log, revision: None, fault }));
    }
    let Chain { hash, older, lines } = chain;
    let log = HistoryRow::LOG.to_owned();
    Ok(Verdict::Verified(vec![LogHead { log, older, lines, last, hash }]))
}
