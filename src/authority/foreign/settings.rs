//! What is known of a foreign issuer at the start.

use std::net::IpAddr;

use crate::authority::{Algorithm, AuthorityError};
use crate::domain::TokenType;
use crate::outbound::Url;

/// Most foreign issuers.
const ISSUERS_MAX: usize = 32;

/// Longest name of an issuer, in characters.
const NAME_LENGTH_MAX: usize = 64;

/// Claims that may name the subject.
pub const SUBJECT_CLAIMS: [&str; 11] = [
    "sub",
    "oid",
    "email",
    "preferred_username",
    "username",
    "upn",
    "uid",
    "user_id",
    "client_id",
    "azp",
    "unique_name",
];

/// Claims that may list permissions, beside `scope`, which always counts.
pub const PERMISSIONS_CLAIMS: [&str; 7] =
    ["permissions", "scp", "scopes", "roles", "groups", "authorities", "entitlements"];

/// A trusted issuer, as it is configured.
///
/// **Whose subject is whose.** Two issuers' "1" are two people. So the subject of a token is
/// `NAME|claim` with the name of the issuer here, wherever subjects appear: in answers, logs,
/// revocations. With [`same_subjects`](Self::same_subjects) it is the bare claim, and whoever has
/// it *is* our own subject of that name: only for a provider that hands out the very subjects that
/// our own tokens carry. Even then a subject that begins like another issuer's (`OTHER|`) is
/// refused. Our own subjects should not begin with an issuer's name and a bar.
#[derive(Clone, Debug)]
pub struct IssuerSettings {
    /// Its name here: 1 to 64 lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// Its `iss`, compared exactly.
    pub issuer: String,
    /// Where it publishes its keys: https, or http on this machine.
    pub jwks_url: Url,
    /// `aud` must name one of these.
    pub audiences: Vec<String>,
    /// Accepted algorithms, none of them with a shared secret; default RS256, ES256 and `EdDSA`.
    pub algorithms: Vec<Algorithm>,
    /// The claim that names the subject, one of [`SUBJECT_CLAIMS`]; default `sub`.
    pub subject_claim: &'static str,
    /// The claim that lists permissions, one of [`PERMISSIONS_CLAIMS`]; default `permissions`.
    /// Where `scp` is a string, it is read as `scope` is.
    pub permissions_claim: &'static str,
    /// Kinds of token that are let in; default: access only.
    pub accepted_types: Vec<TokenType>,
    /// The kind of a token that does not say which it is; `None`: it must say. Default: access.
    pub default_type: Option<TokenType>,
    /// Longest `exp - iat` in seconds; default 24 hours.
    pub lifetime_max_s: u32,
    /// Whether its subjects are our own; default false, see above.
    pub same_subjects: bool,
    /// How long its last keys hold while it cannot be asked, in seconds; default 24 hours.
    pub stale_max_s: u32,
}

impl IssuerSettings {
    /// The defaults, for an issuer, the place of its keys and one audience.
    pub fn new(name: &str, issuer: &str, jwks_url: Url, audience: &str) -> Self {
        Self {
            name: name.into(),
            issuer: issuer.into(),
            jwks_url,
            audiences: vec![audience.into()],
            algorithms: vec![Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa],
            subject_claim: "sub",
            permissions_claim: "permissions",
            accepted_types: vec![TokenType::Access],
            default_type: Some(TokenType::Access),
            lifetime_max_s: 86_400,
            same_subjects: false,
            stale_max_s: 86_400,
        }
    }

    fn fault(&self) -> Option<&'static str> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        if !(1..=NAME_LENGTH_MAX).contains(&self.name.len()) || !self.name.chars().all(plain) {
            return Some("needs a name of 1 to 64 lower-case letters, digits, - and _");
        }
        if self.issuer.is_empty() {
            return Some("issuer: must not be empty");
        }
        if self.jwks_url.scheme() == "http" && !is_loopback(self.jwks_url.host()) {
            return Some("jwks_url: is https, or http on a loopback address");
        }
        if self.audiences.is_empty() || self.audiences.iter().any(String::is_empty) {
            return Some("audiences: at least one, and none of them empty");
        }
        if self.algorithms.is_empty() || self.algorithms.contains(&Algorithm::Hs256) {
            return Some("algorithms: at least one, and none with a shared secret");
        }
        self.fault_of_mapping()
    }

    fn fault_of_mapping(&self) -> Option<&'static str> {
        if !SUBJECT_CLAIMS.contains(&self.subject_claim) {
            return Some("claims.subject: is none of the claims that may name a subject");
        }
        if !PERMISSIONS_CLAIMS.contains(&self.permissions_claim) {
            return Some("claims.permissions: is none of the claims that may list permissions");
        }
        if self.accepted_types.is_empty() {
            return Some("accepted_types: at least one");
        }
        if self.default_type.is_some_and(|kind| !self.accepted_types.contains(&kind)) {
            return Some("default_type: is none of the accepted types");
        }
        if self.lifetime_max_s == 0 {
            return Some("lifetime_max_s: at least one second");
        }
        (self.stale_max_s == 0).then_some("stale_max_s: at least one second")
    }
}

/// Checks all issuers together; `own` are the `iss` that are ours.
pub(in crate::authority) fn check(
    all: &[IssuerSettings],
    own: &[String],
) -> Result<(), AuthorityError> {
    if all.len() > ISSUERS_MAX {
        return Err(AuthorityError::Setting { setting: "issuers", why: "at most 32" });
    }
    for (place, each) in all.iter().enumerate() {
        let fault = |why| {
            let name = each.name.chars().take(NAME_LENGTH_MAX).collect();
            Err(AuthorityError::IssuerUnusable { name, why })
        };
        if let Some(why) = each.fault() {
            return fault(why);
        }
        if own.contains(&each.issuer) {
            return fault("issuer: is our own, whose keys are not fetched");
        }
        for other in &all[..place] {
            if other.issuer == each.issuer {
                return fault("issuer: belongs to another issuer already");
            }
            if other.name == each.name {
                return fault("its name belongs to another issuer already");
            }
        }
    }
    Ok(())
}

/// A host on this machine, by address or by the one name that stands for it (RFC 6761 §6.3).
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
