//! `GET /v1/me`: who am I, and what may I do?

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Permission, Role};
use crate::web::answers::Refused;
use crate::web::guard::Asker;

/// Whoever asks.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// As it stands in the history: `ada`, `token:ci`.
    actor: String,
    /// True for a signed-in operator: some things no token does.
    person: bool,
    /// A person's role.
    role: Option<&'static str>,
    /// What he may do, in words.
    may: Vec<&'static str>,
}

// Needs: nothing but to be known.
/// Who asks, and what he may do.
#[utoipa::path(get, path = "/v1/me", tag = "access", security(("control" = [])),
    responses((status = 200, description = "Whoever asks", body = Me), Refused))]
pub async fn me(Asker(caller): Asker) -> Json<Me> {
    let may = Permission::ALL.into_iter().filter(|each| caller.has(*each));
    Json(Me {
        actor: caller.actor().to_string(),
        person: caller.person().is_some(),
        role: caller.role().map(Role::as_str),
        may: may.map(Permission::as_text).collect(),
    })
}
