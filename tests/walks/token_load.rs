//! Tokens under load: keys change under honest callers, and a hundred of them hold one token.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::doors::{basic, pair, post, session, ssot_makes_tokens};
use super::kit::World;
use super::token_operations::{legacy_makes_tokens, next, part, refresh, shadowed, shifted};

/// Honest callers at a time.
const CALLERS: usize = 8;

/// Stops a world that others looked at, once they have ended.
async fn stopped(world: Arc<World>) {
    Arc::into_inner(world).expect("nobody else looks").stop().await;
}

/// Somebody who decides and refreshes until told to stop, counting his rounds; what he was
/// refused.
async fn honest(
    world: Arc<World>,
    number: usize,
    rounds: watch::Sender<u64>,
    stop: Arc<AtomicBool>,
) -> Vec<String> {
    let wish = json!({ "subject": format!("user-{number}"), "permissions": ["read"] });
    let (first, mut kept) = pair(&post(&world, "/v1/issue", &basic("chat"), &wish).await);
    let mut access = first.clone();
    let mut refused = Vec::new();
    while !stop.load(Ordering::Acquire) && refused.is_empty() {
        for token in [&first, &access] {
            let reply = world.decide("modelled", token).await;
            if reply.status != 200 || reply.json()["decision"] != "allow" {
                refused.push(format!("decide: {reply:?}"));
            }
        }
        let reply = refresh(&world, &kept).await;
        if reply.status == 200 {
            (access, kept) = pair(&reply);
        } else {
            refused.push(format!("refresh: {reply:?}"));
        }
        rounds.send_modify(|rounds| *rounds += 1);
    }
    refused
}

async fn rotated(world: &World) -> String {
    let json_body = "content-type: application/json\r\n";
    let wish = json!({ "generate": { "algorithm": "EdDSA" }, "note": "yearly" }).to_string();
    let made = world.control("POST", "/v1/keys", json_body, &wish).await;
    assert_eq!(made.status, 201, "{made:?}");
    let now = json!({ "force": true, "note": "yearly" }).to_string();
    let rotated = world.control("POST", "/v1/keys/rotate", json_body, &now).await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    rotated.json()["active"]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_under_load_and_nobody_honest_is_refused() {
    let world = Arc::new(World::start().await);
    ssot_makes_tokens(&world).await;
    shifted(&world, "modelled").await;
    // Legacy does not know the new keys, which the guard would take for what it is.
    world.move_to("modelled", &[json!({ "limits": { "mode": "off" } })]).await;
    world.move_to("modelled", &[json!({ "stage": "live" })]).await;
    let stop = Arc::new(AtomicBool::new(false));
    let (mut callers, mut progress) = (JoinSet::new(), Vec::new());
    for number in 0..CALLERS {
        let (rounds, seen) = watch::channel(0);
        progress.push(seen);
        callers.spawn(honest(Arc::clone(&world), number, rounds, Arc::clone(&stop)));
    }
    let mut signing = BTreeSet::new();
    for _ in 0..4 {
        signing.insert(rotated(&world).await);
        for seen in &mut progress {
            let enough = *seen.borrow() + 2;
            // A caller who was refused is gone, and is asked below.
            let _ = seen.wait_for(|rounds| *rounds >= enough).await;
        }
    }
    let (access, _) = session(&world).await;
    assert!(signing.contains(part(&access, 0)["kid"].as_str().expect("a kid")));
    assert_eq!(signing.len(), 4);
    stop.store(true, Ordering::Release);
    while let Some(refused) = callers.join_next().await {
        assert_eq!(refused.expect("a caller"), Vec::<String>::new());
    }
    stopped(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_who_refresh_with_one_token_get_one_successor() {
    let world = World::start_with(|config| {
        legacy_makes_tokens(config);
        // However slow the machine is, all of them are retries of one attempt.
        config.authority.retry_s = 60;
        config.authority.retry_unauthenticated_s = 60;
    })
    .await;
    shadowed(&world, "token-operations").await;
    let (_, of_legacy) = session(&world).await;
    shifted(&world, "token-operations").await;
    world.move_to("token-operations", &[json!({ "deadline_ms": 60_000 })]).await;
    let (_, of_ssot) = session(&world).await;
    let world = Arc::new(world);
    for token in [of_ssot, of_legacy] {
        let mut callers = JoinSet::new();
        for _ in 0..100 {
            let (world, token) = (Arc::clone(&world), token.clone());
            callers.spawn(async move { refresh(&world, &token).await });
        }
        let (mut ids, mut successor) = (BTreeSet::new(), None);
        while let Some(reply) = callers.join_next().await {
            let reply = reply.expect("a caller");
            assert_eq!(reply.status, 200, "{}", reply.body);
            let (_, kept) = pair(&reply);
            ids.insert(part(&kept, 1)["jti"].to_string());
            successor = Some(kept);
        }
        assert_eq!(ids.len(), 1, "{ids:?}");
        let (_, kept) = next(&world, &successor.expect("a successor")).await;
        next(&world, &kept).await;
    }
    assert_eq!(world.rooms.authority.family_count(), 2, "none was lost, none too many was made");
    stopped(world).await;
}
