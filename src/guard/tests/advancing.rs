//! What must be shown before a component may go further.

use super::*;
use crate::flags::{Advance, GuardWord, MoveRefusal};
use crate::guard::{Deed, Ruling};
use crate::ledger::OutcomeSeen;

fn refusal(outcome: Result<Applied, FlagsError>) -> String {
    match outcome {
        Err(FlagsError::NotAllowed(MoveRefusal::NotCleared { why })) => why,
        other => panic!("not refused by the guard: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_alarm_in_shadow_holds_until_the_shadow_begins_anew() {
    let mut world = World::open().await;
    world.alarm(Gravity::AtOnce);
    world.look().await;
    assert!(matches!(world.view().ruling, Ruling::Hold { .. }));
    assert_eq!(world.cards()[0].deed, Deed::Held);
    assert!(refusal(world.to(canary(100)).await).contains("security"));
    assert_eq!(world.stage(), Stage::Shadow);
    let said = world.guard.word(&component(), world.clock.now());
    assert!(matches!(said, Some(GuardWord::Unhappy { .. })));
    world.to(Stage::Off).await.expect("switched off");
    world.to(Stage::Shadow).await.expect("and on");
    world.to(canary(100)).await.expect("raised");
}

#[tokio::test(start_paused = true)]
async fn a_certified_advance_needs_368_clean_subjects_and_a_way_back() {
    let mut world = World::open().await;
    world.limits(Limits { advance: Advance::Certified, ..Limits::default() }).await;
    let answered = Arc::new(parking_lot::Mutex::new(None));
    let heard = Arc::clone(&answered);
    world.guard.hear(Arc::new(move |_| Some(*heard.lock())));
    for _ in 0..367 {
        let trial = world.trial(Side::Legacy, Worth::Good);
        world.book.show(Seen::Answer(trial), false);
        // The same one again shows nothing more.
        world.book.show(Seen::Answer(Trial { asked_at: START, ..trial }), false);
    }
    world.look().await;
    assert_eq!(world.view().certificate.clean_subjects_missing, 1);
    assert!(refusal(world.to(canary(100)).await).contains("367 distinct subjects"));
    let trial = world.trial(Side::Legacy, Worth::Good);
    world.book.show(Seen::Answer(trial), false);
    world.look().await;
    assert_eq!(world.view().ruling, Ruling::Pass);
    assert!(refusal(world.to(canary(100)).await).contains("no way back"));
    *answered.lock() = Some(world.clock.now());
    world.to(canary(100)).await.expect("raised");
    assert!(matches!(world.view().ruling, Ruling::Wait { .. }), "the next step begins anew");
}

#[tokio::test(start_paused = true)]
async fn people_who_get_less_done_hold_a_promotion_and_roll_nothing_back() {
    let world = World::open().await;
    world.to(canary(5_000)).await.expect("raised");
    let told = |side, runs_completed| OutcomeSeen {
        at: world.clock.now(),
        side,
        runs_started: 200,
        runs_completed,
        active_users: 0,
        messages: 0,
    };
    world.guard.outcome(&component(), told(Side::Legacy, 190)).expect("taken in");
    world.guard.outcome(&component(), told(Side::Ssot, 120)).expect("taken in");
    world.look().await;
    assert_eq!(world.stage(), canary(5_000));
    assert!(refusal(world.to(canary(6_000)).await).contains("outcomes"));
    let said = world.guard.word(&component(), world.clock.now());
    assert!(matches!(said, Some(GuardWord::Waiting { .. })));
    world.to(canary(1_000)).await.expect("lowering is nobody's to refuse");
    tokio::time::advance(Duration::from_secs(61)).await;
    world.limits(Limits { slow_ms: None, ..Limits::default() }).await;
    assert_eq!(world.cards()[0].deed, Deed::HoldEnded, "another step counts anew");
}
