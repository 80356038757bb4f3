//! Who serves, by targets, shares and required components; and that the plan and the explanation
//! say the same.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use proptest::prelude::*;
use serde_json::json;

use crate::domain::{
    Credentials, GroupId, Proof, Question, Reason, RequestIds, RequestParts, Revision, SegmentId,
    Share, Side, Slot, SubjectKey, encode_base64url,
};
use crate::flags::samples::{NOW, canary, flag, id, trip};
use crate::flags::{
    By, Cause, Facts, Flag, ForeignIssuer, Issuers, OnFailure, Plan, Rescue, Salt, Segment,
    SegmentDraft, Serve, Snapshot, Stage, Target,
};

const SUBJECTS: [&str; 4] = ["alice", "bob", "carol", "corp|1"];
const TENANTS: [&str; 2] = ["acme", "globex"];
const SCOPES: [&str; 2] = ["staff", "read"];
const REGIONS: [&str; 2] = ["eu1", "us1"];

fn segment_id(name: &str) -> SegmentId {
    SegmentId::parse(name).expect("a name")
}

fn target(segment: &str, serve: Serve) -> Target {
    Target { segment: segment_id(segment), serve }
}

fn texts(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

fn draft(name: &str) -> SegmentDraft {
    SegmentDraft {
        name: segment_id(name),
        description: String::new(),
        subjects: BTreeSet::new(),
        tenants: BTreeSet::new(),
        scopes: BTreeSet::new(),
        headers: BTreeMap::new(),
    }
}

fn of_subjects(name: &str, subjects: &[&str]) -> SegmentDraft {
    SegmentDraft { subjects: texts(subjects), ..draft(name) }
}

fn issuers() -> Issuers {
    let corp =
        ForeignIssuer { name: "corp".to_owned(), subject_claim: "sub", same_subjects: false };
    Issuers {
        own: HashSet::from(["https://us".to_owned()]),
        foreign: HashMap::from([("https://corp".to_owned(), corp)]),
    }
}

fn table(flags: Vec<Flag>, segments: Vec<SegmentDraft>) -> Snapshot {
    let main = GroupId::parse("main").expect("a group");
    let salts = HashMap::from([(main, Salt::new([7; 32]))]);
    let mut table = Snapshot::new(flags, salts, issuers());
    for draft in segments {
        let segment: Segment = draft.into_segment(Revision(1), NOW, Cause::Seed);
        table.put_segment(segment.into());
    }
    table
}

/// A question with a token that is good for another minute, unless it says otherwise.
fn question(claims: &serde_json::Value, headers: &[(&str, &str)]) -> Question {
    let mut claims = claims.clone();
    if claims.get("exp").is_none() {
        claims["exp"] = NOW.plus_seconds(60).seconds().into();
    }
    let token = format!("e30.{}.AQ", encode_base64url(claims.to_string().as_bytes()));
    let bearer = format!("Bearer {token}");
    let own = [("authorization", bearer.as_str())];
    let headers = own.iter().chain(headers).map(|(name, value)| ((*name).into(), (*value).into()));
    let parts = RequestParts { headers: headers.collect(), ..RequestParts::default() };
    let request = RequestIds::of_process(1).next();
    Question::new(request, id("http-auth"), NOW, Credentials::Request(parts))
}

fn serve(table: &Snapshot, facts: &Facts<'_>) -> (Serve, By) {
    let evaluation = table.evaluate(table.flag("http-auth").expect("a flag"), facts);
    (evaluation.serve, evaluation.by)
}

#[test]
fn targets_count_in_canary_and_live_and_in_shadow_they_only_keep_ssot_away() {
    let (ssot, shadow, legacy) = (Serve::Ssot, Serve::Shadow, Serve::Legacy);
    let by_target = [(ssot, By::Target(0)), (shadow, By::Target(0)), (legacy, By::Target(0))];
    let stage = |serve| [(serve, By::Stage); 3];
    let table_of_stages = [
        (Stage::Off, stage(legacy)),
        (Stage::Shadow, [(shadow, By::Stage), (shadow, By::Stage), (legacy, By::Target(0))]),
        (Stage::Canary(Share::NONE), by_target),
        (canary(5_000), by_target),
        (Stage::Canary(Share::ALL), by_target),
        (Stage::Live, by_target),
        (Stage::Sealed, stage(ssot)),
        (Stage::Complete, stage(ssot)),
    ];
    for (stage, expected) in table_of_stages {
        let found = [ssot, shadow, legacy].map(|wanted| {
            let flag = Flag { stage, targets: vec![target("staff", wanted)], ..flag("http-auth") };
            let table = table(vec![flag], vec![of_subjects("staff", &["alice"])]);
            serve(&table, &Facts::of_subject("alice"))
        });
        assert_eq!(found, expected, "{stage}");
    }
}

#[test]
fn a_component_that_was_rolled_back_gives_nobody_to_ssot() {
    let targets = vec![target("staff", Serve::Ssot)];
    let live = Flag { stage: Stage::Live, targets, ..flag("http-auth") };
    let cool_down = std::time::Duration::from_mins(30);
    let latched = live.rolled_back(Stage::Shadow, &trip(), NOW, cool_down);
    let table = table(vec![latched], vec![of_subjects("staff", &["alice"])]);
    assert_eq!(serve(&table, &Facts::of_subject("alice")), (Serve::Shadow, By::Stage));
}

#[test]
fn whom_a_target_keeps_on_legacy_ssot_never_rescues() {
    for stage in [Stage::Canary(Share::NONE), canary(5_000), Stage::Live] {
        for kept in [Serve::Legacy, Serve::Shadow] {
            let targets = vec![target("bigcorp", kept)];
            let parent = Flag { stage, rescue: Rescue::Both, targets, ..flag("http-auth") };
            let requires = vec![parent.component.clone()];
            let all = vec![target("all", Serve::Ssot)];
            let child = Flag {
                requires,
                targets: all,
                ..Flag { component: id("child"), ..parent.clone() }
            };
            let segments =
                vec![of_subjects("bigcorp", &["alice"]), of_subjects("all", &["alice", "bob"])];
            let table = table(vec![parent, child], segments);
            for component in ["http-auth", "child"] {
                let flag = table.flag(component).expect("a flag");
                let plan = table.plan(flag, &Facts::of_subject("alice"), 0);
                let found = (plan.serving, plan.on_failure);
                assert_eq!(found, (Side::Legacy, OnFailure::Unavailable), "{component} {stage}");
            }
        }
    }
}

#[test]
fn tenants_scopes_and_headers_count_only_beside_a_token_that_is_proved_to_be_sound() {
    let segments = [
        SegmentDraft { tenants: texts(&["acme"]), ..draft("set") },
        SegmentDraft { scopes: texts(&["staff"]), ..draft("set") },
        SegmentDraft {
            headers: BTreeMap::from([("x-region".to_owned(), texts(&["eu1"]))]),
            ..draft("set")
        },
    ];
    let claims = json!({ "sub": "alice", "tenant": "acme", "scope": "read staff" });
    let question = question(&claims, &[("x-region", "eu1")]);
    for segment in segments {
        let targets = vec![target("set", Serve::Ssot)];
        let flag = Flag { stage: Stage::Canary(Share::NONE), targets, ..flag("http-auth") };
        let table = table(vec![flag], vec![segment.clone()]);
        let told = |proof: &Proof| serve(&table, &Facts::asked(&question, proof));
        assert_eq!(told(&Proof::Sound), (Serve::Ssot, By::Target(0)), "{segment:?}");
        for unproved in [Proof::Undecided, Proof::Refuted(Reason::Signature)] {
            assert_eq!(told(&unproved), (Serve::Shadow, By::Share), "{segment:?} {unproved:?}");
        }
    }
}

#[test]
fn a_token_that_has_ended_chooses_by_its_subject_alone() {
    let segment = SegmentDraft { scopes: texts(&["staff"]), ..draft("set") };
    let targets = vec![target("set", Serve::Ssot)];
    let flag = Flag { stage: Stage::Canary(Share::NONE), targets, ..flag("http-auth") };
    let table = table(vec![flag], vec![segment]);
    let served = |exp: serde_json::Value| {
        let claims = json!({ "sub": "alice", "scope": "staff", "exp": exp });
        serve(&table, &Facts::asked(&question(&claims, &[]), &Proof::Sound)).0
    };
    assert_eq!(served(NOW.plus_seconds(1).seconds().into()), Serve::Ssot);
    assert_eq!(served(NOW.seconds().into()), Serve::Shadow);
    assert_eq!(served("never".into()), Serve::Shadow);
}

#[test]
fn claims_are_read_as_issuers_write_them() {
    let segments =
        vec![SegmentDraft { scopes: texts(&["staff"]), tenants: texts(&["acme"]), ..draft("set") }];
    let targets = vec![target("set", Serve::Ssot)];
    let flag = Flag { stage: Stage::Canary(Share::NONE), targets, ..flag("http-auth") };
    let table = table(vec![flag], segments);
    let matches = |claims: serde_json::Value| {
        serve(&table, &Facts::asked(&question(&claims, &[]), &Proof::Sound)).0 == Serve::Ssot
    };
    for (claims, expected) in [
        (json!({ "sub": "a", "scope": "x staff y" }), true),
        (json!({ "sub": "a", "scope": "staffing" }), false),
        (json!({ "sub": "a", "scp": ["x", "staff"] }), true),
        (json!({ "sub": "a", "permissions": ["staff"] }), true),
        (json!({ "sub": "a", "scopes": { "staff": true } }), false),
        (json!({ "sub": "a", "org_id": "acme" }), true),
        (json!({ "sub": "a", "tid": "acme" }), true),
        (json!({ "sub": "a", "tenant_id": "other", "tenant": "acme" }), false),
        (json!({ "sub": "a", "tenant": ["acme"] }), false),
    ] {
        assert_eq!(matches(claims.clone()), expected, "{claims}");
    }
}

#[test]
fn an_own_subject_that_looks_like_a_foreign_one_is_not_that_person() {
    let targets = vec![target("staff", Serve::Ssot)];
    let flag = Flag { stage: Stage::Canary(Share::NONE), targets, ..flag("http-auth") };
    let table = table(vec![flag], vec![of_subjects("staff", &["corp|1", "1"])]);
    let told = |claims: serde_json::Value| {
        serve(&table, &Facts::asked(&question(&claims, &[]), &Proof::Sound)).0
    };
    assert_eq!(told(json!({ "iss": "https://corp", "sub": "1" })), Serve::Ssot);
    assert_eq!(told(json!({ "sub": "1" })), Serve::Ssot);
    assert_eq!(told(json!({ "sub": "corp|1" })), Serve::Shadow, "an own token says so");
    assert_eq!(told(json!({ "iss": "https://us", "sub": "corp|1" })), Serve::Shadow);
    assert_eq!(
        told(json!({ "iss": "https://else", "sub": "1" })),
        Serve::Shadow,
        "nobody knows it"
    );
    assert_eq!(serve(&table, &Facts::of_subject("corp|1")).0, Serve::Ssot);
}

/// What somebody is, and how that is known.
#[derive(Clone, Debug)]
struct Asked {
    subject: Option<&'static str>,
    tenant: Option<&'static str>,
    scope: Option<&'static str>,
    region: Option<&'static str>,
    known: Known,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    Granted,
    Proved,
    Unproved,
}

impl Asked {
    fn question(&self) -> Question {
        let mut claims = match self.subject {
            Some("corp|1") => json!({ "iss": "https://corp", "sub": "1" }),
            Some(subject) => json!({ "sub": subject }),
            None => json!({}),
        };
        if let Some(tenant) = self.tenant {
            claims["tenant_id"] = tenant.into();
        }
        if let Some(scope) = self.scope {
            claims["scope"] = scope.into();
        }
        let headers: Vec<_> = self.region.map(|region| ("x-region", region)).into_iter().collect();
        question(&claims, &headers)
    }

    fn facts<'q>(&self, question: &'q Question) -> Facts<'q> {
        match self.known {
            Known::Proved => Facts::asked(question, &Proof::Sound),
            Known::Unproved => Facts::asked(question, &Proof::Undecided),
            Known::Granted => {
                let region = self.region.map(|region| ("x-region", region));
                Facts::of_subject(self.subject.unwrap_or_default()).stating(
                    self.tenant,
                    self.scope.into_iter().collect(),
                    region.into_iter().collect(),
                )
            }
        }
    }

    /// Membership, told from the lists alone.
    fn belongs_to(&self, set: &SegmentDraft) -> bool {
        let names = |list: &BTreeSet<String>, name: Option<&str>| {
            name.is_some_and(|name| list.contains(name))
        };
        let regions = set.headers.get("x-region").cloned().unwrap_or_default();
        let more = names(&set.tenants, self.tenant)
            || names(&set.scopes, self.scope)
            || names(&regions, self.region);
        names(&set.subjects, self.subject) || more && self.known != Known::Unproved
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let maybe =
        |all: &'static [&'static str]| prop::option::weighted(0.7, prop::sample::select(all));
    let known = prop::sample::select(vec![Known::Granted, Known::Proved, Known::Unproved]);
    (maybe(&SUBJECTS), maybe(&TENANTS), maybe(&SCOPES), maybe(&REGIONS), known).prop_map(
        |(subject, tenant, scope, region, known)| Asked { subject, tenant, scope, region, known },
    )
}

fn some_of(all: &'static [&'static str]) -> impl Strategy<Value = BTreeSet<String>> {
    prop::sample::subsequence(all, 0..=all.len()).prop_map(|some| texts(&some))
}

/// Three segments of any members.
fn sets() -> impl Strategy<Value = Vec<SegmentDraft>> {
    let lists = (some_of(&SUBJECTS), some_of(&TENANTS), some_of(&SCOPES), some_of(&REGIONS));
    prop::collection::vec(lists, 3).prop_map(|all| {
        let names = ["one", "two", "three"];
        let set = |(name, lists): (&str, (BTreeSet<_>, BTreeSet<_>, BTreeSet<_>, BTreeSet<_>))| {
            let (subjects, tenants, scopes, regions) = lists;
            let regions = Some(regions).filter(|regions: &BTreeSet<_>| !regions.is_empty());
            let headers = regions.map(|regions| ("x-region".to_owned(), regions));
            let headers = headers.into_iter().collect();
            SegmentDraft { subjects, tenants, scopes, headers, ..draft(name) }
        };
        names.into_iter().zip(all).map(set).collect()
    })
}

fn stages() -> impl Strategy<Value = Stage> {
    prop::sample::select(vec![
        Stage::Off,
        Stage::Shadow,
        Stage::Canary(Share::NONE),
        canary(3_000),
        canary(7_000),
        Stage::Canary(Share::ALL),
        Stage::Live,
        Stage::Live,
        Stage::Sealed,
        Stage::Complete,
    ])
}

fn targets() -> impl Strategy<Value = Vec<Target>> {
    let serves = prop::sample::select(vec![Serve::Ssot, Serve::Legacy, Serve::Shadow]);
    let order = Just(vec!["one", "two", "three"]).prop_shuffle();
    (order, prop::collection::vec(serves, 0..=3)).prop_map(|(order, serves)| {
        order.into_iter().zip(serves).map(|(name, serve)| target(name, serve)).collect()
    })
}

/// Five components that require any of those before them, at stages that keep that order.
fn flags() -> impl Strategy<Value = Vec<Flag>> {
    let rescue = prop::sample::select(vec![Rescue::Ssot, Rescue::Both]);
    let one = (stages(), targets(), any::<u8>(), rescue);
    prop::collection::vec(one, 5).prop_map(|all| {
        let mut flags: Vec<Flag> = Vec::new();
        for (place, (stage, targets, mask, rescue)) in all.into_iter().enumerate() {
            let required = |at: &usize| mask & (1 << at) != 0;
            let parents: Vec<usize> = (0..place).filter(required).collect();
            let highest = parents.iter().map(|at| flags[*at].stage).min();
            flags.push(Flag {
                stage: highest.map_or(stage, |highest| highest.min(stage)),
                requires: parents.iter().map(|at| flags[*at].component.clone()).collect(),
                targets,
                rescue,
                ..flag(&format!("c{place}"))
            });
        }
        flags
    })
}

/// Who serves by the words of the rules, written down a second time.
fn expected(table: &Snapshot, flag: &Flag, sets: &[SegmentDraft], asked: &Asked) -> Serve {
    let slot = table.key_of(flag, &asked.facts(&asked.question())).map(SubjectKey::slot);
    let belongs = |target: &&Target| {
        sets.iter().any(|set| set.name == target.segment && asked.belongs_to(set))
    };
    let first = flag.targets.iter().find(belongs).map(|target| target.serve);
    let by_share = |share| match slot {
        _ if share == Share::ALL => Serve::Ssot,
        Some(slot) if slot.is_below(share) => Serve::Ssot,
        _ => Serve::Shadow,
    };
    let own = match (flag.stage, first) {
        (Stage::Canary(_) | Stage::Live, Some(serve)) => serve,
        (Stage::Canary(share), None) => by_share(share),
        (Stage::Live, None) | (Stage::Sealed | Stage::Complete, _) => Serve::Ssot,
        (Stage::Shadow, Some(Serve::Legacy)) | (Stage::Off, _) => Serve::Legacy,
        (Stage::Shadow, _) => Serve::Shadow,
    };
    let parents = flag.requires.iter().map(|parent| table.flag(parent.as_str()).expect("a parent"));
    let held = own == Serve::Ssot
        && parents.into_iter().any(|parent| expected(table, parent, sets, asked) != Serve::Ssot);
    if held { Serve::Shadow } else { own }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_first_target_that_matches_decides_then_the_share_and_never_against_what_is_required(
        flags in flags(), sets in sets(), asked in asked(),
    ) {
        let table = table(flags.clone(), sets.clone());
        let question = asked.question();
        let facts = asked.facts(&question);
        for flag in &flags {
            let found = table.evaluate(flag, &facts).serve;
            prop_assert_eq!(found, expected(&table, flag, &sets, &asked), "{}", flag.component);
            let parents = flag.requires.iter().filter_map(|id| table.flag(id.as_str()));
            for parent in parents.filter(|_| found == Serve::Ssot) {
                prop_assert_eq!(table.evaluate(parent, &facts).serve, Serve::Ssot);
            }
        }
    }

    #[test]
    fn the_plan_and_the_explanation_say_the_same(
        flags in flags(), sets in sets(), asked in asked(), draw in 0u16..10_000,
    ) {
        let table = table(flags.clone(), sets);
        let question = asked.question();
        let facts = asked.facts(&question);
        for flag in &flags {
            let plan: Plan = table.plan(flag, &facts, draw);
            let told = table.explain(flag, &facts);
            prop_assert_eq!(told.side, plan.serving.as_str());
            prop_assert_eq!(told.decided_by, plan.by.code());
            prop_assert_eq!(told.slot, plan.slot.map(Slot::number));
            prop_assert_eq!(told.required.is_some(), plan.by == By::Required);
            let deciding: Vec<usize> =
                (0..told.targets.len()).filter(|at| told.targets[*at].decided).collect();
            match plan.by {
                By::Target(place) => {
                    prop_assert_eq!(deciding, [usize::from(place)]);
                    let before = &told.targets[..usize::from(place)];
                    prop_assert!(before.iter().all(|target| target.matched_by.is_none()));
                    prop_assert!(told.targets[usize::from(place)].matched_by.is_some());
                }
                By::Stage | By::Share | By::NoSubject | By::Required => {
                    prop_assert!(deciding.is_empty());
                }
            }
            prop_assert!(told.sentence.contains(told.side), "{}", told.sentence);
            prop_assert!(told.sentence.contains(flag.component.as_str()));
        }
    }

    #[test]
    fn what_never_asks_for_a_proof_is_evaluated_alike_with_and_without_one(
        flags in flags(), sets in sets(), asked in asked(),
    ) {
        let table = table(flags.clone(), sets);
        let question = asked.question();
        for flag in flags.iter().filter(|flag| !table.asks_for_proof(flag)) {
            let told = |proof| table.evaluate(flag, &Facts::asked(&question, proof));
            prop_assert_eq!(told(&Proof::Sound), told(&Proof::Undecided), "{}", flag.component);
        }
    }
}

#[test]
fn a_deep_web_of_requirements_is_asked_once_each() {
    let mut flags: Vec<Flag> = Vec::new();
    for place in 0..200_usize {
        let before = flags[place.saturating_sub(16)..].iter();
        let requires = before.map(|flag| flag.component.clone()).collect();
        let targets = vec![target("staff", Serve::Ssot)];
        let stage = Stage::Canary(Share::NONE);
        flags.push(Flag { requires, stage, targets, ..flag(&format!("c{place}")) });
    }
    // Walking every path would take longer than there is time.
    let table = table(flags, vec![of_subjects("staff", &["alice"])]);
    let last = table.flag("c199").expect("a flag");
    assert_eq!(table.evaluate(last, &Facts::of_subject("alice")).serve, Serve::Ssot);
    assert_eq!(table.evaluate(last, &Facts::of_subject("bob")).serve, Serve::Shadow);
    assert!(!table.asks_for_proof(last));
}
