//! A component's counts over the whole period.

use std::collections::BTreeMap;

use super::super::document::{
    BySide, ClassPart, ComponentPart, ErrorRate, HarmPart, Ratios, ReadinessPart, Series, Verdict,
};
use super::super::rate::{float, rate, rule_of_three, wilson};
use super::latency::Merged;
use crate::compare::Inconclusive;
use crate::domain::{MismatchClass, Side};
use crate::flags::Flag;
use crate::ledger::{Counter, Stretch, Tally};

/// How often a side was to answer: whenever that took some time, and whenever it was taken to fail
/// without being asked. Of a time in which latencies were not kept, its failures are known alone.
pub(super) fn asked(tally: &Tally, side: Side, timed: u64) -> u64 {
    (timed + tally.count(Counter::Unasked(side))).max(tally.failures(side))
}

/// The part of a component with its counts; all that is not counted is still empty.
pub(super) fn figures(flag: &Flag, stretches: &[Stretch]) -> ComponentPart {
    let mut tally = Tally::default();
    let mut latency = BySide { legacy: Merged::default(), ssot: Merged::default() };
    for stretch in stretches {
        tally.absorb(&stretch.tally);
        latency.legacy.add(&stretch.legacy);
        latency.ssot.add(&stretch.ssot);
    }
    let count = |counter| tally.count(counter);
    let (mismatches, accepted) = by_class(flag, &tally);
    let good = count(Counter::Matched) + tally.accepted();
    let interval = wilson(good, tally.conclusive());
    let asked = BySide {
        legacy: asked(&tally, Side::Legacy, latency.legacy.count()),
        ssot: asked(&tally, Side::Ssot, latency.ssot.count()),
    };
    let latency = BySide { legacy: latency.legacy.part(), ssot: latency.ssot.part() };
    let ratio = |of: fn(&super::super::document::LatencyPart) -> Option<u64>| {
        Some(float(of(&latency.ssot)?) / float(of(&latency.legacy)?.max(1)))
    };
    ComponentPart {
        component: flag.component.to_string(),
        kind: flag.kind.as_str().to_owned(),
        phase: flag.phase.into(),
        stage: flag.stage.name().to_owned(),
        share_basis_points: flag.stage.share().basis_points(),
        flag_revision: flag.revision,
        latch: flag.latch.clone(),
        hold: flag.hold.clone(),
        requests: tally.requests(),
        served_by: by_side(|side| count(Counter::Served(side))),
        decisions: [Counter::Allowed, Counter::Denied, Counter::Undecided]
            .map(|counter| (counter.code(), count(counter)))
            .into(),
        compared: tally.conclusive() + tally.inconclusive(),
        conclusive: tally.conclusive(),
        matched: count(Counter::Matched),
        classes: classes(&mismatches, &accepted),
        mismatches,
        accepted,
        inconclusive: inconclusive(&tally),
        match_rate: rate(good, tally.conclusive()),
        match_rate_low: interval.map(|interval| interval.low),
        match_rate_high: interval.map(|interval| interval.high),
        mismatch_rate_below: (tally.mismatches() == 0)
            .then(|| rule_of_three(tally.conclusive()))
            .flatten(),
        failures: BySide {
            legacy: failures(&tally, Side::Legacy),
            ssot: failures(&tally, Side::Ssot),
        },
        error_rate: BySide {
            legacy: error_rate(tally.failures(Side::Legacy), asked.legacy),
            ssot: error_rate(tally.failures(Side::Ssot), asked.ssot),
        },
        asked,
        rescued: by_side(|side| count(Counter::Rescued(side))),
        other_counts: other_counts(&tally),
        latency_ratio: Ratios {
            p50: ratio(|latency| latency.p50_us),
            p95: ratio(|latency| latency.p95_us),
            p99: ratio(|latency| latency.p99_us),
        },
        latency,
        groups: Vec::new(),
        groups_left_out: 0,
        accepted_differences: Vec::new(),
        series: Series::default(),
        changes: Vec::new(),
        changes_left_out: 0,
        other_cards: Vec::new(),
        harm_prevented: HarmPart::default(),
        certificate: None,
        tests: None,
        readiness: ReadinessPart {
            verdict: Verdict::Waiting,
            next: None,
            missing: Vec::new(),
            guard: None,
            certificate: None,
        },
    }
}

pub(super) fn by_side<T>(of: impl Fn(Side) -> T) -> BySide<T> {
    BySide { legacy: of(Side::Legacy), ssot: of(Side::Ssot) }
}

type Counts = BTreeMap<String, u64>;

/// Mismatches, with zeros for the classes of the component's kind, and accepted differences.
fn by_class(flag: &Flag, tally: &Tally) -> (Counts, Counts) {
    let counts = |counter: fn(MismatchClass) -> Counter| {
        MismatchClass::ALL.map(|class| (class, tally.count(counter(class)))).into_iter()
    };
    let own = flag.kind.classes();
    let mismatches = counts(Counter::Mismatched)
        .filter(|(class, count)| *count > 0 || own.contains(class))
        .map(|(class, count)| (class.code().to_owned(), count));
    let accepted = counts(Counter::Accepted)
        .filter(|(_, count)| *count > 0)
        .map(|(class, count)| (class.code().to_owned(), count));
    (mismatches.collect(), accepted.collect())
}

fn inconclusive(tally: &Tally) -> Counts {
    let counts = Inconclusive::ALL
        .map(|why| (why.code().to_owned(), tally.count(Counter::Inconclusive(why))));
    counts.into()
}

fn failures(tally: &Tally, side: Side) -> Counts {
    let prefix = format!("failed:{side}:");
    let counts = Counter::all().filter_map(|counter| {
        let how = counter.code().strip_prefix(&prefix)?.to_owned();
        Some((how, tally.count(counter)))
    });
    counts.collect()
}

/// What no other member tells; zeros are left out.
fn other_counts(tally: &Tally) -> Counts {
    let rest = [
        Counter::RescueRefused,
        Counter::AskedAgain,
        Counter::Enforced,
        Counter::EnforceUndecided,
        Counter::SampledOut,
        Counter::ByTarget,
        Counter::Shed,
        Counter::CannotPlan,
        Counter::Owned,
        Counter::Late,
        Counter::SampleDropped,
        Counter::Unasked(Side::Legacy),
        Counter::Unasked(Side::Ssot),
    ];
    let counts = rest.map(|counter| (counter.code(), tally.count(counter))).into_iter();
    counts.filter(|(_, count)| *count > 0).collect()
}

pub(super) fn error_rate(failed: u64, asked: u64) -> ErrorRate {
    let interval = wilson(failed, asked);
    ErrorRate {
        failed,
        rate: rate(failed, asked),
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
    }
}

fn classes(mismatches: &Counts, accepted: &Counts) -> Vec<ClassPart> {
    let part = |class: MismatchClass| {
        let code = class.code();
        let count = mismatches.get(code).copied();
        let accepted = accepted.get(code).copied();
        (count.is_some() || accepted.is_some()).then(|| ClassPart {
            class: code.to_owned(),
            direction: direction(class).to_owned(),
            meaning: class.meaning().to_owned(),
            count: count.unwrap_or(0),
            accepted: accepted.unwrap_or(0),
            alarm: class.is_alarm(),
        })
    };
    by_severity().filter_map(part).collect()
}

/// Alarms first, then what may let in more, then the rest in the order in which it is shown.
pub(super) fn by_severity() -> impl Iterator<Item = MismatchClass> {
    let mut classes = MismatchClass::ALL;
    classes.sort_by_key(|class| (!class.is_alarm(), !class.may_let_in_more()));
    classes.into_iter()
}

/// Which way a class goes.
pub(super) const fn direction(class: MismatchClass) -> &'static str {
    match class {
        MismatchClass::Looser => "ssot_lets_in_more",
        MismatchClass::Stricter => "ssot_lets_in_less",
        MismatchClass::SubjectDiffers | MismatchClass::Misdelivered => "somebody_else",
        MismatchClass::ScopesDiffer | MismatchClass::ConnectionDiffers => "either",
        MismatchClass::ClaimsDiffer | MismatchClass::ReasonDiffers => "same_outcome",
        MismatchClass::EventLost
        | MismatchClass::EventRepeated
        | MismatchClass::EventReordered
        | MismatchClass::BodyDiffers
        | MismatchClass::Late => "delivery",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::flags::Stage;
    use crate::flags::testing::flag_at;
    use crate::ledger::{Failure, Grain, Latency};

    fn shadowed() -> Flag {
        flag_at("http-auth", Stage::Shadow, Vec::new())
    }

    fn stretch(counters: &[Counter]) -> Stretch {
        let mut tally = Tally::default();
        for counter in counters {
            tally.add(*counter);
        }
        let start = Timestamp::from_seconds(0);
        let (legacy, ssot) = (Latency::default(), Latency::default());
        Stretch { start, grain: Grain::Minute, tally, legacy, ssot }
    }

    #[test]
    fn rates_come_from_the_counts_beside_them() {
        let matched = [Counter::Allowed, Counter::Matched, Counter::Served(Side::Legacy)];
        let stretches = [
            stretch(&matched),
            stretch(&matched),
            stretch(&[Counter::Accepted(MismatchClass::Stricter)]),
            stretch(&[
                Counter::Mismatched(MismatchClass::Looser),
                Counter::Inconclusive(Inconclusive::Boundary),
                Counter::Failed(Side::Ssot, Failure::TimedOut),
            ]),
        ];
        let part = figures(&shadowed(), &stretches);
        assert_eq!((part.requests, part.compared, part.conclusive), (2, 5, 4));
        assert_eq!(part.match_rate, Some(0.75));
        assert_eq!(part.mismatch_rate_below, None);
        assert_eq!((part.mismatches["looser"], part.mismatches["stricter"]), (1, 0));
        assert_eq!(part.failures.ssot["timed_out"], 1);
        assert_eq!((part.asked.ssot, part.error_rate.ssot.failed), (1, 1));
        assert_eq!(part.classes[0].class, "looser", "the most severe first");
    }

    #[test]
    fn without_a_difference_the_rule_of_three_speaks() {
        let part = figures(&shadowed(), &vec![stretch(&[Counter::Matched]); 300]);
        assert_eq!((part.match_rate, part.mismatch_rate_below), (Some(1.0), Some(0.01)));
        let none = figures(&shadowed(), &[]);
        assert_eq!(
            (none.match_rate, none.match_rate_low, none.mismatch_rate_below),
            (None, None, None)
        );
    }
}
