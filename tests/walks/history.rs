//! The history over HTTP and on the command line: looked through, exported, verified, gone back in.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use crossfade::access::{Role, Scope};
use crossfade::flags::{HistoryRow, Linked};
use serde_json::{Value, json};
use tokio::process::Command;

use super::kit::{CONTROL, Reply, World};
use super::people::{Person, operator, token};

async fn get(world: &World, target: &str) -> Reply {
    world.control("GET", target, "", "").await
}

/// `POST /v1/flags/{component}/{verb}` with the flag's `ETag`, by somebody.
async fn post(world: &World, person: &Person, target: &str, body: &Value) -> Reply {
    let component = target.split('/').next().expect("a component");
    let etag = world.flag(component).await.header("etag").expect("an ETag").to_owned();
    let headers = format!("{}if-match: {etag}\r\n", person.api_headers());
    world.control_as_sent("POST", &format!("/v1/flags/{target}"), &headers, &body.to_string()).await
}

/// Somebody approves what was asked for.
async fn approve(world: &World, person: &Person, asked: &Reply) {
    let id = asked.json()["id"].as_str().expect("an id").to_owned();
    let approve = format!("/v1/approvals/{id}/approve");
    let approved = world.control_as_sent("POST", &approve, &person.api_headers(), "").await;
    assert_eq!(approved.status, 200, "{approved:?}");
}

async fn revision(world: &World, component: &str) -> u64 {
    world.flag(component).await.json()["revision"].as_u64().expect("a revision")
}

/// Runs `crossfade flags`; its exit code and what it said.
async fn flags(world: Option<&World>, arguments: &[&str]) -> (i32, String) {
    let url = world.map_or("http://127.0.0.1:9".to_owned(), World::control_url);
    let output = Command::new(env!("CARGO_BIN_EXE_crossfade"))
        .arg("flags")
        .args(arguments)
        .env("CROSSFADE_URL", url)
        .env("CROSSFADE_TOKEN", CONTROL)
        .stdin(Stdio::null())
        .output();
    let output = output.await.expect("the binary runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}

fn canary(share: u16, note: &str) -> Value {
    json!({ "stage": "canary", "share": share, "note": note })
}

#[tokio::test(flavor = "multi_thread")]
async fn all_changes_are_looked_through_page_by_page_and_by_every_filter() {
    let world = World::start().await;
    world.move_to("modelled", &[canary(100, "first"), canary(200, "second")]).await;
    world.move_to("modelled", &[json!({ "deadline_ms": 77, "note": "slower" })]).await;
    let mut revisions = Vec::new();
    let mut before = String::new();
    loop {
        let page = get(&world, &format!("/v1/history?limit=3{before}")).await.json();
        let changes = page["changes"].as_array().expect("changes").clone();
        revisions.extend(changes.iter().map(|change| change["revision"].as_u64().expect("one")));
        assert!(changes.iter().all(|change| change["hash"].is_string()), "{page}");
        let Some(next) = page["next"].as_u64() else { break };
        before = format!("&before={next}");
    }
    assert_eq!(revisions.len(), 5 + 3, "seeds and changes");
    assert!(revisions.is_sorted_by(|a, b| a > b));
    let count = async |query: &str| {
        let page = get(&world, &format!("/v1/history?{query}")).await;
        assert_eq!(page.status, 200, "{query}: {page:?}");
        page.json()["changes"].as_array().expect("changes").len()
    };
    assert_eq!(count("component=modelled").await, 4);
    assert_eq!(count("cause=seed").await, 5);
    assert_eq!(count("actor=token%3Awalker").await, 3);
    assert_eq!(count("actor=token%3Awalker&stage_changes=true").await, 2);
    assert_eq!(count("phase=2").await, 0);
    assert_eq!(count("to=2020-01-01T00:00:00Z").await, 0);
    assert_eq!(count("from=2020-01-01T00:00:00Z&phase=1").await, 8);
    for (query, about) in [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("phase=4", "phase"),
        ("cause=nobody", "operator"),
        ("from=yesterday", "RFC 3339"),
        ("format=csv", "export"),
        ("colour=red", "component"),
    ] {
        get(&world, &format!("/v1/history?{query}")).await.is_problem(400, about);
    }
    get(&world, "/v1/history?component=nobody").await.is_problem(404, "nobody");
    let (code, said) = flags(Some(&world), &["history", "--by", "token:walker"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("second") && said.contains("slower"), "{said}");
    assert!(!said.contains("seed"), "{said}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_exported_whole_and_verified_without_the_service() {
    let world = World::start().await;
    world.move_to("modelled", &[canary(100, "=1+1"), canary(200, "second")]).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let (ndjson, csv) = (path("history.ndjson"), path("history.csv"));
    let (code, said) = flags(Some(&world), &["export-history", "--out", &ndjson]).await;
    assert_eq!(code, 0, "{said}");
    let text = fs::read_to_string(&ndjson).expect("the export");
    let lines: Vec<Linked<HistoryRow>> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line")).collect();
    assert_eq!(lines.len(), 7);
    assert!(lines.is_sorted_by(|a, b| a.revision < b.revision), "oldest first");
    let head = lines[6].link().expect("a link").hash.to_string();
    assert!(said.contains(&head), "{said}");

    let verify = ["verify", "--export", &ndjson, "--head", &head];
    assert_eq!(flags(None, &verify).await.0, 0);
    fs::write(&ndjson, text.replace("\"second\"", "\"another\"")).expect("written");
    let (code, said) = flags(None, &verify).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("BROKEN") && said.contains("altered"), "{said}");

    let arguments = ["export-history", "--format", "csv", "--out", &csv, "--by", "token:walker"];
    assert_eq!(flags(Some(&world), &arguments).await.0, 0);
    let table = fs::read_to_string(&csv).expect("the export");
    assert_eq!(table.lines().count(), 1 + 2, "{table}");
    assert!(table.contains("\"'=1+1\""), "no formula: {table}");
    let streamed = get(&world, "/v1/history/export?format=csv&actor=token%3Awalker").await;
    assert_eq!(streamed.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    for line in table.lines() {
        assert!(streamed.body.contains(line), "the service writes the same: {streamed:?}");
    }
    let nowhere = path("none/history.csv");
    assert_eq!(flags(Some(&world), &["export-history", "--out", &nowhere]).await.0, 3);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logs_are_verified_while_the_service_runs_and_when_it_is_stopped() {
    let world = World::start().await;
    world.move_to("modelled", &[canary(100, "first")]).await;
    let answer = get(&world, "/v1/history/verify").await.json();
    assert_eq!(answer["verified"], true, "{answer}");
    let head = answer["heads"][0]["hash"].as_str().expect("a hash").to_owned();
    assert_eq!(
        (&answer["heads"][0]["log"], &answer["heads"][0]["lines"]),
        (&json!("history"), &json!(6))
    );
    world.move_to("modelled", &[canary(200, "second")]).await;
    let (code, said) = flags(Some(&world), &["verify", "--head", &head]).await;
    assert_eq!(code, 0, "an older head is in the log still: {said}");
    let unknown = "0".repeat(64);
    let (code, said) = flags(Some(&world), &["verify", "--head", &unknown]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(&unknown), "{said}");
    get(&world, "/v1/history/verify?head=abc").await.is_problem(400, "64");

    let dir = world.dir.path().join("store").to_str().expect("text").to_owned();
    let (code, said) = flags(None, &["verify", "--data-dir", &dir]).await;
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("the service is running"), "{said}");
    let (dir_kept, _mint) = world.stop().await;
    let (code, said) = flags(None, &["verify", "--data-dir", &dir, "--head", &head]).await;
    assert_eq!(code, 0, "{said}");
    let elsewhere = dir_kept.path().join("nothing");
    let (code, said) =
        flags(None, &["verify", "--data-dir", elsewhere.to_str().expect("text")]).await;
    assert_eq!(code, 2, "{said}");
    assert!(!Path::exists(&elsewhere), "nothing is made where nothing was");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_and_a_restore_need_what_the_same_changes_would_need() {
    let world = World::start().await;
    let lowering = token(&world, "lowering", Scope::RollBack).await;
    let promoter = operator(&world, "pat", Role::Promoter).await;
    world.move_to("modelled", &[canary(100, "first")]).await;
    let first = revision(&world, "modelled").await;
    world.move_to("modelled", &[canary(200, "second")]).await;

    let undone = post(&world, &lowering, "modelled/undo", &json!({ "note": "too fast" })).await;
    assert_eq!(undone.status, 200, "going down is allowed: {undone:?}");
    let flag = &undone.json()["flag"];
    assert_eq!(flag["share"], 100);
    assert_eq!(flag["cause"]["note"], format!("restores revision {first}: too fast"));
    let up = post(&world, &lowering, "modelled/undo", &json!({})).await;
    up.is_problem(403, "may not raise");
    assert_eq!(post(&world, &promoter, "modelled/undo", &json!({})).await.status, 200);
    assert_eq!(world.flag("modelled").await.json()["share"], 200);

    let back = json!({ "revision": first, "note": "again" });
    let restored = post(&world, &promoter, "modelled/restore", &back).await;
    assert_eq!(restored.json()["flag"]["share"], 100, "{restored:?}");
    post(&world, &promoter, "modelled/restore", &back).await.is_problem(409, "nothing to change");
    post(&world, &promoter, "child/restore", &back).await.is_problem(404, "history has none");
    post(&world, &promoter, "child/undo", &json!({})).await.is_problem(409, "as it was created");
    let stale = format!("{}if-match: \"{first}\"\r\n", promoter.api_headers());
    let stale = world.control_as_sent("POST", "/v1/flags/modelled/undo", &stale, "{}").await;
    stale.is_problem(412, "ETag");
    let missing = world.control("POST", "/v1/flags/modelled/undo", "", "").await;
    missing.is_problem(428, "If-Match");

    world.control("POST", "/v1/flags/modelled/rollback", "", "").await;
    let latched = post(&world, &promoter, "modelled/undo", &json!({})).await;
    latched.is_problem(409, "release it first");
    let (code, said) = flags(Some(&world), &["undo", "modelled"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("release it first"), "{said}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_two_people_takes_them_again_when_it_is_brought_back() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Admin).await;
    let bob = operator(&world, "bob", Role::Admin).await;
    let difference = json!([{ "name": "x", "class": "looser", "owner": "o", "reason": "r",
        "expires_at": tomorrow() }]);
    let etag = world.flag("modelled").await.header("etag").expect("an ETag").to_owned();
    let headers = format!("{}if-match: {etag}\r\n", ada.api_headers());
    let change = json!({ "accepted": difference }).to_string();
    let asked = world.control_as_sent("PUT", "/v1/flags/modelled", &headers, &change).await;
    approve(&world, &bob, &asked).await;
    let accepted = revision(&world, "modelled").await;
    world.move_to("modelled", &[json!({ "accepted": [] })]).await;
    let back = json!({ "revision": accepted, "note": "needed after all" });
    let asked = post(&world, &ada, "modelled/restore", &back).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    assert_eq!(world.flag("modelled").await.json()["accepted"], json!([]));
    approve(&world, &bob, &asked).await;
    let flag = world.flag("modelled").await.json();
    assert_eq!(flag["accepted"][0]["name"], "x");
    assert_eq!(flag["cause"]["by"], "two_people");
    assert_eq!(
        get(&world, "/v1/history?cause=two_people&actor=bob").await.json()["changes"][0]["component"],
        "modelled"
    );
    world.stop().await;
}

fn tomorrow() -> String {
    use crossfade::domain::{Clock as _, SystemClock};
    SystemClock.now().plus_seconds(86_400).rfc3339()
}
