//! `/v1/issuers`: how the keys of trusted issuers stand.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::authority::IssuerView;
use crate::domain::Timestamp;
use crate::web::Rooms;
use crate::web::answers::Refused;

/// One trusted issuer.
#[derive(Serialize, ToSchema)]
pub struct IssuerRow {
    /// Its name in the configuration.
    name: String,
    /// Its `iss`.
    issuer: String,
    /// How many of its keys are held.
    keys: usize,
    /// Whether its tokens can be decided about; if not, callers get 503.
    usable: bool,
    /// When the keys were asked for.
    #[schema(value_type = Option<String>)]
    fetched_at: Option<Timestamp>,
    /// How old they are, in seconds.
    age_s: Option<u64>,
    /// From when on they are too old, unless they are fetched again.
    #[schema(value_type = Option<String>)]
    stale_after: Option<Timestamp>,
    /// Why the last call failed.
    last_error: Option<String>,
    /// Calls that brought keys.
    fetches: u64,
    /// Calls that did not.
    failures: u64,
}

/// The trusted issuers, by name.
#[utoipa::path(get, path = "/v1/issuers", tag = "access", security(("control" = [])),
    responses((status = 200, description = "The issuers, by name", body = Vec<IssuerRow>), Refused))]
pub async fn list(State(rooms): State<Arc<Rooms>>) -> Json<Vec<IssuerRow>> {
    let views = rooms.authority.issuers(rooms.clock.now());
    Json(views.into_iter().map(row).collect())
}

fn row(view: IssuerView) -> IssuerRow {
    let IssuerView { name, issuer, keys, fetched_at, age, stale_after, usable, .. } = view;
    let IssuerView { last_error, fetches, failures, .. } = view;
    let age_s = age.map(|age| age.as_secs());
    IssuerRow {
        name,
        issuer,
        keys,
        usable,
        fetched_at,
        age_s,
        stale_after,
        last_error,
        fetches,
        failures,
    }
}
