use super::described::{Described, FailureKind, SharedOutage};
use super::judges::{GuardJudge, beginning};
use super::outcome::Spread;
use super::run::{on_all_processors, rehearse};
use crate::domain::{Share, Side};
use crate::flags::{Kind, Limits, Rate};
use crate::guard::GuardRule;

fn rate(ppm: u32) -> Rate {
    Rate::from_ppm(ppm).expect("a rate")
}

fn described(share: u16) -> Described {
    let share = Share::from_basis_points(share).expect("a share");
    Described { share, regression_rate: rate(5_000), ..Described::default() }
}

/// One run: the rule that rolled back, SSOT-served subjects since the onset by then, and what the
/// guard has seen.
fn run<'a>(
    described: &'a Described,
    limits: &'a Limits,
    number: u32,
    requests: usize,
) -> (Option<(GuardRule, u64)>, GuardJudge<'a>) {
    let (stage, known) = (described.stage(), described.known());
    let mut judge = GuardJudge::new(limits, stage, Kind::Auth, beginning(), known);
    let mut subjects = 0;
    for request in described.requests(number, true).take(requests) {
        subjects += u64::from(request.worse && request.trial.arm == Side::Ssot);
        if let Some(rule) = judge.see(&request.trial) {
            return (Some((rule, subjects)), judge);
        }
    }
    (None, judge)
}

/// Nothing but R1 and R2.
fn rates_alone() -> Limits {
    Limits {
        divergence: None,
        slow_ms: None,
        latency_percent: None,
        harm_max: None,
        failover_max: None,
        ..Limits::default()
    }
}

/// SSOT-served subjects until the rollback, over so many runs of at most so many requests; runs
/// without a rollback are left out.
fn delays(described: &Described, limits: &Limits, runs: u32, requests: usize) -> Vec<f64> {
    let all = on_all_processors(runs, |number| run(described, limits, number, requests).0);
    let number = |count: u64| f64::from(u32::try_from(count).expect("a few"));
    all.into_iter().flatten().map(|(_, subjects)| number(subjects)).collect()
}

#[test]
fn a_regression_to_five_percent_is_rolled_back_after_some_two_hundred_subjects() {
    for share in [500, 5_000] {
        let described = Described { regression_rate: rate(50_000), ..described(share) };
        let delays = delays(&described, &rates_alone(), 100, 400_000);
        assert_eq!(delays.len(), 100);
        let mean = Spread::of(delays).mean;
        assert!((200.0..300.0).contains(&mean), "{share}: {mean}");
    }
}

#[test]
fn a_shared_outage_holds_and_does_not_roll_back() {
    for (share, ppm) in [
        (500, 100_000),
        (500, 1_000_000),
        (5_000, 100_000),
        (5_000, 500_000),
        (5_000, 1_000_000),
        (9_000, 100_000),
        (9_000, 1_000_000),
    ] {
        let outage = Some(SharedOutage { from_s: 2, to_s: 6, rate: rate(ppm) });
        let described = Described { outage, ..described(share) };
        let rolled_back = delays(&described, &Limits::default(), 20, 1_600).len();
        assert!(rolled_back <= 2, "{share} {ppm}: {rolled_back} of 20");
    }
}

#[test]
fn an_outage_of_ssot_beside_a_shared_one_is_rolled_back() {
    for share in [500, 5_000] {
        let outage = Some(SharedOutage { from_s: 2, to_s: 60, rate: rate(100_000) });
        let onset = 800 * u64::from(share) / 10_000;
        let regression_rate = rate(500_000);
        let described = Described { regression_rate, onset, outage, ..described(share) };
        let delays = delays(&described, &Limits::default(), 20, 12_000);
        assert!(delays.len() == 20 && Spread::of(delays.clone()).mean < 250.0, "{delays:?}");
    }
}

#[test]
fn a_total_outage_is_rolled_back_at_once_where_hardly_anybody_is_left_on_legacy() {
    for (share, subjects) in [(9_000, 60.0), (9_900, 10.0)] {
        let described = Described { regression_rate: rate(1_000_000), ..described(share) };
        let delays = delays(&described, &rates_alone(), 20, 4_000);
        assert!(delays.len() == 20 && Spread::of(delays.clone()).p95 <= subjects, "{delays:?}");
    }
}

#[test]
fn people_hurt_by_what_hurts_both_sides_use_up_no_budget() {
    let outage = Some(SharedOutage { from_s: 2, to_s: 30, rate: rate(500_000) });
    let described = Described { outage, ..described(5_000) };
    let limits = Limits::default();
    let (tripped, judge) = run(&described, &limits, 3, 4_000);
    assert_eq!(tripped, None);
    assert!(judge.case().harm.people > 200 && judge.case().harm.balance() < 100.0);
}

#[test]
fn retries_change_nothing() {
    for tries in [2, 5, 20] {
        let described = Described { tries, ..described(5_000) };
        // The budget of rescues counts each of them a second, as it must: they are legacy's load.
        let limits = Limits { failover_max: None, ..Limits::default() };
        assert_eq!(delays(&described, &limits, 20, 20_000).len(), 0, "{tries}");
    }
}

#[test]
fn the_same_seed_gives_the_same_table() {
    let described = Described {
        runs: 4,
        requests_per_minute: 1_200,
        share: Share::from_basis_points(5_000).expect("a share"),
        requests_max: 6_000,
        healthy_requests: 2_000,
        ..Described::default()
    };
    let table = rehearse(&described, &Limits::default());
    assert_eq!(table, rehearse(&described, &Limits::default()));
    assert_eq!(table.rules[0].rule, "this guard");
    assert_eq!((table.rules[0].detected, table.rules[0].false_rollbacks), (4, 0));
}

#[test]
fn wrong_denies_are_rolled_back_too() {
    let kind = FailureKind::WronglyDenied;
    let described = Described { kind, regression_rate: rate(50_000), ..described(5_000) };
    let delays = delays(&described, &Limits::default(), 10, 20_000);
    assert!(delays.len() == 10 && delays.iter().all(|delay| *delay < 600.0), "{delays:?}");
}
