//! The rows of the flag table on the disk, and the log of their changes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::log::{Line as _, Log};
use super::memory::Lowered;
use super::seed::{requirement_faults, target_faults};
use super::{Flag, FlagsError, HistoryRow, Salt, Seed, SeedFault, Stage};
use crate::domain::{ComponentId, GroupId, Revision, SegmentId, Timestamp};
use crate::store::{
    BATCH_BYTES_MAX, Durability, Expect, Store, StoreError, Table, VALUE_BYTES_MAX,
};

const SALTS: &str = "salts";

/// Rows created in one batch.
const SEEDS_PER_BATCH: usize = 100;

/// Rows that fit into one batch however large they are, with their lines in the log.
const ROWS_PER_PART: usize = BATCH_BYTES_MAX / (2 * VALUE_BYTES_MAX) / 2;

/// The rows as they are on the disk, kept by the one who writes them.
pub(super) struct Disk {
    store: Store,
    flags: Table<Flag>,
    log: Log<HistoryRow>,
    saved: HashMap<ComponentId, Arc<Flag>>,
}

impl Disk {
    /// Reads all rows.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let flags = store.table::<Flag>(HistoryRow::ROWS);
        let mut saved = HashMap::new();
        for row in flags.scan("") {
            let flag = row?.1.value;
            saved.insert(flag.component.clone(), Arc::new(flag));
        }
        let log = Log::open(store)?;
        Ok(Self { store: store.clone(), flags, log, saved })
    }

    /// Every row.
    pub fn flags(&self) -> impl Iterator<Item = &Arc<Flag>> {
        self.saved.values()
    }

    /// One row.
    pub fn flag(&self, component: &ComponentId) -> Option<&Arc<Flag>> {
        self.saved.get(component)
    }

    /// The last line of the log that is surely on the disk.
    pub fn last_line(&self) -> Option<Revision> {
        self.log.last()
    }

    /// Writes rows that serve already: whatever is there, they replace it.
    pub async fn write_lowered(&mut self, lowered: &Lowered) -> Result<(), StoreError> {
        let rows: Vec<_> = lowered.rows().cloned().collect();
        self.write(&rows, lowered.flag.revision, |_| Expect::Anything).await
    }

    /// The same in several steps, for what is too large for one. Dependents stand first, so each
    /// step leaves the order between components whole.
    pub async fn write_lowered_in_parts(&mut self, lowered: &Lowered) -> Result<(), StoreError> {
        let rows: Vec<_> = lowered.rows().cloned().collect();
        for part in rows.chunks(ROWS_PER_PART) {
            self.write(part, lowered.flag.revision, |_| Expect::Anything).await?;
        }
        Ok(())
    }

    /// Writes rows that do not serve yet, over those they were computed from.
    pub async fn write_raised(&mut self, flags: &[Arc<Flag>]) -> Result<(), StoreError> {
        let expected = |before: Option<&Flag>| match before {
            Some(before) => Expect::Revision(before.revision.0),
            None => Expect::Absent,
        };
        let change = flags.last().map_or(Revision::default(), |flag| flag.revision);
        self.write(flags, change, expected).await
    }

    /// Rows and their lines in the log, all or none.
    async fn write(
        &mut self,
        flags: &[Arc<Flag>],
        change: Revision,
        expect: impl Fn(Option<&Flag>) -> Expect,
    ) -> Result<(), StoreError> {
        let mut batch = self.store.batch();
        let mut lines = Vec::new();
        for flag in flags {
            let before = self.saved.get(&flag.component).map(|before| Flag::clone(before));
            let revision = Some(flag.revision.0);
            let expect = expect(before.as_ref());
            batch.put(&self.flags, flag.component.as_str(), flag, expect, revision)?;
            lines.push(HistoryRow {
                revision: flag.revision,
                change,
                at: flag.changed_at,
                component: flag.component.clone(),
                before,
                after: Flag::clone(flag),
                cause: flag.cause.clone(),
            });
        }
        let added = self.log.add(&mut batch, lines)?;
        batch.commit(Durability::Durable).await?;
        self.log.added(added);
        for flag in flags {
            self.saved.insert(flag.component.clone(), Arc::clone(flag));
        }
        Ok(())
    }

    /// The flags of those `seeds` that have no row yet, as they start at `now`. `segments` are the
    /// names that targets may have.
    pub fn missing(
        &self,
        seeds: &[Seed],
        segments: &HashSet<SegmentId>,
        now: Timestamp,
    ) -> Result<Vec<Flag>, FlagsError> {
        let known = self
            .saved
            .iter()
            .map(|(id, flag)| (id.clone(), (flag.group.clone(), flag.requires.clone())));
        let missing: Vec<&Seed> =
            seeds.iter().filter(|seed| !self.saved.contains_key(&seed.component)).collect();
        let mut faults = requirement_faults(&missing, &known.collect());
        faults.extend(target_faults(&missing, segments));
        let mut flags = Vec::new();
        for seed in &missing {
            match seed.flag(now) {
                Ok(flag) => flags.push(flag),
                Err(refusal) => faults.push(SeedFault::of(seed, refusal.to_string())),
            }
        }
        if !faults.is_empty() {
            return Err(FlagsError::Seeds(faults));
        }
        self.lower_to_requirements(&mut flags);
        Ok(flags)
    }

    /// Writes the rows of new flags.
    pub async fn create(&mut self, flags: &[Flag]) -> Result<(), FlagsError> {
        for chunk in flags.chunks(SEEDS_PER_BATCH) {
            let mut rows = Vec::new();
            for flag in chunk {
                let revision = Revision(self.store.take_revision()?);
                rows.push(Arc::new(flag.clone().numbered(revision)));
            }
            let change = rows.last().map_or(Revision::default(), |flag| flag.revision);
            self.write(&rows, change, |_| Expect::Absent).await?;
        }
        Ok(())
    }

    /// No seeded stage stands above what its component requires, all the way up.
    fn lower_to_requirements(&self, flags: &mut [Flag]) {
        let mut stages: HashMap<ComponentId, Stage> =
            self.saved.iter().map(|(id, flag)| (id.clone(), flag.stage)).collect();
        stages.extend(flags.iter().map(|flag| (flag.component.clone(), flag.stage)));
        let mut settled = false;
        while !settled {
            settled = true;
            for flag in &mut *flags {
                let required = flag.requires.iter().filter_map(|id| stages.get(id)).min();
                if let Some(required) = required.copied().filter(|stage| *stage < flag.stage) {
                    flag.stage = required;
                    stages.insert(flag.component.clone(), required);
                    settled = false;
                }
            }
        }
    }

    /// The salts of all groups; a group without one gets one, for good.
    pub async fn salts(&self) -> Result<HashMap<GroupId, Salt>, StoreError> {
        let table = self.store.table::<Salt>(SALTS);
        let mut salts = HashMap::new();
        for flag in self.flags() {
            if salts.contains_key(&flag.group) {
                continue;
            }
            let group = flag.group.as_str();
            let salt = if let Some(stored) = table.get(group)? {
                stored.value
            } else {
                let salt = Salt::generate();
                table.replace(group, Expect::Absent, &salt, Durability::Durable).await?;
                salt
            };
            salts.insert(flag.group.clone(), salt);
        }
        Ok(salts)
    }
}
