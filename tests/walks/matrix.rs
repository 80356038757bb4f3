//! Every route against every role, every token scope, and nobody. A route without a row fails.

use std::collections::BTreeSet;

use crossfade::web::{Kind, Listens, Needs, routes};

use super::kit::{Reply, World};
use super::people::{Person, everybody};

/// Method and path, what is sent, and who gets further than the door: roles and `token:` scopes;
/// `all` is everybody, nobody included.
type Row = (&'static str, &'static str, &'static str, &'static str);

const READERS: &str = "viewer operator promoter admin token:read token:admin";
const LOWERERS: &str = "operator promoter admin token:roll_back token:admin";
const RAISERS: &str = "promoter admin token:raise token:admin";
const RELEASERS: &str = "operator promoter admin token:raise token:admin";
const CHANGERS: &str = "operator promoter admin token:roll_back token:raise token:admin";
const ADMINS: &str = "admin token:admin";
const KNOWN: &str =
    "viewer operator promoter admin token:read token:roll_back token:raise token:admin";
const OWNERS: &str = "viewer operator promoter admin token:admin";
const SIGNED_IN: &str = "viewer operator promoter admin";

const LOOSER: &str = r#"{"deadline_ms":1,"accepted":[{"name":"x","class":"looser","owner":"o","reason":"r","expires_at":"2020-01-01T00:00:00Z"}]}"#;
const STRICTER: &str = r#"{"deadline_ms":1,"accepted":[{"name":"x","class":"stricter","owner":"o","reason":"r","expires_at":"2020-01-01T00:00:00Z"}]}"#;

// There is no such revision: whoever may change it is told so.
const TIGHTER: &str = r#"{"modes":{"access_token_typ":"enforce"},"revision":999999}"#;
const LOOSER_RULE: &str = r#"{"modes":{"audience":"observe"},"revision":999999}"#;

// One refusal refuses all.
const SKIPPING: &str = r#"{"component":{"http-auth":{"stage":"live"}}}"#;
const BOTH_WAYS: &str =
    r#"{"component":{"http-auth":{"stage":"live"},"modelled":{"stage":"off"}}}"#;

/// The control listener. Bodies are such that nothing changes for those who are let in.
const CONTROL: &[Row] = &[
    ("GET", "/healthz", "", "all"),
    ("GET", "/readyz", "", "all"),
    ("GET", "/openapi.json", "", "all"),
    ("GET", "/v1/flags", "", READERS),
    ("GET", "/v1/flags/{component}", "", READERS),
    ("PUT", "/v1/flags/{component}", r#"{"stage":"off"}"#, LOWERERS),
    ("PUT", "/v1/flags/{component}", r#"{"stage":"live"}"#, RAISERS),
    ("PUT", "/v1/flags/{component}", r#"{"deadline_ms":1}"#, RAISERS),
    ("PUT", "/v1/flags/{component}", r#"{"limits":{"slow_ms":0}}"#, RAISERS),
    ("PUT", "/v1/flags/{component}", r#"{"limits":{"harm_max":0,"security":false}}"#, RAISERS),
    ("PUT", "/v1/flags/{component}", STRICTER, RAISERS),
    ("PUT", "/v1/flags/{component}", LOOSER, ADMINS),
    ("PUT", "/v1/flags/{component}", r#"{"stage":"complete"}"#, ADMINS),
    ("POST", "/v1/flags/{component}/rollback", "{}", LOWERERS),
    ("POST", "/v1/flags/{component}/hold", "{}", LOWERERS),
    ("POST", "/v1/flags/{component}/release", "{}", RELEASERS),
    ("GET", "/v1/flags/{component}/history", "", READERS),
    ("POST", "/v1/flags/{component}/explain", "{}", READERS),
    ("GET", "/v1/segments", "", READERS),
    ("GET", "/v1/segments/{name}", "", READERS),
    ("PUT", "/v1/segments/{name}", "{}", RAISERS),
    ("DELETE", "/v1/segments/{name}", "", RAISERS),
    ("GET", "/v1/segments/{name}/history", "", READERS),
    // There is no such revision: whoever may change anything is told so.
    ("POST", "/v1/flags/{component}/restore", r#"{"revision":999999}"#, CHANGERS),
    ("POST", "/v1/flags/{component}/undo", "{}", CHANGERS),
    ("GET", "/v1/history", "", READERS),
    ("GET", "/v1/history/export", "", READERS),
    ("GET", "/v1/history/verify", "", READERS),
    ("GET", "/v1/rollouts", "", READERS),
    ("GET", "/v1/rollouts/templates", "", READERS),
    ("GET", "/v1/rollouts/{component}", "", READERS),
    ("PUT", "/v1/rollouts/{component}", "{}", RAISERS),
    ("POST", "/v1/rollouts/{component}/pause", "{}", LOWERERS),
    ("POST", "/v1/rollouts/{component}/resume", "{}", RAISERS),
    ("POST", "/v1/rollouts/{component}/skip", "{}", RAISERS),
    ("POST", "/v1/rollouts/{component}/abort", "{}", LOWERERS),
    ("POST", "/v1/rollouts/{component}/approve", "{}", "promoter admin"),
    ("GET", "/v1/rollouts/{component}/history", "", READERS),
    ("GET", "/v1/evidence", "", READERS),
    ("GET", "/v1/evidence/{component}", "", READERS),
    ("POST", "/v1/evidence/{component}/tests", "", RAISERS),
    ("DELETE", "/v1/evidence/{component}/tests", "{}", LOWERERS),
    ("POST", "/v1/evidence/{component}/certificate", "{}", RAISERS),
    ("DELETE", "/v1/evidence/{component}/certificate", "{}", LOWERERS),
    ("POST", "/v1/evidence/{component}/certificate/issue", r#"{"span_s":1}"#, RAISERS),
    ("GET", "/v1/evidence/golden-path", "", READERS),
    ("POST", "/v1/evidence/golden-path", "{}", RAISERS),
    ("POST", "/v1/evidence/golden-path/baseline", "{}", RAISERS),
    ("GET", "/v1/journeys", "", READERS),
    ("GET", "/v1/matrix", "", READERS),
    ("POST", "/v1/matrix", "", RAISERS),
    ("GET", "/v1/checks", "", READERS),
    ("GET", "/v1/scans", "", READERS),
    ("POST", "/v1/scans", "{}", RAISERS),
    ("GET", "/v1/call-sites", "", READERS),
    ("GET", "/v1/guard", "", READERS),
    ("GET", "/v1/guard/cards", "", READERS),
    ("GET", "/v1/guard/cards/{id}", "", READERS),
    ("GET", "/v1/flags/{component}/guard", "", READERS),
    ("POST", "/v1/outcomes", "{}", RAISERS),
    // Nothing is beyond shadow: nothing moves.
    ("POST", "/v1/kill", "{}", LOWERERS),
    ("POST", "/v1/phases/{phase}/rollback", "{}", LOWERERS),
    ("GET", "/v1/table", "", READERS),
    ("POST", "/v1/table", "{}", READERS),
    ("POST", "/v1/table", SKIPPING, RAISERS),
    ("POST", "/v1/table", BOTH_WAYS, "promoter admin token:admin"),
    ("GET", "/v1/drift", "", READERS),
    ("GET", "/v1/policies", "", READERS),
    ("GET", "/v1/policies/profiles", "", READERS),
    ("GET", "/v1/policies/observed", "", READERS),
    ("PUT", "/v1/policies/{issuer}/{kind}", TIGHTER, RAISERS),
    ("PUT", "/v1/policies/{issuer}/{kind}", LOOSER_RULE, ADMINS),
    ("POST", "/v1/policies/{issuer}/{kind}/rollback", "{}", RAISERS),
    ("GET", "/v1/policies/{issuer}/{kind}/history", "", READERS),
    ("GET", "/v1/accepted", "", READERS),
    ("GET", "/v1/mismatches", "", READERS),
    ("GET", "/v1/mismatches/{component}/{fingerprint}", "", READERS),
    ("GET", "/v1/report", "", READERS),
    ("GET", "/v1/reports", "", READERS),
    ("POST", "/v1/reports", r#"{"scope":"none"}"#, LOWERERS),
    ("GET", "/v1/reports/now", "", READERS),
    ("GET", "/v1/reports/{id}", "", READERS),
    ("DELETE", "/v1/reports/{id}", "", ADMINS),
    ("GET", "/v1/events", "", READERS),
    ("GET", "/v1/me", "", KNOWN),
    ("GET", "/v1/operators", "", READERS),
    ("POST", "/v1/operators", "{}", ADMINS),
    ("PUT", "/v1/operators/{name}", r#"{"role":"viewer"}"#, ADMINS),
    ("POST", "/v1/operators/{name}/link", "", ADMINS),
    ("DELETE", "/v1/operators/{name}", "", ADMINS),
    ("GET", "/v1/sessions", "", OWNERS),
    ("DELETE", "/v1/sessions/{id}", "", OWNERS),
    ("GET", "/v1/tokens", "", READERS),
    ("POST", "/v1/tokens", "{}", ADMINS),
    ("DELETE", "/v1/tokens/{name}", "", ADMINS),
    ("GET", "/v1/issuers", "", READERS),
    ("GET", "/v1/keys", "", READERS),
    ("POST", "/v1/keys", r#"{"note":"x"}"#, ADMINS),
    ("POST", "/v1/keys/rotate", r#"{"note":""}"#, ADMINS),
    ("POST", "/v1/keys/{id}/retire", r#"{"note":"x"}"#, ADMINS),
    ("GET", "/v1/keys/{id}/public", "", READERS),
    ("GET", "/v1/approvals", "", READERS),
    ("POST", "/v1/approvals/{id}/approve", "", "admin"),
    ("POST", "/v1/approvals/{id}/reject", "", SIGNED_IN),
    ("POST", "/v1/links", r#"{"action":{"do":"roll_back","component":"none"}}"#, LOWERERS),
    ("GET", "/v1/access-log", "", READERS),
    ("GET", "/", "", SIGNED_IN),
    ("GET", "/hold-all", "", SIGNED_IN),
    // Nothing is said that could stand in the history: nothing is held.
    ("POST", "/hold-all", "", "operator promoter admin"),
    ("GET", "/to-legacy", "", SIGNED_IN),
    // Nothing is beyond shadow: nothing moves.
    ("POST", "/to-legacy", "", "operator promoter admin"),
    ("GET", "/components/{component}", "", SIGNED_IN),
    ("GET", "/components/{component}/move", "to=live", SIGNED_IN),
    // Of no revision, or without a reason: nothing changes.
    ("POST", "/components/{component}/move", "to=shadow", "operator promoter admin"),
    ("POST", "/components/{component}/roll-back", "", "operator promoter admin"),
    ("POST", "/components/{component}/hold", "", "operator promoter admin"),
    ("POST", "/components/{component}/release", "", "operator promoter admin"),
    ("POST", "/components/{component}/settings", "", "promoter admin"),
    ("POST", "/components/{component}/plan", "verb=none", "promoter admin"),
    ("POST", "/components/{component}/plan", "verb=pause", "operator promoter admin"),
    ("GET", "/live/overview", "", SIGNED_IN),
    ("GET", "/live/components/{component}", "", SIGNED_IN),
    ("GET", "/report", "", SIGNED_IN),
    ("GET", "/checks", "", SIGNED_IN),
    ("GET", "/reports", "", SIGNED_IN),
    ("POST", "/reports/make", "scope=none", "operator promoter admin"),
    ("GET", "/reports/now", "", SIGNED_IN),
    ("GET", "/reports/{id}", "", SIGNED_IN),
    ("GET", "/reports/{id}/file", "", SIGNED_IN),
    ("POST", "/reports/remove", "id=none", "admin"),
    ("GET", "/mismatches", "", SIGNED_IN),
    ("GET", "/mismatches/{component}/{fingerprint}", "", SIGNED_IN),
    ("POST", "/mismatches/accept", "component=none", SIGNED_IN),
    ("GET", "/sockets", "", SIGNED_IN),
    ("GET", "/authority", "", SIGNED_IN),
    ("GET", "/history", "", SIGNED_IN),
    ("GET", "/settings", "", SIGNED_IN),
    ("GET", "/golden-path", "", SIGNED_IN),
    ("GET", "/explain", "", SIGNED_IN),
    ("POST", "/explain", "component=none", SIGNED_IN),
    ("GET", "/sign-in", "", "all"),
    ("POST", "/sign-in", "name=x&password=y", "all"),
    ("GET", "/sign-in/provider", "", "all"),
    ("GET", "/sign-in/provider/callback", "", "all"),
    ("GET", "/setup", "", "all"),
    ("POST", "/setup/look", "secret=x", "all"),
    ("POST", "/setup", "secret=x", "all"),
    ("GET", "/prove", "", SIGNED_IN),
    ("POST", "/prove", "password=x", SIGNED_IN),
    ("GET", "/account", "", SIGNED_IN),
    ("POST", "/account/password", "", SIGNED_IN),
    ("POST", "/account/sessions/end", "id=none", SIGNED_IN),
    ("GET", "/operators", "", SIGNED_IN),
    ("POST", "/operators/add", "", "admin"),
    ("POST", "/operators/role", "", "admin"),
    ("POST", "/operators/link", "", "admin"),
    ("POST", "/operators/remove", "", "admin"),
    ("GET", "/tokens", "", SIGNED_IN),
    ("POST", "/tokens/make", "", "admin"),
    ("POST", "/tokens/revoke", "", "admin"),
    ("GET", "/approvals", "", SIGNED_IN),
    ("POST", "/approvals/ask", "component=none", "admin"),
    ("POST", "/approvals/approve", "id=none", "admin"),
    ("POST", "/approvals/reject", "id=none", SIGNED_IN),
    ("GET", "/act", "", "all"),
    ("POST", "/act/look", "secret=x", "all"),
    ("POST", "/act/confirm", "secret=x", "all"),
    ("GET", "/static/app.css", "", "all"),
    ("GET", "/static/charts.css", "", "all"),
    ("GET", "/static/charts.js", "", "all"),
    ("GET", "/static/overview.css", "", "all"),
    ("GET", "/static/app.js", "", "all"),
    ("GET", "/static/pages.css", "", "all"),
    ("GET", "/static/link.js", "", "all"),
    ("GET", "/static/copy.js", "", "all"),
    ("GET", "/static/mark.svg", "", "all"),
    ("GET", "/static/report.css", "", "all"),
    // The last one: whoever is let in has no session any more.
    ("POST", "/sign-out", "", SIGNED_IN),
];

fn may(who: &str, person: &Person) -> bool {
    who == "all" || who.split(' ').any(|name| name == person.name)
}

/// True for an answer of the door itself: not known, not allowed, or the way to the sign-in page.
/// A form that says what was wrong with what was typed is not the door's.
fn is_refused(reply: &Reply, kind: Kind) -> bool {
    let elsewhere = reply.header("location").unwrap_or_default();
    let away = elsewhere.starts_with("/sign-in?next") || elsewhere.starts_with("/prove?next");
    let told = ["Not permitted", "Nothing was changed"].iter().any(|title| {
        reply.body.contains(&format!("<title>{title}"))
            || reply.body.contains(&format!("<h1>{title}"))
    });
    match kind {
        Kind::Api | Kind::File => matches!(reply.status, 401 | 403),
        Kind::Page => away || matches!(reply.status, 401 | 403) && told,
    }
}

async fn send(world: &World, person: &Person, (method, path, body, _): &Row, kind: Kind) -> Reply {
    let path = path.replace("{component}", "http-auth").replace("{name}", "nobody-of-that-name");
    let path = path.replace("{id}", "none").replace("{issuer}/{kind}", "own/id");
    let path = path.replace("{phase}", "1").replace("{fingerprint}", "none");
    if kind == Kind::Page && *method != "GET" {
        let (headers, body) = (person.form_headers(), person.form(body));
        return world.control_as_sent(method, &path, &headers, &body).await;
    }
    let mut headers = person.api_headers();
    let takes_etag = *method == "PUT" || path.ends_with("/restore") || path.ends_with("/undo");
    if takes_etag && path.starts_with("/v1/flags/") {
        let flag = world.flag("http-auth").await;
        headers += "if-match: ";
        headers += flag.header("etag").expect("an ETag");
        headers += "\r\n";
    }
    // A stream does not end by itself: only its head is asked for.
    let streams = path == "/v1/events" || path.starts_with("/live/");
    let method = if streams { "HEAD" } else { method };
    world.control_as_sent(method, &path, &headers, body).await
}

#[test]
fn every_route_has_a_row() {
    let routes = routes();
    let of = |listener: Listens| -> BTreeSet<(String, String)> {
        let here = routes.iter().filter(|route| route.listener == listener);
        here.map(|route| (route.method.to_owned(), route.path.to_owned())).collect()
    };
    let rows: BTreeSet<(String, String)> =
        CONTROL.iter().map(|row| (row.0.to_owned(), row.1.to_owned())).collect();
    assert_eq!(of(Listens::Control), rows);
    // The others are few, and each has a test of its own below.
    let paths = |listener| of(listener).into_iter().map(|(_, path)| path).collect::<Vec<_>>();
    assert_eq!(paths(Listens::Metrics), ["/healthz", "/metrics", "/readyz"]);
}

#[test]
fn what_changes_something_is_for_nobody_unknown() {
    // The doors themselves: they let people in, each by a secret of its own.
    let doors = ["/sign-in", "/setup", "/setup/look", "/act/look", "/act/confirm"];
    for route in routes().iter().filter(|route| route.listener == Listens::Control) {
        let changes = route.method != "GET";
        let open = matches!(route.needs, Needs::Nothing | Needs::DataToken);
        assert!(
            !changes || !open || doors.contains(&route.path),
            "{} {}",
            route.method,
            route.path
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_and_each_scope_gets_as_far_as_its_row_says() {
    let world = World::start().await;
    let people = everybody(&world).await;
    let routes = routes();
    let mut faults = Vec::new();
    for row in CONTROL {
        let route = routes.iter().find(|route| (route.method, route.path) == (row.0, row.1));
        let kind = route.expect("every row is a route").kind;
        for person in &people {
            let reply = send(&world, person, row, kind).await;
            assert!(reply.status >= 200, "{row:?} {reply:?}");
            if is_refused(&reply, kind) == may(row.3, person) {
                let (name, status) = (&person.name, reply.status);
                faults.push(format!("{} {} {}: {name} got {status}", row.0, row.1, row.2));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    world.stop().await;
}
