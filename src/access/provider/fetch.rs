//! Bounded calls to the provider.

use std::time::Duration;

use bytes::Bytes;

use crate::outbound::{Answer, Call, Headers, Method, Outbound, OutboundError, Url};

const TIMEOUT: Duration = Duration::from_secs(5);

/// Largest accepted answer, in bytes.
pub(super) const BYTES_MAX: usize = 64 * 1024;

pub(super) async fn get(outbound: &Outbound, url: &Url) -> Result<Answer, OutboundError> {
    outbound.send(call(Method::Get, url, Headers::default(), Bytes::new())).await
}

pub(super) async fn post_form(
    outbound: &Outbound,
    url: &Url,
    authorization: Option<&str>,
    form: String,
) -> Result<Answer, OutboundError> {
    let mut headers = Headers::default();
    headers.append("content-type", "application/x-www-form-urlencoded")?;
    if let Some(authorization) = authorization {
        headers.append("authorization", authorization)?;
    }
    outbound.send(call(Method::Post, url, headers, form.into())).await
}

fn call(method: Method, url: &Url, mut headers: Headers, body: Bytes) -> Call {
    // A constant that HTTP can carry.
    let _accepted = headers.append("accept", "application/json");
    Call {
        method,
        url: url.clone(),
        headers,
        body,
        timeout: TIMEOUT,
        response_bytes_max: BYTES_MAX,
    }
}
