//! The guard's rollback on a disk that is full, refuses, or hangs.

use super::notes::House;
use crate::domain::Revision;
use crate::flags::samples::{assert_history_is_whole, canary, id, trip};
use crate::flags::{Begun, FlagsError, Move, Stage};

impl House {
    fn begin(&self, component: &str) -> Option<Begun> {
        let attempt = self.revision(component);
        self.flags.begin_roll_back(&id(component), trip(), attempt).expect("a component")
    }

    fn revision(&self, component: &str) -> Revision {
        self.flags.snapshot().flag(component).expect("a flag").revision
    }
}

const BACK: [Stage; 3] = [Stage::Shadow; 3];

#[tokio::test]
async fn on_a_full_disk_traffic_moves_at_once_and_the_note_outlives_every_kind_of_stop() {
    for is_orderly in [true, false] {
        let house = House::new().await;
        house.disk.refuse();
        let begun = house.begin("parent").expect("it serves");
        assert_eq!(house.stages(), [Stage::Shadow, Stage::Shadow, canary(1000)]);
        let applied = begun.keep().await.expect("noted");
        assert!(house.flags.unsaved() > 0, "noted is not on the disk");
        house.disk.heal();
        let house =
            if is_orderly { house.closed_and_restarted().await } else { house.restarted().await };
        assert_eq!(house.stages(), [Stage::Shadow, Stage::Shadow, canary(1000)]);
        let snapshot = house.flags.snapshot();
        assert_eq!(snapshot.flag("parent"), Some(&applied.flag), "as it was acknowledged");
        assert_eq!(house.flags.latch("parent").expect("a latch").cause, trip());
        assert!(house.begin("parent").is_none(), "it is back already");
        assert_eq!(house.flags.unsaved(), 0);
        assert_history_is_whole(&house.flags);
    }
}

#[tokio::test]
async fn on_a_full_disk_that_stays_full_it_does_not_come_back_at_any_start() {
    let mut house = House::new().await;
    house.disk.refuse();
    house.begin("parent").expect("it serves").keep().await.expect("noted");
    for _ in 0..3 {
        house = house.restarted().await;
        assert_eq!(house.stages(), BACK, "nobody knows what else was refused");
        assert!(house.begin("parent").is_none() && house.begin("beside").is_none());
        assert!(house.flags.to("parent", canary(1)).await.is_err());
    }
    house.disk.heal();
    let house = house.restarted().await;
    assert_eq!((house.stages(), house.flags.unsaved()), (BACK, 0));
    assert_eq!(house.flags.latch("parent").expect("a latch").rollbacks, 1);
    assert_history_is_whole(&house.flags);
}

#[tokio::test]
async fn on_a_disk_that_takes_nothing_it_holds_in_memory_and_says_so() {
    let house = House::new().await;
    house.disk.refuse_everything();
    let attempt = house.revision("parent");
    let begun = house.begin("parent").expect("it serves");
    assert_eq!(house.stages(), [Stage::Shadow, Stage::Shadow, canary(1000)]);
    let kept = begun.keep().await;
    assert!(matches!(kept, Err(FlagsError::NotDurable { .. })), "{kept:?}");
    assert!(house.flags.unsaved() > 0);
    let again = house.flags.begin_roll_back(&id("parent"), trip(), attempt).expect("a component");
    assert!(again.is_none(), "not one stage further");
    for change in [Move::Release, Move::To(canary(1))] {
        assert!(house.flags.goes("parent", change).await.is_err(), "nothing is raised meanwhile");
    }
    assert_eq!(house.stages(), [Stage::Shadow, Stage::Shadow, canary(1000)]);
    house.disk.heal();
    house.flags.save().await.expect("saved");
    assert_eq!(house.flags.unsaved(), 0);
    let house = house.restarted().await;
    assert_eq!(house.stages(), [Stage::Shadow, Stage::Shadow, canary(1000)]);
    assert_history_is_whole(&house.flags);
}

#[tokio::test]
async fn what_held_in_memory_only_is_back_at_a_start_on_the_same_disk() {
    let house = House::new().await;
    house.disk.refuse_everything();
    let kept = house.begin("parent").expect("it serves").keep().await;
    assert!(matches!(kept, Err(FlagsError::NotDurable { .. })), "{kept:?}");
    assert!(house.store.clone().close().await.is_err(), "that is no orderly stop");
    let house = house.restarted().await;
    assert_eq!(house.stages(), BACK);
    // A disk that dies and heals between two runs has forgotten what it never took.
    house.disk.heal();
    let house = house.restarted().await;
    assert_eq!(house.stages(), [canary(1000); 3], "the stated limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_disk_hangs_it_serves_already_and_is_kept_once_the_disk_goes_on() {
    let house = House::new().await;
    let held = house.disk.hold();
    let begun = house.begin("child").expect("it serves");
    let keeping = tokio::spawn(begun.keep());
    house.disk.wait_until_stalled();
    assert_eq!(house.stages(), [canary(1000), Stage::Shadow, canary(1000)]);
    let second = house.begin("parent").expect("it serves");
    assert_eq!(house.stages(), [Stage::Shadow, Stage::Shadow, canary(1000)]);
    assert_eq!(house.flags.unsaved(), 2);
    drop(held);
    keeping.await.expect("no panic").expect("kept");
    second.keep().await.expect("kept");
    assert_eq!(house.flags.unsaved(), 0);
    assert_history_is_whole(&house.flags);
}

#[tokio::test]
async fn what_nobody_keeps_is_kept_by_the_next_change() {
    let house = House::new().await;
    drop(house.begin("parent").expect("it serves"));
    assert_eq!(house.flags.unsaved(), 1);
    house.flags.to("beside", canary(2000)).await.expect("raised");
    assert_eq!(house.flags.unsaved(), 0);
    let house = house.restarted().await;
    assert_eq!(house.stages(), [Stage::Shadow, Stage::Shadow, canary(2000)]);
}
