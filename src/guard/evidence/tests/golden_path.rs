//! Walks, windows and baselines.

use proptest::prelude::*;

use super::NOW;
use crate::domain::{ComponentId, Timestamp};
use crate::flags::PassRate;
use crate::guard::evidence::golden_path::Walks;
use crate::guard::{EvidenceError, EvidenceRoom, Walked};
use crate::store::Store;

fn walked(seconds_ago: i64, walks: u32, passed: u32) -> Walked {
    Walked { at: NOW.plus_seconds(-seconds_ago), walks, passed, by: "token:probe".to_owned() }
}

fn walks(list: &[Walked]) -> Walks {
    let mut walks = Walks::default();
    for walked in list {
        walks.add(walks.key_for(walked.at), walked.clone());
    }
    walks
}

fn rate(list: &[Walked]) -> Option<(u32, u32, i64)> {
    let rate = walks(list).rate(None, NOW)?;
    Some((rate.walks, rate.passed, (NOW.since(rate.at).as_secs()).try_into().expect("small")))
}

#[test]
fn the_rate_is_of_the_last_day() {
    assert_eq!(rate(&[]), None);
    let day = 24 * 3600;
    assert_eq!(rate(&[walked(day, 5, 5)]), None);
    let list = [walked(10, 10, 9), walked(day - 1, 20, 20), walked(day, 40, 0)];
    assert_eq!(rate(&list), Some((30, 29, 10)));
}

#[test]
fn the_rate_is_of_the_latest_ten_thousand_walks() {
    let list = [walked(30, 5_000, 0), walked(20, 6_000, 6_000), walked(10, 4_000, 4_000)];
    assert_eq!(rate(&list), Some((10_000, 10_000, 10)));
    // What does not fit as a whole ends the window: nothing older is counted in its place.
    let list = [walked(30, 1, 0), walked(20, 6_001, 6_001), walked(10, 4_000, 3_000)];
    assert_eq!(rate(&list), Some((4_000, 3_000, 10)));
    assert_eq!(walks(&list).past(NOW).len(), 2);
}

#[test]
fn a_rate_is_rounded_down() {
    for (walks, passed, expected) in
        [(0, 0, 0), (3, 2, 666), (1000, 999, 999), (10_000, 9_999, 999), (7, 7, 1000)]
    {
        let rate = PassRate { at: NOW, walks, passed, baseline_permille: None };
        assert_eq!(rate.permille(), expected, "{passed} of {walks}");
    }
}

#[test]
fn walks_that_cannot_be_are_refused() {
    let ahead = Walked { at: NOW.plus_seconds(6), ..walked(0, 1, 1) };
    for bad in [walked(0, 0, 0), walked(0, 10_001, 1), walked(0, 1, 2), walked(86_400, 1, 1), ahead]
    {
        assert!(matches!(bad.clone().checked(NOW), Err(EvidenceError::Walks(_))), "{bad:?}");
    }
    let near = Walked { at: NOW.plus_seconds(5), ..walked(0, 1, 1) };
    assert_eq!(near.checked(NOW).expect("let in").at, NOW);
}

proptest! {
    #[test]
    fn the_window_is_whatever_order_observations_come_in(
        mut list in proptest::collection::vec((0_i64..90_000, 1_u32..3_000), 0..40),
        shift in 0_usize..40,
    ) {
        // Passed walks tell observations of one moment apart; they keep their order.
        list.sort_by_key(|(ago, _)| *ago);
        list.dedup_by_key(|(ago, _)| *ago);
        let seen: Vec<Walked> = list.iter().map(|(ago, count)| walked(*ago, *count, 0)).collect();
        let mut turned = seen.clone();
        turned.rotate_left(shift % seen.len().max(1));
        let rate = |list: &[Walked]| walks(list).rate(None, NOW);
        prop_assert_eq!(rate(&seen), rate(&turned));
        let counted = rate(&seen).map_or(0, |rate| rate.walks);
        prop_assert!(counted <= 10_000);
        let left: usize = walks(&seen).past(NOW).len();
        let mut kept = walks(&seen);
        kept.forget(&walks(&seen).past(NOW));
        prop_assert_eq!(kept.0.len() + left, seen.len());
        prop_assert_eq!(kept.rate(None, NOW), rate(&seen));
    }
}

#[tokio::test]
async fn a_baseline_takes_a_hundred_walks_and_later_rates_are_held_against_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let evidence = EvidenceRoom::open(&Store::open(dir.path()).expect("a store")).expect("open");
    let baseline = |now| evidence.set_baseline("before".to_owned(), "ada", now);
    let few = baseline(NOW).await;
    assert_eq!(few, Err(EvidenceError::TooFewWalks { walks: 0, min: 100 }));
    evidence.observe(walked(60, 99, 97), NOW).await.expect("added");
    let few = baseline(NOW).await;
    assert_eq!(few, Err(EvidenceError::TooFewWalks { walks: 99, min: 100 }));
    evidence.observe(walked(50, 1, 1), NOW).await.expect("added");
    let recorded = baseline(NOW).await.expect("recorded");
    assert_eq!((recorded.permille, recorded.walks, &*recorded.by), (980, 100, "ada"));
    evidence.observe(walked(10, 100, 50), NOW).await.expect("added");
    let component = ComponentId::parse("http-auth").expect("an id");
    let rate = evidence.of(&component, NOW).golden_path.expect("a rate");
    assert_eq!((rate.walks, rate.passed, rate.baseline_permille), (200, 148, Some(980)));
    assert_eq!(rate.permille(), 740);
    let since =
        |seconds_ago: i64| evidence.of_step(&component, NOW.plus_seconds(-seconds_ago), NOW);
    let rate = since(50).golden_path.expect("a rate");
    assert_eq!((rate.walks, rate.passed), (101, 51), "walks from before the step do not count");
    assert_eq!(since(9).golden_path, None);
    // A day without walks: nothing is known, and that is not a pass.
    let later: Timestamp = NOW.plus_seconds(2 * 86_400);
    assert_eq!(evidence.of(&component, later).golden_path, None);
    assert_eq!(evidence.golden_path(later).baseline, Some(recorded));
}
