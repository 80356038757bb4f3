//! `/v1/approvals`: what waits for a second person.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Approval;
use crate::domain::Timestamp;
use crate::flags::Snapshot;
use crate::web::answers::{NamedRefused, Refused};
use crate::web::guard::Asker;
use crate::web::named::Named;
use crate::web::{Problem, Rooms, approved};

/// What waits.
#[derive(Serialize, ToSchema)]
pub struct ApprovalList {
    /// The oldest first.
    approvals: Vec<ApprovalRow>,
}

/// One thing that waits for a second person.
#[derive(Serialize, ToSchema)]
pub struct ApprovalRow {
    /// Names it.
    id: String,
    /// What would happen, for people.
    summary: String,
    /// The same in detail, line by line; empty where the summary says it all.
    details: Vec<String>,
    /// Who asked.
    asked_by: String,
    /// Why.
    note: String,
    /// When.
    #[schema(value_type = String)]
    asked_at: Timestamp,
    /// Until then somebody may approve.
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

// Needs: Read.
/// What waits for a second person.
#[utoipa::path(get, path = "/v1/approvals", tag = "access", security(("control" = [])),
    responses((status = 200, description = "What waits", body = ApprovalList), Refused))]
pub async fn list(State(rooms): State<Arc<Rooms>>) -> Result<Json<ApprovalList>, Problem> {
    let approvals = rooms.counted(rooms.access.approvals.list())?;
    let snapshot = rooms.flags.snapshot();
    let row = |approval| row(&rooms, &snapshot, approval);
    let mut approvals: Vec<_> = approvals.into_iter().map(row).collect();
    approvals.sort_by_key(|approval| approval.asked_at);
    Ok(Json(ApprovalList { approvals }))
}

// Needs: Force, a person, freshly proven, who is not the one who asked.
/// Approves as the second person; what was asked for happens at once.
#[utoipa::path(post, path = "/v1/approvals/{id}/approve", tag = "access",
    security(("control" = [])),
    params(("id" = String, Path, description = "The approval's id")),
    responses((status = 200, description = "What it came to: the flag, or what a rollback of many moved",
                  body = Object), NamedRefused))]
pub async fn approve(
    State(rooms): State<Arc<Rooms>>,
    Named(id): Named,
    Asker(caller): Asker,
) -> Result<Response, Problem> {
    approved::to_the_end(async move {
        let approved = rooms.counted(rooms.access.approve(&caller, &id).await)?;
        Ok(approved::run(&rooms, &approved).await?.into_response())
    })
    .await
}

// Needs: Force, a person; the one who asked may withdraw.
/// Turns a request down, or withdraws one's own.
#[utoipa::path(post, path = "/v1/approvals/{id}/reject", tag = "access",
    security(("control" = [])),
    params(("id" = String, Path, description = "The approval's id")),
    responses((status = 204, description = "Turned down, and on disk"), NamedRefused))]
pub async fn reject(
    State(rooms): State<Arc<Rooms>>,
    Named(id): Named,
    Asker(caller): Asker,
) -> Result<StatusCode, Problem> {
    rooms.counted(rooms.access.approvals.reject(&caller, &id).await)?;
    Ok(StatusCode::NO_CONTENT)
}

fn row(rooms: &Rooms, snapshot: &Snapshot, approval: Approval) -> ApprovalRow {
    ApprovalRow {
        details: approved::details(rooms, snapshot, &approval.what),
        id: approval.id,
        summary: approval.summary,
        asked_by: approval.asked_by.to_string(),
        note: approval.note,
        asked_at: approval.asked_at,
        expires_at: approval.expires_at,
    }
}
