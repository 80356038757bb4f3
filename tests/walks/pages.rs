//! Pages that show what was seen, changed and set, against the running service.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crossfade::access::Role;
use serde_json::{Value, json};

use super::kit::{CONTROL, Reply, World};
use super::people::{Person, operator};

async fn open(world: &World, who: &Person, path: &str) -> String {
    let page = world.control_as_sent("GET", path, &who.headers, "").await;
    assert_eq!(page.status, 200, "{path}: {page:?}");
    page.body
}

async fn post(world: &World, who: &Person, path: &str, fields: &str) -> Reply {
    world.control_as_sent("POST", path, &who.form_headers(), &who.form(fields)).await
}

/// What differs of a component, once nothing is in flight: the most severe.
async fn worst(world: &World, component: &str) -> Value {
    world.tally(component).await;
    let path = format!("/v1/mismatches?component={component}");
    world.control("GET", &path, "", "").await.json()["mismatches"][0].clone()
}

/// A difference of component `modelled`: legacy lets in what has no audience.
async fn differ(world: &World) -> Value {
    world.decide("modelled", &world.token("aud_missing", "alice-of-the-walks")).await;
    worst(world, "modelled").await
}

fn path_of(difference: &Value) -> String {
    let part = |name: &str| difference[name].as_str().expect("a text").to_owned();
    format!("/mismatches/{}/{}", part("component"), part("fingerprint"))
}

/// The fields of the form that accepts a difference, as the page shows them now.
async fn fields(world: &World, difference: &Value, days: &str) -> String {
    let component = difference["component"].as_str().expect("a name");
    let fingerprint = difference["fingerprint"].as_str().expect("a fingerprint");
    let revision = world.flag(component).await.json()["revision"].clone();
    format!(
        "component={component}&fingerprint={fingerprint}&revision={revision}&name=aud&owner=ops\
         &reason=%3Cscript%3Eold+clients&days={days}&max_per_hour=&only_shape="
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_evidence_says_so_and_how_to_get_it() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Viewer).await;
    for path in ["/mismatches", "/sockets", "/authority"] {
        let page = open(&world, &ada, path).await;
        assert!(page.contains("No evidence yet."), "{path}: {page}");
    }
    let authority = open(&world, &ada, "/authority").await;
    assert!(authority.contains("No other issuer is trusted"), "{authority}");
    for (path, status) in [
        ("/mismatches?class=%3Cscript%3E", 400),
        ("/mismatches?component=nobody", 404),
        ("/mismatches?x=1", 422),
        ("/mismatches/modelled/0", 404),
        ("/mismatches/%3Cscript%3E/0", 404),
    ] {
        let page = world.control_as_sent("GET", path, &ada.headers, "").await;
        assert_eq!(page.status, status, "{path}: {page:?}");
        assert!(page.body.contains("</html>") && !page.body.contains("<script>"), "{page:?}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_nothing_is_a_page_for_browsers_and_a_problem_for_programs() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Viewer).await;
    let browser = format!("{}accept: text/html,*/*;q=0.8\r\n", ada.headers);
    for (path, status, title, back) in [
        ("/no-such-page", 404, "No such page", "href=\"/\""),
        ("/mismatches/accept", 405, "Nothing to look at", "href=\"/mismatches\""),
    ] {
        let page = world.control_as_sent("GET", path, &browser, "").await;
        assert_eq!((page.status, page.header("vary")), (status, Some("accept")), "{page:?}");
        assert!(page.body.contains(title) && page.body.contains(back), "{page:?}");
        assert!(page.body.contains("Sign out"), "the way on is there: {page:?}");
        assert!(page.header("content-security-policy").is_some(), "{page:?}");
        let problem = world.control_as_sent("GET", path, &ada.headers, "").await;
        assert_eq!(problem.status, status);
        assert_eq!(problem.header("content-type"), Some("application/problem+json"));
    }
    let nobody = "accept: text/html\r\n";
    let page = world.control_as_sent("GET", "/no-such-page", nobody, "").await;
    assert_eq!(page.status, 404);
    assert!(page.body.contains("No such page") && !page.body.contains("Sign out"), "{page:?}");
    let posted = world.control_as_sent("POST", "/no-such-page", &browser, "").await;
    posted.is_problem(404, "no such path");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_is_shown_with_its_cause_and_without_token_and_subject() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Viewer).await;
    let difference = differ(&world).await;
    assert_eq!(difference["cause"]["code"], "D04", "{difference}");
    let list = open(&world, &ada, "/mismatches").await;
    let page = open(&world, &ada, &path_of(&difference)).await;
    for text in [&list, &page] {
        assert!(text.contains("claim_missing:aud") && text.contains("D04"), "{text}");
        assert!(!text.contains("alice-of-the-walks"), "{text}");
    }
    assert!(page.contains("it takes the role <b>promoter</b>"), "{page}");
    assert!(!page.contains("action=\"/mismatches/accept\""), "{page}");
    for (query, is_there) in [
        ("class=stricter", true),
        ("class=looser", false),
        ("side=ssot", true),
        ("side=legacy", false),
        ("component=child", false),
    ] {
        let list = open(&world, &ada, &format!("/mismatches?{query}")).await;
        assert_eq!(list.contains(&path_of(&difference)), is_there, "{query}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_is_accepted_by_a_form_that_says_what_is_wrong_with_it() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Promoter).await;
    let difference = differ(&world).await;
    let path = path_of(&difference);
    let good = fields(&world, &difference, "3").await;
    let wrong = fields(&world, &difference, "400").await;
    let wrong = post(&world, &ada, "/mismatches/accept", &wrong).await;
    assert_eq!(wrong.status, 422, "{wrong:?}");
    assert!(wrong.body.contains("1 to 365") && wrong.body.contains("old clients"), "{wrong:?}");
    assert!(!wrong.body.contains("<script>old"), "{wrong:?}");
    world.move_to("modelled", &[json!({ "deadline_ms": 901 })]).await;
    let stale = post(&world, &ada, "/mismatches/accept", &good).await;
    assert_eq!(stale.status, 422, "{stale:?}");
    assert!(stale.body.contains("has changed since this form was opened"), "{stale:?}");
    let good = fields(&world, &difference, "3").await;
    let viewer = operator(&world, "eve", Role::Viewer).await;
    let refused = post(&world, &viewer, "/mismatches/accept", &good).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let done = post(&world, &ada, "/mismatches/accept", &good).await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_eq!(done.header("location"), Some(&*format!("{path}?done=accepted")));
    let accepted = world.flag("modelled").await.json()["accepted"][0].clone();
    assert_eq!(accepted["class"], "stricter");
    assert_eq!(accepted["ssot_reason"], "claim_missing:aud");
    let page = open(&world, &ada, &path).await;
    assert!(page.contains("Accepted now by <code>aud</code>"), "{page}");
    differ(&world).await;
    let list = open(&world, &ada, "/mismatches").await;
    assert!(list.contains(r#"<span class="status calm">accepted</span>"#), "{list}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_let_in_more_is_asked_for_and_not_accepted_by_one_admin() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Admin).await;
    world.move_to("http-auth", &[json!({ "stage": "shadow" })]).await;
    world.decide("http-auth", &world.token("fresh_hs256", "bob")).await;
    let difference = worst(&world, "http-auth").await;
    assert_eq!(difference["class"], "subject_differs", "{difference}");
    let form = fields(&world, &difference, "3").await;
    let asked = post(&world, &ada, "/mismatches/accept", &form).await;
    assert_eq!(asked.status, 303, "{asked:?}");
    assert_eq!(asked.header("location"), Some("/approvals?done=asked"));
    assert_eq!(world.flag("http-auth").await.json()["accepted"], json!([]));
    assert_eq!(world.rooms.access.approvals.list().expect("a list").len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_that_is_shown_reproduces_the_difference_in_a_replay() {
    let world = World::start().await;
    let difference = differ(&world).await;
    let shown = world.control("GET", &format!("/v1{}", path_of(&difference)), "", "").await.json();
    let replay = &shown["replay"];
    let folder = tempfile::tempdir().expect("a folder");
    let typed = |place: usize| {
        let words = replay["commands"][place].as_str().expect("a command").split_whitespace();
        let mut command = Command::new(env!("CARGO_BIN_EXE_crossfade"));
        command.args(words.skip(1)).current_dir(folder.path());
        command
    };
    let keys = typed(0).output().expect("it runs");
    assert!(keys.status.success() && keys.stdout.is_empty(), "{keys:?}");
    let mut judging = typed(1);
    judging.args(["--format", "json"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = judging.stderr(Stdio::piped()).spawn().expect("it runs");
    let line = replay["line"].as_str().expect("a line");
    let mut input = running.stdin.take().expect("an input");
    input.write_all(line.as_bytes()).expect("it reads");
    drop(input);
    let judged = running.wait_with_output().expect("it ends");
    let report: Value = serde_json::from_slice(&judged.stdout)
        .unwrap_or_else(|error| panic!("{error}: {judged:?}"));
    let component = &report["components"][0];
    assert_eq!(component["component"], "modelled", "{report}");
    let found = &component["differences"][0];
    for part in ["class", "ssot_reason", "claim_shape"] {
        assert_eq!(found[part], difference[part], "{part}: {found}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_told_in_words_filtered_and_verified() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Viewer).await;
    let slower = json!({ "deadline_ms": 777, "note": "<script>slow</script>" });
    world.move_to("modelled", &[slower]).await;
    let page = open(&world, &ada, "/history").await;
    assert!(page.contains("to 777 ms") && page.contains("new, at shadow"), "{page}");
    assert!(!page.contains("<script>slow"), "{page}");
    let only = open(&world, &ada, "/history?component=modelled&kind=operator").await;
    assert!(only.contains("to 777 ms") && !only.contains("new, at shadow"), "{only}");
    for none in ["who=nobody", "to=2020-01-01", "from=2500-01-01"] {
        let page = open(&world, &ada, &format!("/history?{none}")).await;
        assert!(page.contains("No change fits this choice"), "{none}: {page}");
    }
    for odd in ["from=yesterday", "kind=x", "component=x", "x=1", "before=x"] {
        let path = format!("/history?{odd}");
        let refused = world.control_as_sent("GET", &path, &ada.headers, "").await;
        assert_eq!(refused.status, 422, "{odd}: {refused:?}");
    }
    let verified = open(&world, &ada, "/history?verify=yes").await;
    assert!(verified.contains("The logs are whole"), "{verified}");
    let export = open(&world, &ada, "/v1/history/export?format=csv&component=modelled").await;
    assert!(export.contains("revision,change,") && export.contains("modelled"), "{export}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_history_is_read_page_by_page_to_its_end() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Viewer).await;
    for number in 0..52 {
        world.move_to("modelled", &[json!({ "deadline_ms": 500 + number })]).await;
    }
    let (mut path, mut lines) = ("/history?component=modelled".to_owned(), 0);
    for _ in 0..9 {
        let page = open(&world, &ada, &path).await;
        lines += page.matches("<li id=\"r").count();
        let Some((_, rest)) = page.split_once("<a class=\"button\" href=\"/history?") else {
            break;
        };
        let query = rest.split('"').next().expect("an address");
        path = format!("/history?{}", query.replace("&#38;", "&"));
    }
    assert_eq!(lines, 53, "52 changes and the first row");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_shown_and_no_secret_is_among_them() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Viewer).await;
    let page = open(&world, &ada, "/settings").await;
    assert!(page.contains("session_idle_min") && page.contains("[access.tokens.walker]"), "{page}");
    assert!(page.contains("core-validate") && page.contains("settle_ms"), "{page}");
    for secret in [CONTROL, "WALKS_CONTROL", "{token}", "{{token}}"] {
        assert!(!page.contains(secret), "{secret}: {page}");
    }
    world.stop().await;
}
