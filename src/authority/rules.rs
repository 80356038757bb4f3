//! What a token's claims are held against: the words of one issuer, ours or a trusted one's.

use crate::domain::{Subject, TokenType};

use super::claims::Tolerance;

/// The expectations of one issuer.
pub(super) struct Rules<'a> {
    /// The configured name of a foreign issuer; `None` for our own.
    pub(super) name: Option<&'a str>,
    /// `iss` is exactly one of these.
    pub(super) issuers: &'a [String],
    /// `aud` must name one of these.
    pub(super) audiences: &'a [String],
    /// The expected `env`, if any.
    pub(super) environment: Option<&'a str>,
    /// Whether a token without `env` is refused, when one is expected.
    pub(super) environment_required: bool,
    /// The expected `svc_id`, if any.
    pub(super) service_id: Option<&'a str>,
    /// Clocks and lifetimes.
    pub(super) tolerance: Tolerance,
    /// Longest `sub` in bytes.
    pub(super) subject_bytes_max: usize,
    /// Kinds of token that are let in.
    pub(super) accepted_types: &'a [TokenType],
    /// The kind of a token that does not say which it is; `None`: it must say.
    pub(super) default_type: Option<TokenType>,
    /// The claim that names the subject.
    pub(super) subject_claim: &'static str,
    /// What stands before the subject, with a bar between; `None`: the claim alone.
    pub(super) subject_prefix: Option<&'a str>,
    /// Prefixes with which a bare subject must not begin: it would be somebody else.
    pub(super) reserved_prefixes: &'a [Box<str>],
    /// The claim beside `scope` that lists permissions.
    pub(super) permissions_claim: &'static str,
}

impl Rules<'_> {
    /// The subject that a claim names; `None` when it is nobody's name.
    pub(super) fn subject(&self, claim: &str) -> Option<Subject> {
        match self.subject_prefix {
            Some(prefix) => Subject::parse(&format!("{prefix}|{claim}")),
            None => Subject::parse(claim).filter(|_| !self.is_reserved(claim)),
        }
    }

    fn is_reserved(&self, claim: &str) -> bool {
        let begins =
            |prefix: &str| claim.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('|'));
        self.reserved_prefixes.iter().any(|prefix| begins(prefix))
    }
}
