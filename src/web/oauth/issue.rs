//! `POST /v1/issue`: a session for somebody who has just signed in elsewhere.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{not_let_in, pair, refused};
use crate::authority::ClientGrant;
use crate::domain::{IssueOrder, Operation, Outcome, Scopes, Subject, TokenForm};
use crate::web::api_json::take_json;
use crate::web::{Problem, Rooms};

/// For whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct IssueRequest {
    /// The user.
    subject: String,
    /// What the user may do; at most what the client may give.
    #[serde(default)]
    permissions: Vec<String>,
    /// The user's e-mail address.
    email: Option<String>,
    /// Whether only this client may renew the session. A browser's session is renewed by the
    /// browser, which is no client: `false`, if left out.
    #[serde(default)]
    bound: bool,
}

/// An access token and a refresh token, for a client with the grant `issue`: the service that
/// signs people in.
#[utoipa::path(post, path = "/v1/issue", tag = "oauth", security(("client" = [])),
    request_body = IssueRequest,
    responses((status = 200, description = "A pair of tokens (RFC 6749 §5.1)", body = Object),
              (status = 400, description = "Refused, or the body cannot be read", body = Object),
              (status = 401, description = "No client, or another secret", body = Object),
              (status = 403, description = "The client lacks the grant", body = Object),
              (status = 415, description = "The body is not JSON", body = crate::web::problem::ProblemBody),
              (status = 422, description = "The subject is empty or too long", body = crate::web::problem::ProblemBody),
              crate::web::answers::DoorRefused))]
pub(in crate::web) async fn issue(
    State(rooms): State<Arc<Rooms>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    rooms.pace_data(&parts.extensions, &parts.headers).map_err(|refusal| rooms.refused(refusal))?;
    let client = match rooms.client_for(&parts.headers, None, ClientGrant::Issue) {
        Ok(client) => client,
        Err(why) => return Ok(not_let_in(why)),
    };
    let wish: IssueRequest = take_json(&parts.headers, body).await?;
    let subject = Subject::parse(&wish.subject);
    let subject =
        subject.ok_or_else(|| Problem::unprocessable("the subject is 1 to 4096 bytes"))?;
    let scopes: Scopes = wish.permissions.iter().collect();
    if !client.may_have(&scopes) {
        return Ok(refused("invalid_scope", "more than the client may give"));
    }
    let order = IssueOrder {
        subject,
        scopes,
        email: wish.email,
        client: wish.bound.then(|| client.name.to_string()),
        form: TokenForm::default(),
    };
    let network = rooms.network_at_door(&parts.extensions, &parts.headers);
    let operated = rooms.operate("issue", Operation::Issue(order), network).await?;
    let response = match &operated.outcome {
        Outcome::Done(made) => pair(made),
        Outcome::Denied(reason) => refused("invalid_request", &reason.code()),
    };
    Ok(operated.told(&rooms, &parts.headers, response))
}
