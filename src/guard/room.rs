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
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::cards::Cards;
use super::case::ruling::{Found, GuardRule, Ruling};
use super::keeping::{Evidences, Unkept};
use super::watched::{Watched, held};
use super::{DecisionCard, Deed, GuardView, Notifier};
use crate::domain::{Clock, ComponentId, Timestamp};
use crate::flags::{Advance, Begun, Cause, Flag, Flags, GuardMode, GuardWord, Snapshot, Stage};
use crate::ledger::{Book, Compared, Ledger, OutcomeSeen, Seen, WalkSeen};
use crate::store::{Durability, Store, StoreError};

/// Every component that something was seen of is ruled on at least this often.
const LOOK: Duration = Duration::from_millis(100);

/// Looks after which also those are ruled on of which nothing was seen: windows end, holds pass.
const LOOKS_AT_ALL: u32 = 10;

/// Evidence is written this often.
const KEEP: Duration = Duration::from_secs(2);

/// A legacy that has answered within this time can take traffic.
const ANSWERED_WITHIN: Duration = Duration::from_mins(1);

/// A rollback is told no later than this, whether or not the disk has it by then.
const TELL_WITHIN: Duration = Duration::from_secs(2);

/// Ids of samples on a card.
const SAMPLES_MAX: usize = 10;

/// When legacy last answered, and `None` in the outer sense where it cannot be asked.
pub type Heard = Arc<dyn Fn(&ComponentId) -> Option<Option<Timestamp>> + Send + Sync>;

/// The guard of all components. Cheap to clone.
#[derive(Clone)]
pub struct Guard(Arc<Shared>);

struct Shared {
    flags: Arc<Flags>,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    watched: RwLock<BTreeMap<ComponentId, Arc<Mutex<Watched>>>>,
    /// The revision of the table that was last followed.
    followed: Mutex<Option<crate::domain::Revision>>,
    evidences: Evidences,
    cards: Cards,
    notifier: Notifier,
    heard: OnceLock<Heard>,
    looks: Mutex<u32>,
    /// The newest card.
    told: watch::Sender<u64>,
    /// Whoever holds it takes what is unkept and writes it.
    keeping: tokio::sync::Mutex<()>,
    /// What is being made durable.
    finishing: Mutex<Vec<JoinHandle<()>>>,
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
    card: DecisionCard,
    begun: Option<Begun>,
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
            looks: Mutex::new(0),
            keeping: tokio::sync::Mutex::default(),
            finishing: Mutex::default(),
            flags,
            ledger,
            clock,
        }));
        let asked = Arc::downgrade(&guard.0);
        guard.0.flags.set_clearance(Arc::new(move |before, after| {
            asked.upgrade().map_or(Ok(()), |shared| Self(shared).clears(before, after))
        }));
        guard.follow(&guard.0.flags.snapshot(), now);
        Ok(guard)
    }

    /// How to learn whether legacy can take traffic back.
    pub fn hear(&self, heard: Heard) {
        // Said once, at the start.
        let _ = self.0.heard.set(heard);
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

    /// Looks once: absorbs what was seen of these components, rules, and acts on it.
    pub fn look(&self, books: &[Arc<Book>]) -> Vec<Decided> {
        let now = self.0.clock.now();
        self.follow(&self.0.flags.snapshot(), now);
        let mut decided = Vec::new();
        let mut seen = Vec::new();
        for book in books {
            book.take_seen(&mut seen);
            // What breaks on one component must not hide the others.
            let absorb = AssertUnwindSafe(|| self.absorb(book, &seen, now, &mut decided));
            if catch_unwind(absorb).is_err() {
                tracing::error!(flag.component = %book.component(), "the guard has panicked");
            }
        }
        let at_all = {
            let mut looks = self.0.looks.lock();
            *looks = (*looks + 1) % LOOKS_AT_ALL;
            *looks == 0
        };
        let all: Vec<ComponentId> = self.0.watched.read().keys().cloned().collect();
        for component in all {
            self.settle(&component, at_all, now, &mut decided);
        }
        decided
    }

    /// Learns of components and stages that have changed.
    fn follow(&self, snapshot: &Snapshot, now: Timestamp) {
        {
            let mut followed = self.0.followed.lock();
            if *followed == Some(snapshot.revision()) {
                return;
            }
            *followed = Some(snapshot.revision());
        }
        for flag in snapshot.iter() {
            let watches = match flag.limits.mode {
                GuardMode::Act | GuardMode::DryRun => {
                    !matches!(flag.stage, Stage::Off | Stage::Complete)
                }
                GuardMode::Off => false,
            };
            self.0.ledger.book(&flag.component).watch(watches);
            self.watched(flag, now).lock().follow(flag, now);
        }
    }

    fn watched(&self, flag: &Flag, now: Timestamp) -> Arc<Mutex<Watched>> {
        if let Some(watched) = self.0.watched.read().get(&flag.component) {
            return Arc::clone(watched);
        }
        let new = || Arc::new(Mutex::new(Watched::new(flag, now)));
        Arc::clone(self.0.watched.write().entry(flag.component.clone()).or_insert_with(new))
    }

    /// Takes in what was seen, in order; rules after whatever may make a rule trip.
    fn absorb(&self, book: &Arc<Book>, seen: &[Seen], now: Timestamp, decided: &mut Vec<Decided>) {
        let mut rest = seen;
        while !rest.is_empty() {
            let snapshot = self.0.flags.snapshot();
            let Some(flag) = snapshot.flag(book.component().as_str()) else { return };
            let watched = self.watched(flag, now);
            let found = {
                let mut watched = watched.lock();
                watched.follow(flag, now);
                absorb_until_a_trip(&mut watched, flag, &mut rest, now)
            };
            if let Some((found, recorded_at)) = found {
                self.trip(&watched, flag, found, recorded_at, decided);
            }
        }
    }

    /// Rules on a component of which nothing urgent was seen.
    fn settle(
        &self,
        component: &ComponentId,
        at_all: bool,
        now: Timestamp,
        decided: &mut Vec<Decided>,
    ) {
        let snapshot = self.0.flags.snapshot();
        let Some(flag) = snapshot.flag(component.as_str()) else { return };
        let watched = self.watched(flag, now);
        let (trip, ruling, news) = {
            let mut watched = watched.lock();
            // It may have been rolled back within this very look.
            watched.follow(flag, now);
            if flag.limits.mode == GuardMode::Off || !(watched.touched || at_all) {
                return;
            }
            watched.touched = false;
            let ruling = watched.rule(flag, now);
            let news = watched.hold_news(&ruling, now);
            (watched.trip(flag, now), ruling, news)
        };
        if let Some(found) = trip {
            self.trip(&watched, flag, found, None, decided);
            return;
        }
        match (ruling, news) {
            (Ruling::Hold { found }, Some(true)) => {
                let deed = if Watched::is_dry(flag) { Deed::WouldHaveHeld } else { Deed::Held };
                let card = self.make_card(&watched.lock(), flag, (found, deed), now);
                decided.push(Decided { card, begun: None });
            }
            (_, Some(false)) => {
                let card =
                    self.make_card(&watched.lock(), flag, (Vec::new(), Deed::HoldEnded), now);
                decided.push(Decided { card, begun: None });
            }
            (Ruling::Wait { .. } | Ruling::Pass | Ruling::Hold { .. } | Ruling::Trip { .. }, _) => {
            }
        }
    }

    /// Acts on a trip: publishes the rollback, or notes what would have been done.
    fn trip(
        &self,
        watched: &Mutex<Watched>,
        flag: &Flag,
        found: Found,
        recorded_at: Option<Instant>,
        decided: &mut Vec<Decided>,
    ) {
        let now = self.0.clock.now();
        // Held until the card is made, so that nobody begins the next attempt meanwhile. Whoever is
        // asked for clearance waits for this lock with none that a rollback needs.
        let mut watched = watched.lock();
        if Watched::is_dry(flag) {
            watched.mark_told(found.rule);
            let deed = Deed::WouldHaveRolledBack;
            let card = self.make_card(&watched, flag, (vec![found], deed), now);
            decided.push(Decided { card, begun: None });
            return;
        }
        let cause = Cause::Guard { trip: format!("{}: {}", found.rule.code(), found.what) };
        let begun = match self.0.flags.begin_roll_back(&flag.component, cause, flag.revision) {
            Ok(Some(begun)) => begun,
            // Somebody else was faster. If SSOT serves by now all the same, the next look rules anew.
            Ok(None) => {
                watched.touched = true;
                return;
            }
            Err(problem) => {
                tracing::error!(flag.component = %flag.component, %problem,
                    "the guard cannot roll back");
                return;
            }
        };
        let published_after = recorded_at.map(|recorded_at| recorded_at.elapsed());
        let deed = Deed::RolledBack { revision: begun.flag().revision, durable: false };
        let mut card = self.make_card(&watched, flag, (vec![found], deed), now);
        card.published_after_us =
            published_after.map(|after| u64::try_from(after.as_micros()).unwrap_or(u64::MAX));
        decided.push(Decided { card, begun: Some(begun) });
    }

    fn make_card(
        &self,
        watched: &Watched,
        flag: &Flag,
        what: (Vec<Found>, Deed),
        now: Timestamp,
    ) -> DecisionCard {
        let book = self.0.ledger.book(&flag.component);
        let id = self.0.cards.next_id(now);
        watched.card(id, what, flag, (samples(&book), book.unseen()), now)
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

    /// Why a change that raises exposure must wait.
    fn clears(&self, before: &Flag, after: &Flag) -> Result<(), String> {
        if before.limits.mode != GuardMode::Act || before.stage == Stage::Off {
            return Ok(());
        }
        let now = self.0.clock.now();
        let Some(watched) = self.0.watched.read().get(&before.component).cloned() else {
            return Ok(());
        };
        let ruling = watched.lock().rule(before, now);
        match (ruling, before.limits.advance) {
            (Ruling::Hold { found }, _) => Err(told(&found)),
            (Ruling::Trip { found }, _) => Err(told(&[found])),
            (Ruling::Wait { missing }, Advance::Certified) => Err(missing),
            (Ruling::Pass, Advance::Certified) => self.legacy_answers(after),
            (Ruling::Wait { .. } | Ruling::Pass, Advance::Unheld) => Ok(()),
        }
    }

    /// Whoever advances must be able to come back.
    fn legacy_answers(&self, flag: &Flag) -> Result<(), String> {
        let Some(answered) = self.0.heard.get().and_then(|heard| heard(&flag.component)) else {
            return Ok(());
        };
        let now = self.0.clock.now();
        match answered {
            Some(at) if now.since(at) <= ANSWERED_WITHIN => Ok(()),
            Some(_) | None => {
                Err("legacy has not answered within the last minute: there is no way back"
                    .to_owned())
            }
        }
    }

    /// What the guard says to a rollout plan; `None` where it does not act.
    pub fn word(&self, component: &ComponentId, now: Timestamp) -> Option<GuardWord> {
        let snapshot = self.0.flags.snapshot();
        let flag = snapshot.flag(component.as_str())?;
        if flag.limits.mode != GuardMode::Act {
            return None;
        }
        let watched = self.0.watched.read().get(component).cloned()?;
        let ruling = watched.lock().rule(flag, now);
        Some(match ruling {
            Ruling::Pass => GuardWord::Content { at: now },
            Ruling::Wait { missing } => GuardWord::Waiting { at: now, why: missing },
            Ruling::Hold { found } if found.iter().all(passes) => {
                GuardWord::Waiting { at: now, why: told(&found) }
            }
            Ruling::Hold { found } => GuardWord::Unhappy { at: now, why: told(&found) },
            Ruling::Trip { found } => GuardWord::Unhappy { at: now, why: told(&[found]) },
        })
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

/// Absorbs up to the first observation after which a rule trips that has not been told; `rest` is
/// what is left. With the moment at which it was recorded.
fn absorb_until_a_trip(
    watched: &mut Watched,
    flag: &Flag,
    rest: &mut &[Seen],
    now: Timestamp,
) -> Option<(Found, Option<Instant>)> {
    let held = held(flag);
    watched.touched = true;
    watched.unkept = true;
    while let Some((first, others)) = rest.split_first() {
        *rest = others;
        watched.case.absorb(first, &held);
        let waits = !Watched::is_dry(flag) && watched.case.is_at_the_line(held.limits);
        if !may_trip(first) && !waits {
            continue;
        }
        if let Some(found) = watched.trip(flag, now) {
            return Some((found, recorded_at(first)));
        }
    }
    None
}

/// True for what may make a rule trip.
const fn may_trip(seen: &Seen) -> bool {
    match seen {
        Seen::Answer(trial) => {
            trial.served.is_failure()
                || trial.rescued
                || match trial.compared {
                    Compared::Harmful | Compared::Alarming(_) => true,
                    Compared::Not | Compared::Harmless | Compared::SsotFailed => false,
                }
        }
        Seen::Delivery(delivery) => delivery.fault.is_some(),
        Seen::Walk(walk) => !walk.passed,
        Seen::Outcome(_) => false,
    }
}

const fn recorded_at(seen: &Seen) -> Option<Instant> {
    match seen {
        Seen::Answer(trial) => trial.recorded_at,
        Seen::Delivery(_) | Seen::Walk(_) | Seen::Outcome(_) => None,
    }
}

/// True for what holds and passes by itself.
fn passes(found: &Found) -> bool {
    match found.rule {
        GuardRule::ErrorRate | GuardRule::Outcomes => true,
        GuardRule::Regression
        | GuardRule::Security
        | GuardRule::Divergence
        | GuardRule::Latency
        | GuardRule::Sockets
        | GuardRule::GoldenPath
        | GuardRule::Harm
        | GuardRule::Failover
        | GuardRule::Window => false,
    }
}

fn told(found: &[Found]) -> String {
    let found: Vec<String> =
        found.iter().map(|found| format!("{}: {}", found.rule.code(), found.what)).collect();
    found.join("; ")
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

/// Ids of the latest kept differences, the latest last.
fn samples(book: &Book) -> Vec<String> {
    let groups = book.groups();
    let exemplars =
        groups.iter().filter(|group| !group.accepted).flat_map(|group| &group.exemplars);
    let mut latest: Vec<_> =
        exemplars.map(|each| (each.asked_at, each.request_id.clone())).collect();
    latest.sort_unstable();
    let skipped = latest.len().saturating_sub(SAMPLES_MAX);
    latest.into_iter().skip(skipped).map(|(_, id)| id).collect()
}
