//! Evidence that is not there, old, bad, and just good enough.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::super::Stage;
use super::*;
use crate::domain::Revision;
use crate::flags::samples::NOW;

fn at(seconds_ago: i64) -> Timestamp {
    NOW.plus_seconds(-seconds_ago)
}

fn position() -> Position {
    Position {
        step: Some(0),
        stage: Stage::Shadow,
        flag_revision: Revision(1),
        since: at(1000),
        skipped: None,
        approved: None,
    }
}

fn everything() -> Step {
    let needs = Needs {
        comparisons_min: 100,
        mismatches_per_10000_max: BTreeMap::from([("stricter".to_owned(), 50)]),
        failures_per_10000_max: 100,
        latency_p99_ratio_max_percent: Some(150),
        guard: true,
        certificate: true,
        tests: true,
        golden_path: Some(GoldenPathNeed { walks_min: 20, below_baseline_max_percent_points: 5 }),
        fresh_for: Duration::from_secs(500),
    };
    Step { to: Stage::Shadow, hold: Duration::from_secs(1000), needs, approval: false }
}

fn finding(good: bool) -> Finding {
    Finding { at: at(500), good, what: "run 7".to_owned() }
}

fn good() -> Evidence {
    let traffic = Traffic {
        since: at(1000),
        until: at(500),
        comparisons: 200,
        mismatches: BTreeMap::from([("stricter".to_owned(), 1), ("looser".to_owned(), 0)]),
        failures: 2,
        latency_p99_ratio_percent: Some(150),
    };
    let rate = PassRate { at: at(500), walks: 20, passed: 18, baseline_permille: Some(950) };
    Evidence {
        traffic: Some(traffic),
        guard: Some(GuardWord::Content { at: at(500) }),
        certificate: Some(finding(true)),
        tests: Some(finding(true)),
        golden_path: Some(rate),
    }
}

fn told(change: impl FnOnce(&mut Evidence)) -> Vec<(Gate, Lack, Option<u64>, Option<u64>)> {
    let mut evidence = good();
    change(&mut evidence);
    let waits = open_gates(&everything(), &position(), &evidence, NOW);
    waits.into_iter().map(|wait| (wait.gate, wait.lack, wait.figure, wait.limit)).collect()
}

fn traffic(change: impl FnOnce(&mut Traffic)) -> Vec<(Gate, Lack, Option<u64>, Option<u64>)> {
    told(|evidence| change(evidence.traffic.as_mut().expect("traffic")))
}

#[test]
fn evidence_that_just_meets_every_limit_opens_every_gate() {
    assert_eq!(told(|_| ()), []);
}

#[test]
fn what_is_missing_is_waited_for() {
    let missing = told(|evidence| *evidence = Evidence::default());
    let gates: Vec<Gate> = missing.iter().map(|wait| wait.0).collect();
    let expected = [Gate::Comparisons, Gate::Guard, Gate::Certificate, Gate::Tests, Gate::Walks];
    assert_eq!(gates, expected);
    assert!(missing.iter().all(|wait| wait.1 == Lack::Missing));
    let ratio = traffic(|traffic| traffic.latency_p99_ratio_percent = None);
    assert_eq!(ratio, [(Gate::Latency, Lack::Missing, None, Some(150))]);
    let baseline = told(|evidence| {
        evidence.golden_path.as_mut().expect("walks").baseline_permille = None;
    });
    assert_eq!(baseline, [(Gate::GoldenPath, Lack::Missing, None, None)]);
}

#[test]
fn what_is_a_second_too_old_is_waited_for() {
    let stale = |gate| [(gate, Lack::Stale, Some(501), Some(500))];
    assert_eq!(traffic(|traffic| traffic.until = at(501)), stale(Gate::Comparisons));
    let guard = told(|evidence| evidence.guard = Some(GuardWord::Content { at: at(501) }));
    assert_eq!(guard, stale(Gate::Guard));
    let certificate = told(|evidence| evidence.certificate.as_mut().expect("one").at = at(501));
    assert_eq!(certificate, stale(Gate::Certificate));
    let tests = told(|evidence| evidence.tests.as_mut().expect("one").at = at(501));
    assert_eq!(tests, stale(Gate::Tests));
    let walks = told(|evidence| evidence.golden_path.as_mut().expect("walks").at = at(501));
    assert_eq!(walks, stale(Gate::Walks));
}

#[test]
fn traffic_from_before_the_step_says_nothing_about_it() {
    let early = traffic(|traffic| traffic.since = at(1001));
    assert_eq!(early, [(Gate::Comparisons, Lack::Stale, None, Some(100))]);
}

#[test]
fn what_is_dated_after_the_present_is_not_trusted() {
    let future = [
        traffic(|traffic| traffic.until = at(-1)),
        told(|evidence| evidence.guard = Some(GuardWord::Content { at: at(-1) })),
        told(|evidence| evidence.tests.as_mut().expect("one").at = at(-1)),
        told(|evidence| evidence.golden_path.as_mut().expect("walks").at = at(-1)),
    ];
    for waits in future {
        assert!(matches!(waits[..], [(_, Lack::Stale, None, None)]), "{waits:?}");
    }
}

#[test]
fn what_fails_its_limit_is_told_with_figure_and_limit() {
    let few = traffic(|traffic| traffic.comparisons = 99);
    assert_eq!(few[0], (Gate::Comparisons, Lack::Below, Some(99), Some(100)));
    let stricter =
        |count| traffic(|traffic| traffic.mismatches.extend([("stricter".to_owned(), count)]));
    assert_eq!(stricter(2), [(Gate::Mismatches, Lack::Above, Some(100), Some(50))]);
    let failures = traffic(|traffic| traffic.failures = 3);
    assert_eq!(failures, [(Gate::Failures, Lack::Above, Some(150), Some(100))]);
    let slow = traffic(|traffic| traffic.latency_p99_ratio_percent = Some(151));
    assert_eq!(slow, [(Gate::Latency, Lack::Above, Some(151), Some(150))]);
    let certificate = told(|evidence| evidence.certificate = Some(finding(false)));
    assert_eq!(certificate, [(Gate::Certificate, Lack::Bad, None, None)]);
    let walks = told(|evidence| evidence.golden_path.as_mut().expect("walks").walks = 19);
    assert_eq!(walks, [(Gate::Walks, Lack::Below, Some(19), Some(20))]);
    let passed = told(|evidence| evidence.golden_path.as_mut().expect("walks").passed = 17);
    assert_eq!(passed, [(Gate::GoldenPath, Lack::Below, Some(850), Some(900))]);
}

#[test]
fn a_class_that_the_plan_does_not_name_may_not_occur_at_all() {
    let looser = traffic(|traffic| traffic.mismatches.extend([("looser".to_owned(), 1)]));
    assert_eq!(looser, [(Gate::Mismatches, Lack::Above, Some(50), Some(0))]);
}

#[test]
fn a_single_difference_beside_no_comparison_is_too_many() {
    assert!(over(Gate::Mismatches, 1, 0, 10_000).is_some());
    assert!(over(Gate::Mismatches, 0, 0, 0).is_none());
    assert!(over(Gate::Mismatches, u64::MAX, u64::MAX, 10_000).is_none());
}

#[test]
fn a_skip_leaves_everything_behind_but_the_second_person() {
    let skipped =
        Some(super::super::Skipped { by: "ada".to_owned(), note: "why".to_owned(), at: NOW });
    let position = Position { skipped, since: NOW, ..position() };
    let step = Step { approval: true, ..everything() };
    let waits = open_gates(&step, &position, &Evidence::default(), NOW);
    assert_eq!(waits.iter().map(|wait| wait.gate).collect::<Vec<_>>(), [Gate::Approval]);
    let waits = open_gates(&everything(), &position, &Evidence::default(), NOW);
    assert_eq!(waits, []);
}

#[test]
fn a_hold_is_over_when_its_time_is_and_not_when_the_clock_was_set_back() {
    let held = |since| {
        let position = Position { since, ..position() };
        let evidence = Evidence {
            traffic: good().traffic.map(|traffic| Traffic { since, ..traffic }),
            ..good()
        };
        open_gates(&everything(), &position, &evidence, NOW)
    };
    assert_eq!(held(at(1000)), []);
    for (since, spent) in [(at(999), 999), (at(-5000), 0)] {
        let wait = Wait::new(Gate::Hold, Lack::Below).figures(Some(spent), 1000);
        assert_eq!(held(since), [wait]);
    }
}
