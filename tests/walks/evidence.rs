//! Evidence from outside: handed in, certified on one installation and trusted on another.

use crossfade::access::{Role, Scope};
use crossfade::authority::{KeySource, StatementKeys};
use crossfade::config::Config;
use crossfade::domain::Clock as _;
use crossfade::domain::{ComponentId, SystemClock};
use crossfade::guard::Imported;
use serde_json::{Value, json};

use super::kit::{Reply, World, log};
use super::people::{Person, operator, token};

const CERTIFICATE: &str = "/v1/evidence/modelled/certificate";
const TESTS: &str = "/v1/evidence/modelled/tests";
const GOLDEN_PATH: &str = "/v1/evidence/golden-path";

async fn send(world: &World, who: &Person, method: &str, path: &str, body: &Value) -> Reply {
    world.control_as_sent(method, path, &who.api_headers(), &body.to_string()).await
}

async fn shown(world: &World, component: &str) -> Value {
    let reply = world.control("GET", &format!("/v1/evidence/{component}"), "", "").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// What a rollout plan sees.
fn imported(world: &World, component: &str) -> Imported {
    let id = ComponentId::parse(component).expect("an id");
    world.rooms.evidence.evidence.of(&id, SystemClock.now())
}

async fn staging() -> World {
    World::start_with(|config| config.evidence.name = "staging".into()).await
}

/// An installation that trusts these keys as those of `staging`.
async fn production(keys: &str) -> World {
    World::start_with(|config: &mut Config| {
        let mut trusted = StatementKeys::default();
        trusted.trust("staging", keys, None).expect("public keys");
        config.evidence.staging_keys = trusted;
    })
    .await
}

async fn compared(world: &World, count: usize) {
    let token = world.token("fresh_hs256", "alice");
    for chunk in (0..count).collect::<Vec<_>>().chunks(16) {
        let asking = chunk.iter().map(|_| world.decide("modelled", &token));
        for reply in futures_util::future::join_all(asking).await {
            assert_eq!(reply.json()["decision"], "allow", "{reply:?}");
        }
        world.rooms.shadow.idle().await;
    }
}

async fn issued(world: &World) -> Value {
    let reply = world.control("POST", &format!("{CERTIFICATE}/issue"), "", "").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    reply.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_did_well_on_staging_is_known_to_have_on_production() {
    let staging = staging().await;
    compared(&staging, 1000).await;
    let issued = issued(&staging).await;
    let claims = &issued["claims"];
    assert_eq!((&claims["good"], &claims["iss"]), (&json!(true), &json!("staging")), "{claims}");
    let tally = staging.tally("modelled").await;
    assert_eq!(claims["comparisons"], json!(tally.conclusive()));
    assert_eq!((&claims["stage"], &claims["mismatches"]), (&json!("shadow"), &json!({})));
    let certificate = issued["certificate"].as_str().expect("a certificate").to_owned();
    // Whoever shows it as a token gets nowhere.
    let decided = staging.decide("modelled", &certificate).await;
    assert_eq!(decided.json()["decision"], "deny", "{decided:?}");

    let production = production(&staging.rooms.authority.jwks()).await;
    let promoter = operator(&production, "ada", Role::Promoter).await;
    assert_eq!(imported(&production, "modelled"), Imported::default());
    let body = json!({ "certificate": certificate });
    let taken = send(&production, &promoter, "POST", CERTIFICATE, &body).await;
    assert_eq!((taken.status, &taken.json()["finding"]["good"]), (200, &json!(true)), "{taken:?}");
    let finding = imported(&production, "modelled").certificate.expect("a certificate");
    assert!(finding.good && finding.what.contains("on staging at shadow"), "{finding:?}");
    let shown = shown(&production, "modelled").await;
    assert_eq!(shown["certificate"]["finding"]["at"], claims["until"]);
    assert!(shown["certificate"]["age_s"].is_u64());
    assert_eq!(shown["certificate"]["entries"][0]["by"], "ada");
    assert_eq!(
        shown["certificate"]["entries"][0]["certificate"]["comparisons"],
        claims["comparisons"]
    );
    let again = send(&production, &promoter, "POST", CERTIFICATE, &body).await;
    again.is_problem(409, "issued at the same time or later");
    let elsewhere = "/v1/evidence/child/certificate";
    send(&production, &promoter, "POST", elsewhere, &body).await.is_problem(422, "modelled");
    assert_eq!(imported(&production, "child").certificate, None);

    let (dir, mint) = production.stop().await;
    let production = World::start_in(dir, mint).await;
    assert_eq!(imported(&production, "modelled").certificate, Some(finding));
    for text in [shown.to_string(), taken.body, again.body, log()] {
        assert!(!text.contains(&certificate), "the certificate is told: {text}");
    }
    production.stop().await;
    staging.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_over_too_little_or_with_differences_says_that_it_is_not_good() {
    let staging = staging().await;
    compared(&staging, 5).await;
    let few = issued(&staging).await["claims"].clone();
    assert_eq!(few["good"], false);
    assert_eq!(few["why"][0], "5 comparisons are fewer than 1000");
    // A flag that changes begins anew, with the minute of the change.
    let wish = json!({ "span_s": 59 }).to_string();
    let headers = "content-type: application/json\r\n";
    let short = staging.control("POST", &format!("{CERTIFICATE}/issue"), headers, &wish).await;
    short.is_problem(422, "1 minute to 48 hours");
    let missing = staging.control("POST", "/v1/evidence/none/certificate/issue", "", "").await;
    missing.is_problem(404, "no component");
    staging.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_somebody_else_or_of_a_shared_secret_is_worth_nothing() {
    let staging = staging().await;
    let certificate = issued(&staging).await["certificate"].as_str().expect("text").to_owned();
    let body = json!({ "certificate": certificate }).to_string();
    let kind = "content-type: application/json\r\n";
    let nobody = staging.control("POST", CERTIFICATE, kind, &body).await;
    nobody.is_problem(409, "staging_keys");
    let other = crossfade::authority::specimens::Mint::seeded(99).key_set();
    let production = production(&other).await;
    let refused = production.control("POST", CERTIFICATE, kind, &body).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    refused.is_problem(422, "the certificate is refused: ");
    let token = json!({ "certificate": production.token("fresh_hs256", "alice") }).to_string();
    production.control("POST", CERTIFICATE, kind, &token).await.is_problem(422, "refused: issuer");
    assert_eq!(imported(&production, "modelled").certificate, None);
    production.stop().await;
    staging.stop().await;
    let secret_only = World::start_with(|config| {
        config.authority.keys.retain(|key| matches!(key, KeySource::Secret { .. }));
    });
    let world = secret_only.await;
    let refused = world.control("POST", &format!("{CERTIFICATE}/issue"), "", "").await;
    refused.is_problem(409, "shared secrets");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_teams_tests_are_handed_in_and_withdrawn() {
    let world = World::start().await;
    let ci = token(&world, "ci", Scope::Raise).await;
    let xml = "content-type: application/xml\r\n";
    let headers = format!("{}{xml}", ci.headers);
    let report = r#"<testsuites><testsuite name="s" tests="2" timestamp="2026-01-02T03:04:05Z">
        <testcase classname="login" name="signs in"/><testcase classname="login" name="out"/>
        </testsuite></testsuites>"#;
    let required = format!("{TESTS}?require=login.signs%20in&require=login.out");
    let good = world.control_as_sent("POST", &required, &headers, report).await;
    assert_eq!((good.status, &good.json()["finding"]["good"]), (200, &json!(true)), "{good:?}");
    assert_eq!(good.json()["finding"]["at"], "2026-01-02T03:04:05.000Z");
    assert_eq!(good.json()["entries"][0]["by"], "token:ci");
    assert!(imported(&world, "modelled").tests.is_some_and(|found| found.good));
    let missing = format!("{TESTS}?require=login.of%20the%20year");
    let bad = world.control_as_sent("POST", &missing, &headers, report).await;
    assert_eq!((bad.status, &bad.json()["finding"]["good"]), (200, &json!(false)), "{bad:?}");
    assert!(imported(&world, "modelled").tests.is_some_and(|found| !found.good));
    let bomb = r#"<!DOCTYPE x [<!ENTITY a "a">]><testsuite><testcase name="&a;"/></testsuite>"#;
    world.control_as_sent("POST", TESTS, &headers, bomb).await.is_problem(400, "DOCTYPE");
    world.control("POST", TESTS, xml, "<testsuite>").await.is_problem(400, "too early");
    let json = "content-type: application/json\r\n";
    world.control("POST", TESTS, json, "{}").await.is_problem(415, "application/xml");
    let large = " ".repeat(4 * 1024 * 1024 + 1);
    world.control("POST", TESTS, xml, &large).await.is_problem(413, "4194304");
    let other = "/v1/evidence/none/tests";
    world.control("POST", other, xml, report).await.is_problem(404, "no component");

    let operator = operator(&world, "bob", Role::Operator).await;
    let note = json!({ "note": "wrong branch" });
    let withdrawn = send(&world, &operator, "DELETE", TESTS, &note).await;
    assert_eq!((withdrawn.status, &withdrawn.json()["finding"]), (200, &Value::Null));
    assert_eq!(imported(&world, "modelled").tests, None);
    let entry = &shown(&world, "modelled").await["tests"]["entries"][0];
    assert_eq!(
        (&entry["by"], &entry["withdrawn"]["note"]),
        (&json!("bob"), &json!("wrong branch"))
    );
    world.control("DELETE", TESTS, "", "").await.is_problem(404, "no tests");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_reports_walks_and_the_rate_is_held_against_a_baseline() {
    let world = World::start().await;
    let probe = token(&world, "probe", Scope::Observe).await;
    let json_kind = "content-type: application/json\r\n";
    let headers = format!("{}{json_kind}", probe.headers);
    let report = async |walks: u32, passed: u32| {
        let body = json!({ "walks": walks, "passed": passed }).to_string();
        world.data("POST", GOLDEN_PATH, &headers, &body).await
    };
    report(10, 11).await.is_problem(422, "more walks passed");
    assert_eq!(report(90, 90).await.status, 204);
    let ada = operator(&world, "ada", Role::Promoter).await;
    let note = json!({ "note": "before the canary" });
    let baseline = format!("{GOLDEN_PATH}/baseline");
    let early = send(&world, &ada, "POST", &baseline, &note).await;
    early.is_problem(409, "at least 100 walks");
    let by_hand = json!({ "walks": 10, "passed": 9 });
    assert_eq!(send(&world, &ada, "POST", GOLDEN_PATH, &by_hand).await.status, 204);
    let recorded = send(&world, &ada, "POST", &baseline, &note).await.json();
    assert_eq!((&recorded["permille"], &recorded["by"]), (&json!(990), &json!("ada")));
    assert_eq!(report(100, 60).await.status, 204);
    let rate = imported(&world, "modelled").golden_path.expect("a rate");
    assert_eq!((rate.walks, rate.passed, rate.baseline_permille), (200, 159, Some(990)));
    let shown = world.control("GET", GOLDEN_PATH, "", "").await.json();
    assert_eq!((&shown["permille"], &shown["rate"]["walks"]), (&json!(795), &json!(200)));
    let by: Vec<&Value> =
        shown["observations"].as_array().expect("a list").iter().map(|seen| &seen["by"]).collect();
    assert_eq!(by, ["token:probe", "ada", "token:probe"]);
    // The door of probes takes a token even where nobody else needs one, and only of its scope.
    let body = by_hand.to_string();
    world.data("POST", GOLDEN_PATH, json_kind, &body).await.is_problem(401, "");
    let decide = token(&world, "decider", Scope::Decide).await;
    let headers = format!("{}{json_kind}", decide.headers);
    world.data("POST", GOLDEN_PATH, &headers, &body).await.is_problem(403, "report outcomes");
    world.stop().await;
}
