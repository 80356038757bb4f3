//! What survives a stop and a start.

use crossfade::domain::Slot;
use crossfade::ledger::Counter;
use serde_json::json;

use super::kit::World;

#[tokio::test(flavor = "multi_thread")]
async fn flags_counts_and_samples_survive_a_restart() {
    let world = World::start().await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 5_000 })]).await;
    for number in 0..20 {
        world.decide("modelled", &world.token("fresh_hs256", &format!("user-{number}"))).await;
        world.decide("modelled", &world.token("aud_missing", &format!("user-{number}"))).await;
    }
    let tally = world.tally("modelled").await;
    let flag = world.flag("modelled").await.json();
    let sides = sides(&world);
    let (dir, mint) = world.stop().await;

    let world = World::start_in(dir, mint).await;
    assert_eq!(world.flag("modelled").await.json(), flag);
    assert_eq!(world.tally("modelled").await, tally);
    assert!(tally.count(Counter::Matched) > 0);
    let report = world.control("GET", "/v1/report", "", "").await.json();
    let components = report["components"].as_array().expect("components");
    let modelled =
        components.iter().find(|each| each["component"] == "modelled").expect("the component");
    assert_eq!(modelled["differences"][0]["ssot_reason"], "claim_missing:aud");
    assert_eq!(modelled["legacy_latency"]["count"], 40);
    assert_eq!(self::sides(&world), sides, "the salt is the same: nobody changes sides");
    world.stop().await;
}

/// Which side serves each of twenty subjects; asked for by tokens that differ nowhere.
fn sides(world: &World) -> Vec<Option<u16>> {
    let snapshot = world.rooms.flags.snapshot();
    let flag = snapshot.flag("modelled").expect("a flag");
    (0..20)
        .map(|number| snapshot.slot_of_subject(flag, &format!("user-{number}")))
        .map(|slot| slot.map(Slot::number))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_service_on_the_same_directory_is_told_so() {
    use std::sync::Arc;

    use crossfade::store::{Store, StoreError};

    let world = World::start().await;
    let dir = Arc::new(world.dir.path().join("store"));
    let second = Arc::clone(&dir);
    let opened = tokio::task::spawn_blocking(move || Store::open(&second)).await.expect("joined");
    assert!(matches!(opened, Err(StoreError::InUse { .. })), "{opened:?}");
    world.stop().await;
}
