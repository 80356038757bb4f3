//! A side that hangs, crashes or babbles: the caller's answer follows the fallback table, and
//! every shadow is accounted for.

use crossfade::compare::{Inconclusive, MismatchClass};
use crossfade::domain::Side;
use crossfade::ledger::{Counter, Failure, Tally};
use serde_json::{Value, json};

use super::kit::{Behaviour, World, counted};

/// The ways in which the legacy endpoint can fail, and what each is called.
fn failures() -> [(Behaviour, Failure); 4] {
    [
        (Behaviour::Hang, Failure::TimedOut),
        // The request was taken, so that somebody is there; the answer broke off.
        (Behaviour::Crash, Failure::Unreadable),
        (Behaviour::Babble, Failure::Unreadable),
        (Behaviour::Answer(500, "<h1>oops</h1>".to_owned()), Failure::Unreadable),
    ]
}

/// Every request was answered, and every comparison ended in some count.
fn accounted_for(tally: &Tally, requests: u64, compared: u64) {
    assert_eq!(tally.requests(), requests, "{}", json!(tally));
    let ended = tally.conclusive()
        + tally.inconclusive()
        + tally.count(Counter::Shed)
        + tally.count(Counter::SampledOut);
    assert_eq!(ended, compared, "{}", json!(tally));
}

fn stages_up_to(last: &str) -> Vec<Value> {
    let all = [
        json!({ "stage": "shadow" }),
        json!({ "stage": "canary", "share": 10_000 }),
        json!({ "stage": "live" }),
        json!({ "stage": "sealed" }),
    ];
    let end = all.iter().position(|stage| stage["stage"] == last).expect("a stage");
    all[..=end].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_legacy_serves_its_failure_is_503_and_never_a_refusal() {
    for (behaviour, failure) in failures() {
        for stages in [vec![], stages_up_to("shadow")] {
            let world = World::start().await;
            world.move_to("http-auth", &stages).await;
            world.legacy.behave(behaviour.clone());
            let reply = world.decide("http-auth", &world.token("fresh_hs256", "alice")).await;
            reply.is_problem(503, "ask again");
            assert_eq!(reply.header("retry-after"), Some("1"));
            let tally = world.tally("http-auth").await;
            let (undecided, failed) = (Counter::Undecided, Counter::Failed(Side::Legacy, failure));
            counted(&tally, &[(undecided, 1), (failed, 1), (Counter::Served(Side::Legacy), 0)]);
            accounted_for(&tally, 1, u64::from(!stages.is_empty()));
            world.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_ssot_serves_a_failing_legacy_shadow_reaches_nobody() {
    for (behaviour, failure) in failures() {
        let world = World::start().await;
        world.move_to("http-auth", &stages_up_to("canary")).await;
        world.legacy.behave(behaviour);
        let reply = world.decide("http-auth", &world.token("fresh_hs256", "alice")).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert_eq!(reply.json()["served_by"], "ssot");
        let tally = world.tally("http-auth").await;
        let mismatches: u64 = tally.mismatches();
        assert_eq!(mismatches, 0, "a failure is never a mismatch");
        let why = Inconclusive::Failed(Side::Legacy);
        counted(
            &tally,
            &[(Counter::Inconclusive(why), 1), (Counter::Failed(Side::Legacy, failure), 1)],
        );
        accounted_for(&tally, 1, 1);
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_slot_on_legacy_is_rescued_by_ssot_only_where_the_flag_says_so() {
    let world = World::start().await;
    // Of two subjects, one on each side of a share of one half.
    world.move_to("http-auth", &[json!({ "stage": "shadow" })]).await;
    world.move_to("http-auth", &[json!({ "stage": "canary", "share": 5_000 })]).await;
    let mut on_legacy = None;
    for number in 0..64 {
        let token = world.token("fresh_hs256", &format!("user-{number}"));
        if world.decide("http-auth", &token).await.json()["served_by"] == "legacy" {
            on_legacy = Some(token);
            break;
        }
    }
    let token = on_legacy.expect("one of 64 subjects is on legacy");
    world.legacy.behave(Behaviour::Crash);
    world.decide("http-auth", &token).await.is_problem(503, "ask again");
    world.move_to("http-auth", &[json!({ "rescue": "both" })]).await;
    let rescued = world.decide("http-auth", &token).await.json();
    assert_eq!((&rescued["decision"], &rescued["served_by"]), (&json!("allow"), &json!("ssot")));
    let tally = world.tally("http-auth").await;
    counted(&tally, &[(Counter::Rescued(Side::Legacy), 1), (Counter::Undecided, 1)]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rescues_stop_at_their_budget_and_the_rest_is_503() {
    let world = World::start().await;
    world.move_to("http-auth", &[json!({ "rescue": "both", "rescues_per_second_max": 0 })]).await;
    world.move_to("http-auth", &stages_up_to("shadow")).await;
    world.move_to("http-auth", &[json!({ "stage": "canary", "share": 1 })]).await;
    world.legacy.behave(Behaviour::Crash);
    // A token without a readable subject is legacy's below 10,000.
    world.decide("http-auth", "no.token.atall").await.is_problem(503, "ask again");
    let tally = world.tally("http-auth").await;
    counted(&tally, &[(Counter::RescueRefused, 1), (Counter::Rescued(Side::Legacy), 0)]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deny_is_final_whichever_side_serves() {
    let world = World::start().await;
    world.legacy.allow("alice", &["read"]);
    world.move_to("http-auth", &stages_up_to("live")).await;
    let reply = world.decide("http-auth", &world.token("expired_5h", "alice")).await.json();
    assert_eq!((&reply["decision"], &reply["served_by"]), (&json!("deny"), &json!("ssot")));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shadows_over_the_bound_are_shed_and_counted_while_callers_are_served() {
    let world = World::start().await;
    world.move_to("http-auth", &stages_up_to("canary")).await;
    world.legacy.behave(Behaviour::Hang);
    let token = world.token("fresh_hs256", "alice");
    let questions = 200;
    for _ in 0..questions {
        let reply = world.decide("http-auth", &token).await;
        assert_eq!(reply.json()["served_by"], "ssot");
    }
    let tally = world.tally("http-auth").await;
    accounted_for(&tally, questions, questions);
    let timed_out = tally.count(Counter::Failed(Side::Legacy, Failure::TimedOut));
    assert_eq!(timed_out + tally.count(Counter::Shed), questions, "{}", json!(tally));
    assert_eq!(world.legacy.asked() as u64, timed_out);
    counted(&tally, &[(Counter::Mismatched(MismatchClass::Looser), 0)]);
    world.stop().await;
}
