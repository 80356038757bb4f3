//! The rollback of whoever watches a component: when it acts, and when it leaves alone.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::races::{House, PAIR};
use crate::domain::{Revision, TokioClock};
use crate::flags::samples::{
    NOW, assert_history_is_whole, assert_order_holds, canary, id, operator, seeds, trip,
};
use crate::flags::{Begun, Cause, Flags, FlagsError, Move, Settings, Stage};
use crate::store::Store;

async fn open(dir: &TempDir) -> (Store, Flags) {
    let store = Store::open(dir.path()).expect("a store");
    let settings = Settings { cool_down: Duration::ZERO, ..Settings::default() };
    let clock = Arc::new(TokioClock::starting_at(NOW));
    let flags = Flags::open(&store, seeds(&PAIR), settings, clock).await.expect("flags");
    (store, flags)
}

fn begin(flags: &Flags, component: &str, attempt: Revision) -> Option<Begun> {
    flags.begin_roll_back(&id(component), trip(), attempt).expect("a component")
}

fn revision(flags: &Flags, component: &str) -> Revision {
    flags.snapshot().flag(component).expect("a flag").revision
}

#[tokio::test]
async fn legacy_serves_before_the_disk_has_it_and_what_requires_it_goes_along() {
    let dir = TempDir::new().expect("a folder");
    let (store, flags) = open(&dir).await;
    for component in ["parent", "child"] {
        flags.climb(component, canary(1000)).await;
    }
    let begun = begin(&flags, "parent", revision(&flags, "parent")).expect("it serves");
    assert_eq!((flags.stage("parent"), flags.stage("child")), (Stage::Shadow, Stage::Shadow));
    assert_eq!(begun.flag(), flags.snapshot().flag("parent").expect("a flag"));
    assert_eq!((begun.dependents().len(), flags.unsaved()), (1, 1));
    let latch = flags.latch("parent").expect("a latch");
    assert_eq!((latch.cause, latch.revision), (trip(), revision(&flags, "parent")));
    let applied = begun.keep().await.expect("kept");
    assert_eq!((flags.unsaved(), applied.dependents.len()), (0, 1));
    assert_history_is_whole(&flags);
    drop((store, flags));
    let (_store, flags) = open(&dir).await;
    assert_eq!(flags.snapshot().flag("parent"), Some(&applied.flag));
}

#[test]
fn it_is_published_by_a_thread_that_has_no_runtime() {
    let dir = TempDir::new().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (_store, flags) = runtime.block_on(open(&dir));
    runtime.block_on(flags.climb("parent", Stage::Live));
    let there = flags.clone();
    let attempt = revision(&flags, "parent");
    let begun = std::thread::spawn(move || begin(&there, "parent", attempt)).join();
    assert_eq!(flags.stage("parent"), Stage::Shadow);
    let begun = begun.expect("no panic").expect("it serves");
    runtime.block_on(begun.keep()).expect("kept");
    assert_eq!(flags.unsaved(), 0);
}

#[tokio::test]
async fn where_ssot_does_not_serve_nothing_is_done() {
    let dir = TempDir::new().expect("a folder");
    let (_store, flags) = open(&dir).await;
    for stage in [Stage::Shadow, Stage::Off] {
        if flags.stage("parent") != stage {
            flags.to("child", stage).await.expect("back");
            flags.to("parent", stage).await.expect("back");
        }
        let before = flags.snapshot();
        assert!(begin(&flags, "parent", revision(&flags, "parent")).is_none(), "{stage}");
        assert!(Arc::ptr_eq(&before, &flags.snapshot()));
    }
    let nobody = flags.begin_roll_back(&id("nobody"), trip(), Revision(1)).map(|_| ());
    assert_eq!(nobody, Err(FlagsError::UnknownComponent(id("nobody"))));
}

#[tokio::test]
async fn from_complete_it_does_not_act() {
    let dir = TempDir::new().expect("a folder");
    let (_store, flags) = open(&dir).await;
    flags.climb("parent", Stage::Sealed).await;
    let cause = Cause::TwoPeople {
        asked_by: "ada".to_owned(),
        approved_by: "bob".to_owned(),
        note: "done".to_owned(),
    };
    flags.apply(&id("parent"), Move::To(Stage::Complete), None, cause).await.expect("complete");
    assert!(begin(&flags, "parent", revision(&flags, "parent")).is_none());
    assert_eq!(flags.stage("parent"), Stage::Complete);
}

#[tokio::test]
async fn what_an_operator_has_put_back_does_not_go_further_back() {
    let dir = TempDir::new().expect("a folder");
    let (_store, flags) = open(&dir).await;
    flags.climb("parent", canary(1000)).await;
    let attempt = revision(&flags, "parent");
    flags.goes("parent", Move::RollBack).await.expect("rolled back");
    assert!(begin(&flags, "parent", attempt).is_none());
    assert_eq!(flags.stage("parent"), Stage::Shadow);
    assert_eq!(flags.latch("parent").expect("a latch").cause, operator("test"));
}

#[tokio::test]
async fn evidence_of_an_older_attempt_rolls_nothing_back_that_serves_again() {
    let dir = TempDir::new().expect("a folder");
    let (_store, flags) = open(&dir).await;
    flags.climb("parent", canary(1000)).await;
    let first = revision(&flags, "parent");
    let ended = flags.goes("parent", Move::RollBack).await.expect("rolled back").flag;
    assert_eq!(ended.served_until, Some(ended.revision));
    flags.goes("parent", Move::Release).await.expect("released");
    flags.climb("parent", canary(2000)).await;
    assert!(begin(&flags, "parent", first).is_none());
    assert_eq!(flags.stage("parent"), canary(2000));
    let begun = begin(&flags, "parent", ended.revision).expect("since the first attempt ended");
    begun.keep().await.expect("kept");
    assert_eq!(flags.stage("parent"), Stage::Shadow);
}

#[tokio::test]
async fn an_attempt_ends_without_a_latch_too_and_goes_on_over_shares_and_settings() {
    let dir = TempDir::new().expect("a folder");
    let (store, flags) = open(&dir).await;
    flags.climb("parent", canary(1000)).await;
    let first = revision(&flags, "parent");
    let ended = flags.to("parent", Stage::Shadow).await.expect("back").flag;
    assert_eq!(ended.served_until, Some(ended.revision));
    flags.to("parent", Stage::Off).await.expect_err("its child is in shadow");
    flags.to("parent", canary(500)).await.expect("raised");
    assert!(begin(&flags, "parent", first).is_none());
    let second = revision(&flags, "parent");
    flags.climb("parent", Stage::Live).await;
    drop((store, flags));
    let (_store, flags) = open(&dir).await;
    let flag = flags.snapshot().flag("parent").cloned().expect("a flag");
    assert_eq!(flag.served_until, Some(ended.revision));
    assert!(begin(&flags, "parent", second).is_some(), "the same attempt, after a start");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_raise_on_its_way_to_the_disk_never_serves() {
    let house = House::new().await;
    let attempt = revision(&house.flags, "parent");
    let held = house.disk.hold();
    let raise = house.stalled("parent", Move::To(canary(1000)));
    assert!(begin(&house.flags, "child", attempt).is_none(), "nothing of the child is coming");
    let begun = begin(&house.flags, "parent", attempt).expect("it is about to serve");
    drop(held);
    let current = begun.flag().revision;
    assert_eq!(raise.await.expect("no panic"), Err(FlagsError::Conflict { current }));
    begun.keep().await.expect("kept");
    assert_eq!(house.flags.stage("parent"), Stage::Shadow);
    assert!(house.flags.latch("parent").is_some());
    assert_order_holds(&house.flags.snapshot());
    assert_history_is_whole(&house.flags);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_kept_although_nobody_waits_for_it_any_more() {
    let house = House::new().await;
    house.flags.climb("parent", canary(1000)).await;
    let held = house.disk.hold();
    let begun = begin(&house.flags, "parent", revision(&house.flags, "parent"));
    let keeping = tokio::spawn(begun.expect("it serves").keep());
    house.disk.wait_until_stalled();
    keeping.abort();
    drop(held);
    // The next change waits for it.
    house.flags.goes("parent", Move::Release).await.expect("released");
    assert_eq!(house.flags.unsaved(), 0);
    assert_history_is_whole(&house.flags);
}
