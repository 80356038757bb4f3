//! Evaluation for other services: every status of the protocol's document, and that an evaluation
//! tells the same as the data path does.

use std::collections::BTreeSet;
use std::ops::Range;

use crossfade::access::Scope;
use crossfade::config::Config;
use crossfade::web::DataAccess;
use serde_json::{Value, json};

use super::kit::{Reply, World};
use super::people::token;
use super::targeting::target;

const JSON: &str = "content-type: application/json; charset=utf-8\r\n";
const ALL: &str = "/ofrep/v1/evaluate/flags";

fn asks_for_a_token(config: &mut Config) {
    config.listen.data_access = DataAccess::Token;
}

async fn evaluate(world: &World, key: &str, context: &Value) -> Reply {
    let body = json!({ "context": context }).to_string();
    world.data("POST", &format!("{ALL}/{key}"), JSON, &body).await
}

async fn evaluate_all(world: &World, headers: &str, subject: &str) -> Reply {
    let body = json!({ "context": { "targetingKey": subject } }).to_string();
    world.data("POST", ALL, &format!("{JSON}{headers}"), &body).await
}

async fn slot(world: &World, component: &str, subject: &str) -> u64 {
    let evaluated = evaluate(world, component, &json!({ "targetingKey": subject })).await;
    evaluated.json()["metadata"]["slot"].as_u64().expect("a slot")
}

/// Asserts that this is a failure in the protocol's words.
fn is_failure(reply: &Reply, status: u16, code: &str, key: Option<&str>) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/json"), "{reply:?}");
    let json = reply.json();
    assert_eq!((&json["errorCode"], &json["key"]), (&json!(code), &json!(key)), "{reply:?}");
    assert!(!json["errorDetails"].as_str().expect("details").is_empty(), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evaluation_says_who_serves_and_why() {
    let world = World::start().await;
    let mut subject = "alice".to_owned();
    // The salt is another one each time; the edge of a share lies on both sides of a place.
    while !(1..9_999).contains(&slot(&world, "http-auth", &subject).await) {
        subject.push('x');
    }
    let alice = json!({ "targetingKey": subject, "plan": ["whatever", {"else": null}] });
    let off = evaluate(&world, "http-auth", &alice).await;
    assert_eq!(off.status, 200, "{off:?}");
    assert_eq!(off.header("content-type"), Some("application/json"));
    let flag = world.flag("http-auth").await.json();
    let metadata = off.json()["metadata"].clone();
    assert_eq!(
        off.json(),
        json!({ "key": "http-auth", "value": false, "reason": "DISABLED", "variant": "legacy",
                "metadata": metadata })
    );
    let slot = metadata["slot"].as_u64().expect("a slot");
    assert_eq!(
        metadata,
        json!({ "stage": "off", "share": 0, "slot": slot, "revision": flag["revision"],
                "decided_by": "stage" })
    );
    let shadow = evaluate(&world, "modelled", &alice).await.json();
    assert_eq!((&shadow["reason"], &shadow["variant"]), (&json!("STATIC"), &json!("legacy")));

    // The edge of the share is where the slot says it is.
    let share = |points: u64| json!({ "stage": "canary", "share": points });
    world.move_to("modelled", &[share(slot + 1)]).await;
    let below = evaluate(&world, "modelled", &alice).await.json();
    assert_eq!((&below["value"], &below["reason"]), (&json!(true), &json!("SPLIT")), "{below}");
    assert_eq!(below["metadata"]["share"], slot + 1);
    world.move_to("modelled", &[share(slot)]).await;
    let above = evaluate(&world, "modelled", &alice).await.json();
    assert_eq!((&above["value"], &above["reason"]), (&json!(false), &json!("SPLIT")), "{above}");
    let nobody = evaluate(&world, "modelled", &json!({ "targetingKey": "" })).await.json();
    assert_eq!((&nobody["value"], &nobody["reason"]), (&json!(false), &json!("UNKNOWN")));
    assert_eq!(nobody["metadata"].get("slot"), None, "nobody has no place");
    world.move_to("modelled", &[share(10_000)]).await;
    let everybody = evaluate(&world, "modelled", &json!({ "targetingKey": "" })).await.json();
    assert_eq!((&everybody["value"], &everybody["reason"]), (&json!(true), &json!("STATIC")));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_may_be_long_and_of_any_script_up_to_what_a_token_may_name() {
    let world = World::start().await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 5000 })]).await;
    let longest = "ü".repeat(2048);
    for (subject, has_place) in [
        ("日本語 \u{202e}🦀", true),
        ("a\u{0}b\"\\", true),
        (&longest, true),
        (&(longest.clone() + "x"), false),
    ] {
        let reply = evaluate(&world, "modelled", &json!({ "targetingKey": subject })).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let decided_by = if has_place { "share" } else { "no_subject" };
        assert_eq!(reply.json()["metadata"]["decided_by"], decided_by, "{}", subject.len());
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_evaluated_is_told_in_the_words_of_the_protocol() {
    let world = World::start().await;
    let one = format!("{ALL}/modelled");
    let huge = json!({ "context": { "targetingKey": "a", "x": "y".repeat(70_000) } }).to_string();
    let bad: [(&str, &str, &str); 8] = [
        (JSON, "{", "PARSE_ERROR"),
        (JSON, &huge, "PARSE_ERROR"),
        ("content-type: text/plain\r\n", r#"{"context":{"targetingKey":"a"}}"#, "PARSE_ERROR"),
        (JSON, "{}", "INVALID_CONTEXT"),
        (JSON, r#"{"context":"alice"}"#, "INVALID_CONTEXT"),
        (JSON, r#"{"context":{"targetingKey":7}}"#, "INVALID_CONTEXT"),
        (JSON, r#"{"context":{"targetingKey":"a","headers":7}}"#, "INVALID_CONTEXT"),
        (JSON, r#"{"context":{"email":"a@example.com"}}"#, "TARGETING_KEY_MISSING"),
    ];
    for (headers, body, code) in bad {
        is_failure(&world.data("POST", &one, headers, body).await, 400, code, Some("modelled"));
        is_failure(&world.data("POST", ALL, headers, body).await, 400, code, None);
    }
    let alice = json!({ "targetingKey": "alice" });
    for (path, key) in [("nobody", "nobody"), ("no%2Fbody%20%C3%BC", "no/body ü"), ("%FF", "")] {
        is_failure(&evaluate(&world, path, &alice).await, 404, "FLAG_NOT_FOUND", Some(key));
    }
    world.data("GET", &one, "", "").await.is_problem(405, "method");
    let metrics = world.metrics("GET", "/metrics").await.body;
    for counted in ["unreadable\"} 16", "not_found\"} 3", "single\"} 0"] {
        let line = format!("crossfade_ofrep_requests_total{{outcome=\"{counted}\n");
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_components_are_evaluated_in_one_answer_whose_tag_is_of_the_answer() {
    let world = World::start().await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 5000 })]).await;
    let all = evaluate_all(&world, "", "alice").await;
    assert_eq!(all.status, 200, "{all:?}");
    let body = all.json();
    let flags = world.control("GET", "/v1/flags", "", "").await.json();
    let keys: Vec<_> =
        body["flags"].as_array().expect("flags").iter().map(|each| &each["key"]).collect();
    assert_eq!(keys, ["child", "frontend-session", "http-auth", "modelled", "token-operations"]);
    for each in body["flags"].as_array().expect("flags") {
        let key = each["key"].as_str().expect("a key");
        let single = evaluate(&world, key, &json!({ "targetingKey": "alice" })).await;
        assert_eq!(&single.json(), each);
    }
    let streams = json!([{ "type": "sse", "endpoint": { "requestUri": "/ofrep/v1/events" } }]);
    assert_eq!(body["eventStreams"], streams);
    assert_eq!(body["metadata"], json!({ "revision": flags["revision"] }));

    let tag = all.header("etag").expect("a tag").to_owned();
    let known = format!("if-none-match: \"other\", W/{tag}\r\n");
    let same = evaluate_all(&world, &known, "alice").await;
    assert_eq!((same.status, same.body.as_str(), same.header("etag")), (304, "", Some(&*tag)));
    // What an event says is accepted, and changes nothing.
    let context = json!({ "context": { "targetingKey": "alice" } }).to_string();
    let target = format!("{ALL}?flagConfigEtag=%22x%22&flagConfigLastModified=1771622898");
    let headers = format!("{JSON}{known}");
    assert_eq!(world.data("POST", &target, &headers, &context).await.status, 304);
    // Another subject has another answer under the same table: its slot is another.
    let other = evaluate_all(&world, &known, "bob").await;
    assert_eq!(other.status, 200, "{other:?}");
    assert_ne!(other.header("etag"), Some(&*tag));
    // And so has another table.
    world.move_to("http-auth", &[json!({ "stage": "shadow" })]).await;
    assert_eq!(evaluate_all(&world, &known, "alice").await.status, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_asks_for_a_token_takes_one_for_evaluations_in_either_header() {
    let world = World::start_with(asks_for_a_token).await;
    let body = json!({ "context": { "targetingKey": "alice" } }).to_string();
    let one = format!("{ALL}/modelled");
    let secret = |headers: &str| headers.trim().rsplit(' ').next().expect("a token").to_owned();
    let evaluate = secret(&token(&world, "evaluator", Scope::Evaluate).await.headers);
    let decide = secret(&token(&world, "decider", Scope::Decide).await.headers);
    for (target, key) in [(one.as_str(), Some("modelled")), (ALL, None)] {
        let nobody = world.data("POST", target, JSON, &body).await;
        is_failure(&nobody, 401, "GENERAL", key);
        assert!(nobody.header("www-authenticate").is_some(), "{nobody:?}");
        let unknown = format!("{JSON}x-api-key: cfd_nobody-knows-this-one\r\n");
        is_failure(&world.data("POST", target, &unknown, &body).await, 401, "GENERAL", key);
        for header in ["authorization: Bearer", "x-api-key:"] {
            let wrong = format!("{JSON}{header} {decide}\r\n");
            is_failure(&world.data("POST", target, &wrong, &body).await, 403, "GENERAL", key);
            let right = format!("{JSON}{header} {evaluate}\r\n");
            assert_eq!(world.data("POST", target, &right, &body).await.status, 200, "{header}");
        }
    }
    // Nor does a token for evaluations ask about tokens.
    let headers = format!("{JSON}authorization: Bearer {evaluate}\r\n");
    let decide = world.data("POST", "/v1/decide/modelled", &headers, r#"{"token":"a.b.c"}"#).await;
    decide.is_problem(403, "ask about tokens");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_too_often_is_told_when_to_come_back() {
    let world = World::start_with(|config| config.access.data_per_second = Some(2)).await;
    let mut refused = 0;
    for _ in 0..20 {
        let reply = evaluate(&world, "modelled", &json!({ "targetingKey": "alice" })).await;
        if reply.status != 200 {
            is_failure(&reply, 429, "GENERAL", Some("modelled"));
            let seconds = reply.header("retry-after").expect("a time").parse::<u32>();
            assert!(seconds.is_ok_and(|seconds| seconds >= 1), "{reply:?}");
            refused += 1;
        }
    }
    assert!(refused > 0);
    let metrics = world.metrics("GET", "/metrics").await.body;
    let counted = format!("crossfade_ofrep_requests_total{{outcome=\"refused\"}} {refused}");
    assert!(metrics.contains(&counted), "{counted} in {metrics}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evaluation_names_the_side_that_then_serves_the_subject() {
    let world = World::start().await;
    let share = |points: u16| json!({ "stage": "canary", "share": points });
    let stages = [
        ("modelled", vec![]),
        ("modelled", vec![share(1), share(2500)]),
        ("child", vec![json!({ "stage": "shadow" }), share(1000)]),
        ("modelled", vec![share(6000)]),
        ("child", vec![share(6000)]),
        ("modelled", vec![share(10_000), json!({ "stage": "live" })]),
        ("modelled", vec![json!({ "stage": "sealed" })]),
    ];
    let mut sides = [0, 0];
    for (moved, stages) in stages {
        world.move_to(moved, &stages).await;
        for number in 0..60 {
            let subject = format!("user-{number}");
            let token = world.token("fresh_hs256", &subject);
            for component in ["modelled", "child"] {
                let context = json!({ "targetingKey": subject });
                let evaluated = evaluate(&world, component, &context).await.json();
                let served = world.decide(component, &token).await.json();
                assert_eq!(evaluated["variant"], served["served_by"], "{subject} {evaluated}");
                assert_eq!(evaluated["value"], served["served_by"] == "ssot");
                sides[usize::from(evaluated["value"] == true)] += 1;
            }
        }
    }
    assert!(sides.iter().all(|count| *count > 100), "both sides serve: {sides:?}");
    world.stop().await;
}

fn subjects(numbers: Range<u32>) -> Value {
    let names: Vec<String> = numbers.map(|number| format!("user-{number}")).collect();
    json!({ "subjects": names })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evaluation_names_the_side_that_then_serves_where_targets_decide() {
    let world = World::start().await;
    world.segment("first", &subjects(0..10)).await;
    world.segment("last", &subjects(10..20)).await;
    world.segment("watched", &subjects(20..25)).await;
    world.segment("some-of-both", &subjects(5..15)).await;
    let targets =
        json!([target("first", "ssot"), target("last", "legacy"), target("watched", "shadow")]);
    assert_eq!(world.aim("modelled", &targets).await.status, 200);
    let targets = json!([target("watched", "legacy"), target("some-of-both", "ssot")]);
    assert_eq!(world.aim("child", &targets).await.status, 200);
    let share = |points: u16| json!({ "stage": "canary", "share": points });
    let stages = [
        ("modelled", vec![]),
        ("modelled", vec![share(0)]),
        ("child", vec![json!({ "stage": "shadow" }), share(0)]),
        ("modelled", vec![share(5_000)]),
        ("child", vec![share(5_000)]),
        ("modelled", vec![share(10_000), json!({ "stage": "live" })]),
        ("child", vec![share(10_000), json!({ "stage": "live" })]),
    ];
    let mut seen = BTreeSet::new();
    for (moved, stages) in stages {
        world.move_to(moved, &stages).await;
        for number in 0..45 {
            let subject = format!("user-{number}");
            let token = world.token("fresh_hs256", &subject);
            for component in ["modelled", "child"] {
                let context = json!({ "targetingKey": subject });
                let evaluated = evaluate(&world, component, &context).await.json();
                let served = world.decide(component, &token).await.json();
                assert_eq!(evaluated["variant"], served["served_by"], "{subject} {evaluated}");
                assert_eq!(evaluated["value"], served["served_by"] == "ssot");
                let text = |value: &Value| value.as_str().expect("a code").to_owned();
                let by = text(&evaluated["metadata"]["decided_by"]);
                seen.insert((component, by, text(&evaluated["variant"])));
            }
        }
    }
    // Every rule has decided somewhere, for either side where it can.
    let rules = [
        ("modelled", vec!["share", "stage", "target"], vec!["share", "stage", "target"]),
        ("child", vec!["share", "stage", "target"], vec!["required", "share", "stage", "target"]),
    ];
    for (component, ssot, legacy) in rules {
        for (side, expected) in [("ssot", ssot), ("legacy", legacy)] {
            let of_side = seen.iter().filter(|each| each.0 == component && each.2 == side);
            let found: Vec<&str> = of_side.map(|each| each.1.as_str()).collect();
            assert_eq!(found, expected, "{component} {side}");
        }
    }
    world.stop().await;
}
