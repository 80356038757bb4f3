//! Watchers see what was committed, in order, and hear when they missed some.

use super::super::Durability::{Durable, Relaxed};
use super::super::{Expect, Row, Stored, Table, WATCH_BACKLOG_CHANGES, WatchEvent};
use super::{Note, note, world};

#[tokio::test]
async fn a_watcher_sees_changes_of_its_prefix_in_order() {
    let world = world();
    let mut watch = world.notes.watch("a/");
    let first = world.notes.insert("a/1", &note("one"), Durable).await.expect("written");
    world.notes.insert("b/1", &note("elsewhere"), Durable).await.expect("written");
    let second = world.notes.insert("a/1", &note("two"), Relaxed).await.expect("written");
    world.notes.remove("a/1", Expect::Anything, Durable).await.expect("removed");
    world.notes.remove("a/1", Expect::Anything, Durable).await.expect("nothing to tell");
    world.store.clone().close().await.expect("closed");

    let changed = |revision, text| WatchEvent::Changed {
        key: "a/1".to_owned(),
        stored: Stored { revision, value: note(text) },
    };
    assert_eq!(watch.next().await, Some(changed(first, "one")));
    assert_eq!(watch.next().await, Some(changed(second, "two")));
    assert_eq!(watch.next().await, Some(WatchEvent::Removed { key: "a/1".to_owned() }));
    assert_eq!(watch.next().await, None);
    assert_eq!(world.notes.watch("").next().await, None);
}

#[tokio::test]
async fn a_batch_is_told_row_by_row_and_a_conflict_is_not_told() {
    let world = world();
    let mut watch = world.notes.watch("");
    let mut lost = world.store.batch();
    lost.put(&world.notes, "a", &note("x"), Expect::Absent, None).expect("fits");
    lost.put(&world.notes, "b", &note("x"), Expect::Revision(1), None).expect("fits");
    lost.commit(Durable).await.expect_err("a conflict");
    let mut batch = world.store.batch();
    for key in ["z", "a"] {
        batch.put(&world.notes, key, &note("x"), Expect::Absent, None).expect("fits");
    }
    batch.commit(Durable).await.expect("committed");
    for expected in ["z", "a"] {
        let told = watch.next().await;
        assert!(matches!(told, Some(WatchEvent::Changed { key, .. }) if key == expected));
    }
}

#[tokio::test]
async fn a_slow_watcher_is_told_how_much_it_missed() {
    let world = world();
    let mut watch = world.notes.watch("");
    let mut quiet = world.store.table::<Note>("quiet").watch("");
    for _ in 0..WATCH_BACKLOG_CHANGES + 5 {
        world.notes.insert("a", &note("x"), Relaxed).await.expect("written");
    }
    assert_eq!(watch.next().await, Some(WatchEvent::Missed(5)));
    assert!(matches!(watch.next().await, Some(WatchEvent::Changed { .. })));

    let other: Table<Note> = world.store.table("quiet");
    other.insert("a", &note("x"), Relaxed).await.expect("written");
    let told = quiet.next().await;
    assert!(matches!(told, Some(WatchEvent::Changed { .. })), "a busy table drowns no other");
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Number(u64);

impl Row for Number {
    const FORMAT: u8 = 1;
}

#[tokio::test]
async fn a_row_of_another_type_counts_as_missed() {
    let world = world();
    let mut watch = world.store.table::<Number>("notes").watch("");
    world.notes.insert("a", &note("x"), Relaxed).await.expect("written");
    assert!(matches!(watch.next().await, Some(WatchEvent::Missed(1))));
}
