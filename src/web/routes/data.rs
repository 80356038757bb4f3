//! Routes of the data listener.

use axum::routing::{MethodFilter, any, on};

use super::{Kind, Listens, Needs, Route, door};
use crate::access::Permission;
use crate::web::api::{evidence, outcomes};
use crate::web::{compat, decide, forward_auth, oauth, ofrep, session, sockets};

/// Every one.
pub(super) fn routes() -> Vec<Route> {
    let parts = [data(), doors(), observers(), evaluations(), to_sockets()];
    parts.into_iter().flatten().collect()
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

/// What was seen elsewhere: observers have tokens for the data listener.
fn observers() -> Vec<Route> {
    let observe = Needs::TokenTo(Permission::Observe);
    vec![
        door("POST", "/v1/evidence/golden-path", observe, evidence::golden_path::report),
        door("POST", "/v1/outcomes", observe, outcomes::report),
    ]
}
