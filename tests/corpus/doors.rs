//! The doors through which a token comes in: one row each. A new door is a new row.

use crossfade::domain::{Credentials, RequestParts, encode_base64url};
use serde_json::json;

use super::kit::{CLIENT_SECRET, Reply};

/// One way to ask about a token.
pub struct Door {
    /// For messages.
    pub name: &'static str,
    /// The request that carries these credentials; none where the door cannot carry them as they
    /// are: a header has no line breaks, and a token alone is no request.
    pub carry: fn(&Credentials) -> Option<Sent>,
    /// What the answer says.
    pub read: fn(&Reply) -> Verdict,
}

/// A request to the data listener.
pub struct Sent {
    pub method: &'static str,
    pub target: String,
    /// Whole header lines.
    pub headers: String,
    pub body: String,
}

/// What a door says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Let in, as whom if the door tells.
    Allowed(Option<String>),
    /// Denied, and why if the door tells.
    Denied(Option<String>),
    /// Neither.
    Odd(String),
}

/// Every door.
pub const DOORS: &[Door] = &[
    Door { name: "decide by token", carry: decide_token, read: decided },
    Door { name: "decide by headers", carry: decide_headers, read: decided },
    Door { name: "decide by subprotocol", carry: decide_subprotocol, read: decided },
    Door { name: "forward-auth", carry: forwarded_header, read: forward_auth },
    Door { name: "forward-auth by subprotocol", carry: forwarded_protocol, read: forward_auth },
    Door { name: "introspection", carry: introspected, read: active },
    Door { name: "/auth/validate", carry: validated, read: valid },
    Door { name: "/auth/verify by header", carry: verified_header, read: valid },
    Door { name: "/auth/verify by body", carry: verified_body, read: valid },
    Door { name: "/api/v1/jwt/validate", carry: jwt_validated, read: valid },
    Door { name: "/api/v1/jwt/validate-batch", carry: jwt_batched, read: first_valid },
    Door { name: "/v1/session by header", carry: session_header, read: session },
    Door { name: "/v1/session by cookie", carry: session_cookie, read: session },
];

/// The component that every door asks about, where it asks about one.
pub const COMPONENT: &str = "modelled";

/// A JSON body.
pub fn posted(target: &str, body: &serde_json::Value) -> Sent {
    let headers = "content-type: application/json\r\n".to_owned();
    Sent { method: "POST", target: target.to_owned(), headers, body: body.to_string() }
}

/// The token, where the credentials are one.
pub fn bare(credentials: &Credentials) -> Option<&str> {
    match credentials {
        Credentials::Token(token) => Some(token.reveal()),
        Credentials::Request(_) => None,
    }
}

/// What stands behind `Bearer` in a header of a real request: readers of HTTP take blanks off.
pub fn bearer(token: &str) -> Option<String> {
    let plain = !token.contains(char::is_control) && !token.starts_with(' ');
    (plain && !token.ends_with(' ')).then(|| format!("Bearer {token}"))
}

fn decide_token(credentials: &Credentials) -> Option<Sent> {
    let body = json!({ "token": bare(credentials)? });
    Some(posted(&format!("/v1/decide/{COMPONENT}"), &body))
}

fn decide_headers(credentials: &Credentials) -> Option<Sent> {
    let body = match credentials {
        // Blanks around a token are the header's, here as well.
        Credentials::Token(token) if token.reveal().trim_matches(' ') != token.reveal() => {
            return None;
        }
        Credentials::Token(token) => {
            json!({ "headers": [["Authorization", format!("Bearer {}", token.reveal())]] })
        }
        Credentials::Request(parts) => {
            json!({ "headers": parts.headers, "method": parts.method, "target": parts.target })
        }
    };
    Some(posted(&format!("/v1/decide/{COMPONENT}"), &body))
}

fn decide_subprotocol(credentials: &Credentials) -> Option<Sent> {
    let offer = format!("jwt-auth, jwt.{}", encode_base64url(bare(credentials)?.as_bytes()));
    let headers = json!([["Sec-WebSocket-Protocol", offer], ["Upgrade", "websocket"]]);
    let body = json!({ "headers": headers, "target": "/ws" });
    Some(posted(&format!("/v1/decide/{COMPONENT}"), &body))
}

fn forwarded_header(credentials: &Credentials) -> Option<Sent> {
    match credentials {
        Credentials::Token(token) => {
            forwarded("/chat", &[("authorization", &bearer(token.reveal())?)])
        }
        Credentials::Request(RequestParts { target, headers, .. }) => {
            let pairs: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (&**n, &**v)).collect();
            forwarded(target, &pairs)
        }
    }
}

fn forwarded_protocol(credentials: &Credentials) -> Option<Sent> {
    let offer = format!("jwt-auth, jwt.{}", encode_base64url(bare(credentials)?.as_bytes()));
    forwarded("/ws", &[("sec-websocket-protocol", &offer)])
}

fn forwarded(target: &str, headers: &[(&str, &str)]) -> Option<Sent> {
    if headers.iter().any(|(_, value)| value.contains(char::is_control)) {
        return None;
    }
    let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    Some(Sent {
        method: "GET",
        target: format!("/v1/forward-auth/{COMPONENT}{target}"),
        headers: lines.collect(),
        body: String::new(),
    })
}

fn decided(reply: &Reply) -> Verdict {
    let json = if reply.status == 200 { reply.json() } else { json!({}) };
    let told = |name: &str| json[name].as_str().map(str::to_owned);
    match (json["decision"].as_str(), json["served_by"].as_str()) {
        (Some("allow"), Some("ssot")) => Verdict::Allowed(told("subject")),
        (Some("deny"), Some("ssot")) => Verdict::Denied(told("reason")),
        (Some(_) | None, Some(_) | None) => {
            Verdict::Odd(format!("{} {}", reply.status, reply.body))
        }
    }
}

fn forward_auth(reply: &Reply) -> Verdict {
    let subject = || reply.header("x-auth-subject").map(unescaped);
    match reply.status {
        200 if reply.header("x-auth-side") == Some("ssot") => Verdict::Allowed(subject()),
        401 => Verdict::Denied(reply.json()["detail"].as_str().map(str::to_owned)),
        status => Verdict::Odd(format!("{status} {}", reply.body)),
    }
}

/// Takes percent-encoding off.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('%') {
        bytes.extend(plain.bytes());
        let (digits, more) = escaped.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).expect("two digits"));
        rest = more;
    }
    bytes.extend(rest.bytes());
    String::from_utf8(bytes).expect("UTF-8")
}

/// A client of the authority shows who it is.
fn of_client() -> String {
    format!("x-service-id: chat\r\nx-service-secret: {CLIENT_SECRET}\r\n")
}

fn introspected(credentials: &Credentials) -> Option<Sent> {
    let mut body = form_urlencoded::Serializer::new(String::new());
    // An empty token is no token at all here (RFC 7662 §2.1).
    let token = bare(credentials).filter(|token| !token.is_empty())?;
    let body = body.append_pair("token", token).finish();
    let kind = "content-type: application/x-www-form-urlencoded\r\n";
    let headers = format!("{kind}{}", of_client());
    Some(Sent { method: "POST", target: "/oauth/introspect".into(), headers, body })
}

fn validated(credentials: &Credentials) -> Option<Sent> {
    Some(posted("/auth/validate", &json!({ "token": bare(credentials)? })))
}

fn verified_header(credentials: &Credentials) -> Option<Sent> {
    by_header("/auth/verify", credentials)
}

fn verified_body(credentials: &Credentials) -> Option<Sent> {
    Some(posted("/auth/verify", &json!({ "access_token": bare(credentials)? })))
}

fn jwt_validated(credentials: &Credentials) -> Option<Sent> {
    Some(posted("/api/v1/jwt/validate", &json!({ "token": bare(credentials)? })))
}

fn jwt_batched(credentials: &Credentials) -> Option<Sent> {
    Some(posted("/api/v1/jwt/validate-batch", &json!({ "tokens": [bare(credentials)?, "x"] })))
}

fn session_header(credentials: &Credentials) -> Option<Sent> {
    by_header("/v1/session", credentials)
}

fn session_cookie(credentials: &Credentials) -> Option<Sent> {
    // A cookie's value has no blanks, quotes, commas or semicolons (RFC 6265 §4.1.1).
    let token = bare(credentials)?;
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | ',' | ';' | '\\');
    let fits = !token.is_empty() && token.chars().all(fits);
    let headers = fits.then(|| format!("cookie: a=b; access_token={token}\r\n"))?;
    Some(Sent { method: "GET", target: "/v1/session".into(), headers, body: String::new() })
}

/// `GET` with the credentials where they belong.
fn by_header(target: &str, credentials: &Credentials) -> Option<Sent> {
    let sent = forwarded_header(credentials)?;
    Some(Sent { target: target.to_owned(), ..sent })
}

fn active(reply: &Reply) -> Verdict {
    let json = if reply.status == 200 { reply.json() } else { json!({}) };
    told(reply, json["active"].as_bool(), json["sub"].as_str())
}

fn valid(reply: &Reply) -> Verdict {
    let json = if reply.status == 200 { reply.json() } else { json!({}) };
    told(reply, json["valid"].as_bool(), json["user_id"].as_str())
}

fn first_valid(reply: &Reply) -> Verdict {
    let json = if reply.status == 200 { reply.json() } else { json!({}) };
    let first = &json["results"][0];
    told(reply, first["valid"].as_bool(), first["user_id"].as_str())
}

fn session(reply: &Reply) -> Verdict {
    match reply.status {
        200 if reply.json()["served_by"] == "ssot" => {
            Verdict::Allowed(reply.json()["subject"].as_str().map(str::to_owned))
        }
        401 => Verdict::Denied(reply.json()["detail"].as_str().map(str::to_owned)),
        status => Verdict::Odd(format!("{status} {}", reply.body)),
    }
}

/// A plain yes or no.
fn told(reply: &Reply, yes: Option<bool>, subject: Option<&str>) -> Verdict {
    match yes {
        Some(true) => Verdict::Allowed(subject.map(str::to_owned)),
        Some(false) => Verdict::Denied(None),
        None => Verdict::Odd(format!("{} {}", reply.status, reply.body)),
    }
}
