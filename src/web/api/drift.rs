//! `/v1/drift`: how far the table has gone from the seeds it was started from.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::flags::Drift;
use crate::web::Rooms;
use crate::web::answers::Refused;

/// What differs between seeds and table.
#[derive(Serialize, ToSchema)]
pub struct DriftAnswer {
    /// True when there is anything that should not be.
    drifted: bool,
    /// `fields`, `only_in_seeds`, `only_in_table`, `stages` and `expired`. A stage beyond shadow is
    /// shown and does not count: people have moved it there, no seed can say it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    drift: Drift,
}

// Needs: Read.
/// What differs between the table and the seed files that the service was started with.
#[utoipa::path(get, path = "/v1/drift", tag = "control", security(("control" = [])),
    responses((status = 200, description = "What differs", body = DriftAnswer), Refused))]
pub async fn drift(State(rooms): State<Arc<Rooms>>) -> Json<DriftAnswer> {
    let drift = rooms.flags.drift();
    Json(DriftAnswer { drifted: drift.is_any(), drift })
}
