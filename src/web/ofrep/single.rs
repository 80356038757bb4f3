//! `POST /ofrep/v1/evaluate/flags/{key}`: which side serves a subject at one component?

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::response::Response;

use super::OfrepOutcome;
use super::answer::{Evaluated, NoSalt, ok};
use super::context::Context;
use super::failure::{FAULT, Failure, NO_SALT};
use crate::flags::Snapshot;
use crate::web::Rooms;
use crate::web::api_json::read_json_body;

/// Which side serves a subject at one component?
#[utoipa::path(post, path = "/ofrep/v1/evaluate/flags/{key}", tag = "ofrep",
    security((), ("token" = [])),
    params(("key" = String, Path, description = "The component")),
    request_body(content = Object, content_type = "application/json", description =
        "`{\"context\": {\"targetingKey\": ...}}`; beside it `tenant`, `scopes` and `headers` count"),
    responses(
        (status = 200, description = "Who serves, and why", body = super::answer::Evaluated),
        (status = 400, description = "The body cannot be read, or its context", body = super::failure::OfrepFailure),
        (status = 401, description = "No API token, or none that is known", body = super::failure::OfrepFailure),
        (status = 403, description = "The API token is for something else", body = super::failure::OfrepFailure),
        (status = 404, description = "No such component", body = super::failure::OfrepFailure),
        (status = 429, description = "Too many requests of this token or address", body = super::failure::OfrepFailure),
        (status = 500, description = "The component cannot be evaluated", body = super::failure::OfrepFailure)))]
pub async fn evaluate(
    State(rooms): State<Arc<Rooms>>,
    key: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    // A key that is no UTF-8 is nobody's.
    let key = key.map_or_else(|_| String::new(), |Path(key)| key);
    let (parts, body) = request.into_parts();
    match asked(&rooms, &parts, body, &key).await {
        Ok(json) => {
            rooms.ofrep.count(OfrepOutcome::Single);
            ok(json)
        }
        Err(failure) => failure.into_response(&rooms.ofrep, Some(&key)),
    }
}

async fn asked(rooms: &Rooms, parts: &Parts, body: Body, key: &str) -> Result<Vec<u8>, Failure> {
    super::admit(rooms, parts)?;
    let read = read_json_body(&parts.headers, body).await;
    let bytes = read.map_err(|problem| Failure::unread(&problem))?;
    let context = Context::parse(&bytes)?;
    let snapshot = rooms.flags.snapshot();
    caught(|| answer(&snapshot, key, &context))
}

/// The answer as JSON.
pub(super) fn answer(
    snapshot: &Snapshot,
    key: &str,
    context: &Context<'_>,
) -> Result<Vec<u8>, Failure> {
    let flag = snapshot.flag(key).ok_or(Failure::NotFound)?;
    let evaluated = Evaluated::of(snapshot, flag, &context.facts());
    let evaluated = evaluated.map_err(|NoSalt| {
        tracing::error!(group = flag.group.as_str(), "{NO_SALT}");
        Failure::Failed(NO_SALT)
    })?;
    let mut json = Vec::with_capacity(256);
    serde_json::to_writer(&mut json, &evaluated).map_err(|_| Failure::Failed(FAULT))?;
    Ok(json)
}

/// A fault of ours is an answer as well: the connection holds other requests.
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    // Nothing is left half done: an evaluation only reads.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        tracing::error!("an evaluation panicked");
        Err(Failure::Failed(FAULT))
    })
}
