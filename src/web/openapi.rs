//! `GET /openapi.json`: the API, for machines.

use axum::Json;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, RefOr};
use utoipa::{Modify, OpenApi};

use super::api::{
    accepted, access_log, approvals, cards, checks, drift, events, evidence, explain, history,
    issuers, journeys, keys, links, me, mismatches, operators, outcomes, policies, reports,
    restore, rollouts, rulings, scans, segments, sessions, sweep, table, tokens,
};
use super::sockets::{events as socket_events, handshake, ticket};
use super::{compat, oauth, ofrep, session};
use super::{decide, flags, forward_auth, health, metrics, report};

#[derive(OpenApi)]
#[openapi(
    info(title = "Crossfade", license(name = "Apache-2.0", identifier = "Apache-2.0"),
         description = "One authority for tokens beside the legacy ones: ask, compare, shift, roll back."),
    paths(
        decide::decide, forward_auth::forward_auth, flags::list, flags::show, flags::change,
        flags::roll_back, flags::hold, flags::release, flags::history, report::report, reports::list, reports::make,
        reports::now, reports::show, reports::remove, health::healthz,
        health::readyz, metrics::metrics, document, me::me, operators::list, operators::add,
        operators::change, operators::link, operators::remove, sessions::list, sessions::end,
        tokens::list, tokens::make, tokens::revoke, issuers::list, keys::list, keys::add, keys::rotate,
        keys::retire, keys::public, approvals::list, approvals::approve,
        approvals::reject, links::make, accepted::list, mismatches::list, mismatches::show, access_log::read, session::session, oauth::issue::issue,
        oauth::revoke::revocations, oauth::token::token, oauth::introspect::introspect,
        oauth::revoke::revoke, oauth::metadata::metadata, oauth::metadata::jwks,
        compat::validate::validate, compat::validate::verify,
        compat::validate::validate_service_token, compat::validate::check_blacklist,
        compat::refresh::refresh, compat::logout::logout, compat::service_token::service_token,
        compat::jwt::jwt_validate, compat::jwt::jwt_validate_batch,
        compat::jwt::jwt_check_blacklist, compat::jwt::blacklist_token, policies::list,
        policies::profiles, policies::observed, policies::change, policies::roll_back,
    policies::history, history::list, history::export, history::verify, restore::restore, restore::undo, segments::list, segments::show, segments::put, segments::remove, segments::history, explain::explain, rollouts::list, rollouts::list_templates, rollouts::show, rollouts::start, rollouts::pause, rollouts::resume, rollouts::skip, rollouts::abort, rollouts::approve, rollouts::history, evidence::show::list, evidence::show::show, evidence::test_report::import, evidence::test_report::withdraw, evidence::certificate::issue, evidence::certificate::import, evidence::certificate::withdraw, evidence::golden_path::show, evidence::golden_path::observe, evidence::golden_path::baseline, ofrep::evaluate, ofrep::evaluate_all, ofrep::events, events::events, sweep::kill, sweep::roll_back_phase, table::export, table::import, drift::drift,
        rulings::list, rulings::show, cards::list, cards::show, outcomes::hand_in, handshake::ws,
        ticket::socket_ticket, ticket::socket_ticket_preflight, socket_events::publish,
        journeys::list, journeys::matrix, journeys::judge, checks::checks, scans::list, scans::post, scans::call_sites,
    ),
    modifiers(&ControlScheme, &ProblemType),
    tags(
        (name = "data", description = "On the data listener: questions about tokens"),
        (name = "sockets", description = "On the data listener: sockets, and events for them"),
        (name = "oauth", description = "On the data listener: the authority as an OAuth 2.0 server"),
        (name = "compatible", description = "On the data listener: the paths of live clients"),
        (name = "ofrep", description = "On the data listener: evaluation by the OpenFeature Remote Evaluation Protocol 0.3"),
        (name = "control", description = "On the control listener: flags and reports"),
        (name = "rollouts", description = "On the control listener: plans by which components go on"),
        (name = "policies", description = "On the control listener: how strict the rules are"),
        (name = "evidence", description = "On the control listener: what was seen elsewhere"),
        (name = "guard", description = "On the control listener: what the guard says, and what it is told"),
        (name = "access", description = "On the control listener: who may do what"),
        (name = "metrics", description = "On the metrics listener: for Prometheus"),
        (name = "health", description = "State of the service"),
    )
)]
struct Api;

struct ControlScheme;

impl Modify for ControlScheme {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("control", SecurityScheme::Http(scheme));
        let basic = HttpBuilder::new().scheme(HttpAuthScheme::Basic).build();
        components.add_security_scheme("client", SecurityScheme::Http(basic));
    }
}

/// Problems have a media type of their own (RFC 9457 §3).
struct ProblemType;

impl Modify for ProblemType {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let items = api.paths.paths.values_mut();
        let operations = items
            .flat_map(|item| {
                [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.options]
            })
            .filter_map(Option::as_mut);
        for response in operations.flat_map(|each| each.responses.responses.values_mut()) {
            let RefOr::T(response) = response else { continue };
            let is_problem = |content: &RefOr<Content>| {
                matches!(content, RefOr::T(Content { schema: Some(RefOr::Ref(schema)), .. })
                    if schema.ref_location.ends_with("/ProblemBody"))
            };
            let content = &mut response.content;
            if content.get("application/json").is_some_and(is_problem)
                && let Some(problem) = content.swap_remove("application/json")
            {
                content.insert("application/problem+json".to_owned(), problem);
            }
        }
    }
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "health",
    responses((status = 200, description = "The OpenAPI document", body = Object)))]
pub async fn document() -> Response {
    Json(Api::openapi()).into_response()
}
