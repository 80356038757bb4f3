//! `POST /oauth/introspect` (RFC 7662).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{not_let_in, ok, refused};
use crate::authority::{ClientGrant, TokenFacts};
use crate::domain::{Decision, Grant, Side, Timestamp, Token, TokenType};
use crate::web::doors::{DenyStatus, bare};
use crate::web::form::read_form;
use crate::web::{Problem, Rooms};

/// Is this token good, and what does it say? A client with the grant `introspect` may ask. A
/// refresh token is looked at as one only with `token_type_hint=refresh_token`, a service's only
/// with `service_token`; `kind` tells what a token is.
#[utoipa::path(post, path = "/oauth/introspect", tag = "oauth", security(("client" = [])),
    request_body(content = Object, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "`active`, and what the token says (RFC 7662 §2.2)", body = Object),
              (status = 400, description = "No token", body = Object),
              (status = 401, description = "`invalid_client`", body = Object),
              (status = 403, description = "The client lacks the grant", body = Object),
              crate::web::answers::DoorRefused))]
pub(in crate::web) async fn introspect(
    State(rooms): State<Arc<Rooms>>,
    mut request: Request,
) -> Result<Response, Problem> {
    let paced = rooms.pace_data(request.extensions(), request.headers());
    paced.map_err(|refusal| rooms.refused(refusal))?;
    let form = read_form(&mut request).await;
    if let Some(name) = form.repeated() {
        return Ok(refused("invalid_request", &format!("{name} is there twice")));
    }
    let client = rooms.client_for(request.headers(), Some(&form), ClientGrant::Introspect);
    if let Err(why) = client {
        return Ok(not_let_in(why));
    }
    let token = form.secret("token");
    if token.reveal().is_empty() {
        return Ok(refused("invalid_request", "token is missing"));
    }
    let credentials = bare(token.reveal());
    // A bare token gets the answer that every door gives; another kind is looked at as what it is
    // only for whoever says that he means one.
    let wanted = match form.text("token_type_hint") {
        "refresh_token" => Some(TokenType::Refresh),
        "service_token" => Some(TokenType::Service),
        _ => None,
    };
    let component = &rooms.doors.component;
    let deny = DenyStatus(StatusCode::OK);
    let network = rooms.network_at_door(request.extensions(), request.headers());
    let about = (credentials, network);
    let asked = rooms.ask("introspect", component, about, wanted, deny).await?;
    Ok(match &asked.decision {
        Decision::Allow(grant) => {
            // What legacy let in, SSOT has not verified: only what legacy tells is told.
            let verified = asked.by == Side::Ssot;
            let facts =
                verified.then(|| rooms.authority.introspection(&Token::new(token.reveal())));
            let facts = facts.flatten();
            ok(&active(grant, facts.as_ref()))
        }
        Decision::Deny(_) => ok(&json!({ "active": false })),
    })
}

/// What the serving side granted, and the rest from the token that it let in.
fn active(grant: &Grant, facts: Option<&TokenFacts>) -> Value {
    let mut body = json!({ "active": true, "token_type": "Bearer" });
    let mut tell = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body[name] = value;
        }
    };
    tell("sub", grant.subject.as_ref().map(|subject| subject.as_str().into()));
    tell("scope", grant.scopes.as_ref().map(|scopes| scopes.to_string().into()));
    tell("exp", grant.expires_at.map(|moment| moment.seconds().into()));
    tell("kind", grant.token_type.map(|kind| kind.as_str().into()));
    tell("username", grant.email.as_deref().filter(|text| !text.is_empty()).map(Value::from));
    if let Some(facts) = facts {
        let seconds = |moment: Option<Timestamp>| moment.map(|moment| moment.seconds().into());
        tell("iat", seconds(facts.issued_at));
        tell("nbf", seconds(facts.not_before));
        tell("iss", facts.issuer.clone().map(Value::from));
        tell("aud", (!facts.audiences.is_empty()).then(|| facts.audiences.clone().into()));
        tell("jti", facts.token_id.clone().map(Value::from));
        tell("client_id", facts.client_id.clone().map(Value::from));
    }
    body
}
