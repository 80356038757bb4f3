//! What the configuration says about an endpoint.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{AnswerRule, Pointers};
use crate::legacy::remote::{CallLimits, MissingToken};
use crate::legacy::{Secret, Source};
use crate::outbound::Method;

/// An endpoint, how to ask it and how to read it.
///
/// In header values and in the body, `{token}` stands for the token: as it is in headers,
/// JSON-escaped in the body. `{token:form}` in the body is the token percent-encoded.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// The method.
    pub method: Method,
    /// The target. No placeholders: URLs are logged by everybody they pass.
    pub url: String,
    /// Header fields.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Names of header fields that are copied from the caller's request. With `authorization`
    /// among them a caller's bare token goes out as `Bearer`.
    #[serde(default)]
    pub forward: Vec<String>,
    /// The body.
    pub body: Option<String>,
    /// When the answer is an allow.
    pub allow: AnswerRule,
    /// When it is a deny. What matches both is a deny.
    pub deny: AnswerRule,
    /// Where the answer's parts are.
    #[serde(default)]
    pub pointers: Pointers,
    /// The endpoint's own words, where `pointers.reason` points, that say that the token was taken
    /// back: SSOT then refuses it as well.
    #[serde(default)]
    pub revoked: Vec<String>,
    /// Where the token is taken from; empty: the one that the new side takes.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// Whether an allow of the endpoint means that it has verified a signature. False for one that
    /// lets in whatever a forger writes: then its allow alone proves nobody.
    #[serde(default = "yes")]
    pub verifies_signatures: bool,
    /// What happens to a request without a token.
    #[serde(default)]
    pub missing_token: MissingToken,
    /// Whether the endpoint may be asked about nobody's token, only to see whether it answers.
    /// False for one that has effects.
    #[serde(default = "yes")]
    pub probe: bool,
    /// Time and size.
    #[serde(default)]
    pub limits: CallLimits,
    /// Header fields whose values are secret, already read; no placeholders.
    #[serde(skip)]
    pub secret_headers: Vec<(String, Secret)>,
}

const fn yes() -> bool {
    true
}
