//! Whatever is done in whatever order, the store holds what a plain map would.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::{Durability, Expect, StoreError};
use super::{World, note, world};

#[derive(Clone, Debug)]
enum Step {
    Insert { key: u8, text: String, durable: bool },
    Replace { key: u8, stale: bool, durable: bool },
    Remove { key: u8, stale: bool },
    Batch { keys: Vec<u8>, stale: bool },
    Refused { key: u8 },
    Reopen { close: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..8_u8;
    prop_oneof![
        4 => (key.clone(), "[a-z]{0,12}", any::<bool>())
            .prop_map(|(key, text, durable)| Step::Insert { key, text, durable }),
        3 => (key.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(key, stale, durable)| Step::Replace { key, stale, durable }),
        2 => (key.clone(), any::<bool>()).prop_map(|(key, stale)| Step::Remove { key, stale }),
        2 => (prop::collection::btree_set(key.clone(), 1..5), any::<bool>())
            .prop_map(|(keys, stale)| Step::Batch { keys: keys.into_iter().collect(), stale }),
        1 => key.prop_map(|key| Step::Refused { key }),
        1 => any::<bool>().prop_map(|close| Step::Reopen { close }),
    ]
}

/// Key to revision and text.
type Model = BTreeMap<String, (u64, String)>;

fn name(key: u8) -> String {
    format!("k{key}")
}

fn durability(durable: bool) -> Durability {
    if durable { Durability::Durable } else { Durability::Relaxed }
}

/// What is there, or what is not.
fn expectation(model: &Model, key: &str, stale: bool) -> Expect {
    match (model.get(key), stale) {
        (Some((revision, _)), false) => Expect::Revision(*revision),
        (Some(_), true) | (None, false) => Expect::Absent,
        (None, true) => Expect::Revision(1),
    }
}

async fn take(step: Step, world: World, model: &mut Model) -> World {
    match step {
        Step::Insert { key, text, durable } => {
            let key = name(key);
            let revision = world.notes.insert(&key, &note(&text), durability(durable)).await;
            model.insert(key, (revision.expect("written"), text));
        }
        Step::Replace { key, stale, durable } => {
            let key = name(key);
            let expect = expectation(model, &key, stale);
            let outcome = world.notes.replace(&key, expect, &note("r"), durability(durable)).await;
            match outcome {
                Ok(revision) if !stale => {
                    model.insert(key, (revision, "r".to_owned()));
                }
                outcome => expect_conflict(outcome.map(drop), model, &key, stale),
            }
        }
        Step::Remove { key, stale } => {
            let key = name(key);
            let expect = expectation(model, &key, stale);
            match world.notes.remove(&key, expect, Durability::Relaxed).await {
                Ok(()) if !stale => drop(model.remove(&key)),
                outcome => expect_conflict(outcome, model, &key, stale),
            }
        }
        Step::Batch { keys, stale } => batch(&keys, stale, &world, model).await,
        Step::Refused { key } => {
            world.faults.refuse();
            let refused = world.notes.insert(&name(key), &note("no"), Durability::Durable).await;
            assert!(matches!(refused, Err(StoreError::Refused { .. })));
            world.faults.heal();
        }
        Step::Reopen { close } => {
            if close {
                world.store.clone().close().await.expect("closed");
            }
            return world.reopen();
        }
    }
    world
}

fn expect_conflict(outcome: Result<(), StoreError>, model: &Model, key: &str, stale: bool) {
    let current = model.get(key).map(|(revision, _)| *revision);
    let conflict = StoreError::Conflict { table: "notes", key: key.to_owned(), current };
    assert_eq!((outcome, stale), (Err(conflict), true));
}

/// Puts every key under one revision; when `stale`, the last expectation does not hold.
async fn batch(keys: &[u8], stale: bool, world: &World, model: &mut Model) {
    let revision = world.store.take_revision().expect("taken");
    let mut batch = world.store.batch();
    for (place, key) in keys.iter().enumerate() {
        let key = name(*key);
        let expect = expectation(model, &key, stale && place + 1 == keys.len());
        batch.put(&world.notes, &key, &note("b"), expect, Some(revision)).expect("fits");
    }
    let outcome = batch.commit(Durability::Durable).await;
    assert_eq!(outcome.is_err(), stale);
    if !stale {
        model.extend(keys.iter().map(|key| (name(*key), (revision, "b".to_owned()))));
    }
}

fn contents(world: &World) -> Model {
    let rows = world.notes.scan("").map(|row| row.expect("a readable row"));
    rows.map(|(key, stored)| (key, (stored.revision, stored.value.text))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_store_holds_what_a_plain_map_would(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut world = world();
            let mut model = Model::new();
            for step in steps {
                world = take(step, world, &mut model).await;
                assert_eq!(contents(&world), model);
            }
            assert_eq!(contents(&world.reopen()), model);
        });
    }
}
