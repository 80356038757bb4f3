//! Reports of a period: made, kept, downloaded, verified; by schedule and by what happens.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use crossfade::access::Role;
use crossfade::authority::specimens::Mint;
use crossfade::config::Config;
use crossfade::report::{Every, Preset, ScheduleLine, Scope};
use serde_json::{Value, json};
use tokio::process::Command;

use super::dashboard;
use super::kit::{Ahead, Reply, World};
use super::people::operator;

const DAY_S: i64 = 86_400;

/// Polls until a reply is as wanted; fails after half a minute.
async fn until(world: &World, path: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..300 {
        let reply = world.control("GET", path, "", "").await;
        last = serde_json::from_str(&reply.body).unwrap_or_default();
        if reply.status == 200 && is_wanted(&last) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{path} is still {last:#}");
}

/// The part of a component in a report.
fn part<'r>(report: &'r Value, component: &str) -> &'r Value {
    let parts = report["components"].as_array().expect("components").iter();
    let mut found = parts.filter(|part| part["component"] == component);
    found.next().expect("the component is in the report")
}

async fn make(world: &World, wish: &Value) -> Reply {
    let headers = "content-type: application/json\r\n";
    world.control("POST", "/v1/reports", headers, &wish.to_string()).await
}

/// Traffic of ten sound tokens and two expired ones at `modelled`, counted on the disk.
async fn traffic(world: &World) {
    for number in 0..10 {
        let token = world.token("fresh_hs256", &format!("user-{number}"));
        assert_eq!(world.decide("modelled", &token).await.status, 200);
    }
    for number in 0..2 {
        let token = world.token("expired_5h", &format!("user-{number}"));
        world.decide("modelled", &token).await;
    }
    let path = "/v1/reports/now?period=1h&scope=component:modelled";
    until(world, path, |report| part(report, "modelled")["compared"] == 12).await;
}

/// Runs `crossfade report` with the control token; exit code, standard output and error.
async fn report(world: &World, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_crossfade"))
        .arg("report")
        .args(arguments)
        .env("CROSSFADE_URL", world.control_url())
        .env("CROSSFADE_TOKEN", super::kit::CONTROL)
        .stdin(Stdio::null())
        .output();
    let output = output.await.expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_report_can_be_had_in_every_format_and_stays_as_it_is() {
    let world = World::start().await;
    traffic(&world).await;
    let made = make(&world, &json!({ "scope": "component:modelled", "period": "1h" })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(made.header("location"), Some(&*format!("/v1/reports/{id}")));
    let list = world.control("GET", "/v1/reports", "", "").await.json();
    assert_eq!(list["reports"][0]["id"], *id);
    let path = format!("/v1/reports/{id}");
    let kept = world.control("GET", &path, "", "").await;
    let json = kept.json();
    assert_eq!(
        (&json["schema"], &json["scope"]),
        (&json!("crossfade.report/1"), &json!("component:modelled"))
    );
    let one = part(&json, "modelled");
    assert_eq!(json["components"].as_array().map(Vec::len), Some(1));
    assert_eq!((&one["requests"], &one["served_by"]["legacy"]), (&json!(12), &json!(12)));
    assert_eq!(
        (&one["decisions"]["allowed"], &one["decisions"]["denied"]),
        (&json!(10), &json!(2))
    );
    let count = |name: &str| one[name].as_u64().expect("a count");
    let sum = |name: &str| -> u64 {
        let counts = one[name].as_object().expect("counts").values();
        counts.map(|count| count.as_u64().expect("a count")).sum()
    };
    assert_eq!(count("conclusive"), count("matched") + sum("mismatches") + sum("accepted"));
    assert_eq!(count("compared"), count("conclusive") + sum("inconclusive"));
    // One more answer changes the next report and not this one.
    let token = world.token("fresh_hs256", "user-0");
    world.decide("modelled", &token).await;
    let now = "/v1/reports/now?period=1h&scope=component:modelled";
    until(&world, now, |report| part(report, "modelled")["requests"] == 13).await;
    assert_eq!(world.control("GET", &path, "", "").await.body, kept.body);
    for (format, kind, about) in [
        ("html", "text/html; charset=utf-8", "<h1>Legacy against SSOT: modelled</h1>"),
        ("markdown", "text/markdown; charset=utf-8", "# Legacy against SSOT: modelled"),
        ("csv", "text/csv; charset=utf-8; header=present", "schema,report,from,to,component"),
        ("series", "text/csv; charset=utf-8; header=present", "component,at,step_s,requests"),
    ] {
        let reply = world.control("GET", &format!("{path}?format={format}"), "", "").await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(kind)));
        assert!(reply.body.contains(about), "{format}: {}", reply.body);
        let has_outside = ["http://", "https://", "src=", "<link", "<script"];
        let outside = has_outside.iter().find(|outside| reply.body.contains(**outside));
        assert!(format != "html" || outside.is_none(), "{outside:?} is in the page");
    }
    let headers = "accept: text/markdown\r\n";
    assert!(world.control("GET", &path, headers, "").await.body.starts_with("# Legacy"));
    for (path, status, about) in [
        (format!("{path}?format=pdf"), 400, "format"),
        ("/v1/reports/20200101t000000000".to_owned(), 404, "no report"),
        ("/v1/reports/now?scope=component:none".to_owned(), 404, "no component"),
        ("/v1/reports/now?period=2h".to_owned(), 400, "period"),
        ("/v1/reports/now?from=2020-01-01T00:00:00Z".to_owned(), 400, "400 days"),
    ] {
        world.control("GET", &path, "", "").await.is_problem(status, about);
    }
    let gone = world.control("DELETE", &path, "", "").await;
    assert_eq!(gone.status, 204, "{gone:?}");
    assert_eq!(world.control("GET", &path, "", "").await.status, 404);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_report_is_verified_without_the_service_and_a_changed_figure_is_found() {
    let world = World::start().await;
    traffic(&world).await;
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let jwks = format!("http://{}/.well-known/jwks.json", world.data_address());
    let (code, _, told) = report(
        &world,
        &[
            "--period",
            "1h",
            "--component",
            "modelled",
            "--keep",
            "--format",
            "json",
            "--out",
            &place("r.json"),
        ],
    )
    .await;
    assert_eq!(code, 0, "{told}");
    let (code, list, _) = report(&world, &["list"]).await;
    let id = list.lines().nth(1).and_then(|line| line.split_whitespace().next()).expect("an id");
    assert_eq!(code, 0, "{list}");
    for (format, name) in
        [("html", "r.html"), ("markdown", "r.md"), ("csv", "r.csv"), ("series", "r-series.csv")]
    {
        let saved = report(&world, &["show", id, "--format", format, "--out", &place(name)]).await;
        assert_eq!(saved.0, 0, "{}", saved.2);
    }
    let keys = world.data("GET", "/.well-known/jwks.json", "", "").await;
    std::fs::write(place("jwks.json"), &keys.body).expect("written");
    for (name, by) in [("r.json", &*jwks), ("r.html", &place("jwks.json")), ("r.md", &jwks)] {
        let (code, said, told) = report(&world, &["verify", &place(name), "--jwks", by]).await;
        assert!(code == 0 && said.contains("as it was sealed"), "{name}: {code} {said}{told}");
        let text = std::fs::read_to_string(place(name)).expect("read");
        let forged = text.replacen("12", "13", 1);
        assert_ne!(forged, text, "{name}");
        std::fs::write(place("forged"), forged).expect("written");
        let (code, _, told) = report(&world, &["verify", &place("forged"), "--jwks", by]).await;
        assert!(code == 1, "{name}: {code} {told}");
    }
    for name in ["r.csv", "r-series.csv"] {
        let with = ["verify", &place(name), "--report", &place("r.json"), "--jwks", &jwks];
        assert_eq!(report(&world, &with).await.0, 0, "{name}");
        let text = std::fs::read_to_string(place(name)).expect("read");
        std::fs::write(place("forged.csv"), text.replacen("modelled", "modelle", 1))
            .expect("written");
        let with = ["verify", &place("forged.csv"), "--report", &place("r.json"), "--jwks", &jwks];
        assert_eq!(report(&world, &with).await.0, 1, "{name}");
        assert_eq!(report(&world, &["verify", &place(name), "--jwks", &jwks]).await.0, 2);
    }
    // Another installation's keys are not these.
    std::fs::write(place("other.json"), Mint::seeded(99).key_set()).expect("written");
    let (code, _, told) =
        report(&world, &["verify", &place("r.json"), "--jwks", &place("other.json")]).await;
    assert!(code == 1 && told.contains("r.json"), "{code} {told}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_make_show_save_and_remove_reports_as_far_as_their_roles_go() {
    let world = World::start().await;
    traffic(&world).await;
    let viewer = operator(&world, "vic", Role::Viewer).await;
    let oscar = operator(&world, "oscar", Role::Operator).await;
    let ada = operator(&world, "ada", Role::Admin).await;
    let get = async |person: &super::people::Person, path: &str| {
        world.control_as_sent("GET", path, &person.headers, "").await
    };
    assert_eq!(get(&viewer, "/report").await.header("location"), Some("/reports"));
    let empty = get(&viewer, "/reports").await;
    assert!(empty.body.contains("No report is kept yet") && !empty.body.contains("/reports/make"));
    let now = "/reports/now?scope=component:modelled&period=1h";
    dashboard::until(&world, &viewer, now, "This report is not kept").await;
    let wrong = get(&viewer, "/reports/now?period=1y").await;
    assert!(wrong.status == 400 && wrong.body.contains("1h, 24h, 7d or 30d"), "{}", wrong.body);
    let nobody = get(&viewer, "/reports/now?scope=component:nobody").await;
    assert!(nobody.status == 404 || nobody.body.contains("data-again"), "{}", nobody.body);
    let post = async |person: &super::people::Person, path: &str, fields: &str| {
        let (headers, body) = (person.form_headers(), person.form(fields));
        world.control_as_sent("POST", path, &headers, &body).await
    };
    assert_eq!(post(&viewer, "/reports/make", "scope=all&period=1h").await.status, 403);
    let wrong =
        post(&oscar, "/reports/make", "scope=all&from=2027-01-15T08:00&to=2027-01-15T07:00").await;
    assert!(wrong.status == 422 && wrong.body.contains("ends before it begins"), "{}", wrong.body);
    let made = post(&oscar, "/reports/make", "scope=phase:1&period=1h").await;
    assert_eq!(made.status, 303, "{made:?}");
    let place = made.header("location").expect("the way to it").to_owned();
    let place = place.split('?').next().expect("a path");
    let shown = get(&viewer, place).await;
    assert!(
        shown.body.contains("Legacy against SSOT: phase 1") && shown.body.contains("match rate")
    );
    for (format, ending) in [
        ("json", ".json"),
        ("html", ".html"),
        ("markdown", ".md"),
        ("csv", ".csv"),
        ("series", "-series.csv"),
    ] {
        let file = get(&viewer, &format!("{place}/file?format={format}")).await;
        let name = file.header("content-disposition").expect("a file name");
        assert!(file.status == 200 && name.ends_with(&format!("{ending}\"")), "{name}");
    }
    let id = place.rsplit('/').next().expect("an id");
    assert_eq!(post(&oscar, "/reports/remove", &format!("id={id}")).await.status, 403);
    assert_eq!(post(&ada, "/reports/remove", &format!("id={id}")).await.status, 303);
    assert_eq!(get(&viewer, place).await.status, 404);
    world.stop().await;
}

/// A day's report of everything, due each day at midnight.
fn daily(config: &mut Config) {
    let line =
        ScheduleLine { every: Every::Day { at_s: 0 }, scope: Scope::All, period: Preset::Day };
    config.reports.schedule = vec![line];
}

async fn kept(world: &World) -> Vec<Value> {
    let list = world.control("GET", "/v1/reports", "", "").await.json();
    list["reports"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_report_is_made_once_and_what_was_missed_is_made_up_for_once() {
    let clock = Arc::new(Ahead::default());
    let world = World::start_changed_by(Arc::clone(&clock) as _, daily).await;
    // The first look notes that nothing is owed yet.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(kept(&world).await.len(), 0);
    clock.seconds(DAY_S);
    let list = until(&world, "/v1/reports", |list| list["reports"][0]["id"].is_string()).await;
    let first = &list["reports"][0];
    assert_eq!(first["occasion"]["kind"], "schedule");
    assert_eq!(first["occasion"]["line"], "daily at 00:00, all, 24h");
    assert!(first["period"]["to"].as_str().is_some_and(|to| to.contains("T00:00:00")), "{first}");
    let (dir, mint) = world.stop().await;
    clock.seconds(5 * DAY_S);
    let world = World::start_clocked(dir, mint, daily, Arc::clone(&clock) as _).await;
    until(&world, "/v1/reports", |list| list["reports"][1]["id"].is_string()).await;
    // Two more looks make no third one.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(kept(&world).await.len(), 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_reports_and_those_beyond_the_number_are_removed_oldest_first() {
    let clock = Arc::new(Ahead::default());
    let few = |config: &mut Config| {
        config.reports.keep_max = 2;
        config.reports.keep_days = 30;
    };
    let world = World::start_changed_by(Arc::clone(&clock) as _, few).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let made = make(&world, &json!({ "period": "1h" })).await;
        ids.push(made.json()["id"].as_str().expect("an id").to_owned());
    }
    clock.seconds(120);
    let two = |list: &Value| list["reports"].as_array().is_some_and(|list| list.len() == 2);
    let list = until(&world, "/v1/reports", two).await;
    assert_eq!(
        (&list["reports"][0]["id"], &list["reports"][1]["id"]),
        (&json!(ids[2]), &json!(ids[1]))
    );
    clock.seconds(31 * DAY_S);
    let none = |list: &Value| list["reports"].as_array().is_some_and(Vec::is_empty);
    until(&world, "/v1/reports", none).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_leaves_a_stage_is_reported_on_once_over_restarts_too() {
    let world = World::start().await;
    traffic(&world).await;
    let unwatched = json!({ "limits": { "mode": "off" } });
    let canary = json!({ "stage": "canary", "share": 10_000 });
    world.move_to("modelled", &[unwatched, canary, json!({ "stage": "live" })]).await;
    let live = until(&world, "/v1/reports", |list| list["reports"][0]["id"].is_string()).await;
    let live = &live["reports"][0];
    assert_eq!(
        (&live["occasion"]["kind"], &live["occasion"]["what"]),
        (&json!("stage_exit"), &json!("went live"))
    );
    assert_eq!(live["scope"], "component:modelled");
    let headers = "content-type: application/json\r\n";
    let note = json!({ "note": "it hurts" }).to_string();
    let back = world.control("POST", "/v1/flags/modelled/rollback", headers, &note).await;
    assert_eq!(back.status, 200, "{back:?}");
    let both = until(&world, "/v1/reports", |list| list["reports"][1]["id"].is_string()).await;
    let back = &both["reports"][0];
    assert_eq!(back["occasion"]["what"], "was rolled back");
    let at = format!("/v1/reports/{}", back["id"].as_str().expect("an id"));
    let report = world.control("GET", &at, "", "").await.json();
    let modelled = part(&report, "modelled");
    let changes = modelled["changes"].as_array().expect("changes");
    let last = changes.last().expect("a change");
    assert_eq!((&last["what"], &last["why"]), (&json!("rolled_back"), &json!("it hurts")));
    assert_eq!(modelled["readiness"]["verdict"], "blocked");
    let (dir, mint) = world.stop().await;
    let world = World::start_in(dir, mint).await;
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    assert_eq!(kept(&world).await.len(), 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_by_the_guard_is_reported_on_with_its_decision_card() {
    let world = World::start().await;
    let canary = json!({ "stage": "canary", "share": 10_000 });
    world.move_to("modelled", &[canary]).await;
    // SSOT lets in what legacy refuses: three people within ten minutes are too many.
    for number in 0..4 {
        let token = world.token("aud_list_one", &format!("user-{number}"));
        world.decide("modelled", &token).await;
        world.rooms.shadow.idle().await;
    }
    let made = until(&world, "/v1/reports", |list| list["reports"][0]["id"].is_string()).await;
    let entry = &made["reports"][0];
    assert_eq!(entry["occasion"]["what"], "was rolled back", "{entry}");
    assert_eq!(entry["alarm"], true, "{entry}");
    let at = format!("/v1/reports/{}", entry["id"].as_str().expect("an id"));
    let report = world.control("GET", &at, "", "").await.json();
    let modelled = part(&report, "modelled");
    let last = modelled["changes"].as_array().and_then(|all| all.last()).expect("a change");
    assert_eq!((&last["what"], &last["cause"]), (&json!("rolled_back"), &json!("guard")));
    assert_eq!(last["decision_card"]["found"][0]["rule"], "security", "{last}");
    let harm = &modelled["harm_prevented"];
    assert_eq!(harm["answers_spared"], 0, "a security alarm is no failed answer");
    assert_eq!(harm["rollbacks"][0]["share_basis_points"], 10_000);
    let page = world.control("GET", &format!("{at}?format=html"), "", "").await;
    assert!(page.body.contains("Decision card") && page.body.contains("Security alarm"));
    world.stop().await;
}
