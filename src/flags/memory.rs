//! What is in memory beside the published snapshot: the change on its way to the disk, and the
//! lowered rows the disk does not have yet.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::{Flag, Stage};
use crate::domain::{ComponentId, Revision};

/// Guarded by one lock that is never held across an `await`. Snapshots are published under it.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The one change that is on its way to the disk and not published yet.
    pub pending: Option<Pending>,
    /// Published and not on the disk yet, oldest first.
    pub unsaved: VecDeque<Lowered>,
    /// The latest revision that a row of the table was ever given, refused ones included.
    pub last_taken: Revision,
    lowered: u64,
}

#[derive(Debug)]
pub(super) struct Pending {
    flags: HashMap<ComponentId, Arc<Flag>>,
    /// Set by a rollback that touched one of the components meanwhile: the change has lost.
    pub overtaken_by: Option<Revision>,
    /// The components that rollbacks have touched.
    touched: HashSet<ComponentId>,
}

impl Pending {
    pub fn new(flags: &[Arc<Flag>]) -> Self {
        let flags = flags.iter().map(|flag| (flag.component.clone(), Arc::clone(flag))).collect();
        Self { flags, overtaken_by: None, touched: HashSet::new() }
    }

    /// The stage on its way to the disk, if the change is about this component.
    pub fn stage(&self, component: &ComponentId) -> Option<Stage> {
        self.flags.get(component).map(|flag| flag.stage)
    }

    /// Components of the change that no rollback has touched.
    pub fn untouched(&self) -> impl Iterator<Item = &ComponentId> {
        self.flags.keys().filter(|component| !self.touched.contains(*component))
    }

    /// A rollback has come first.
    fn overtake(&mut self, lowered: &Lowered) {
        for flag in lowered.rows().filter(|flag| self.flags.contains_key(&flag.component)) {
            self.touched.insert(flag.component.clone());
            self.overtaken_by = Some(flag.revision);
        }
    }
}

/// Rows that were lowered together.
#[derive(Clone, Debug)]
pub(super) struct Lowered {
    /// Which change this is, in this process.
    pub id: u64,
    /// The row that was asked for.
    pub flag: Arc<Flag>,
    /// What had to go along, deepest first.
    pub dependents: Vec<Arc<Flag>>,
    /// True for a rollback.
    pub latches: bool,
    /// False while the rows have no revision of their own, because the disk could not reserve any.
    pub numbered: bool,
}

impl Memory {
    /// A lowered change, not queued yet.
    pub fn lowered(&mut self, flag: Flag, dependents: Vec<Flag>, latches: bool) -> Lowered {
        self.lowered += 1;
        Lowered {
            id: self.lowered,
            flag: Arc::new(flag),
            dependents: dependents.into_iter().map(Arc::new).collect(),
            latches,
            numbered: false,
        }
    }

    /// Queues lowered rows for the disk, and marks a pending change of theirs as lost.
    pub fn push(&mut self, lowered: Lowered) {
        if let Some(pending) = &mut self.pending {
            pending.overtake(&lowered);
        }
        self.unsaved.push_back(lowered);
    }

    /// True when every queued row has its revision, so that the next one may take a later one.
    pub fn all_numbered(&self) -> bool {
        self.unsaved.iter().all(|lowered| lowered.numbered)
    }

    pub fn is_unsaved(&self, id: u64) -> bool {
        self.unsaved.iter().any(|lowered| lowered.id == id)
    }
}

impl Lowered {
    /// All rows in the order in which they are written: the one that was asked for last.
    pub fn rows(&self) -> impl Iterator<Item = &Arc<Flag>> {
        self.dependents.iter().chain([&self.flag])
    }

    /// Gives each row its own revision.
    pub fn number(&mut self, revisions: Vec<Revision>) {
        let rows = self.dependents.iter_mut().chain([&mut self.flag]);
        for (flag, revision) in rows.zip(revisions) {
            *flag = Arc::new(Flag::clone(flag).numbered(revision));
        }
        self.numbered = true;
    }
}

impl Flag {
    /// This flag under its own revision, which its new latch, if it has one, shares.
    pub(super) fn numbered(mut self, revision: Revision) -> Self {
        self.revision = revision;
        if self.served_until == Some(Revision::default()) {
            self.served_until = Some(revision);
        }
        if let Some(latch) = &mut self.latch
            && latch.revision == Revision::default()
        {
            latch.revision = revision;
        }
        self
    }
}
