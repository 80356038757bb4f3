//! Changes within the period, with the decisions of the guard that made them.

use std::collections::BTreeMap;

use super::super::document::{CardPart, ChangePart, SharePart};
use super::super::{Period, ReportError, Scope};
use crate::domain::{ComponentId, Revision, Timestamp};
use crate::flags::{Cause, Flag, Flags, HistoryFilter, HistoryRow, Stage};
use crate::guard::{CardFilter, DecisionCard, Deed, Guard};

/// Changes of one component in a report, at most: the latest.
const CHANGES_MAX: usize = 100;

/// Pages of the history that are looked at, at most.
const PAGES_MAX: usize = 100;

/// Cards read at once.
const CARDS_PAGE: usize = 1_000;

/// A card is dated by the look that made it, the change by when it was published.
const APART_S: i64 = 60;

/// What happened to the components of a report.
#[derive(Default)]
pub(super) struct Past {
    /// Oldest first.
    lines: BTreeMap<ComponentId, Vec<HistoryRow>>,
    cards: BTreeMap<ComponentId, Vec<DecisionCard>>,
    is_cut: bool,
}

/// A rollback by the guard, and what came after it.
pub(super) struct Rollback {
    pub at: Timestamp,
    pub revision: Revision,
    pub share_basis_points: u16,
    /// When the share that was rolled back began.
    pub since: Timestamp,
    /// When SSOT served again, as far as that is known.
    pub served_again: Option<Timestamp>,
}

impl Past {
    /// Reads history and cards of the period.
    pub fn read(
        flags: &Flags,
        guard: &Guard,
        scope: &Scope,
        period: Period,
    ) -> Result<Self, ReportError> {
        let mut past = Self::default();
        past.read_lines(flags, scope, period)?;
        past.read_cards(guard, scope, period)?;
        Ok(past)
    }

    fn read_lines(
        &mut self,
        flags: &Flags,
        scope: &Scope,
        period: Period,
    ) -> Result<(), ReportError> {
        let (component, phase) = match scope {
            Scope::All => (None, None),
            Scope::Phase(phase) => (None, Some(*phase)),
            Scope::Component(id) => (Some(id.clone()), None),
        };
        let mut filter = HistoryFilter { component, phase, ..HistoryFilter::default() };
        for _ in 0..PAGES_MAX {
            let page = flags.history_page(&filter)?;
            let mut is_before = false;
            for line in page.lines {
                is_before |= line.at < period.from;
                if period.holds(line.at) {
                    let line = line.into_line();
                    self.lines.entry(line.component.clone()).or_default().push(line);
                }
            }
            match page.next {
                Some(next) if !is_before => filter.before = Some(next),
                Some(_) | None => {
                    self.lines.values_mut().for_each(|lines| lines.reverse());
                    return Ok(());
                }
            }
        }
        self.is_cut = true;
        self.lines.values_mut().for_each(|lines| lines.reverse());
        Ok(())
    }

    fn read_cards(
        &mut self,
        guard: &Guard,
        scope: &Scope,
        period: Period,
    ) -> Result<(), ReportError> {
        let component = match scope {
            Scope::All | Scope::Phase(_) => None,
            Scope::Component(id) => Some(id.clone()),
        };
        let end = period.to.plus_seconds(APART_S);
        let mut before = Some(format!("{:020}", end.micros()));
        loop {
            let filter =
                CardFilter { component: component.clone(), before, limit: Some(CARDS_PAGE) };
            let page = guard.cards(&filter)?;
            let is_last = page.len() < CARDS_PAGE;
            before = page.last().map(|card| card.id.clone());
            let begun = period.from.plus_seconds(-APART_S);
            let is_before = page.last().is_none_or(|card| card.at < begun);
            for card in page.into_iter().filter(|card| card.at >= begun) {
                self.cards.entry(card.component.clone()).or_default().push(card);
            }
            if is_last || is_before {
                self.cards.values_mut().for_each(|cards| cards.reverse());
                return Ok(());
            }
        }
    }

    /// Rollbacks of a component that the guard made.
    pub fn rollbacks_of(&self, id: &ComponentId) -> Vec<Rollback> {
        let lines = self.lines.get(id).map_or(&[][..], |lines| lines);
        let serves = |line: &HistoryRow| line.after.stage.ssot_serves();
        let mut rollbacks = Vec::new();
        for (place, line) in lines.iter().enumerate() {
            let Some(before) = line.before.as_ref() else { continue };
            let by_guard = matches!(line.cause, Cause::Guard { .. });
            if !(by_guard && before.stage.ssot_serves() && !serves(line)) {
                continue;
            }
            let same = |earlier: &&HistoryRow| earlier.after.stage == before.stage;
            let first = lines[..place].iter().rev().take_while(same).last();
            let changed = first.filter(|line| line.changes_stage()).map(|line| line.at);
            let again = lines[place + 1..].iter().find(|later| serves(later));
            rollbacks.push(Rollback {
                at: line.at,
                revision: line.revision,
                share_basis_points: before.stage.share().basis_points(),
                since: changed.unwrap_or(Timestamp::from_seconds(0)),
                served_again: again.map(|later| later.at),
            });
        }
        rollbacks
    }

    /// Changes of a component, oldest first, how many older ones found no room, and decisions that
    /// changed nothing.
    pub fn take(&mut self, id: &ComponentId) -> (Vec<ChangePart>, u64, Vec<CardPart>) {
        let mut lines = self.lines.remove(id).unwrap_or_default();
        let mut cards = self.cards.remove(id).unwrap_or_default();
        let left_out = lines.len().saturating_sub(CHANGES_MAX);
        lines.drain(..left_out);
        let changes = lines.iter().map(|line| change(line, &mut cards)).collect();
        let changed_nothing = |card: &&DecisionCard| match card.deed {
            Deed::RolledBack { .. } => false,
            Deed::WouldHaveRolledBack | Deed::Held | Deed::WouldHaveHeld | Deed::HoldEnded => true,
        };
        let others: Vec<CardPart> = cards.iter().filter(changed_nothing).map(card_part).collect();
        let skipped = others.len().saturating_sub(CHANGES_MAX);
        (changes, left_out as u64, others.into_iter().skip(skipped).collect())
    }

    /// What found no room, in words.
    pub fn left_out(&self) -> Vec<String> {
        let told = "the history is longer than is looked through for one report: older changes of \
                    the period are left out, and rollbacks among them";
        self.is_cut.then(|| told.to_owned()).into_iter().collect()
    }
}

fn change(line: &HistoryRow, cards: &mut Vec<DecisionCard>) -> ChangePart {
    let of_line = |card: &DecisionCard| match card.deed {
        Deed::RolledBack { revision, .. } => revision == line.revision,
        Deed::WouldHaveRolledBack | Deed::Held | Deed::WouldHaveHeld | Deed::HoldEnded => false,
    };
    let card = cards.iter().position(of_line).map(|place| cards.remove(place));
    let (by, why) = words(&line.cause);
    ChangePart {
        at: line.at,
        revision: line.revision,
        what: what(line).to_owned(),
        before: line.before.as_ref().map(|flag| stood(flag.stage)),
        after: stood(line.after.stage),
        cause: line.cause.kind().as_str().to_owned(),
        by,
        why,
        decision_card: card.as_ref().map(card_part),
    }
}

/// What a line of the history did, in a word.
pub(in crate::report) fn what(line: &HistoryRow) -> &'static str {
    let after = &line.after;
    let Some(before) = &line.before else { return "created" };
    if after.latch.is_some() && after.latch != before.latch {
        return "rolled_back";
    }
    if after.stage != before.stage {
        return if after.stage > before.stage { "raised" } else { "lowered" };
    }
    let is_marked = |flag: &Flag| flag.hold.is_some() || flag.latch.is_some();
    match (is_marked(before), is_marked(after)) {
        (_, true) if after.hold.is_some() && before.hold.is_none() => "held",
        (true, false) => "released",
        (true | false, true | false) => "settings",
    }
}

fn stood(stage: Stage) -> SharePart {
    let share_basis_points = stage.share().basis_points();
    SharePart { stage: stage.name().to_owned(), share_basis_points }
}

fn words(cause: &Cause) -> (String, String) {
    match cause {
        Cause::Operator { name, note } => (name.clone(), note.clone()),
        Cause::TwoPeople { asked_by, approved_by, note } => {
            (format!("{asked_by}, approved by {approved_by}"), note.clone())
        }
        Cause::Seed => (String::new(), "its seed".to_owned()),
        Cause::Guard { trip } => (String::new(), trip.clone()),
        Cause::Schedule { plan } => (String::new(), format!("plan {plan}")),
    }
}

fn card_part(card: &DecisionCard) -> CardPart {
    let deed = match card.deed {
        Deed::RolledBack { .. } => "rolled_back",
        Deed::WouldHaveRolledBack => "would_have_rolled_back",
        Deed::Held => "held",
        Deed::WouldHaveHeld => "would_have_held",
        Deed::HoldEnded => "hold_ended",
    };
    CardPart {
        id: card.id.clone(),
        at: card.at,
        deed: deed.to_owned(),
        found: card.found.clone(),
        stood: stood(card.stage),
        revision: card.revision,
        samples: card.samples.clone(),
        without: card.without,
        published_after_us: card.published_after_us,
    }
}
