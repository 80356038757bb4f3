//! What the guard's thread does: absorbs, rules, acts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use super::case::ruling::{Found, Ruling};
use super::watched::{Watched, held};
use super::{Decided, DecisionCard, Deed, Guard};
use crate::domain::{ComponentId, Timestamp};
use crate::flags::{Cause, Flag, GuardMode, Snapshot, Stage};
use crate::ledger::{Book, Compared, Seen};

/// Looks after which also those are ruled on of which nothing was seen: windows end, holds pass.
const LOOKS_AT_ALL: u32 = 10;

/// Ids of samples on a card.
const SAMPLES_MAX: usize = 10;

impl Guard {
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
    pub(super) fn follow(&self, snapshot: &Snapshot, now: Timestamp) {
        {
            let mut followed = self.0.followed.lock();
            if *followed == Some(snapshot.revision()) {
                return;
            }
            *followed = Some(snapshot.revision());
        }
        for flag in snapshot.iter() {
            self.0.ledger.book(&flag.component).watch(is_watched(flag));
            self.watched(flag, now).lock().follow(flag, now);
        }
    }

    pub(super) fn watched(&self, flag: &Flag, now: Timestamp) -> Arc<Mutex<Watched>> {
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
        let waits = !Watched::is_dry(flag) && watched.case.is_at_the_line(&held);
        if !may_trip(first) && !waits {
            continue;
        }
        if let Some(found) = watched.trip(flag, now) {
            return Some((found, recorded_at(first)));
        }
    }
    None
}

/// True for a component at whose answers the guard looks.
pub(super) const fn is_watched(flag: &Flag) -> bool {
    match flag.limits.mode {
        GuardMode::Act | GuardMode::DryRun => !matches!(flag.stage, Stage::Off | Stage::Complete),
        GuardMode::Off => false,
    }
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
