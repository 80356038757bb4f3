//! `POST /ofrep/v1/evaluate/flags`: which side serves a subject, at every component?

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::OfrepOutcome;
use super::answer::{Evaluated, NoSalt, ok};
use super::context::Context;
use super::events::PATH;
use super::failure::{FAULT, Failure, NO_SALT, OfrepFailure};
use super::single::caught;
use crate::domain::Fingerprint;
use crate::flags::Snapshot;
use crate::web::Rooms;
use crate::web::api_json::read_json_body;

/// Every component, evaluated.
#[derive(Serialize, ToSchema)]
pub struct EvaluatedAll<'a> {
    /// The components by phase, then by name.
    flags: Vec<Each<'a>>,
    /// Where changes are told.
    #[serde(rename = "eventStreams")]
    event_streams: [EventStream; 1],
    /// About the whole table.
    metadata: TableMetadata,
}

/// One component, evaluated or not.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Each<'a> {
    /// Who serves, and why.
    Evaluated(Evaluated<'a>),
    /// Why nobody can tell.
    Failed(OfrepFailure<'a>),
}

/// Where changes are told.
#[derive(Serialize, ToSchema)]
pub struct EventStream {
    /// `sse`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// At which path of this server.
    endpoint: Endpoint,
}

/// A path of this server.
#[derive(Serialize, ToSchema)]
pub struct Endpoint {
    /// `/ofrep/v1/events`.
    #[serde(rename = "requestUri")]
    request_uri: &'static str,
}

/// About the whole table.
#[derive(Serialize, ToSchema)]
pub struct TableMetadata {
    /// The revision of the table.
    revision: u64,
}

/// Which side serves a subject, at every component?
#[utoipa::path(post, path = "/ofrep/v1/evaluate/flags", tag = "ofrep",
    security((), ("token" = [])),
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of an earlier answer"),
           ("flagConfigEtag" = Option<String>, Query, description = "From an event; the table is always read anew"),
           ("flagConfigLastModified" = Option<String>, Query, description = "From an event; likewise")),
    request_body(content = Object, content_type = "application/json", description =
        "`{\"context\": {\"targetingKey\": ...}}`; beside it `tenant`, `scopes` and `headers` count"),
    responses(
        (status = 200, description = "Who serves where, and why", body = EvaluatedAll),
        (status = 304, description = "The same as the answer that is named in If-None-Match"),
        (status = 400, description = "The body cannot be read, or its context", body = super::failure::OfrepFailure),
        (status = 401, description = "No API token, or none that is known", body = super::failure::OfrepFailure),
        (status = 403, description = "The API token is for something else", body = super::failure::OfrepFailure),
        (status = 429, description = "Too many requests of this token or address", body = super::failure::OfrepFailure),
        (status = 500, description = "The table cannot be evaluated", body = super::failure::OfrepFailure)))]
pub async fn evaluate_all(State(rooms): State<Arc<Rooms>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match asked(&rooms, &parts, body).await {
        Ok(json) => tagged(&rooms, &parts.headers, json),
        Err(failure) => failure.into_response(&rooms.ofrep, None),
    }
}

async fn asked(rooms: &Rooms, parts: &Parts, body: Body) -> Result<Vec<u8>, Failure> {
    super::admit(rooms, parts)?;
    let read = read_json_body(&parts.headers, body).await;
    let bytes = read.map_err(|problem| Failure::unread(&problem))?;
    let context = Context::parse(&bytes)?;
    let snapshot = rooms.flags.snapshot();
    caught(|| answer_all(&snapshot, &context))
}

/// The answer as JSON. A component that cannot be evaluated says so in its place.
pub(super) fn answer_all(snapshot: &Snapshot, context: &Context<'_>) -> Result<Vec<u8>, Failure> {
    let facts = context.facts();
    let flags = snapshot.sorted();
    let each = |flag| match Evaluated::of(snapshot, flag, &facts) {
        Ok(evaluated) => Each::Evaluated(evaluated),
        Err(NoSalt) => Each::Failed(OfrepFailure {
            key: Some(flag.component.as_str()),
            error_code: "GENERAL",
            error_details: NO_SALT,
        }),
    };
    let endpoint = Endpoint { request_uri: PATH };
    let all = EvaluatedAll {
        flags: flags.into_iter().map(|flag| each(flag)).collect(),
        event_streams: [EventStream { kind: "sse", endpoint }],
        metadata: TableMetadata { revision: snapshot.revision().0 },
    };
    let mut json = Vec::with_capacity(128 + 224 * all.flags.len());
    serde_json::to_writer(&mut json, &all).map_err(|_| Failure::Failed(FAULT))?;
    Ok(json)
}

/// 200 with the answer's tag, or 304 for who has it already. The tag is a hash of the answer: one
/// of the table alone would keep back what another context changes.
fn tagged(rooms: &Rooms, headers: &HeaderMap, json: Vec<u8>) -> Response {
    let tag = format!("\"{}\"", Fingerprint::of_content(&json));
    let (outcome, mut response) = if names(headers, &tag) {
        (OfrepOutcome::NotModified, StatusCode::NOT_MODIFIED.into_response())
    } else {
        (OfrepOutcome::Bulk, ok(json))
    };
    rooms.ofrep.count(outcome);
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// True when `If-None-Match` has this tag in its list (RFC 9110 §13.1.2). Tags are compared
/// weakly, as proxies that compress make them weak.
fn names(headers: &HeaderMap, tag: &str) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
    tags.any(|named| named.strip_prefix("W/").unwrap_or(named) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_a_list_weak_or_strong() {
        let is_named = |list: &'static str| {
            let mut headers = HeaderMap::new();
            headers.append(header::IF_NONE_MATCH, HeaderValue::from_static("\"other\""));
            headers.append(header::IF_NONE_MATCH, HeaderValue::from_static(list));
            names(&headers, "\"abc\"")
        };
        assert!(
            is_named("\"abc\"") && is_named("W/\"abc\"") && is_named("\"x\", W/\"abc\" ,\"y\"")
        );
        assert!(!is_named("abc") && !is_named("\"abcd\"") && !is_named("") && !is_named("*"));
    }
}
