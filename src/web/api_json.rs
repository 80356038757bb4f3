//! Reading a JSON body: bounded, timed, and with errors in our own words.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Problem;

/// Largest accepted body, in bytes.
pub const BODY_MAX: usize = 64 * 1024;

/// Longest accepted time for a body to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// Longest field name that an error shows, in bytes.
const NAME_MAX: usize = 40;

/// Reads the bytes of a JSON body. Errors: 415 for another content type, 413 over
/// [`BODY_MAX`], 408 when it does not arrive in time, 400 when it breaks off.
pub async fn read_json_body(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    wants_json(headers)?;
    read_bounded(body).await
}

/// 415 for a body that does not say that it is JSON.
pub(super) fn wants_json(headers: &HeaderMap) -> Result<(), Problem> {
    if is_json(headers) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "media-type",
        "Not JSON",
        "send the body with `Content-Type: application/json`",
    ))
}

/// Reads an object that may borrow from the body. Error: 400 for anything but the expected JSON.
pub fn parse_json<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T, Problem> {
    // The derived readers would take a list of the fields' values for the object.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::bad_request("the body is a JSON object, not a list"));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(Problem::bad_request("the body is not UTF-8"));
    };
    serde_json::from_str(text).map_err(|error| Problem::bad_request(readable(&error)))
}

/// Reads a JSON object to its end. Errors: those of [`read_json_body`] and [`parse_json`].
pub async fn take_json<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    parse_json(&read_json_body(headers, body).await?)
}

pub(super) async fn read_bounded(body: Body) -> Result<Bytes, Problem> {
    read_at_most(body, BODY_MAX).await
}

/// Reads a body of at most `bytes_max`. Errors: 413 over it, 408 when it does not arrive in time,
/// 400 when it breaks off.
pub(super) async fn read_at_most(body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let collected = Limited::new(body, bytes_max).collect();
    let Ok(collected) = tokio::time::timeout(BODY_TIME, collected).await else {
        return Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "slow-body",
            "The body did not arrive",
            format!("the body must be complete within {} s", BODY_TIME.as_secs()),
        ));
    };
    match collected {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "The body is too large",
            format!("a body has at most {bytes_max} bytes"),
        )),
        Err(_) => Err(Problem::bad_request("the body broke off")),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(header::CONTENT_TYPE).map(|value| value.to_str()) else {
        return false;
    };
    let kind = value.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

/// Where the JSON stops being readable. A value of the wrong type is quoted by serde, and the
/// value may be a token: only the category and the place are told.
fn readable(error: &serde_json::Error) -> String {
    let place = format!("line {} column {}", error.line(), error.column());
    let text = error.to_string();
    match error.classify() {
        serde_json::error::Category::Data => {
            let told = ["missing field", "unknown field", "duplicate field"];
            if !told.iter().any(|prefix| text.starts_with(prefix)) {
                return format!(
                    "the body is not what is expected here: a value at {place} has another type"
                );
            }
            // A long name is none of a field: it may be a token.
            if text.split('`').nth(1).is_none_or(|name| name.len() > NAME_MAX) {
                return format!("the body has a field at {place} that is not expected here");
            }
            let known: String = text.chars().take(200).collect();
            format!("the body is not what is expected here: {known}")
        }
        serde_json::error::Category::Syntax => format!("the body is not JSON at {place}"),
        serde_json::error::Category::Eof | serde_json::error::Category::Io => {
            format!("the body ends too early, at {place}")
        }
    }
}
