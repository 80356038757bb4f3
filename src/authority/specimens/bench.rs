//! Where specimens are put together.

use std::cell::Cell;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::authority::Algorithm;
use crate::domain::{Credentials, RequestParts, Timestamp, Token, encode_base64url};

use super::mint::{Mint, hmac_with};

/// Everything a recipe needs: the mint, the algorithm, the moment, the subject.
pub(super) struct Bench<'m> {
    pub(super) mint: &'m Mint,
    algorithm: Algorithm,
    /// Whether the recipe has asked for the algorithm: if not, it makes the same under all.
    asked: Cell<bool>,
    /// Whole seconds since the epoch.
    pub(super) now: i64,
    subject: Value,
    token_id: String,
}

/// A JSON object as a list of names and raw values, so that anything can be written.
#[derive(Clone)]
pub(super) struct Draft(Vec<(String, String)>);

impl Draft {
    /// Replaces a member or adds it.
    #[expect(clippy::needless_pass_by_value, reason = "takes numbers and texts alike")]
    pub(super) fn set(mut self, name: &str, raw: impl ToString) -> Self {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, value)) => *value = raw.to_string(),
            None => self.0.push((name.into(), raw.to_string())),
        }
        self
    }

    /// Adds a member even if there is one of that name.
    #[expect(clippy::needless_pass_by_value, reason = "takes numbers and texts alike")]
    pub(super) fn again(mut self, name: &str, raw: impl ToString) -> Self {
        self.0.push((name.into(), raw.to_string()));
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    pub(super) fn json(&self) -> String {
        let members: Vec<_> =
            self.0.iter().map(|(name, raw)| format!("{}:{raw}", quoted(name))).collect();
        format!("{{{}}}", members.join(","))
    }
}

impl<'m> Bench<'m> {
    /// The token id depends on nothing but kind, algorithm, moment and subject.
    pub(super) fn new(
        mint: &'m Mint,
        (kind, algorithm): (&str, Algorithm),
        now: Timestamp,
        subject: &str,
    ) -> Self {
        let mut unique = format!("{kind}\0{}\0{subject}", now.micros());
        if algorithm != Algorithm::Hs256 {
            unique = format!("{unique}\0{algorithm}");
        }
        let digest = hmac_with(hmac::HMAC_SHA256, mint.secret(), unique.as_bytes());
        let token_id = encode_base64url(digest.get(..16).unwrap_or_default());
        let (asked, now, subject) = (Cell::new(false), now.seconds(), subject.into());
        Self { mint, algorithm, asked, now, subject, token_id }
    }

    /// The algorithm of the specimen, for recipes that work with each.
    pub(super) fn algorithm(&self) -> Algorithm {
        self.asked.set(true);
        self.algorithm
    }

    /// Whether the recipe depends on the algorithm.
    pub(super) fn depends(&self) -> bool {
        self.asked.get()
    }

    /// The id of the algorithm's key.
    pub(super) fn key_id(&self) -> &'static str {
        Mint::key_id(self.algorithm())
    }

    /// The header of the specimen's algorithm.
    pub(super) fn own_header(&self) -> Draft {
        self.header(self.algorithm().as_str())
    }

    /// Signs with the key of the specimen's algorithm.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.mint.sign(self.algorithm(), message)
    }

    /// The header of an algorithm without a key id, as the legacy issuer writes it.
    #[expect(clippy::unused_self, reason = "recipes read alike")]
    pub(super) fn header(&self, algorithm: &str) -> Draft {
        Draft(Vec::new()).set("alg", quoted(algorithm)).set("typ", "\"JWT\"")
    }

    /// The claims of an access token that is one minute old and good for fourteen more.
    pub(super) fn claims(&self) -> Draft {
        let mint = self.mint;
        Draft(Vec::new())
            .set("sub", &self.subject)
            .set("iat", self.now - 60)
            .set("exp", self.now + 840)
            .set("token_type", "\"access\"")
            .set("type", "\"access\"")
            .set("iss", quoted(&mint.issuer))
            .set("aud", quoted(&mint.audience))
            .set("jti", quoted(&self.token_id))
            .set("env", quoted(&mint.environment))
            .set("svc_id", quoted(&mint.service_id))
            .set("email", "\"person@example.com\"")
            .set("permissions", r#"["read","write"]"#)
    }

    /// Header and claims under the mint's key of an algorithm.
    pub(super) fn token(&self, header: &Draft, claims: &Draft, key: Algorithm) -> Token {
        self.mint.token(header.json().as_bytes(), claims.json().as_bytes(), key)
    }

    /// The canonical token with other claims.
    pub(super) fn signed(&self, claims: &Draft) -> Token {
        self.token(&self.own_header(), claims, self.algorithm())
    }

    /// The canonical token.
    pub(super) fn fresh(&self) -> Token {
        self.signed(&self.claims())
    }

    /// The canonical token with one claim changed.
    pub(super) fn claim(&self, name: &str, raw: impl ToString) -> Credentials {
        Credentials::Token(self.signed(&self.claims().set(name, raw)))
    }

    /// The canonical token with one claim left out.
    pub(super) fn lacking(&self, name: &str) -> Credentials {
        Credentials::Token(self.signed(&self.claims().without(name)))
    }

    /// The canonical token with other times.
    pub(super) fn life(&self, issued: i64, expires: i64) -> Credentials {
        let (issued, expires) = (self.now + issued, self.now + expires);
        Credentials::Token(self.signed(&self.claims().set("iat", issued).set("exp", expires)))
    }

    /// The canonical token with one header member changed.
    pub(super) fn head(&self, name: &str, raw: impl ToString) -> Credentials {
        self.with_header(&self.own_header().set(name, raw))
    }

    /// The canonical token under another header.
    pub(super) fn with_header(&self, header: &Draft) -> Credentials {
        Credentials::Token(self.token(header, &self.claims(), self.algorithm()))
    }

    /// The canonical claims under a header, with a signature of the recipe's own.
    pub(super) fn forged(&self, header: &Draft, sign: impl Fn(&[u8]) -> Vec<u8>) -> Credentials {
        let (header, claims) = (header.json(), self.claims().json());
        let signed = format!(
            "{}.{}",
            encode_base64url(header.as_bytes()),
            encode_base64url(claims.as_bytes())
        );
        let signature = encode_base64url(&sign(signed.as_bytes()));
        text(&format!("{signed}.{signature}"))
    }

    /// The fresh token's three segments, changed.
    pub(super) fn bent(&self, bend: impl Fn(&str, &str, &str) -> String) -> Credentials {
        let token = self.fresh();
        let mut segments = token.reveal().split('.');
        let mut next = || segments.next().unwrap_or_default();
        text(&bend(next(), next(), next()))
    }

    /// The fresh token's header and claims, written differently and signed as they are written.
    pub(super) fn resigned(&self, write: impl Fn(&str, &str) -> String) -> Credentials {
        let claims = self.claims().set("note", quoted("~~~???>>>~~~???>>>"));
        let token = self.signed(&claims);
        let mut segments = token.reveal().split('.');
        let mut next = || segments.next().unwrap_or_default();
        let signed = write(next(), next());
        let signature = self.sign(signed.as_bytes());
        text(&format!("{signed}.{}", encode_base64url(&signature)))
    }

    /// A WebSocket request with headers.
    #[expect(clippy::unused_self, reason = "recipes read alike")]
    pub(super) fn request(&self, target: &str, headers: &[(&str, &str)]) -> Credentials {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Credentials::Request(RequestParts {
            method: "GET".into(),
            target: target.into(),
            headers: headers.collect(),
            ..RequestParts::default()
        })
    }
}

/// Credentials of a bare text.
pub(super) fn text(text: &str) -> Credentials {
    Credentials::Token(Token::new(text))
}

/// A JSON string.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A PEM block (RFC 7468).
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at_checked(64).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
    text + &format!("-----END {label}-----\n")
}
