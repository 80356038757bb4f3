//! What outlives a restart.

use super::*;
use crate::guard::GuardRule;

#[tokio::test(start_paused = true)]
async fn evidence_and_those_who_have_left_outlive_a_restart() {
    let mut world = World::open().await;
    world.to(canary(5_000)).await.expect("raised");
    world.healthy(100);
    world.failing(Side::Ssot, 2);
    let failed = world.next_subject;
    world.look().await;
    let before = world.view();
    let mut world = world.again().await;
    let after = world.view();
    assert_eq!(after.standings, before.standings);
    assert_eq!((after.attempt, after.attempt_since), (before.attempt, before.attempt_since));
    assert_eq!((after.answers, after.subjects_left), (before.answers, 2));
    assert_eq!(after.certificate, before.certificate);
    // Whoever has failed before it does not fail once more after it.
    tokio::time::advance(Duration::from_secs(30)).await;
    world.next_subject = failed - 1;
    world.failing(Side::Ssot, 1);
    world.look().await;
    assert_eq!(world.view().subjects_left, 2);
    let of_failures = |view: &GuardView| -> Vec<_> {
        let rules = [GuardRule::Regression, GuardRule::ErrorRate, GuardRule::Harm];
        view.standings.iter().filter(|each| rules.contains(&each.rule)).cloned().collect()
    };
    assert_eq!(of_failures(&world.view()), of_failures(&before));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_less_of_the_bounded_probability_also_after_a_restart() {
    let mut world = World::open().await;
    world.to(canary(5_000)).await.expect("raised");
    let line = |world: &World| {
        let view = world.view();
        let standing = view.standings.into_iter().find(|each| each.acts_at.is_some());
        standing.and_then(|standing| standing.acts_at).expect("a line")
    };
    let first = line(&world);
    world.healthy(20);
    world.failing(Side::Ssot, 20);
    world.look().await;
    assert_eq!(world.stage(), Stage::Shadow);
    let world = world.again().await;
    tokio::time::advance(Duration::from_mins(31)).await;
    let released = world.flags.apply(&component(), Move::Release, None, by_ada("mended")).await;
    released.expect("released");
    world.to(canary(5_000)).await.expect("raised again");
    assert!((line(&world) / first - 4.0).abs() < 1e-9);
    assert_eq!(world.view().attempt, 2);
}
