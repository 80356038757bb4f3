//! What a refusing disk does to the next start.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::domain::{Clock, TokioClock};
use crate::flags::note::Note;
use crate::flags::samples::{
    NOW, assert_history_is_whole, assert_order_holds, canary, id, operator, seeds, trip,
};
use crate::flags::{Applied, Cause, Flags, FlagsError, Move, Settings, Stage};
use crate::store::{FaultSwitch, NOTE_BYTES_MAX, Store};

const LINES: [&str; 3] = ["parent", "child: parent", "beside"];

/// A table whose disk can be made to refuse, now and at the next start.
pub(super) struct House {
    dir: TempDir,
    pub(super) disk: FaultSwitch,
    pub(super) store: Store,
    pub(super) flags: Flags,
}

impl House {
    pub(super) async fn new() -> Self {
        let (dir, disk) = (TempDir::new().expect("a folder"), FaultSwitch::new());
        let (store, flags) = open(dir.path(), &disk, NOW).await;
        let house = Self { dir, disk, store, flags };
        for component in ["parent", "child", "beside"] {
            house.flags.climb(component, canary(1000)).await;
        }
        house
    }

    /// A new process after one that did not end in order.
    pub(super) async fn restarted(self) -> Self {
        let Self { dir, disk, store, flags } = self;
        drop((store, flags));
        let (store, flags) = open(dir.path(), &disk, NOW.plus_seconds(60)).await;
        Self { dir, disk, store, flags }
    }

    /// A new process after one that did.
    pub(super) async fn closed_and_restarted(self) -> Self {
        self.store.clone().close().await.expect("closed");
        self.restarted().await
    }

    async fn roll_back(&self, component: &str) -> Result<Applied, FlagsError> {
        self.flags.apply(&id(component), Move::RollBack, None, trip()).await
    }

    pub(super) fn stages(&self) -> [Stage; 3] {
        ["parent", "child", "beside"].map(|component| self.flags.stage(component))
    }
}

async fn open(dir: &Path, disk: &FaultSwitch, now: crate::domain::Timestamp) -> (Store, Flags) {
    let store = Store::open_with(dir, disk.clone()).expect("a store");
    let clock: Arc<dyn Clock> = Arc::new(TokioClock::starting_at(now));
    let settings = Settings { cool_down: Duration::ZERO, ..Settings::default() };
    let flags = Flags::open(&store, seeds(&LINES), settings, clock).await.expect("flags");
    (store, flags)
}

#[tokio::test]
async fn a_rollback_on_a_full_disk_is_acknowledged_and_there_after_a_restart() {
    let house = House::new().await;
    house.disk.refuse();
    let applied = house.roll_back("parent").await.expect("noted");
    assert_eq!(house.flags.unsaved(), 1);
    house.disk.heal();
    let house = house.restarted().await;
    assert_eq!(house.stages(), [Stage::Shadow, Stage::Shadow, canary(1000)]);
    let snapshot = house.flags.snapshot();
    assert_eq!(snapshot.flag("parent"), Some(&applied.flag), "as it was acknowledged");
    assert_eq!(snapshot.flag("child"), Some(&applied.dependents[0]));
    assert_eq!((house.flags.unsaved(), house.store.noted()), (0, None));
    assert_history_is_whole(&house.flags);
    let raise = house.flags.to("parent", canary(1)).await;
    assert!(matches!(raise, Err(FlagsError::NotAllowed(_))), "latched: {raise:?}");
    let house = house.restarted().await;
    assert_eq!(house.flags.snapshot().flag("parent"), Some(&applied.flag), "once and for all");
}

#[tokio::test]
async fn several_changes_on_a_full_disk_are_replayed_in_their_order() {
    let house = House::new().await;
    house.disk.refuse();
    house.flags.to("child", canary(100)).await.expect("noted");
    house.roll_back("parent").await.expect("noted");
    let applied = house.roll_back("parent").await.expect("noted");
    house.disk.heal();
    let house = house.restarted().await;
    assert_eq!(house.stages(), [Stage::Off, Stage::Off, canary(1000)]);
    assert_eq!(house.flags.snapshot().flag("parent"), Some(&applied.flag));
    assert_eq!(house.flags.latch("child").expect("a latch").rollbacks, 2);
    assert_history_is_whole(&house.flags);
}

#[tokio::test]
async fn a_note_outlives_starts_on_a_disk_that_still_refuses() {
    let house = House::new().await;
    house.disk.refuse();
    house.roll_back("parent").await.expect("noted");
    let mut house = house.restarted().await;
    for _ in 0..2 {
        assert_eq!(house.stages(), [Stage::Shadow; 3], "nobody knows what else was refused");
        assert!(house.flags.unsaved() > 0);
        let raise = house.flags.to("parent", canary(1)).await;
        assert!(raise.is_err(), "{raise:?}");
        house = house.restarted().await;
    }
    house.disk.heal();
    let house = house.restarted().await;
    assert_eq!(house.stages(), [Stage::Shadow; 3]);
    assert_eq!(house.flags.latch("parent").expect("a latch").cause, trip());
    let Cause::Guard { trip } = house.flags.latch("beside").expect("a latch").cause else {
        panic!("not a guard")
    };
    assert!(trip.contains("unclean stop"), "{trip}");
    assert_eq!(house.flags.latch("parent").expect("a latch").rollbacks, 1);
    assert_eq!(house.flags.unsaved(), 0);
    assert_history_is_whole(&house.flags);
    assert_order_holds(&house.flags.snapshot());
}

#[tokio::test]
async fn a_rollback_after_a_start_without_revisions_is_noted_and_gets_one_later() {
    let house = House::new().await;
    house.disk.refuse();
    let house = house.restarted().await;
    assert_eq!(house.stages(), [Stage::Shadow; 3]);
    house.roll_back("parent").await.expect("noted");
    house.disk.heal();
    let house = house.restarted().await;
    assert_eq!(house.stages(), [Stage::Off, Stage::Off, Stage::Shadow]);
    assert_eq!(house.flags.latch("parent").expect("a latch").rollbacks, 2);
    assert_history_is_whole(&house.flags);
}

#[tokio::test]
async fn a_start_after_an_orderly_stop_serves_as_before_whatever_the_disk_says() {
    let house = House::new().await;
    let house = house.closed_and_restarted().await;
    assert_eq!(house.stages(), [canary(1000); 3]);
    house.store.clone().close().await.expect("closed");
    house.disk.refuse();
    let house = house.restarted().await;
    assert_eq!(house.stages(), [canary(1000); 3]);
    assert!(house.flags.to("parent", canary(2000)).await.is_err());
    house.roll_back("parent").await.expect("noted");
    house.disk.heal();
    let house = house.restarted().await;
    assert_eq!(house.stages(), [Stage::Shadow, Stage::Shadow, canary(1000)]);
}

#[tokio::test]
async fn a_disk_that_takes_nothing_at_all_lowers_what_it_serves_at_the_next_start() {
    let house = House::new().await;
    house.disk.refuse_everything();
    let rollback = house.roll_back("parent").await;
    assert!(matches!(rollback, Err(FlagsError::NotDurable { .. })), "{rollback:?}");
    let house = house.restarted().await;
    assert_eq!(house.stages(), [Stage::Shadow; 3]);
    let rollback = house.roll_back("parent").await;
    assert!(matches!(rollback, Err(FlagsError::NotDurable { .. })), "{rollback:?}");
}

#[tokio::test]
async fn a_note_that_is_older_than_the_rows_is_left_alone() {
    let house = House::new().await;
    house.disk.refuse();
    house.roll_back("beside").await.expect("noted");
    let noted = house.store.noted().expect("a note");
    house.disk.heal();
    house.flags.save().await.expect("saved");
    assert_eq!(house.store.noted(), None);
    house.flags.goes("beside", Move::Release).await.expect("released");
    house.flags.to("beside", canary(70)).await.expect("raised");
    house.store.note_in_place(noted).await.expect("a stale note");
    let house = house.restarted().await;
    assert_eq!((house.flags.stage("beside"), house.flags.latch("beside")), (canary(70), None));
    assert_eq!(house.store.noted(), None);
}

#[tokio::test]
async fn a_note_that_cannot_be_read_lowers_everything_that_ssot_serves() {
    let house = House::new().await;
    house.flags.to("child", Stage::Off).await.expect("back");
    house.store.note_in_place(b"{\"changes\":7}".to_vec()).await.expect("noted");
    let house = house.restarted().await;
    assert_eq!(house.stages(), [Stage::Shadow, Stage::Off, Stage::Shadow]);
    assert_eq!((house.flags.latch("child"), house.flags.unsaved()), (None, 0));
    assert_history_is_whole(&house.flags);
}

#[tokio::test]
async fn a_raise_that_was_refused_and_is_on_the_disk_all_the_same_falls_with_its_parent() {
    let house = House::new().await;
    house.flags.to("child", Stage::Off).await.expect("back");
    house.flags.to("child", Stage::Shadow).await.expect("forward");
    let before = house.flags.snapshot();
    house.disk.refuse();
    house.roll_back("parent").await.expect("noted");
    let noted = house.store.noted().expect("a note");
    // The same disk, with the child's raise on it.
    house.disk.heal();
    let house = House::new().await;
    assert!(before.flag("child").expect("a flag").stage < house.flags.stage("child"));
    let text = String::from_utf8(noted).expect("text").replace("\"over\":", "\"over\":9");
    house.store.note_in_place(text.into_bytes()).await.expect("noted");
    let house = house.restarted().await;
    assert_eq!(
        (house.flags.stage("parent"), house.flags.stage("child")),
        (Stage::Shadow, Stage::Shadow)
    );
    assert!(house.flags.latch("child").is_some());
    assert_order_holds(&house.flags.snapshot());
}

#[tokio::test]
async fn a_note_of_a_thousand_components_fits() {
    let dir = TempDir::new().expect("a folder");
    let disk = FaultSwitch::new();
    let store = Store::open_with(dir.path(), disk.clone()).expect("a store");
    let name = |number: usize| format!("{}{number:03}", "x".repeat(61));
    let child = |number| format!("{}: {}", name(number), name(0));
    let lines: Vec<String> = std::iter::once(name(0)).chain((1..1000).map(child)).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let clock = Arc::new(TokioClock::starting_at(NOW));
    let flags = Flags::open(&store, seeds(&lines), Settings::default(), clock).await;
    let flags = flags.expect("flags");
    disk.refuse();
    let cause = operator(&"\u{1f600}".repeat(400));
    let applied = flags.apply(&id(&name(0)), Move::RollBack, None, cause).await.expect("noted");
    assert_eq!(applied.dependents.len(), 999);
    let noted = store.noted().expect("a note");
    assert!(noted.len() < NOTE_BYTES_MAX, "{} bytes", noted.len());
    serde_json::from_slice::<Note>(&noted).expect("readable");
}
