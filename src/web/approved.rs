//! What two people decide: asked for by one, done when another approves.

mod accepting;
mod restoring;

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::api::sweep::{self, SweepAnswer};
use super::flags::changed;
use super::{Problem, Rooms};
use crate::access::{Approval, Approved, Caller, LinkAction, Pass, Permission};
use crate::domain::{ComponentId, Revision};
use crate::flags::{
    Applied, BackTo, Cause, Flag, FlagsError, Move, MoveRefusal, Phase, Selection, SettingsPatch,
    Snapshot, Stage,
};

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
    /// A component to canary or live though legacy refuses what SSOT signs, from this revision of
    /// its flag.
    Raise { component: ComponentId, revision: Revision, stage: Stage },
    /// A component back to what it was since `to`, from this revision of its flag.
    Restore { component: ComponentId, revision: Revision, to: Revision },
    /// Differences to be accepted that may hide that ssot lets in more than legacy: the whole new
    /// list, from this revision of the component's flag.
    Accept { component: ComponentId, revision: Revision, patch: Box<SettingsPatch> },
    /// A phase, or without one everything, back to shadow or off, whatever is known of legacy.
    Sweep { phase: Option<Phase>, off: bool },
}

/// Most components that an approver is told one by one.
const LINES_MAX: usize = 100;

/// What was done.
pub(super) enum Done {
    /// A component was completed.
    Changed(Applied),
    /// Many were rolled back.
    Swept(SweepAnswer),
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        match self {
            Self::Changed(applied) => changed(applied),
            Self::Swept(answer) => Json(answer).into_response(),
        }
    }
}

/// Asks for a second person who takes it upon himself to roll back what legacy may not answer for.
pub(super) async fn propose_sweep(
    rooms: &Rooms,
    asker: &Caller,
    (selection, to): (Selection, BackTo),
    note: String,
) -> Result<Approval, Problem> {
    let (phase, of) = match selection {
        Selection::Phase(phase) => (Some(phase), format!("phase {}", u8::from(phase))),
        Selection::All => (None, "every component".to_owned()),
    };
    let summary = format!("{of} back to {}, whether legacy answers or not", to.stage());
    let proposal = Proposal::Sweep { phase, off: to == BackTo::Off };
    let what = serde_json::to_value(proposal).unwrap_or_default();
    let outcome = rooms.access.approvals.ask(asker, summary, what, note).await;
    outcome.map_err(|error| rooms.access_problem(error))
}

/// Asks for a second person where the move takes two: the answer is 202 and tells the request's
/// id. `None` where one is enough.
pub(super) async fn ask_if_due(
    rooms: &Rooms,
    asker: &Caller,
    flag: &Flag,
    step: &Move,
    note: &str,
) -> Result<Option<Response>, Problem> {
    let note = note.to_owned();
    let approval = match step {
        Move::To(Stage::Complete) => propose_complete(rooms, asker, flag, note).await?,
        Move::Settings(patch) if takes_two(flag, patch) => {
            accepting::propose(rooms, asker, flag, patch, note).await?
        }
        Move::To(_)
        | Move::RollBack
        | Move::Hold
        | Move::Release
        | Move::Restore(_)
        | Move::Settings(_) => return Ok(None),
    };
    Ok(Some(asked(approval)))
}

/// Asks for a second person who agrees that a component is raised though a rollback would sign
/// people out.
pub(super) async fn ask_to_raise(
    rooms: &Rooms,
    asker: &Caller,
    flag: &Flag,
    stage: Stage,
    note: String,
) -> Result<Response, Problem> {
    let forced = matches!(stage, Stage::Canary(_) | Stage::Live) && stage > flag.stage;
    if !forced {
        let problem = "only what is raised to canary or live is forced";
        return Err(Problem::unprocessable(problem));
    }
    let (component, revision) = (flag.component.clone(), flag.revision);
    let summary = format!(
        "{component} from {} to {stage}, though a rollback would sign people out",
        flag.stage
    );
    let proposal = Proposal::Raise { component, revision, stage };
    Ok(asked(propose(rooms, asker, summary, &proposal, note).await?))
}

/// Asks for a second person who agrees that a flag becomes what it was since revision `to`.
pub(super) async fn ask_for_restore(
    rooms: &Rooms,
    asker: &Caller,
    flag: &Flag,
    to: Revision,
    note: String,
) -> Result<Response, Problem> {
    let (component, revision) = (flag.component.clone(), flag.revision);
    let summary = format!("{component} back to what it was since revision {to}");
    let proposal = Proposal::Restore { component, revision, to };
    Ok(asked(propose(rooms, asker, summary, &proposal, note).await?))
}

fn asked(approval: Approval) -> Response {
    let Approval { id, summary, expires_at, .. } = approval;
    let body = json!({ "id": id, "summary": summary, "expires_at": expires_at });
    (StatusCode::ACCEPTED, Json(body)).into_response()
}

/// True for settings that accept what only two people may.
pub(super) fn takes_two(flag: &Flag, patch: &SettingsPatch) -> bool {
    flag.newly_graver(patch.accepted.as_deref().unwrap_or_default()).next().is_some()
}

/// What was asked for, line by line, for whoever is to approve it: what it would change as things
/// are now.
pub(super) fn details(rooms: &Rooms, snapshot: &Snapshot, what: &Value) -> Vec<String> {
    match serde_json::from_value(what.clone()) {
        Ok(Proposal::Complete { .. }) | Err(_) => Vec::new(),
        Ok(Proposal::Raise { .. }) => {
            rooms.journeys.matrix().and_then(|matrix| matrix.signs_out()).into_iter().collect()
        }
        Ok(Proposal::Accept { component, patch, .. }) => {
            let flag = snapshot.flag(component.as_str());
            flag.map(|flag| accepting::details(flag, &patch)).unwrap_or_default()
        }
        Ok(Proposal::Restore { component, to, .. }) => {
            let Some(flag) = snapshot.flag(component.as_str()) else { return Vec::new() };
            match rooms.flags.history_line(&component, to) {
                Ok(line) => {
                    let earlier = line.into_line().after;
                    restoring::details(flag, &flag.as_it_was(&earlier, rooms.clock.now()))
                }
                // An approver who is told nothing must not take it for nothing to be told.
                Err(error) => vec![format!("what it was cannot be read: {error}")],
            }
        }
        Ok(Proposal::Sweep { phase, off }) => {
            let (selection, to) = swept(phase, off);
            let moving = snapshot.falling_by(selection, to);
            let line =
                |flag: &&Arc<Flag>| format!("{}: {} to {}", flag.component, flag.stage, to.stage());
            let mut lines: Vec<String> = moving.iter().take(LINES_MAX).map(line).collect();
            if moving.len() > LINES_MAX {
                lines.push(format!("and {} more", moving.len() - LINES_MAX));
            }
            lines
        }
    }
}

/// Which components are rolled back, and how far.
fn swept(phase: Option<Phase>, off: bool) -> (Selection, BackTo) {
    let selection = phase.map_or(Selection::All, Selection::Phase);
    (selection, if off { BackTo::Off } else { BackTo::Shadow })
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
    propose(rooms, asker, summary, &proposal, note).await
}

async fn propose(
    rooms: &Rooms,
    asker: &Caller,
    summary: String,
    proposal: &Proposal,
    note: String,
) -> Result<Approval, Problem> {
    let what = serde_json::to_value(proposal).unwrap_or_default();
    let outcome = rooms.access.approvals.ask(asker, summary, what, note).await;
    outcome.map_err(|error| rooms.access_problem(error))
}

/// Does what was approved. The approval is used up by then: what is refused now must be asked
/// for again.
pub(super) async fn run(rooms: &Rooms, approved: &Approved) -> Result<Done, Problem> {
    let Approved { approval, approved_by } = approved;
    let Approval { what, asked_by, note, .. } = approval;
    let proposal = serde_json::from_value(what.clone());
    let Ok(proposal) = proposal else {
        return Err(Problem::unprocessable("the request is of a kind that this version cannot do"));
    };
    let cause = Cause::TwoPeople {
        asked_by: asked_by.to_string(),
        approved_by: approved_by.to_string(),
        note: note.clone(),
    };
    let (component, revision, step) = match proposal {
        Proposal::Complete { component, revision } => {
            (component, revision, Move::To(Stage::Complete))
        }
        Proposal::Accept { component, revision, patch } => {
            (component, revision, Move::Settings(*patch))
        }
        Proposal::Raise { component, revision, stage } => (component, revision, Move::To(stage)),
        Proposal::Restore { component, revision, to } => (component, revision, Move::Restore(to)),
        Proposal::Sweep { phase, off } => {
            let (selection, to) = swept(phase, off);
            return Ok(Done::Swept(sweep::now(rooms, selection, to, cause).await?));
        }
    };
    Ok(Done::Changed(rooms.flags.apply(&component, step, Some(revision), cause).await?))
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
    rooms.act_on(&component, step, cause).await
}
