//! `/v1/checks`: how far the migration has come, judged from evidence.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::report::checks::Checks;
use crate::web::Rooms;
use crate::web::answers::Refused;

// Needs: Read.
/// The twelve checks, each `passed`, `failed` or `no_evidence`, with its figures; and five rates.
#[utoipa::path(get, path = "/v1/checks", tag = "control", security(("control" = [])),
    responses((status = 200, description = "The checks and the rates", body = Object), Refused))]
pub async fn checks(State(rooms): State<Arc<Rooms>>) -> Json<Checks> {
    Json(judged(&rooms))
}

/// Judges them as things are.
pub(in crate::web) fn judged(rooms: &Rooms) -> Checks {
    (rooms.checks)(rooms.clock.now())
}
