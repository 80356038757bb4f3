//! Evaluations from the body of a question to the body of an answer.

use http_body_util::BodyExt as _;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::bulk::answer_all;
use super::context::Context;
use super::failure::{Failure, NO_SALT};
use super::single::{answer, caught};
use super::{OfrepCounts, OfrepOutcome};
use crate::domain::{
    ComponentId, Credentials, GroupId, Proof, Question, RequestId, RequestParts, SegmentId, Share,
    Side, Timestamp, encode_base64url,
};
use crate::flags::testing::{flag_at, segment, table};
use crate::flags::{Facts, Flag, Segment, Serve, Snapshot, Stage, Target};

fn canary(points: u16) -> Stage {
    Stage::Canary(Share::from_basis_points(points).expect("a share"))
}

fn target(name: &str, serve: Serve) -> Target {
    Target { segment: SegmentId::parse(name).expect("a name"), serve }
}

fn body(context: &Value) -> Vec<u8> {
    json!({ "context": context }).to_string().into_bytes()
}

fn evaluated(table: &Snapshot, key: &str, context: &Value) -> Value {
    let body = body(context);
    let context = Context::parse(&body).expect("a context");
    serde_json::from_slice(&answer(table, key, &context).expect("an answer")).expect("JSON")
}

/// Segments by each of the ways to belong to one.
fn segments() -> Vec<Segment> {
    vec![
        Segment { subjects: ["user-1".into(), "user-2".into()].into(), ..segment("people") },
        Segment { tenants: ["acme".into()].into(), ..segment("tenant") },
        Segment { scopes: ["beta".into()].into(), ..segment("scope") },
        Segment { headers: [("x-plan".into(), ["pro".into()].into())].into(), ..segment("header") },
    ]
}

const SEGMENTS: [&str; 4] = ["people", "tenant", "scope", "header"];

#[test]
fn a_reason_is_static_only_where_nobody_can_get_another_answer() {
    let targets = || vec![target("people", Serve::Legacy)];
    for (stage, targets, reason, value) in [
        (Stage::Off, targets(), "DISABLED", false),
        (Stage::Shadow, targets(), "STATIC", false),
        (canary(10_000), vec![], "STATIC", true),
        (canary(10_000), targets(), "SPLIT", true),
        (canary(9_999), vec![], "SPLIT", true),
        (Stage::Live, vec![], "STATIC", true),
        (Stage::Live, targets(), "SPLIT", true),
        (Stage::Sealed, targets(), "STATIC", true),
        (Stage::Complete, targets(), "STATIC", true),
    ] {
        let table = table(vec![flag_at("http-auth", stage, targets)], segments(), &["main"]);
        let told = evaluated(&table, "http-auth", &json!({ "targetingKey": "somebody" }));
        assert_eq!((&told["reason"], &told["value"]), (&json!(reason), &json!(value)), "{stage}");
    }
}

#[test]
fn a_target_decides_by_subject_tenant_scope_or_header() {
    let targets = SEGMENTS.map(|name| target(name, Serve::Ssot)).to_vec();
    let table = table(vec![flag_at("http-auth", canary(1), targets)], segments(), &["main"]);
    for (member, value) in [
        ("targetingKey", json!("user-2")),
        ("tenant", json!("acme")),
        ("scopes", json!("read beta")),
        ("scopes", json!(["beta"])),
        ("headers", json!({ "X-Plan": "pro" })),
    ] {
        let mut context = json!({ "targetingKey": "somebody" });
        context[member] = value;
        let told = evaluated(&table, "http-auth", &context);
        assert_eq!(
            (&told["variant"], &told["reason"]),
            (&json!("ssot"), &json!("TARGETING_MATCH"))
        );
        assert_eq!(told["metadata"]["decided_by"], "target", "{context}");
    }
    for context in [
        json!({ "targetingKey": "somebody", "tenant": "other", "tenantId": "acme" }),
        json!({ "targetingKey": "somebody", "headers": { "x-plan": "free" }, "x-plan": "pro" }),
    ] {
        assert_eq!(evaluated(&table, "http-auth", &context)["metadata"]["decided_by"], "share");
    }
}

#[test]
fn whoever_is_on_legacy_at_a_required_component_is_so_here() {
    let parent = flag_at("parent", Stage::Live, vec![target("people", Serve::Legacy)]);
    let requires = vec![ComponentId::parse("parent").expect("an id")];
    let child = Flag { requires, ..flag_at("child", Stage::Live, vec![]) };
    let table = table(vec![parent, child], segments(), &["main"]);
    let told = evaluated(&table, "child", &json!({ "targetingKey": "user-1" }));
    assert_eq!((&told["variant"], &told["reason"]), (&json!("legacy"), &json!("UNKNOWN")));
    assert_eq!(told["metadata"]["decided_by"], "required");
    let told = evaluated(&table, "child", &json!({ "targetingKey": "user-3" }));
    assert_eq!((&told["variant"], &told["reason"]), (&json!("ssot"), &json!("SPLIT")));
}

#[tokio::test]
async fn a_fault_of_ours_is_answered_with_500_and_what_is_wrong() {
    let other = GroupId::parse("other").expect("a group");
    let lost = Flag { group: other, ..flag_at("lost", canary(5000), vec![]) };
    let table = table(vec![lost], vec![], &["main"]);
    let body = body(&json!({ "targetingKey": "alice" }));
    let context = Context::parse(&body).expect("a context");
    let panics = || caught(|| panic!("on purpose"));
    for failure in [answer(&table, "lost", &context), panics()] {
        let counts = OfrepCounts::default();
        let response = failure.expect_err("failed").into_response(&counts, Some("lost"));
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(counts.of(OfrepOutcome::Failed), 1);
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!((&body["key"], &body["errorCode"]), (&json!("lost"), &json!("GENERAL")));
        assert!(
            body["errorDetails"].as_str().is_some_and(|text| !text.contains("purpose")),
            "{body}"
        );
    }
}

#[test]
fn a_group_without_a_salt_fails_where_a_place_would_decide_and_nowhere_else() {
    let other = GroupId::parse("other").expect("a group");
    let flags = vec![
        Flag { group: other.clone(), ..flag_at("lost", canary(5000), vec![]) },
        Flag { group: other, ..flag_at("off", Stage::Off, vec![]) },
        flag_at("sound", canary(5000), vec![]),
    ];
    let table = table(flags, vec![], &["main"]);
    let body = body(&json!({ "targetingKey": "alice" }));
    let context = Context::parse(&body).expect("a context");
    let failed = answer(&table, "lost", &context);
    assert!(matches!(failed, Err(Failure::Failed(NO_SALT))), "{failed:?}");
    for sound in ["off", "sound"] {
        assert!(answer(&table, sound, &context).is_ok(), "{sound}");
    }
    // In the answer about all it fails alone.
    let all: Value =
        serde_json::from_slice(&answer_all(&table, &context).expect("an answer")).expect("JSON");
    let each = all["flags"].as_array().expect("flags").iter();
    let codes: Vec<_> = each.map(|each| &each["errorCode"]).collect();
    assert_eq!(codes, [&json!("GENERAL"), &Value::Null, &Value::Null]);
}

/// What the data path does with a token that proves all of this.
fn served(table: &Snapshot, flag: &Flag, context: &Value) -> Side {
    let mut claims = json!({ "sub": context["targetingKey"], "exp": 9_000_000_000_u64 });
    for (claim, member) in [("tenant_id", "tenant"), ("scope", "scopes")] {
        if !context[member].is_null() {
            claims[claim] = context[member].clone();
        }
    }
    let token =
        format!("eyJhbGciOiJIUzI1NiJ9.{}.AQ", encode_base64url(claims.to_string().as_bytes()));
    let mut headers = vec![("authorization".into(), format!("Bearer {token}").into())];
    if let Some(plan) = context["headers"]["X-Plan"].as_str() {
        headers.push(("x-plan".into(), plan.into()));
    }
    let parts = RequestParts { headers, ..RequestParts::default() };
    let (id, at) = (RequestId::new(1, 1), Timestamp::from_seconds(1_800_000_000));
    let question = Question::new(id, flag.component.clone(), at, Credentials::Request(parts));
    table.plan(flag, &Facts::asked(&question, &Proof::Sound), 0).serving
}

fn any_stage() -> impl Strategy<Value = Stage> {
    prop_oneof![
        1 => Just(Stage::Off),
        1 => Just(Stage::Shadow),
        4 => (1u16..=10_000).prop_map(canary),
        2 => Just(Stage::Live),
        1 => Just(Stage::Sealed),
        1 => Just(Stage::Complete),
    ]
}

fn any_targets() -> impl Strategy<Value = Vec<Target>> {
    let serve = prop_oneof![Just(Serve::Ssot), Just(Serve::Legacy), Just(Serve::Shadow)];
    let one = (prop::sample::select(&SEGMENTS[..]), serve);
    prop::collection::vec(one.prop_map(|(name, serve)| target(name, serve)), 0..4)
}

fn any_context() -> impl Strategy<Value = Value> {
    let maybe = |value: Value| prop_oneof![Just(Value::Null), Just(value)];
    let subject = prop_oneof![3 => (0u32..6).prop_map(|n| format!("user-{n}")), 1 => "\\PC{0,6}"];
    let headers = maybe(json!({ "X-Plan": "pro" }));
    (subject, maybe(json!("acme")), maybe(json!("read beta")), headers).prop_map(
        |(subject, tenant, scopes, headers)| {
            json!({ "targetingKey": subject, "tenant": tenant, "scopes": scopes, "headers": headers })
        },
    )
}

proptest! {
    #[test]
    fn an_evaluation_names_the_side_that_serves_a_token_with_the_same_facts(
        stages in (any_stage(), any_stage()),
        targets in (any_targets(), any_targets()),
        context in any_context(),
    ) {
        let parent = flag_at("parent", stages.0.max(stages.1), targets.0);
        let requires = vec![ComponentId::parse("parent").expect("an id")];
        let child = flag_at("child", stages.0.min(stages.1), targets.1);
        let table = table(vec![parent, Flag { requires, ..child }], segments(), &["main"]);
        for component in ["parent", "child"] {
            let flag = table.flag(component).expect("a flag");
            let told = evaluated(&table, component, &context);
            let side = served(&table, flag, &context);
            prop_assert_eq!(&told["variant"], side.as_str(), "{} {}", context, told);
            prop_assert_eq!(&told["value"], side == Side::Ssot);
        }
    }
}
