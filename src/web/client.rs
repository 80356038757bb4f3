//! How a client of the authority shows who it is: HTTP Basic (RFC 6749 §2.3.1), the form's own
//! fields, or the two headers of the services that are being moved.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};

use super::form::Form;
use super::{Problem, Rooms};
use crate::access::{Refusal, Secret};
use crate::authority::{Client, ClientGrant};

/// A name and a secret as they were sent, not yet believed.
pub(super) struct Shown {
    name: String,
    secret: Secret,
}

/// Why a client is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotLetIn {
    /// Nothing was shown.
    Nobody,
    /// Two ways at once (RFC 6749 §2.3: at most one), or one that cannot be read.
    TwoWays,
    /// Unknown, or the secret is another.
    Wrong,
    /// Known, but not for this.
    NotForThis,
}

impl Rooms {
    /// The client that the headers name. Error: 401.
    pub(super) fn client_of(&self, headers: &HeaderMap) -> Result<Arc<Client>, Problem> {
        self.known(shown(headers)).map_err(|_| self.refused(Refusal::Unknown))
    }

    /// The client that headers or form name and that has this grant.
    pub(super) fn client_for(
        &self,
        headers: &HeaderMap,
        form: Option<&Form>,
        grant: ClientGrant,
    ) -> Result<Arc<Client>, NotLetIn> {
        let client = self.client_if_any(headers, form)?.ok_or(NotLetIn::Nobody)?;
        if client.may(grant) { Ok(client) } else { Err(NotLetIn::NotForThis) }
    }

    /// The client that headers or form name, if they do.
    pub(super) fn client_if_any(
        &self,
        headers: &HeaderMap,
        form: Option<&Form>,
    ) -> Result<Option<Arc<Client>>, NotLetIn> {
        if names_basic(headers) && (basic(headers).is_none() || of_service(headers).is_some()) {
            // Not readable, or a second way beside it.
            return Err(NotLetIn::TwoWays);
        }
        match (shown(headers), form.and_then(shown_in)) {
            (Some(_), Some(_)) => Err(NotLetIn::TwoWays),
            (None, None) => Ok(None),
            (shown, None) | (None, shown) => self.known(shown).map(Some),
        }
    }

    fn known(&self, shown: Option<Shown>) -> Result<Arc<Client>, NotLetIn> {
        let shown = shown.ok_or(NotLetIn::Nobody)?;
        let client = self.authority.client(&shown.name, shown.secret.reveal());
        client.map_err(|_| {
            self.access.refusals.count(Refusal::Unknown);
            NotLetIn::Wrong
        })
    }
}

/// What the headers show: Basic, or `X-Service-ID` with `X-Service-Secret`.
pub(super) fn shown(headers: &HeaderMap) -> Option<Shown> {
    basic(headers).or_else(|| of_service(headers))
}

fn of_service(headers: &HeaderMap) -> Option<Shown> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let shown = text("x-service-id").zip(text("x-service-secret"));
    shown.map(|(name, secret)| Shown { name: name.to_owned(), secret: Secret::new(secret) })
}

/// True for an `Authorization` of the scheme, readable or not.
fn names_basic(headers: &HeaderMap) -> bool {
    let value = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let scheme = value.map(|value| value.split(|byte| *byte == b' ').next().unwrap_or_default());
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic"))
}

fn basic(headers: &HeaderMap) -> Option<Shown> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, text) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(crate::domain::decode_base64(text.trim())?).ok()?;
    let (name, secret) = decoded.split_once(':')?;
    Some(Shown { name: form_decoded(name), secret: Secret::new(form_decoded(secret)) })
}

/// Both parts of Basic are form-encoded first (RFC 6749 §2.3.1).
fn form_decoded(text: &str) -> String {
    let pair = format!("x={text}");
    let mut pairs = form_urlencoded::parse(pair.as_bytes());
    pairs.next().map_or_else(String::new, |(_, value)| value.into_owned())
}

fn shown_in(form: &Form) -> Option<Shown> {
    let secret = form.secret("client_secret");
    (!secret.reveal().is_empty()).then(|| Shown { name: form.text("client_id").to_owned(), secret })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (axum::http::HeaderName::from_static(name), value.parse().expect("a value"))
        });
        pairs.collect()
    }

    #[test]
    fn basic_is_read_with_both_parts_form_encoded() {
        // "my client:a b%c" after form-encoding both parts.
        let headers = headers(&[("authorization", "basic bXkrY2xpZW50OmErYiUyNWM=")]);
        let shown = shown(&headers).expect("a client");
        assert_eq!((shown.name.as_str(), shown.secret.reveal()), ("my client", "a b%c"));
    }

    #[test]
    fn a_bearer_token_is_no_client() {
        assert!(shown(&headers(&[("authorization", "Bearer a.b.c")])).is_none());
        assert!(shown(&headers(&[("x-service-id", "chat")])).is_none());
    }
}
