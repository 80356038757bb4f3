//! `/v1/mismatches`: what differed, by fingerprint, the most severe first.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::{ComponentId, MismatchClass, Side};
use crate::report::{MismatchFilter, MismatchReport, UngroupedReport, mismatch, mismatches};
use crate::web::answers::{NamedQueryRefused, NamedRefused};
use crate::web::flags::{component_id, unknown};
use crate::web::replay_line::{ReplayLine, replay_line};
use crate::web::{Problem, Rooms};

/// Most groups of one answer.
pub(in crate::web) const GROUPS_MAX: usize = 500;

/// Which differences.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct MismatchWish {
    /// Of this component only.
    pub(in crate::web) component: Option<String>,
    /// Of this class only.
    pub(in crate::web) class: Option<String>,
    /// Only where this side refuses: `legacy` or `ssot`.
    pub(in crate::web) side: Option<String>,
}

/// What differed since the ledger was begun.
#[derive(Serialize, ToSchema)]
pub struct MismatchList {
    /// By fingerprint of class, reasons and claim shape, the most severe first; what is accepted
    /// behind all that is not.
    #[schema(value_type = Vec<Object>)]
    mismatches: Vec<MismatchReport>,
    /// How many more there are than are told here.
    left_out: usize,
    /// What is counted by its class alone: events and connections, and what there was no room for.
    #[schema(value_type = Vec<Object>)]
    ungrouped: Vec<UngroupedReport>,
}

/// One group of differences.
#[derive(Serialize, ToSchema)]
pub struct MismatchShown {
    /// The group.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    mismatch: MismatchReport,
    /// A recorded question that reproduces it, if there is one.
    replay: Option<ReplayLine>,
    /// Why there is none.
    no_replay: Option<&'static str>,
}

/// The group that a path names.
pub struct OfGroup {
    /// The component's segment, not yet proven to be an id.
    pub component: String,
    /// The fingerprint's, not yet proven to be one.
    pub fingerprint: String,
}

impl<S: Send + Sync> FromRequestParts<S> for OfGroup {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<(String, String)>::from_request_parts(parts, state).await {
            Ok(Path((component, fingerprint))) => Ok(Self { component, fingerprint }),
            Err(_) => Err(Problem::not_found("the path names no difference")),
        }
    }
}

impl MismatchWish {
    /// What is wanted. Error: 400 or 404.
    pub(in crate::web) fn filter(&self, rooms: &Rooms) -> Result<MismatchFilter, Problem> {
        let wanted = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let class = wanted(&self.class).map(|code| {
            let known = || MismatchClass::ALL.map(MismatchClass::code).join(", ");
            let bad = || Problem::bad_request(format!("`class` is one of {}", known()));
            MismatchClass::parse(&code).ok_or_else(bad)
        });
        let side = wanted(&self.side).map(|side| match side.as_str() {
            "legacy" => Ok(Side::Legacy),
            "ssot" => Ok(Side::Ssot),
            _ => Err(Problem::bad_request("`side` is `legacy` or `ssot`")),
        });
        let component = wanted(&self.component).map(|text| {
            let id: ComponentId = component_id(&text)?;
            let is_known = rooms.flags.snapshot().flag(id.as_str()).is_some();
            if is_known { Ok(text) } else { Err(unknown(&text)) }
        });
        Ok(MismatchFilter {
            component: component.transpose()?,
            class: class.transpose()?,
            side: side.transpose()?,
        })
    }
}

// Needs: Read.
/// What differed since the ledger was begun, the most severe first.
#[utoipa::path(get, path = "/v1/mismatches", tag = "control", security(("control" = [])),
    params(MismatchWish),
    responses((status = 200, description = "The differences", body = MismatchList),
              NamedQueryRefused))]
pub async fn list(
    State(rooms): State<Arc<Rooms>>,
    query: Result<Query<MismatchWish>, QueryRejection>,
) -> Result<Json<MismatchList>, Problem> {
    let bad = || Problem::bad_request("the query takes `component`, `class` and `side`");
    let Query(wish) = query.map_err(|_| bad())?;
    let mut found = mismatches(&rooms.ledger, &wish.filter(&rooms)?);
    let left_out = found.groups.len().saturating_sub(GROUPS_MAX);
    found.groups.truncate(GROUPS_MAX);
    Ok(Json(MismatchList { mismatches: found.groups, left_out, ungrouped: found.ungrouped }))
}

// Needs: Read.
/// One of them, with a recorded question that reproduces it as far as that is possible.
///
/// The token that was seen is not kept. The line holds a made-up one of a kind to which ssot gives the
/// same answer, and what legacy has answered: `crossfade replay` comes to the same difference.
#[utoipa::path(get, path = "/v1/mismatches/{component}/{fingerprint}", tag = "control",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component"),
           ("fingerprint" = String, Path, description = "The group's fingerprint")),
    responses((status = 200, description = "The group", body = MismatchShown),
              NamedRefused))]
pub async fn show(
    State(rooms): State<Arc<Rooms>>,
    OfGroup { component, fingerprint }: OfGroup,
) -> Result<Json<MismatchShown>, Problem> {
    let found = mismatch(&rooms.ledger, &component, &fingerprint);
    let found = found.ok_or_else(|| {
        Problem::not_found("there is no such difference; GET /v1/mismatches lists them")
    })?;
    let (mismatch, replay) = with_replay(found).await;
    let (replay, no_replay) = match replay {
        Ok(line) => (Some(line), None),
        Err(why) => (None, Some(why)),
    };
    Ok(Json(MismatchShown { mismatch, replay, no_replay }))
}

/// The group and its line; specimens are made where nobody else waits for them.
pub(in crate::web) async fn with_replay(
    found: MismatchReport,
) -> (MismatchReport, Result<ReplayLine, &'static str>) {
    let again = found.clone();
    let made = tokio::task::spawn_blocking(move || {
        let line = replay_line(&found);
        (found, line)
    });
    made.await.unwrap_or((again, Err("the specimens could not be made; the log says why")))
}
