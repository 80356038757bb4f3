//! What two people decide: asked for by one, done when another approves.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Problem, Rooms};
use crate::access::{Approval, Approved, Caller, LinkAction, Pass, Permission};
use crate::domain::{ComponentId, Revision};
use crate::flags::{Applied, Cause, Flag, FlagsError, Move, MoveRefusal, Stage};

/// Runs to its end even when the browser goes away: what is used up must be done.
pub(super) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    match tokio::spawn(work).await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The process is ending, and nobody waits any more.
            Err(_) => std::future::pending().await,
        },
    }
}

/// What was asked for, as it is kept with the request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Proposal {
    /// A component to `complete`, from this revision of its flag.
    Complete { component: ComponentId, revision: Revision },
}

/// Asks for a second person; the answer is 202 and tells the request's id.
pub(super) async fn ask_for_complete(
    rooms: &Rooms,
    asker: &Caller,
    flag: &Flag,
    note: String,
) -> Result<Response, Problem> {
    let approval = propose_complete(rooms, asker, flag, note).await?;
    let Approval { id, summary, expires_at, .. } = approval;
    let body = json!({ "id": id, "summary": summary, "expires_at": expires_at });
    Ok((StatusCode::ACCEPTED, Json(body)).into_response())
}

/// Asks for a component to be completed, from where its flag is.
pub(super) async fn propose_complete(
    rooms: &Rooms,
    asker: &Caller,
    flag: &Flag,
    note: String,
) -> Result<Approval, Problem> {
    if flag.stage != Stage::Sealed {
        let refusal = MoveRefusal::SkipsAStage { from: flag.stage, to: Stage::Complete };
        return Err(FlagsError::NotAllowed(refusal).into());
    }
    let component = flag.component.clone();
    let summary = format!("{component} from {} to {}", flag.stage, Stage::Complete);
    let proposal = Proposal::Complete { component, revision: flag.revision };
    let what = serde_json::to_value(proposal).unwrap_or_default();
    let outcome = rooms.access.approvals.ask(asker, summary, what, note).await;
    outcome.map_err(|error| rooms.access_problem(error))
}

/// Does what was approved. The approval is used up by then: what is refused now must be asked
/// for again.
pub(super) async fn run(rooms: &Rooms, approved: &Approved) -> Result<Applied, Problem> {
    let Approved { approval, approved_by } = approved;
    let Approval { what, asked_by, note, .. } = approval;
    let proposal = serde_json::from_value(what.clone());
    let Ok(Proposal::Complete { component, revision }) = proposal else {
        return Err(Problem::unprocessable("the request is of a kind that this version cannot do"));
    };
    let cause = Cause::TwoPeople {
        asked_by: asked_by.to_string(),
        approved_by: approved_by.to_string(),
        note: note.clone(),
    };
    let step = Move::To(Stage::Complete);
    Ok(rooms.flags.apply(&component, step, Some(revision), cause).await?)
}

/// Does what an action link is for; `pass` is that of the link. An approval is not done here: it
/// takes a signed-in person.
pub(super) async fn run_link(
    rooms: &Rooms,
    pass: &Pass,
    action: &LinkAction,
) -> Result<Applied, Problem> {
    let (component, step) = match action {
        LinkAction::RollBack { component } => (component, Move::RollBack),
        LinkAction::Hold { component } => (component, Move::Hold),
        LinkAction::Approve { .. } => {
            return Err(rooms.refused(crate::access::Refusal::NotPermitted(Permission::Force)));
        }
    };
    let component = ComponentId::parse(component)
        .map_err(|_| Problem::not_found("the link names no component"))?;
    let cause = super::flags::cause(pass, "by an action link".to_owned());
    Ok(rooms.flags.apply(&component, step, None, cause).await?)
}
