//! Who may open a folder, and what must be in it.

use std::os::unix::fs::PermissionsExt;

use super::super::Durability::{Durable, Relaxed};
use super::super::{Expect, StoreError};
use super::{FaultSwitch, Store, damage, note, world};

#[test]
fn a_second_opener_is_told_that_the_store_is_in_use() {
    let world = world();
    let error = Store::open(world.dir.path()).expect_err("in use");
    assert_eq!(error, StoreError::InUse { dir: world.dir.path().to_owned() });
    assert!(error.to_string().contains("another process is using it"), "{error}");
}

#[test]
fn a_lock_that_somebody_is_about_to_let_go_is_waited_for() {
    let dir = tempfile::tempdir().expect("a folder");
    let lock = std::fs::File::create(dir.path().join("lock")).expect("a file");
    lock.lock().expect("locked");
    let last_holder = std::thread::spawn(move || {
        std::thread::park_timeout(std::time::Duration::from_millis(60));
        drop(lock);
    });
    drop(Store::open(dir.path()).expect("opens in the end"));
    last_holder.join().expect("no panic");
}

#[test]
fn a_new_folder_is_for_its_owner_only() {
    let dir = tempfile::tempdir().expect("a folder");
    let inner = dir.path().join("data/store");
    let store = Store::open(&inner).expect("opens");
    let mode = inner.metadata().expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    drop(store);
}

#[test]
fn a_path_that_cannot_be_a_folder_is_an_error() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("file");
    std::fs::write(&file, "x").expect("written");
    assert!(matches!(Store::open(&file), Err(StoreError::Unopenable { .. })));
}

#[test]
fn a_newer_layout_and_foreign_data_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(Store::open(dir.path()).expect("opens"));
    damage(dir.path(), "", "layout", &2_u32.to_be_bytes());
    let newer = StoreError::NewerLayout { dir: dir.path().to_owned(), found: 2, known: 1 };
    assert_eq!(Store::open(dir.path()).expect_err("newer"), newer);
    damage(dir.path(), "", "layout", b"?");
    assert!(matches!(Store::open(dir.path()), Err(StoreError::Foreign { .. })));

    let dir = tempfile::tempdir().expect("a folder");
    damage(dir.path(), "somebody", "else", b"x");
    assert!(matches!(Store::open(dir.path()), Err(StoreError::Foreign { .. })));
}

#[tokio::test]
async fn half_a_page_table_of_an_open_on_a_full_disk_is_no_corruption() {
    let world = world();
    for number in 0..40 {
        world.notes.insert(&number.to_string(), &note("x"), Durable).await.expect("written");
    }
    let half = world.dir.path().join("snap.7FFFFFFFFFFFFFFF.generating");
    std::fs::write(half, "").expect("written");
    assert_eq!(world.reopen().texts("").len(), 40);
}

#[test]
fn a_disk_that_confirms_nothing_does_not_open() {
    let dir = tempfile::tempdir().expect("a folder");
    let faults = FaultSwitch::new();
    faults.refuse();
    let refused = Store::open_with(dir.path(), faults.clone()).expect_err("refused");
    assert!(matches!(refused, StoreError::Refused { .. }));
    faults.heal();
    Store::open_with(dir.path(), faults).expect("opens");
}

#[tokio::test]
async fn closing_keeps_relaxed_writes_and_ends_writing_but_not_reading() {
    let world = world();
    world.notes.insert("a", &note("one"), Relaxed).await.expect("written");
    world.store.clone().close().await.expect("closed");
    assert_eq!(world.notes.insert("b", &note("two"), Relaxed).await, Err(StoreError::Closed));
    let removed = world.notes.remove("a", Expect::Anything, Durable).await;
    assert_eq!(removed, Err(StoreError::Closed));
    assert_eq!(world.store.clone().close().await, Err(StoreError::Closed));
    assert_eq!(world.texts(""), ["one"]);
    assert_eq!(world.reopen().texts(""), ["one"]);
}

#[tokio::test]
async fn dropping_every_handle_frees_the_folder_at_once() {
    let mut world = world();
    for round in 0..20 {
        world.notes.insert(&format!("{round:02}"), &note("x"), Relaxed).await.expect("written");
        world = world.reopen();
    }
    assert_eq!(world.texts("").len(), 20);
}
