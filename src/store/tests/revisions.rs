//! Revisions never come twice and never go down.

use std::collections::BTreeSet;

use super::super::Durability::{Durable, Relaxed};
use super::super::{Expect, StoreError};
use super::{note, world};

#[tokio::test]
async fn no_revision_is_used_twice_over_closing_and_dropping() {
    let mut world = world();
    let mut seen = BTreeSet::new();
    for round in 0..6 {
        for _ in 0..300 {
            let revision = world.store.take_revision().expect("left in the block");
            assert!(seen.last().is_none_or(|last| *last < revision) && seen.insert(revision));
        }
        let revision = world.notes.insert("a", &note("x"), Relaxed).await.expect("written");
        assert!(seen.last().is_none_or(|last| *last < revision) && seen.insert(revision));
        if round % 2 == 0 {
            world.store.clone().close().await.expect("closed");
        }
        world = world.reopen();
    }
}

#[tokio::test]
async fn taking_never_waits_for_the_disk_and_ends_with_the_block() {
    let world = world();
    world.faults.refuse();
    let taken = (0..5000).map_while(|_| world.store.take_revision().ok()).count();
    assert_eq!(taken, 4096);
    assert_eq!(world.store.take_revision(), Err(StoreError::RevisionsExhausted));
    world.faults.heal();
    world.notes.insert("a", &note("x"), Durable).await.expect("the writer may wait for a block");
    world.store.take_revision().expect("a block is there again");
}

#[tokio::test]
async fn the_writer_tops_the_block_up_before_it_is_used_up() {
    let world = world();
    for number in 0..4000_u32 {
        world.store.take_revision().expect("topped up in time");
        if number % 256 == 0 {
            // Its round ends, at the latest, with a look at the block.
            world.notes.insert("a", &note("x"), Durable).await.expect("written");
        }
    }
}

#[tokio::test]
async fn a_batch_larger_than_a_block_gets_its_revisions() {
    let world = world();
    let mut batch = world.store.batch();
    for number in 0..3000 {
        let key = format!("{number:04}");
        batch.put(&world.notes, &key, &note("x"), Expect::Absent, None).expect("fits");
    }
    batch.commit(Durable).await.expect("committed");
    let revisions = world.notes.scan("").map(|row| row.expect("readable").1.revision);
    assert_eq!(revisions.collect::<BTreeSet<_>>().len(), 3000);
}

#[tokio::test]
async fn a_given_revision_must_have_been_taken_and_never_lowers_the_row_s() {
    let world = world();
    let put = async |revision: u64, text: &str| {
        let mut batch = world.store.batch();
        batch.put(&world.notes, "a", &note(text), Expect::Anything, Some(revision)).expect("fits");
        batch.commit(Durable).await
    };
    let older = world.store.take_revision().expect("taken");
    let newer = world.store.take_revision().expect("taken");
    put(newer, "newer").await.expect("written");
    put(newer, "newer, again").await.expect("a second try is allowed");
    let lower = StoreError::Conflict { table: "notes", key: "a".to_owned(), current: Some(newer) };
    assert_eq!(put(older, "older").await, Err(lower));
    let untaken = put(newer + 1, "never taken").await;
    assert!(matches!(untaken, Err(StoreError::RevisionNotTaken { .. })));
    assert_eq!(world.texts(""), ["newer, again"]);
}
