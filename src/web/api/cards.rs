//! `/v1/guard/cards`: why the guard ruled as it did.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::flags::FlagsError;
use crate::guard::{CardFilter, DecisionCard};
use crate::web::answers::{NamedQueryRefused, NamedRefused};
use crate::web::flags::{component_id, unknown};
use crate::web::named::Named;
use crate::web::{Problem, Rooms};

/// Longest id of a card that is looked for, in bytes.
const ID_MAX: usize = 64;

/// Which cards.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct CardQuery {
    /// Of this component only.
    component: Option<String>,
    /// Only cards older than the one of this id.
    before: Option<String>,
    /// At most this many, 1 to 500; 50 when left out.
    limit: Option<usize>,
}

/// Decision cards, newest first.
#[derive(Serialize, ToSchema)]
pub struct CardPage {
    /// The cards.
    #[schema(value_type = Vec<Object>)]
    cards: Vec<DecisionCard>,
    /// From where to go on with `before`, if that is not the end.
    next: Option<String>,
}

impl CardQuery {
    fn filter(self, rooms: &Rooms) -> Result<(CardFilter, usize), Problem> {
        let component = self.component.map(|text| {
            let id = component_id(&text)?;
            let known = rooms.flags.snapshot().flag(id.as_str()).is_some();
            if known { Ok(id) } else { Err(unknown(&text)) }
        });
        let limit = self.limit.unwrap_or(50);
        if !(1..=500).contains(&limit) {
            return Err(Problem::bad_request("`limit` is 1 to 500"));
        }
        if self.before.as_deref().is_some_and(|id| !is_id(id)) {
            return Err(Problem::bad_request("`before` is the id of a card"));
        }
        // One more tells whether there are more.
        let filter = CardFilter {
            component: component.transpose()?,
            before: self.before,
            limit: Some(limit + 1),
        };
        Ok((filter, limit))
    }
}

// Needs: Read.
/// Why the guard rolled back, held, or would have: the newest first.
#[utoipa::path(get, path = "/v1/guard/cards", tag = "guard", security(("control" = [])),
    params(CardQuery),
    responses((status = 200, description = "The cards", body = CardPage), NamedQueryRefused))]
pub async fn list(
    State(rooms): State<Arc<Rooms>>,
    query: Result<Query<CardQuery>, QueryRejection>,
) -> Result<Json<CardPage>, Problem> {
    let told = "the query takes `component`, `before` (the id of a card) and `limit` (1 to 500)";
    let Query(query) = query.map_err(|_| Problem::bad_request(told))?;
    let (filter, limit) = query.filter(&rooms)?;
    let guard = rooms.guard.clone();
    // Read where nobody else waits for the disk.
    let read = tokio::task::spawn_blocking(move || guard.cards(&filter)).await;
    let mut cards = read.map_err(|_| Problem::from(FlagsError::Ending))??;
    let is_more = cards.len() > limit;
    cards.truncate(limit);
    let next = cards.last().filter(|_| is_more).map(|card| card.id.clone());
    Ok(Json(CardPage { cards, next }))
}

// Needs: Read.
/// One decision card: counts, the path of the evidence, limits, samples, and what would have
/// happened without it.
#[utoipa::path(get, path = "/v1/guard/cards/{id}", tag = "guard", security(("control" = [])),
    params(("id" = String, Path, description = "The id of the card")),
    responses((status = 200, description = "The card", body = Object), NamedRefused))]
pub async fn show(
    State(rooms): State<Arc<Rooms>>,
    Named(id): Named,
) -> Result<Json<DecisionCard>, Problem> {
    if !is_id(&id) {
        return Err(Problem::not_found("no card has such an id; GET /v1/guard/cards lists them"));
    }
    Ok(Json(rooms.guard.card(&id)?))
}

fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=ID_MAX).contains(&text.len()) && text.bytes().all(plain)
}
