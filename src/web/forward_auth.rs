//! `/v1/forward-auth/{component}`: for nginx `auth_request`, Envoy `ext_authz`, Caddy and
//! Traefik.
//!
//! Answers 200 with identity headers, 401, 403 or 503, never anything else and never a redirect:
//! a proxy turns every other status into an outage or, worse, into a yes.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::decide::log;
use super::{Problem, Rooms, TargetHeaders, guard};
use crate::domain::{
    ComponentId, Credentials, Decision, Denial, Grant, Question, Reason, RequestId, RequestParts,
};

/// What comes before the component.
const PREFIX: &str = "/v1/forward-auth/";

/// Headers in which a proxy tells the original method.
const METHODS: [&str; 2] = ["x-original-method", "x-forwarded-method"];

/// May this request pass? The component is the first segment; what follows it is the original
/// path, for proxies that append it.
#[utoipa::path(get, path = "/v1/forward-auth/{component}", tag = "data",
    params(("component" = String, Path, description = "The component whose traffic this is")),
    responses(
        (status = 200, description = "Pass; identity in X-Auth-Subject, X-Auth-Scopes, X-Auth-Token-Type, X-Auth-Expires, X-Auth-Side"),
        (status = 401, description = "No valid token; WWW-Authenticate says why", body = super::problem::ProblemBody),
        (status = 403, description = "The serving side refuses everybody: another token does not help", body = super::problem::ProblemBody),
        (status = 503, description = "Neither side can decide, or there is no such component", body = super::problem::ProblemBody)))]
pub async fn forward_auth(State(rooms): State<Arc<Rooms>>, request: Request) -> Response {
    answer(&rooms, &request.into_parts().0).await
}

/// The component, and the original target behind it.
fn component_and_target(uri: &Uri) -> (&str, String) {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let rest = target.strip_prefix(PREFIX).unwrap_or_default();
    let (component, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let slash = if target.starts_with('/') { "" } else { "/" };
    (component, format!("{slash}{target}"))
}

async fn answer(rooms: &Rooms, request: &Parts) -> Response {
    let id = rooms.request_ids.next();
    let token = guard::door_token(&request.headers);
    if let Err(refusal) = rooms.admit_data(token, &request.extensions, &request.headers) {
        // It is the proxy that lacks a token, and its callers must not be told that they do.
        rooms.access.refusals.count(refusal);
        return unavailable(id, refusal.code());
    }
    let (component, target) = component_and_target(&request.uri);
    let Ok(component) = ComponentId::parse(component) else {
        return unavailable(id, "the path names no component");
    };
    let asked_at = rooms.clock.now();
    let credentials = Credentials::Request(parts(request, target, &rooms.network.target_headers));
    let network = rooms.told_network(token, &request.extensions, &request.headers);
    let question =
        Question::new(id, component.clone(), asked_at, credentials).from_network(network);
    let served = match rooms.shadow.decide(question).await {
        Ok(served) => served,
        Err(error) => return unavailable(id, &error.to_string()),
    };
    let response = match &served.decision {
        Some(Decision::Allow(grant)) => pass(grant, served.by.as_str(), id),
        Some(Decision::Deny(denial)) => refusal(denial, id).into_response(),
        None => Problem::undecided(id).into_response(),
    };
    let took = rooms.clock.now().since(asked_at);
    log(rooms, "forward_auth", response.status(), (id, asked_at, took), &component, &served);
    response
}

/// 503 for a question that cannot be put: a proxy must not take it for a refusal.
fn unavailable(id: RequestId, why: &str) -> Response {
    // Anybody can ask for a component that is not there: no line at a level that is on.
    tracing::debug!(request.id = %id, why, "a forward-auth question cannot be put");
    Problem::undecided(id).into_response()
}

fn parts(request: &Parts, own_target: String, believed: &TargetHeaders) -> RequestParts {
    let headers = &request.headers;
    let told = |name: &str| headers.get(name)?.to_str().ok();
    let target = believed.0.iter().find_map(|header| told(header.as_str()));
    let of_caller = headers.iter().filter(|(name, _)| !guard::is_ours(name));
    let pairs = of_caller.map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str().into(), value.into_owned().into())
    });
    RequestParts {
        method: METHODS.into_iter().find_map(told).unwrap_or(request.method.as_str()).into(),
        target: target.map_or(own_target, str::to_owned).into(),
        headers: pairs.collect(),
        ..RequestParts::default()
    }
}

fn pass(grant: &Grant, side: &'static str, id: RequestId) -> Response {
    let mut headers = HeaderMap::new();
    let mut tell = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(&header_safe(value)) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    if let Some(subject) = &grant.subject {
        tell("x-auth-subject", subject.as_str());
    }
    if let Some(scopes) = &grant.scopes {
        tell("x-auth-scopes", &scopes.to_string());
    }
    if let Some(token_type) = grant.token_type {
        tell("x-auth-token-type", token_type.as_str());
    }
    if let Some(expires_at) = grant.expires_at {
        tell("x-auth-expires", &expires_at.seconds().to_string());
    }
    tell("x-auth-side", side);
    tell("x-request-id", &id.to_string());
    (StatusCode::OK, headers).into_response()
}

/// Visible ASCII and single spaces as they are; `%` and everything else percent-encoded, so
/// that no subject can write a header of its own.
fn header_safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' => safe.push_str("%25"),
            b' '..=b'~' => safe.push(char::from(byte)),
            other => {
                // Writing to a string cannot fail.
                let _ = write!(safe, "%{other:02X}");
            }
        }
    }
    safe
}

/// 401 with a challenge (RFC 6750 §3): without `error` when no token was sent, as §3.1 asks.
pub(super) fn refusal(denial: &Denial, id: RequestId) -> Problem {
    if denial.reason == Reason::RefusesAll {
        let detail = "the serving path refuses everybody; another token does not help";
        return Problem::new(StatusCode::FORBIDDEN, "refused", "Refused", detail).with_request(id);
    }
    let code = denial.reason.code();
    let challenge = match denial.reason {
        Reason::TokenMissing => "Bearer realm=\"crossfade\"".to_owned(),
        Reason::TokenConflict => format!(
            "Bearer realm=\"crossfade\", error=\"invalid_request\", error_description=\"{code}\""
        ),
        _ => format!(
            "Bearer realm=\"crossfade\", error=\"invalid_token\", error_description=\"{code}\""
        ),
    };
    let challenge = HeaderValue::from_str(&challenge)
        .unwrap_or(HeaderValue::from_static("Bearer realm=\"crossfade\""));
    Problem::new(StatusCode::UNAUTHORIZED, "denied", "No valid token", code)
        .with_request(id)
        .with_header(header::WWW_AUTHENTICATE, challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_cannot_write_a_header_of_its_own() {
        assert_eq!(header_safe("a\r\nX-Admin: 1"), "a%0D%0AX-Admin: 1");
        assert_eq!(header_safe("bjørn 100%"), "bj%C3%B8rn 100%25");
    }

    #[test]
    fn the_original_target_is_told_by_the_proxy_or_taken_from_the_path() {
        let both = TargetHeaders::default();
        for (uri, told, component, target) in [
            ("/v1/forward-auth/http-auth/chat?a=1", None, "http-auth", "/chat?a=1"),
            ("/v1/forward-auth/http-auth", None, "http-auth", "/"),
            ("/v1/forward-auth/http-auth/", None, "http-auth", "/"),
            ("/v1/forward-auth/http-auth?a=/b", None, "http-auth", "/?a=/b"),
            ("/v1/forward-auth/http-auth/../other/%ff", None, "http-auth", "/../other/%ff"),
            ("/v1/forward-auth/http-auth", Some("/x?y"), "http-auth", "/x?y"),
            ("/v1/forward-auth//http-auth", None, "", "/http-auth"),
            ("/v1/forward-auth", None, "", "/"),
        ] {
            let told: Vec<_> = told.into_iter().map(|told| ("x-original-uri", told)).collect();
            let read = component_and_told_target(uri, &told, &both);
            assert_eq!(read, (component.to_owned(), target.to_owned()), "{uri}");
        }
    }

    #[test]
    fn only_the_headers_that_are_configured_tell_the_target_in_their_order() {
        use crate::web::TargetHeader::{XForwardedUri, XOriginalUri};
        let told = [("x-original-uri", "/original"), ("x-forwarded-uri", "/forwarded")];
        for (believed, expected) in [
            (vec![XOriginalUri, XForwardedUri], "/original"),
            (vec![XForwardedUri, XOriginalUri], "/forwarded"),
            (vec![XForwardedUri], "/forwarded"),
            (vec![], "/own"),
        ] {
            let uri = "/v1/forward-auth/http-auth/own";
            let (_, target) = component_and_told_target(uri, &told, &TargetHeaders(believed));
            assert_eq!(target, expected);
        }
    }

    fn component_and_told_target(
        uri: &str,
        told: &[(&'static str, &'static str)],
        believed: &TargetHeaders,
    ) -> (String, String) {
        let mut request = Request::new(axum::body::Body::empty());
        *request.uri_mut() = uri.parse().expect("a URI");
        for (name, value) in told {
            request.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        let request = request.into_parts().0;
        let (component, target) = component_and_target(&request.uri);
        (component.to_owned(), parts(&request, target, believed).target.to_string())
    }
}
