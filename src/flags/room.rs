//! Who may change the table when, and in which order traffic and disk learn of it. The room's
//! module doc says what holds.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::clearance::{Clearance, SignOut, check_cleared, check_signs_nobody_out};
use super::disk::Disk;
use super::history::to_the_millisecond;
use super::import::Import;
use super::memory::{Lowered, Memory, Pending};
use super::order::{check_above, check_below, check_form};
use super::policies::Policies;
use super::segments::Segments;
use super::{Applied, Cause, Flag, FlagsError, HistoryFilter, HistoryRow, Linked, Seeds, Settings};
use super::{MoveRefusal, PolicyChange, PolicyPlace, SettingsPatch, Snapshot, Stage};
use super::{history, segments};
use crate::domain::{Clock, ComponentId, Revision, Timestamp};
use crate::store::{Store, StoreError, Table};

/// Lowered rows that may wait for a refusing disk before plain moves back are refused as well.
/// Rollbacks never are: without raises in between, a component has at most two ahead of it.
const UNSAVED_MAX: usize = 256;

/// A change of one flag that waits its turn.
pub(super) enum Step {
    To(Stage),
    Hold,
    Release,
    Settings(SettingsPatch),
    /// To what the row was: an earlier state of it.
    Restore(Box<Flag>),
}

/// The step, for whom, and why.
pub(super) struct Order {
    pub component: ComponentId,
    pub step: Step,
    pub expected: Option<Revision>,
    pub cause: Cause,
}

/// What waits its turn.
pub(super) enum Change {
    /// One flag.
    One(Order),
    /// As many as a document names.
    Many(Import),
}

/// The table's inside.
pub(super) struct Room {
    pub(super) published: ArcSwap<Snapshot>,
    pub(super) memory: Mutex<Memory>,
    /// Whoever holds it is the only one who writes to the disk.
    pub(super) disk: tokio::sync::Mutex<Disk>,
    pub(super) segments: Segments,
    revision: watch::Sender<Revision>,
    /// The newest line of the log whose change is published.
    logged: watch::Sender<Revision>,
    pub(super) store: Store,
    pub(super) settings: Settings,
    clock: Arc<dyn Clock>,
    pub(super) policies: Policies,
    /// Whoever holds it goes through the logs.
    pub(super) verifying: Arc<tokio::sync::Mutex<()>>,
    /// What the table was started from.
    pub(super) seeds: Seeds,
    /// Who is asked before more people come to SSOT.
    pub(super) clearance: OnceLock<Clearance>,
    /// Who knows what would sign people out.
    pub(super) sign_out: OnceLock<SignOut>,
    /// Every snapshot that is published, for a test that wants to miss none.
    #[cfg(test)]
    pub(super) shown: Mutex<Option<Vec<Arc<Snapshot>>>>,
}

impl Room {
    pub async fn open(
        store: &Store,
        seeds: &Seeds,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, FlagsError> {
        let issuers = settings.policy_issuers.clone();
        let live = Arc::clone(&settings.policies);
        let policies = Policies::open(store, live, issuers, Arc::clone(&clock))?;
        let (mut disk, segments) = (Disk::open(store)?, Segments::open(store)?);
        let now = to_the_millisecond(clock.now());
        // All faults of the seeds are found before the first row is written.
        let mut kept = segments.rows()?;
        let new_segments = segments::missing(&seeds.segments, &kept, now)?;
        let flags = disk.missing(&seeds.components, &segments::names(&kept, &new_segments), now)?;
        kept.extend(segments.create(new_segments).await?);
        disk.create(&flags).await?;
        let salts = disk.salts().await?;
        let flags = disk.flags().map(|flag| Flag::clone(flag));
        let mut snapshot = Snapshot::new(flags, salts, settings.issuers());
        for segment in kept {
            snapshot.put_segment(segment);
        }
        let mut memory = Memory::default();
        memory.last_taken = snapshot.revision();
        let room = Self {
            revision: watch::Sender::new(snapshot.revision()),
            logged: watch::Sender::new(Revision::default()),
            published: ArcSwap::from_pointee(snapshot),
            memory: Mutex::new(memory),
            disk: tokio::sync::Mutex::new(disk),
            segments,
            store: store.clone(),
            settings,
            clock,
            policies,
            verifying: Arc::default(),
            seeds: seeds.clone(),
            clearance: OnceLock::new(),
            sign_out: OnceLock::new(),
            #[cfg(test)]
            shown: Mutex::default(),
        };
        room.recover(&mut *room.disk.lock().await).await;
        let newest = HistoryFilter { limit: Some(1), ..HistoryFilter::default() };
        let newest = history::page(&room.lines(), &newest)?.lines;
        room.tell_logged(newest.first().map_or(Revision::default(), |line| line.revision));
        Ok(room)
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.published.load_full()
    }

    pub fn watch(&self) -> watch::Receiver<Revision> {
        self.revision.subscribe()
    }

    pub fn watch_log(&self) -> watch::Receiver<Revision> {
        self.logged.subscribe()
    }

    /// To be called when lines up to this revision are on the disk and published.
    pub fn tell_logged(&self, revision: Revision) {
        self.logged.send_replace(revision);
    }

    pub fn unsaved(&self) -> usize {
        self.memory.lock().unsaved.len()
    }

    pub fn lines(&self) -> Table<Linked<HistoryRow>> {
        super::log::lines(&self.store)
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
        self.publish_changed(|next| flags.for_each(|flag| next.put(Arc::clone(flag))));
    }

    /// The caller holds the memory lock.
    pub(super) fn publish_changed(&self, change: impl FnOnce(&mut Snapshot)) {
        let mut next = Snapshot::clone(&self.published.load());
        change(&mut next);
        let (revision, next) = (next.revision(), Arc::new(next));
        #[cfg(test)]
        self.shown.lock().as_mut().into_iter().for_each(|shown| shown.push(Arc::clone(&next)));
        self.published.store(next);
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
            self.write_lowered(&lowered, disk).await?;
            self.memory.lock().unsaved.pop_front();
            self.tell_logged(lowered.flag.revision);
        }
        if self.store.noted().is_some()
            && let Err(problem) = self.store.clear_note().await
        {
            // The next start finds that its rows are newer, and leaves it alone.
            tracing::warn!(%problem, "a note that is no longer needed stays");
        }
        Ok(())
    }

    /// All at once, or noted first: a start after half of it does the rest.
    async fn write_lowered(&self, lowered: &Lowered, disk: &mut Disk) -> Result<(), StoreError> {
        match disk.write_lowered(lowered).await {
            Err(StoreError::BatchTooLarge { .. }) => {
                self.keep_note().await?;
                disk.write_lowered_in_parts(lowered).await
            }
            written => written,
        }
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

    /// A change that waits its turn: a raise, a release, settings, a plain move back, a document.
    pub async fn change(&self, change: Change) -> Result<Applied, FlagsError> {
        let mut disk = self.disk.lock().await;
        loop {
            let seen = self.snapshot();
            let computed = self.compute(&change, &seen)?;
            match self.begin(&change, computed, &seen)? {
                Begin::Lowered(lowered) => return self.keep_holding(lowered, &mut disk).await,
                Begin::Pending(flags) => return self.raise(flags, &mut disk).await,
                Begin::Behind => self.save_unsaved(&mut disk).await?,
                Begin::Stale => {}
            }
        }
    }

    /// What a change comes to over what is published. Holds no lock: whoever clears raises may
    /// look at anything, and even roll back.
    fn compute(&self, change: &Change, seen: &Snapshot) -> Result<Computed, FlagsError> {
        let (now, clearance) = (self.now(), self.clearance.get());
        let changed = match change {
            Change::One(order) => vec![order.compute(seen, now, clearance)?],
            Change::Many(import) => import.compute(seen, now, clearance)?,
        };
        let cause = match change {
            Change::One(order) => &order.cause,
            Change::Many(import) => &import.cause,
        };
        for (before, after) in &changed {
            check_signs_nobody_out(self.sign_out.get(), (before, after), cause)?;
        }
        Ok(Computed { now, changed })
    }

    /// The caller holds the disk, so that no other change is pending.
    fn begin(
        &self,
        change: &Change,
        Computed { now, changed }: Computed,
        seen: &Arc<Snapshot>,
    ) -> Result<Begin, FlagsError> {
        let mut memory = self.memory.lock();
        memory.pending = None;
        if !Arc::ptr_eq(seen, &self.published.load()) {
            return Ok(Begin::Stale);
        }
        let cause = match change {
            Change::One(order) => &order.cause,
            Change::Many(import) => &import.cause,
        };
        let dated = |after| Flag { changed_at: now, cause: cause.clone(), ..after };
        // Settings go to the disk first, also those that come back with an earlier stage.
        let only_lowered = if let [(before, after)] = changed.as_slice() {
            matches!(change, Change::One(_))
                && after.stage < before.stage
                && *after == before.at_stage(after.stage)
        } else {
            false
        };
        let mut flags: Vec<Flag> = changed.into_iter().map(|(_, after)| dated(after)).collect();
        if only_lowered
            && memory.unsaved.len() < UNSAVED_MAX
            && let Some(flag) = flags.pop()
        {
            return Ok(Begin::Lowered(self.lower(&mut memory, (flag, Vec::new()), false)));
        }
        if !memory.unsaved.is_empty() {
            return Ok(Begin::Behind);
        }
        let revisions = self.take_revisions(&mut memory, flags.len())?;
        let numbered = flags.into_iter().zip(revisions);
        let flags: Vec<_> =
            numbered.map(|(flag, revision)| Arc::new(flag.numbered(revision))).collect();
        memory.pending = Some(Pending::new(&flags));
        Ok(Begin::Pending(flags))
    }

    /// Disk first, then traffic, unless a rollback has overtaken.
    async fn raise(&self, flags: Vec<Arc<Flag>>, disk: &mut Disk) -> Result<Applied, FlagsError> {
        let written = disk.write_raised(&flags).await;
        match self.end(&flags, written)? {
            Ended::Overtaken { current, is_clean } => {
                if !is_clean {
                    self.settle(disk).await;
                }
                Err(FlagsError::Conflict { current })
            }
            Ended::Published => {
                let mut flags = flags;
                let flag = flags.pop().ok_or(MoveRefusal::NothingToChange)?;
                Ok(Applied { flag, dependents: flags })
            }
        }
    }

    /// Publishes what the disk has, unless a rollback has come first.
    fn end(
        &self,
        flags: &[Arc<Flag>],
        written: Result<(), StoreError>,
    ) -> Result<Ended, StoreError> {
        let mut memory = self.memory.lock();
        let pending = memory.pending.take();
        written?;
        let newest = flags.last().map_or(Revision::default(), |flag| flag.revision);
        let overtaken = pending.and_then(|pending| Some((pending.overtaken_by?, pending)));
        if let Some((current, pending)) = overtaken {
            let is_clean = !self.take_back(&mut memory, &pending, flags);
            self.tell_logged(newest);
            return Ok(Ended::Overtaken { current, is_clean });
        }
        self.publish(flags.iter());
        self.tell_logged(newest);
        Ok(Ended::Published)
    }

    /// Puts components of an overtaken change that no rollback has touched, and whose rows the disk
    /// has by now, back to what is published. True when there are any.
    fn take_back(&self, memory: &mut Memory, pending: &Pending, written: &[Arc<Flag>]) -> bool {
        let published = self.published.load_full();
        let untouched: HashSet<&ComponentId> = pending.untouched().collect();
        let back = |lost: &Arc<Flag>| {
            let flag = published.flag(lost.component.as_str())?;
            let (changed_at, cause) = (self.now(), lost.cause.clone().overtaken());
            Some(Flag { changed_at, cause, ..Flag::clone(flag) })
        };
        let of_it = written.iter().filter(|flag| untouched.contains(&flag.component));
        let mut flags: Vec<Flag> = of_it.filter_map(back).collect();
        let Some(flag) = flags.pop() else { return false };
        self.lower(memory, (flag, flags), false);
        true
    }

    /// Writes what overtook and what was taken back, before anybody is answered.
    async fn settle(&self, disk: &mut Disk) {
        if let Err(problem) = self.save_unsaved(disk).await {
            let noted = self.keep_note().await.is_ok();
            tracing::error!(%problem, noted, "an overtaken change is not taken back on the disk");
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        to_the_millisecond(self.clock.now())
    }
}

/// The flags before and after a change, at a moment.
struct Computed {
    now: Timestamp,
    changed: Vec<(Arc<Flag>, Flag)>,
}

/// How far a change has come without waiting.
enum Begin {
    /// Published, to be saved.
    Lowered(Lowered),
    /// Registered as pending, to be written.
    Pending(Vec<Arc<Flag>>),
    /// Lowered rows must be on the disk before it can be computed.
    Behind,
    /// A rollback has come between: it is to be computed again.
    Stale,
}

/// How a change that was on its way to the disk has ended there.
enum Ended {
    /// The next snapshot has it.
    Published,
    /// A rollback came first.
    Overtaken {
        /// The revision of the rollback.
        current: Revision,
        /// True when the disk has nothing of the change beside what the rollback replaces.
        is_clean: bool,
    },
}

impl Order {
    /// The flag before and after, by the rules and by what the caller has seen.
    pub(super) fn compute(
        &self,
        published: &Snapshot,
        now: Timestamp,
        clearance: Option<&Clearance>,
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
                let after = before.patched(patch, &self.cause, now)?;
                published.check_segments(&after)?;
                if patch.token_form.is_some() {
                    check_form(published, &after)?;
                }
                after
            }
            Step::Restore(earlier) => before.restored(earlier, &self.cause, now, published)?,
        };
        check_cleared(clearance, before, &after)?;
        Ok((Arc::clone(before), after))
    }
}
