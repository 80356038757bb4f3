//! Numbers of the running service: of its report, and of nothing else.

use super::mix::Component;
use crate::compare::{Inconclusive, MismatchClass};
use crate::domain::{Share, Side};
use crate::ledger::{Counter, LatencySummary, Tally};
use crate::report::{self, ComponentReport, Report};
use crate::web::Rooms;

/// One look at one component.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The flag's stage.
    pub stage: &'static str,
    /// Part of traffic that ssot is to serve.
    pub share: Share,
    /// Everything that was counted.
    pub counts: Tally,
    /// Latency of legacy.
    pub legacy: LatencySummary,
    /// Latency of ssot.
    pub ssot: LatencySummary,
}

/// The report as it is now.
pub fn report_of(rooms: &Rooms) -> Report {
    report::build(
        Some(&rooms.flags.snapshot()),
        &rooms.ledger,
        rooms.clock.now(),
        report::AlarmPeriod::LastHour,
    )
}

impl Reading {
    /// Looks at a component now.
    pub fn of(rooms: &Rooms, component: Component) -> Self {
        let components = report_of(rooms).components;
        let found = components.into_iter().find(|part| part.component == component.as_str());
        found.map(Self::from).unwrap_or_default()
    }

    /// How often something was counted.
    pub fn count(&self, counter: Counter) -> u64 {
        self.counts.count(counter)
    }

    /// Answers on which a side failed.
    pub fn failed(&self, side: Side) -> u64 {
        let prefix = format!("failed:{side}:");
        let failures = Counter::all().filter(|counter| counter.code().starts_with(&prefix));
        failures.map(|failure| self.count(failure)).sum()
    }

    /// What has been counted since an earlier look.
    pub fn since(&self, earlier: &Self) -> Since {
        let more = |count: &dyn Fn(&Tally) -> u64| {
            count(&self.counts).saturating_sub(count(&earlier.counts))
        };
        let counter = |counter| more(&move |tally: &Tally| tally.count(counter));
        let served = Side::BOTH.map(|side| counter(Counter::Served(side)));
        let good = more(&|tally| tally.count(Counter::Matched) + tally.accepted());
        Since {
            requests: more(&Tally::requests),
            by_ssot: per_cent(served[1], served[0] + served[1]),
            match_rate: per_cent(good, more(&Tally::conclusive)),
            undecided: counter(Counter::Undecided),
            rescued: counter(Counter::Rescued(Side::Ssot)),
        }
    }
}

impl From<ComponentReport> for Reading {
    fn from(part: ComponentReport) -> Self {
        let flag = part.flag.as_ref();
        Self {
            stage: flag.map_or("", |flag| flag.stage),
            share: flag.and_then(|flag| Share::from_basis_points(flag.share)).unwrap_or_default(),
            counts: part.total.counts,
            legacy: part.legacy_latency,
            ssot: part.ssot_latency,
        }
    }
}

/// What was counted between two looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Since {
    /// Questions asked.
    pub requests: u64,
    /// Of the answers, how many came from ssot, in percent.
    pub by_ssot: Option<f64>,
    /// Matches and accepted differences in all conclusive comparisons, in percent.
    pub match_rate: Option<f64>,
    /// Questions that neither side could decide.
    pub undecided: u64,
    /// Answers that legacy gave for a failing ssot.
    pub rescued: u64,
}

/// `part` in `whole`; `None` when there is nothing yet.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn per_cent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 * 100.0 / whole as f64)
}

/// The ways in which decisions differ, with their open and their accepted differences.
pub fn differences(counts: &Tally) -> [(MismatchClass, u64, u64); 6] {
    MismatchClass::OF_DECISIONS.map(|class| {
        (class, counts.count(Counter::Mismatched(class)), counts.count(Counter::Accepted(class)))
    })
}

/// Comparisons from which nothing follows, by reason; zeros are left out.
pub fn inconclusive(counts: &Tally) -> Vec<(&'static str, u64)> {
    let counted =
        Inconclusive::ALL.map(|why| (why.code(), counts.count(Counter::Inconclusive(why))));
    counted.into_iter().filter(|(_, count)| *count > 0).collect()
}
