//! One rule after another: watched, enforced, taken back.

use serde_json::{Value, json};

use super::kit::{CONTROL, Reply, World};
use super::people::token;
use crossfade::access::Scope;
use crossfade::authority::Algorithm;
use crossfade::domain::{Clock as _, SystemClock};

const JSON: &str = "content-type: application/json\r\n";
const OWN: &str = "/v1/policies/own/access";

/// A world in which SSOT answers for everybody.
async fn world() -> World {
    let world = World::start().await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 10_000 })]).await;
    world
}

async fn policy(world: &World) -> Value {
    let list = world.control("GET", "/v1/policies", "", "").await.json();
    let rows = list["policies"].as_array().expect("rows");
    let own = |row: &&Value| row["issuer"] == "own" && row["kind"] == "access";
    rows.iter().find(own).expect("our own").clone()
}

/// Sets modes at the revision that is in force.
async fn set(world: &World, modes: Value) -> Reply {
    let revision = policy(world).await["revision"].clone();
    let body = json!({ "modes": modes, "note": "walking", "revision": revision });
    world.control("PUT", OWN, JSON, &body.to_string()).await
}

/// A token without an audience, as a client of this name sends it.
fn without_audience(world: &World, client: &str) -> String {
    let now = SystemClock.now().seconds();
    let claims = json!({
        "exp": now + 600, "iat": now, "iss": world.mint.issuer, "sub": "alice", "jti": "1",
        "token_type": "access", "type": "access", "client_id": client,
    });
    let header = br#"{"alg":"HS256","typ":"JWT"}"#;
    let token = world.mint.token(header, claims.to_string().as_bytes(), Algorithm::Hs256);
    token.reveal().to_owned()
}

/// What both doors say.
async fn answers(world: &World, token: &str) -> (Value, u16) {
    let decided = world.decide("modelled", token).await.json();
    assert_eq!(decided["served_by"], "ssot", "{decided}");
    let bearer = format!("authorization: Bearer {token}\r\n");
    let forwarded = world.data("GET", "/v1/forward-auth/modelled", &bearer, "").await;
    (decided["decision"].clone(), forwarded.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_watched_then_enforced_at_every_door_and_taken_back() {
    let world = world().await;
    let token = without_audience(&world, "old-app");
    assert_eq!(answers(&world, &token).await, (json!("deny"), 401), "strict from the start");

    let changed = set(&world, json!({ "audience": "observe" })).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.json()["modes"]["audience"], "observe");
    assert_eq!(answers(&world, &token).await, (json!("allow"), 200));
    assert_eq!(answers(&world, &without_audience(&world, "other-app")).await.1, 200);
    assert_eq!(answers(&world, &world.token("fresh_hs256", "bob")).await.1, 200);
    world.tally("modelled").await;
    let observed = world.control("GET", "/v1/policies/observed", "", "").await.json();
    let rows = observed["observed"].as_array().expect("rows");
    let clients: Vec<_> = rows.iter().map(|row| (&row["client"], &row["count"])).collect();
    assert_eq!(clients, [(&json!("old-app"), &json!(2)), (&json!("other-app"), &json!(2))]);
    assert_eq!((&rows[0]["rule"], &rows[0]["issuer"]), (&json!("audience"), &json!("own")));
    let metrics = world.metrics("GET", "/metrics").await.body;
    assert!(metrics.contains(r#"crossfade_policy_would_deny_total{rule="audience"} 4"#));

    assert_eq!(set(&world, json!({ "audience": "enforce" })).await.status, 200);
    assert_eq!(answers(&world, &token).await, (json!("deny"), 401));
    let observed = world.control("GET", "/v1/policies/observed", "", "").await.json();
    assert_eq!(observed, json!({ "observed": [], "other": 0 }), "it says nothing any more");

    let back = world.control("POST", &format!("{OWN}/rollback"), "", "").await;
    assert_eq!(back.json()["modes"]["audience"], "observe", "{}", back.body);
    assert_eq!(answers(&world, &token).await, (json!("allow"), 200));
    let page = world.control("GET", &format!("{OWN}/history"), "", "").await.json();
    let lines = page["changes"].as_array().expect("changes");
    let after: Vec<_> = lines.iter().map(|line| &line["after"]["audience"]).collect();
    assert_eq!(after, ["observe", "enforce", "observe"]);
    assert_eq!(
        (&lines[1]["cause"]["name"], &lines[1]["cause"]["note"]),
        (&json!("token:walker"), &json!("walking"))
    );

    let before = policy(&world).await;
    let (dir, mint) = world.stop().await;
    let world = World::start_in(dir, mint).await;
    assert_eq!(policy(&world).await, before);
    assert_eq!(answers(&world, &token).await, (json!("allow"), 200));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_read_the_same_policy_the_second_is_told_so() {
    let world = world().await;
    let body = |rule: &str| json!({ "modes": { rule: "observe" }, "revision": 0 }).to_string();
    let first = world.control("PUT", OWN, JSON, &body("audience")).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let second = world.control("PUT", OWN, JSON, &body("lifetime")).await;
    second.is_problem(409, "changed meanwhile");
    assert_eq!(second.json()["revision"], first.json()["revision"]);
    set(&world, json!({ "audience": "observe" })).await.is_problem(409, "nothing to change");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_loosen_takes_more_than_to_tighten() {
    let world = world().await;
    let raiser = token(&world, "raiser", Scope::Raise).await;
    let put = async |modes: Value| {
        let revision = policy(&world).await["revision"].clone();
        let body = json!({ "modes": modes, "revision": revision }).to_string();
        world.control_as_sent("PUT", OWN, &raiser.api_headers(), &body).await.status
    };
    let roll_back = async || {
        let target = format!("{OWN}/rollback");
        world.control_as_sent("POST", &target, &raiser.api_headers(), "{}").await.status
    };
    assert_eq!(put(json!({ "audience": "observe" })).await, 403);
    // One that tightens does not hide one that loosens.
    assert_eq!(put(json!({ "access_token_typ": "enforce", "audience": "observe" })).await, 403);
    assert_eq!(put(json!({ "access_token_typ": "observe" })).await, 200);
    assert_eq!(roll_back().await, 403, "that would loosen");
    assert_eq!(set(&world, json!({ "audience": "off" })).await.status, 200);
    assert_eq!(roll_back().await, 200, "that tightens");
    assert_eq!(policy(&world).await["modes"]["audience"], "enforce");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_taken_as_a_whole_and_what_it_cannot_match_is_told() {
    let world = world().await;
    let body = json!({ "profile": "python-jose", "revision": 0, "note": "reproduce" }).to_string();
    let changed = world.control("PUT", OWN, JSON, &body).await.json();
    assert_eq!(
        (&changed["profile"], &changed["modes"]["audience"]),
        (&json!("python-jose"), &json!("observe"))
    );
    let list = world.control("GET", "/v1/policies/profiles", "", "").await.json();
    let profiles = list["profiles"].as_array().expect("profiles");
    assert_eq!(profiles[0]["name"], "strict");
    let jose = profiles.iter().find(|each| each["name"] == "python-jose").expect("the profile");
    assert_eq!(jose["modes"], changed["modes"]);
    let cases = jose["unmatched"].as_array().expect("cases");
    assert!(cases.iter().any(|case| case["direction"] == "stricter" && case["case"] == "no `exp`"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_wrongly_is_told_with_what_would_be_right() {
    let world = world().await;
    let put = async |target: &str, body: Value| {
        world.control("PUT", target, JSON, &body.to_string()).await
    };
    let observe = json!({ "modes": { "audience": "observe" }, "revision": 0 });
    put("/v1/policies/nobody/access", observe.clone()).await.is_problem(404, "nobody");
    put("/v1/policies/own/session", observe).await.is_problem(404, "access, refresh");
    for (body, about) in [
        (json!({ "modes": { "signature": "off" }, "revision": 0 }), "issuer, audience"),
        (json!({ "modes": { "audience": "on" }, "revision": 0 }), "observe"),
        (json!({ "modes": {}, "revision": 0 }), "neither"),
        (json!({ "modes": { "audience": "off" }, "profile": "strict", "revision": 0 }), "not both"),
        (json!({ "profile": "none", "revision": 0 }), "no profile"),
    ] {
        put(OWN, body).await.is_problem(422, about);
    }
    put(OWN, json!({ "modes": { "audience": "off" } })).await.is_problem(400, "revision");
    let rollback = world.control("POST", &format!("{OWN}/rollback"), "", "").await;
    rollback.is_problem(409, "nothing to roll back");
    world.stop().await;
}

/// Runs `crossfade policy` with the token of the walks.
async fn policy_verb(world: &World, arguments: &[&str]) -> (Option<i32>, String) {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_crossfade"))
        .arg("policy")
        .args(arguments)
        .args(["--url", &world.control_url()])
        .env("CROSSFADE_TOKEN", CONTROL)
        .output();
    let output = output.await.expect("the binary runs");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_does_what_the_service_does() {
    let world = world().await;
    let note = ["--note", "who still sends none?"];
    let set = ["set", "own", "access", "audience=observe", "token_id=off"];
    let (code, said) = policy_verb(&world, &[&set[..], &note].concat()).await;
    assert_eq!(code, Some(0));
    assert!(
        said.contains("everything is enforced but access_token_typ=off audience=observe"),
        "{said}"
    );
    assert_eq!(policy_verb(&world, &set).await.0, Some(1), "nothing to change");
    answers(&world, &without_audience(&world, "old-app")).await;
    let (_, seen) = policy_verb(&world, &["observed"]).await;
    assert!(seen.contains("old-app"), "{seen}");
    let (_, shown) = policy_verb(&world, &["show"]).await;
    assert!(shown.contains("audience=observe"), "{shown}");
    let (_, one) = policy_verb(&world, &["show", "own", "access", "--json"]).await;
    let one: Value = serde_json::from_str(&one).expect("JSON");
    assert_eq!(one, policy(&world).await);
    let (_, diff) = policy_verb(&world, &["diff", "strict", "--json"]).await;
    let diff: Value = serde_json::from_str(&diff).expect("JSON");
    let rules = diff["rules"].as_array().expect("rules");
    let audience = rules.iter().find(|each| each["rule"] == "audience").expect("the rule");
    assert_eq!(
        (&audience["running"], &audience["profile"]),
        (&json!("observe"), &json!("enforce"))
    );
    assert_eq!(policy_verb(&world, &["rollback", "own", "access"]).await.0, Some(0));
    let (_, lines) = policy_verb(&world, &["history", "own", "access"]).await;
    assert!(lines.contains("audience observe to enforce") && lines.contains(note[1]), "{lines}");
    world.stop().await;
}
