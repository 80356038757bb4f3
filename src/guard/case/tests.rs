use proptest::prelude::*;

use super::certificate::Cleanness;
use super::mixture::{Grid, Mixture, null_share, weight};
use super::*;
use crate::domain::{ClientNetwork, SubjectKey};
use crate::guard::simulate::Chance;
use crate::ledger::{Gravity, OutcomeSeen, WalkSeen};

const START: Timestamp = Timestamp::from_seconds(1_000_000_000);

fn near(value: f64, golden: f64) {
    assert!((value / golden - 1.0).abs() < 1e-9, "{value} is not {golden}");
}

fn share(points: u16) -> Share {
    Share::from_basis_points(points).expect("a share")
}

fn trial(subject: u64, second: i64, arm: Side, served: Worth) -> Trial {
    Trial {
        asked_at: START.plus_seconds(second),
        revision: Revision::default(),
        arm,
        share: Some(share(5_000)),
        subject: Some(SubjectKey::from_hash(subject)),
        client: None,
        drawn: true,
        proven: true,
        served,
        rescued: false,
        other_failed: None,
        compared: Compared::Not,
        legacy_took: None,
        ssot_took: None,
        recorded_at: None,
    }
}

fn new_case() -> Case {
    Case::new(1, START, Revision::default())
}

fn held(limits: &Limits, stage: Stage) -> Held<'_> {
    Held { limits, stage, kind: Kind::Auth }
}

// The figures of this module are the golden vectors of the method.

#[test]
fn weights_and_grids_are_those_of_the_golden_vectors() {
    for (generation, golden) in [
        (0, 0.5),
        (1, 0.158_557_230_606_182_3),
        (2, 0.066_385_431_792_377_13),
        (10, 0.005_634_976_520_678_791),
        (100, 0.000_177_159_811_843_293_06),
        (1000, 8.008_400_672_389_249e-6),
    ] {
        near(weight(generation), golden);
    }
    let rate = Grid::of_rate(0.01);
    near(rate.alternatives()[0], 0.013_944_223_107_569_723);
    near(rate.alternatives()[5], 0.271_996_364_003_298_24);
    near(rate.alternatives()[11], 0.95);
    near(null_share(0.25, 1.5), 1.0 / 3.0);
    let share = Grid::of_share(null_share(0.25, 1.5));
    near(share.alternatives()[0], 0.411_764_705_882_352_9);
    near(share.alternatives()[6], 0.938_493_449_944_074_8);
    near(share.alternatives()[11], 0.995);
}

/// The value after so many observations, for each of the golden ones, and the first crossing of
/// 1,000.
fn check(bad: impl Fn(u64) -> bool, golden: &[(u64, f64)], crossing: Option<u64>) {
    let (mut mixture, grid) = (Mixture::of_rate(), Grid::of_rate(0.01));
    let mut crossed = None;
    for count in 1..=golden.last().map_or(0, |last| last.0) {
        mixture.observe(bad(count), &grid);
        if let Some((_, value)) = golden.iter().find(|(at, _)| *at == count) {
            near(mixture.value(), *value);
        }
        if mixture.value() >= 1000.0 {
            crossed.get_or_insert(count);
        }
    }
    assert_eq!(crossed, crossing);
}

#[test]
fn the_bet_on_a_rate_is_that_of_the_golden_vectors() {
    let six = [
        (1, 21.488_387_567_284_494),
        (2, 1_492.235_932_392_404_3),
        (3, 119_611.027_072_524_55),
        (6, 76_283_667_410.830_95),
    ];
    check(|_| true, &six, Some(2));
    let healthy = [
        (1, 0.793_046_590_229_449_5),
        (50, 0.558_044_586_269_311_1),
        (100, 0.400_160_732_936_083_34),
        (200, 0.284_051_829_322_567_3),
    ];
    check(|_| false, &healthy, None);
    let one_in_20 = [
        (50, 0.901_530_421_782_971_8),
        (100, 5.175_205_533_193_399),
        (200, 212.666_544_723_586_46),
        (400, 667_238.709_635_229_8),
    ];
    check(|count| count % 20 == 0, &one_in_20, Some(240));
    let late = [
        (400, 0.205_561_990_844_515_43),
        (1000, 0.138_601_849_760_222_08),
        (1010, 0.795_537_038_917_037_1),
        (1020, 100_359.431_077_628_73),
        (1040, 1.380_960_457_503_688_3e17),
    ];
    check(|count| count > 1000 && count % 2 == 0, &late, Some(1018));
}

#[test]
fn the_share_test_is_that_of_the_golden_vectors() {
    let grid = Grid::of_share(null_share(0.25, 1.5));
    let (mut all, mut crossed) = (Mixture::of_share(), 0);
    for count in 1..=12 {
        all.observe(true, &grid);
        if all.value() >= 1000.0 && crossed == 0 {
            crossed = count;
        }
    }
    near(all.value(), 111_054.747_224_305_42);
    assert_eq!(crossed, 8);
    let (mut proportional, mut max) = (Mixture::of_share(), 0.0_f64);
    for count in 0..200 {
        proportional.observe(count % 4 == 0, &grid);
        max = max.max(proportional.value());
    }
    near(proportional.value(), 0.118_168_291_440_176_02);
    near(max, 1.746_933_232_385_607_5);
}

#[test]
fn clean_subjects_certify_after_368_548_and_797_of_them() {
    for (beta, golden) in [(0.05, 368), (0.01, 548), (0.001, 797)] {
        let promise = Promise { bad: 0.01, beta };
        let mut cleanness = Cleanness::default();
        assert_eq!(cleanness.clean_missing(promise), golden);
        for count in 0..golden {
            assert_eq!(cleanness.clean_missing(promise), golden - count);
            cleanness.observe(false, promise.bad);
        }
        assert_eq!(cleanness.clean_missing(promise), 0);
    }
}

#[test]
fn a_case_at_the_bad_rate_is_certified_about_as_rarely_as_promised() {
    let promise = Promise { bad: 0.01, beta: 0.05 };
    let certified = (0..400)
        .filter(|run| {
            let (mut chance, mut cleanness) = (Chance::of(7, *run), Cleanness::default());
            (0..3_000).any(|_| {
                cleanness.observe(chance.happens(10_000), promise.bad);
                cleanness.value() >= 1.0 / promise.beta
            })
        })
        .count();
    assert!((5..=30).contains(&certified), "{certified} of 400, where 20 are promised");
}

#[test]
fn somebody_is_clean_once_and_fails_once() {
    let limits = Limits::default();
    let held = held(&limits, Stage::Canary(share(500)));
    let mut case = new_case();
    let mut absorb = |second, served| {
        case.absorb(&Seen::Answer(trial(7, second, Side::Ssot, served)), &held);
        (case.cleanness.subjects, case.cleanness.failed)
    };
    assert_eq!(absorb(0, Worth::Good), (1, 0));
    assert_eq!(absorb(60, Worth::Good), (1, 0));
    assert_eq!(absorb(120, Worth::Failed), (2, 1));
    assert_eq!(absorb(180, Worth::Failed), (2, 1));
    assert_eq!(absorb(240, Worth::Good), (2, 1));
}

/// Observations until the next failure, at so many parts per million.
fn gap(chance: &mut Chance, ppm: u32) -> u64 {
    let mut gap = 0;
    while !chance.happens(ppm) {
        gap += 1;
    }
    gap
}

#[test]
fn at_the_limit_there_are_at_most_twelve_alarms_in_four_thousand_runs() {
    let grid = Grid::of_rate(0.01);
    let alarms = (0..4_000)
        .filter(|run| {
            let (mut chance, mut mixture) = (Chance::of(2026, *run), Mixture::of_rate());
            while mixture.seen() < 20_000 {
                mixture.observe_good(gap(&mut chance, 10_000), &grid);
                mixture.observe(true, &grid);
                if mixture.value() >= 1000.0 {
                    return true;
                }
            }
            false
        })
        .count();
    assert!(alarms <= 12, "{alarms}");
}

#[test]
fn a_batch_is_worth_as_much_as_one_after_the_other() {
    let grid = Grid::of_rate(0.01);
    let (mut batch, mut single) = (Mixture::of_rate(), Mixture::of_rate());
    for gap in [0, 1, 63, 64, 65, 7, 1000, 3] {
        batch.observe_good(gap, &grid);
        (0..gap).for_each(|_| single.observe(false, &grid));
        batch.observe(true, &grid);
        single.observe(true, &grid);
        near(batch.value(), single.value());
        assert_eq!(batch.seen(), single.seen());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn success_never_makes_the_bet_more_than_it_began_with(count in 1u64..100_000) {
        let (mut mixture, grid) = (Mixture::of_rate(), Grid::of_rate(0.01));
        mixture.observe_good(count, &grid);
        prop_assert!(mixture.value() <= 1.0);
    }

    #[test]
    fn nobody_trips_a_rule_by_himself(
        outcomes in prop::collection::vec((0i64..40, 0u8..4), 1..200),
        points in 1u16..10_000,
    ) {
        let window = crate::flags::FixedWindow {
            over_s: 10,
            error_rate: crate::flags::Rate::default(),
            at_least: 1,
            times: 1,
        };
        let limits = Limits { windows: vec![window], harm_max: Some(2), failover_max: Some(1),
            ..Limits::default() };
        let stage = Stage::Canary(share(points));
        let held = held(&limits, stage);
        let mut case = new_case();
        for subject in 1..=40 {
            case.absorb(&Seen::Answer(trial(subject, 0, Side::Legacy, Worth::Good)), &held);
        }
        let mut second = 0;
        for (step, kind) in outcomes {
            second += step;
            let served = if kind == 0 { Worth::Good } else { Worth::Failed };
            let mut seen = trial(99, second, Side::Ssot, served);
            seen.share = Some(share(points));
            seen.rescued = kind == 2;
            seen.compared = if kind == 3 { Compared::Harmful } else { Compared::Not };
            case.absorb(&Seen::Answer(seen), &held);
            let ruling = rule(&case, &held, seen.asked_at);
            prop_assert!(ruling.code() != "trip", "{:?}", ruling);
        }
    }

    #[test]
    fn a_ruling_follows_from_limits_and_evidence_alone(
        fails in prop::collection::vec(any::<bool>(), 1..120),
        place in 0usize..6,
    ) {
        let stages = [
            Stage::Off,
            Stage::Shadow,
            Stage::Canary(share(5_000)),
            Stage::Live,
            Stage::Sealed,
            Stage::Complete,
        ];
        let limits = Limits::default();
        let held_to = held(&limits, stages[place]);
        let mut case = new_case();
        for (number, bad) in (0..).zip(&fails) {
            let served = if *bad { Worth::Failed } else { Worth::Good };
            case.absorb(&Seen::Answer(trial(number, 0, Side::Ssot, served)), &held_to);
        }
        let ruling = rule(&case, &held_to, START);
        prop_assert_eq!(&ruling, &rule(&case.clone(), &held_to, START));
        let text = serde_json::to_string(&case.state()).expect("JSON");
        let state = serde_json::from_str(&text).expect("a state");
        let left = case.subjects.take_new_left();
        prop_assert_eq!(&ruling, &rule(&Case::restore(state, left), &held_to, START));
        let serves = matches!(held_to.stage, Stage::Canary(_) | Stage::Live | Stage::Sealed);
        prop_assert!(serves || ruling.code() != "trip");
        let off = Limits { mode: crate::flags::GuardMode::Off, ..Limits::default() };
        let off = held(&off, held_to.stage);
        prop_assert_eq!(rule(&case, &off, START).code(), "wait");
    }
}

#[test]
fn a_grave_alarm_trips_wherever_ssot_serves_and_holds_in_shadow() {
    let limits = Limits::default();
    let mut seen = trial(1, 0, Side::Ssot, Worth::Nothing);
    seen.compared = Compared::Alarming(Gravity::AtOnce);
    for (stage, code) in [
        (Stage::Shadow, "hold"),
        (Stage::Canary(share(1)), "trip"),
        (Stage::Live, "trip"),
        (Stage::Sealed, "trip"),
        (Stage::Complete, "hold"),
    ] {
        let held = held(&limits, stage);
        let mut case = new_case();
        case.absorb(&Seen::Answer(seen), &held);
        assert_eq!(rule(&case, &held, START).code(), code, "{stage:?}");
    }
}

#[test]
fn three_subjects_within_ten_minutes_are_too_many_and_one_is_not() {
    let limits = Limits::default();
    let held = held(&limits, Stage::Live);
    let codes = |subjects: [(u64, i64); 3]| {
        let mut case = new_case();
        for (subject, second) in subjects {
            let mut seen = trial(subject, second, Side::Ssot, Worth::Nothing);
            seen.compared = Compared::Alarming(Gravity::AfterThree);
            case.absorb(&Seen::Answer(seen), &held);
        }
        rule(&case, &held, START).code()
    };
    assert_eq!(codes([(1, 0), (2, 100), (3, 599)]), "trip");
    assert_eq!(codes([(1, 0), (1, 1), (1, 2)]), "wait");
    assert_eq!(codes([(1, 0), (2, 100), (3, 601)]), "wait");
}

#[test]
fn one_network_alone_trips_nothing() {
    for points in [1, 10, 100, 500, 5_000, 9_999] {
        let limits = Limits::default();
        let held = held(&limits, Stage::Canary(share(points)));
        let mut case = new_case();
        let network = ClientNetwork::of("192.0.2.7".parse().expect("an address"));
        for number in 0..500 {
            let served = if number < 40 { Worth::Good } else { Worth::Failed };
            let mut seen = trial(number, 0, Side::Ssot, served);
            seen.share = Some(share(points));
            seen.client = Some(network);
            seen.compared = if number < 40 { Compared::Harmless } else { Compared::Harmful };
            case.absorb(&Seen::Answer(seen), &held);
        }
        assert_eq!(rule(&case, &held, START).code(), "wait", "{points}");
    }
}

#[test]
fn a_few_broken_clients_do_not_trip_r1_in_a_day() {
    for broken in [5, 20] {
        for run in 0..20 {
            let limits = Limits { error_rate: None, harm_max: None, ..Limits::default() };
            let held = held(&limits, Stage::Canary(share(500)));
            let (mut case, mut chance) = (new_case(), Chance::of(3, run));
            for minute in 0..24 * 60 {
                // Everybody fails now and then; the broken ones always.
                let bits = chance.bits();
                let everybody = chance.happens(200_000).then_some(bits);
                let clients = (0..broken).map(|number| Chance::of(run, number).bits());
                for bits in everybody.into_iter().chain(clients) {
                    let subject = SubjectKey::from_hash(bits);
                    let ssot = subject.slot().is_below(share(500));
                    let arm = if ssot { Side::Ssot } else { Side::Legacy };
                    let mut seen = trial(bits, minute * 60, arm, Worth::Failed);
                    seen.share = Some(share(500));
                    case.absorb(&Seen::Answer(seen), &held);
                }
            }
            let code = rule(&case, &held, START.plus_seconds(86_400)).code();
            assert_ne!(code, "trip", "{broken} {run}");
        }
    }
}

#[test]
fn counting_requests_instead_of_people_would_trip() {
    let (mut requests, mut people) = (0, 0);
    for run in 0..40 {
        let mut chance = Chance::of(11, run);
        let grid = Grid::of_share(null_share(0.05, 1.5));
        let (mut each_request, mut each_person) = (Mixture::of_share(), Mixture::of_share());
        let (mut tripped, mut tripped_once) = (false, false);
        for _ in 0..500 {
            let ssot = chance.happens(50_000);
            each_person.observe(ssot, &grid);
            tripped_once |= each_person.value() >= 1e3;
            for _ in 0..5 {
                each_request.observe(ssot, &grid);
                tripped |= each_request.value() >= 1e3;
            }
        }
        requests += u32::from(tripped);
        people += u32::from(tripped_once);
    }
    assert!(requests >= 25 && people <= 1, "{requests} and {people} of 40");
}

#[test]
fn a_case_that_is_restored_again_and_again_raises_no_more_false_alarms() {
    let limits = Limits { harm_max: None, ..Limits::default() };
    let held = held(&limits, Stage::Live);
    let alarms = (0..60)
        .filter(|run| {
            let (mut case, mut chance) = (new_case(), Chance::of(5, *run));
            let mut left = Vec::new();
            (0..2_000).any(|number| {
                let worth = if chance.happens(10_000) { Worth::Failed } else { Worth::Good };
                let seen = trial(chance.bits(), number / 10, Side::Ssot, worth);
                case.absorb(&Seen::Answer(seen), &held);
                left.extend(case.subjects.take_new_left());
                if number % 200 == 0 {
                    case = Case::restore(case.state(), left.clone());
                }
                rule(&case, &held, seen.asked_at).code() == "trip"
            })
        })
        .count();
    assert!(alarms <= 1, "{alarms}");
}

#[test]
fn whoever_has_failed_before_a_restart_does_not_count_again() {
    let limits = Limits::default();
    let held = held(&limits, Stage::Live);
    let mut case = new_case();
    case.absorb(&Seen::Answer(trial(1, 0, Side::Ssot, Worth::Failed)), &held);
    let left = case.subjects.take_new_left();
    let mut case = Case::restore(case.state(), left);
    case.absorb(&Seen::Answer(trial(1, 3600, Side::Ssot, Worth::Failed)), &held);
    assert_eq!(case.error_rate.ssot.failed, 1);
    assert_eq!(case.path.len(), 1);
}

#[test]
fn walks_and_outcomes_say_what_they_should() {
    let limits = Limits::default();
    let held = held(&limits, Stage::Live);
    let mut case = new_case();
    let mut walk = |second, side, passed| {
        case.absorb(&Seen::Walk(WalkSeen { at: START.plus_seconds(second), side, passed }), &held);
        rule(&case, &held, START).code()
    };
    for second in 1..=3 {
        assert_eq!(walk(second, Side::Ssot, false), "wait");
    }
    assert_eq!(walk(4, Side::Legacy, false), "wait");
    assert_eq!(walk(5, Side::Legacy, true), "trip");
    let mut case = new_case();
    for (side, runs_completed) in [(Side::Legacy, 95), (Side::Ssot, 80)] {
        let (runs_started, active_users, messages) = (100, 0, 0);
        let at = START;
        let seen = OutcomeSeen { at, side, runs_started, runs_completed, active_users, messages };
        case.absorb(&Seen::Outcome(seen), &held);
    }
    assert_eq!(rule(&case, &held, START).code(), "hold");
}

#[test]
fn a_window_ends_by_the_clock_and_not_by_the_next_trial() {
    let rate = crate::flags::Rate::from_ppm(10_000).expect("a rate");
    let window = crate::flags::FixedWindow { over_s: 60, error_rate: rate, at_least: 10, times: 1 };
    let limits =
        Limits { windows: vec![window], error_rate: None, harm_max: None, ..Limits::default() };
    let held = held(&limits, Stage::Live);
    let mut case = new_case();
    for number in 0..100 {
        let served = if number % 10 == 0 { Worth::Failed } else { Worth::Good };
        case.absorb(&Seen::Answer(trial(number, 1, Side::Ssot, served)), &held);
    }
    assert_eq!(rule(&case, &held, START.plus_seconds(60)).code(), "wait");
    assert_eq!(rule(&case, &held, START.plus_seconds(61)).code(), "trip");
}

#[test]
fn what_r1_has_won_is_lost_when_it_is_switched_off_and_never_counted_twice() {
    let armed = Limits::default();
    let switched_off = Limits { regression_percent: None, ..Limits::default() };
    let canary = held(&armed, Stage::Canary(share(5_000)));
    let failed = |case: &mut Case, held: &Held<'_>, subject: u64| {
        case.absorb(&Seen::Answer(trial(subject, 1, Side::Ssot, Worth::Failed)), held);
    };
    let mut case = new_case();
    (0..6).for_each(|subject| failed(&mut case, &canary, subject));
    let won = case.regression_reached(&canary);
    assert!(won > alpha::of_attempt(alpha::REGRESSION, 1), "{won}");

    let mut live = case.clone();
    failed(&mut live, &held(&armed, Stage::Live), 100);
    assert!(live.error_rate.has_taken_over());
    assert!(live.regression_reached(&canary) <= 0.0, "it is R2's until it is given back");

    case.change_limits(&armed, &switched_off);
    assert!(case.regression.value() <= 1.0);
}
