//! The rows of the flag table on the disk, and the log of their changes.

use std::collections::HashMap;
use std::sync::Arc;

use super::history::key;
use super::memory::Lowered;
use super::seed::requirement_faults;
use super::{Flag, FlagsError, HistoryRow, Salt, Seed, SeedFault, Stage};
use crate::domain::{ComponentId, GroupId, Revision, Timestamp};
use crate::store::{Durability, Expect, Store, StoreError, Table};

pub(super) const HISTORY: &str = "history";
const FLAGS: &str = "flags";
const SALTS: &str = "salts";

/// Rows created in one batch.
const SEEDS_PER_BATCH: usize = 100;

/// The rows as they are on the disk, kept by the one who writes them.
pub(super) struct Disk {
    store: Store,
    flags: Table<Flag>,
    history: Table<HistoryRow>,
    saved: HashMap<ComponentId, Arc<Flag>>,
}

impl Disk {
    /// Reads all rows and creates those of `seeds` that are missing.
    pub async fn open(
        store: &Store,
        seeds: &[Seed],
        now: Timestamp,
    ) -> Result<(Self, HashMap<GroupId, Salt>), FlagsError> {
        let flags = store.table::<Flag>(FLAGS);
        let mut saved = HashMap::new();
        for row in flags.scan("") {
            let flag = row?.1.value;
            saved.insert(flag.component.clone(), Arc::new(flag));
        }
        let history = store.table(HISTORY);
        let mut disk = Self { store: store.clone(), flags, history, saved };
        disk.seed(seeds, now).await?;
        let salts = disk.salts().await?;
        Ok((disk, salts))
    }

    /// Every row.
    pub fn flags(&self) -> impl Iterator<Item = &Arc<Flag>> {
        self.saved.values()
    }

    /// One row.
    pub fn flag(&self, component: &ComponentId) -> Option<&Arc<Flag>> {
        self.saved.get(component)
    }

    /// Writes rows that serve already: whatever is there, they replace it.
    pub async fn write_lowered(&mut self, lowered: &Lowered) -> Result<(), StoreError> {
        let rows: Vec<_> = lowered.rows().cloned().collect();
        self.write(&rows, |_| Expect::Anything).await
    }

    /// Writes a row that does not serve yet, over the one it was computed from.
    pub async fn write_raised(&mut self, flag: &Arc<Flag>) -> Result<(), StoreError> {
        let expected = |before: Option<&Flag>| match before {
            Some(before) => Expect::Revision(before.revision.0),
            None => Expect::Absent,
        };
        self.write(std::slice::from_ref(flag), expected).await
    }

    /// Rows and their lines in the log, all or none.
    async fn write(
        &mut self,
        flags: &[Arc<Flag>],
        expect: impl Fn(Option<&Flag>) -> Expect,
    ) -> Result<(), StoreError> {
        let change = flags.last().map_or(Revision::default(), |flag| flag.revision);
        let mut batch = self.store.batch();
        for flag in flags {
            let before = self.saved.get(&flag.component).map(|before| Flag::clone(before));
            let revision = Some(flag.revision.0);
            let expect = expect(before.as_ref());
            batch.put(&self.flags, flag.component.as_str(), flag, expect, revision)?;
            let line = HistoryRow {
                revision: flag.revision,
                change,
                at: flag.changed_at,
                component: flag.component.clone(),
                before,
                after: Flag::clone(flag),
                cause: flag.cause.clone(),
            };
            // A lowered row that the disk refused is tried again under the same revision.
            batch.put(&self.history, &key(flag.revision), &line, Expect::Anything, revision)?;
        }
        batch.commit(Durability::Durable).await?;
        for flag in flags {
            self.saved.insert(flag.component.clone(), Arc::clone(flag));
        }
        Ok(())
    }

    async fn seed(&mut self, seeds: &[Seed], now: Timestamp) -> Result<(), FlagsError> {
        let known = self
            .saved
            .iter()
            .map(|(id, flag)| (id.clone(), (flag.group.clone(), flag.requires.clone())));
        let missing: Vec<&Seed> =
            seeds.iter().filter(|seed| !self.saved.contains_key(&seed.component)).collect();
        let mut faults = requirement_faults(&missing, &known.collect());
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
        for chunk in flags.chunks(SEEDS_PER_BATCH) {
            let mut rows = Vec::new();
            for flag in chunk {
                let revision = Revision(self.store.take_revision()?);
                rows.push(Arc::new(flag.clone().numbered(revision)));
            }
            self.write(&rows, |_| Expect::Absent).await?;
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
    async fn salts(&self) -> Result<HashMap<GroupId, Salt>, StoreError> {
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
