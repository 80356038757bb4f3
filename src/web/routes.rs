//! Which path leads where.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};

use super::{Problem, Rooms, decide, flags, forward_auth, health, metrics, openapi, pages, report};

/// Routes of the data listener.
pub fn data_routes(rooms: Arc<Rooms>) -> Router {
    Router::new()
        .route("/v1/decide/{component}", post(decide::decide))
        // Proxies append paths of their clients' making: whatever they are, they get an answer.
        .route("/v1/forward-auth", any(forward_auth::forward_auth))
        .route("/v1/forward-auth/", any(forward_auth::forward_auth))
        .route("/v1/forward-auth/{*component_and_path}", any(forward_auth::forward_auth))
        .merge(common_routes())
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .with_state(rooms)
}

/// Routes of the control listener.
pub fn control_routes(rooms: Arc<Rooms>) -> Router {
    Router::new()
        .route("/v1/flags", get(flags::list))
        .route("/v1/flags/{component}", get(flags::show).put(flags::change))
        .route("/v1/flags/{component}/rollback", post(flags::roll_back))
        .route("/v1/flags/{component}/release", post(flags::release))
        .route("/v1/flags/{component}/history", get(flags::history))
        .route("/v1/report", get(report::report))
        .route("/metrics", get(metrics::metrics))
        .route("/static/report.css", get(pages::stylesheet))
        .merge(common_routes())
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .with_state(rooms)
}

fn common_routes() -> Router<Arc<Rooms>> {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/openapi.json", get(openapi::document))
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
