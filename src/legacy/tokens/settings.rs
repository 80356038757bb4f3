//! What the configuration says about a legacy way to make tokens.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ModelSettings;
use super::body::{Body, Part};
use crate::legacy::remote::CallLimits;
use crate::legacy::{LegacyError, Secret};
use crate::outbound::{Headers, Method, Outbound, Url};

/// `[legacy.<name>.tokens]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Settings {
    /// Endpoints of a service.
    Http(Box<HttpTokenSettings>),
    /// A model in process.
    Modelled(ModelSettings),
}

/// Endpoints of a service that makes tokens. What is left out cannot be done there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpTokenSettings {
    /// Begins a session. Its body holds `{subject}`, `{email}` and `{permissions}`.
    pub issue: Option<Endpoint>,
    /// Goes on with one. Its body holds `{token}`.
    pub refresh: Option<Endpoint>,
    /// Takes a token back. Its body holds `{token}`.
    pub revoke: Option<RevokeEndpoint>,
    /// Time and size.
    #[serde(default)]
    pub limits: CallLimits,
    /// Header fields whose values are secret, already read; sent to all three.
    #[serde(skip)]
    pub secret_headers: Vec<(String, Secret)>,
}

/// An endpoint that answers with tokens.
///
/// In the body `{token}`, `{subject}` and `{email}` stand for texts, JSON-escaped, and
/// `{permissions}` for a JSON list; with `:form` behind the name, percent-encoded, and the list as
/// one text with spaces.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// The target.
    pub url: String,
    /// The method.
    #[serde(default = "post")]
    pub method: Method,
    /// Header fields; without a `content-type`, that of JSON.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
    /// Statuses that refuse, 400 to 499.
    #[serde(default = "unauthorized")]
    pub deny_status: Vec<u16>,
    /// Where the answer's parts are.
    #[serde(default)]
    pub pointers: Pointers,
}

/// JSON pointers (RFC 6901) to the parts of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pointers {
    /// The access token; an answer without one is unreadable.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: String,
    /// Seconds to the access token's end; without them its `exp` counts.
    pub expires_in: String,
    /// Why not, in the endpoint's own words.
    pub reason: String,
}

impl Default for Pointers {
    fn default() -> Self {
        Self {
            access_token: "/access_token".to_owned(),
            refresh_token: "/refresh_token".to_owned(),
            expires_in: "/expires_in".to_owned(),
            reason: "/error".to_owned(),
        }
    }
}

/// An endpoint that takes tokens back. Its answer's body is not read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeEndpoint {
    /// The target.
    pub url: String,
    /// The method.
    #[serde(default = "post")]
    pub method: Method,
    /// Header fields; without a `content-type`, that of JSON. They are kept as they are: what is
    /// secret stands among the secret headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
    /// Statuses besides 2xx that say that there is nothing to take back any more. After any other
    /// the revocation is sent again.
    #[serde(default)]
    pub landed_status: Vec<u16>,
}

const fn post() -> Method {
    Method::Post
}

fn unauthorized() -> Vec<u16> {
    vec![401]
}

/// An endpoint that fits together.
pub(super) struct Checked {
    pub method: Method,
    pub url: Url,
    pub headers: Vec<(String, String)>,
    pub body: Body,
}

/// The three of them.
pub(super) struct CheckedAll {
    pub issue: Option<(Checked, Vec<u16>, Pointers)>,
    pub refresh: Option<(Checked, Vec<u16>, Pointers)>,
    pub revoke: Option<(Checked, Vec<u16>)>,
    pub secret_headers: Vec<(String, String)>,
}

impl HttpTokenSettings {
    /// Checks everything; the error is [`LegacyError::Faults`] with all that is wrong.
    pub(super) fn checked(
        &self,
        name: &str,
        outbound: &Outbound,
    ) -> Result<CheckedAll, LegacyError> {
        let mut faults: Vec<String> = self.limits.faults().collect();
        if self.issue.is_none() && self.refresh.is_none() && self.revoke.is_none() {
            faults.push("tokens name no endpoint".to_owned());
        }
        let order = [Part::Subject, Part::Email, Part::Permissions];
        let issue = self.issue.as_ref().map(|endpoint| {
            endpoint.checked("issue", &order, Part::Subject, outbound, &mut faults)
        });
        let refresh = self.refresh.as_ref().map(|endpoint| {
            endpoint.checked("refresh", &[Part::Token], Part::Token, outbound, &mut faults)
        });
        let revoke = self.revoke.as_ref().map(|endpoint| endpoint.checked(outbound, &mut faults));
        let secret_headers = secret_texts(&self.secret_headers, &mut faults);
        if !faults.is_empty() {
            return Err(LegacyError::Faults { path: name.to_owned(), faults });
        }
        let (issue, refresh, revoke) = (issue.flatten(), refresh.flatten(), revoke.flatten());
        Ok(CheckedAll { issue, refresh, revoke, secret_headers })
    }
}

impl Endpoint {
    fn checked(
        &self,
        name: &str,
        parts: &[Part],
        needed: Part,
        outbound: &Outbound,
        faults: &mut Vec<String>,
    ) -> Option<(Checked, Vec<u16>, Pointers)> {
        for status in self.deny_status.iter().filter(|status| !(400..500).contains(*status)) {
            faults.push(format!("{name}.deny_status {status} is not a refusal"));
        }
        let Pointers { access_token, refresh_token, expires_in, reason } = &self.pointers;
        for pointer in [access_token, refresh_token, expires_in, reason] {
            if !pointer.starts_with('/') {
                faults.push(format!("{name}.pointers: {pointer:?} is not a json pointer"));
            }
        }
        let target = (&*self.url, self.method, &self.headers);
        let body = Body::parse(&self.body, parts, needed);
        let checked = checked(name, target, body, outbound, faults)?;
        Some((checked, self.deny_status.clone(), self.pointers.clone()))
    }
}

impl RevokeEndpoint {
    fn checked(
        &self,
        outbound: &Outbound,
        faults: &mut Vec<String>,
    ) -> Option<(Checked, Vec<u16>)> {
        let secret = ["authorization", "proxy-authorization", "cookie"];
        for name in self.headers.keys() {
            if secret.iter().any(|secret| name.eq_ignore_ascii_case(secret)) {
                faults.push(format!("revoke.headers: {name} belongs to secret_headers"));
            }
        }
        let target = (&*self.url, self.method, &self.headers);
        let body = Body::parse(&self.body, &[Part::Token], Part::Token);
        Some((checked("revoke", target, body, outbound, faults)?, self.landed_status.clone()))
    }
}

type Target<'t> = (&'t str, Method, &'t BTreeMap<String, String>);

fn checked(
    name: &str,
    (url, method, headers): Target<'_>,
    body: Result<Body, String>,
    outbound: &Outbound,
    faults: &mut Vec<String>,
) -> Option<Checked> {
    let url = Url::configured(url)
        .map_err(|error| error.to_string())
        .and_then(|url| outbound.check(&url).map(|()| url).map_err(|error| error.to_string()));
    let url = url.map_err(|error| faults.push(format!("{name}.url: {error}"))).ok();
    let body = body.map_err(|error| faults.push(format!("{name}.body: {error}"))).ok();
    let mut fields: Vec<_> = headers.clone().into_iter().collect();
    if !headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
        fields.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    for (field, value) in &fields {
        if let Err(error) = Headers::default().append(field, value) {
            faults.push(format!("{name}.headers: {error}"));
        }
    }
    Some(Checked { method, url: url?, headers: fields, body: body? })
}

fn secret_texts(headers: &[(String, Secret)], faults: &mut Vec<String>) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for (name, secret) in headers {
        let text = std::str::from_utf8(secret.reveal()).unwrap_or("\n").trim_end();
        if text.is_empty() || Headers::default().append(name, text).is_err() {
            faults.push(format!("secret header {name} cannot be sent"));
        }
        texts.push((name.clone(), text.to_owned()));
    }
    texts
}
