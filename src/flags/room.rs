//! Who may change the table when, and in which order traffic and disk learn of it. The room's
//! module doc says what holds.

use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::disk::Disk;
use super::history::to_the_millisecond;
use super::memory::{Lowered, Memory, Pending};
use super::order::{View, check_above, check_below, check_form};
use super::policies::Policies;
use super::{Applied, Cause, Flag, FlagsError, HistoryFilter, HistoryRow, Seed, Settings};
use super::{PolicyChange, PolicyPlace, SettingsPatch, Snapshot, Stage, history};
use crate::domain::{Clock, ComponentId, Revision, Timestamp};
use crate::store::{Store, StoreError};

/// Lowered rows that may wait for a refusing disk before plain moves back are refused as well.
/// Rollbacks never are: without raises in between, a component has at most two ahead of it.
const UNSAVED_MAX: usize = 256;

/// A change of one flag that waits its turn.
pub(super) enum Step {
    To(Stage),
    Hold,
    Release,
    Settings(SettingsPatch),
}

/// The step, for whom, and why.
pub(super) struct Order {
    pub component: ComponentId,
    pub step: Step,
    pub expected: Option<Revision>,
    pub cause: Cause,
}

/// The table's inside.
pub(super) struct Room {
    published: ArcSwap<Snapshot>,
    pub(super) memory: Mutex<Memory>,
    /// Whoever holds it is the only one who writes to the disk.
    disk: tokio::sync::Mutex<Disk>,
    revision: watch::Sender<Revision>,
    pub(super) store: Store,
    pub(super) settings: Settings,
    clock: Arc<dyn Clock>,
    pub(super) policies: Policies,
}

impl Room {
    pub async fn open(
        store: &Store,
        seeds: &[Seed],
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, FlagsError> {
        let issuers = settings.policy_issuers.clone();
        let live = Arc::clone(&settings.policies);
        let policies = Policies::open(store, live, issuers, Arc::clone(&clock))?;
        let (disk, salts) = Disk::open(store, seeds, to_the_millisecond(clock.now())).await?;
        let flags = disk.flags().map(|flag| Flag::clone(flag));
        let snapshot = Snapshot::new(flags, salts, settings.issuers());
        let mut memory = Memory::default();
        memory.last_taken = snapshot.revision();
        let room = Self {
            revision: watch::Sender::new(snapshot.revision()),
            published: ArcSwap::from_pointee(snapshot),
            memory: Mutex::new(memory),
            disk: tokio::sync::Mutex::new(disk),
            store: store.clone(),
            settings,
            clock,
            policies,
        };
        room.recover(&mut *room.disk.lock().await).await;
        Ok(room)
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.published.load_full()
    }

    pub fn watch(&self) -> watch::Receiver<Revision> {
        self.revision.subscribe()
    }

    pub fn unsaved(&self) -> usize {
        self.memory.lock().unsaved.len()
    }

    pub fn history(&self, filter: &HistoryFilter) -> Result<Vec<HistoryRow>, StoreError> {
        history::page(&self.store.table(super::disk::HISTORY), filter)
    }

    pub fn policy_history(
        &self,
        place: &PolicyPlace,
        page: &HistoryFilter,
    ) -> Result<Vec<PolicyChange>, StoreError> {
        Policies::history(&self.store, place, page)
    }

    pub async fn save(&self) -> Result<(), FlagsError> {
        let mut disk = self.disk.lock().await;
        self.save_unsaved(&mut disk).await?;
        Ok(self.policies.save().await?)
    }

    /// Publishes a rollback. Waits for nobody but the holders of the memory lock, none of whom
    /// waits for the disk.
    pub fn roll_back(&self, component: &ComponentId, cause: &Cause) -> Result<Lowered, FlagsError> {
        let mut memory = self.memory.lock();
        let published = self.published.load_full();
        let unknown = || FlagsError::UnknownComponent(component.clone());
        let flag = published.flag(component.as_str()).ok_or_else(unknown)?;
        let pending = memory.pending.as_ref().map(|pending| &*pending.flag);
        let view = View { published: &published, pending };
        let target = Flag::rollback_target(view.stage(flag))?;
        let now = self.now();
        let lowered = |flag: &Arc<Flag>| {
            let flag = flag.rolled_back(target, cause, now, self.settings.cool_down);
            Flag { changed_at: now, cause: cause.clone(), ..flag }
        };
        let falling = view.falling(component, target);
        let dependents = falling.into_iter().map(lowered).collect();
        let flag = lowered(flag);
        Ok(self.lower(&mut memory, (flag, dependents), true))
    }

    /// Publishes lowered rows and queues them for the disk, in the order of their revisions.
    pub(super) fn lower(
        &self,
        memory: &mut Memory,
        (flag, dependents): (Flag, Vec<Flag>),
        latches: bool,
    ) -> Lowered {
        let mut lowered = memory.lowered(flag, dependents, latches);
        self.number(memory, &mut lowered);
        self.enqueue(memory, lowered.clone());
        lowered
    }

    pub(super) fn number(&self, memory: &mut Memory, lowered: &mut Lowered) {
        if memory.all_numbered()
            && let Ok(revisions) = self.take_revisions(memory, lowered.rows().count())
        {
            lowered.number(revisions);
        }
    }

    pub(super) fn enqueue(&self, memory: &mut Memory, lowered: Lowered) {
        self.publish(lowered.rows());
        memory.push(lowered);
    }

    fn take_revisions(
        &self,
        memory: &mut Memory,
        count: usize,
    ) -> Result<Vec<Revision>, StoreError> {
        let taken: Result<Vec<_>, _> =
            (0..count).map(|_| self.store.take_revision().map(Revision)).collect();
        if let Some(last) = taken.as_ref().ok().and_then(|taken| taken.last()) {
            memory.last_taken = *last;
        }
        taken
    }

    /// The caller holds the memory lock.
    fn publish<'a>(&self, flags: impl Iterator<Item = &'a Arc<Flag>>) {
        let mut next = Snapshot::clone(&self.published.load());
        flags.for_each(|flag| next.put(Arc::clone(flag)));
        let revision = next.revision();
        self.published.store(Arc::new(next));
        self.revision.send_replace(revision);
    }

    /// Makes a lowered change durable, with whatever was lowered before it.
    pub async fn keep(&self, lowered: Lowered) -> Result<Applied, FlagsError> {
        let mut disk = self.disk.lock().await;
        self.keep_holding(lowered, &mut disk).await
    }

    async fn keep_holding(&self, lowered: Lowered, disk: &mut Disk) -> Result<Applied, FlagsError> {
        let Lowered { id, flag, dependents, numbered, .. } = lowered;
        let refused = self.save_unsaved(disk).await.err();
        if let Some(problem) = refused.filter(|_| self.memory.lock().is_unsaved(id)) {
            let component = flag.component.clone();
            if let Err(refused) = self.keep_note().await {
                tracing::error!(flag.component = %component, %problem, note = %refused,
                    "lowered in memory only");
                return Err(FlagsError::NotDurable { component, problem });
            }
            tracing::error!(flag.component = %component, %problem, "lowered, and kept as a note");
            return Ok(Applied { flag, dependents });
        }
        if numbered {
            return Ok(Applied { flag, dependents });
        }
        let saved = |flag: Arc<Flag>| disk.flag(&flag.component).cloned().unwrap_or(flag);
        let dependents = dependents.into_iter().map(saved).collect();
        Ok(Applied { flag: saved(flag), dependents })
    }

    /// Writes what was lowered and is not on the disk yet, oldest first.
    pub(super) async fn save_unsaved(&self, disk: &mut Disk) -> Result<(), StoreError> {
        while let Some(lowered) = self.oldest_unsaved()? {
            if self.unsaved() > 1 && self.store.noted().is_some() {
                // Of several, one may reach the disk under a revision that the note does not know.
                let noted = self.keep_note().await;
                noted.unwrap_or_else(|problem| tracing::warn!(%problem, "the note is not renewed"));
            }
            disk.write_lowered(&lowered).await?;
            self.memory.lock().unsaved.pop_front();
        }
        if self.store.noted().is_some()
            && let Err(problem) = self.store.clear_note().await
        {
            // The next start finds that its rows are newer, and leaves it alone.
            tracing::warn!(%problem, "a note that is no longer needed stays");
        }
        Ok(())
    }

    /// The oldest of what is not on the disk, under revisions of its own.
    fn oldest_unsaved(&self) -> Result<Option<Lowered>, StoreError> {
        let mut memory = self.memory.lock();
        let Some(mut oldest) = memory.unsaved.front().cloned() else { return Ok(None) };
        if !oldest.numbered {
            let revisions = self.take_revisions(&mut memory, oldest.rows().count())?;
            let unnumbered = oldest.clone();
            oldest.number(revisions);
            memory.unsaved[0] = oldest.clone();
            // A row that was lowered again meanwhile stays as it is.
            let published = self.published.load_full();
            let current = |flag: &Arc<Flag>| {
                published.flag(flag.component.as_str()).is_some_and(|now| Arc::ptr_eq(now, flag))
            };
            let pairs = unnumbered.rows().zip(oldest.rows());
            self.publish(pairs.filter(|(before, _)| current(before)).map(|(_, after)| after));
        }
        Ok(Some(oldest))
    }

    /// A change that waits its turn: a raise, a release, settings, or a plain move back.
    pub async fn change(&self, order: Order) -> Result<Applied, FlagsError> {
        let mut disk = self.disk.lock().await;
        loop {
            match self.begin(&order)? {
                Begun::Lowered(lowered) => return self.keep_holding(lowered, &mut disk).await,
                Begun::Pending(flag) => return self.raise(flag, &mut disk).await,
                Begun::Behind => self.save_unsaved(&mut disk).await?,
            }
        }
    }

    /// The caller holds the disk, so that no other change is pending.
    fn begin(&self, order: &Order) -> Result<Begun, FlagsError> {
        let mut memory = self.memory.lock();
        memory.pending = None;
        let published = self.published.load_full();
        let now = self.now();
        let (before, after) = order.compute(&published, now)?;
        let after = Flag { changed_at: now, cause: order.cause.clone(), ..after };
        if after.stage < before.stage && memory.unsaved.len() < UNSAVED_MAX {
            return Ok(Begun::Lowered(self.lower(&mut memory, (after, Vec::new()), false)));
        }
        if !memory.unsaved.is_empty() {
            return Ok(Begun::Behind);
        }
        let revision = Revision(self.store.take_revision()?);
        memory.last_taken = revision;
        let after = Arc::new(after.numbered(revision));
        memory.pending = Some(Pending { flag: Arc::clone(&after), overtaken_by: None });
        Ok(Begun::Pending(after))
    }

    /// Disk first, then traffic, unless a rollback has overtaken.
    async fn raise(&self, flag: Arc<Flag>, disk: &mut Disk) -> Result<Applied, FlagsError> {
        let written = disk.write_raised(&flag).await;
        let mut memory = self.memory.lock();
        let overtaken_by = memory.pending.take().and_then(|pending| pending.overtaken_by);
        written?;
        if let Some(current) = overtaken_by {
            return Err(FlagsError::Conflict { current });
        }
        self.publish([&flag].into_iter());
        Ok(Applied { flag, dependents: Vec::new() })
    }

    pub(super) fn now(&self) -> Timestamp {
        to_the_millisecond(self.clock.now())
    }
}

/// How far a change has come without waiting.
enum Begun {
    /// Published, to be saved.
    Lowered(Lowered),
    /// Registered as pending, to be written.
    Pending(Arc<Flag>),
    /// Lowered rows must be on the disk before it can be computed.
    Behind,
}

impl Order {
    /// The flag before and after, by the rules and by what the caller has seen.
    fn compute(
        &self,
        published: &Snapshot,
        now: Timestamp,
    ) -> Result<(Arc<Flag>, Flag), FlagsError> {
        let unknown = || FlagsError::UnknownComponent(self.component.clone());
        let before = published.flag(self.component.as_str()).ok_or_else(unknown)?;
        if self.expected.is_some_and(|expected| expected != before.revision) {
            return Err(FlagsError::Conflict { current: before.revision });
        }
        let after = match &self.step {
            Step::To(stage) => {
                let after = before.moved_to(*stage, &self.cause)?;
                if after.stage > before.stage {
                    check_above(published, &after)?;
                } else {
                    check_below(published, &after)?;
                }
                after
            }
            Step::Hold => before.held(&self.cause, now)?,
            Step::Release => before.released(&self.cause, now)?,
            Step::Settings(patch) => {
                let after = before.patched(patch, now)?;
                if patch.token_form.is_some() {
                    check_form(published, &after)?;
                }
                after
            }
        };
        Ok((Arc::clone(before), after))
    }
}
