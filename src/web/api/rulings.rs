//! `/v1/guard`: what the guard says of components, and what it has seen.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Timestamp;
use crate::guard::GuardView;
use crate::web::answers::{NamedRefused, Refused};
use crate::web::flags::{component_id, unknown};
use crate::web::named::Named;
use crate::web::{Problem, Rooms};

/// What the guard says of every component.
#[derive(Serialize, ToSchema)]
pub struct RulingList {
    /// When.
    #[schema(value_type = String)]
    at: Timestamp,
    /// The components, in the order of their ids: for each the ruling, how every rule stands, the
    /// certificate, the attempt, the limits, and what their fixed windows are to be expected to do.
    #[schema(value_type = Vec<Object>)]
    components: Vec<GuardView>,
}

// Needs: Read.
/// What the guard says of all components now.
#[utoipa::path(get, path = "/v1/guard", tag = "guard", security(("control" = [])),
    responses((status = 200, description = "The rulings", body = RulingList), Refused))]
pub async fn list(State(rooms): State<Arc<Rooms>>) -> Json<RulingList> {
    Json(RulingList { at: rooms.clock.now(), components: rooms.guard.views() })
}

// Needs: Read.
/// What the guard says of one component now, and the evidence.
#[utoipa::path(get, path = "/v1/flags/{component}/guard", tag = "guard",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component")),
    responses((status = 200, description = "Ruling and evidence", body = Object),
              NamedRefused))]
pub async fn show(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
) -> Result<Json<GuardView>, Problem> {
    let id = component_id(&component)?;
    if rooms.flags.snapshot().flag(id.as_str()).is_none() {
        return Err(unknown(&component));
    }
    Ok(Json(rooms.guard.view(&id)?))
}
