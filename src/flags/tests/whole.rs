//! Many components back in one change: what moves, what stays, and what a refusing disk makes of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use crate::domain::{ComponentId, Timestamp, TokioClock};
use crate::flags::disk::Disk;
use crate::flags::memory::Memory;
use crate::flags::note::Note;
use crate::flags::samples::{
    NOW, assert_history_is_whole, assert_order_holds, canary, id, operator,
};
use crate::flags::{
    Applied, BackTo, Cause, Document, Flag, Flags, FlagsError, Format, HistoryFilter, Move,
    MoveRefusal, Phase, Seed, Seeds, Selection, Settings, Stage, Swept, WhyLeft,
};
use crate::store::{BATCH_BYTES_MAX, FaultSwitch, NOTE_BYTES_MAX, Store};

/// Id and phase, and what it requires.
const TABLE: [&str; 5] = ["base 1", "socket 2 base", "event 3 socket", "beside 1", "other 2"];

fn seeds(lines: &[impl AsRef<str>]) -> Seeds {
    let table = |line: &str| {
        let mut words = line.split(' ');
        let (id, phase) = (words.next().expect("an id"), words.next().expect("a phase"));
        let requires: Vec<&str> = words.collect();
        format!(
            "[component.{id}]\nkind = \"auth\"\nphase = {phase}\nstage = \"shadow\"\nrequires = {requires:?}\n"
        )
    };
    let text: String = lines.iter().map(|line| table(line.as_ref())).collect();
    Seed::parse_all(&text, "test.toml").expect("seeds")
}

async fn open(store: &Store, lines: &[impl AsRef<str>]) -> Flags {
    let settings = Settings { cool_down: Duration::ZERO, ..Settings::default() };
    let clock = Arc::new(TokioClock::starting_at(NOW));
    Flags::open(store, seeds(lines), settings, clock).await.expect("flags")
}

struct House {
    dir: TempDir,
    disk: FaultSwitch,
    store: Store,
    flags: Flags,
}

impl House {
    async fn with(lines: &[impl AsRef<str>]) -> Self {
        let (dir, disk) = (TempDir::new().expect("a folder"), FaultSwitch::new());
        let store = Store::open_with(dir.path(), disk.clone()).expect("a store");
        let flags = open(&store, lines).await;
        Self { dir, disk, store, flags }
    }

    /// Everything is at a canary of 10 %.
    async fn raised() -> Self {
        let house = Self::with(&TABLE).await;
        for component in ["base", "socket", "event", "beside", "other"] {
            house.flags.climb(component, canary(1000)).await;
        }
        house
    }

    async fn restarted(self, lines: &[impl AsRef<str>]) -> Self {
        let Self { dir, disk, store, flags } = self;
        disk.heal();
        drop((store, flags));
        let store = Store::open_with(dir.path(), disk.clone()).expect("a store");
        let flags = open(&store, lines).await;
        Self { dir, disk, store, flags }
    }

    async fn kill(&self) -> Swept {
        let all = self.flags.roll_back_many(Selection::All, BackTo::Shadow, why(), lately);
        all.await.expect("killed")
    }

    fn stages(&self) -> [Stage; 5] {
        ["base", "socket", "event", "beside", "other"].map(|component| self.flags.stage(component))
    }
}

fn why() -> Cause {
    operator("everybody is logged out")
}

fn two_people() -> Cause {
    Cause::TwoPeople {
        asked_by: "ada".to_owned(),
        approved_by: "bob".to_owned(),
        note: "all the same".to_owned(),
    }
}

/// Legacy is there.
#[expect(clippy::unnecessary_wraps, reason = "as those who know answer")]
fn lately(_: &ComponentId) -> Option<Timestamp> {
    Some(NOW)
}

/// Legacy is there, but not for these.
fn silent(names: &'static [&'static str]) -> impl Fn(&ComponentId) -> Option<Timestamp> {
    move |id| {
        let ago = if names.contains(&id.as_str()) { -61 } else { 0 };
        Some(NOW.plus_seconds(ago))
    }
}

fn moved(swept: &Swept) -> Vec<&str> {
    swept.moved.iter().map(|moved| moved.component.as_str()).collect()
}

fn left(swept: &Swept) -> Vec<(&str, WhyLeft)> {
    let left = swept.not_moved.iter();
    left.map(|left| (left.component.as_str(), left.why.clone())).collect()
}

#[tokio::test]
async fn what_two_people_are_told_would_move_is_what_moves() {
    let house = House::raised().await;
    house.flags.to("event", Stage::Shadow).await.expect("lowered");
    for (selection, to) in [
        (Selection::Phase(Phase::Tokens), BackTo::Shadow),
        (Selection::All, BackTo::Shadow),
        (Selection::All, BackTo::Off),
        (Selection::All, BackTo::Off),
    ] {
        let before = house.flags.snapshot();
        let told = before.falling_by(selection, to);
        let told: Vec<_> = told.iter().map(|flag| (flag.component.as_str(), flag.stage)).collect();
        let swept = house.flags.roll_back_many(selection, to, two_people(), |_| None).await;
        let swept = swept.expect("rolled back");
        let moved = swept.moved.iter().map(|moved| (moved.component.as_str(), moved.from));
        assert_eq!(told, moved.collect::<Vec<_>>(), "{selection:?} {to:?}");
    }
    assert_eq!(house.stages(), [Stage::Off; 5]);
}

#[tokio::test]
async fn a_phase_goes_back_in_one_change_and_takes_along_what_requires_it() {
    let house = House::raised().await;
    let mut published = house.flags.watch();
    published.mark_unchanged();
    let phase = Selection::Phase(Phase::Tokens);
    let swept = house.flags.roll_back_many(phase, BackTo::Shadow, why(), lately).await;
    let swept = swept.expect("rolled back");
    assert_eq!(moved(&swept), ["event", "socket", "base", "beside"], "deepest first");
    assert_eq!(swept.not_moved, []);
    let (shadow, raised) = (Stage::Shadow, canary(1000));
    assert_eq!(house.stages(), [shadow, shadow, shadow, shadow, raised]);
    for moved in &swept.moved {
        assert_eq!((moved.from, moved.to), (raised, shadow));
        let latch = house.flags.latch(moved.component.as_str()).expect("a latch");
        assert_eq!((latch.cause, latch.revision), (why(), moved.revision));
    }
    assert_eq!(house.flags.latch("other"), None);
    let filter = HistoryFilter { limit: Some(4), ..HistoryFilter::default() };
    let lines = house.flags.history(&filter).expect("a page");
    let changes: BTreeSet<u64> = lines.iter().map(|line| line.change.0).collect();
    assert_eq!(changes.len(), 1, "{lines:?}");
    assert!(published.has_changed().expect("a table"));
    assert_eq!(*published.borrow_and_update(), swept.revision);
    assert_history_is_whole(&house.flags);
}

#[tokio::test]
async fn the_kill_switch_leaves_what_is_off_or_in_shadow_unless_off_is_wanted() {
    let house = House::with(&TABLE).await;
    house.flags.climb("base", Stage::Live).await;
    house.flags.to("event", Stage::Off).await.expect("back");
    let swept = house.kill().await;
    assert_eq!((moved(&swept), left(&swept)), (vec!["base"], vec![]));
    let again = house.kill().await;
    assert_eq!((moved(&again), again.revision), (vec![], swept.revision), "nothing to move");
    let off = house.flags.roll_back_many(Selection::All, BackTo::Off, why(), |_| None).await;
    let off = off.expect("off");
    assert_eq!(moved(&off).len(), 4, "where legacy serves nobody needs to hear of it: {off:?}");
    assert_eq!(house.stages(), [Stage::Off; 5]);
    assert_eq!(house.flags.latch("event"), None);
    assert_history_is_whole(&house.flags);
}

#[tokio::test]
async fn what_legacy_does_not_answer_for_stays_with_what_it_requires_and_is_told() {
    let house = House::raised().await;
    let all = house.flags.roll_back_many(
        Selection::All,
        BackTo::Shadow,
        why(),
        silent(&["socket", "other"]),
    );
    let swept = all.await.expect("killed");
    assert_eq!(moved(&swept).into_iter().collect::<BTreeSet<_>>(), ["beside", "event"].into());
    let expected = vec![
        ("base", WhyLeft::RequiredBy(id("socket"))),
        ("other", WhyLeft::LegacySilent),
        ("socket", WhyLeft::LegacySilent),
    ];
    let mut found = left(&swept);
    found.sort_by_key(|(name, _)| *name);
    assert_eq!(found, expected);
    let (shadow, raised) = (Stage::Shadow, canary(1000));
    assert_eq!(house.stages(), [raised, raised, shadow, shadow, raised]);
    assert_order_holds(&house.flags.snapshot());
    let forced = house.flags.roll_back_many(
        Selection::All,
        BackTo::Shadow,
        two_people(),
        silent(&["socket", "other", "base"]),
    );
    let forced = forced.await.expect("forced");
    assert_eq!((moved(&forced).len(), left(&forced)), (3, vec![]));
    assert_eq!(house.stages(), [shadow; 5]);
    assert_history_is_whole(&house.flags);
}

#[tokio::test(start_paused = true)]
async fn an_answer_counts_for_a_minute() {
    let house = House::raised().await;
    let kill = || house.flags.roll_back_many(Selection::All, BackTo::Shadow, why(), lately);
    tokio::time::advance(Duration::from_millis(60_001)).await;
    assert_eq!(kill().await.expect("nothing moved").not_moved.len(), 5);
    let heard = |_: &ComponentId| Some(NOW.plus(Duration::from_millis(1)));
    let all = house.flags.roll_back_many(Selection::All, BackTo::Shadow, why(), heard);
    assert_eq!(all.await.expect("killed").moved.len(), 5);
}

#[tokio::test]
async fn a_phase_asks_for_legacy_only_where_it_is_complete() {
    let house = House::raised().await;
    house.flags.climb("beside", Stage::Sealed).await;
    let complete = Move::To(Stage::Complete);
    house.flags.apply(&id("beside"), complete, None, two_people()).await.expect("complete");
    let phase = Selection::Phase(Phase::Tokens);
    let swept = house.flags.roll_back_many(phase, BackTo::Shadow, why(), |_| None).await;
    let swept = swept.expect("rolled back");
    assert_eq!(left(&swept), [("beside", WhyLeft::LegacySilent)]);
    assert_eq!(moved(&swept), ["event", "socket", "base"]);
    assert_eq!(house.flags.stage("beside"), Stage::Complete);
}

#[tokio::test]
async fn a_complete_component_is_rolled_back_only_where_legacy_has_answered() {
    let house = House::with(&["base 1", "child 1 base"]).await;
    for component in ["base", "child"] {
        house.flags.climb(component, Stage::Sealed).await;
        let complete = Move::To(Stage::Complete);
        house.flags.apply(&id(component), complete, None, two_people()).await.expect("complete");
    }
    let refused = |component| Err(MoveRefusal::LegacySilent { component: id(component) }.into());
    let blind = house.flags.goes("child", Move::RollBack).await;
    assert_eq!(blind, refused("child"));
    let parent = house.flags.roll_back(&id("base"), why(), silent(&["child"])).await;
    assert_eq!(parent, refused("child"), "a child that stays keeps its parent");
    let child = house.flags.roll_back(&id("child"), why(), silent(&["base"])).await;
    assert_eq!(child.expect("rolled back").flag.stage, Stage::Shadow);
    let forced = house.flags.roll_back(&id("base"), two_people(), |_| None).await;
    assert_eq!(forced.expect("rolled back").flag.stage, Stage::Shadow);
    assert_history_is_whole(&house.flags);
}

type Task = tokio::task::JoinHandle<Result<Applied, FlagsError>>;

fn raise(flags: &Flags, component: &'static str, stage: Stage) -> Task {
    let flags = flags.clone();
    tokio::spawn(async move { flags.to(component, stage).await })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raise_on_its_way_to_the_disk_falls_with_the_kill() {
    let house = House::raised().await;
    house.flags.to("other", Stage::Shadow).await.expect("back");
    let held = house.disk.hold();
    let task = raise(&house.flags, "other", canary(500));
    house.disk.wait_until_stalled();
    let (flags, mut published) = (house.flags.clone(), house.flags.watch());
    let kill = tokio::spawn(async move {
        flags.roll_back_many(Selection::All, BackTo::Shadow, why(), lately).await
    });
    published.changed().await.expect("a change");
    assert_eq!(house.stages(), [Stage::Shadow; 5], "published while the disk stalls");
    drop(held);
    let outcome = task.await.expect("no panic");
    assert!(matches!(outcome, Err(FlagsError::Conflict { .. })), "{outcome:?}");
    assert_eq!(moved(&kill.await.expect("no panic").expect("killed")).len(), 5);
    assert!(house.flags.latch("other").is_some());
    assert_history_is_whole(&house.flags);
    let house = house.restarted(&TABLE).await;
    assert_eq!(house.stages(), [Stage::Shadow; 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reader_ever_sees_half_a_kill_or_half_an_import() {
    let lines: Vec<String> = (0..30).map(|number| format!("c{number} 1")).collect();
    let house = House::with(&lines).await;
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (flags, stop) = (house.flags.clone(), Arc::clone(&stop));
            std::thread::spawn(move || {
                let mut seen = BTreeSet::new();
                while !stop.load(Ordering::Relaxed) {
                    let snapshot = flags.snapshot();
                    let stages: BTreeSet<Stage> = snapshot.iter().map(|flag| flag.stage).collect();
                    assert_eq!(stages.len(), 1, "{stages:?}");
                    seen.extend(stages);
                }
                seen
            })
        })
        .collect();
    let raise =
        |number: usize| format!("[component.c{number}]\nstage = \"canary\"\nshare_percent = 10\n");
    let text: String = (0..30).map(raise).collect();
    let document = Document::parse(&text, Format::Toml).expect("a document");
    for _ in 0..8 {
        let raised = house.flags.import(document.clone(), None, why()).await.expect("raised");
        assert_eq!(raised.len(), 30);
        assert_eq!(house.kill().await.moved.len(), 30);
        for number in 0..30 {
            house.flags.goes(&format!("c{number}"), Move::Release).await.expect("released");
        }
    }
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        let seen = reader.join().expect("never half");
        assert!(seen.is_subset(&[Stage::Shadow, canary(1000)].into()), "{seen:?}");
    }
    assert_history_is_whole(&house.flags);
}

fn a_thousand() -> Vec<String> {
    let name = |number: usize| format!("{}{number:03}", "x".repeat(61));
    // One parent of all, and a chain beside it.
    let line = |number: usize| match number {
        0 | 500 => format!("{} 1", name(number)),
        number if number < 500 => format!("{} 2 {}", name(number), name(0)),
        number => format!("{} 3 {}", name(number), name(number - 1)),
    };
    (0..1000).map(line).collect()
}

/// All of them at a canary, by documents.
async fn raise_all(flags: &Flags) {
    let all = flags.snapshot();
    let part = |flag: &Arc<Flag>| {
        format!("[component.{}]\nstage = \"canary\"\nshare_percent = 1\n", flag.component)
    };
    let text: String = all.iter().map(part).collect();
    let document = Document::parse(&text, Format::Toml).expect("a document");
    assert_eq!(flags.import(document, None, operator("")).await.expect("raised").len(), 1000);
}

fn assert_all_are_back(flags: &Flags, cause: &Cause) {
    for flag in flags.snapshot().iter() {
        assert_eq!(flag.stage, Stage::Shadow, "{}", flag.component);
        let latch = flag.latch.as_ref().expect("a latch");
        assert_eq!((&latch.cause, latch.revision), (cause, flag.revision));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_components_go_back_at_once_and_are_back_after_a_restart() {
    let lines = a_thousand();
    let house = House::with(&lines).await;
    // The second cause is too long for all lines of the log to fit into one batch.
    for note in ["short".to_owned(), "\"".repeat(2000)] {
        raise_all(&house.flags).await;
        let cause = operator(&note).bounded();
        let all = house.flags.roll_back_many(Selection::All, BackTo::Shadow, cause.clone(), lately);
        let swept = all.await.expect("killed");
        assert_eq!((swept.moved.len(), house.flags.unsaved()), (1000, 0));
        assert_eq!(house.store.noted(), None);
        assert_all_are_back(&house.flags, &cause);
        let filter = HistoryFilter { limit: Some(500), ..HistoryFilter::default() };
        let lines = house.flags.history(&filter).expect("a page");
        assert!(lines.iter().all(|line| line.change == lines[0].change));
        // The other half of the lines is as long.
        let rows: Vec<Arc<Flag>> = house.flags.snapshot().iter().cloned().collect();
        let lines = serde_json::to_vec(&lines).expect("json").len();
        let bytes = 2 * lines + serde_json::to_vec(&rows).expect("json").len();
        assert_eq!(bytes > BATCH_BYTES_MAX, note != "short", "{bytes} bytes");
        if note == "short" {
            let ids: Vec<String> =
                swept.moved.iter().map(|moved| moved.component.to_string()).collect();
            for component in ids {
                house.flags.goes(&component, Move::Release).await.expect("released");
            }
        }
    }
    let before = house.flags.snapshot();
    let house = house.restarted(&lines).await;
    for flag in before.iter() {
        assert_eq!(house.flags.snapshot().flag(flag.component.as_str()), Some(flag));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_of_a_thousand_on_a_full_disk_is_acknowledged_and_there_after_a_restart() {
    let lines = a_thousand();
    let house = House::with(&lines).await;
    raise_all(&house.flags).await;
    house.disk.refuse();
    let cause = operator(&"\u{1f600}".repeat(400)).bounded();
    let all = house.flags.roll_back_many(Selection::All, BackTo::Shadow, cause, lately);
    assert_eq!(all.await.expect("noted").moved.len(), 1000);
    assert_eq!(house.flags.unsaved(), 1);
    let noted = house.store.noted().expect("a note");
    assert!(noted.len() < NOTE_BYTES_MAX, "{} bytes", noted.len());
    serde_json::from_slice::<Note>(&noted).expect("readable");
    let house = house.restarted(&lines).await;
    assert_eq!((house.flags.unsaved(), house.store.noted()), (0, None));
    let snapshot = house.flags.snapshot();
    assert!(snapshot.iter().all(|flag| flag.stage == Stage::Shadow && flag.latch.is_some()));
    assert_order_holds(&snapshot);
}

#[tokio::test]
async fn a_kill_on_a_disk_that_takes_nothing_holds_in_memory_and_is_saved_later() {
    let house = House::raised().await;
    house.disk.refuse_everything();
    let all = house.flags.roll_back_many(Selection::All, BackTo::Shadow, why(), lately);
    let outcome = all.await;
    assert!(matches!(outcome, Err(FlagsError::NotDurable { .. })), "{outcome:?}");
    assert_eq!((house.stages(), house.flags.unsaved()), ([Stage::Shadow; 5], 1));
    house.disk.heal();
    house.flags.save().await.expect("saved");
    assert_history_is_whole(&house.flags);
    let house = house.restarted(&TABLE).await;
    assert_eq!(house.stages(), [Stage::Shadow; 5]);
}

#[tokio::test]
async fn a_kill_of_which_half_is_on_the_disk_is_done_by_the_next_start() {
    let house = House::raised().await;
    house.disk.refuse();
    let swept = house.kill().await;
    let killed = house.flags.snapshot();
    let House { dir, disk, store, flags } = house;
    drop((store, flags));
    disk.heal();
    let store = Store::open_with(dir.path(), disk.clone()).expect("a store");
    let row = |at: usize| {
        let component = swept.moved[at].component.as_str();
        Flag::clone(killed.flag(component).expect("a flag"))
    };
    let mut half = Disk::open(&store).expect("a disk");
    let part = Memory::default().lowered(row(1), vec![row(0)], true);
    half.write_lowered(&part).await.expect("written");
    drop(half);
    let flags = open(&store, &TABLE).await;
    let house = House { dir, disk, store, flags };
    assert_eq!(house.stages(), [Stage::Shadow; 5]);
    for flag in killed.iter() {
        assert_eq!(house.flags.snapshot().flag(flag.component.as_str()), Some(flag));
        assert_eq!(flag.latch.as_ref().expect("a latch").rollbacks, 1);
    }
    assert_history_is_whole(&house.flags);
}
