//! `/v1/accepted`: every accepted difference, how it stands and how often it has applied.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Timestamp;
use crate::flags::AcceptedDifference;
use crate::web::Problem;
use crate::web::Rooms;
use crate::web::answers::Refused;

/// Every accepted difference.
#[derive(Serialize, ToSchema)]
pub struct AcceptedList {
    /// Those that end first stand first.
    accepted: Vec<AcceptedRow>,
}

/// One accepted difference.
#[derive(Serialize, ToSchema)]
pub struct AcceptedRow {
    /// The component.
    component: String,
    /// What is accepted, by whom, why and until when.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    difference: AcceptedDifference,
    /// `active`, `expiring` (within 14 days) or `expired`.
    state: &'static str,
    /// Seconds until it ends; negative once it has.
    expires_in: i64,
    /// How often it has applied.
    used: u64,
    /// Differences that it covers, but that were over its rate and counted as mismatches.
    over_rate: u64,
    /// When the latest of either was asked.
    #[schema(value_type = Option<String>)]
    last_used_at: Option<Timestamp>,
}

// Needs: Read.
/// Every accepted difference, those that end first before the others.
#[utoipa::path(get, path = "/v1/accepted", tag = "control", security(("control" = [])),
    responses((status = 200, description = "All of them", body = AcceptedList), Refused))]
pub async fn list(State(rooms): State<Arc<Rooms>>) -> Result<Json<AcceptedList>, Problem> {
    let (snapshot, now) = (rooms.flags.snapshot(), rooms.clock.now());
    let mut accepted = Vec::new();
    for flag in snapshot.sorted() {
        if flag.accepted.is_empty() {
            continue;
        }
        let applied = rooms.ledger.book(&flag.component).accepted_uses();
        accepted.extend(flag.accepted.iter().map(|difference| {
            let used = applied.get(&difference.name);
            AcceptedRow {
                component: flag.component.to_string(),
                state: difference.state(now).as_str(),
                expires_in: difference.expires_in(now),
                used: used.map_or(0, |used| used.count),
                over_rate: used.map_or(0, |used| used.over),
                last_used_at: used.map(|used| used.last_at),
                difference: difference.clone(),
            }
        }));
    }
    accepted.sort_by_key(|row| row.difference.expires_at);
    Ok(Json(AcceptedList { accepted }))
}
