//! Scans.

use super::super::Durability::{Durable, Relaxed};
use super::super::StoreError;
use super::{Note, Store, damage, note, world};

#[tokio::test]
async fn a_scan_yields_the_prefix_in_key_order_and_backwards() {
    let world = world();
    for key in ["b/2", "a/1", "b/10", "c", "b/1", "b0"] {
        world.notes.insert(key, &note(key), Relaxed).await.expect("written");
    }
    let neighbour = world.store.table::<Note>("notes-2");
    neighbour.insert("b/3", &note("elsewhere"), Relaxed).await.expect("written");

    assert_eq!(world.texts("b/"), ["b/1", "b/10", "b/2"]);
    assert_eq!(world.texts(""), ["a/1", "b/1", "b/10", "b/2", "b0", "c"]);
    let back = world.notes.scan_back("b/").map(|row| row.expect("readable").0);
    assert_eq!(back.collect::<Vec<_>>(), ["b/2", "b/10", "b/1"]);
}

#[tokio::test]
async fn a_page_goes_on_where_the_last_one_ended() {
    let world = world();
    for key in ["a", "b/1", "b/2", "b/3", "c"] {
        world.notes.insert(key, &note(key), Relaxed).await.expect("written");
    }
    let before = |before: &str| {
        let rows = world.notes.scan_back_before("b/", before);
        rows.map(|row| row.expect("readable").0).collect::<Vec<_>>()
    };
    assert_eq!(before("b/3"), ["b/2", "b/1"]);
    assert_eq!(before("z"), ["b/3", "b/2", "b/1"]);
    assert!(before("b/1").is_empty() && before("a").is_empty());
    let from = |from: &str| {
        let rows = world.notes.scan_from("b/", from);
        rows.map(|row| row.expect("readable").0).collect::<Vec<_>>()
    };
    assert_eq!(from("b/2"), ["b/2", "b/3"]);
    assert_eq!(from("a"), ["b/1", "b/2", "b/3"]);
    assert!(from("c").is_empty());
}

#[tokio::test]
async fn an_unreadable_row_is_an_item_that_names_table_and_key() {
    let world = world();
    for key in ["a", "b", "c"] {
        world.notes.insert(key, &note(key), Durable).await.expect("written");
    }
    let super::World { store, notes, dir, .. } = world;
    drop((store, notes));
    damage(dir.path(), "notes", "b", b"\x09\0\0\0\0\0\0\0\x01{}");

    let notes = Store::open(dir.path()).expect("opens").table::<Note>("notes");
    let named = |error: &StoreError| matches!(error, StoreError::Unreadable { table: "notes", key, .. } if key == "b");
    let rows: Vec<_> = notes.scan("").collect();
    assert!(rows.len() == 3 && rows[0].is_ok() && rows[2].is_ok());
    assert!(rows[1].as_ref().is_err_and(named));
    assert!(notes.get("b").as_ref().is_err_and(named));
}

#[tokio::test]
async fn a_key_that_is_not_text_is_an_item_too() {
    let world = world();
    let super::World { store, notes, dir, .. } = world;
    drop((store, notes));
    let db = sled::Config::new().path(dir.path()).open().expect("the engine");
    db.insert(b"notes\0\xff", b"x").expect("damage");
    db.insert(b"notes\0a\xff", b"x").expect("damage");
    drop(db);
    let notes = Store::open(dir.path()).expect("opens").table::<Note>("notes");
    assert_eq!(notes.scan("").filter(Result::is_err).count(), 2);
}
