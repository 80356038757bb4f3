//! `POST /v1/links`: a link that does one thing, once, for a message or a runbook.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words;
use crate::access::LinkAction;
use crate::domain::Timestamp;
use crate::web::answers::NamedBodyRefused;
use crate::web::api_json::take_json;
use crate::web::guard::Asker;
use crate::web::{Problem, Rooms};

/// What a link is to do.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkWish {
    /// `{"do":"roll_back","component":"http-auth"}`, the same with `hold`, or
    /// `{"do":"approve","approval":"..."}`.
    #[schema(value_type = Object)]
    action: LinkAction,
    /// How long, in seconds; as configured when left out.
    valid_for_s: Option<u64>,
}

/// A link, shown this once.
#[derive(Serialize, ToSchema)]
pub struct MadeLink {
    /// For whoever is to press the button. Its secret stands behind `#`.
    url: String,
    /// Names the link in the access log.
    id: String,
    /// Until then, and once.
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

// Needs: what the action needs (roll_back, hold: Lower; approve: a person with Force).
/// Makes a link for something that whoever makes it may do himself.
#[utoipa::path(post, path = "/v1/links", tag = "access", security(("control" = [])),
    request_body = LinkWish,
    responses((status = 201, description = "Made, and on disk", body = MadeLink),
              NamedBodyRefused))]
pub async fn make(
    State(rooms): State<Arc<Rooms>>,
    asker: Asker,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<MadeLink>), Problem> {
    let wish: LinkWish = take_json(&headers, body).await?;
    asker.permit(&rooms, wish.action.permission())?;
    exists(&rooms, &wish.action)?;
    let valid_for = wish.valid_for_s.map(words::span).transpose()?;
    let link = rooms.access.links.make(&asker.0, wish.action, valid_for).await;
    let link = rooms.counted(link)?;
    let url = rooms.network.public_url.action_link(&link.secret);
    let made = MadeLink { url, id: link.id, expires_at: link.expires_at };
    Ok((StatusCode::CREATED, Json(made)))
}

/// A link to what is not there would be found out when it is needed most.
fn exists(rooms: &Rooms, action: &LinkAction) -> Result<(), Problem> {
    match action {
        LinkAction::RollBack { component } | LinkAction::Hold { component } => {
            let known = rooms.flags.snapshot().flag(component).is_some();
            known.then_some(()).ok_or_else(|| {
                Problem::not_found("there is no such component; GET /v1/flags lists them")
            })
        }
        LinkAction::Approve { approval } => {
            let open = rooms.counted(rooms.access.approvals.list())?;
            let known = open.iter().any(|each| each.id == *approval);
            known.then_some(()).ok_or_else(|| {
                Problem::not_found("nothing of that id waits; GET /v1/approvals lists what does")
            })
        }
    }
}
