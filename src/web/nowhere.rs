//! Where a path leads nowhere, or not by this method: a problem for programs, on the control listener
//! a page for browsers.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::client_address::client_address;
use super::guard::signed_in;
use super::pages::{no_page, only_forms, send_elsewhere};
use super::{Problem, Rooms};

/// No such path.
pub(super) async fn not_found() -> Problem {
    Problem::not_found("this listener has no such path; GET /openapi.json lists those it has")
}

/// Not with this method.
pub(super) async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        "Another method",
        "the path exists, but not with this method; GET /openapi.json lists what it takes",
    )
    .with_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

/// No such path on the control listener.
pub(super) async fn no_such_page(State(rooms): State<Arc<Rooms>>, request: Request) -> Response {
    let answer = match shown(&rooms, &request) {
        Some(Ok(signed)) => no_page(&rooms, signed.as_ref()),
        Some(Err(refused)) => refused,
        None => not_found().await.into_response(),
    };
    by_accept(answer)
}

/// A path of the control listener to which forms are sent, opened as if it were a page: somebody
/// has sent the address of an answer on, or reloads it.
pub(super) async fn no_such_method(State(rooms): State<Arc<Rooms>>, request: Request) -> Response {
    let is_api = request.uri().path().starts_with("/v1/");
    let answer = match shown(&rooms, &request).filter(|_| !is_api) {
        Some(Ok(signed)) => only_forms(&rooms, signed.as_ref(), request.uri()),
        Some(Err(refused)) => refused,
        None => method_not_allowed().await.into_response(),
    };
    by_accept(answer)
}

type Signed = Option<super::guard::Signed>;

/// For whom a page is shown; `None` where none is asked for, and the way elsewhere for whoever asks
/// too often, since who has signed in is looked up here as on every page.
fn shown(rooms: &Rooms, request: &Request) -> Option<Result<Signed, Response>> {
    let (headers, method) = (request.headers(), request.method());
    if !wants_page(method, headers) {
        return None;
    }
    let from = client_address(request.extensions(), headers, &rooms.network.trusted_proxies);
    if let Err(refusal) = rooms.access.rates.control(from) {
        rooms.access.refusals.count(refusal);
        return Some(Err(send_elsewhere(refusal, method, request.uri())));
    }
    Some(Ok(signed_in(rooms, headers)))
}

fn by_accept(mut answer: Response) -> Response {
    answer.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    answer
}

/// True for browsers, which name HTML. Programs name JSON, or take whatever comes.
fn wants_page(method: &Method, headers: &HeaderMap) -> bool {
    let html = quality(headers, "text/html");
    let json = ["application/json", "application/problem+json"];
    let json = json.map(|kind| quality(headers, kind)).into_iter().fold(0.0, f32::max);
    matches!(*method, Method::GET | Method::HEAD) && html > 0.0 && html >= json
}

/// How much a media type is wanted by its very name, 0 to 1 (RFC 9110 §12.5.1).
fn quality(headers: &HeaderMap, kind: &str) -> f32 {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let named = values.flat_map(|value| value.split(',')).filter_map(|range| {
        let mut pieces = range.split(';').map(str::trim);
        let name = pieces.next().unwrap_or_default();
        let weight = pieces.find_map(|piece| piece.strip_prefix("q="));
        let weight = weight.map_or(Some(1.0), |weight| weight.parse::<f32>().ok());
        weight.filter(|weight| name.eq_ignore_ascii_case(kind) && weight.is_finite())
    });
    named.fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(method: &Method, accept: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(accept).expect("a value"));
        wants_page(method, &headers)
    }

    #[test]
    fn a_browser_is_who_names_html_and_does_not_want_json_more() {
        let firefox = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for accept in [firefox, "TEXT/HTML", "application/json;q=0.5, text/html ; q=0.5"] {
            assert!(wants(&Method::GET, accept), "{accept}");
        }
        for accept in
            ["*/*", "", "application/json, text/html;q=0.9", "text/html;q=0", "text/html;q=x"]
        {
            assert!(!wants(&Method::GET, accept), "{accept}");
        }
        assert!(wants(&Method::HEAD, firefox) && !wants(&Method::POST, firefox));
        assert!(!wants_page(&Method::GET, &HeaderMap::new()));
    }
}
