//! `/v1/operators`: the people who may do something here.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words;
use crate::access::{OperatorView, SetupLink};
use crate::domain::Timestamp;
use crate::web::answers::{BodyRefused, NamedBodyRefused, NamedRefused, Refused};
use crate::web::api_json::take_json;
use crate::web::guard::Granted;
use crate::web::named::Named;
use crate::web::{Problem, Rooms};

/// All operators.
#[derive(Serialize, ToSchema)]
pub struct OperatorList {
    /// In the order of their names.
    operators: Vec<OperatorRow>,
}

/// One operator.
#[derive(Serialize, ToSchema)]
pub struct OperatorRow {
    /// Lower case.
    name: String,
    /// `viewer`, `operator`, `promoter` or `admin`.
    role: &'static str,
    /// When he was added.
    #[schema(value_type = String)]
    added_at: Timestamp,
    /// False until the setup link has been used.
    has_password: bool,
    /// True when he signs in by the identity provider, which says his role.
    foreign: bool,
    /// His last request.
    #[schema(value_type = Option<String>)]
    last_seen: Option<Timestamp>,
    /// How many sessions he has.
    sessions: usize,
}

/// A new operator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOperator {
    /// 1 to 64 of `a-z`, `0-9`, `.`, `_`, `-` and `@`.
    name: String,
    /// `viewer`, `operator`, `promoter` or `admin`.
    role: String,
}

/// Another role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// `viewer`, `operator`, `promoter` or `admin`.
    role: String,
}

/// A link by which an operator sets a password; shown once.
#[derive(Serialize, ToSchema)]
pub struct Invitation {
    /// Whose it is.
    name: String,
    /// For the operator's own browser, and for nobody else's eyes.
    url: String,
    /// Until then, and once.
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

// Needs: Read.
/// All operators.
#[utoipa::path(get, path = "/v1/operators", tag = "access", security(("control" = [])),
    responses((status = 200, description = "The operators", body = OperatorList), Refused))]
pub async fn list(State(rooms): State<Arc<Rooms>>) -> Json<OperatorList> {
    let mut operators: Vec<_> = rooms.access.people.list().iter().map(row).collect();
    operators.sort_by(|a, b| a.name.cmp(&b.name));
    Json(OperatorList { operators })
}

// Needs: Administer.
/// Adds an operator; the answer holds the link by which he sets a password.
#[utoipa::path(post, path = "/v1/operators", tag = "access", security(("control" = [])),
    request_body = NewOperator,
    responses((status = 201, description = "Added, and on disk", body = Invitation), BodyRefused))]
pub async fn add(
    State(rooms): State<Arc<Rooms>>,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Invitation>), Problem> {
    let new: NewOperator = take_json(&headers, body).await?;
    let (name, role) = (words::name(&new.name)?, words::role(&new.role)?);
    let link = rooms.counted(rooms.access.people.add(&pass, name.clone(), role).await)?;
    Ok((StatusCode::CREATED, invitation(&rooms, name.to_string(), &link)))
}

// Needs: Administer.
/// Gives an operator another role, at once and in all his sessions.
#[utoipa::path(put, path = "/v1/operators/{name}", tag = "access", security(("control" = [])),
    params(("name" = String, Path, description = "The operator")), request_body = NewRole,
    responses((status = 204, description = "Done, and on disk"), NamedBodyRefused))]
pub async fn change(
    State(rooms): State<Arc<Rooms>>,
    Named(name): Named,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let new: NewRole = take_json(&headers, body).await?;
    let (name, role) = (words::named(&name)?, words::role(&new.role)?);
    rooms.counted(rooms.access.people.set_role(&pass, &name, role).await)?;
    Ok(StatusCode::NO_CONTENT)
}

// Needs: Administer.
/// Makes a new setup link, for a forgotten password; the old password works until it is used.
#[utoipa::path(post, path = "/v1/operators/{name}/link", tag = "access",
    security(("control" = [])),
    params(("name" = String, Path, description = "The operator")),
    responses((status = 201, description = "Made, and on disk", body = Invitation), NamedRefused))]
pub async fn link(
    State(rooms): State<Arc<Rooms>>,
    Named(name): Named,
    Granted(pass): Granted,
) -> Result<(StatusCode, Json<Invitation>), Problem> {
    let name = words::named(&name)?;
    let link = rooms.counted(rooms.access.people.new_link(&pass, &name).await)?;
    Ok((StatusCode::CREATED, invitation(&rooms, name.to_string(), &link)))
}

// Needs: Administer.
/// Removes an operator; his sessions and links end at once.
#[utoipa::path(delete, path = "/v1/operators/{name}", tag = "access", security(("control" = [])),
    params(("name" = String, Path, description = "The operator")),
    responses((status = 204, description = "Removed, and on disk"), NamedRefused))]
pub async fn remove(
    State(rooms): State<Arc<Rooms>>,
    Named(name): Named,
    Granted(pass): Granted,
) -> Result<StatusCode, Problem> {
    rooms.counted(rooms.access.people.remove(&pass, &words::named(&name)?).await)?;
    Ok(StatusCode::NO_CONTENT)
}

fn invitation(rooms: &Rooms, name: String, link: &SetupLink) -> Json<Invitation> {
    let url = rooms.network.public_url.setup_link(&link.secret);
    Json(Invitation { name, url, expires_at: link.expires_at })
}

fn row(operator: &OperatorView) -> OperatorRow {
    OperatorRow {
        name: operator.name.to_string(),
        role: operator.role.as_str(),
        added_at: operator.added_at,
        has_password: operator.has_password,
        foreign: operator.foreign,
        last_seen: operator.last_seen,
        sessions: operator.sessions,
    }
}
