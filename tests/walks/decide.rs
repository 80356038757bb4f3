//! Questions about tokens, answered by stage and compared.

use crossfade::compare::{Inconclusive, MismatchClass};
use crossfade::domain::Side;
use crossfade::ledger::Counter;
use serde_json::json;

use super::kit::{World, counted};

#[tokio::test(flavor = "multi_thread")]
async fn in_shadow_legacy_answers_and_ssot_is_compared() {
    let world = World::start().await;
    let fresh = world.token("fresh_hs256", "alice");
    let reply = world.decide("modelled", &fresh).await;
    assert_eq!(reply.status, 200);
    let json = reply.json();
    assert_eq!((&json["decision"], &json["served_by"]), (&json!("allow"), &json!("legacy")));
    assert_eq!(json["subject"], "alice");

    let no_audience = world.decide("modelled", &world.token("aud_missing", "bob")).await.json();
    assert_eq!(no_audience["decision"], "allow", "legacy forgets audiences");
    let expired = world.decide("modelled", &world.token("expired_5h", "carol")).await.json();
    assert_eq!((&expired["decision"], &expired["reason"]), (&json!("deny"), &json!("expired")));

    let tally = world.tally("modelled").await;
    counted(
        &tally,
        &[
            (Counter::Served(Side::Legacy), 3),
            (Counter::Served(Side::Ssot), 0),
            (Counter::Matched, 2),
            (Counter::Mismatched(MismatchClass::Stricter), 1),
        ],
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn off_asks_nobody_but_legacy() {
    let world = World::start().await;
    let reply = world.decide("http-auth", &world.token("fresh_hs256", "alice")).await;
    assert_eq!(reply.json()["served_by"], "legacy");
    let tally = world.tally("http-auth").await;
    assert_eq!((tally.requests(), tally.conclusive() + tally.inconclusive()), (1, 0));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_stage_holds_for_the_very_next_request() {
    let world = World::start().await;
    let token = world.token("fresh_hs256", "alice");
    let canary = json!({ "stage": "canary", "share": 10_000 });
    for round in 0..5 {
        assert_eq!(world.decide("modelled", &token).await.json()["served_by"], "legacy");
        world.move_to("modelled", std::slice::from_ref(&canary)).await;
        assert_eq!(world.decide("modelled", &token).await.json()["served_by"], "ssot", "{round}");
        world.move_to("modelled", &[json!({ "stage": "shadow" })]).await;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_stays_on_its_side_and_a_growing_share_keeps_it() {
    let world = World::start().await;
    let mut on_ssot: Vec<usize> = Vec::new();
    let tokens: Vec<String> =
        (0..60).map(|number| world.token("fresh_hs256", &format!("user-{number}"))).collect();
    for share in [1_000, 3_000, 10_000] {
        world.move_to("modelled", &[json!({ "stage": "canary", "share": share })]).await;
        let mut now = Vec::new();
        for (number, token) in tokens.iter().enumerate() {
            let served = world.decide("modelled", token).await.json()["served_by"].clone();
            if served == "ssot" {
                now.push(number);
            }
        }
        assert!(on_ssot.iter().all(|number| now.contains(number)), "at {share}");
        on_ssot = now;
    }
    assert_eq!(on_ssot.len(), tokens.len(), "10,000 means everybody");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ssot_letting_in_what_legacy_refuses_is_an_alarm_in_the_report() {
    let world = World::start().await;
    world.move_to("http-auth", &[json!({ "stage": "shadow" })]).await;
    world.legacy.deny("revoked_by_hand");
    let reply = world.decide("http-auth", &world.token("fresh_hs256", "alice")).await.json();
    assert_eq!(reply["decision"], "deny", "legacy serves");
    let tally = world.tally("http-auth").await;
    counted(&tally, &[(Counter::Mismatched(MismatchClass::Looser), 1)]);
    let report = world.control("GET", "/v1/report", "", "").await.json();
    assert_eq!(report["alarm"], true);
    let text = world.control("GET", "/v1/report", "accept: text/markdown\r\n", "").await.body;
    assert!(text.contains("SECURITY"), "{text}");
    assert!(text.contains("revoked_by_hand"), "{text}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_that_a_moment_explains_is_asked_again_and_does_not_count() {
    let world = World::start().await;
    world.move_to("http-auth", &[json!({ "stage": "shadow" })]).await;
    // Issued a moment ahead of legacy's clock: refused now, fine when asked again.
    world.legacy.deny("not_yet");
    let asking = {
        let token = world.token("iat_future_2s", "alice");
        world.decide("http-auth", &token).await
    };
    assert_eq!(asking.json()["decision"], "deny");
    let tally = world.tally("http-auth").await;
    let why = Inconclusive::Boundary;
    counted(
        &tally,
        &[(Counter::Inconclusive(why), 1), (Counter::Mismatched(MismatchClass::Looser), 0)],
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_difference_is_counted_apart() {
    let world = World::start().await;
    let accepted = json!({ "accepted": [{
        "name": "no-audience", "class": "stricter", "ssot_reason": "claim_missing:aud",
        "owner": "ops", "reason": "old mobile clients", "expires_at": in_a_month(),
    }]});
    world.move_to("modelled", &[accepted]).await;
    world.decide("modelled", &world.token("aud_missing", "alice")).await;
    world.decide("modelled", &world.token("env_staging", "alice")).await;
    let tally = world.tally("modelled").await;
    counted(
        &tally,
        &[
            (Counter::Accepted(MismatchClass::Stricter), 1),
            (Counter::Mismatched(MismatchClass::Stricter), 1),
        ],
    );
    world.stop().await;
}

fn in_a_month() -> String {
    use crossfade::domain::{Clock as _, SystemClock};
    SystemClock.now().plus_seconds(30 * 86_400).rfc3339()
}
