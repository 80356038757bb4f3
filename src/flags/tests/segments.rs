//! Segments: kept, refused, overtaken, seeded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::domain::{Revision, SegmentId, Subject, TokioClock};
use crate::flags::samples::{NOW, assert_history_is_whole, canary, id, operator, seeds};
use crate::flags::{
    Cause, Facts, Flags, FlagsError, HistoryFilter, Move, SEGMENTS_MAX, Seed, SeedFault, Seeds,
    Segment, SegmentChange, SegmentDraft, Serve, Settings, SettingsPatch, Stage, Target,
};
use crate::store::{FaultSwitch, Store, StoreError};

fn name(text: &str) -> SegmentId {
    SegmentId::parse(text).expect("a name")
}

fn of_subjects(segment: &str, subjects: &[&str]) -> SegmentDraft {
    SegmentDraft {
        name: name(segment),
        description: "who is let in first".to_owned(),
        subjects: subjects.iter().map(|subject| (*subject).to_owned()).collect(),
        tenants: BTreeSet::new(),
        scopes: BTreeSet::new(),
        headers: BTreeMap::new(),
    }
}

async fn open(store: &Store, seeds: Seeds) -> Result<Flags, FlagsError> {
    let settings = Settings { cool_down: Duration::ZERO, ..Settings::default() };
    Flags::open(store, seeds, settings, Arc::new(TokioClock::starting_at(NOW))).await
}

struct House {
    dir: TempDir,
    disk: FaultSwitch,
    store: Store,
    flags: Flags,
}

impl House {
    async fn new() -> Self {
        let dir = TempDir::new().expect("a folder");
        let disk = FaultSwitch::new();
        let store = Store::open_with(dir.path(), disk.clone()).expect("a store");
        let flags = open(&store, seeds(&["base", "beside"])).await.expect("flags");
        Self { dir, disk, store, flags }
    }

    async fn restarted(self) -> (TempDir, Flags) {
        let Self { dir, disk, store, flags } = self;
        disk.heal();
        drop((store, flags));
        let store = Store::open(dir.path()).expect("a store");
        let flags = open(&store, seeds(&["base", "beside"])).await.expect("flags");
        (dir, flags)
    }

    async fn put(
        &self,
        draft: SegmentDraft,
        expected: Option<Revision>,
    ) -> Result<Arc<Segment>, FlagsError> {
        self.flags.put_segment(draft, expected, operator("test")).await
    }

    async fn aim(&self, component: &str, targets: &[(&str, Serve)]) -> Result<(), FlagsError> {
        let target =
            |(segment, serve): &(&str, Serve)| Target { segment: name(segment), serve: *serve };
        let targets = Some(targets.iter().map(target).collect());
        let patch = SettingsPatch { targets, ..SettingsPatch::default() };
        self.flags.goes(component, Move::Settings(patch)).await.map(drop)
    }

    fn serves(&self, subject: &str) -> Serve {
        let snapshot = self.flags.snapshot();
        let flag = snapshot.flag("base").expect("a flag");
        snapshot.evaluate(flag, &Facts::of_subject(subject)).serve
    }

    fn history(&self, segment: &str) -> Vec<SegmentChange> {
        self.flags.segment_history(&name(segment), &HistoryFilter::default()).expect("a page")
    }
}

#[tokio::test]
async fn a_change_is_in_the_next_snapshot_and_in_the_log_and_outlives_a_restart() {
    let house = House::new().await;
    let before = house.flags.snapshot();
    let made = house.put(of_subjects("staff", &["alice"]), None).await.expect("made");
    assert!(before.segment("staff").is_none(), "a question keeps what it took");
    let changed = of_subjects("staff", &["alice", "bob"]);
    let changed = house.put(changed, Some(made.revision)).await.expect("changed");
    assert!(changed.revision > made.revision);
    assert_eq!(house.flags.snapshot().segment("staff"), Some(&changed));
    assert_eq!(house.flags.snapshot().revision(), changed.revision);
    house
        .flags
        .remove_segment(&name("staff"), changed.revision, operator("over"))
        .await
        .expect("removed");
    let lines = house.history("staff");
    let states: Vec<_> =
        lines.iter().map(|line| (line.before.clone(), line.after.clone())).collect();
    let (made, changed) = (Segment::clone(&made), Segment::clone(&changed));
    let expected =
        [(Some(changed.clone()), None), (Some(made.clone()), Some(changed)), (None, Some(made))];
    assert_eq!(states, expected);
    let again = house.put(of_subjects("staff", &["carol"]), None).await.expect("made again");
    assert!(again.revision > lines[0].revision);
    let (_dir, flags) = house.restarted().await;
    assert_eq!(flags.snapshot().segment("staff"), Some(&again));
    assert_eq!(flags.snapshot().revision(), again.revision);
}

#[tokio::test]
async fn whoever_watches_wakes_and_a_target_follows_its_segment() {
    let house = House::new().await;
    let made = house.put(of_subjects("staff", &["alice"]), None).await.expect("made");
    house.aim("base", &[("staff", Serve::Ssot)]).await.expect("aimed");
    house.flags.to("base", Stage::Canary(crate::domain::Share::NONE)).await.expect("staff first");
    assert_eq!((house.serves("alice"), house.serves("bob")), (Serve::Ssot, Serve::Shadow));
    let mut watch = house.flags.watch();
    watch.mark_unchanged();
    let changed = of_subjects("staff", &["bob"]);
    let changed = house.put(changed, Some(made.revision)).await.expect("changed");
    assert!(watch.has_changed().expect("a sender"));
    assert_eq!(*watch.borrow(), changed.revision);
    assert_eq!((house.serves("alice"), house.serves("bob")), (Serve::Shadow, Serve::Ssot));
}

#[tokio::test]
async fn of_two_who_read_the_same_revision_the_second_is_told_the_new_one() {
    let house = House::new().await;
    let made = house.put(of_subjects("staff", &["alice"]), None).await.expect("made");
    let exists = FlagsError::SegmentExists { name: name("staff"), current: made.revision };
    assert_eq!(house.put(of_subjects("staff", &["bob"]), None).await, Err(exists));
    let first =
        house.put(of_subjects("staff", &["bob"]), Some(made.revision)).await.expect("first");
    let faster = || FlagsError::SegmentConflict { name: name("staff"), current: first.revision };
    let second = house.put(of_subjects("staff", &["carol"]), Some(made.revision)).await;
    assert_eq!(second, Err(faster()));
    let removal = house.flags.remove_segment(&name("staff"), made.revision, operator("")).await;
    assert_eq!(removal, Err(faster()));
    let nobody = house.put(of_subjects("none", &["bob"]), Some(made.revision)).await;
    assert_eq!(nobody, Err(FlagsError::UnknownSegment(name("none"))));
    let removal = house.flags.remove_segment(&name("none"), made.revision, operator("")).await;
    assert_eq!(removal, Err(FlagsError::UnknownSegment(name("none"))));
    let again = house.put(of_subjects("staff", &["bob"]), Some(first.revision)).await;
    assert_eq!(again, Ok(first), "the same again is no change");
    assert_eq!(house.history("staff").len(), 2);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_its_place() {
    let house = House::new().await;
    let texts =
        |all: &[&str]| -> BTreeSet<String> { all.iter().map(|text| (*text).to_owned()).collect() };
    let header = |name: &str, values: &[&str]| SegmentDraft {
        headers: BTreeMap::from([(name.to_owned(), texts(values))]),
        ..of_subjects("x", &["alice"])
    };
    let many: BTreeSet<String> = (0..501).map(|n| n.to_string()).collect();
    let drafts = [
        ("subjects", of_subjects("x", &[])),
        ("subjects", of_subjects("x", &[""])),
        ("subjects", of_subjects("x", &["a\nb"])),
        ("subjects", of_subjects("x", &["x".repeat(Subject::MAX + 1).as_str()])),
        ("subjects", SegmentDraft { subjects: many, ..of_subjects("x", &[]) }),
        ("tenants", SegmentDraft { tenants: texts(&[""]), ..of_subjects("x", &["a"]) }),
        ("scopes", SegmentDraft { scopes: texts(&["\u{7f}"]), ..of_subjects("x", &["a"]) }),
        ("headers", header("X-Region", &["eu1"])),
        ("headers", header("x-region", &[])),
        ("headers", header("x-region", &[""])),
        ("headers", header("cookie", &["a"])),
        ("headers", header("authorization", &["a"])),
        ("description", SegmentDraft { description: "x".repeat(501), ..of_subjects("x", &["a"]) }),
    ];
    for (field, draft) in drafts {
        let outcome = house.put(draft, None).await;
        let Err(FlagsError::SegmentFaulty(fault)) = outcome else { panic!("{field}: {outcome:?}") };
        assert_eq!(fault.field, field, "{fault}");
    }
    assert!(house.flags.snapshot().segments().is_empty());
}

#[tokio::test]
async fn the_largest_segment_fits_into_the_log_with_what_it_was_before() {
    let house = House::new().await;
    // Each of these takes two bytes of JSON: as much as a segment of any size can take.
    let worst = |from: usize| SegmentDraft {
        subjects: (from..from + 99).map(|n| format!("{n:0>3}{}", "\"".repeat(95))).collect(),
        description: "\"".repeat(500),
        ..of_subjects("staff", &[])
    };
    let loud = || Cause::TwoPeople {
        asked_by: "\\".repeat(2000),
        approved_by: "\\".repeat(2000),
        note: "\\".repeat(2000),
    };
    let put = |draft, expected| house.flags.put_segment(draft, expected, loud());
    let made = put(worst(0), None).await.expect("made");
    let changed = put(worst(500), Some(made.revision)).await.expect("changed");
    assert_eq!(house.history("staff")[0].after.as_ref(), Some(&*changed));
    let longer = SegmentDraft { scopes: BTreeSet::from(["\"".repeat(300)]), ..worst(0) };
    let outcome = put(longer, Some(changed.revision)).await;
    assert!(matches!(outcome, Err(FlagsError::SegmentFaulty(_))), "one list more, and too large");
}

#[tokio::test]
async fn a_segment_stays_while_a_flag_targets_it() {
    let house = House::new().await;
    let made = house.put(of_subjects("staff", &["alice"]), None).await.expect("made");
    house.aim("base", &[("staff", Serve::Ssot)]).await.expect("aimed");
    let remove = || house.flags.remove_segment(&made.name, made.revision, operator(""));
    let component = id("base");
    let targeted = FlagsError::SegmentTargeted { name: name("staff"), component };
    assert_eq!(remove().await, Err(targeted));
    house.aim("base", &[]).await.expect("no target any more");
    assert_eq!(remove().await, Ok(()));
    let outcome = house.aim("base", &[("staff", Serve::Ssot)]).await;
    assert_eq!(outcome, Err(FlagsError::UnknownSegment(name("staff"))));
}

#[tokio::test]
async fn nobody_changes_whom_a_held_component_serves() {
    let house = House::new().await;
    let made = house.put(of_subjects("staff", &["alice"]), None).await.expect("made");
    house.aim("base", &[("staff", Serve::Ssot)]).await.expect("aimed");
    house.flags.goes("base", Move::Hold).await.expect("held in shadow");
    let changed = house.put(of_subjects("staff", &["bob"]), Some(made.revision)).await;
    let revision = changed.expect("ssot serves nobody there").revision;
    house.flags.goes("base", Move::Release).await.expect("released");
    house.flags.to("base", canary(100)).await.expect("canary");
    house.flags.goes("base", Move::Hold).await.expect("held");
    let outcome = house.put(of_subjects("staff", &["carol"]), Some(revision)).await;
    let Err(FlagsError::SegmentHeld { component, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(component, id("base"));
    assert_eq!((house.serves("bob"), house.serves("carol")), (Serve::Ssot, Serve::Shadow));
    house.put(of_subjects("other", &["carol"]), None).await.expect("nobody targets it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_overtakes_a_segment_that_waits_for_the_disk() {
    let house = House::new().await;
    house.flags.climb("base", canary(1000)).await;
    let held = house.disk.hold();
    let flags = house.flags.clone();
    let put = tokio::spawn(async move {
        flags.put_segment(of_subjects("staff", &["alice"]), None, operator("test")).await
    });
    house.disk.wait_until_stalled();
    assert!(house.flags.snapshot().segment("staff").is_none(), "not before the disk has it");
    let mut published = house.flags.watch();
    let flags = house.flags.clone();
    let rollback = tokio::spawn(async move {
        flags.apply(&id("base"), Move::RollBack, None, operator("test")).await
    });
    published.changed().await.expect("a change");
    assert_eq!(house.flags.stage("base"), Stage::Shadow, "published while the disk stalls");
    drop(held);
    let made = put.await.expect("no panic").expect("made");
    rollback.await.expect("no panic").expect("kept");
    assert_eq!(house.flags.stage("base"), Stage::Shadow);
    assert_eq!(house.flags.snapshot().segment("staff"), Some(&made));
    assert_history_is_whole(&house.flags);
    let (_dir, flags) = house.restarted().await;
    assert_eq!(
        (flags.stage("base"), flags.snapshot().segment("staff")),
        (Stage::Shadow, Some(&made))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_is_not_taken_from_under_a_target_that_waits_for_the_disk() {
    let house = House::new().await;
    let made = house.put(of_subjects("staff", &["alice"]), None).await.expect("made");
    let held = house.disk.hold();
    let targets = Some(vec![Target { segment: name("staff"), serve: Serve::Ssot }]);
    let patch = SettingsPatch { targets, ..SettingsPatch::default() };
    let flags = house.flags.clone();
    let aim = tokio::spawn(async move { flags.goes("base", Move::Settings(patch)).await });
    house.disk.wait_until_stalled();
    let (flags, revision) = (house.flags.clone(), made.revision);
    let removal =
        tokio::spawn(
            async move { flags.remove_segment(&name("staff"), revision, operator("")).await },
        );
    drop(held);
    aim.await.expect("no panic").expect("aimed");
    let removal = removal.await.expect("no panic");
    assert!(matches!(removal, Err(FlagsError::SegmentTargeted { .. })), "{removal:?}");
}

#[tokio::test]
async fn a_change_that_the_disk_refuses_leaves_nothing_behind() {
    let house = House::new().await;
    let made = house.put(of_subjects("staff", &["alice"]), None).await.expect("made");
    house.disk.refuse();
    let changed = house.put(of_subjects("staff", &["bob"]), Some(made.revision)).await;
    assert!(matches!(changed, Err(FlagsError::Store(StoreError::Refused { .. }))), "{changed:?}");
    let removal = house.flags.remove_segment(&made.name, made.revision, operator("")).await;
    assert!(matches!(removal, Err(FlagsError::Store(_))), "{removal:?}");
    assert_eq!(house.flags.snapshot().segment("staff"), Some(&made));
    house.disk.heal();
    house.put(of_subjects("staff", &["bob"]), Some(made.revision)).await.expect("the disk is back");
}

const SEEDED: &str = r#"
[segment.staff]
description = "all of us"
subjects = ["alice", "corp|1"]
scopes = ["staff"]
headers = { X-Region = ["eu1"] }

[component.base]
kind = "auth"
phase = 1
stage = "shadow"
[[component.base.targets]]
segment = "staff"
serve = "ssot"
"#;

fn seeded(text: &str) -> Seeds {
    Seed::parse_all(text, "x.toml").expect("no faults")
}

#[tokio::test]
async fn seeds_make_the_segments_that_are_missing_and_the_targets_of_new_rows() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    let flags = open(&store, seeded(SEEDED)).await.expect("flags");
    let snapshot = flags.snapshot();
    let staff = snapshot.segment("staff").expect("a segment");
    assert_eq!((staff.cause.clone(), staff.description.as_str()), (Cause::Seed, "all of us"));
    assert_eq!(staff.headers["x-region"], BTreeSet::from(["eu1".to_owned()]));
    let target = Target { segment: name("staff"), serve: Serve::Ssot };
    assert_eq!(snapshot.flag("base").expect("a flag").targets, [target]);
    let history = flags.segment_history(&name("staff"), &HistoryFilter::default()).expect("a page");
    assert_eq!((history.len(), history[0].before.clone()), (1, None));
    let mine = of_subjects("staff", &["bob"]);
    let mine = flags.put_segment(mine, Some(staff.revision), operator("mine")).await.expect("mine");
    drop(flags);
    let flags = open(&store, seeded(SEEDED)).await.expect("flags");
    assert_eq!(flags.snapshot().segment("staff"), Some(&mine), "the row is its operators'");
}

#[tokio::test]
async fn a_seed_that_names_a_kept_segment_of_another_file_may_stand_beside_it() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    drop(open(&store, seeded(SEEDED)).await.expect("flags"));
    let text = SEEDED.replace("component.base", "component.second");
    let mut second = seeded(&text);
    second.segments.clear();
    let flags = open(&store, second.clone()).await.expect("flags");
    assert_eq!(flags.snapshot().flag("second").expect("a flag").targets.len(), 1);
    second.components[0].component = id("third");
    second.components[0].targets[0].segment = name("nobody");
    let Err(FlagsError::Seeds(faults)) = open(&store, second).await else { panic!("a fault") };
    let told: Vec<String> = faults.iter().map(SeedFault::to_string).collect();
    assert_eq!(told, ["third: targets[0].segment: nobody is no segment"]);
}

#[test]
fn all_faults_about_segments_and_targets_are_told_at_once() {
    let text = r#"
        [segment.Staff]
        subjects = ["alice"]
        [segment.empty]
        colour = "red"
        [segment.odd]
        subjects = [1]
        headers = { cookie = ["x"] }
        [component.a]
        kind = "auth"
        phase = 1
        [[component.a.targets]]
        segment = "empty"
        serve = "both"
        [[component.a.targets]]
        serve = "ssot"
    "#;
    let faults = Seed::parse_all(text, "x.toml").expect_err("faults");
    let mut told: Vec<String> = faults.iter().map(SeedFault::to_string).collect();
    told.sort();
    let expected = [
        "x.toml: a: targets[0].serve: must be ssot, legacy or shadow",
        "x.toml: a: targets[1].segment: is missing",
        "x.toml: segment.Staff: an id is made of a-z, 0-9 and inner dashes, not 'S'",
        "x.toml: segment.empty: colour: unknown key",
        "x.toml: segment.empty: subjects: names nobody, and neither does any other list",
        "x.toml: segment.odd: headers: must not look at credentials",
        "x.toml: segment.odd: subjects: must be a list of texts",
    ];
    assert_eq!(told, expected);
    let unknown = "[component.a]\nkind = \"auth\"\nphase = 1\n\
                   targets = [{ segment = \"x\", serve = \"ssot\" }, { segment = \"x\", serve = \"legacy\" }]";
    let faults = Seed::parse_all(unknown, "x.toml").expect_err("faults");
    assert_eq!(faults[0].to_string(), "x.toml: a: targets[1].segment: is there already");
    let unknown = "[component.a]\nkind = \"auth\"\nphase = 1\n\
                   targets = [{ segment = \"x\", serve = \"ssot\" }]";
    let faults = Seed::parse_all(unknown, "x.toml").expect_err("faults");
    assert_eq!(faults[0].to_string(), "x.toml: a: targets[0].segment: x is no segment");
}

#[tokio::test]
async fn there_is_room_for_so_many_segments_and_no_more() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    let segments = (0..SEGMENTS_MAX).map(|n| of_subjects(&format!("s{n}"), &["alice"])).collect();
    let all = Seeds { segments, ..seeds(&["base"]) };
    let flags = open(&store, all).await.expect("flags");
    let outcome = flags.put_segment(of_subjects("more", &["a"]), None, operator("")).await;
    assert_eq!(outcome, Err(FlagsError::SegmentsFull));
    let first = flags.snapshot().segment("s0").expect("a segment").revision;
    let change = flags.put_segment(of_subjects("s0", &["bob"]), Some(first), operator("")).await;
    change.expect("those that are there change");
    drop(flags);
    let more = Seeds { segments: vec![of_subjects("more", &["a"])], ..Seeds::default() };
    assert!(matches!(open(&store, more).await, Err(FlagsError::Seeds(_))));
}
