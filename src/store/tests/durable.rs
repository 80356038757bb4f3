//! Acknowledged means on disk, and one fsync serves many.

use super::super::Durability::{Durable, Relaxed};
use super::super::{Expect, StoreError, WatchEvent};
use super::{note, world};

fn is_refused<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Refused { .. }))
}

#[tokio::test]
async fn concurrent_durable_writes_share_fsyncs() {
    let world = world();
    let before = world.store.stats();
    let held = world.faults.hold();
    let writes: Vec<_> = (0..64)
        .map(|number| {
            let notes = world.notes.clone();
            tokio::spawn(
                async move { notes.insert(&format!("{number:02}"), &note("x"), Durable).await },
            )
        })
        .collect();
    while world.store.stats().commits == before.commits {
        tokio::task::yield_now().await;
    }
    drop(held);
    for write in writes {
        write.await.expect("no panic").expect("written");
    }
    let after = world.store.stats();
    assert_eq!(after.commits - before.commits, 64);
    assert!(after.fsyncs - before.fsyncs <= 8, "{after:?}");
    assert_eq!(world.reopen().texts("").len(), 64);
}

#[tokio::test]
async fn a_relaxed_write_costs_no_fsync() {
    let world = world();
    let before = world.store.stats().fsyncs;
    for number in 0..100 {
        world.notes.insert(&number.to_string(), &note("x"), Relaxed).await.expect("written");
    }
    assert_eq!(world.store.stats().fsyncs, before);
}

#[tokio::test]
async fn a_write_the_disk_refuses_is_not_acknowledged_and_not_visible() {
    let world = world();
    let first = world.notes.insert("a", &note("one"), Durable).await.expect("written");
    world.notes.insert("b", &note("one"), Durable).await.expect("written");
    let mut watch = world.notes.watch("");

    world.faults.refuse();
    let expected = Expect::Revision(first);
    assert!(is_refused(&world.notes.replace("a", expected, &note("two"), Durable).await));
    assert!(is_refused(&world.notes.remove("b", Expect::Anything, Durable).await));
    assert!(is_refused(&world.notes.insert("c", &note("one"), Durable).await));
    assert_eq!(world.texts(""), ["one", "one"]);
    assert_eq!(world.store.stats().refusals, 3);

    world.faults.heal();
    world.notes.replace("a", expected, &note("three"), Durable).await.expect("as if never tried");
    let told = watch.next().await;
    assert!(
        matches!(told, Some(WatchEvent::Changed { stored, .. }) if stored.value == note("three"))
    );
    assert_eq!(world.reopen().texts(""), ["three", "one"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_round_is_refused_as_a_whole_and_restores_the_oldest_rows() {
    let world = world();
    world.notes.insert("a", &note("before"), Durable).await.expect("written");
    world.faults.refuse();
    let held = world.faults.hold();
    let spawn = |key: &'static str, durability| {
        let notes = world.notes.clone();
        tokio::spawn(async move { notes.insert(key, &note("after"), durability).await })
    };
    let mut durable = vec![spawn("x", Durable)];
    let faults = world.faults.clone();
    tokio::task::spawn_blocking(move || faults.wait_until_stalled()).await.expect("stalled");
    durable.extend((0..10).map(|_| spawn("a", Durable)));
    let notes = world.notes.clone();
    let hopeless = Expect::Revision(u64::MAX);
    durable.push(tokio::spawn(async move {
        notes.replace("a", hopeless, &note("never"), Durable).await
    }));
    let relaxed = spawn("r", Relaxed);
    while world.store.stats().queued_jobs < 12 {
        tokio::task::yield_now().await;
    }
    drop(held);
    for write in durable {
        assert!(is_refused(&write.await.expect("no panic")));
    }
    relaxed.await.expect("no panic").expect("relaxed writes do not ask the disk");
    assert_eq!(world.texts(""), ["before", "after"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relaxed_write_never_stands_on_a_row_that_is_taken_back() {
    let world = world();
    let held = world.faults.hold();
    let spawn = |key: &'static str, text: &'static str, durability| {
        let notes = world.notes.clone();
        tokio::spawn(async move { notes.insert(key, &note(text), durability).await })
    };
    let first = spawn("x", "x", Durable);
    let faults = world.faults.clone();
    tokio::task::spawn_blocking(move || faults.wait_until_stalled()).await.expect("stalled");
    let durable = spawn("a", "durable", Durable);
    while world.store.stats().queued_jobs < 1 {
        tokio::task::yield_now().await;
    }
    let relaxed = spawn("a", "relaxed", Relaxed);
    while world.store.stats().queued_jobs < 2 {
        tokio::task::yield_now().await;
    }
    world.faults.refuse();
    drop(held);
    assert!(is_refused(&first.await.expect("no panic")));
    assert!(is_refused(&durable.await.expect("no panic")));
    relaxed.await.expect("no panic").expect("written");
    assert_eq!(world.texts(""), ["relaxed"]);
}

#[tokio::test]
async fn large_rows_are_durable_and_come_back() {
    let world = world();
    let large = note(&"x".repeat(60_000));
    for number in 0..40 {
        world.notes.insert(&format!("{number:02}"), &large, Durable).await.expect("written");
    }
    assert!(world.store.stats().disk_bytes > 0);
    let world = world.reopen();
    assert!(world.texts("").iter().all(|text| text.len() == 60_000));
    assert_eq!(world.texts("").len(), 40);
}
