//! Which path leads where, and what it needs. A route without a row here does not exist, and a
//! row says who may use it: the tests go through this table.

mod control;
mod data;
mod pages;

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

use super::guard::{Guarded, guard};
use super::nowhere::{method_not_allowed, no_such_method, no_such_page, not_found};
use super::{Rooms, health, metrics, openapi, sockets};
use crate::access::Permission;

/// Bytes from which an answer is compressed: below, it fits into one packet anyway.
const COMPRESSED_FROM: u64 = 1_200;

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
    /// A problem in JSON: a part of pages that is the same for everybody.
    File,
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
    let mut routes = data::routes();
    routes.extend(control::routes());
    routes.extend(pages::routes());
    routes.extend(metrics_only());
    for listener in [Listens::Data, Listens::Control] {
        routes.extend(described(listener));
    }
    for listener in [Listens::Data, Listens::Control, Listens::Metrics] {
        routes.extend(common(listener));
    }
    routes
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
                let handler = handler.route_layer(from_fn_with_state(guarded, guard));
                match kind {
                    Kind::Page | Kind::File => handler.route_layer(compressed()),
                    Kind::Api => handler,
                }
            }
        };
        router = router.route(path, handler);
    }
    if listener == Listens::Data && rooms.sockets.settings.echo {
        // For suites that test the protocol, and not in the table: no deployment has it.
        router = router.route("/echo", on(MethodFilter::GET, sockets::echo));
    }
    let router = match listener {
        Listens::Control => {
            router.method_not_allowed_fallback(no_such_method).fallback(no_such_page)
        }
        Listens::Data | Listens::Metrics => {
            router.method_not_allowed_fallback(method_not_allowed).fallback(not_found)
        }
    };
    router.with_state(rooms)
}

/// Sends pages and what belongs to them compressed (RFC 9110 §8.4) to whoever takes that. What
/// programs read is sent as it is: its tags are strong, which they could not be for two encodings of
/// one answer (§8.8.3). Streams are sent event by event.
fn compressed() -> CompressionLayer<impl Predicate> {
    let worth_it = SizeAbove::new(COMPRESSED_FROM).and(NotForContentType::SSE);
    // The quickest level: the decide path shares the cores.
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worth_it)
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

fn file<H, T>(path: &'static str, handler: H) -> Route
where
    H: Handler<T, Arc<Rooms>>,
    T: 'static,
{
    Route { kind: Kind::File, ..api("GET", path, Needs::Nothing, handler) }
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
