//! The guard: looks, rules, acts.
//!
//! A thread of its own waits for the ledger's bell, at most 100 ms, takes what was seen, absorbs it
//! in order and rules after every failure. It shares no worker with requests, so that load cannot
//! starve it, and it waits for no disk: a rollback is published here and now; what must be durable,
//! and told, follows on the runtime.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::cards::Cards;
use super::keeping::{Evidences, Unkept};
use super::watched::Watched;
use super::{DecisionCard, Deed, GuardView, Notifier};
use crate::domain::{Clock, ComponentId, SignMatrix, Timestamp};
use crate::flags::{Begun, Flag, Flags};
use crate::ledger::{Ledger, OutcomeSeen, Seen, WalkSeen};
use crate::store::{Durability, Store, StoreError};

/// Every component that something was seen of is ruled on at least this often.
const LOOK: Duration = Duration::from_millis(100);

/// Evidence is written this often.
const KEEP: Duration = Duration::from_secs(2);

/// A rollback is told no later than this, whether or not the disk has it by then.
const TELL_WITHIN: Duration = Duration::from_secs(2);

/// When legacy last answered, and `None` in the outer sense where it cannot be asked.
pub type Heard = Arc<dyn Fn(&ComponentId) -> Option<Option<Timestamp>> + Send + Sync>;

/// What is known of whether each side lets in what the other signs; `None` where that is not looked
/// at.
pub type MatrixKnown = Arc<dyn Fn() -> Option<Arc<SignMatrix>> + Send + Sync>;

/// The guard of all components. Cheap to clone.
#[derive(Clone)]
pub struct Guard(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) flags: Arc<Flags>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) watched: RwLock<BTreeMap<ComponentId, Arc<Mutex<Watched>>>>,
    /// The revision of the table that was last followed.
    pub(super) followed: Mutex<Option<crate::domain::Revision>>,
    pub(super) evidences: Evidences,
    pub(super) cards: Cards,
    pub(super) notifier: Notifier,
    pub(super) heard: OnceLock<Heard>,
    pub(super) matrix: OnceLock<MatrixKnown>,
    pub(super) looks: Mutex<u32>,
    /// The newest card.
    pub(super) told: watch::Sender<u64>,
    /// Whoever holds it takes what is unkept and writes it.
    pub(super) keeping: tokio::sync::Mutex<()>,
    /// What is being made durable.
    pub(super) finishing: Mutex<Vec<JoinHandle<()>>>,
}

/// Why the guard cannot do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The flag table has no such component.
    #[error("there is no component {0}")]
    UnknownComponent(ComponentId),
    /// There is no such card.
    #[error("there is no decision card {0:?}")]
    UnknownCard(String),
    /// A report that makes no sense.
    #[error("{field} {problem}")]
    Report {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The disk refuses.
    #[error("keep or read the guard's evidence: {0}")]
    Store(#[from] StoreError),
}

/// Which cards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardFilter {
    /// Of this component alone.
    pub component: Option<ComponentId>,
    /// Older than the card of this id.
    pub before: Option<String>,
    /// At most so many; 100 unless said otherwise, never more than 1,000.
    pub limit: Option<usize>,
}

/// A decision that is in force, and what is left to do about it.
pub struct Decided {
    pub(super) card: DecisionCard,
    pub(super) begun: Option<Begun>,
}

impl Guard {
    /// Takes up what it knew before the last stop, and from now on is asked before anything is
    /// raised.
    pub fn open(
        store: &Store,
        flags: Arc<Flags>,
        ledger: Arc<Ledger>,
        notifier: Notifier,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, GuardError> {
        let (evidences, cards) = (Evidences::open(store)?, Cards::open(store)?);
        let now = clock.now();
        let mut watched = BTreeMap::new();
        for flag in flags.snapshot().iter() {
            let known = evidences.load(flag, now)?;
            let known = known.unwrap_or_else(|| Watched::new(flag, now));
            watched.insert(flag.component.clone(), Arc::new(Mutex::new(known)));
        }
        let guard = Self(Arc::new(Shared {
            told: watch::Sender::new(cards.newest()),
            watched: RwLock::new(watched),
            followed: Mutex::default(),
            evidences,
            cards,
            notifier,
            heard: OnceLock::new(),
            matrix: OnceLock::new(),
            looks: Mutex::new(0),
            keeping: tokio::sync::Mutex::default(),
            finishing: Mutex::default(),
            flags,
            ledger,
            clock,
        }));
        let asked = Arc::downgrade(&guard.0);
        guard.0.flags.set_clearance(Arc::new(move |before, after, in_earnest| {
            asked.upgrade().map_or(Ok(()), |shared| Self(shared).clears(before, after, in_earnest))
        }));
        guard.follow(&guard.0.flags.snapshot(), now);
        Ok(guard)
    }

    /// How to learn whether legacy can take traffic back.
    pub fn hear(&self, heard: Heard) {
        // Said once, at the start.
        let _ = self.0.heard.set(heard);
    }

    /// How to learn whether people would be signed out on the way back.
    pub fn know_matrix(&self, known: MatrixKnown) {
        // Said once, at the start.
        let _ = self.0.matrix.set(known);
    }

    /// Watches until `stop` turns true, or its sender is gone.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let ending = Arc::new(AtomicBool::new(false));
        let thread = {
            let (guard, ending, runtime) = (self.clone(), Arc::clone(&ending), Handle::current());
            std::thread::Builder::new()
                .name("guard".to_owned())
                .spawn(move || guard.watch_over(&ending, &runtime))
        };
        let thread = match thread {
            Ok(thread) => thread,
            Err(problem) => {
                tracing::error!(%problem, "the guard has no thread: nothing is rolled back");
                return;
            }
        };
        let mut keeping = tokio::time::interval(KEEP);
        keeping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let stopped = async { drop(stop.wait_for(|stop| *stop).await) };
        tokio::pin!(stopped);
        let mut failing = false;
        loop {
            tokio::select! {
                _ = keeping.tick() => {
                    let kept = self.keep().await;
                    match &kept {
                        Err(problem) if !failing => {
                            tracing::error!(%problem, "the guard's evidence is not kept");
                        }
                        Ok(()) if failing => tracing::info!("the guard's evidence is kept again"),
                        Err(_) | Ok(()) => {}
                    }
                    failing = kept.is_err();
                }
                () = &mut stopped => break,
            }
        }
        ending.store(true, Ordering::Release);
        self.0.ledger.bell().ring();
        // A thread that panicked has said so already.
        let _ended = tokio::task::spawn_blocking(move || thread.join()).await;
        self.idle().await;
        if let Err(problem) = self.keep().await {
            tracing::error!(%problem, "the guard's last evidence is not kept");
        }
    }

    fn watch_over(&self, ending: &AtomicBool, runtime: &Handle) {
        let bell = self.0.ledger.bell();
        loop {
            let last = ending.load(Ordering::Acquire);
            let books = if last { bell.listed() } else { bell.wait(LOOK) };
            // A look that breaks must not end the watch.
            let look = AssertUnwindSafe(|| self.look(&books));
            if let Ok(decided) = catch_unwind(look) {
                for each in decided {
                    self.follow_up(each, runtime);
                }
            } else {
                tracing::error!("a look of the guard has panicked");
            }
            if last {
                return;
            }
        }
    }

    fn follow_up(&self, decided: Decided, runtime: &Handle) {
        let guard = self.clone();
        let finishing = runtime.spawn(async move { guard.finish(decided).await });
        let mut all = self.0.finishing.lock();
        all.retain(|task| !task.is_finished());
        all.push(finishing);
    }

    /// Waits until every decision so far is durable, or refused.
    pub async fn idle(&self) {
        loop {
            let tasks = std::mem::take(&mut *self.0.finishing.lock());
            if tasks.is_empty() {
                return;
            }
            for task in tasks {
                // One that panicked has said so already.
                let _ended = task.await;
            }
        }
    }

    /// Makes a decision durable, and tells it.
    pub async fn finish(&self, decided: Decided) {
        let Decided { mut card, begun } = decided;
        let number = card.id.parse().unwrap_or(0);
        let mut is_told = false;
        if let Some(begun) = begun {
            let keeping = begun.keep();
            tokio::pin!(keeping);
            let in_time = tokio::time::timeout(TELL_WITHIN, &mut keeping).await;
            let kept = if let Ok(kept) = in_time {
                kept
            } else {
                // Whoever must be woken does not wait for a disk that hangs.
                self.0.notifier.tell(&card);
                is_told = true;
                keeping.await
            };
            let durable = kept.is_ok();
            let revision = kept.map_or_else(
                |problem| {
                    tracing::error!(flag.component = %card.component, %problem,
                        "a rollback of the guard holds in memory alone");
                    card.revision
                },
                |applied| applied.flag.revision,
            );
            card.deed = Deed::RolledBack { revision, durable };
            self.keep_attempt(&card.component).await;
        }
        if !is_told {
            self.0.notifier.tell(&card);
        }
        if let Err(problem) = self.0.cards.keep(card).await {
            tracing::error!(%problem, "a decision card is in memory alone");
        }
        self.0.told.send_modify(|newest| *newest = number.max(*newest));
    }

    /// The number of the next attempt must not be forgotten.
    async fn keep_attempt(&self, component: &ComponentId) {
        let now = self.0.clock.now();
        self.follow(&self.0.flags.snapshot(), now);
        let watched = self.0.watched.read().get(component).cloned();
        let Some(watched) = watched else { return };
        if let Err(problem) = self.keep_one(component, &watched, Durability::Durable).await {
            tracing::warn!(flag.component = %component, %problem,
                "the number of an attempt is not kept");
        }
    }

    /// Writes what is unkept of one component. What the disk refuses is unkept again.
    async fn keep_one(
        &self,
        component: &ComponentId,
        watched: &Mutex<Watched>,
        durability: Durability,
    ) -> Result<(), StoreError> {
        let _keeping = self.0.keeping.lock().await;
        let unkept = {
            let mut watched = watched.lock();
            if !watched.unkept {
                return Ok(());
            }
            unkept(component, &mut watched)
        };
        let (attempt, left) = (unkept.attempt, unkept.left.clone());
        let written = self.0.evidences.write(unkept, durability).await;
        if written.is_err() {
            let mut watched = watched.lock();
            watched.unkept = true;
            if watched.case.attempt == attempt {
                watched.case.subjects.give_back_new_left(left);
            }
        }
        written
    }

    /// Writes the evidence that has changed, and cards that the disk has refused.
    pub async fn keep(&self) -> Result<(), StoreError> {
        let all: Vec<_> = {
            let watched = self.0.watched.read();
            watched.iter().map(|(id, watched)| (id.clone(), Arc::clone(watched))).collect()
        };
        for (component, watched) in all {
            self.keep_one(&component, &watched, Durability::Relaxed).await?;
        }
        self.0.cards.save().await
    }

    /// The evidence about a component now.
    pub fn view(&self, component: &ComponentId) -> Result<GuardView, GuardError> {
        let (snapshot, now) = (self.0.flags.snapshot(), self.0.clock.now());
        let unknown = || GuardError::UnknownComponent(component.clone());
        let flag = snapshot.flag(component.as_str()).ok_or_else(unknown)?;
        Ok(self.view_of(flag, now))
    }

    fn view_of(&self, flag: &Flag, now: Timestamp) -> GuardView {
        let unseen = self.0.ledger.book(&flag.component).unseen();
        self.watched(flag, now).lock().view(flag, unseen, now)
    }

    /// The same of every component, in the order of their ids.
    pub fn views(&self) -> Vec<GuardView> {
        let (snapshot, now) = (self.0.flags.snapshot(), self.0.clock.now());
        let mut views: Vec<_> = snapshot.iter().map(|flag| self.view_of(flag, now)).collect();
        views.sort_by(|a, b| a.component.cmp(&b.component));
        views
    }

    /// Decision cards, newest first. Reads the disk.
    pub fn cards(&self, filter: &CardFilter) -> Result<Vec<DecisionCard>, GuardError> {
        self.0.cards.page(filter)
    }

    /// One card. Reads the disk.
    pub fn card(&self, id: &str) -> Result<DecisionCard, GuardError> {
        self.0.cards.card(id)
    }

    /// Cards that are in memory alone: anything but zero is an alarm.
    pub fn unsaved_cards(&self) -> usize {
        self.0.cards.unsaved()
    }

    /// Takes in what came of people's work on a component.
    pub fn outcome(&self, component: &ComponentId, seen: OutcomeSeen) -> Result<(), GuardError> {
        let problem = |field, problem| Err(GuardError::Report { field, problem });
        if seen.runs_completed > seen.runs_started {
            return problem("runs_completed", "is more than runs_started");
        }
        if self.0.flags.snapshot().flag(component.as_str()).is_none() {
            return Err(GuardError::UnknownComponent(component.clone()));
        }
        self.0.ledger.book(component).show(Seen::Outcome(seen), false);
        Ok(())
    }

    /// Takes in a walk of the golden path; `None`: of every component that SSOT serves.
    pub fn walked(
        &self,
        component: Option<&ComponentId>,
        walk: WalkSeen,
    ) -> Result<(), GuardError> {
        let snapshot = self.0.flags.snapshot();
        let Some(component) = component else {
            for flag in snapshot.iter().filter(|flag| flag.stage.ssot_serves()) {
                self.0.ledger.book(&flag.component).show(Seen::Walk(walk), !walk.passed);
            }
            return Ok(());
        };
        if snapshot.flag(component.as_str()).is_none() {
            return Err(GuardError::UnknownComponent(component.clone()));
        }
        self.0.ledger.book(component).show(Seen::Walk(walk), !walk.passed);
        Ok(())
    }

    /// Wakes its holder when there is a new card; the value only grows.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.told.subscribe()
    }
}

fn unkept(component: &ComponentId, watched: &mut Watched) -> Unkept {
    watched.unkept = false;
    Unkept {
        component: component.clone(),
        attempt: watched.case.attempt,
        row: watched.row(),
        left: watched.case.subjects.take_new_left(),
    }
}
