//! `/v1/journeys` and `/v1/matrix`: how the golden path was walked, and whether each side lets in
//! what the other signs.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::{JourneyStep, Side, SignCell, SignMatrix, Timestamp};
use crate::ledger::{KeptJourney, LedgerError, WalkCounts};
use crate::report::wilson;
use crate::web::answers::{QueryRefused, Refused};
use crate::web::{Problem, Rooms};

/// Walks of one answer, at most.
const LIMIT_MAX: usize = 500;

/// What a day has.
const DAY_S: i64 = 86_400;

/// Which walks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct JourneyQuery {
    /// Of this side alone, `legacy` or `ssot`.
    #[param(value_type = Option<String>)]
    side: Option<Side>,
    /// At most this many, 1 to 500; 50 when left out.
    limit: Option<usize>,
}

/// Walks of the golden path.
#[derive(Serialize, ToSchema)]
pub struct JourneyList {
    /// What came of the walks of the last 24 hours, of each side.
    #[schema(value_type = Vec<Object>)]
    last_day: Vec<LastDay>,
    /// The latest walks, newest first, step by step; a walk ends with the first step that failed.
    #[schema(value_type = Vec<Object>)]
    journeys: Vec<JourneyTold>,
}

/// What came of the walks of one side.
#[derive(Serialize)]
pub(in crate::web) struct LastDay {
    pub side: Side,
    #[serde(flatten)]
    pub counts: WalkCounts,
    /// The part of those that say something of the side that passed, and between what it lies at
    /// 95 % confidence; nothing without any.
    pub rate: Option<RateTold>,
}

#[derive(Clone, Copy, Serialize)]
pub(in crate::web) struct RateTold {
    pub rate: f64,
    pub low: f64,
    pub high: f64,
}

#[derive(Serialize)]
struct JourneyTold {
    result: &'static str,
    ended_at: Option<JourneyStep>,
    #[serde(flatten)]
    kept: KeptJourney,
}

/// The latest matrix.
#[derive(Serialize, ToSchema)]
pub struct MatrixTold {
    /// False before it was judged for the first time.
    judged: bool,
    /// When it was.
    #[schema(value_type = Option<String>)]
    at: Option<Timestamp>,
    /// Why a rollback would sign people out; nothing where nothing of that was seen.
    signs_out: Option<String>,
    /// By component and kind of token: who signed, who was asked, and what came of it, `let_in`,
    /// `refused` or `not_seen`.
    #[schema(value_type = Vec<Object>)]
    cells: Vec<SignCell>,
}

// Needs: Read.
/// How the golden path was walked lately, by the service's own prober.
#[utoipa::path(get, path = "/v1/journeys", tag = "control", security(("control" = [])),
    params(JourneyQuery),
    responses((status = 200, description = "The walks", body = JourneyList), QueryRefused))]
pub async fn list(
    State(rooms): State<Arc<Rooms>>,
    query: Result<Query<JourneyQuery>, QueryRejection>,
) -> Result<Json<JourneyList>, Problem> {
    let bad = "the query takes `side` (legacy or ssot) and `limit` (1 to 500)";
    let Query(JourneyQuery { side, limit }) = query.map_err(|_| Problem::bad_request(bad))?;
    let limit = limit.unwrap_or(50);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::bad_request(bad));
    }
    let journeys = rooms.journeys.latest(side, limit).into_iter().map(|kept| {
        let end = kept.journey.end();
        JourneyTold { result: end.as_str(), ended_at: end.step(), kept }
    });
    let sides = Side::BOTH.into_iter().filter(|each| side.is_none_or(|side| side == *each));
    let last_day = sides.map(|side| last_day(&rooms, side)).collect();
    Ok(Json(JourneyList { last_day, journeys: journeys.collect() }))
}

/// What came of the walks of a side in the last 24 hours, to the hour.
pub(in crate::web) fn last_day(rooms: &Rooms, side: Side) -> LastDay {
    let now = rooms.clock.now();
    let mut counts = WalkCounts::default();
    for (_, hour) in rooms.journeys.hours(side, (now.plus_seconds(-DAY_S), now)) {
        counts.merge(&hour);
    }
    let rate = rate_of(&counts);
    LastDay { side, counts, rate }
}

fn rate_of(counts: &WalkCounts) -> Option<RateTold> {
    let (passed, all) = (counts.passed.into(), counts.judged().into());
    let interval = wilson(passed, all)?;
    let rate = crate::report::rate(passed, all)?;
    Some(RateTold { rate, low: interval.low, high: interval.high })
}

// Needs: Read.
/// Whether each side lets in what the other signs, as it was last seen.
#[utoipa::path(get, path = "/v1/matrix", tag = "control", security(("control" = [])),
    responses((status = 200, description = "The matrix", body = MatrixTold), Refused))]
pub async fn matrix(State(rooms): State<Arc<Rooms>>) -> Json<MatrixTold> {
    Json(MatrixTold::of(rooms.journeys.matrix().as_deref()))
}

// Needs: Raise.
/// Judges it now: mints a token of each kind on each side for a synthetic subject, shows it to both,
/// and takes it back.
#[utoipa::path(post, path = "/v1/matrix", tag = "control", security(("control" = [])),
    responses((status = 200, description = "The matrix, kept", body = MatrixTold), Refused))]
pub async fn judge(State(rooms): State<Arc<Rooms>>) -> Result<Json<MatrixTold>, Problem> {
    let judged = (rooms.matrix)().await.map_err(|error| not_kept(&error))?;
    Ok(Json(MatrixTold::of(Some(&judged))))
}

fn not_kept(error: &LedgerError) -> Problem {
    tracing::error!(%error, "the matrix of signatures is not kept");
    let detail = "what was seen could not be kept; try again";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-kept", "The disk refuses", detail)
}

impl MatrixTold {
    fn of(matrix: Option<&SignMatrix>) -> Self {
        Self {
            judged: matrix.is_some(),
            at: matrix.map(|matrix| matrix.at),
            signs_out: matrix.and_then(SignMatrix::signs_out),
            cells: matrix.map(|matrix| matrix.cells.clone()).unwrap_or_default(),
        }
    }
}
