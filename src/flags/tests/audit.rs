//! What is done to the logs behind the table's back, and what the table does by itself.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tempfile::TempDir;

use crate::domain::{Mode, Revision, Rule, TokenType, TokioClock};
use crate::flags::chain::Linked;
use crate::flags::samples::{NOW, assert_history_is_whole, canary, id, operator, seeds, trip};
use crate::flags::{
    Broken, Fault, Flags, FlagsError, HistoryFilter, HistoryRow, LineHash, LogHead, Move,
    MoveRefusal, PolicyPlace, Settings, SettingsPatch, Stage, Unfit, Verdict, verify_export,
    verify_store,
};
use crate::store::{Durability, Expect, FaultSwitch, Row, Store};

const LINES: [&str; 3] = ["parent", "child: parent", "beside"];

/// A row of any table, as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Raw(Value);

impl Row for Raw {
    const FORMAT: u8 = 1;
}

struct House {
    dir: TempDir,
    disk: FaultSwitch,
    store: Store,
    flags: Flags,
}

impl House {
    async fn new() -> Self {
        let (dir, disk) = (TempDir::new().expect("a folder"), FaultSwitch::new());
        let (store, flags) = open(dir.path(), &disk, &LINES).await;
        Self { dir, disk, store, flags }
    }

    /// A table with a story: ten lines in two logs, a rollback with a dependent among them.
    async fn lived_in() -> Self {
        let house = Self::new().await;
        house.flags.climb("parent", canary(1000)).await;
        house.flags.climb("child", canary(500)).await;
        house.flags.to("child", canary(600)).await.expect("raised");
        house.flags.goes("parent", Move::RollBack).await.expect("rolled back");
        house.flags.goes("parent", Move::Release).await.expect("released");
        house.set_policy(Mode::Observe).await;
        house.set_policy(Mode::Off).await;
        house.flags.to("beside", canary(7)).await.expect("raised");
        house
    }

    async fn set_policy(&self, mode: Mode) {
        let modes = [(Rule::Audience, mode)];
        let set = self.flags.set_policy(&place(), &modes, None, operator("why")).await;
        set.expect("set");
    }

    /// A new process after one that did not end in order.
    async fn restarted(self, lines: &[&str]) -> Self {
        let Self { dir, disk, store, flags } = self;
        drop((store, flags));
        let (store, flags) = open(dir.path(), &disk, lines).await;
        Self { dir, disk, store, flags }
    }

    async fn verified(&self) -> Vec<LogHead> {
        match self.flags.verify(&[]).await.expect("a readable disk") {
            Verdict::Verified(heads) => heads,
            Verdict::Broken(broken) => panic!("{broken}"),
        }
    }

    async fn broken(&self) -> Broken {
        match self.flags.verify(&[]).await.expect("a readable disk") {
            Verdict::Broken(broken) => broken,
            Verdict::Verified(heads) => panic!("nothing found: {heads:?}"),
        }
    }

    /// The keys of a table, in order.
    fn keys(&self, table: &'static str) -> Vec<String> {
        let rows = self.store.table::<Raw>(table).scan("");
        rows.map(|row| row.expect("a row").0).collect()
    }

    fn row(&self, table: &'static str, key: &str) -> Value {
        self.store.table::<Raw>(table).get(key).expect("readable").expect("a row").value.0
    }

    async fn write(&self, table: &'static str, key: &str, row: Value, revision: u64) {
        let mut batch = self.store.batch();
        let table = self.store.table::<Raw>(table);
        batch.put(&table, key, &Raw(row), Expect::Anything, Some(revision)).expect("put");
        batch.commit(Durability::Durable).await.expect("written");
    }

    /// Changes a row, and leaves its revision as it is.
    async fn forge(&self, table: &'static str, key: &str, change: impl FnOnce(&mut Value)) {
        let stored = self.store.table::<Raw>(table).get(key).expect("readable").expect("a row");
        let (mut row, revision) = (stored.value.0, stored.revision);
        change(&mut row);
        self.write(table, key, row, revision).await;
    }

    async fn remove(&self, table: &'static str, key: &str) {
        let table = self.store.table::<Raw>(table);
        table.remove(key, Expect::Anything, Durability::Durable).await.expect("removed");
    }

    /// Takes the links off all lines and removes the heads: what the version before has left.
    async fn before_the_chain(&self) {
        for log in ["history", "policy_history"] {
            for key in self.keys(log) {
                self.forge(log, &key, unlink).await;
            }
        }
        for key in self.keys("log_heads") {
            self.remove("log_heads", &key).await;
        }
    }
}

async fn open(dir: &Path, disk: &FaultSwitch, lines: &[&str]) -> (Store, Flags) {
    let store = Store::open_with(dir, disk.clone()).expect("a store");
    let clock = Arc::new(TokioClock::starting_at(NOW));
    let settings = Settings { cool_down: Duration::ZERO, ..Settings::default() };
    let flags = Flags::open(&store, seeds(lines), settings, clock).await.expect("flags");
    (store, flags)
}

fn place() -> PolicyPlace {
    PolicyPlace::named("own", TokenType::Access)
}

fn unlink(line: &mut Value) {
    line.as_object_mut().expect("an object").retain(|name, _| name != "prev" && name != "hash");
}

fn renote(line: &mut Value) {
    line["cause"]["note"] = "nobody did this".into();
}

/// Gives a changed line the hash that it should have behind its `prev`.
fn seal(line: &mut Value) {
    let prev = line["prev"].as_str().and_then(LineHash::parse).expect("a hash");
    unlink(line);
    let plain: HistoryRow = serde_json::from_value(line.clone()).expect("a line");
    *line = serde_json::to_value(Linked::after(prev, plain).expect("a line")).expect("json");
}

fn is_unfit(broken: &Broken, unfit: Unfit) -> bool {
    broken.fault == Fault::Unfit(unfit)
}

#[tokio::test]
async fn an_untouched_table_is_verified_and_says_where_its_logs_end() {
    let house = House::lived_in().await;
    let heads = house.verified().await;
    let told: Vec<_> = heads.iter().map(|head| (head.log.as_str(), head.lines)).collect();
    assert_eq!(told, [("history", 10), ("policy_history/own/access", 2)]);
    let last = house.flags.history(&HistoryFilter::default()).expect("a page").remove(0);
    assert_eq!(
        (heads[0].last, Some(heads[0].hash)),
        (last.revision, last.link().map(|link| link.hash))
    );
    let kept: Vec<LineHash> = heads.iter().map(|head| head.hash).collect();
    let house = house.restarted(&LINES).await;
    house.flags.to("beside", canary(8)).await.expect("raised");
    let verdict = house.flags.verify(&kept).await.expect("readable");
    assert!(matches!(verdict, Verdict::Verified(_)), "older heads are in it still: {verdict:?}");
    let offline = verify_store(&house.store, &kept).expect("readable");
    assert_eq!(offline, verdict, "the same without the room");
}

#[tokio::test]
async fn a_changed_line_is_found_even_with_a_fitting_hash_of_its_own() {
    let house = House::lived_in().await;
    let keys = house.keys("history");
    house.forge("history", &keys[4], renote).await;
    let broken = house.broken().await;
    assert!(is_unfit(&broken, Unfit::Altered), "{broken}");
    assert_eq!(broken.revision, Some(Revision(keys[4].parse().expect("a revision"))));
    house.forge("history", &keys[4], seal).await;
    let broken = house.broken().await;
    assert!(is_unfit(&broken, Unfit::DoesNotFollow), "{broken}");
    assert_eq!(broken.revision, Some(Revision(keys[5].parse().expect("a revision"))));
}

#[tokio::test]
async fn a_change_of_the_last_line_with_a_fitting_hash_is_found_by_the_head() {
    let house = House::lived_in().await;
    let last = house.keys("history").pop().expect("a line");
    house
        .forge("history", &last, |line| {
            renote(line);
            seal(line);
        })
        .await;
    let broken = house.broken().await;
    assert!(matches!(broken.fault, Fault::HeadDiffers { .. }), "{broken}");
}

#[tokio::test]
async fn a_removed_line_is_found_wherever_it_stood() {
    for at in 0..10 {
        let house = House::lived_in().await;
        let keys = house.keys("history");
        house.remove("history", &keys[at]).await;
        let broken = house.broken().await;
        if at == 9 {
            assert!(matches!(broken.fault, Fault::HeadDiffers { expected: 10, found: 9, .. }));
        } else {
            assert!(is_unfit(&broken, Unfit::DoesNotFollow), "{at}: {broken}");
        }
    }
    let house = House::lived_in().await;
    for key in house.keys("history") {
        house.remove("history", &key).await;
    }
    let broken = house.broken().await;
    assert!(matches!(broken.fault, Fault::HeadDiffers { found: 0, .. }), "{broken}");
}

#[tokio::test]
async fn lines_that_changed_places_are_found() {
    let house = House::lived_in().await;
    let keys = house.keys("history");
    let (one, other) = (house.row("history", &keys[3]), house.row("history", &keys[4]));
    house.forge("history", &keys[3], |line| *line = other).await;
    house.forge("history", &keys[4], |line| *line = one).await;
    let broken = house.broken().await;
    assert_eq!(broken.fault, Fault::Misplaced(keys[3].clone()));
}

#[tokio::test]
async fn a_line_that_was_put_in_is_found_in_the_middle_and_at_the_end() {
    let house = House::lived_in().await;
    let keys = house.keys("history");
    let free = house.store.take_revision().expect("a revision");
    let made_up = |after: &str| {
        let mut line = house.row("history", after);
        line["prev"] = line["hash"].clone();
        line
    };
    let mut last = made_up(&keys[9]);
    last["before"] = last["after"].clone();
    last["revision"] = free.into();
    seal(&mut last);
    house.write("history", &format!("{free:020}"), last, free).await;
    let broken = house.broken().await;
    assert!(matches!(broken.fault, Fault::HeadDiffers { expected: 10, found: 11, .. }));
    house.remove("history", &format!("{free:020}")).await;
    house.verified().await;
    // Revisions between two lines: those of the policies.
    let between = keys[9].parse::<u64>().expect("a revision") - 1;
    let mut middle = made_up(&keys[8]);
    middle["before"] = middle["after"].clone();
    middle["revision"] = between.into();
    seal(&mut middle);
    house.write("history", &format!("{between:020}"), middle, between).await;
    let broken = house.broken().await;
    assert!(is_unfit(&broken, Unfit::DoesNotFollow), "{broken}");
}

#[tokio::test]
async fn taking_the_links_off_is_found_as_long_as_the_head_is_there() {
    let house = House::lived_in().await;
    let keys = house.keys("history");
    house.forge("history", &keys[0], unlink).await;
    let broken = house.broken().await;
    assert!(is_unfit(&broken, Unfit::NotLinked), "{broken}");
    let house = House::lived_in().await;
    house.remove("log_heads", "history").await;
    assert_eq!(house.broken().await.fault, Fault::HeadMissing);
}

#[tokio::test]
async fn a_head_that_was_turned_back_is_found_by_the_table_and_with_the_table_by_an_anchor() {
    let house = House::lived_in().await;
    let heads = house.verified().await;
    let keys = house.keys("history");
    let last = house.row("history", &keys[9]);
    house.remove("history", &keys[9]).await;
    let (hash, at) = (last["prev"].clone(), keys[8].parse::<u64>().expect("a revision"));
    house
        .forge("log_heads", "history", |head| {
            head["hash"] = hash;
            head["lines"] = 9.into();
            head["last"] = at.into();
        })
        .await;
    assert_eq!(house.broken().await.fault, Fault::RowDiffers("beside".to_owned()));
    house.forge("flags", "beside", |row| *row = last["before"].clone()).await;
    house.verified().await;
    let kept = [heads[0].hash];
    let verdict = house.flags.verify(&kept).await.expect("readable");
    let Verdict::Broken(broken) = verdict else { panic!("nothing found") };
    assert_eq!(broken.fault, Fault::AnchorMissing(heads[0].hash));
}

#[tokio::test]
async fn the_table_cannot_be_changed_without_a_line() {
    let house = House::lived_in().await;
    house.forge("flags", "beside", |row| row["deadline_ms"] = 60_000.into()).await;
    assert_eq!(house.broken().await.fault, Fault::RowDiffers("beside".to_owned()));
    let house = House::lived_in().await;
    house.remove("flags", "beside").await;
    assert_eq!(house.broken().await.fault, Fault::RowMissing("beside".to_owned()));
    let house = House::lived_in().await;
    let mut row = house.row("flags", "beside");
    row["component"] = "another".into();
    house.write("flags", "another", row, 1).await;
    assert_eq!(house.broken().await.fault, Fault::RowWithoutLine("another".to_owned()));
}

#[tokio::test]
async fn a_line_that_tells_another_story_of_before_is_found_although_it_was_linked_in_order() {
    let house = House::lived_in().await;
    let keys = house.keys("history");
    let last = keys[9].clone();
    // As whoever has the program could write it: line, head and all.
    let mut line = house.row("history", &last);
    line["before"]["deadline_ms"] = 77.into();
    seal(&mut line);
    let hash = line["hash"].clone();
    house.forge("history", &last, |row| *row = line).await;
    house.forge("log_heads", "history", |head| head["hash"] = hash).await;
    assert_eq!(house.broken().await.fault, Fault::BeforeDiffers("beside".to_owned()));
}

#[tokio::test]
async fn a_line_that_cannot_be_read_is_named() {
    let house = House::lived_in().await;
    let key = house.keys("history").remove(2);
    house.forge("history", &key, |line| line["after"] = Value::Null).await;
    let broken = house.broken().await;
    assert!(broken.to_string().contains(&key), "{broken}");
    assert!(matches!(broken.fault, Fault::Unreadable(_)));
}

#[tokio::test]
async fn the_log_of_the_policies_is_held_together_the_same_way() {
    let house = House::lived_in().await;
    let keys = house.keys("policy_history");
    house.forge("policy_history", &keys[0], renote).await;
    let broken = house.broken().await;
    assert!(is_unfit(&broken, Unfit::Altered), "{broken}");
    assert_eq!(broken.log, "policy_history/own/access");
    let house = House::lived_in().await;
    house.remove("policy_history", &keys[1]).await;
    assert!(matches!(house.broken().await.fault, Fault::HeadDiffers { .. }));
    let house = House::lived_in().await;
    let previous = house.row("policies", "own/access")["policy"].clone();
    house.forge("policies", "own/access", |row| row["previous"] = previous).await;
    assert_eq!(house.broken().await.fault, Fault::RowDiffers("own/access".to_owned()));
}

#[tokio::test]
async fn a_log_of_the_version_before_reads_and_its_lines_stand_before_the_chain() {
    let house = House::lived_in().await;
    house.before_the_chain().await;
    let house = house.restarted(&LINES).await;
    assert_eq!(house.flags.history(&HistoryFilter::default()).expect("a page").len(), 10);
    let heads = house.verified().await;
    assert_eq!((heads[0].older, heads[0].lines), (10, 0));
    house.flags.to("beside", canary(8)).await.expect("raised");
    house.set_policy(Mode::Enforce).await;
    let house = house.restarted(&LINES).await;
    house.flags.to("beside", canary(9)).await.expect("raised");
    let heads = house.verified().await;
    assert_eq!((heads[0].older, heads[0].lines), (10, 2));
    assert_eq!((heads[1].older, heads[1].lines), (2, 1));

    let keys = house.keys("history");
    let old = house.row("history", &keys[2]);
    house.forge("history", &keys[2], renote).await;
    let broken = house.broken().await;
    assert!(is_unfit(&broken, Unfit::DoesNotFollow), "found where the chain begins: {broken}");
    house.forge("history", &keys[2], |line| *line = old).await;
    house.verified().await;
    house.forge("history", &keys[11], unlink).await;
    let broken = house.broken().await;
    assert!(is_unfit(&broken, Unfit::NotLinked), "no line may join the old ones: {broken}");
}

#[tokio::test]
async fn rows_that_the_disk_refused_get_the_same_links_when_they_are_tried_again() {
    let house = House::lived_in().await;
    house.disk.refuse();
    house.flags.goes("beside", Move::RollBack).await.expect("noted");
    house.flags.goes("parent", Move::RollBack).await.expect("noted");
    assert!(house.flags.to("beside", canary(70)).await.is_err());
    house.verified().await;
    for _ in 0..3 {
        assert!(house.flags.save().await.is_err());
    }
    house.disk.heal();
    house.flags.save().await.expect("saved");
    assert_eq!(house.verified().await[0].lines, 13);
    assert_history_is_whole(&house.flags);
}

#[tokio::test]
async fn a_note_that_is_replayed_beside_new_seeds_keeps_the_log_in_order() {
    let house = House::lived_in().await;
    house.disk.refuse();
    house.flags.goes("beside", Move::RollBack).await.expect("noted");
    house.disk.heal();
    let house = house.restarted(&["parent", "child: parent", "beside", "fresh"]).await;
    assert_eq!((house.flags.stage("beside"), house.flags.unsaved()), (Stage::Shadow, 0));
    assert_eq!(house.verified().await[0].lines, 12);
    assert_history_is_whole(&house.flags);
}

#[tokio::test]
async fn rollbacks_of_policies_that_were_lost_on_a_refusing_disk_leave_a_whole_chain() {
    let house = House::lived_in().await;
    house.disk.refuse();
    for _ in 0..70 {
        let back = house.flags.roll_back_policy(&place(), None, operator("back")).await;
        assert!(matches!(back, Err(FlagsError::PolicyNotDurable { .. })), "{back:?}");
    }
    house.disk.heal();
    house.flags.save().await.expect("saved");
    assert_eq!(house.verified().await[1].lines, 66);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_verified_while_it_changes() {
    let house = House::lived_in().await;
    let writer = {
        let flags = house.flags.clone();
        tokio::spawn(async move {
            for points in 100..200 {
                flags.to("beside", canary(points)).await.expect("raised");
                if points % 10 == 0 {
                    flags.goes("parent", Move::Hold).await.expect("held");
                    flags.goes("parent", Move::Release).await.expect("released");
                }
            }
        })
    };
    let mut lines = 0;
    while !writer.is_finished() {
        let heads = house.verified().await;
        assert!(heads[0].lines >= lines);
        lines = heads[0].lines;
    }
    writer.await.expect("no panic");
    assert_eq!(house.verified().await[0].lines, 130);
}

fn exported(flags: &Flags, filter: &HistoryFilter) -> String {
    let (mut text, mut after) = (String::new(), Some(Revision(0)));
    while let Some(from) = after {
        let part = flags.history_part(filter, from).expect("a part");
        for line in &part.lines {
            text += &serde_json::to_string(line).expect("json");
            text.push('\n');
        }
        after = part.next;
    }
    text
}

fn judged(export: &str, is_filtered: bool, heads: &[LineHash]) -> Result<LogHead, Fault> {
    match verify_export(Cursor::new(export), is_filtered, heads).expect("readable") {
        Verdict::Verified(mut heads) => Ok(heads.remove(0)),
        Verdict::Broken(broken) => Err(broken.fault),
    }
}

#[tokio::test]
async fn an_export_is_verified_by_itself() {
    let house = House::lived_in().await;
    let export = exported(&house.flags, &HistoryFilter::default());
    let head = house.verified().await.remove(0);
    assert_eq!(judged(&export, false, &[head.hash]).as_ref(), Ok(&head));
    let lines: Vec<&str> = export.split_inclusive('\n').collect();
    let without = |at: usize| [&lines[..at], &lines[at + 1..]].concat().concat();
    for at in 0..9 {
        assert_eq!(judged(&without(at), false, &[]), Err(Unfit::DoesNotFollow.into()), "{at}");
    }
    assert!(judged(&without(9), false, &[]).is_ok(), "a cut tail is an older export");
    assert_eq!(judged(&without(9), false, &[head.hash]), Err(Fault::AnchorMissing(head.hash)));
    let forged = export.replacen("\"share\":500", "\"share\":501", 1);
    assert_eq!(judged(&forged, true, &[]), Err(Unfit::Altered.into()));
    assert!(judged("[]\n", false, &[]).is_err());

    let filter = HistoryFilter { component: Some(id("parent")), ..HistoryFilter::default() };
    let part = exported(&house.flags, &filter);
    assert_eq!(judged(&part, true, &[]).expect("fine").lines, 4);
    assert_eq!(judged(&part, false, &[]), Err(Unfit::DoesNotFollow.into()));
}

#[tokio::test]
async fn an_export_of_older_lines_is_verified_too() {
    let house = House::lived_in().await;
    house.before_the_chain().await;
    let house = house.restarted(&LINES).await;
    house.flags.to("beside", canary(8)).await.expect("raised");
    let export = exported(&house.flags, &HistoryFilter::default());
    let head = house.verified().await.remove(0);
    assert_eq!(judged(&export, false, &[]), Ok(head));
}

#[tokio::test]
async fn a_restore_is_one_line_that_says_of_which_revision_and_an_undo_of_it_takes_it_back() {
    let house = House::new().await;
    let flags = &house.flags;
    let beside = id("beside");
    let first = flags.to("beside", canary(100)).await.expect("raised").flag;
    let patch = SettingsPatch { deadline_ms: Some(70), ..SettingsPatch::default() };
    flags.goes("beside", Move::Settings(patch)).await.expect("set");
    flags.to("beside", canary(300)).await.expect("raised");
    let lines = house.verified().await[0].lines;
    let step = Move::Restore(first.revision);
    let applied = flags.apply(&beside, step, None, operator("too fast")).await.expect("restored");
    assert_eq!((applied.flag.stage, applied.flag.deadline_ms), (canary(100), first.deadline_ms));
    assert_eq!(house.verified().await[0].lines, lines + 1);
    let note = format!("restores revision {}: too fast", first.revision);
    assert_eq!(applied.flag.cause, operator(&note));
    let again = flags.goes("beside", Move::Restore(first.revision)).await;
    assert_eq!(again, Err(MoveRefusal::NothingToChange.into()));
    let before = flags.revision_before(&applied.flag).expect("a revision");
    let undone = flags.goes("beside", Move::Restore(before)).await.expect("undone").flag;
    assert_eq!((undone.stage, undone.deadline_ms), (canary(300), 70));
    let parent = flags.history_line(&id("parent"), before);
    assert!(matches!(parent, Err(FlagsError::UnknownLine { .. })), "another's line");
    let seed = flags.snapshot().flag("parent").expect("a flag").clone();
    assert_eq!(flags.revision_before(&seed), Err(MoveRefusal::NothingToUndo.into()));
    let house = house.restarted(&LINES).await;
    assert_eq!(house.flags.snapshot().flag("beside"), Some(&undone));
}

#[tokio::test]
async fn a_restore_that_the_disk_refuses_leaves_nothing_behind_even_where_it_lowers() {
    let house = House::new().await;
    let patch = SettingsPatch { deadline_ms: Some(70), ..SettingsPatch::default() };
    let slow = house.flags.goes("beside", Move::Settings(patch)).await.expect("set").flag;
    let patch = SettingsPatch { deadline_ms: Some(90), ..SettingsPatch::default() };
    house.flags.goes("beside", Move::Settings(patch)).await.expect("set");
    house.flags.to("beside", canary(100)).await.expect("raised");
    let before = house.flags.snapshot();
    house.disk.refuse();
    let outcome = house.flags.goes("beside", Move::Restore(slow.revision)).await;
    assert!(matches!(outcome, Err(FlagsError::Store(_))), "{outcome:?}");
    assert_eq!(house.flags.snapshot().flag("beside"), before.flag("beside"));
    assert_eq!(house.flags.unsaved(), 0);
    house.disk.heal();
    house.flags.goes("beside", Move::Restore(slow.revision)).await.expect("restored");
    house.verified().await;
}

/// One step of a random story.
#[derive(Clone, Debug)]
enum Step {
    Move(usize, Move),
    /// Restores what a component was, so many changes ago.
    Restore(usize, usize),
    Policy(Option<Mode>),
    Disk(bool),
    /// Whether another seed has come meanwhile.
    Restart(bool),
}

fn any_step() -> impl Strategy<Value = Step> {
    let change = prop_oneof![
        4 => (1u16..=10_000).prop_map(|points| Move::To(canary(points))),
        1 => Just(Move::To(Stage::Shadow)),
        2 => Just(Move::To(Stage::Live)),
        2 => Just(Move::RollBack),
        1 => Just(Move::Hold),
        3 => Just(Move::Release),
        1 => (50u32..60).prop_map(|ms| Move::Settings(SettingsPatch {
            deadline_ms: Some(ms),
            ..SettingsPatch::default()
        })),
    ];
    let mode = prop_oneof![Just(None), Just(Some(Mode::Off)), Just(Some(Mode::Observe))];
    prop_oneof![
        12 => (0usize..3, change).prop_map(|(component, change)| Step::Move(component, change)),
        2 => (0usize..3, 0usize..6).prop_map(|(component, ago)| Step::Restore(component, ago)),
        2 => mode.prop_map(Step::Policy),
        3 => any::<bool>().prop_map(Step::Disk),
        1 => any::<bool>().prop_map(Step::Restart),
    ]
}

impl House {
    async fn take(self, step: Step, lines: &mut Vec<String>) -> Self {
        // Whether it is refused does not matter here.
        match step {
            Step::Move(component, Move::RollBack) => {
                let component = id(["parent", "child", "beside"][component]);
                drop(self.flags.apply(&component, Move::RollBack, None, trip()).await);
            }
            Step::Move(component, change) => {
                drop(self.flags.goes(["parent", "child", "beside"][component], change).await);
            }
            Step::Restore(component, ago) => {
                let component = ["parent", "child", "beside"][component];
                let filter =
                    HistoryFilter { component: Some(id(component)), ..HistoryFilter::default() };
                let page = self.flags.history(&filter).expect("a page");
                let line = page.get(ago.min(page.len() - 1)).expect("a line");
                drop(self.flags.goes(component, Move::Restore(line.revision)).await);
            }
            Step::Policy(Some(mode)) => {
                let modes = [(Rule::Audience, mode)];
                drop(self.flags.set_policy(&place(), &modes, None, operator("why")).await);
            }
            Step::Policy(None) => {
                drop(self.flags.roll_back_policy(&place(), None, operator("back")).await);
            }
            Step::Disk(true) => self.disk.heal(),
            Step::Disk(false) => self.disk.refuse(),
            Step::Restart(with_seed) => {
                // Seeds need a disk that takes them.
                if with_seed {
                    self.disk.heal();
                    lines.push(format!("fresh-{}", lines.len()));
                }
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                return self.restarted(&lines).await;
            }
        }
        self
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_story_of_moves_refusing_disks_and_restarts_breaks_a_log(
        story in proptest::collection::vec(any_step(), 1..50),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut house = House::new().await;
            let mut lines: Vec<String> = LINES.iter().map(|line| (*line).to_owned()).collect();
            let mut kept = Vec::new();
            for step in story {
                house = house.take(step, &mut lines).await;
                let verdict = house.flags.verify(&kept).await.expect("readable");
                let Verdict::Verified(heads) = verdict else { panic!("{verdict:?}") };
                kept.extend(heads.iter().map(|head| head.hash));
                kept.dedup();
            }
            house.disk.heal();
            let house = house.restarted(&LINES).await;
            assert_eq!(house.flags.unsaved(), 0);
            house.verified().await;
            assert_history_is_whole(&house.flags);
        });
    }
}
