//! The table as a document: out, in, and what is refused.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use crate::domain::{Share, TokenForm, TokioClock};
use crate::flags::samples::{
    NOW, assert_history_is_whole, assert_order_holds, canary, flag, id, operator, seeds,
};
use crate::flags::{
    AcceptedDifference, Advance, Document, FixedWindow, Flag, Flags, FlagsError, Format, GuardMode,
    HistoryFilter, ImportPlan, Invariants, Issuers, Kind, Limits, Move, Rate, Rescue, Settings,
    Snapshot, Stage, export_json, export_toml,
};
use crate::store::{FaultSwitch, Store, StoreError};

const LINES: [&str; 3] = ["parent", "child: parent", "beside"];

struct House {
    dir: TempDir,
    disk: FaultSwitch,
    store: Store,
    flags: Flags,
}

async fn open(store: &Store) -> Flags {
    let settings = Settings { cool_down: Duration::ZERO, ..Settings::default() };
    let clock = Arc::new(TokioClock::starting_at(NOW));
    Flags::open(store, seeds(&LINES), settings, clock).await.expect("flags")
}

impl House {
    async fn new() -> Self {
        let (dir, disk) = (TempDir::new().expect("a folder"), FaultSwitch::new());
        let store = Store::open_with(dir.path(), disk.clone()).expect("a store");
        let flags = open(&store).await;
        Self { dir, disk, store, flags }
    }

    async fn restarted(self) -> (TempDir, Flags) {
        let Self { dir, disk, store, flags } = self;
        disk.heal();
        drop((store, flags));
        let store = Store::open(dir.path()).expect("a store");
        (dir, open(&store).await)
    }

    async fn import(&self, text: &str) -> Result<Vec<Arc<Flag>>, FlagsError> {
        self.flags.import(document(text), None, operator("by document")).await
    }

    fn refusals(&self, text: &str) -> Vec<String> {
        let plan = self.flags.plan_import(&document(text), &operator(""));
        plan.refused.iter().map(ToString::to_string).collect()
    }

    fn stages(&self) -> [Stage; 3] {
        ["parent", "child", "beside"].map(|component| self.flags.stage(component))
    }
}

fn document(text: &str) -> Document {
    Document::parse(text, Format::Toml).expect("a document")
}

fn at(component: &str, share: u16) -> String {
    format!("[component.{component}]\nstage = \"canary\"\nshare_percent = {share}\n")
}

#[tokio::test]
async fn a_document_is_one_change_and_leaves_alone_what_it_does_not_name() {
    let house = House::new().await;
    let text = at("child", 10) + &at("parent", 20) + "deadline_ms = 77\n";
    let plan = house.flags.plan_import(&document(&text), &operator(""));
    assert_eq!((plan.refused, plan.not_mentioned), (vec![], vec![id("beside")]));
    let changes: Vec<String> = plan
        .changes
        .iter()
        .map(|change| {
            let (component, field) = (&change.component, &change.field);
            format!("{component} {field} {} {}", change.from, change.to)
        })
        .collect();
    let expected = [
        "child share_percent null 10",
        r#"child stage "shadow" "canary""#,
        "parent deadline_ms 1000 77",
        "parent share_percent null 20",
        r#"parent stage "shadow" "canary""#,
    ];
    assert_eq!(changes, expected);
    assert_eq!(house.import(&text).await.expect("imported").len(), 2);
    assert_eq!(house.stages(), [canary(2000), canary(1000), Stage::Shadow]);
    let filter = HistoryFilter { limit: Some(3), ..HistoryFilter::default() };
    let lines = house.flags.history(&filter).expect("a page");
    assert_eq!(lines[0].change, lines[1].change);
    assert_ne!(lines[1].change, lines[2].change);
    assert_eq!(lines[0].cause, operator("by document"));
    assert_eq!(house.import(&text).await.expect("nothing to do"), []);
    assert_history_is_whole(&house.flags);
    let (_dir, flags) = house.restarted().await;
    assert_eq!(flags.snapshot().flag("parent").expect("a flag").deadline_ms, 77);
    assert_eq!(flags.stage("child"), canary(1000));
}

#[tokio::test]
async fn every_rule_of_moves_is_a_rule_of_documents_and_one_refusal_refuses_all() {
    let house = House::new().await;
    let refused = |text: &str, expected: &str| {
        let found = house.refusals(text);
        assert!(found.iter().any(|refusal| refusal.contains(expected)), "{expected}: {found:?}");
    };
    refused("[component.parent]\nstage = \"live\"", "parent: stage: shadow cannot go to live");
    refused(&at("child", 10), "child: stage: requires parent, which has only come to shadow");
    refused("[component.nobody]\ndeadline_ms = 100", "nobody: is no component");
    refused("[component.parent]\nphase = 2", "parent: phase: is part of the structure");
    refused("[component.parent]\nrequires = [\"beside\"]", "requires: is part of the structure");
    let target = "[[component.parent.targets]]\nsegment = \"staff\"\nserve = \"ssot\"";
    refused(target, "parent: targets: there is no segment staff");
    refused("[component.parent]\ntoken_form = \"own\"", "token_form belongs to components");
    house.flags.climb("parent", canary(1000)).await;
    house.flags.climb("child", canary(1000)).await;
    refused("[component.parent]\nstage = \"shadow\"", "child requires it and is at canary");
    house.flags.goes("beside", Move::Hold).await.expect("held");
    refused(&at("beside", 1), "beside: held since");
    house.flags.goes("beside", Move::Release).await.expect("released");
    house.flags.goes("beside", Move::RollBack).await.expect("off");
    refused("[component.beside]\nstage = \"shadow\"", "beside: stage: rolled back and latched");
    house.flags.climb("parent", Stage::Sealed).await;
    refused("[component.parent]\nstage = \"complete\"", "complete needs two people");
    let before = house.flags.snapshot();
    let mixed = "[component.beside]\ndeadline_ms = 77\n".to_owned()
        + &at("child", 100)
        + "[component.parent]\nstage = \"complete\"\n";
    let outcome = house.import(&mixed).await;
    assert!(matches!(outcome, Err(FlagsError::ImportRefused(ref list)) if list.len() == 1));
    assert_eq!(house.flags.snapshot().revision(), before.revision(), "nothing of it holds");
}

#[tokio::test]
async fn limits_of_a_document_are_all_of_them_and_told_one_by_one() {
    let house = House::new().await;
    let text = "[component.parent]\nlimits = { error_rate_percent = 0.5, harm_max = 20 }\n";
    let plan = house.flags.plan_import(&document(text), &operator(""));
    let told = |plan: &ImportPlan| -> Vec<String> {
        let changes = plan.changes.iter();
        changes.map(|change| format!("{} {} {}", change.field, change.from, change.to)).collect()
    };
    assert_eq!(told(&plan), ["limits.error_rate_percent 1 0.5", "limits.harm_max 100 20"]);
    house.import(text).await.expect("imported");
    let limits = |flags: &Flags| flags.snapshot().flag("parent").expect("a flag").limits.clone();
    let expected =
        Limits { error_rate: Rate::from_ppm(5_000), harm_max: Some(20), ..Limits::default() };
    assert_eq!(limits(&house.flags), expected);
    house.import("[component.parent]\ndeadline_ms = 77\n").await.expect("imported");
    assert_eq!(limits(&house.flags), expected, "a document without a word leaves them");
    let other = "[component.parent]\nlimits = { harm_max = \"off\" }\n";
    let plan = house.flags.plan_import(&document(other), &operator(""));
    assert_eq!(told(&plan), ["limits.error_rate_percent 0.5 1", r#"limits.harm_max 20 "off""#]);
    let back = "[component.parent]\nlimits = \"default\"\n";
    house.import(back).await.expect("imported");
    let (_dir, flags) = house.restarted().await;
    assert_eq!(limits(&flags), Limits::default());
}

#[tokio::test]
async fn segments_of_a_document_are_made_before_the_targets_that_name_them() {
    let house = House::new().await;
    let staff = "[segment.staff]\nsubjects = [\"ada\"]\n";
    let target = "[[component.parent.targets]]\nsegment = \"staff\"\nserve = \"ssot\"\n";
    let bad = staff.to_owned() + target + "[component.beside]\nstage = \"live\"\n";
    let before = house.flags.snapshot().revision();
    assert!(matches!(house.import(&bad).await, Err(FlagsError::ImportRefused(_))));
    assert_eq!(house.flags.snapshot().revision(), before, "nothing of it holds");
    let seen = Some(before);
    let text = staff.to_owned() + target;
    house.flags.import(document(&text), seen, operator("by document")).await.expect("imported");
    let snapshot = house.flags.snapshot();
    assert_eq!(snapshot.segment("staff").expect("made").subjects, ["ada".to_owned()].into());
    assert_eq!(snapshot.flag("parent").expect("a flag").targets.len(), 1);
    assert_eq!(house.import(&text).await.expect("nothing to do"), []);
    let more = "[segment.staff]\nsubjects = [\"ada\", \"bob\"]\n";
    assert_eq!(house.import(more).await.expect("no flag changes"), []);
    assert_eq!(house.flags.snapshot().segment("staff").expect("there").subjects.len(), 2);
    let stale = house.flags.import(document(staff), Some(before), operator("late")).await;
    assert!(matches!(stale, Err(FlagsError::Conflict { .. })), "{stale:?}");
    let (_dir, flags) = house.restarted().await;
    assert_eq!(flags.snapshot().segment("staff").expect("kept").subjects.len(), 2);
}

#[tokio::test]
async fn parents_may_be_lowered_with_their_children_and_by_no_other_revision() {
    let house = House::new().await;
    house.import(&(at("parent", 50) + &at("child", 50))).await.expect("raised");
    let lower = at("parent", 10) + &at("child", 10);
    let seen = house.flags.snapshot().revision();
    house.flags.to("beside", canary(1)).await.expect("raised");
    let late = house.flags.import(document(&lower), Some(seen), operator("")).await;
    let current = house.flags.snapshot().revision();
    assert_eq!(late, Err(FlagsError::Conflict { current }));
    let now = house.flags.import(document(&lower), Some(current), operator("")).await;
    assert_eq!(now.expect("lowered").len(), 2);
    assert_eq!(house.stages(), [canary(1000), canary(1000), canary(1)]);
    assert_order_holds(&house.flags.snapshot());
}

#[tokio::test]
async fn an_end_counted_in_days_is_counted_once() {
    let house = House::new().await;
    let text = "[[component.parent.accepted]]\nname = \"n\"\nclass = \"stricter\"\nowner = \"o\"\n\
                reason = \"r\"\nexpires_in_days = 30\n";
    house.import(text).await.expect("accepted");
    tokio::time::pause();
    tokio::time::advance(Duration::from_hours(48)).await;
    let plan = house.flags.plan_import(&document(text), &operator(""));
    assert_eq!(plan.changes, []);
    let other = text.replace("\"r\"", "\"another\"");
    let plan = house.flags.plan_import(&document(&other), &operator(""));
    assert_eq!(plan.changes.len(), 1);
    assert_eq!(plan.changes[0].field, "accepted.n");
}

#[tokio::test]
async fn an_import_that_the_disk_refuses_leaves_nothing_behind() {
    let house = House::new().await;
    let before = house.flags.snapshot();
    house.disk.refuse();
    let outcome = house.import(&(at("parent", 10) + &at("beside", 10))).await;
    assert!(matches!(outcome, Err(FlagsError::Store(StoreError::Refused { .. }))), "{outcome:?}");
    assert_eq!((house.flags.snapshot().revision(), house.flags.unsaved()), (before.revision(), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_overtakes_an_import_whole() {
    let house = House::new().await;
    house.flags.climb("parent", canary(1000)).await;
    let held = house.disk.hold();
    let flags = house.flags.clone();
    let text = at("parent", 90) + &at("child", 90) + &at("beside", 90) + "deadline_ms = 77\n";
    let import =
        tokio::spawn(async move { flags.import(document(&text), None, operator("i")).await });
    house.disk.wait_until_stalled();
    let (flags, mut published) = (house.flags.clone(), house.flags.watch());
    let rollback = tokio::spawn(async move { flags.goes("parent", Move::RollBack).await });
    published.changed().await.expect("a change");
    assert_eq!(house.stages(), [Stage::Shadow; 3], "published while the disk stalls");
    drop(held);
    let outcome = import.await.expect("no panic");
    assert!(matches!(outcome, Err(FlagsError::Conflict { .. })), "{outcome:?}");
    rollback.await.expect("no panic").expect("rolled back");
    let (parent, child) = (house.flags.latch("parent"), house.flags.latch("child"));
    assert!(parent.is_some() && child.is_some());
    let snapshot = house.flags.snapshot();
    let beside = snapshot.flag("beside").expect("a flag");
    assert_eq!((beside.stage, beside.deadline_ms, &beside.latch), (Stage::Shadow, 1000, &None));
    let filter = HistoryFilter { component: Some(id("beside")), ..HistoryFilter::default() };
    let lines = house.flags.history(&filter).expect("a page");
    let told = lines[0].cause.note_of_people().unwrap_or_default();
    assert!(told.starts_with("overtaken by a rollback"), "{lines:?}");
    assert_eq!(lines[1].after.stage, canary(9000), "it was on the disk");
    assert_eq!(house.flags.unsaved(), 0);
    assert_history_is_whole(&house.flags);
    house.flags.to("beside", canary(1)).await.expect("nothing is in its way");
    let (_dir, flags) = house.restarted().await;
    assert_eq!((flags.stage("parent"), flags.stage("beside")), (Stage::Shadow, canary(1)));
    assert_history_is_whole(&flags);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_a_document_is_about_to_lower_falls_with_its_parent() {
    let house = House::new().await;
    for component in ["parent", "child"] {
        house.flags.climb(component, canary(1000)).await;
    }
    let held = house.disk.hold();
    let flags = house.flags.clone();
    let text = "[component.child]\nstage = \"shadow\"\n".to_owned() + &at("beside", 90);
    let import =
        tokio::spawn(async move { flags.import(document(&text), None, operator("i")).await });
    house.disk.wait_until_stalled();
    let (flags, mut published) = (house.flags.clone(), house.flags.watch());
    let rollback = tokio::spawn(async move { flags.goes("parent", Move::RollBack).await });
    published.changed().await.expect("a change");
    assert_order_holds(&house.flags.snapshot());
    drop(held);
    let outcome = import.await.expect("no panic");
    assert!(matches!(outcome, Err(FlagsError::Conflict { .. })), "{outcome:?}");
    rollback.await.expect("no panic").expect("rolled back");
    assert_eq!(house.stages(), [Stage::Shadow; 3]);
    assert!(house.flags.latch("child").is_some());
    assert_history_is_whole(&house.flags);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overtaken_import_that_the_disk_refuses_leaves_nothing_behind() {
    let house = House::new().await;
    house.flags.climb("parent", canary(1000)).await;
    let held = house.disk.hold();
    let flags = house.flags.clone();
    let text = at("parent", 90) + &at("beside", 90);
    let import =
        tokio::spawn(async move { flags.import(document(&text), None, operator("i")).await });
    house.disk.wait_until_stalled();
    let (flags, mut published) = (house.flags.clone(), house.flags.watch());
    let rollback = tokio::spawn(async move { flags.goes("parent", Move::RollBack).await });
    published.changed().await.expect("a change");
    house.disk.refuse();
    drop(held);
    assert!(import.await.expect("no panic").is_err());
    rollback.await.expect("no panic").expect("noted");
    assert_eq!(house.stages(), [Stage::Shadow; 3]);
    let (_dir, flags) = house.restarted().await;
    assert_eq!((flags.stage("parent"), flags.stage("beside")), (Stage::Shadow, Stage::Shadow));
    assert_history_is_whole(&flags);
}

#[test]
fn all_faults_of_a_document_are_told_at_once_with_their_place() {
    let text = r#"
        colour = "red"
        [component.a]
        stage = "canary"
        deadline_ms = 10
        smaple_percent = 1
        token_form = "odd"
        limits = { error_rate_percent = 60, slow_ms = "fast", wait = 1 }
        [[component.a.targets]]
        segment = "A"
        serve = "nobody"
        [component.b]
        share_percent = 10
        [component."B C"]
        [segment.s]
        subjects = "ada"
    "#;
    let faults = Document::parse(text, Format::Toml).expect_err("faults");
    let found: Vec<String> = faults.iter().map(ToString::to_string).collect();
    for start in [
        "colour: unknown key",
        "a: stage: a canary needs a share",
        "a: deadline_ms: must be 50 to 60000",
        "a: smaple_percent: unknown key",
        "a: token_form: must be compatible or own",
        "a: limits.error_rate_percent: must be more than 0",
        "a: limits.slow_ms: must be a whole number, or `off`",
        "a: limits.wait: unknown key",
        "a: targets[0].segment: must be 1 to 64",
        "a: targets[0].serve: must be ssot, legacy or shadow",
        "b: share_percent: stands beside",
        "B C: an id is made of",
        "s: subjects: must be a list of texts",
        "s: subjects: names nobody",
    ] {
        assert!(found.iter().any(|fault| fault.starts_with(start)), "{start} in {found:#?}");
    }
    assert_eq!(found.len(), 14, "{found:#?}");
    let json = Document::parse(r#"{"component": {"a": {"deadline_ms": null}}}"#, Format::Json);
    assert!(json.expect_err("a fault")[0].problem.contains("line 1 column"));
    let empty = Document::parse("{}", Format::Json).expect("a document");
    assert!(empty.is_empty());
}

fn any_stage() -> impl Strategy<Value = Stage> {
    prop_oneof![
        Just(Stage::Off),
        Just(Stage::Shadow),
        (1u16..=10_000).prop_map(canary),
        Just(Stage::Live),
        Just(Stage::Sealed),
        Just(Stage::Complete),
    ]
}

prop_compose! {
    fn any_difference(at: usize)(
        class in prop_oneof![Just("stricter"), Just("reason_differs"), Just("claims_differ")],
        shape in proptest::option::of(Just("aud:list exp:number".to_owned())),
        max_per_hour in proptest::option::of(1u32..1000),
        legacy_reason in proptest::option::of("[a-z:]{1,12}"),
        ssot_reason in proptest::option::of("[a-z:]{1,12}"),
        owner in "[a-zA-Z'\"\\\\#=éü]{1,20}",
        reason in "[a-z'\"\\\\#=\\[\\]{}]{1,20}",
        ahead in 0i64..30_000_000_000,
    ) -> AcceptedDifference {
        AcceptedDifference {
            name: format!("n{at}"),
            class: class.to_owned(),
            legacy_reason,
            ssot_reason,
            claim_shape: shape,
            max_per_hour,
            owner,
            reason,
            expires_at: NOW.plus(Duration::from_millis(ahead.unsigned_abs())),
        }
    }
}

fn any_rate() -> impl Strategy<Value = Rate> {
    (1u32..=500_000).prop_map(|ppm| Rate::from_ppm(ppm).expect("a rate"))
}

prop_compose! {
    fn any_window()(
        over_s in prop_oneof![10u32..=3600, Just(60), Just(300), Just(3600)],
        error_rate in any_rate(),
        at_least in 1u32..=1_000_000,
        times in 1u32..=100,
    ) -> FixedWindow {
        FixedWindow { over_s, error_rate, at_least, times }
    }
}

/// A rule in its range, or switched off.
fn any_number(low: u32, high: u32) -> impl Strategy<Value = Option<u32>> {
    proptest::option::of(low..=high)
}

prop_compose! {
    fn any_limits()(
        (mode, certified, security) in (0usize..3, any::<bool>(), any::<bool>()),
        rates in (any_rate(), any_rate(), any_rate(), any_rate()),
        (tolerates, compares, delivers) in (any::<bool>(), any::<bool>(), any::<bool>()),
        times in (any_number(1, 60_000), any_number(110, 10_000), any_number(100, 1000)),
        counts in (any_number(1, 100), any_number(1, 1_000_000), any_number(1, 99)),
        bounds in (1u32..=1_000_000, any_number(3, 1000), any_number(1, 10_000_000)),
        windows in proptest::collection::vec(any_window(), 0..=4),
    ) -> Limits {
        let (error_rate, divergence, slow_rate, socket_faults) = rates;
        let (slow_ms, latency_percent, regression_percent) = times;
        let (walks_failed, harm_max, outcome_drop_percent) = counts;
        let (failures_per_network_max, breaker_failures, failover_max) = bounds;
        Limits {
            mode: GuardMode::ALL[mode],
            advance: if certified { Advance::Certified } else { Advance::Unheld },
            regression_percent,
            error_rate: tolerates.then_some(error_rate),
            security,
            divergence: compares.then_some(divergence),
            slow_ms,
            slow_rate,
            latency_percent,
            socket_faults: delivers.then_some(socket_faults),
            walks_failed,
            harm_max: harm_max.filter(|_| tolerates),
            outcome_drop_percent,
            failures_per_network_max,
            breaker_failures,
            failover_max,
            windows,
        }
    }
}

prop_compose! {
    fn any_flag(name: &'static str)(
        stage in any_stage(),
        kind in prop_oneof![Just(Kind::Auth), Just(Kind::Tokens), Just(Kind::Events)],
        both in any::<bool>(),
        enforce in any::<bool>(),
        sample in proptest::option::of(0u16..=10_000),
        deadline_ms in 50u32..=60_000,
        rescues in 0u32..=100_000,
        accepted in (any_difference(0), any_difference(1), 0usize..=2),
        own in any::<bool>(),
        limits in prop_oneof![Just(Limits::default()), any_limits()],
    ) -> Flag {
        let (one, other, count) = accepted;
        let may_be_own = own && kind.makes_tokens() && stage >= Stage::Sealed;
        Flag {
            stage,
            kind,
            rescue: if both { Rescue::Both } else { Rescue::Ssot },
            invariants: if enforce { Invariants::Enforce } else { Invariants::Report },
            sample: sample.and_then(Share::from_basis_points),
            deadline_ms,
            rescues_per_second_max: rescues,
            accepted: [one, other].into_iter().take(count).collect(),
            token_form: if may_be_own { TokenForm::Own } else { TokenForm::Compatible },
            limits,
            ..flag(name)
        }
    }
}

proptest! {
    #[test]
    fn what_is_exported_differs_in_nothing_when_it_comes_back(
        one in any_flag("one"),
        other in any_flag("two"),
    ) {
        let issuers = Issuers { own: HashSet::new(), foreign: HashMap::new() };
        let table = Snapshot::new([one, other], HashMap::new(), issuers);
        let toml = export_toml(&table, NOW);
        let json = export_json(&table, NOW).to_string();
        for (text, format) in [(toml, Format::Toml), (json, Format::Json)] {
            let document = Document::parse(&text, format);
            let document = document.unwrap_or_else(|faults| panic!("{faults:?} in {text}"));
            let plan = ImportPlan::of(&document, &table, &operator(""), NOW, None);
            prop_assert_eq!((plan.changes, plan.refused, plan.moves), (vec![], vec![], vec![]));
            prop_assert_eq!(plan.not_mentioned, vec![]);
            // And it brings back what has changed since.
            let issuers = Issuers { own: HashSet::new(), foreign: HashMap::new() };
            let of = |limits: &Limits| -> Vec<Flag> {
                let flags = table.sorted().into_iter();
                flags.map(|flag| Flag { limits: limits.clone(), ..Flag::clone(flag) }).collect()
            };
            let reset = Snapshot::new(of(&Limits::default()), HashMap::new(), issuers);
            let plan = ImportPlan::of(&document, &reset, &operator(""), NOW, None);
            prop_assert_eq!(&plan.refused, &vec![]);
            for flag in table.sorted() {
                let moved = plan.moves.iter().find(|(of, _)| of.component == flag.component);
                let limits = moved.map(|(_, step)| match step {
                    Move::Settings(patch) => patch.limits.clone().expect("limits"),
                    other => panic!("{other:?}"),
                });
                prop_assert_eq!(limits.unwrap_or_default(), flag.limits.clone());
            }
        }
    }
}
