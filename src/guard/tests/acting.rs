//! What the guard does, and what it leaves alone.

use super::*;
use crate::flags::{GuardMode, Rate};
use crate::guard::{Deed, GuardRule, Ruling};
use crate::ledger::WalkSeen;

#[tokio::test(start_paused = true)]
async fn a_failing_candidate_is_rolled_back_and_latched_with_a_card() {
    let mut world = World::open().await;
    world.to(canary(5_000)).await.expect("raised");
    world.healthy(20);
    world.failing(Side::Ssot, 20);
    world.look().await;
    assert_eq!(world.stage(), Stage::Shadow);
    let flag = world.flag();
    let latch = flag.latch.as_ref().expect("a latch");
    assert!(matches!(&latch.cause, Cause::Guard { trip } if trip.contains("of ssot")));
    let cards = world.cards();
    let [card] = cards.as_slice() else { panic!("one card, not {cards:?}") };
    assert_eq!(card.deed, Deed::RolledBack { revision: flag.revision, durable: true });
    assert_eq!((card.stage, card.attempt), (canary(5_000), 1));
    assert!(matches!(card.found[0].rule, GuardRule::Regression | GuardRule::ErrorRate));
    assert!(card.published_after_us.is_some());
    assert!(card.without.is_some_and(|without| without.failure_rate > 0.1));
    assert!(!card.path.is_empty() && card.standings.len() == GuardRule::ALL.len());
    assert_eq!(world.view().attempt, 2);
}

#[tokio::test(start_paused = true)]
async fn a_healthy_candidate_stays_and_so_does_one_that_fails_as_often_as_legacy() {
    let mut world = World::open().await;
    world.to(canary(5_000)).await.expect("raised");
    for _ in 0..30 {
        world.healthy(200);
        world.failing(Side::Ssot, 1);
        world.failing(Side::Legacy, 1);
        world.look().await;
        tokio::time::advance(Duration::from_secs(11)).await;
    }
    assert_eq!(world.stage(), canary(5_000));
    assert!(world.cards().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_client_that_fails_over_and_over_rolls_nothing_back() {
    let mut world = World::open().await;
    world.to(canary(5_000)).await.expect("raised");
    world.healthy(30);
    let broken = world.trial(Side::Ssot, Worth::Failed);
    for _ in 0..2_000 {
        let again = Trial { asked_at: world.clock.now(), rescued: true, ..broken };
        world.book.show(Seen::Answer(again), true);
        tokio::time::advance(Duration::from_millis(700)).await;
        world.look().await;
    }
    assert_eq!(world.stage(), canary(5_000));
}

#[tokio::test(start_paused = true)]
async fn whoever_only_watches_keeps_what_it_would_have_done_once() {
    let mut world = World::open().await;
    world.limits(Limits { mode: GuardMode::DryRun, ..Limits::default() }).await;
    world.to(canary(5_000)).await.expect("raised");
    world.healthy(20);
    for _ in 0..3 {
        world.failing(Side::Ssot, 20);
        world.look().await;
    }
    assert_eq!(world.stage(), canary(5_000));
    let deeds: Vec<_> = world.cards().into_iter().map(|card| card.deed).collect();
    assert!(deeds.iter().all(|deed| *deed == Deed::WouldHaveRolledBack));
    let rules: std::collections::BTreeSet<_> =
        world.cards().into_iter().map(|card| card.found[0].rule).collect();
    assert_eq!(rules.len(), deeds.len(), "each rule is told once");
    assert!(!deeds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_a_dry_run_has_told_is_acted_on_once_the_guard_may() {
    let mut world = World::open().await;
    world.limits(Limits { mode: GuardMode::DryRun, ..Limits::default() }).await;
    world.to(canary(5_000)).await.expect("raised");
    world.healthy(20);
    world.failing(Side::Ssot, 20);
    world.look().await;
    assert_eq!(world.stage(), canary(5_000));
    world.limits(Limits::default()).await;
    world.look().await;
    assert_eq!(world.stage(), Stage::Shadow);
    assert!(matches!(world.cards()[0].deed, Deed::RolledBack { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_looser_limit_is_not_broken_by_what_was_won_against_a_stricter_one() {
    let mut world = World::open().await;
    let only = |ppm| Limits {
        error_rate: Rate::from_ppm(ppm),
        regression_percent: None,
        harm_max: None,
        divergence: None,
        failover_max: None,
        ..Limits::default()
    };
    world.limits(only(1_000)).await;
    world.to(Stage::Canary(Share::ALL)).await.expect("raised");
    for _ in 0..2 {
        world.healthy(20);
        world.failing(Side::Ssot, 1);
    }
    world.look().await;
    assert_eq!(world.stage(), Stage::Canary(Share::ALL), "close to the line");
    world.limits(only(100_000)).await;
    world.failing(Side::Ssot, 1);
    world.look().await;
    assert_eq!(world.stage(), Stage::Canary(Share::ALL));
    let view = world.view();
    let rate = view.standings.iter().find(|each| each.rule == GuardRule::ErrorRate);
    assert!(rate.and_then(|rate| rate.value).is_some_and(|value| value < 10.0), "{view:?}");
}

#[tokio::test(start_paused = true)]
async fn an_operator_who_was_faster_is_not_put_back_twice() {
    let mut world = World::open().await;
    world.to(canary(5_000)).await.expect("raised");
    world.healthy(20);
    world.failing(Side::Ssot, 20);
    let back = world.flags.apply(&component(), Move::RollBack, None, by_ada("red button")).await;
    back.expect("rolled back");
    world.look().await;
    assert_eq!(world.stage(), Stage::Shadow);
    assert!(world.cards().is_empty());
    assert_eq!(world.view().attempt, 2, "whoever rolls back ends the attempt");
}

#[tokio::test(start_paused = true)]
async fn answers_of_an_attempt_that_has_ended_do_not_count_in_the_next() {
    let mut world = World::open().await;
    world.to(canary(5_000)).await.expect("raised");
    world.healthy(20);
    let late: Vec<Trial> = (0..40).map(|_| world.trial(Side::Ssot, Worth::Failed)).collect();
    world.failing(Side::Ssot, 20);
    world.look().await;
    assert_eq!(world.stage(), Stage::Shadow);
    for trial in late {
        world.book.show(Seen::Answer(trial), true);
    }
    world.look().await;
    assert_eq!(world.stage(), Stage::Shadow);
    assert_eq!(world.view().answers, 0);
}

#[tokio::test(start_paused = true)]
async fn a_grave_alarm_rolls_back_at_once_and_three_lesser_ones_do() {
    for (gravity, needed) in [(Gravity::AtOnce, 1), (Gravity::AfterThree, 3)] {
        let mut world = World::open().await;
        world.to(canary(100)).await.expect("raised");
        for _ in 0..needed {
            assert_eq!(world.stage(), canary(100));
            world.alarm(gravity);
            world.look().await;
        }
        assert_eq!(world.stage(), Stage::Shadow);
        assert_eq!(world.cards()[0].found[0].rule, GuardRule::Security);
    }
}

#[tokio::test(start_paused = true)]
async fn the_golden_path_rolls_back_after_three_failed_walks_while_legacy_passes() {
    let world = World::open().await;
    world.to(canary(100)).await.expect("raised");
    let walk = |side, passed| WalkSeen { at: world.clock.now(), side, passed };
    for _ in 0..3 {
        world.guard.walked(None, walk(Side::Ssot, false)).expect("taken in");
    }
    world.look().await;
    assert_eq!(world.stage(), canary(100), "legacy has not passed");
    world.guard.walked(None, walk(Side::Legacy, true)).expect("taken in");
    world.look().await;
    assert_eq!(world.stage(), Stage::Shadow);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_about_a_guard_that_is_switched_off() {
    let mut world = World::open().await;
    world.limits(Limits { mode: GuardMode::Off, ..Limits::default() }).await;
    world.to(canary(5_000)).await.expect("raised");
    world.healthy(20);
    world.failing(Side::Ssot, 50);
    world.look().await;
    assert_eq!(world.stage(), canary(5_000));
    assert_eq!(world.view().answers, 0, "nothing is kept for nobody");
    assert!(matches!(world.view().ruling, Ruling::Wait { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_refusing_disk_delays_nothing_and_the_card_says_what_a_restart_may_forget() {
    let mut world = World::open().await;
    world.to(canary(5_000)).await.expect("raised");
    world.healthy(20);
    world.disk.refuse_everything();
    world.failing(Side::Ssot, 20);
    let decided = world.guard.look(&[Arc::clone(&world.book)]);
    assert_eq!(world.stage(), Stage::Shadow, "before anything is written");
    for each in decided {
        world.guard.finish(each).await;
    }
    let cards = world.cards();
    assert!(matches!(cards[0].deed, Deed::RolledBack { durable: false, .. }));
    assert!(cards[0].is_alarm());
    assert_eq!(world.guard.unsaved_cards(), 1);
    assert!(world.flags.unsaved() > 0);
    assert!(world.flag().latch.is_some(), "the latch holds in memory");
    world.disk.heal();
    world.flags.save().await.expect("saved");
    world.guard.keep().await.expect("kept");
    assert_eq!(world.guard.unsaved_cards(), 0);
    let world = world.again().await;
    assert_eq!(world.stage(), Stage::Shadow);
    assert_eq!(world.cards().len(), 1);
    assert_eq!(world.view().attempt, 2);
}
