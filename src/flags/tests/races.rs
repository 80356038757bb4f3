//! Who overtakes whom, and what a refusing disk leaves behind.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::domain::{Revision, TokioClock};
use crate::flags::samples::{
    NOW, assert_history_is_whole, assert_order_holds, canary, id, operator, seeds, trip,
};
use crate::flags::{Applied, Flags, FlagsError, Move, Salt, Settings, SettingsPatch, Stage};
use crate::store::{Durability, FaultSwitch, Store, StoreError};

pub(super) const PAIR: [&str; 2] = ["parent", "child: parent"];

pub(super) struct House {
    dir: TempDir,
    pub(super) disk: FaultSwitch,
    store: Store,
    pub(super) flags: Flags,
}

impl House {
    pub(super) async fn new() -> Self {
        let dir = TempDir::new().expect("a folder");
        let disk = FaultSwitch::new();
        let store = Store::open_with(dir.path(), disk.clone()).expect("a store");
        let flags = open(&store).await;
        Self { dir, disk, store, flags }
    }

    /// The flags as a new process finds them.
    pub(super) async fn restarted(self) -> (TempDir, Flags) {
        let Self { dir, disk, store, flags } = self;
        disk.heal();
        drop((store, flags));
        let store = Store::open(dir.path()).expect("a store");
        let flags = open(&store).await;
        (dir, flags)
    }

    /// A change that has been handed to a disk that stalls.
    pub(super) fn stalled(&self, component: &str, change: Move) -> Task {
        let task = self.start(component, change);
        self.disk.wait_until_stalled();
        task
    }

    pub(super) fn start(&self, component: &str, change: Move) -> Task {
        let (flags, component) = (self.flags.clone(), id(component));
        tokio::spawn(async move { flags.apply(&component, change, None, operator("test")).await })
    }

    /// Starts a rollback and waits until it is published.
    pub(super) async fn roll_back(&self, component: &str) -> Task {
        let mut published = self.flags.watch();
        let task = self.start(component, Move::RollBack);
        published.changed().await.expect("a change");
        task
    }
}

pub(super) type Task = tokio::task::JoinHandle<Result<Applied, FlagsError>>;

async fn open(store: &Store) -> Flags {
    let settings = Settings { cool_down: Duration::ZERO, ..Settings::default() };
    let clock = Arc::new(TokioClock::starting_at(NOW));
    Flags::open(store, seeds(&PAIR), settings, clock).await.expect("flags")
}

pub(super) fn revision(flags: &Flags, component: &str) -> Revision {
    flags.snapshot().flag(component).expect("a flag").revision
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_overtakes_a_raise_that_waits_for_the_disk() {
    let house = House::new().await;
    house.flags.climb("parent", canary(1000)).await;
    let held = house.disk.hold();
    let raise = house.stalled("parent", Move::To(canary(9000)));
    assert_eq!(house.flags.stage("parent"), canary(1000), "not published before the disk has it");
    let rollback = house.roll_back("parent").await;
    assert_eq!(house.flags.stage("parent"), Stage::Shadow, "published while the disk stalls");
    drop(held);
    let current = revision(&house.flags, "parent");
    assert_eq!(raise.await.expect("no panic"), Err(FlagsError::Conflict { current }));
    assert_eq!(rollback.await.expect("no panic").expect("kept").flag.revision, current);
    assert_history_is_whole(&house.flags);
    let (_dir, flags) = house.restarted().await;
    assert_eq!((flags.stage("parent"), revision(&flags, "parent")), (Stage::Shadow, current));
    assert!(flags.latch("parent").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_on_its_way_up_falls_with_its_parent() {
    let house = House::new().await;
    house.flags.climb("parent", canary(1000)).await;
    let held = house.disk.hold();
    let raise = house.stalled("child", Move::To(canary(1000)));
    let rollback = house.roll_back("parent").await;
    drop(held);
    let raise = raise.await.expect("no panic");
    assert!(matches!(raise, Err(FlagsError::Conflict { .. })), "{raise:?}");
    rollback.await.expect("no panic").expect("kept");
    assert_eq!(
        (house.flags.stage("parent"), house.flags.stage("child")),
        (Stage::Shadow, Stage::Shadow)
    );
    assert!(house.flags.latch("child").is_some());
    assert_history_is_whole(&house.flags);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_were_overtaken_do_not_come_in_with_the_rollback() {
    let house = House::new().await;
    house.flags.climb("parent", Stage::Live).await;
    let held = house.disk.hold();
    let patch = SettingsPatch { deadline_ms: Some(77), ..SettingsPatch::default() };
    let settings = house.stalled("parent", Move::Settings(patch));
    let rollback = house.roll_back("parent").await;
    drop(held);
    assert!(matches!(settings.await.expect("no panic"), Err(FlagsError::Conflict { .. })));
    assert_eq!(rollback.await.expect("no panic").expect("kept").flag.deadline_ms, 1000);
    assert_history_is_whole(&house.flags);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_leaves_the_raise_of_another_component_alone() {
    let house = House::new().await;
    house.flags.climb("parent", canary(1000)).await;
    house.flags.climb("child", canary(1000)).await;
    let held = house.disk.hold();
    let raise = house.stalled("parent", Move::To(canary(2000)));
    let rollback = house.roll_back("child").await;
    drop(held);
    assert_eq!(raise.await.expect("no panic").expect("raised").flag.stage, canary(2000));
    rollback.await.expect("no panic").expect("kept");
    assert_eq!(
        (house.flags.stage("parent"), house.flags.stage("child")),
        (canary(2000), Stage::Shadow)
    );
    assert_history_is_whole(&house.flags);
}

/// Lets every task of a single-threaded runtime go as far as it can.
async fn let_all_run() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_change_that_waited_in_front_of_a_rollback_is_written_after_it() {
    let house = House::new().await;
    house.flags.climb("parent", canary(1000)).await;
    let held = house.disk.hold();
    let raise = house.start("parent", Move::To(canary(2000)));
    let_all_run().await;
    house.disk.wait_until_stalled();
    let release = house.start("parent", Move::Release);
    let_all_run().await;
    let rollback = house.roll_back("parent").await;
    drop(held);
    assert!(matches!(raise.await.expect("no panic"), Err(FlagsError::Conflict { .. })));
    let rolled_back = rollback.await.expect("no panic").expect("kept").flag.revision;
    let released = release.await.expect("no panic").expect("released").flag;
    assert!(released.revision > rolled_back);
    assert_eq!((released.stage, &released.latch), (Stage::Shadow, &None));
    assert_history_is_whole(&house.flags);
    let (_dir, flags) = house.restarted().await;
    assert_eq!(revision(&flags, "parent"), released.revision);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_caller_has_gone_happens_all_the_same() {
    let house = House::new().await;
    let held = house.disk.hold();
    let mut published = house.flags.watch();
    house.stalled("parent", Move::To(canary(1))).abort();
    drop(held);
    published.changed().await.expect("a change");
    assert_eq!(house.flags.stage("parent"), canary(1));
    house.flags.to("parent", canary(2)).await.expect("the next one is not in anybody's way");
    assert_history_is_whole(&house.flags);
}

#[tokio::test]
async fn a_raise_that_the_disk_refuses_leaves_nothing_behind() {
    let house = House::new().await;
    let before = house.flags.snapshot();
    house.disk.refuse();
    let outcome = house.flags.to("parent", canary(1)).await;
    assert!(matches!(outcome, Err(FlagsError::Store(StoreError::Refused { .. }))), "{outcome:?}");
    assert_eq!(house.flags.snapshot().flag("parent"), before.flag("parent"));
    assert_eq!(house.flags.unsaved(), 0);
}

#[tokio::test]
async fn what_is_lowered_on_a_refusing_disk_holds_in_memory_and_is_saved_later() {
    let house = House::new().await;
    house.flags.climb("parent", canary(1000)).await;
    house.flags.climb("child", canary(500)).await;
    house.disk.refuse_everything();
    let lower = house.flags.to("child", canary(100)).await;
    assert!(matches!(lower, Err(FlagsError::NotDurable { .. })), "{lower:?}");
    let rollback = house.flags.apply(&id("parent"), Move::RollBack, None, trip()).await;
    assert!(rollback.expect_err("not durable").to_string().contains("in memory only"));
    assert_eq!(
        (house.flags.stage("parent"), house.flags.stage("child")),
        (Stage::Shadow, Stage::Shadow)
    );
    assert_eq!(house.flags.unsaved(), 2);
    let release = house.flags.goes("parent", Move::Release).await;
    assert!(matches!(release, Err(FlagsError::Store(_))), "nothing is raised meanwhile");
    house.disk.heal();
    house.flags.save().await.expect("saved");
    assert_eq!(house.flags.unsaved(), 0);
    assert_history_is_whole(&house.flags);
    let (_dir, flags) = house.restarted().await;
    assert_eq!((flags.stage("parent"), flags.stage("child")), (Stage::Shadow, Stage::Shadow));
}

#[tokio::test]
async fn a_rollback_needs_no_revision_to_serve_and_gets_one_of_its_own_later() {
    let house = House::new().await;
    house.flags.climb("parent", Stage::Live).await;
    house.disk.refuse_everything();
    while house.store.take_revision().is_ok() {}
    let before = revision(&house.flags, "parent");
    for stage in [Stage::Shadow, Stage::Off] {
        let rollback = house.flags.goes("parent", Move::RollBack).await;
        assert!(matches!(rollback, Err(FlagsError::NotDurable { .. })), "{rollback:?}");
        assert_eq!(house.flags.stage("parent"), stage);
    }
    house.disk.heal();
    let mut saved = house.flags.save().await;
    while saved.is_err() {
        // The disk first has to confirm another block of revisions.
        tokio::task::yield_now().await;
        saved = house.flags.save().await;
    }
    assert!(revision(&house.flags, "parent") > before);
    let latch = house.flags.latch("parent").expect("a latch");
    assert_eq!(latch.revision, revision(&house.flags, "parent"));
    assert_history_is_whole(&house.flags);
}

#[tokio::test]
async fn no_later_change_takes_a_revision_before_a_rollback_that_waits_for_its_own() {
    let house = House::new().await;
    house.flags.climb("parent", Stage::Live).await;
    house.disk.refuse_everything();
    while house.store.take_revision().is_ok() {}
    let first = house.flags.goes("parent", Move::RollBack).await;
    assert!(matches!(first, Err(FlagsError::NotDurable { .. })), "{first:?}");
    house.disk.heal();
    let other = house.store.table::<Salt>("other");
    let salt = Salt::generate();
    // The disk confirms another block of revisions with this.
    other.insert("any", &salt, Durability::Durable).await.expect("written");
    let second = house.flags.goes("parent", Move::RollBack).await.expect("kept");
    assert_eq!(second.flag.stage, Stage::Off);
    assert_eq!(revision(&house.flags, "parent"), second.flag.revision);
    assert_history_is_whole(&house.flags);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wins_the_history_is_whole_and_a_restart_finds_what_was_published() {
    let house = House::new().await;
    let mut tasks = Vec::new();
    for worker in 0..4u16 {
        for step in 0..40u16 {
            let component = PAIR[usize::from(step % 2)].split(':').next().expect("an id");
            let change = match (worker + step) % 5 {
                0 => Move::RollBack,
                1 => Move::Release,
                2 => Move::To(canary(step * 200 + worker + 1)),
                3 => Move::To(canary(8000)),
                _ => Move::To(Stage::Live),
            };
            tasks.push(house.start(component, change));
        }
    }
    let (flags, mut published) = (house.flags.clone(), house.flags.watch());
    let observer = tokio::spawn(async move {
        while published.changed().await.is_ok() {
            assert_order_holds(&flags.snapshot());
        }
    });
    let mut acknowledged = Vec::new();
    for task in tasks {
        acknowledged.extend(task.await.expect("no panic").map(|applied| applied.flag.revision));
    }
    let count = acknowledged.len();
    acknowledged.sort_unstable();
    acknowledged.dedup();
    assert_eq!(acknowledged.len(), count, "no revision twice");
    observer.abort();
    assert!(!observer.await.is_err_and(|error| error.is_panic()), "requires held throughout");
    assert_history_is_whole(&house.flags);
    let published = house.flags.snapshot();
    let (_dir, flags) = house.restarted().await;
    for flag in published.iter() {
        assert_eq!(flags.snapshot().flag(flag.component.as_str()), Some(flag));
    }
}
