//! What performances and plans say about each other, and what the other side must know.

use super::*;
use crate::compare::{Inconclusive, MismatchClass};

#[tokio::test(start_paused = true)]
async fn differences_land_in_the_ledger_with_their_class() {
    let revoked = Decision::deny(Reason::Signature);
    for (outcome, plan, class) in [
        (done("a"), allow("b"), MismatchClass::SubjectDiffers),
        (done("a"), revoked.clone(), MismatchClass::Stricter),
        (denied(Reason::Signature), allow("a"), MismatchClass::Looser),
        (denied(Reason::Expired), revoked, MismatchClass::ReasonDiffers),
    ] {
        let world =
            World::at(Stage::Shadow, Scripted::performing([outcome]), Scripted::planning(plan));
        let world = world.await;
        world.operate(issue("a")).await;
        assert_eq!(world.count(Counter::Mismatched(class)), 1, "{class:?}");
        assert_eq!(world.tally().mismatches(), 1, "{class:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_side_that_cannot_plan_is_counted_and_not_compared() {
    let world = World::at(ALL, Scripted::default(), Scripted::performing([done("a")])).await;
    world.operate(issue("a")).await;
    assert_eq!(world.count(Counter::CannotPlan), 1);
    assert_eq!(world.tally().conclusive() + world.tally().inconclusive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_fails_says_nothing() {
    let ssot = Scripted { plan: Mutex::new(Some(Err(PathError::TimedOut))), ..Scripted::default() };
    let world = World::at(Stage::Shadow, Scripted::performing([done("a")]), ssot).await;
    assert!(is_done(&world.operate(issue("a")).await, Side::Legacy));
    assert_eq!(world.count(Counter::Inconclusive(Inconclusive::Failed(Side::Ssot))), 1);
}

#[tokio::test(start_paused = true)]
async fn a_used_refresh_token_is_told_to_the_other_side_once_it_has_planned() {
    let world = World::at(
        Stage::Shadow,
        Scripted::performing([done("a"), denied(Reason::Replayed), done("a")]),
        Scripted::planning(allow("a")),
    );
    let world = world.await;
    world.operate(refresh("r1")).await;
    assert_eq!(world.ssot.seen(), ["plan", "revoke r1"]);
    assert_eq!(world.told("used_tokens_told"), 1);
    *world.ssot.plan.lock() = Some(Ok(Decision::deny(Reason::Replayed)));
    world.operate(refresh("r1")).await;
    world.operate(issue("a")).await;
    assert_eq!(world.told("used_tokens_told"), 1, "nothing was used");
    assert!(!world.legacy.seen().iter().any(|seen| seen.starts_with("revoke")));
}

#[tokio::test(start_paused = true)]
async fn a_used_token_is_told_to_the_side_that_was_stood_in_for_and_a_failure_is_counted() {
    let ssot = Scripted {
        revoked: Mutex::new(Some(PathError::TimedOut)),
        ..Scripted::performing([unreachable()])
    };
    let world = World::at(Stage::Live, Scripted::performing([done("a")]), ssot).await;
    assert!(is_done(&world.operate(refresh("r1")).await, Side::Legacy));
    assert_eq!(world.ssot.seen(), ["perform", "revoke r1"]);
    assert_eq!((world.told("used_tokens_told"), world.told("used_tokens_not_told")), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_retry_within_the_grace_is_no_difference_though_the_other_side_was_told() {
    let world = World::at(
        ALL,
        Scripted::planning(allow("a")),
        Scripted::performing([done("a"), done("a"), done("a")]),
    );
    let world = world.await;
    world.operate(refresh("r1")).await;
    *world.legacy.plan.lock() = Some(Ok(Decision::deny(Reason::Revoked)));
    world.operate(refresh("r1")).await;
    assert_eq!(world.count(Counter::Inconclusive(Inconclusive::Momentary)), 1);
    world.operate(refresh("another")).await;
    let looser = Counter::Mismatched(MismatchClass::Looser);
    assert_eq!(world.count(looser), 1, "legacy was not told of that one: it knows more");
}

#[tokio::test(start_paused = true)]
async fn a_refused_replay_is_asked_again_once_the_other_side_may_have_heard() {
    let world = World::at(
        Stage::Shadow,
        Scripted::performing([denied(Reason::Replayed), denied(Reason::Replayed)]),
        Scripted::planning(allow("a")),
    );
    let world = world.await;
    world.operate(refresh("r1")).await;
    assert_eq!(world.count(Counter::Mismatched(MismatchClass::Looser)), 1);
    let served = world.shadow.operate(question(MAKES_TOKENS, "r1"), refresh("r1"));
    assert!(served.await.is_ok());
    while world.ssot.seen().len() < 3 {
        tokio::task::yield_now().await;
    }
    *world.ssot.plan.lock() = Some(Ok(Decision::deny(Reason::Revoked)));
    world.shadow.idle().await;
    assert_eq!(world.count(Counter::AskedAgain), 2);
    assert_eq!(world.count(Counter::Inconclusive(Inconclusive::Momentary)), 1);
}

#[tokio::test(start_paused = true)]
async fn a_used_token_gives_way_where_there_is_no_room_and_is_counted() {
    let world =
        World::at(Stage::Shadow, Scripted::performing([done("a")]), Scripted::planning(allow("a")));
    let world = world.await;
    world.has_room.store(false, std::sync::atomic::Ordering::SeqCst);
    world.operate(refresh("r1")).await;
    assert_eq!(world.ssot.seen(), ["plan"]);
    assert_eq!((world.told("used_tokens_told"), world.told("used_tokens_not_told")), (0, 1));
}
