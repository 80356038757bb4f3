//! How often users get through the golden path.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::domain::{ComponentId, Side, Timestamp};
use crate::guard::Walked;
use crate::ledger::WalkSeen;
use crate::web::answers::{BodyRefused, Refused};
use crate::web::api::words;
use crate::web::api_json::take_json;
use crate::web::guard::{Granted, observer};
use crate::web::{Problem, Rooms};

/// Walks that somebody has seen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WalksSeen {
    /// How many, 1 to 1000.
    walks: u32,
    /// How many of them reached the end.
    passed: u32,
    /// When, within the last day; now when left out.
    #[schema(value_type = Option<String>)]
    at: Option<Timestamp>,
    /// The side that they were walked on, `legacy` or `ssot`: the guard looks at them then. At
    /// most 100 walks.
    #[schema(value_type = Option<String>)]
    side: Option<Side>,
    /// Beside `side`: the component that they concern; every one when left out.
    component: Option<String>,
}

/// Why the present rate is one to hold others against.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineWish {
    /// Kept with the baseline.
    note: String,
}

/// The pass rate of the last day, of 10,000 walks at most, and its baseline.
#[utoipa::path(get, path = "/v1/evidence/golden-path", tag = "evidence",
    security(("control" = [])),
    responses((status = 200, description = "Rate, baselines, observations", body = Object),
              Refused))]
pub async fn show(State(rooms): State<Arc<Rooms>>) -> Json<crate::guard::GoldenPath> {
    Json(rooms.evidence.evidence.golden_path(rooms.clock.now()))
}

/// Adds walks. On the control listener for whoever may raise; on the data listener for an API
/// token of scope `observe`, which is always asked for.
#[utoipa::path(post, path = "/v1/evidence/golden-path", tag = "evidence",
    security(("control" = [])), request_body = WalksSeen,
    responses((status = 204, description = "Added, and on disk"), BodyRefused))]
pub async fn observe(
    State(rooms): State<Arc<Rooms>>,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    add(&rooms, pass.actor().to_string(), &headers, body).await
}

/// The same on the data listener.
pub async fn report(
    State(rooms): State<Arc<Rooms>>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let pass = observer(&rooms, &extensions, &headers)?;
    add(&rooms, pass.actor().to_string(), &headers, body).await
}

async fn add(
    rooms: &Rooms,
    by: String,
    headers: &HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let told: WalksSeen = take_json(headers, body).await?;
    let now = rooms.clock.now();
    let watched = told.watched(rooms)?;
    let WalksSeen { walks, passed, at, .. } = told;
    let at = at.unwrap_or(now);
    rooms.evidence.evidence.observe(Walked { at, walks, passed, by }, now).await?;
    if let Some((side, component)) = watched {
        let at = at.min(now);
        for passed in in_order(walks, passed) {
            rooms.guard.walked(component.as_ref(), WalkSeen { at, side, passed })?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

impl WalksSeen {
    /// The side and the component that the guard is to see them of; `None` where it is not.
    fn watched(&self, rooms: &Rooms) -> Result<Option<(Side, Option<ComponentId>)>, Problem> {
        let Some(side) = self.side else {
            return match self.component {
                Some(_) => Err(Problem::unprocessable("`component` stands beside `side`")),
                None => Ok(None),
            };
        };
        if self.walks > WATCHED_MAX {
            let told = format!("a report of one side has at most {WATCHED_MAX} walks");
            return Err(Problem::unprocessable(told));
        }
        let Some(text) = &self.component else { return Ok(Some((side, None))) };
        let known = ComponentId::parse(text).ok();
        let known = known.filter(|id| rooms.flags.snapshot().flag(id.as_str()).is_some());
        let unknown = || Problem::unprocessable("`component` names none; GET /v1/flags lists them");
        Ok(Some((side, Some(known.ok_or_else(unknown)?))))
    }
}

/// Most walks of one report that the guard looks at one by one.
const WATCHED_MAX: u32 = 100;

/// The walks one by one, true for those that passed. A report of several does not tell their order:
/// they are taken so that no more have failed in a row than it proves, the longest row at the end.
fn in_order(walks: u32, passed: u32) -> impl Iterator<Item = bool> {
    let (failed, rows) = (walks.saturating_sub(passed), passed + 1);
    (0..rows).flat_map(move |at| {
        let longer = u32::from(at >= rows - failed % rows);
        let row = std::iter::repeat_n(false, (failed / rows + longer) as usize);
        row.chain((at + 1 < rows).then_some(true))
    })
}

/// Records the present rate as the baseline.
#[utoipa::path(post, path = "/v1/evidence/golden-path/baseline", tag = "evidence",
    security(("control" = [])), request_body = BaselineWish,
    responses((status = 200, description = "The baseline, on disk", body = Object), BodyRefused))]
pub async fn baseline(
    State(rooms): State<Arc<Rooms>>,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<crate::guard::Baseline>, Problem> {
    let BaselineWish { note } = take_json(&headers, body).await?;
    let (note, by) = (words::note(&note)?, pass.actor().to_string());
    let now = rooms.clock.now();
    Ok(Json(rooms.evidence.evidence.set_baseline(note, &by, now).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(walks: u32, passed: u32) -> String {
        in_order(walks, passed).map(|passed| if passed { 'p' } else { 'f' }).collect()
    }

    #[test]
    fn no_more_walks_fail_in_a_row_than_a_report_proves() {
        assert_eq!(rows(1, 1), "p");
        assert_eq!(rows(1, 0), "f");
        assert_eq!(rows(3, 0), "fff");
        assert_eq!(rows(4, 3), "pppf");
        assert_eq!(rows(10, 7), "pppppfpfpf");
        assert_eq!(rows(10, 1), "ffffpfffff");
        assert_eq!(rows(6, 1), "ffpfff");
        for walks in 1..=20 {
            for passed in 0..=walks {
                let rows = rows(walks, passed);
                assert_eq!(rows.len(), walks as usize);
                assert_eq!(rows.matches('p').count(), passed as usize);
                let longest = rows.split('p').map(str::len).max().unwrap_or(0);
                assert_eq!(longest, (walks - passed).div_ceil(passed + 1) as usize, "{rows}");
                assert_eq!(rows.rsplit('p').next().map(str::len), Some(longest), "{rows}");
            }
        }
    }
}
