//! A legacy validator behind HTTP: a profile in the clothes of the service that it models.
//!
//! For demonstrations and tests, which want a real legacy service on a real socket. It always
//! answers 200, as its model does; a validator that cannot answer is a 503.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::Problem;
use super::api_json::{parse_json, read_json_body};
use crate::domain::{
    Clock, ComponentId, Credentials, Decision, Denial, Grant, Question, RequestIds, Scopes,
    Timestamp, Token,
};
use crate::legacy::profile::ProfilePath;

/// One modelled validator and the path at which it is asked.
pub struct Modelled {
    /// Such as `/auth/validate`.
    pub route: &'static str,
    /// The model.
    pub validator: Arc<ProfilePath>,
}

/// What one route needs.
#[derive(Clone)]
struct Desk {
    validators: Arc<[Arc<ProfilePath>]>,
    clock: Arc<dyn Clock>,
    ids: Arc<RequestIds>,
    component: ComponentId,
}

/// Routes of a service of modelled validators, and `/api/v1/jwt/blacklist-token`, which revokes
/// a token on all of them. `component` is the name under which they are asked.
pub fn modelled_routes(
    validators: Vec<Modelled>,
    component: &ComponentId,
    clock: &Arc<dyn Clock>,
) -> Router {
    let ids = Arc::new(RequestIds::of_process(rand::random()));
    let desk = |validators: Arc<[Arc<ProfilePath>]>| Desk {
        validators,
        clock: Arc::clone(clock),
        ids: Arc::clone(&ids),
        component: component.clone(),
    };
    let all = validators.iter().map(|modelled| Arc::clone(&modelled.validator)).collect();
    let mut routes =
        Router::new().route("/api/v1/jwt/blacklist-token", post(blacklist)).with_state(desk(all));
    for Modelled { route, validator } in validators {
        let one = Router::new().route(route, post(validate)).with_state(desk([validator].into()));
        routes = routes.merge(one);
    }
    routes
}

#[derive(Deserialize)]
struct Asked<'a> {
    #[serde(borrow)]
    token: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer<'a> {
    Valid {
        valid: bool,
        user_id: Option<&'a str>,
        permissions: Option<&'a Scopes>,
        token_type: Option<&'static str>,
        expires_at: Option<Timestamp>,
    },
    Invalid {
        valid: bool,
        error: std::borrow::Cow<'static, str>,
    },
}

/// `POST {"token": ...}`: valid or not.
async fn validate(
    State(desk): State<Desk>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let token = token(&headers, body).await?;
    let credentials = Credentials::Token(token);
    let question =
        Question::new(desk.ids.next(), desk.component.clone(), desk.clock.now(), credentials);
    let Some(validator) = desk.validators.first() else {
        return Ok(StatusCode::SERVICE_UNAVAILABLE.into_response());
    };
    Ok(match validator.answer(&question) {
        Ok(Decision::Allow(grant)) => Json(Answer::of_grant(&grant)).into_response(),
        Ok(Decision::Deny(denial)) => Json(Answer::of_denial(&denial)).into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    })
}

/// `POST {"token": ...}`: refused from now on, by those validators that remember such things.
async fn blacklist(
    State(desk): State<Desk>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let token = token(&headers, body).await?;
    let kept = desk.validators.iter().filter(|validator| validator.revoke(&token)).count();
    Ok(Json(serde_json::json!({ "success": kept > 0 })).into_response())
}

async fn token(headers: &HeaderMap, body: Body) -> Result<Token, Problem> {
    let bytes = read_json_body(headers, body).await?;
    let asked: Asked<'_> = parse_json(&bytes)?;
    Ok(Token::new(&asked.token))
}

impl<'a> Answer<'a> {
    fn of_grant(grant: &'a Grant) -> Self {
        Self::Valid {
            valid: true,
            user_id: grant.subject.as_ref().map(crate::domain::Subject::as_str),
            permissions: grant.scopes.as_ref(),
            token_type: grant.token_type.map(crate::domain::TokenType::as_str),
            expires_at: grant.expires_at,
        }
    }

    /// A validator that keeps its reasons to itself has one word for all of them.
    fn of_denial(denial: &Denial) -> Self {
        let told = denial.disclosed.then(|| denial.reason.code());
        Self::Invalid { valid: false, error: told.unwrap_or("invalid_token".into()) }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use serde_json::{Value, json};

    use super::*;
    use crate::authority::specimens::{Mint, one};
    use crate::domain::{Subject, SystemClock};
    use crate::legacy::profile::{Algorithm, Key};
    use crate::legacy::{ProfileSettings, Secret};

    fn desk(profile: &str, mint: &Mint) -> Desk {
        let secret = Secret::new(mint.secret());
        let key = Key::read("hs256", Algorithm::HS256, &secret).expect("a key");
        let validator = ProfileSettings::of(profile, vec![key]).build().expect("a path");
        Desk {
            validators: [Arc::new(validator)].into(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(RequestIds::of_process(1)),
            component: ComponentId::parse("old").expect("an id"),
        }
    }

    fn token(mint: &Mint, kind: &str) -> String {
        let alice = Subject::parse("alice").expect("a subject");
        let specimen = one(mint, kind, SystemClock.now(), &alice).expect("a kind");
        let Credentials::Token(token) = specimen.credentials else { panic!("a token") };
        token.reveal().to_owned()
    }

    fn asked(token: &str) -> (HeaderMap, Body) {
        let json = axum::http::HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(axum::http::header::CONTENT_TYPE, json)]);
        (headers, Body::from(json!({ "token": token }).to_string()))
    }

    async fn answer(desk: &Desk, token: &str) -> Value {
        let (headers, body) = asked(token);
        let response = validate(State(desk.clone()), headers, body).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        serde_json::from_slice(&bytes).expect("json")
    }

    #[tokio::test]
    async fn a_validator_answers_200_whatever_it_thinks_and_keeps_its_reasons() {
        let mint = Mint::seeded(1);
        let desk = desk("core-validate", &mint);
        let allowed = answer(&desk, &token(&mint, "fresh_hs256")).await;
        assert_eq!((&allowed["valid"], &allowed["user_id"]), (&json!(true), &json!("alice")));
        assert_eq!(allowed["permissions"], json!(["read", "write"]));
        let denied = answer(&desk, &token(&mint, "wrong_secret")).await;
        assert_eq!(denied, json!({ "valid": false, "error": "invalid_token" }));
    }

    #[tokio::test]
    async fn a_blacklisted_token_is_refused_from_then_on() {
        let mint = Mint::seeded(1);
        let desk = desk("core-validate", &mint);
        let token = token(&mint, "fresh_hs256");
        assert_eq!(answer(&desk, &token).await["valid"], true);
        let (headers, body) = asked(&token);
        blacklist(State(desk.clone()), headers, body).await.expect("an answer");
        assert_eq!(answer(&desk, &token).await["valid"], false);
    }
}
