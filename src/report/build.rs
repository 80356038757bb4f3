//! Gathering a report.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::explain::explain;
use crate::compare::MismatchClass;
use crate::domain::{Side, Timestamp};
use crate::flags::{AcceptedDifference, AcceptedState, Flag, Hold, Latch, Snapshot};
use crate::ledger::{Book, Counter, Exemplar, LatencySummary, Ledger, Tally};

/// Where each component stands, and what was compared.
#[derive(Debug, Serialize)]
pub struct Report {
    /// When it was drawn up.
    pub generated_at: Timestamp,
    /// The revision of the flag table, where there is one.
    pub revision: Option<u64>,
    /// Within the report's alarm period, SSOT allowed something that legacy denies, or somebody
    /// as somebody else, or an event went to somebody else, and nobody has accepted it.
    pub alarm: bool,
    /// Accepted differences that end within 14 days or have ended, the first to end first.
    pub ending: Vec<EndingReport>,
    /// One part a component, in the order of their ids.
    pub components: Vec<ComponentReport>,
}

/// Where one component stands.
#[derive(Debug, Serialize)]
pub struct ComponentReport {
    /// The component.
    pub component: String,
    /// Its flag, where there is one.
    pub flag: Option<StageReport>,
    /// Counts since the ledger was begun.
    pub total: WindowReport,
    /// Counts of the last five minutes.
    pub last_5_minutes: WindowReport,
    /// Latency of the legacy side.
    pub legacy_latency: LatencySummary,
    /// Latency of the SSOT side.
    pub ssot_latency: LatencySummary,
    /// Differences, most frequent first; accepted ones marked, never hidden.
    pub differences: Vec<GroupReport>,
    /// The accepted differences of the flag.
    pub accepted: Vec<AcceptedReport>,
}

/// One accepted difference, how it stands and how often it has applied.
#[derive(Debug, Serialize)]
pub struct AcceptedReport {
    /// What is accepted, by whom, why and until when.
    #[serde(flatten)]
    pub difference: AcceptedDifference,
    /// `active`, `expiring` or `expired`.
    pub state: &'static str,
    /// Seconds until it ends; negative once it has.
    pub expires_in: i64,
    /// How often it has applied.
    pub used: u64,
    /// Differences that it covers, but that were over its rate and counted as mismatches.
    pub over_rate: u64,
}

/// An accepted difference that ends soon, or has ended.
#[derive(Debug, Serialize)]
pub struct EndingReport {
    /// The component.
    pub component: String,
    /// The name of the accepted difference.
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// `expiring` or `expired`.
    pub state: &'static str,
}

/// The part of a flag that a report shows.
#[derive(Debug, Serialize)]
pub struct StageReport {
    /// `off`, `shadow`, `canary`, ...
    pub stage: &'static str,
    /// Part of traffic that SSOT serves, in basis points.
    pub share: u16,
    /// Migration phase, 1 to 3.
    pub phase: u8,
    /// The flag's revision.
    pub revision: u64,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// The mark of a rollback, until it is released.
    pub latch: Option<Latch>,
    /// The mark of a hold, until it is released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
}

/// Counts of a window.
#[derive(Debug, Serialize)]
pub struct WindowReport {
    /// Questions asked.
    pub requests: u64,
    /// Comparisons from which something follows.
    pub compared: u64,
    /// Matches and accepted differences in all conclusive comparisons, 0 to 1.
    pub match_rate: Option<f64>,
    /// Differences by class, accepted ones not included. Of the classes of the component's kind
    /// zeros are shown.
    pub mismatches: BTreeMap<&'static str, u64>,
    /// Accepted differences by class; zeros are left out.
    pub accepted: BTreeMap<&'static str, u64>,
    /// Everything that was counted, by code; zeros are left out.
    pub counts: Tally,
}

impl WindowReport {
    /// The classes that are shown, in their order.
    pub fn classes(&self) -> impl Iterator<Item = MismatchClass> {
        MismatchClass::ALL.into_iter().filter(|class| {
            let code = class.code();
            self.mismatches.contains_key(code) || self.accepted.contains_key(code)
        })
    }
}

/// Differences that have class, reasons and claim shape in common.
#[derive(Debug, Serialize)]
pub struct GroupReport {
    /// The mismatch class.
    pub class: String,
    /// What the difference is, in words.
    pub explanation: String,
    /// Why legacy denied, if it did.
    pub legacy_reason: Option<String>,
    /// Why SSOT denied, if it did.
    pub ssot_reason: Option<String>,
    /// The kinds of the token's claims.
    pub claim_shape: String,
    /// Whether the latest fell under an accepted difference.
    pub accepted: bool,
    /// How many.
    pub count: u64,
    /// When the first was asked.
    pub first_at: Timestamp,
    /// When the latest was asked.
    pub last_at: Timestamp,
    /// A few examples, redacted.
    pub exemplars: Vec<Exemplar>,
}

/// How far back a security difference raises the alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmPeriod {
    /// For a running service: what is mended stops alarming.
    LastHour,
    /// For a recording.
    Everything,
}

/// Draws up the report of a ledger, beside the flag table where there is one.
pub fn build(
    snapshot: Option<&Snapshot>,
    ledger: &Ledger,
    now: Timestamp,
    alarm_period: AlarmPeriod,
) -> Report {
    let mut components: Vec<ComponentReport> = ledger
        .books()
        .iter()
        .map(|book| {
            let flag = snapshot.and_then(|snapshot| snapshot.flag(book.component().as_str()));
            component(book, flag.map(|flag| &**flag), now)
        })
        .collect();
    for flag in snapshot.into_iter().flat_map(Snapshot::iter) {
        if !components.iter().any(|known| known.component == flag.component.as_str()) {
            components.push(component(&ledger.book(&flag.component), Some(flag), now));
        }
    }
    components.sort_by(|a, b| a.component.cmp(&b.component));
    let alarming = |book: &Arc<Book>| {
        let counts = match alarm_period {
            AlarmPeriod::LastHour => book.window(Duration::from_hours(1), now),
            AlarmPeriod::Everything => book.total(),
        };
        let alarms = MismatchClass::ALL.into_iter().filter(|class| class.is_alarm());
        alarms.map(|class| counts.count(Counter::Mismatched(class))).any(|count| count > 0)
    };
    Report {
        generated_at: now,
        revision: snapshot.map(|snapshot| snapshot.revision().0),
        alarm: ledger.books().iter().any(alarming),
        ending: ending(&components),
        components,
    }
}

fn component(book: &Book, flag: Option<&Flag>, now: Timestamp) -> ComponentReport {
    // Without a flag it is a recording, and those are of decisions.
    let classes = flag.map_or(&MismatchClass::OF_DECISIONS[..], |flag| flag.kind.classes());
    ComponentReport {
        component: book.component().to_string(),
        flag: flag.map(|flag| StageReport {
            stage: flag.stage.name(),
            share: flag.stage.share().basis_points(),
            phase: flag.phase.into(),
            revision: flag.revision.0,
            changed_at: flag.changed_at,
            latch: flag.latch.clone(),
            hold: flag.hold.clone(),
        }),
        total: window(book.total(), classes),
        last_5_minutes: window(book.window(Duration::from_mins(5), now), classes),
        legacy_latency: book.latency(Side::Legacy),
        ssot_latency: book.latency(Side::Ssot),
        differences: book.groups().into_iter().map(group).collect(),
        accepted: accepted(book, flag, now),
    }
}

fn accepted(book: &Book, flag: Option<&Flag>, now: Timestamp) -> Vec<AcceptedReport> {
    let accepted = flag.map_or(&[][..], |flag| &flag.accepted);
    if accepted.is_empty() {
        return Vec::new();
    }
    let applied = book.accepted_uses();
    let report = |difference: &AcceptedDifference| {
        let used = applied.get(&difference.name);
        AcceptedReport {
            difference: difference.clone(),
            state: difference.state(now).as_str(),
            expires_in: difference.expires_in(now),
            used: used.map_or(0, |used| used.count),
            over_rate: used.map_or(0, |used| used.over),
        }
    };
    accepted.iter().map(report).collect()
}

fn ending(components: &[ComponentReport]) -> Vec<EndingReport> {
    let mut ending = Vec::new();
    for component in components {
        let active = AcceptedState::Active.as_str();
        for accepted in component.accepted.iter().filter(|accepted| accepted.state != active) {
            let AcceptedDifference { name, owner, expires_at, .. } = accepted.difference.clone();
            let (component, state) = (component.component.clone(), accepted.state);
            ending.push(EndingReport { component, name, owner, expires_at, state });
        }
    }
    ending.sort_by_key(|each| each.expires_at);
    ending
}

fn window(counts: Tally, classes: &[MismatchClass]) -> WindowReport {
    let by_class = |counter: fn(MismatchClass) -> Counter| {
        MismatchClass::ALL.map(|class| (class, counts.count(counter(class)))).into_iter()
    };
    let mismatches = by_class(Counter::Mismatched)
        .filter(|(class, count)| *count > 0 || classes.contains(class))
        .map(|(class, count)| (class.code(), count));
    let accepted = by_class(Counter::Accepted)
        .filter(|(_, count)| *count > 0)
        .map(|(class, count)| (class.code(), count));
    WindowReport {
        requests: counts.requests(),
        compared: counts.conclusive() + counts.inconclusive(),
        match_rate: counts.match_rate(),
        mismatches: mismatches.collect(),
        accepted: accepted.collect(),
        counts,
    }
}

fn group(group: crate::ledger::Group) -> GroupReport {
    GroupReport {
        explanation: explain(&group.key),
        class: group.key.class,
        legacy_reason: group.key.legacy_reason,
        ssot_reason: group.key.ssot_reason,
        claim_shape: group.key.shape,
        accepted: group.accepted,
        count: group.count,
        first_at: group.first_at,
        last_at: group.last_at,
        exemplars: group.exemplars.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_shown_of_the_classes_of_the_kind_and_others_when_they_occur() {
        let mut counts = Tally::default();
        counts.add(Counter::Mismatched(MismatchClass::Looser));
        counts.add(Counter::Accepted(MismatchClass::EventLost));
        let window = window(counts, &MismatchClass::OF_CONNECTIONS);
        assert_eq!(window.mismatches, BTreeMap::from([("connection_differs", 0), ("looser", 1)]));
        assert_eq!(window.accepted, BTreeMap::from([("event_lost", 1)]));
        let shown: Vec<_> = window.classes().collect();
        let (looser, lost) = (MismatchClass::Looser, MismatchClass::EventLost);
        assert_eq!(shown, [looser, lost, MismatchClass::ConnectionDiffers]);
    }
}
