//! `/v1/kill` and `/v1/phases/{phase}/rollback`: many components back on legacy at once.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Approval, Pass};
use crate::domain::{ComponentId, Timestamp};
use crate::flags::{
    Applied, BackTo, Cause, FlagsError, Move, Moved, NotMoved, Phase, Selection, Stage,
};
use crate::web::answers::{BodyRefused, NamedBodyRefused};
use crate::web::api_json::take_json;
use crate::web::flags::cause;
use crate::web::guard::{Asker, Granted};
use crate::web::named::Named;
use crate::web::{Problem, Rooms, approved};

/// How everything goes back. No body at all is as good.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KillWish {
    /// `shadow`, which is also what it means to say nothing, or `off`.
    to: Option<String>,
    /// Asks for a second person about what is left alone.
    #[serde(default)]
    force: bool,
    /// Why, for the history.
    #[serde(default)]
    note: String,
}

/// How a phase goes back. No body at all is as good.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhaseWish {
    /// Asks for a second person about what is left alone.
    #[serde(default)]
    force: bool,
    /// Why, for the history.
    #[serde(default)]
    note: String,
}

/// What a rollback of many came to.
#[derive(Serialize, ToSchema)]
pub struct SweepAnswer {
    /// The revision of the table since then.
    revision: u64,
    /// What is rolled back and latched, deepest first: `component`, `from`, `to`, `revision`.
    #[schema(value_type = Vec<Object>)]
    moved: Vec<Moved>,
    /// What is left alone.
    not_moved: Vec<LeftAlone>,
    /// Who may approve the rest, where somebody was asked: `id`, `summary`, `expires_at`.
    #[serde(skip_serializing_if = "Option::is_none")]
    second_person: Option<Asked>,
    /// Why nobody could be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    second_person_refused: Option<String>,
}

impl SweepAnswer {
    /// How many components were left alone.
    pub(in crate::web) const fn left_alone(&self) -> usize {
        self.not_moved.len()
    }
}

/// A component that stays where it is.
#[derive(Serialize, ToSchema)]
struct LeftAlone {
    /// Which one.
    #[schema(value_type = String)]
    component: ComponentId,
    /// Its stage, and its share where it is a canary.
    #[schema(value_type = Object)]
    #[serde(flatten)]
    stage: Stage,
    /// `legacy_silent` or `required_by`.
    code: &'static str,
    /// The same for people.
    why: String,
}

/// A request for a second person.
#[derive(Serialize, ToSchema)]
struct Asked {
    id: String,
    summary: String,
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

impl From<NotMoved> for LeftAlone {
    fn from(left: NotMoved) -> Self {
        let NotMoved { component, stage, why } = left;
        Self { component, stage, code: why.code(), why: why.to_string() }
    }
}

impl From<Approval> for Asked {
    fn from(approval: Approval) -> Self {
        let Approval { id, summary, expires_at, .. } = approval;
        Self { id, summary, expires_at }
    }
}

impl Rooms {
    /// When legacy last answered for a component. Where nobody asks any path, as for sockets, there
    /// is nothing that could be silent.
    pub(in crate::web) fn legacy_answered_at(&self, component: &ComponentId) -> Option<Timestamp> {
        if self.shadow.asks(component) {
            self.shadow.legacy_answered_at(component)
        } else {
            Some(self.clock.now())
        }
    }

    /// Changes a flag that the caller has not seen; a rollback looks at legacy first where it must.
    pub(in crate::web) async fn act_on(
        &self,
        component: &ComponentId,
        step: Move,
        cause: Cause,
    ) -> Result<Applied, Problem> {
        let applied = if step == Move::RollBack {
            let answered = |id: &ComponentId| self.legacy_answered_at(id);
            self.flags.roll_back(component, cause, answered).await
        } else {
            self.flags.apply(component, step, None, cause).await
        };
        Ok(applied?)
    }
}

/// Rolls many back, and says what it came to.
pub(in crate::web) async fn now(
    rooms: &Rooms,
    selection: Selection,
    to: BackTo,
    cause: Cause,
) -> Result<SweepAnswer, FlagsError> {
    let answered = |id: &ComponentId| rooms.legacy_answered_at(id);
    let swept = rooms.flags.roll_back_many(selection, to, cause, answered).await?;
    Ok(SweepAnswer {
        revision: swept.revision.0,
        moved: swept.moved,
        not_moved: swept.not_moved.into_iter().map(LeftAlone::from).collect(),
        second_person: None,
        second_person_refused: None,
    })
}

// Needs: Lower.
/// The kill switch: every component that ssot serves goes back to legacy, in one change.
///
/// A component whose legacy has not answered within the last minute is left alone, with what it
/// requires, and told; `force` asks for a second person about those. What may go back goes back at
/// once, whatever becomes of the rest.
#[utoipa::path(post, path = "/v1/kill", tag = "control", security(("control" = [])),
    request_body(content = Option<KillWish>),
    responses((status = 200, description = "Rolled back, and on disk", body = SweepAnswer),
              (status = 202, description = "The same; a second person is asked about the rest",
               body = SweepAnswer),
              BodyRefused))]
pub async fn kill(
    State(rooms): State<Arc<Rooms>>,
    Granted(pass): Granted,
    asker: Asker,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let wish: KillWish = read(&headers, body).await?;
    let to = match wish.to.as_deref() {
        None | Some("shadow") => BackTo::Shadow,
        Some("off") => BackTo::Off,
        Some(_) => return Err(Problem::unprocessable("`to` is shadow or off")),
    };
    let PhaseWish { force, note } = PhaseWish { force: wish.force, note: wish.note };
    sweep(&rooms, (&pass, &asker), (Selection::All, to), (force, note)).await
}

// Needs: Lower.
/// Rolls a phase back to shadow, with whatever requires one of its components, in one change.
///
/// From `complete` only where legacy has answered within the last minute: the rest is left alone,
/// with what it requires, and told.
#[utoipa::path(post, path = "/v1/phases/{phase}/rollback", tag = "control",
    security(("control" = [])),
    params(("phase" = String, Path, description = "1, 2 or 3")),
    request_body(content = Option<PhaseWish>),
    responses((status = 200, description = "Rolled back, and on disk", body = SweepAnswer),
              (status = 202, description = "The same; a second person is asked about the rest",
               body = SweepAnswer),
              NamedBodyRefused))]
pub async fn roll_back_phase(
    State(rooms): State<Arc<Rooms>>,
    Named(phase): Named,
    Granted(pass): Granted,
    asker: Asker,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let unknown = || Problem::not_found("there is no such phase; there are 1, 2 and 3");
    let number: u8 = phase.parse().map_err(|_| unknown())?;
    let phase = Phase::try_from(number).map_err(|_| unknown())?;
    let PhaseWish { force, note } = read(&headers, body).await?;
    let what = (Selection::Phase(phase), BackTo::Shadow);
    sweep(&rooms, (&pass, &asker), what, (force, note)).await
}

/// Whoever presses it may have no time for a body.
async fn read<T>(headers: &HeaderMap, body: Body) -> Result<T, Problem>
where
    T: Default + serde::de::DeserializeOwned,
{
    if headers.contains_key(header::CONTENT_TYPE) {
        take_json(headers, body).await
    } else {
        Ok(T::default())
    }
}

async fn sweep(
    rooms: &Rooms,
    (pass, asker): (&Pass, &Asker),
    (selection, to): (Selection, BackTo),
    (force, note): (bool, String),
) -> Result<Response, Problem> {
    let mut answer = now(rooms, selection, to, cause(pass, note.clone())).await?;
    if force && !answer.not_moved.is_empty() {
        match approved::propose_sweep(rooms, &asker.0, (selection, to), note).await {
            Ok(approval) => answer.second_person = Some(approval.into()),
            // What could go back has gone back: that is told first.
            Err(problem) => answer.second_person_refused = Some(problem.detail().to_owned()),
        }
    }
    let status = match answer.second_person {
        Some(_) => StatusCode::ACCEPTED,
        None => StatusCode::OK,
    };
    Ok((status, Json(answer)).into_response())
}
