//! Expectations, batches and limits.

use super::super::Durability::{Durable, Relaxed};
use super::super::{BATCH_BYTES_MAX, BATCH_ROWS_MAX, Expect, KEY_BYTES_MAX, StoreError};
use super::{damage, note, world};

fn conflict(key: &str, current: Option<u64>) -> StoreError {
    StoreError::Conflict { table: "notes", key: key.to_owned(), current }
}

#[tokio::test]
async fn a_write_is_read_back_with_its_revision() {
    let world = world();
    let revision = world.notes.insert("a", &note("one"), Durable).await.expect("written");
    let stored = world.notes.get("a").expect("readable").expect("there");
    assert_eq!((stored.revision, stored.value), (revision, note("one")));
    assert_eq!(world.notes.get("b"), Ok(None));
}

#[tokio::test]
async fn a_conflict_returns_the_current_revision_and_changes_nothing() {
    let world = world();
    let first = world.notes.insert("a", &note("one"), Relaxed).await.expect("written");
    let expected = Expect::Revision(first);
    let second = world.notes.replace("a", expected, &note("two"), Durable).await.expect("replaced");
    for durability in [Durable, Relaxed] {
        for expected in [Expect::Revision(first), Expect::Absent] {
            let lost = world.notes.replace("a", expected, &note("three"), durability).await;
            assert_eq!(lost, Err(conflict("a", Some(second))));
            let kept = world.notes.remove("a", expected, durability).await;
            assert_eq!(kept, Err(conflict("a", Some(second))));
        }
    }
    let missing = world.notes.replace("b", expected, &note("x"), Durable).await;
    assert_eq!(missing, Err(conflict("b", None)));
    assert_eq!(world.texts(""), ["two"]);
    assert_eq!(world.store.stats().conflicts, 9);
}

#[tokio::test]
async fn a_removed_row_is_gone_and_may_be_written_anew() {
    let world = world();
    let first = world.notes.insert("a", &note("one"), Durable).await.expect("written");
    world.notes.remove("a", Expect::Revision(first), Durable).await.expect("removed");
    world.notes.remove("a", Expect::Anything, Durable).await.expect("nothing to remove");
    assert_eq!(world.notes.get("a"), Ok(None));
    let again = world.notes.replace("a", Expect::Absent, &note("two"), Durable).await;
    assert!(again.expect("written") > first);
}

#[tokio::test]
async fn a_batch_happens_across_tables_or_not_at_all() {
    let world = world();
    let others = world.store.table::<super::Note>("others");
    let revision = world.notes.insert("a", &note("one"), Durable).await.expect("written");

    let mut batch = world.store.batch();
    batch.put(&world.notes, "b", &note("b"), Expect::Absent, None).expect("fits");
    batch.put(&others, "c", &note("c"), Expect::Absent, None).expect("fits");
    batch.remove(&world.notes, "a", Expect::Revision(revision + 1)).expect("fits");
    assert_eq!(batch.commit(Durable).await, Err(conflict("a", Some(revision))));
    assert_eq!(world.texts(""), ["one"]);
    assert_eq!(others.scan("").count(), 0);

    let mut batch = world.store.batch();
    batch.put(&world.notes, "b", &note("b"), Expect::Absent, None).expect("fits");
    batch.put(&others, "c", &note("c"), Expect::Absent, None).expect("fits");
    batch.remove(&world.notes, "a", Expect::Revision(revision)).expect("fits");
    batch.commit(Durable).await.expect("committed");
    drop(others);
    let world = world.reopen();
    assert_eq!(world.texts(""), ["b"]);
    assert_eq!(world.store.table::<super::Note>("others").scan("").count(), 1);
}

#[tokio::test]
async fn a_batch_takes_each_row_once_and_only_so_much() {
    let world = world();
    let mut batch = world.store.batch();
    batch.remove(&world.notes, "a", Expect::Anything).expect("fits");
    let twice = batch.put(&world.notes, "a", &note("x"), Expect::Anything, None);
    assert_eq!(twice, Err(StoreError::Repeated { table: "notes", key: "a".to_owned() }));
    for number in 1..BATCH_ROWS_MAX {
        batch.remove(&world.notes, &number.to_string(), Expect::Anything).expect("fits");
    }
    let full = batch.remove(&world.notes, "z", Expect::Anything);
    assert!(matches!(full, Err(StoreError::BatchTooLarge { rows, .. }) if rows > BATCH_ROWS_MAX));

    let mut batch = world.store.batch();
    let large = note(&"x".repeat(60_000));
    let full = (0_usize..1000)
        .find_map(|n| batch.put(&world.notes, &n.to_string(), &large, Expect::Anything, None).err())
        .expect("full at last");
    assert!(matches!(full, StoreError::BatchTooLarge { bytes, .. } if bytes > BATCH_BYTES_MAX));
    batch.commit(Durable).await.expect("what fits is written");
}

#[tokio::test]
async fn a_key_over_the_limit_is_refused_by_name() {
    let world = world();
    let key = "k".repeat(KEY_BYTES_MAX + 1);
    let refused = world.notes.insert(&key, &note("x"), Durable).await.expect_err("too long");
    assert!(matches!(refused, StoreError::KeyTooLong { table: "notes", bytes: 513, .. }));
    assert_eq!(world.notes.get(&key), Ok(None));
    world.notes.insert(&key[1..], &note("x"), Durable).await.expect("fits");
}

#[tokio::test]
async fn an_unreadable_row_is_replaced_only_after_it_was_removed() {
    let world = world();
    let dir = world.dir.path().to_owned();
    let super::World { store, notes, faults, dir: folder } = world;
    store.close().await.expect("closed");
    drop(notes);
    damage(&dir, "notes", "a", b"\x01");
    let store = super::Store::open_with(&dir, faults.clone()).expect("opens");
    let world = super::World { notes: store.table("notes"), store, faults, dir: folder };

    let error = world.notes.insert("a", &note("x"), Durable).await.expect_err("unreadable");
    assert!(matches!(error, StoreError::Unreadable { table: "notes", .. }), "{error}");
    world.notes.remove("a", Expect::Anything, Durable).await.expect("removed");
    world.notes.insert("a", &note("x"), Durable).await.expect("written");
}
