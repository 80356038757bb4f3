//! `/v1/flags/{component}/restore` and `/undo`: what a flag was, as a new change.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::Permission;
use crate::domain::{ComponentId, Revision};
use crate::flags::{Flag, FlagsError, Move, Restored, SettingsPatch};
use crate::web::answers::NamedBodyRefused;
use crate::web::api_json::take_json;
use crate::web::flags::{
    Changed, Note, cause, changed, component_id, if_match, permission_for, unknown,
};
use crate::web::guard::Asker;
use crate::web::named::Named;
use crate::web::{Problem, Rooms, approved};

/// What to bring back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreWish {
    /// The revision of a change in the component's history: what the flag was since then.
    revision: u64,
    /// Why, for the history.
    #[serde(default)]
    note: String,
}

// Needs: what the changes would need that it comes to.
/// Brings stage and settings back to what they were since an earlier change, as a new change under
/// the rules of today.
#[utoipa::path(post, path = "/v1/flags/{component}/restore", tag = "control",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component"),
           ("If-Match" = String, Header, description = "The ETag of the flag as it was read")),
    request_body = RestoreWish,
    responses((status = 200, description = "Done, and on disk", body = Changed),
              (status = 202, description = "Asked for; a second person approves", body = Object),
              (status = 412, description = "Somebody was faster", body = crate::web::problem::ProblemBody),
              (status = 428, description = "If-Match is missing", body = crate::web::problem::ProblemBody),
              NamedBodyRefused))]
pub async fn restore(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    asker: Asker,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    may_change(&rooms, &asker)?;
    let wish: RestoreWish = take_json(&headers, body).await?;
    let flag = seen(&rooms, &component, &headers)?;
    bring_back(&rooms, &asker, &flag, Revision(wish.revision), wish.note).await
}

// Needs: what the changes would need that it comes to.
/// Takes the latest change of a flag back, as a new change under the rules of today. A second undo
/// takes back the first.
#[utoipa::path(post, path = "/v1/flags/{component}/undo", tag = "control",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component"),
           ("If-Match" = String, Header, description = "The ETag of the flag as it was read")),
    request_body(content = Option<Note>),
    responses((status = 200, description = "Done, and on disk", body = Changed),
              (status = 202, description = "Asked for; a second person approves", body = Object),
              (status = 412, description = "Somebody was faster", body = crate::web::problem::ProblemBody),
              (status = 428, description = "If-Match is missing", body = crate::web::problem::ProblemBody),
              NamedBodyRefused))]
pub async fn undo(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    asker: Asker,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    may_change(&rooms, &asker)?;
    let note = if headers.contains_key(header::CONTENT_TYPE) {
        take_json::<Note>(&headers, body).await?.into_text()
    } else {
        String::new()
    };
    let flag = seen(&rooms, &component, &headers)?;
    let revision = rooms.flags.revision_before(&flag)?;
    bring_back(&rooms, &asker, &flag, revision, note).await
}

/// Refuses who may change no flag at all; what exactly it takes is known later.
fn may_change(rooms: &Rooms, asker: &Asker) -> Result<(), Problem> {
    if asker.0.permit(Permission::Lower, rooms.clock.now()).is_err() {
        asker.permit(rooms, Permission::Raise)?;
    }
    Ok(())
}

/// The flag, if it is as the caller has seen it.
fn seen(rooms: &Rooms, component: &str, headers: &HeaderMap) -> Result<Arc<Flag>, Problem> {
    let id: ComponentId = component_id(component)?;
    let expected = if_match(headers)?;
    let snapshot = rooms.flags.snapshot();
    let flag = snapshot.flag(id.as_str()).ok_or_else(|| unknown(component))?;
    if flag.revision != expected {
        return Err(FlagsError::Conflict { current: flag.revision }.into());
    }
    Ok(Arc::clone(flag))
}

async fn bring_back(
    rooms: &Rooms,
    asker: &Asker,
    flag: &Flag,
    revision: Revision,
    note: String,
) -> Result<Response, Problem> {
    let earlier = rooms.flags.history_line(&flag.component, revision)?.into_line().after;
    let restored = flag.as_it_was(&earlier, rooms.clock.now());
    let mut pass = None;
    for permission in permissions(flag, &restored) {
        pass = Some(asker.permit(rooms, permission)?);
    }
    if restored.needs_two_people() {
        return approved::ask_for_restore(rooms, &asker.0, flag, revision, note).await;
    }
    let Some(pass) = pass else {
        return Err(FlagsError::NotAllowed(crate::flags::MoveRefusal::NothingToChange).into());
    };
    let (step, expected) = (Move::Restore(revision), Some(flag.revision));
    let cause = cause(&pass, note);
    Ok(changed(rooms.flags.apply(&flag.component, step, expected, cause).await?))
}

/// What it takes: as much as the same changes one by one.
fn permissions(flag: &Flag, restored: &Restored) -> Vec<Permission> {
    let stage = restored.stage.map(Move::To);
    let settings = Some(restored.settings.clone())
        .filter(|settings| *settings != SettingsPatch::default())
        .map(Move::Settings);
    stage.iter().chain(&settings).map(|step| permission_for(flag, step)).collect()
}
