//! Every route of the data listener against nobody, every scope of an API token, and a client of
//! every grant. A route without a row fails.

use std::collections::BTreeSet;

use crossfade::access::Scope;
use crossfade::authority::ClientGrant;
use crossfade::config::Config;
use crossfade::web::{DataAccess, Listens, Needs, routes};
use serde_json::json;

use super::kit::{CLIENT_SECRET, Reply, World, client};
use super::people::token;

/// Method, path, content type, body, and who gets further than the door on a listener that asks
/// for tokens: `all`, `decide` (an API token of that scope or any client), or a client's grant.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

const JSON: &str = "application/json";
const CONTEXT: &str = r#"{"context":{"targetingKey":"alice"}}"#;
const TICKET: &str = "/v1/socket-ticket";
const FORM: &str = "application/x-www-form-urlencoded";

const ROWS: &[Row] = &[
    ("GET", "/healthz", "", "", "all"),
    ("GET", "/readyz", "", "", "all"),
    ("GET", "/openapi.json", "", "", "all"),
    ("GET", "/.well-known/oauth-authorization-server", "", "", "all"),
    ("GET", "/.well-known/jwks.json", "", "", "all"),
    // Who it is about is told by the token that is asked about.
    ("GET", "/v1/session", "", "", "bearer"),
    ("GET", "/ws", "", "", "bearer"),
    ("POST", "/v1/socket-ticket", "", "", "bearer"),
    ("OPTIONS", "/v1/socket-ticket", "", "", "all"),
    ("POST", "/v1/events", JSON, "{}", "scope:publish"),
    ("POST", "/v1/decide/{component}", JSON, r#"{"token":"a.b.c"}"#, "scope:decide"),
    ("POST", "/v1/evidence/golden-path", JSON, "{}", "scope:observe"),
    ("POST", "/v1/outcomes", JSON, "{}", "scope:observe"),
    ("any", "/v1/forward-auth", "", "", "proxy"),
    ("any", "/v1/forward-auth/", "", "", "proxy"),
    ("any", "/v1/forward-auth/{*component_and_path}", "", "", "proxy"),
    ("POST", "/v1/issue", JSON, r#"{"subject":""}"#, "issue"),
    ("POST", "/v1/revocations", JSON, r#"{"revocations":[]}"#, "revoke"),
    ("POST", "/oauth/token", FORM, "grant_type=client_credentials", "client_credentials"),
    ("POST", "/oauth/introspect", FORM, "token=a.b.c", "introspect"),
    ("POST", "/oauth/revoke", FORM, "token=a.b.c", "revoke"),
    ("POST", "/auth/validate", JSON, r#"{"token":"a.b.c"}"#, "decide"),
    ("GET", "/auth/verify", "", "", "decide"),
    ("POST", "/auth/verify", JSON, r#"{"token":"a.b.c"}"#, "decide"),
    ("POST", "/auth/validate-service-token", JSON, r#"{"token":"a.b.c"}"#, "decide"),
    ("POST", "/auth/check-blacklist", JSON, r#"{"token":"a.b.c"}"#, "decide"),
    ("POST", "/ofrep/v1/evaluate/flags/{key}", JSON, CONTEXT, "scope:evaluate"),
    ("POST", "/ofrep/v1/evaluate/flags", JSON, CONTEXT, "scope:evaluate"),
    ("GET", "/ofrep/v1/events", "", "", "scope:evaluate"),
    // The token itself is the proof.
    ("POST", "/auth/refresh", JSON, "{}", "all"),
    ("POST", "/auth/logout", "", "", "all"),
    ("POST", "/auth/service-token", JSON, "{}", "all"),
    ("POST", "/api/v1/jwt/validate", JSON, r#"{"token":"a.b.c"}"#, "decide"),
    ("POST", "/api/v1/jwt/validate-batch", JSON, r#"{"tokens":["a.b.c"]}"#, "decide"),
    ("POST", "/api/v1/jwt/check-blacklist", JSON, r#"{"token":"a.b.c"}"#, "decide"),
    ("POST", "/api/v1/jwt/blacklist-token", JSON, r#"{"token":"a.b.c"}"#, "revoke"),
];

/// Somebody who asks: a name, and the headers that show who it is.
struct Asker {
    name: String,
    headers: String,
}

fn of_service(name: &str) -> String {
    format!("x-service-id: {name}\r\nx-service-secret: {CLIENT_SECRET}\r\n")
}

async fn everybody(world: &World) -> Vec<Asker> {
    let mut askers = vec![
        Asker { name: "nobody".into(), headers: String::new() },
        Asker {
            name: "wrong".into(),
            headers: "x-service-id: issue\r\nx-service-secret: x\r\n".into(),
        },
    ];
    for scope in Scope::ALL {
        let name = format!("scope-{}", scope.as_str().replace('_', "-"));
        let headers = token(world, &name, scope).await.headers;
        let secret = headers.trim().rsplit(' ').next().expect("a token").to_owned();
        // As a proxy shows it, and as a caller does.
        let headers = format!("{headers}x-crossfade-token: {secret}\r\n");
        askers.push(Asker { name: format!("scope:{}", scope.as_str()), headers });
    }
    for grant in ClientGrant::ALL {
        let name = grant.as_str();
        askers.push(Asker { name: name.into(), headers: of_service(name) });
    }
    askers.push(Asker { name: "no-grant".into(), headers: of_service("no-grant") });
    askers
}

fn with_clients(config: &mut Config) {
    config.listen.data_access = DataAccess::Token;
    config.authority.clients =
        ClientGrant::ALL.map(|grant| client(grant.as_str(), &[grant])).into();
    config.authority.clients.push(client("no-grant", &[]));
}

fn may(who: &str, asker: &str) -> bool {
    let is_client = asker == "no-grant" || ClientGrant::parse(asker).is_some();
    match who {
        "all" => true,
        "decide" => asker == "scope:decide" || is_client,
        "proxy" | "scope:decide" => asker == "scope:decide",
        name => asker == name,
    }
}

/// True for an answer of the door itself.
fn is_refused(who: &str, reply: &Reply) -> bool {
    match who {
        // A proxy that lacks a token must not be told that its caller does.
        "proxy" => reply.status == 503,
        _ => matches!(reply.status, 401 | 403) || reply.body.contains("invalid_service_secret"),
    }
}

#[test]
fn every_door_has_a_row() {
    let all = routes();
    let here = all.iter().filter(|route| route.listener == Listens::Data);
    let here: BTreeSet<_> = here.map(|route| (route.method, route.path)).collect();
    assert_eq!(here, ROWS.iter().map(|row| (row.0, row.1)).collect());
}

#[test]
fn what_changes_something_takes_a_client_or_the_token_itself() {
    let by_the_token_itself =
        ["/auth/refresh", "/auth/logout", "/auth/service-token", "/oauth/token", TICKET];
    for route in routes().iter().filter(|route| route.listener == Listens::Data) {
        let changes = route.method == "POST" && route.needs == Needs::Nothing;
        assert!(!changes || by_the_token_itself.contains(&route.path), "{}", route.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_scope_and_each_grant_gets_as_far_as_its_row_says() {
    let world = World::start_with(with_clients).await;
    let mut faults = Vec::new();
    for asker in &everybody(&world).await {
        for row @ (method, path, kind, body, who) in ROWS.iter().filter(|row| row.4 != "bearer") {
            let method = if *method == "any" { "GET" } else { method };
            // A stream does not end by itself: only its head is asked for.
            let is_stream = method == "GET" && path.ends_with("/events");
            let method = if is_stream { "HEAD" } else { method };
            let path = path.replace("{component}", "modelled").replace("{key}", "modelled");
            let path = path.replace("{*component_and_path}", "modelled/x");
            let headers = format!("content-type: {kind}\r\n{}", asker.headers);
            let reply = world.data(method, &path, &headers, body).await;
            // Forward-auth without a token of its caller's is 401 once the proxy is let in.
            if is_refused(who, &reply) == may(who, &asker.name)
                && !(*who == "proxy" && path.len() < 20)
                && !(*who == "proxy" && may(who, &asker.name) && reply.status == 401)
            {
                faults.push(format!("{} {} as {}: {reply:?}", row.0, row.1, asker.name));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_counted_and_never_shown() {
    let world = World::start().await;
    let secret = "planted-secret-that-nobody-may-ever-see-again";
    let headers =
        format!("content-type: {JSON}\r\nx-service-id: chat\r\nx-service-secret: {secret}\r\n");
    let body = json!({"token": "a.b.c"}).to_string();
    let reply = world.data("POST", "/v1/revocations", &headers, &body).await;
    assert_eq!(reply.status, 401);
    assert!(!reply.body.contains(secret) && !super::kit::log().contains(secret));
    world.stop().await;
}
