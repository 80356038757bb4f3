//! `POST /oauth/token`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::answer::{not_let_in, ok, pair, refused};
use crate::authority::{Client, ClientGrant, Issued};
use crate::domain::{
    ClientNetwork, Operation, Outcome, RefreshOrder, Scopes, Timestamp, Token, TokenForm,
};
use crate::web::form::{Form, read_form};
use crate::web::{Problem, Rooms};

/// Longest `Idempotency-Key` that is listened to, in bytes.
const KEY_BYTES_MAX: usize = 256;

/// New tokens: `grant_type` is `client_credentials` or `refresh_token`.
#[utoipa::path(post, path = "/oauth/token", tag = "oauth", security((), ("client" = [])),
    request_body(content = Object, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "Tokens (RFC 6749 §5.1)", body = Object),
              (status = 400, description = "Refused (RFC 6749 §5.2)", body = Object),
              (status = 401, description = "`invalid_client`", body = Object),
              (status = 403, description = "The client lacks the grant", body = Object),
              crate::web::answers::DoorRefused))]
pub(in crate::web) async fn token(
    State(rooms): State<Arc<Rooms>>,
    mut request: Request,
) -> Result<Response, Problem> {
    let paced = rooms.pace_data(request.extensions(), request.headers());
    paced.map_err(|refusal| rooms.refused(refusal))?;
    let form = read_form(&mut request).await;
    if let Some(name) = form.repeated() {
        return Ok(refused("invalid_request", &format!("{name} is there twice")));
    }
    match form.text("grant_type") {
        "client_credentials" => client_credentials(&rooms, request.headers(), &form),
        "refresh_token" => {
            let network = rooms.network_at_door(request.extensions(), request.headers());
            refresh_token(&rooms, request.headers(), &form, network).await
        }
        "" => Ok(refused("invalid_request", "grant_type is missing")),
        _ => {
            let text = "grant_type is client_credentials or refresh_token";
            Ok(refused("unsupported_grant_type", text))
        }
    }
}

/// RFC 6749 §4.4.
fn client_credentials(
    rooms: &Rooms,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Response, Problem> {
    let client = match rooms.client_for(headers, Some(form), ClientGrant::ClientCredentials) {
        Ok(client) => client,
        Err(why) => return Ok(not_let_in(why)),
    };
    let wanted = scopes(form);
    if let Some(wanted) = &wanted
        && !client.may_have(wanted)
    {
        return Ok(refused("invalid_scope", "more than the client may ask for"));
    }
    let made = service_token(rooms, &client, wanted.as_ref())?;
    let granted = wanted.as_ref().unwrap_or(&client.scopes);
    Ok(ok(&json!({
        "access_token": made.token.reveal(),
        "token_type": "Bearer",
        "expires_in": seconds_left(rooms, made.expires_at),
        "scope": granted.to_string(),
    })))
}

/// RFC 6749 §6. A client without a secret may refresh, too: the token is the proof.
async fn refresh_token(
    rooms: &Rooms,
    headers: &HeaderMap,
    form: &Form,
    network: Option<ClientNetwork>,
) -> Result<Response, Problem> {
    let client = match rooms.client_if_any(headers, Some(form)) {
        Ok(Some(client)) if !client.may(ClientGrant::RefreshToken) => {
            return Ok(not_let_in(crate::web::client::NotLetIn::NotForThis));
        }
        Ok(client) => client,
        Err(why) => return Ok(not_let_in(why)),
    };
    let token = form.secret("refresh_token");
    if token.reveal().is_empty() {
        return Ok(refused("invalid_request", "refresh_token is missing"));
    }
    let order = RefreshOrder {
        token: Token::new(token.reveal()),
        client: client.map(|client| client.name.to_string()),
        idempotency_key: idempotency_key(headers)?,
        scopes: scopes(form),
        form: TokenForm::default(),
    };
    let operated = rooms.operate("token", Operation::Refresh(order), network).await?;
    let response = match &operated.outcome {
        Outcome::Done(made) => pair(made),
        Outcome::Denied(reason) => refused("invalid_grant", &reason.code()),
    };
    Ok(operated.told(rooms, headers, response))
}

fn scopes(form: &Form) -> Option<Scopes> {
    let text = form.text("scope");
    (!text.is_empty()).then(|| Scopes::parse(text))
}

/// The caller's name for an attempt, if it has one. Error: one that is too long or no text; to
/// take it for none would make a retry of somebody else's attempt.
pub(in crate::web) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| (1..=KEY_BYTES_MAX).contains(&key.len()));
    let odd = "Idempotency-Key is 1 to 256 characters of ASCII";
    key.map(|key| Some(key.to_owned())).ok_or_else(|| Problem::bad_request(odd))
}

/// A service's token, in the form that the tokens component has come to.
pub(in crate::web) fn service_token(
    rooms: &Rooms,
    client: &Client,
    scopes: Option<&Scopes>,
) -> Result<Issued, Problem> {
    let form = rooms.token_form();
    let made = rooms.authority.client_credentials(client, scopes, form, rooms.clock.now());
    made.map_err(Problem::from)
}

/// Whole seconds from now to a moment.
pub(in crate::web) fn seconds_left(rooms: &Rooms, end: Timestamp) -> u64 {
    end.since(rooms.clock.now()).as_secs()
}
