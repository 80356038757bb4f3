//! What can be said of a token for certain: signature, algorithm and revocation alone.
//!
//! No clock but for what is revoked before a moment, no audience, no policy, no kind. In process
//! and without waiting: where a decision would fetch keys first, nothing is proved. The rule of
//! doubt: what a key that is not held, or another reading of the token, could make good is not
//! refuted.

use serde_json::Value;

use crate::domain::{
    Jws, Members, Presented, Proof, Question, Reason, Timestamp, Token, TokenType, decode_leniently,
};

use super::foreign::ForeignIssuer;
use super::header::{Header, Typ};
use super::rules::Rules;
use super::{Algorithm, Authority};

/// What a set of keys says about a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signed {
    /// By one of them.
    Well,
    /// By none that can be meant.
    Badly,
    /// With an algorithm that the key which is meant is not for.
    Otherwise,
    /// Perhaps by one that is not held, or was not tried.
    Unknown,
}

/// The parts of a token that a proof looks at.
struct Seen<'t> {
    header: Header<'t>,
    message: &'t [u8],
    signature: Vec<u8>,
    /// Header and signature are by the rules of form. Otherwise a decision refuses the token for
    /// that, whatever the signature.
    well_formed: bool,
}

impl Authority {
    /// What can be proved about the presented token.
    pub(super) fn proof(&self, question: &Question) -> Proof {
        match question.presented() {
            Presented::Nothing | Presented::Conflict | Presented::Opaque(..) => Proof::Undecided,
            Presented::Jws(token, jws) => self.proof_of(token, jws, question.asked_at),
        }
    }

    /// What can be proved about a token.
    pub(super) fn proof_of(&self, token: &Token, jws: &Jws, now: Timestamp) -> Proof {
        let Ok(members) = &jws.header else { return Proof::Undecided };
        if is_unsigned(members) {
            // Whoever's it claims to be: nobody has signed it.
            return Proof::Refuted(Reason::Algorithm);
        }
        let Ok(claims) = &jws.claims else { return Proof::Undecided };
        if let Some(issuer) = self.foreign.named_in(jws, &self.own.issuers) {
            let knows = |algorithm| issuer.allows(algorithm);
            return self.judged(token, jws, knows, now, claims, Some(issuer));
        }
        let keys = self.keys.load();
        self.judged(token, jws, |algorithm| keys.knows(algorithm), now, claims, None)
    }

    fn judged(
        &self,
        token: &Token,
        jws: &Jws,
        allows: impl Fn(Algorithm) -> bool,
        now: Timestamp,
        claims: &Members,
        issuer: Option<&ForeignIssuer>,
    ) -> Proof {
        // Another issuer's keys and algorithms are not known here; ours may still be its.
        let is_known = issuer.is_some() || self.names_us(claims);
        let doubt = |reason| if is_known { Proof::Refuted(reason) } else { Proof::Undecided };
        let seen = match look(token, jws, allows) {
            Ok(seen) => seen,
            Err(Reason::Algorithm) => return doubt(Reason::Algorithm),
            Err(_) => return Proof::Undecided,
        };
        let signed = match issuer {
            Some(issuer) => issuer.signed(&seen.header, seen.message, &seen.signature, now),
            None => self.keys.load().signed(&seen.header, seen.message, &seen.signature),
        };
        match signed {
            Signed::Unknown => Proof::Undecided,
            Signed::Badly => doubt(Reason::Signature),
            Signed::Otherwise => doubt(Reason::Algorithm),
            Signed::Well => {
                let rules = match issuer {
                    Some(issuer) => issuer.rules(&self.settings, None),
                    None => self.rules(None),
                };
                match self.standing(token, jws, claims, &rules, now) {
                    Proof::Sound if !(is_known && seen.well_formed) => Proof::Undecided,
                    proof => proof,
                }
            }
        }
    }

    /// Whether a token with a good signature is revoked.
    fn standing(
        &self,
        token: &Token,
        jws: &Jws,
        claims: &Members,
        rules: &Rules<'_>,
        now: Timestamp,
    ) -> Proof {
        let text = |name| claims.get(name).and_then(Value::as_str);
        let subject = text(rules.subject_claim).and_then(|claim| rules.subject(claim));
        if self.is_revoked(token, jws, claims, subject.as_ref(), now) {
            return Proof::Refuted(Reason::Revoked);
        }
        let refresh = TokenType::Refresh;
        let says = ["token_type", "type"].into_iter().find_map(text);
        let is_refresh = match says {
            Some(word) => word == refresh.as_str(),
            None => rules.default_type == Some(refresh),
        };
        // A refresh token that was used, or whose session is over, has not been taken back.
        if is_refresh && self.unused(token, jws, claims).is_err() {
            return Proof::Undecided;
        }
        Proof::Sound
    }

    /// True for a token that names us as its issuer, or nobody.
    fn names_us(&self, claims: &Members) -> bool {
        match claims.get("iss") {
            None => true,
            Some(Value::String(iss)) => self.own.issuers.iter().any(|own| own == iss),
            Some(_) => false,
        }
    }
}

/// True when the token does not even say that it is signed: no algorithm, or `none` in any case.
fn is_unsigned(members: &Members) -> bool {
    let algorithm = members.get("alg").and_then(Value::as_str).unwrap_or("none");
    algorithm.trim().eq_ignore_ascii_case("none")
}

/// Header and signature, as far as they can be read. What only the form forbids does not keep a
/// signature from being checked, or whoever forges one would choose such a form.
fn look<'t>(
    token: &'t Token,
    jws: &'t Jws,
    allows: impl Fn(Algorithm) -> bool,
) -> Result<Seen<'t>, Reason> {
    let members = jws.header.as_ref().map_err(Reason::clone)?;
    let (header, header_is_fine) = match Header::read(members, &allows) {
        Ok(header) => (header, true),
        Err(Reason::Algorithm) => return Err(Reason::Algorithm),
        Err(reason) => (odd_header(members, reason)?, false),
    };
    let (signed, text) = jws.split(token);
    let (signature, signature_is_fine) = match &jws.signature {
        Ok(signature) => (signature.clone(), true),
        Err(_) => (decode_leniently(text), false),
    };
    let well_formed = header_is_fine && signature_is_fine;
    Ok(Seen { header, message: signed.as_bytes(), signature, well_formed })
}

/// Algorithm and key of a header that is against the rules of form.
fn odd_header(members: &Members, reason: Reason) -> Result<Header<'_>, Reason> {
    let algorithm = members.get("alg").and_then(Value::as_str).and_then(Algorithm::parse);
    let algorithm = algorithm.ok_or(reason)?;
    let key_id = members.get("kid").and_then(Value::as_str);
    Ok(Header { algorithm, key_id, typ: Typ::Missing })
}
