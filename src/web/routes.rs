//! Which path leads where, and what it needs. A route without a row here does not exist, and a
//! row says who may use it: the tests go through this table.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{MethodFilter, MethodRouter, any, on};

use super::api::{
    accepted, access_log, approvals, cards, drift, events, evidence, explain, history, issuers,
    keys, links, me, operators, outcomes, policies, restore, rollouts, rulings, segments, sessions,
    sweep, table, tokens,
};
use super::guard::{Guarded, guard};
use super::{Problem, Rooms, compat, decide, flags, forward_auth, health, metrics, oauth, ofrep};
use super::{openapi, pages, report, session, sockets};
use crate::access::Permission;

/// The listeners, each with routes of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listens {
    /// Questions about tokens.
    Data,
    /// Flags, reports, people.
    Control,
    /// Figures for Prometheus.
    Metrics,
}

/// What a caller must show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: anybody who reaches the listener.
    Nothing,
    /// An API token of scope `decide`, where the configuration asks for one.
    DataToken,
    /// The secret of a client of the authority; which grant it needs, the handler says.
    Client,
    /// An API token of this permission's scope, whatever the configuration asks for.
    TokenTo(Permission),
    /// That it is somebody; the handler asks for more, depending on what is wanted.
    Caller,
    /// A session: a person, not a token.
    Session,
    /// This permission.
    To(Permission),
}

/// What answers a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A problem in JSON.
    Api,
    /// A page, or the way to one; what changes something is a form of ours.
    Page,
}

/// One row of the table.
pub struct Route {
    /// On which listener.
    pub listener: Listens,
    /// `GET`, `POST`, `PUT`, `DELETE` or `OPTIONS`; `any` where the method does not matter.
    pub method: &'static str,
    /// The path, with `{names}` of its variable segments.
    pub path: &'static str,
    /// What a caller must show.
    pub needs: Needs,
    /// For programs or for people.
    pub kind: Kind,
    handler: MethodRouter<Arc<Rooms>>,
}

/// Every route of every listener.
pub fn routes() -> Vec<Route> {
    let data = [
        data(),
        doors(),
        observers(),
        evaluations(),
        to_sockets(),
        described(Listens::Data),
        common(Listens::Data),
    ];
    let control = [
        control(),
        targeting(),
        rollouts(),
        imported(),
        watched(),
        whole_table(),
        policies(),
        people(),
        pages(),
    ];
    let metrics = [metrics_only(), common(Listens::Metrics)];
    let shared = [described(Listens::Control), common(Listens::Control)];
    let control = control.into_iter().chain(shared);
    data.into_iter().chain(control).chain(metrics).flatten().collect()
}

/// Routes of the data listener.
pub fn data_routes(rooms: Arc<Rooms>) -> Router {
    router(Listens::Data, rooms)
}

/// Routes of the control listener.
pub fn control_routes(rooms: Arc<Rooms>) -> Router {
    router(Listens::Control, rooms)
}

/// Routes of the metrics listener.
pub fn metrics_routes(rooms: Arc<Rooms>) -> Router {
    router(Listens::Metrics, rooms)
}

fn router(listener: Listens, rooms: Arc<Rooms>) -> Router {
    let mut router = Router::new();
    for route in routes().into_iter().filter(|route| route.listener == listener) {
        let Route { needs, kind, handler, path, .. } = route;
        let handler = match listener {
            // The data listener is counted in microseconds: its handlers look at the token.
            Listens::Data | Listens::Metrics => handler,
            Listens::Control => {
                let guarded = Guarded { rooms: Arc::clone(&rooms), needs, kind };
                handler.route_layer(from_fn_with_state(guarded, guard))
            }
        };
        router = router.route(path, handler);
    }
    if listener == Listens::Data && rooms.sockets.settings.echo {
        // For suites that test the protocol, and not in the table: no deployment has it.
        router = router.route("/echo", on(MethodFilter::GET, sockets::echo));
    }
    router.method_not_allowed_fallback(method_not_allowed).fallback(not_found).with_state(rooms)
}

fn data() -> Vec<Route> {
    let forward = |path| {
        let handler = any(forward_auth::forward_auth);
        let (needs, kind) = (Needs::DataToken, Kind::Api);
        Route { listener: Listens::Data, method: "any", path, needs, kind, handler }
    };
    let decide = on(MethodFilter::POST, decide::decide);
    vec![
        Route {
            listener: Listens::Data,
            method: "POST",
            path: "/v1/decide/{component}",
            needs: Needs::DataToken,
            kind: Kind::Api,
            handler: decide,
        },
        // Proxies append paths of their clients' making: whatever they are, they get an answer.
        forward("/v1/forward-auth"),
        forward("/v1/forward-auth/"),
        forward("/v1/forward-auth/{*component_and_path}"),
    ]
}

/// The authority's own doors, and those that live clients know from legacy.
fn doors() -> Vec<Route> {
    use Needs::{Client, DataToken, Nothing};
    vec![
        door("GET", "/v1/session", Nothing, session::session),
        door("POST", "/v1/issue", Client, oauth::issue::issue),
        door("POST", "/v1/revocations", Client, oauth::revoke::revocations),
        door("POST", "/oauth/token", Nothing, oauth::token::token),
        door("POST", "/oauth/introspect", Client, oauth::introspect::introspect),
        door("POST", "/oauth/revoke", Client, oauth::revoke::revoke),
        door("GET", "/.well-known/oauth-authorization-server", Nothing, oauth::metadata::metadata),
        door("GET", "/.well-known/jwks.json", Nothing, oauth::metadata::jwks),
        // Whoever has the token may ask about it, renew it, end it. A client that shows its
        // secret needs no API token.
        door("POST", "/auth/validate", DataToken, compat::validate::validate),
        door("GET", "/auth/verify", DataToken, compat::validate::verify),
        door("POST", "/auth/verify", DataToken, compat::validate::verify),
        door(
            "POST",
            "/auth/validate-service-token",
            DataToken,
            compat::validate::validate_service_token,
        ),
        door("POST", "/auth/check-blacklist", DataToken, compat::validate::check_blacklist),
        door("POST", "/auth/refresh", Nothing, compat::refresh::refresh),
        door("POST", "/auth/logout", Nothing, compat::logout::logout),
        door("POST", "/auth/service-token", Nothing, compat::service_token::service_token),
        door("POST", "/api/v1/jwt/validate", DataToken, compat::jwt::jwt_validate),
        door("POST", "/api/v1/jwt/validate-batch", DataToken, compat::jwt::jwt_validate_batch),
        door("POST", "/api/v1/jwt/check-blacklist", DataToken, compat::jwt::jwt_check_blacklist),
        door("POST", "/api/v1/jwt/blacklist-token", Client, compat::jwt::blacklist_token),
    ]
}

/// Evaluation for other services, by the OpenFeature Remote Evaluation Protocol.
fn evaluations() -> Vec<Route> {
    let evaluate = Needs::To(Permission::Evaluate);
    vec![
        door("POST", "/ofrep/v1/evaluate/flags/{key}", evaluate, ofrep::evaluate),
        door("POST", "/ofrep/v1/evaluate/flags", evaluate, ofrep::evaluate_all),
        door("GET", "/ofrep/v1/events", evaluate, ofrep::events),
    ]
}

/// The doors to sockets.
fn to_sockets() -> Vec<Route> {
    use sockets::{events, handshake, ticket};
    let (nothing, publish) = (Needs::Nothing, Needs::To(Permission::Publish));
    vec![
        // Who it is, is told by the token that is asked about.
        door("GET", "/ws", nothing, handshake::ws),
        door("POST", "/v1/socket-ticket", nothing, ticket::socket_ticket),
        door("OPTIONS", "/v1/socket-ticket", nothing, ticket::socket_ticket_preflight),
        door("POST", "/v1/events", publish, events::publish),
    ]
}

fn control() -> Vec<Route> {
    let read = Needs::To(Permission::Read);
    let lower = Needs::To(Permission::Lower);
    let release = Needs::To(Permission::Release);
    vec![
        api("GET", "/v1/flags", read, flags::list),
        api("GET", "/v1/flags/{component}", read, flags::show),
        // What it takes depends on what is changed.
        api("PUT", "/v1/flags/{component}", Needs::Caller, flags::change),
        api("POST", "/v1/flags/{component}/rollback", lower, flags::roll_back),
        api("POST", "/v1/flags/{component}/hold", lower, flags::hold),
        api("POST", "/v1/flags/{component}/release", release, flags::release),
        api("GET", "/v1/flags/{component}/history", read, flags::history),
        // What it takes depends on what comes back.
        api("POST", "/v1/flags/{component}/restore", Needs::Caller, restore::restore),
        api("POST", "/v1/flags/{component}/undo", Needs::Caller, restore::undo),
        api("GET", "/v1/history", read, history::list),
        api("GET", "/v1/history/export", read, history::export),
        api("GET", "/v1/history/verify", read, history::verify),
        api("GET", "/v1/accepted", read, accepted::list),
        api("GET", "/v1/report", read, report::report),
        api("GET", "/v1/events", read, events::events),
    ]
}

/// Who is served otherwise than the share says.
fn targeting() -> Vec<Route> {
    let read = Needs::To(Permission::Read);
    let raise = Needs::To(Permission::Raise);
    vec![
        api("GET", "/v1/segments", read, segments::list),
        api("GET", "/v1/segments/{name}", read, segments::show),
        api("PUT", "/v1/segments/{name}", raise, segments::put),
        api("DELETE", "/v1/segments/{name}", raise, segments::remove),
        api("GET", "/v1/segments/{name}/history", read, segments::history),
        // Changes nothing; a POST keeps subjects out of addresses.
        api("POST", "/v1/flags/{component}/explain", read, explain::explain),
    ]
}

/// Plans by which components go on.
fn rollouts() -> Vec<Route> {
    let read = Needs::To(Permission::Read);
    let lower = Needs::To(Permission::Lower);
    let raise = Needs::To(Permission::Raise);
    vec![
        api("GET", "/v1/rollouts", read, rollouts::list),
        api("GET", "/v1/rollouts/templates", read, rollouts::list_templates),
        api("GET", "/v1/rollouts/{component}", read, rollouts::show),
        api("PUT", "/v1/rollouts/{component}", raise, rollouts::start),
        api("POST", "/v1/rollouts/{component}/pause", lower, rollouts::pause),
        api("POST", "/v1/rollouts/{component}/resume", raise, rollouts::resume),
        api("POST", "/v1/rollouts/{component}/skip", raise, rollouts::skip),
        api("POST", "/v1/rollouts/{component}/abort", lower, rollouts::abort),
        // A person, not a token.
        api("POST", "/v1/rollouts/{component}/approve", Needs::Session, rollouts::approve),
        api("GET", "/v1/rollouts/{component}/history", read, rollouts::history),
    ]
}

/// What was seen elsewhere: observers have tokens for the data listener.
fn observers() -> Vec<Route> {
    let observe = Needs::TokenTo(Permission::Observe);
    vec![
        door("POST", "/v1/evidence/golden-path", observe, evidence::golden_path::report),
        door("POST", "/v1/outcomes", observe, outcomes::report),
    ]
}

/// What the guard has seen, and what it is told.
fn watched() -> Vec<Route> {
    let read = Needs::To(Permission::Read);
    let raise = Needs::To(Permission::Raise);
    vec![
        api("GET", "/v1/guard", read, rulings::list),
        api("GET", "/v1/guard/cards", read, cards::list),
        api("GET", "/v1/guard/cards/{id}", read, cards::show),
        api("GET", "/v1/flags/{component}/guard", read, rulings::show),
        api("POST", "/v1/outcomes", raise, outcomes::hand_in),
    ]
}

/// Evidence from outside that rollout plans may require.
fn imported() -> Vec<Route> {
    use evidence::{certificate, golden_path, show, test_report};
    let read = Needs::To(Permission::Read);
    let raise = Needs::To(Permission::Raise);
    let lower = Needs::To(Permission::Lower);
    let tests = "/v1/evidence/{component}/tests";
    let certificates = "/v1/evidence/{component}/certificate";
    let issue = "/v1/evidence/{component}/certificate/issue";
    vec![
        api("GET", "/v1/evidence", read, show::list),
        api("GET", "/v1/evidence/{component}", read, show::show),
        api("POST", tests, raise, test_report::import),
        api("DELETE", tests, lower, test_report::withdraw),
        api("POST", certificates, raise, certificate::import),
        api("DELETE", certificates, lower, certificate::withdraw),
        api("POST", issue, raise, certificate::issue),
        api("GET", "/v1/evidence/golden-path", read, golden_path::show),
        api("POST", "/v1/evidence/golden-path", raise, golden_path::observe),
        api("POST", "/v1/evidence/golden-path/baseline", raise, golden_path::baseline),
    ]
}

/// Many components at once.
fn whole_table() -> Vec<Route> {
    let read = Needs::To(Permission::Read);
    let lower = Needs::To(Permission::Lower);
    vec![
        api("POST", "/v1/kill", lower, sweep::kill),
        api("POST", "/v1/phases/{phase}/rollback", lower, sweep::roll_back_phase),
        api("GET", "/v1/table", read, table::export),
        // What it takes depends on what the document changes.
        api("POST", "/v1/table", Needs::Caller, table::import),
        api("GET", "/v1/drift", read, drift::drift),
    ]
}

/// How strict the rules about tokens are.
fn policies() -> Vec<Route> {
    let read = Needs::To(Permission::Read);
    let at = "/v1/policies/{issuer}/{kind}";
    let back = "/v1/policies/{issuer}/{kind}/rollback";
    vec![
        api("GET", "/v1/policies", read, policies::list),
        api("GET", "/v1/policies/profiles", read, policies::profiles),
        api("GET", "/v1/policies/observed", read, policies::observed),
        // To loosen a rule takes more than to tighten it.
        api("PUT", at, Needs::Caller, policies::change),
        api("POST", back, Needs::Caller, policies::roll_back),
        api("GET", "/v1/policies/{issuer}/{kind}/history", read, policies::history),
    ]
}

/// Who may do what.
fn people() -> Vec<Route> {
    let read = Needs::To(Permission::Read);
    let administer = Needs::To(Permission::Administer);
    let force = Needs::To(Permission::Force);
    vec![
        api("GET", "/v1/me", Needs::Caller, me::me),
        api("GET", "/v1/operators", read, operators::list),
        api("POST", "/v1/operators", administer, operators::add),
        api("PUT", "/v1/operators/{name}", administer, operators::change),
        api("POST", "/v1/operators/{name}/link", administer, operators::link),
        api("DELETE", "/v1/operators/{name}", administer, operators::remove),
        // One's own; everybody's only to whoever may administer.
        api("GET", "/v1/sessions", Needs::Caller, sessions::list),
        api("DELETE", "/v1/sessions/{id}", Needs::Caller, sessions::end),
        api("GET", "/v1/tokens", read, tokens::list),
        api("POST", "/v1/tokens", administer, tokens::make),
        api("DELETE", "/v1/tokens/{name}", administer, tokens::revoke),
        api("GET", "/v1/issuers", read, issuers::list),
        api("GET", "/v1/keys", read, keys::list),
        api("POST", "/v1/keys", administer, keys::add),
        api("POST", "/v1/keys/rotate", administer, keys::rotate),
        api("POST", "/v1/keys/{id}/retire", administer, keys::retire),
        api("GET", "/v1/keys/{id}/public", read, keys::public),
        api("GET", "/v1/approvals", read, approvals::list),
        api("POST", "/v1/approvals/{id}/approve", force, approvals::approve),
        // Whoever asked may withdraw.
        api("POST", "/v1/approvals/{id}/reject", Needs::Session, approvals::reject),
        // What it takes depends on what the link does.
        api("POST", "/v1/links", Needs::Caller, links::make),
        api("GET", "/v1/access-log", read, access_log::read),
    ]
}

fn pages() -> Vec<Route> {
    let (anybody, session) = (Needs::Nothing, Needs::Session);
    let read = Needs::To(Permission::Read);
    let administer = Needs::To(Permission::Administer);
    let force = Needs::To(Permission::Force);
    vec![
        page("GET", "/", read, pages::home),
        page("GET", "/report", read, pages::report),
        page("GET", "/explain", read, pages::explain_form),
        page("POST", "/explain", read, pages::explain),
        page("GET", "/sign-in", anybody, pages::sign_in_form),
        page("POST", "/sign-in", anybody, pages::sign_in),
        page("GET", "/sign-in/provider", anybody, pages::to_provider),
        page("GET", "/sign-in/provider/callback", anybody, pages::from_provider),
        page("POST", "/sign-out", session, pages::sign_out),
        page("GET", "/setup", anybody, pages::setup),
        page("POST", "/setup/look", anybody, pages::look_setup),
        page("POST", "/setup", anybody, pages::set_up),
        page("GET", "/prove", session, pages::prove),
        page("POST", "/prove", session, pages::prove_it),
        page("GET", "/account", session, pages::account),
        page("POST", "/account/password", session, pages::change_password),
        page("POST", "/account/sessions/end", session, pages::end_session),
        page("GET", "/operators", read, pages::operators),
        page("POST", "/operators/add", administer, pages::add_operator),
        page("POST", "/operators/role", administer, pages::change_role),
        page("POST", "/operators/link", administer, pages::new_link),
        page("POST", "/operators/remove", administer, pages::remove_operator),
        page("GET", "/tokens", read, pages::tokens),
        page("POST", "/tokens/make", administer, pages::make_token),
        page("POST", "/tokens/revoke", administer, pages::revoke_token),
        page("GET", "/approvals", read, pages::approvals),
        page("POST", "/approvals/ask", force, pages::ask),
        page("POST", "/approvals/approve", force, pages::approve),
        // Whoever asked may also take it back.
        page("POST", "/approvals/reject", session, pages::reject),
        page("GET", "/act", anybody, pages::act),
        page("POST", "/act/look", anybody, pages::look_act),
        page("POST", "/act/confirm", anybody, pages::confirm_act),
        api("GET", "/static/app.css", anybody, pages::app_css),
        api("GET", "/static/report.css", anybody, pages::report_css),
        api("GET", "/static/link.js", anybody, pages::link_js),
        api("GET", "/static/mark.svg", anybody, pages::mark_svg),
    ]
}

fn metrics_only() -> Vec<Route> {
    let handler = on(MethodFilter::GET, metrics::metrics);
    let (needs, kind) = (Needs::Nothing, Kind::Api);
    vec![Route {
        listener: Listens::Metrics,
        method: "GET",
        path: "/metrics",
        needs,
        kind,
        handler,
    }]
}

fn common(listener: Listens) -> Vec<Route> {
    let anybody = |path, handler| {
        let (method, needs, kind) = ("GET", Needs::Nothing, Kind::Api);
        Route { listener, method, path, needs, kind, handler }
    };
    vec![
        anybody("/healthz", on(MethodFilter::GET, health::healthz)),
        anybody("/readyz", on(MethodFilter::GET, health::readyz)),
    ]
}

fn described(listener: Listens) -> Vec<Route> {
    let handler = on(MethodFilter::GET, openapi::document);
    let (method, path, needs, kind) = ("GET", "/openapi.json", Needs::Nothing, Kind::Api);
    vec![Route { listener, method, path, needs, kind, handler }]
}

fn api<H, T>(method: &'static str, path: &'static str, needs: Needs, handler: H) -> Route
where
    H: Handler<T, Arc<Rooms>>,
    T: 'static,
{
    let handler = on(filter(method), handler);
    Route { listener: Listens::Control, method, path, needs, kind: Kind::Api, handler }
}

fn door<H, T>(method: &'static str, path: &'static str, needs: Needs, handler: H) -> Route
where
    H: Handler<T, Arc<Rooms>>,
    T: 'static,
{
    Route { listener: Listens::Data, ..api(method, path, needs, handler) }
}

fn page<H, T>(method: &'static str, path: &'static str, needs: Needs, handler: H) -> Route
where
    H: Handler<T, Arc<Rooms>>,
    T: 'static,
{
    Route { kind: Kind::Page, ..api(method, path, needs, handler) }
}

/// GET routes answer HEAD, too.
fn filter(method: &str) -> MethodFilter {
    match method {
        "POST" => MethodFilter::POST,
        "PUT" => MethodFilter::PUT,
        "DELETE" => MethodFilter::DELETE,
        "OPTIONS" => MethodFilter::OPTIONS,
        _ => MethodFilter::GET,
    }
}

async fn not_found() -> Problem {
    Problem::not_found("this listener has no such path; GET /openapi.json lists those it has")
}

async fn method_not_allowed() -> impl IntoResponse {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        "Another method",
        "the path exists, but not with this method; GET /openapi.json lists what it takes",
    )
    .with_header(header::CACHE_CONTROL, axum::http::HeaderValue::from_static("no-store"))
}
