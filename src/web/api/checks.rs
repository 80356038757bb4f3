//! `/v1/checks`: how far the migration has come, judged from evidence.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::report::checks::{CheckEvidence, Checks, judge};
use crate::web::Rooms;
use crate::web::answers::Refused;

/// Walks of the golden path that are looked at, the latest ones.
const WALKS_MAX: usize = 200;

// Needs: Read.
/// The twelve checks, each `passed`, `failed` or `no_evidence`, with its figures; and five rates.
#[utoipa::path(get, path = "/v1/checks", tag = "control", security(("control" = [])),
    responses((status = 200, description = "The checks and the rates", body = Object), Refused))]
pub async fn checks(State(rooms): State<Arc<Rooms>>) -> Json<Checks> {
    Json(judged(&rooms))
}

/// Judges them as things are.
pub(in crate::web) fn judged(rooms: &Rooms) -> Checks {
    let (snapshot, now) = (rooms.flags.snapshot(), rooms.clock.now());
    let scan = rooms.scans.latest().map(|scan| (*scan).clone());
    let handshake = rooms.sockets.settings.component.clone();
    let walks = rooms.journeys.latest(None, WALKS_MAX);
    let walks = walks.into_iter().map(|walk| walk.journey).collect();
    let rooms = (&*snapshot, &*rooms.ledger);
    judge(&CheckEvidence::gather(rooms, handshake, scan, walks, now))
}
