//! Staff first, key accounts last, shadow only: who is served otherwise than the share says, set
//! up, explained and taken back.

use std::collections::BTreeSet;
use std::process::Stdio;

use crossfade::access::Role;
use crossfade::authority::Algorithm;
use crossfade::compare::MismatchClass;
use crossfade::domain::{Side, decode_base64url, encode_base64url};
use crossfade::ledger::Counter;
use serde_json::{Value, json};
use tokio::process::Command;

use super::kit::{CONTROL, Reply, World, counted};
use super::people::operator;

const JSON: &str = "content-type: application/json\r\n";

impl World {
    async fn put_segment(&self, name: &str, condition: &str, body: &Value) -> Reply {
        let headers = format!("{condition}\r\n{JSON}");
        self.control("PUT", &format!("/v1/segments/{name}"), &headers, &body.to_string()).await
    }

    /// Makes a segment.
    pub async fn segment(&self, name: &str, body: &Value) {
        let made = self.put_segment(name, "if-none-match: *", body).await;
        assert_eq!(made.status, 200, "{made:?}");
    }

    /// Sets all targets of a component.
    pub async fn aim(&self, component: &str, targets: &Value) -> Reply {
        let etag = self.flag(component).await.header("etag").expect("an ETag").to_owned();
        let headers = format!("if-match: {etag}\r\n{JSON}");
        let body = json!({ "targets": targets, "note": "test" }).to_string();
        self.control("PUT", &format!("/v1/flags/{component}"), &headers, &body).await
    }

    async fn move_on(&self, component: &str, stage: &Value) -> Reply {
        let etag = self.flag(component).await.header("etag").expect("an ETag").to_owned();
        let headers = format!("if-match: {etag}\r\n{JSON}");
        self.control("PUT", &format!("/v1/flags/{component}"), &headers, &stage.to_string()).await
    }

    async fn served_by(&self, subject: &str) -> Value {
        let token = self.token("fresh_hs256", subject);
        self.decide("modelled", &token).await.json()["served_by"].clone()
    }

    async fn explain(&self, body: &Value) -> Reply {
        let path = "/v1/flags/modelled/explain";
        self.control("POST", path, JSON, &body.to_string()).await
    }
}

/// A target as it is set.
pub fn target(segment: &str, serve: &str) -> Value {
    json!({ "segment": segment, "serve": serve })
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_is_first_while_nobody_else_is_on_ssot() {
    let world = World::start().await;
    world.segment("staff", &json!({ "subjects": ["alice"], "note": "who is let in first" })).await;
    let nobody_yet = json!({ "stage": "canary", "share": 0 });
    world.move_on("modelled", &nobody_yet).await.is_problem(409, "share of at least");
    world.aim("modelled", &json!([target("nobody", "ssot")])).await.is_problem(422, "nobody");
    assert_eq!(world.aim("modelled", &json!([target("staff", "ssot")])).await.status, 200);
    assert_eq!(world.served_by("alice").await, "legacy", "shadow gives nobody to ssot");
    world.move_to("modelled", &[nobody_yet]).await;
    assert_eq!(world.served_by("alice").await, "ssot");
    for number in 0..20 {
        assert_eq!(world.served_by(&format!("user-{number}")).await, "legacy", "{number}");
    }
    world.aim("modelled", &json!([])).await.is_problem(409, "share of at least");

    let etag = world.control("GET", "/v1/segments/staff", "", "").await;
    let etag = etag.header("etag").expect("an ETag").to_owned();
    let condition = format!("if-match: {etag}");
    let taken =
        world.control("DELETE", "/v1/segments/staff", &format!("{condition}\r\n"), "").await;
    taken.is_problem(409, "modelled targets it");
    let changed = world.put_segment("staff", &condition, &json!({ "subjects": ["bob"] })).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(
        (world.served_by("alice").await, world.served_by("bob").await),
        (json!("legacy"), json!("ssot")),
        "the very next request"
    );

    let back = world.control("POST", "/v1/flags/modelled/rollback", "", "").await;
    assert_eq!(back.status, 200, "{back:?}");
    assert_eq!(world.served_by("bob").await, "legacy", "a rollback is for everybody");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn key_accounts_are_last_and_nothing_is_sealed_over_them() {
    let world = World::start().await;
    world.segment("bigcorp", &json!({ "subjects": ["carol"] })).await;
    world.aim("modelled", &json!([target("bigcorp", "legacy")])).await;
    world.served_by("carol").await;
    let all = json!({ "stage": "canary", "share": 10_000 });
    world.move_to("modelled", &[all, json!({ "stage": "live" })]).await;
    assert_eq!(world.served_by("carol").await, "legacy");
    assert_eq!(world.served_by("alice").await, "ssot");
    let sealed = world.move_on("modelled", &json!({ "stage": "sealed" })).await;
    sealed.is_problem(409, "bigcorp");
    let tally = world.tally("modelled").await;
    let expected = [(Counter::Served(Side::Legacy), 2), (Counter::Served(Side::Ssot), 1)];
    counted(&tally, &expected);
    assert_eq!(world.aim("modelled", &json!([])).await.status, 200);
    world.move_to("modelled", &[json!({ "stage": "sealed" })]).await;
    assert_eq!(world.served_by("carol").await, "ssot");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ssot_is_not_asked_about_whom_legacy_keeps_and_compared_for_whom_it_shadows() {
    let world = World::start().await;
    world.segment("kept", &json!({ "subjects": ["carol"] })).await;
    world.segment("watched", &json!({ "subjects": ["dave"] })).await;
    let targets = json!([target("kept", "legacy"), target("watched", "shadow")]);
    world.aim("modelled", &targets).await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 10_000 })]).await;
    // Legacy forgets audiences: where ssot is asked, it differs.
    for subject in ["carol", "dave"] {
        let reply = world.decide("modelled", &world.token("aud_missing", subject)).await.json();
        let served = (&reply["served_by"], &reply["decision"]);
        assert_eq!(served, (&json!("legacy"), &json!("allow")), "{subject}");
    }
    let tally = world.tally("modelled").await;
    let stricter = Counter::Mismatched(MismatchClass::Stricter);
    counted(&tally, &[(Counter::Served(Side::Legacy), 2), (stricter, 1), (Counter::Matched, 0)]);
    world.stop().await;
}

/// The claims of a token with something changed.
fn changed(token: &str, change: impl Fn(&mut Value)) -> String {
    let claims = token.split('.').nth(1).and_then(decode_base64url).expect("claims");
    let mut claims: Value = serde_json::from_slice(&claims).expect("JSON");
    change(&mut claims);
    claims.to_string()
}

/// The same token with something changed, as its issuer would have made it.
fn sound(world: &World, token: &str, change: impl Fn(&mut Value)) -> String {
    let header = br#"{"alg":"HS256","typ":"JWT"}"#;
    let claims = changed(token, change);
    world.mint.token(header, claims.as_bytes(), Algorithm::Hs256).reveal().to_owned()
}

/// This token with other claims under its old signature, and the same without any.
fn forged(token: &str, change: impl Fn(&mut Value)) -> [String; 2] {
    let parts: Vec<&str> = token.split('.').collect();
    let claims = encode_base64url(changed(token, change).as_bytes());
    let none = encode_base64url(br#"{"alg":"none","typ":"JWT"}"#);
    [format!("{}.{claims}.{}", parts[0], parts[2]), format!("{none}.{claims}.")]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_token_is_targeted_by_its_tenant_its_scopes_and_the_headers_beside_it() {
    let world = World::start().await;
    world.segment("by-tenant", &json!({ "tenants": ["acme"] })).await;
    world.segment("by-scope", &json!({ "scopes": ["staff"] })).await;
    world.segment("by-header", &json!({ "headers": { "x-plan": ["pro"] } })).await;
    let targets =
        ["by-tenant", "by-scope", "by-header"].map(|segment| target(segment, "ssot")).to_vec();
    assert_eq!(world.aim("modelled", &json!(targets)).await.status, 200);
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 0 })]).await;
    let token = world.token("fresh_hs256", "alice");
    assert_eq!(world.decide("modelled", &token).await.json()["served_by"], "legacy");
    let claims: [(&str, Value, &str); 12] = [
        ("tenant_id", json!("acme"), "ssot"),
        ("tenant", json!("acme"), "ssot"),
        ("tid", json!("acme"), "ssot"),
        ("org_id", json!("acme"), "ssot"),
        ("tenant_id", json!("acme2"), "legacy"),
        ("scope", json!("read staff"), "ssot"),
        ("scope", json!("read staffroom"), "legacy"),
        ("scp", json!(["staff"]), "ssot"),
        ("scopes", json!(["read", "staff"]), "ssot"),
        ("permissions", json!(["read", "staff"]), "ssot"),
        ("permissions", json!(["read"]), "legacy"),
        ("nothing", json!("staff acme"), "legacy"),
    ];
    for (name, value, side) in claims {
        let change = |claims: &mut Value| claims[name] = value.clone();
        let token_of = sound(&world, &token, change);
        let served = world.decide("modelled", &token_of).await.json();
        let found = (&served["served_by"], &served["decision"]);
        assert_eq!(found, (&json!(side), &json!("allow")), "{name}: {value}: {served}");
        // Whoever only writes the same claims is nobody's target.
        for forged in forged(&token, change) {
            let served = world.decide("modelled", &forged).await.json();
            assert_eq!(served["served_by"], "legacy", "{name}: {value}: {served}");
        }
    }
    let [forged, _] = forged(&token, |claims| claims["email"] = json!("root@example.com"));
    for (token, header, side) in [
        (&token, "pro", "ssot"),
        (&token, "free", "legacy"),
        (&token, "pro, free", "legacy"),
        (&forged, "pro", "legacy"),
    ] {
        let bearer = format!("Bearer {token}");
        let sent = json!({ "headers": [["Authorization", bearer], ["x-plan", header]] });
        let reply = world.data("POST", "/v1/decide/modelled", JSON, &sent.to_string()).await;
        assert_eq!(reply.json()["served_by"], side, "{header}: {reply:?}");
        let head = format!("authorization: {bearer}\r\nx-plan: {header}\r\n");
        let reply = world.data("GET", "/v1/forward-auth/modelled", &head, "").await;
        let by_ssot = reply.header("x-auth-side") == Some("ssot");
        assert_eq!(by_ssot, side == "ssot", "{header}: {reply:?}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_forges_a_claim_or_sends_a_header_does_not_choose_his_judge() {
    let world = World::start().await;
    let headers = json!({ "x-beta": ["1"] });
    world
        .segment(
            "insiders",
            &json!({ "tenants": ["acme"], "scopes": ["staff"], "headers": headers }),
        )
        .await;
    world.aim("modelled", &json!([target("insiders", "ssot")])).await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 0 })]).await;
    let token = world.token("fresh_hs256", "mallory");
    let claims: [(&str, Value); 6] = [
        ("scope", json!("read staff")),
        ("scp", json!(["staff"])),
        ("permissions", json!(["staff"])),
        ("tenant", json!("acme")),
        ("tenant_id", json!("acme")),
        ("nothing", json!(null)),
    ];
    for (name, value) in claims {
        for forged in forged(&token, |claims| claims[name] = value.clone()) {
            let alone = world.decide("modelled", &forged).await.json();
            assert_eq!(alone["served_by"], "legacy", "{name}: {alone}");
            let sent = json!({ "headers": [["authorization", format!("Bearer {forged}")],
                                           ["x-beta", "1"]] });
            let reply = world.data("POST", "/v1/decide/modelled", JSON, &sent.to_string()).await;
            assert_eq!(reply.json()["served_by"], "legacy", "{name}: {reply:?}");
            let head = format!("authorization: Bearer {forged}\r\nx-beta: 1\r\n");
            let reply = world.data("GET", "/v1/forward-auth/modelled", &head, "").await;
            assert_ne!(reply.header("x-auth-side"), Some("ssot"), "{name}: {reply:?}");
        }
    }
    // Nor does whoever shows no token at all.
    let sent = json!({ "headers": [["x-beta", "1"]] }).to_string();
    let reply = world.data("POST", "/v1/decide/modelled", JSON, &sent).await;
    assert_eq!(reply.json()["served_by"], "legacy", "{reply:?}");
    counted(&world.tally("modelled").await, &[(Counter::Served(Side::Ssot), 0)]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_forges_a_subject_chooses_its_place_and_is_refused_there() {
    let world = World::start().await;
    world.segment("staff", &json!({ "subjects": ["alice"] })).await;
    world.aim("modelled", &json!([target("staff", "ssot")])).await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 0 })]).await;
    let token = world.token("fresh_hs256", "mallory");
    for forged in forged(&token, |claims| claims["sub"] = json!("alice")) {
        let reply = world.decide("modelled", &forged).await.json();
        let found = (&reply["served_by"], &reply["decision"]);
        assert_eq!(found, (&json!("ssot"), &json!("deny")), "{reply}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_says_what_a_question_meets() {
    let world = World::start().await;
    world.segment("staff", &json!({ "subjects": ["alice"], "scopes": ["staff"] })).await;
    world
        .segment("bigcorp", &json!({ "subjects": ["carol"], "headers": { "x-region": ["eu1"] } }))
        .await;
    let targets = json!([target("staff", "ssot"), target("bigcorp", "legacy")]);
    world.aim("modelled", &targets).await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 5_000 })]).await;
    for subject in ["alice", "carol"] {
        let told = world.explain(&json!({ "subject": subject })).await.json();
        assert_eq!(told["decided_by"], "target", "{told}");
        assert_eq!(told["side"], world.served_by(subject).await, "{told}");
    }
    // Whose slot is where, the salt of this world decides: of so many, some are on either side.
    let mut sides = BTreeSet::new();
    for number in 0..200 {
        let subject = format!("user-{number}");
        let told = world.explain(&json!({ "subject": subject })).await.json();
        assert_eq!(told["decided_by"], "share", "{told}");
        assert_eq!(told["side"], world.served_by(&subject).await, "{told}");
        sides.insert(told["side"].to_string());
        if sides.len() == 2 {
            break;
        }
    }
    assert_eq!(sides.len(), 2, "both sides of the share");
    let alice = world.explain(&json!({ "subject": "alice" })).await.json();
    assert_eq!(alice["decided_by"], "target");
    assert_eq!(alice["targets"][0]["matched_by"], "subject");
    assert_eq!(alice["targets"][0]["decided"], true);
    assert_eq!(alice["targets"][1]["matched_by"], Value::Null);
    let scoped = world.explain(&json!({ "subject": "user-1", "scopes": ["read", "staff"] })).await;
    assert_eq!(scoped.json()["targets"][0]["matched_by"], "scope", "{scoped:?}");
    let headed =
        world.explain(&json!({ "subject": "user-1", "headers": { "X-Region": "eu1" } })).await;
    assert_eq!(headed.json()["targets"][1]["matched_by"], "header", "{headed:?}");
    assert_eq!(headed.json()["side"], "legacy");
    let nobody = world.explain(&json!({})).await.json();
    assert_eq!((&nobody["decided_by"], &nobody["slot"]), (&json!("no_subject"), &Value::Null));
    let none = world.control("POST", "/v1/flags/none/explain", JSON, "{}").await;
    none.is_problem(404, "no component");
    world.explain(&json!({ "subjetc": "alice" })).await.is_problem(400, "unknown field");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_explains_and_keeps_whom_it_is_about_out_of_the_address() {
    let world = World::start().await;
    world.segment("staff", &json!({ "subjects": ["alice<b>"] })).await;
    world.aim("modelled", &json!([target("staff", "ssot")])).await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 0 })]).await;
    let ada = operator(&world, "ada", Role::Viewer).await;
    let asked = world.control_as_sent("GET", "/explain?subject=mallory", &ada.headers, "").await;
    assert_eq!(asked.status, 200);
    assert!(asked.body.contains("<option>modelled</option>"), "{}", asked.body);
    assert!(!asked.body.contains("mallory"), "nothing is taken from the address");
    let fields =
        "component=modelled&subject=alice%3Cb%3E&scopes=read+write&headers=X-Region%3A+eu1";
    let form = ada.form_headers();
    let told = world.control_as_sent("POST", "/explain", &form, &ada.form(fields)).await;
    assert_eq!(told.status, 200, "{told:?}");
    assert!(told.body.contains("ssot serves</span></h2>"), "{}", told.body);
    assert!(told.body.contains("yes, by subject"), "{}", told.body);
    assert!(told.body.contains("<option selected>modelled</option>"), "{}", told.body);
    assert!(!told.body.contains("alice<b>"), "{}", told.body);
    assert_eq!(told.header("cache-control"), Some("no-store"));
    for (fields, complaint) in [
        ("component=none&subject=alice", "Choose a component"),
        ("component=modelled&headers=nonsense", "one header a line"),
    ] {
        let told = world.control_as_sent("POST", "/explain", &form, &ada.form(fields)).await;
        assert_eq!(told.status, 422, "{fields}");
        assert!(told.body.contains(complaint), "{fields}: {}", told.body);
    }
    let foreign = "form_token=wrong&component=modelled";
    let refused = world.control_as_sent("POST", "/explain", &form, foreign).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_is_made_changed_and_removed_at_the_revision_that_was_read() {
    let world = World::start().await;
    let body = json!({ "subjects": ["alice"], "description": "us", "note": "first" });
    world.put_segment("staff", "x-none: 1", &body).await.is_problem(428, "If-Match");
    let both = "if-match: \"1\"\r\nif-none-match: *";
    world.put_segment("staff", both, &body).await.is_problem(400, "not both");
    world.put_segment("staff", "if-none-match: \"1\"", &body).await.is_problem(400, "`*`");
    world.put_segment("staff", "if-match: \"1\"", &body).await.is_problem(404, "no segment");
    world.put_segment("Staff", "if-none-match: *", &body).await.is_problem(422, "a-z");
    let made = world.put_segment("staff", "if-none-match: *", &body).await;
    let etag = made.header("etag").expect("an ETag").to_owned();
    assert_eq!((made.status, &made.json()["description"]), (200, &json!("us")));
    assert_eq!(
        world.control("GET", "/v1/segments/staff", "", "").await.header("etag"),
        Some(&*etag)
    );
    let again = world.put_segment("staff", "if-none-match: *", &body).await;
    again.is_problem(412, "there already");
    assert_eq!(again.json()["revision"], made.json()["revision"]);
    let current = format!("if-match: {etag}");
    for (body, about) in [
        (json!({ "subjects": [] }), "names nobody"),
        (json!({ "headers": { "cookie": ["x"] } }), "credentials"),
    ] {
        world.put_segment("staff", &current, &body).await.is_problem(422, about);
    }
    world
        .put_segment("staff", &current, &json!({ "members": [] }))
        .await
        .is_problem(400, "unknown field");
    let changed = world.put_segment("staff", &current, &json!({ "tenants": ["acme"] })).await;
    let newer = changed.header("etag").expect("an ETag").to_owned();
    world.put_segment("staff", &current, &body).await.is_problem(412, "changed meanwhile");
    let list = world.control("GET", "/v1/segments", "", "").await.json();
    assert_eq!(list["segments"][0]["targeted_by"], json!([]));
    assert_eq!(list["segments"][0]["subjects"], json!([]), "what is left out is empty");
    world.control("DELETE", "/v1/segments/staff", "", "").await.is_problem(428, "If-Match");
    let headers = format!("if-match: {newer}\r\n{JSON}");
    let note = json!({ "note": "over" }).to_string();
    let removed = world.control("DELETE", "/v1/segments/staff", &headers, &note).await;
    assert_eq!(removed.status, 204, "{removed:?}");
    world.control("GET", "/v1/segments/staff", "", "").await.is_problem(404, "no segment");
    let page = world.control("GET", "/v1/segments/staff/history?limit=2", "", "").await.json();
    let notes: Vec<_> = page["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|change| (change["cause"]["note"].clone(), change["after"].is_null()))
        .collect();
    assert_eq!(notes, [(json!("over"), true), (json!(""), false)]);
    let before = page["changes"][1]["revision"].to_string();
    let target = format!("/v1/segments/staff/history?before={before}");
    let older = world.control("GET", &target, "", "").await.json();
    assert_eq!(older["changes"][0]["cause"]["note"], "first");
    assert_eq!(older["changes"].as_array().map(Vec::len), Some(1));
    let unknown = world.control("GET", "/v1/segments/none/history", "", "").await;
    unknown.is_problem(404, "no segment");
    world.stop().await;
}

/// Runs the command line against this world.
async fn run(world: &World, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_crossfade"))
        .arg("flags")
        .args(arguments)
        .env("CROSSFADE_URL", world.control_url())
        .env("CROSSFADE_TOKEN", CONTROL)
        .stdin(Stdio::null())
        .output();
    let output = output.await.expect("the binary runs");
    let (out, err) = (&output.stdout, &output.stderr);
    let said = String::from_utf8_lossy(out) + String::from_utf8_lossy(err);
    (output.status.code().unwrap_or(-1), said.into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn segments_and_targets_are_set_and_explained_from_the_command_line() {
    let world = World::start().await;
    let file = world.dir.path().join("staff.txt");
    std::fs::write(&file, "alice\nbob\n").expect("written");
    let file = file.to_str().expect("a path");
    let set =
        ["segments", "set", "staff", "--subjects-file", file, "--subject", "corp|1", "--note", "x"];
    let (code, said) = run(&world, &set).await;
    assert_eq!((code, said.starts_with("staff has 3 subjects, revision ")), (0, true), "{said}");
    let (code, said) =
        run(&world, &["segments", "set", "staff", "--subject", "alice", "--new"]).await;
    assert_eq!((code, said.contains("there already")), (1, true), "{said}");
    let more = [
        "segments",
        "set",
        "big",
        "--tenant",
        "acme",
        "--header",
        "X-Region=eu1",
        "--header",
        "x-region=us1",
    ];
    let (code, said) = run(&world, &more).await;
    assert_eq!((code, said.contains("1 tenant, 2 header values")), (0, true), "{said}");
    let (code, said) = run(&world, &["target", "modelled", "staff=ssot", "big=legacy"]).await;
    assert_eq!((code, said.contains("modelled has 2 targets")), (0, true), "{said}");
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 0 })]).await;
    let (code, said) = run(&world, &["explain", "modelled", "--subject", "bob"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("target 1, staff, decides: ssot serves"), "{said}");
    let other = ["explain", "modelled", "--subject", "eve", "--header", "X-Region=us1", "--json"];
    let (code, said) = run(&world, &other).await;
    let told: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((code, &told["targets"][1]["matched_by"]), (0, &json!("header")), "{said}");
    let (code, said) = run(&world, &["segments", "list"]).await;
    assert_eq!((code, said.contains("modelled")), (0, true), "{said}");
    let (code, said) = run(&world, &["segments", "remove", "staff"]).await;
    assert_eq!((code, said.contains("targets it")), (1, true), "{said}");
    let (code, said) = run(&world, &["target", "modelled", "big=legacy"]).await;
    assert_eq!((code, said.contains("share of at least")), (1, true), "{said}");
    world.move_to("modelled", &[json!({ "stage": "shadow" })]).await;
    let (code, said) = run(&world, &["target", "modelled", "--none"]).await;
    assert_eq!((code, said.contains("0 targets")), (0, true), "{said}");
    let (code, said) = run(&world, &["segments", "remove", "staff", "--note", "over"]).await;
    assert_eq!((code, said.as_str()), (0, ""));
    let (code, said) = run(&world, &["segments", "history", "staff"]).await;
    assert_eq!((code, said.contains("removed")), (0, true), "{said}");
    let (code, said) = run(&world, &["segments", "show", "staff"]).await;
    assert_eq!((code, said.contains("no segment")), (2, true), "{said}");
    world.stop().await;
}
