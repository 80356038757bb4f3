//! Calls over HTTP: those to our own doors, and those that are written down in the settings.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use crate::domain::Token;
use crate::outbound::{Answer, Call, Headers, Method, Outbound, Url};

/// Largest answer that is read, in bytes.
const ANSWER_MAX: usize = 256 * 1024;

/// Asks for what decided, and tells it.
pub(super) const PROVENANCE: &str = "crossfade-provenance";

/// A call whose parts are filled in: `{subject}`, `{token}`, `{run_id}` and `{secret}` stand for
/// themselves, in the body as the inside of a JSON text.
#[derive(Clone, Debug)]
pub struct Template {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: String,
    /// Header fields. They may hold secrets.
    pub headers: Vec<(String, Token)>,
    /// The body; empty for none.
    pub body: Token,
    /// What `{secret}` stands for.
    pub secret: Option<Token>,
    /// The statuses of success; every one from 200 to 299 where it is empty.
    pub status: Vec<u16>,
}

/// What is filled in.
#[derive(Clone, Copy, Default)]
pub(super) struct Filling<'f> {
    pub subject: &'f str,
    pub token: &'f str,
    pub run_id: &'f str,
}

impl Template {
    fn filled(&self, text: &str, filling: Filling<'_>, write: fn(&str) -> String) -> String {
        let secret = self.secret.as_ref().map_or("", Token::reveal);
        let parts = [
            ("{subject}", filling.subject),
            ("{token}", filling.token),
            ("{run_id}", filling.run_id),
            ("{secret}", secret),
        ];
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        // From left to right: what is filled in is not looked at again.
        while let Some(at) = rest.find('{') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some((name, value)) = parts.iter().find(|(name, _)| rest.starts_with(name)) {
                out.push_str(&write(value));
                rest = &rest[name.len()..];
            } else {
                out.push('{');
                rest = &rest[1..];
            }
        }
        out.push_str(rest);
        out
    }

    /// Makes the call. Error: what went wrong, without anything that was filled in.
    pub(super) async fn send(
        &self,
        outbound: &Outbound,
        filling: Filling<'_>,
        time: Duration,
    ) -> Result<Answer, String> {
        let mut request = Request::new(self.method, self.filled(&self.url, filling, as_it_is));
        for (name, value) in &self.headers {
            request.header(name, &self.filled(value.reveal(), filling, as_it_is));
        }
        request.body = self.filled(self.body.reveal(), filling, inside_json).into_bytes();
        let answer = request.send(outbound, time).await?;
        let fine = match self.status.as_slice() {
            [] => (200..300).contains(&answer.status),
            listed => listed.contains(&answer.status),
        };
        if fine { Ok(answer) } else { Err(format!("answered {}", answer.status)) }
    }
}

fn as_it_is(text: &str) -> String {
    text.to_owned()
}

fn inside_json(text: &str) -> String {
    let whole = Value::from(text).to_string();
    whole[1..whole.len() - 1].to_owned()
}

/// A request that is being put together.
pub(super) struct Request {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub fn new(method: Method, url: String) -> Self {
        let headers = vec![(PROVENANCE.to_owned(), "?1".to_owned())];
        Self { method, url, headers, body: Vec::new() }
    }

    pub fn header(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub fn bearer(&mut self, token: &Token) {
        self.header("authorization", &format!("Bearer {}", token.reveal()));
    }

    pub fn json(&mut self, body: &Value) {
        self.header("content-type", "application/json");
        self.body = body.to_string().into_bytes();
    }

    pub fn form(&mut self, pairs: &[(&str, &str)]) {
        self.header("content-type", "application/x-www-form-urlencoded");
        let pairs: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        self.body = pairs.join("&").into_bytes();
    }

    /// Sends it. Error: what went wrong, in words that fit after a step's name.
    pub async fn send(self, outbound: &Outbound, timeout: Duration) -> Result<Answer, String> {
        let url = Url::configured(&self.url).map_err(|error| error.to_string())?;
        let mut headers = Headers::default();
        for (name, value) in &self.headers {
            headers.append(name, value).map_err(|error| error.to_string())?;
        }
        let (method, body) = (self.method, self.body.into());
        let call = Call { method, url, headers, body, timeout, response_bytes_max: ANSWER_MAX };
        outbound.send(call).await.map_err(|error| error.to_string())
    }
}

/// A value of a form (RFC 3986 §2.3: everything but the unreserved is encoded).
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a `String` cannot fail.
            let _written = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The body as JSON; `null` when it is none.
pub(super) fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
}

/// Why an answer is none of success, by its status and the short code that it may carry.
pub(super) fn refusal(answer: &Answer) -> String {
    let body = json(answer);
    let code = ["detail", "error", "reason"].iter().find_map(|name| body[*name].as_str());
    // Codes of reasons and no more: an answer may hold what was sent.
    let short = |code: &&str| {
        code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
    };
    match code.filter(short) {
        Some(code) => format!("answered {}: {code}", answer.status),
        None => format!("answered {}", answer.status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(body: &str) -> Template {
        Template {
            method: Method::Post,
            url: "http://127.0.0.1/{run_id}".to_owned(),
            headers: Vec::new(),
            body: Token::new(body),
            secret: Some(Token::new("pass\"word")),
            status: Vec::new(),
        }
    }

    #[test]
    fn a_body_is_filled_in_once_and_stays_json() {
        let call = template(r#"{"user":"{subject}","secret":"{secret}","n":{"a":"{other}"}}"#);
        let filling = Filling { subject: "{secret}", ..Filling::default() };
        let body = call.filled(call.body.reveal(), filling, inside_json);
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(body["user"], "{secret}", "what is filled in is not filled in again");
        assert_eq!((&body["secret"], &body["n"]["a"]), (&"pass\"word".into(), &"{other}".into()));
        let url = call.filled(&call.url, Filling { run_id: "r-1", ..filling }, as_it_is);
        assert_eq!(url, "http://127.0.0.1/r-1");
    }

    #[test]
    fn a_form_carries_any_value() {
        assert_eq!(encoded("a.b-c_d~e"), "a.b-c_d~e");
        assert_eq!(encoded("a b+c&d=é"), "a%20b%2Bc%26d%3D%C3%A9");
    }

    #[test]
    fn a_refusal_tells_a_code_and_never_a_text_that_was_sent() {
        let answer = |body: &str| Answer {
            status: 401,
            headers: Headers::default(),
            body: body.to_owned().into(),
        };
        assert_eq!(refusal(&answer(r#"{"detail":"expired"}"#)), "answered 401: expired");
        let long = format!(r#"{{"detail":"{}"}}"#, "x".repeat(65));
        assert_eq!(refusal(&answer(&long)), "answered 401");
        assert_eq!(refusal(&answer("no JSON")), "answered 401");
    }
}
