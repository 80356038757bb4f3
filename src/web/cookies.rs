//! The cookies of a browser that has signed in (RFC 6265).

use axum::http::{HeaderMap, HeaderValue, header};

use super::PublicUrl;
use crate::access::{NewSession, Secret};

/// How long a browser is remembered as one that has signed in before.
const DEVICE_S: u64 = 180 * 86_400;

/// The text of the session's cookie.
pub fn session<'h>(headers: &'h HeaderMap, url: &PublicUrl) -> Option<&'h str> {
    named(headers, name(url, "session"))
}

/// The text of the cookie that a browser keeps after it has signed in once.
pub fn device<'h>(headers: &'h HeaderMap, url: &PublicUrl) -> Option<&'h str> {
    named(headers, name(url, "device"))
}

/// `Set-Cookie` for a new session.
pub fn signed_in(new: &NewSession, url: &PublicUrl) -> Vec<HeaderValue> {
    let session = set(url, "session", &new.secret, None);
    let device = new.device.as_ref().map(|device| set(url, "device", device, Some(DEVICE_S)));
    [Some(session), device].into_iter().flatten().collect()
}

/// `Set-Cookie` that forgets the session.
pub fn signed_out(url: &PublicUrl) -> HeaderValue {
    set(url, "session", &Secret::new(""), Some(0))
}

/// `__Host-` keeps other hosts of the same domain from setting it (RFC 6265bis §4.1.3.2).
fn name(url: &PublicUrl, what: &str) -> &'static str {
    match (url.is_https(), what) {
        (true, "session") => "__Host-crossfade-session",
        (true, _) => "__Host-crossfade-device",
        (false, "session") => "crossfade-session",
        (false, _) => "crossfade-device",
    }
}

fn set(url: &PublicUrl, what: &str, value: &Secret, age_s: Option<u64>) -> HeaderValue {
    let secure = if url.is_https() { "; Secure" } else { "" };
    let age = age_s.map_or(String::new(), |age| format!("; Max-Age={age}"));
    let text = format!(
        "{}={}; Path=/; HttpOnly; SameSite=Lax{secure}{age}",
        name(url, what),
        value.reveal()
    );
    // Secrets are base64url: this cannot fail.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// The value of a cookie; the first one, should a name come twice.
fn named<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))
}
