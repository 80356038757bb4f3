//! Is the process there, and can it do its work?

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Rooms;

/// The state of the service.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or what is wrong.
    status: &'static str,
    /// Version of the service.
    version: &'static str,
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "health",
    responses((status = 200, description = "The process answers", body = Health)))]
pub async fn healthz() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// The service can decide and its store can write.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, description = "Ready for traffic", body = Health),
              (status = 503, description = "The store cannot write", body = Health)))]
pub async fn readyz(State(rooms): State<Arc<Rooms>>) -> Response {
    let (status, text) = if rooms.flags.unsaved() == 0 {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the store cannot write")
    };
    (status, Json(Health { status: text, version: env!("CARGO_PKG_VERSION") })).into_response()
}
