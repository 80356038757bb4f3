//! `/v1/sessions`: who is signed in, where.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Permission, Refusal, SessionView};
use crate::domain::Timestamp;
use crate::web::answers::{NamedRefused, Refused};
use crate::web::guard::{Asker, Signed};
use crate::web::named::Named;
use crate::web::{Problem, Rooms};

/// Sessions.
#[derive(Serialize, ToSchema)]
pub struct SessionList {
    /// The latest first.
    sessions: Vec<SessionRow>,
}

/// One session of an operator.
#[derive(Serialize, ToSchema)]
pub struct SessionRow {
    /// Names the session; no secret.
    id: String,
    /// Whose it is.
    name: String,
    /// When he signed in.
    #[schema(value_type = String)]
    began_at: Timestamp,
    /// His last request, to the minute.
    #[schema(value_type = String)]
    last_seen: Timestamp,
    /// When it ends at the latest.
    #[schema(value_type = String)]
    expires_at: Timestamp,
    /// Where he signed in.
    address: String,
    /// What his browser calls itself.
    agent: String,
    /// True for the session that asks.
    current: bool,
}

// Needs: nothing but to be known for one's own; Administer, whether or not the proof of identity
// is fresh, for everybody's.
/// All sessions to whoever may administer, his own to everybody else.
#[utoipa::path(get, path = "/v1/sessions", tag = "access", security(("control" = [])),
    responses((status = 200, description = "The sessions", body = SessionList), Refused))]
pub async fn list(
    State(rooms): State<Arc<Rooms>>,
    Asker(caller): Asker,
    signed: Option<Extension<Signed>>,
) -> Result<Json<SessionList>, Problem> {
    let own = match caller.person() {
        _ if caller.has(Permission::Administer) => None,
        Some(name) => Some(name),
        None => return Err(rooms.refused(Refusal::NotPermitted(Permission::Administer))),
    };
    let cookie = signed.as_ref().map_or("", |signed| &signed.cookie);
    let mut sessions = rooms.access.people.sessions(own, cookie);
    sessions.sort_by_key(|session| std::cmp::Reverse(session.began_at));
    Ok(Json(SessionList { sessions: sessions.into_iter().map(row).collect() }))
}

// Needs: nothing but to be known for one's own; Administer for another's.
/// Ends a session at once.
#[utoipa::path(delete, path = "/v1/sessions/{id}", tag = "access", security(("control" = [])),
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 204, description = "Ended, and on disk"), NamedRefused))]
pub async fn end(
    State(rooms): State<Arc<Rooms>>,
    Named(id): Named,
    asker: Asker,
) -> Result<StatusCode, Problem> {
    if asker.0.person().is_none() {
        // A token has no session of its own.
        asker.permit(&rooms, Permission::Administer)?;
    }
    rooms.counted(rooms.access.people.end_session(&asker.0, &id).await)?;
    Ok(StatusCode::NO_CONTENT)
}

fn row(session: SessionView) -> SessionRow {
    SessionRow {
        id: session.id,
        name: session.name.to_string(),
        began_at: session.began_at,
        last_seen: session.last_seen,
        expires_at: session.expires_at,
        address: session.address,
        agent: session.agent,
        current: session.current,
    }
}
