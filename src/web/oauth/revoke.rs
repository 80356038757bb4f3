//! `POST /oauth/revoke` (RFC 7009) and `POST /v1/revocations`, which takes feeds.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::answer::{not_let_in, ok, refused};
use crate::authority::ClientGrant;
use crate::domain::{Revocation, Subject, Timestamp, Token};
use crate::web::api_json::take_json;
use crate::web::form::read_form;
use crate::web::session::uncached;
use crate::web::{Problem, Rooms};

/// Most revocations of one request.
const FEED_MAX: usize = 1000;

/// Takes a token back, at both sides; of a session, all of it. 200 also for a token that is
/// unknown: it is refused anyway (RFC 7009 §2.2).
#[utoipa::path(post, path = "/oauth/revoke", tag = "oauth", security(("client" = [])),
    request_body(content = Object, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "Refused from the next request on, and on the disk"),
              (status = 400, description = "No token", body = Object),
              (status = 401, description = "`invalid_client`", body = Object),
              (status = 403, description = "The client lacks the grant", body = Object),
              crate::web::answers::DoorRefused))]
pub(in crate::web) async fn revoke(
    State(rooms): State<Arc<Rooms>>,
    mut request: Request,
) -> Result<Response, Problem> {
    let paced = rooms.pace_data(request.extensions(), request.headers());
    paced.map_err(|refusal| rooms.refused(refusal))?;
    let form = read_form(&mut request).await;
    if let Some(name) = form.repeated() {
        return Ok(refused("invalid_request", &format!("{name} is there twice")));
    }
    if let Err(why) = rooms.client_for(request.headers(), Some(&form), ClientGrant::Revoke) {
        return Ok(not_let_in(why));
    }
    let token = form.secret("token");
    if token.reveal().is_empty() {
        return Ok(refused("invalid_request", "token is missing"));
    }
    rooms.end_session_of(&Token::new(token.reveal())).await?;
    Ok(ok(&json!({})))
}

/// Revocations that were made elsewhere.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Feed {
    /// At most 1,000; each is put down before the next.
    revocations: Vec<FeedItem>,
}

/// One revocation: exactly one of `token`, `token_id`, `subject` and `family`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FeedItem {
    /// A whole token.
    token: Option<String>,
    /// A token's `jti`.
    token_id: Option<String>,
    /// With `token_id`: when that token ends by itself, in seconds since the epoch.
    expires_at: Option<i64>,
    /// Everything of a subject ...
    subject: Option<String>,
    /// ... that was issued before this moment, in seconds since the epoch; now, if left out.
    issued_before: Option<i64>,
    /// Everything of a session.
    family: Option<String>,
}

/// How many there were, and how many had something to take back.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct FeedAnswer {
    /// Items of the feed.
    taken: usize,
    /// Of these, those that are put down; the rest were of tokens that are refused by themselves.
    effective: usize,
    /// Of all, those that legacy has no way to take: where legacy serves, they do not hold.
    not_at_legacy: usize,
}

/// Takes over revocations, for a client with the grant `revoke`.
#[utoipa::path(post, path = "/v1/revocations", tag = "oauth", security(("client" = [])),
    request_body = Feed,
    responses((status = 200, description = "Refused from the next request on, and on the disk", body = FeedAnswer),
              (status = 400, description = "The body cannot be read", body = crate::web::problem::ProblemBody),
              (status = 401, description = "No client, or another secret", body = Object),
              (status = 403, description = "The client lacks the grant", body = Object),
              (status = 415, description = "The body is not JSON", body = crate::web::problem::ProblemBody),
              (status = 422, description = "An item names nothing, or two things", body = crate::web::problem::ProblemBody),
              crate::web::answers::DoorRefused))]
pub(in crate::web) async fn revocations(
    State(rooms): State<Arc<Rooms>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    rooms.pace_data(&parts.extensions, &parts.headers).map_err(|refusal| rooms.refused(refusal))?;
    if let Err(why) = rooms.client_for(&parts.headers, None, ClientGrant::Revoke) {
        return Ok(not_let_in(why));
    }
    let feed: Feed = take_json(&parts.headers, body).await?;
    if feed.revocations.len() > FEED_MAX {
        return Err(Problem::unprocessable("a feed has at most 1,000 revocations"));
    }
    // All or nothing to begin with: what makes no sense is found before the first is put down.
    let now = rooms.clock.now();
    let read = feed.revocations.into_iter().enumerate().map(|(place, item)| {
        item.read(now).ok_or_else(|| {
            Problem::unprocessable(format!(
                "revocations[{place}] must have exactly one of token, token_id, subject, family; \
                 expires_at goes with token_id, issued_before with subject"
            ))
        })
    });
    let read = read.collect::<Result<Vec<Revocation>, Problem>>()?;
    let (taken, mut effective, mut not_at_legacy) = (read.len(), 0, 0);
    for revocation in read {
        let done = rooms.revoke(revocation).await?;
        effective += usize::from(done.effective);
        not_at_legacy += usize::from(!done.at_legacy);
    }
    let answer = FeedAnswer { taken, effective, not_at_legacy };
    Ok(uncached((StatusCode::OK, Json(answer)).into_response()))
}

impl FeedItem {
    fn read(self, now: Timestamp) -> Option<Revocation> {
        let moment = |seconds: i64| Timestamp::from_seconds(seconds);
        let (expires_at, issued_before) = (self.expires_at, self.issued_before);
        let bare = expires_at.is_none() && issued_before.is_none();
        match (self.token, self.token_id, self.subject, self.family) {
            (Some(token), None, None, None) if bare => Some(Revocation::Token(Token::new(&token))),
            (None, Some(id), None, None) if issued_before.is_none() && !id.is_empty() => {
                Some(Revocation::TokenId { id, expires_at: expires_at.map(moment) })
            }
            (None, None, Some(subject), None) if expires_at.is_none() => {
                let issued_before = issued_before.map_or(now, moment);
                Some(Revocation::Subject { subject: Subject::parse(&subject)?, issued_before })
            }
            (None, None, None, Some(family)) if bare && !family.is_empty() => {
                Some(Revocation::Family(family))
            }
            _ => None,
        }
    }
}
