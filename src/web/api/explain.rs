//! `/v1/flags/{component}/explain`: who serves a subject, and which rule says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::flags::{Explanation, Facts};
use crate::web::answers::NamedBodyRefused;
use crate::web::api_json::take_json;
use crate::web::flags::unknown;
use crate::web::named::Named;
use crate::web::{Problem, Rooms};

/// Whom to explain. What is left out is not known of him.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainWish {
    /// The subject as the authority grants it: `alice`, or `corp|1` for a foreign issuer's.
    #[serde(default)]
    pub(in crate::web) subject: String,
    /// The tenant of his token.
    pub(in crate::web) tenant: Option<String>,
    /// The scopes of his token.
    #[serde(default)]
    pub(in crate::web) scopes: Vec<String>,
    /// The headers of his request, one value each.
    #[serde(default)]
    pub(in crate::web) headers: BTreeMap<String, String>,
}

impl ExplainWish {
    /// As told by somebody who is trusted to say so. Header names in lower case.
    pub(in crate::web) fn facts(&self) -> Facts<'_> {
        let scopes = self.scopes.iter().map(String::as_str).collect();
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Facts::of_subject(&self.subject).stating(self.tenant.as_deref(), scopes, headers)
    }
}

// Needs: Read.
/// Who serves a subject, and which rule says so: stage, target, share, or a required component.
///
/// A POST, so that subjects stay out of addresses and logs; it changes nothing.
#[utoipa::path(post, path = "/v1/flags/{component}/explain", tag = "control",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component")),
    request_body = ExplainWish,
    responses((status = 200, description = "Who serves, and why", body = Object),
              NamedBodyRefused))]
pub async fn explain(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Explanation>, Problem> {
    let wish: ExplainWish = take_json(&headers, body).await?;
    let lower = |(name, value): (String, String)| (name.to_ascii_lowercase(), value);
    let wish = ExplainWish { headers: wish.headers.into_iter().map(lower).collect(), ..wish };
    let snapshot = rooms.flags.snapshot();
    let flag = snapshot.flag(&component).ok_or_else(|| unknown(&component))?;
    Ok(Json(snapshot.explain(flag, &wish.facts())))
}
