//! Whoever follows the log is told every change once and in order, whatever overtakes what.

use super::races::{House, PAIR, revision};
use crate::domain::Revision;
use crate::flags::samples::canary;
use crate::flags::{Flags, HISTORY_PAGE_MAX, HistoryFilter, Move, Stage};

/// Reads what is new, as a stream does.
struct Follower {
    flags: Flags,
    log: tokio::sync::watch::Receiver<Revision>,
    after: Revision,
}

impl Follower {
    fn of(flags: &Flags) -> Self {
        let mut log = flags.watch_log();
        let after = *log.borrow_and_update();
        Self { flags: flags.clone(), log, after }
    }

    /// The revisions of what is new, in pages of two. What a line says shows in the table.
    fn news(&mut self) -> Vec<Revision> {
        let (up_to, mut told) = (*self.log.borrow_and_update(), Vec::new());
        loop {
            let page = self.flags.history_after(self.after, up_to, 2).expect("a page");
            let table = self.flags.snapshot();
            for line in &page {
                let shown = table.flag(line.component.as_str()).expect("a flag").revision;
                assert!(shown >= line.revision, "{} is told before it shows", line.revision);
                told.push(line.revision);
                self.after = line.revision;
            }
            if page.len() < 2 {
                return told;
            }
        }
    }
}

/// The revisions of the whole log, oldest first.
fn logged(flags: &Flags) -> Vec<Revision> {
    let lines = flags.history(&HistoryFilter::default()).expect("a page");
    assert!(lines.len() < HISTORY_PAGE_MAX, "the log fits one page");
    lines.iter().rev().map(|line| line.revision).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_published_after_a_later_revision_is_not_skipped() {
    let house = House::new().await;
    house.flags.climb("parent", canary(1000)).await;
    house.flags.climb("child", canary(1000)).await;
    let mut follower = Follower::of(&house.flags);
    let held = house.disk.hold();
    let raise = house.stalled("parent", Move::To(canary(2000)));
    let rollback = house.roll_back("child").await;
    // The table is at the revision of the rollback; the raise has a smaller one and is to come.
    let table = house.flags.snapshot().revision();
    assert_eq!(table, revision(&house.flags, "child"));
    assert_eq!(follower.news(), [], "nothing is told that the log does not have");
    assert!(!house.flags.is_logged(table).expect("read"));
    drop(held);
    let raised = raise.await.expect("no panic").expect("raised").flag.revision;
    let rolled_back = rollback.await.expect("no panic").expect("kept").flag.revision;
    assert!(raised < rolled_back && house.flags.snapshot().revision() == table);
    assert_eq!(follower.news(), [raised, rolled_back]);
    assert_eq!(follower.news(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_is_woken_when_a_published_rollback_reaches_the_disk() {
    let house = House::new().await;
    house.flags.climb("parent", Stage::Live).await;
    let mut follower = Follower::of(&house.flags);
    let held = house.disk.hold();
    let rollback = house.roll_back("parent").await;
    assert_eq!(follower.news(), []);
    drop(held);
    follower.log.changed().await.expect("woken");
    let rolled_back = rollback.await.expect("no panic").expect("kept").flag.revision;
    assert_eq!(follower.news(), [rolled_back]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raise_that_lost_has_its_line_told_before_the_one_that_won() {
    let house = House::new().await;
    house.flags.climb("parent", canary(1000)).await;
    let mut follower = Follower::of(&house.flags);
    let held = house.disk.hold();
    let raise = house.stalled("parent", Move::To(canary(9000)));
    let rollback = house.roll_back("parent").await;
    drop(held);
    raise.await.expect("no panic").expect_err("overtaken");
    let won = rollback.await.expect("no panic").expect("kept").flag.revision;
    let told = follower.news();
    assert_eq!((told.len(), told.last()), (2, Some(&won)));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_told_once_and_in_order_to_whoever_follows() {
    let house = House::new().await;
    let mut follower = Follower::of(&house.flags);
    let begin = follower.after;
    let mut tasks = Vec::new();
    for step in 0..120u16 {
        let component = PAIR[usize::from(step % 2)].split(':').next().expect("an id");
        let change = match step % 5 {
            0 => Move::RollBack,
            1 => Move::Release,
            2 => Move::To(canary(step * 50 + 1)),
            3 => Move::To(canary(8000)),
            _ => Move::To(Stage::Shadow),
        };
        tasks.push(house.start(component, change));
    }
    let following = tokio::spawn(async move {
        let mut told = Vec::new();
        while follower.log.changed().await.is_ok() {
            told.extend(follower.news());
            if follower.flags.stage("parent") == Stage::Off {
                break;
            }
        }
        (told, follower)
    });
    for task in tasks {
        task.await.expect("no panic").ok();
    }
    for component in ["child", "parent"] {
        let flags = &house.flags;
        while flags.stage(component) != Stage::Off {
            flags.goes(component, Move::To(Stage::Off)).await.expect("back");
        }
    }
    let (mut told, mut follower) = following.await.expect("no panic");
    told.extend(follower.news());
    let lines: Vec<_> = logged(&house.flags).into_iter().filter(|line| *line > begin).collect();
    assert_eq!(told, lines);
}

#[tokio::test]
async fn a_restart_goes_on_where_the_log_ended() {
    let house = House::new().await;
    house.flags.climb("parent", canary(1000)).await;
    let newest = revision(&house.flags, "parent");
    let (_dir, flags) = house.restarted().await;
    let mut follower = Follower::of(&flags);
    assert_eq!(follower.after, newest);
    assert!(flags.is_logged(newest).expect("read"));
    assert!(!flags.is_logged(Revision(newest.0 + 1)).expect("read"));
    assert!(!flags.is_logged(Revision(u64::MAX)).expect("read"));
    assert!(!flags.is_logged(Revision(0)).expect("read"));
    let applied = flags.goes("parent", Move::RollBack).await.expect("applied").flag.revision;
    assert_eq!(follower.news(), [applied]);
    follower.after = Revision(0);
    assert_eq!(follower.news(), logged(&flags), "from the beginning");
}
