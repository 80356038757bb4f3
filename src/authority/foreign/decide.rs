//! From a question about a foreign issuer's token to a decision.

use serde_json::Value;

use crate::authority::Authority;
use crate::authority::rules::Rules;
use crate::domain::{Decision, Jws, Members, PathError, Question, Reason, Token};

use super::ForeignIssuer;
use super::other_kind::is_other_kind;

impl Authority {
    /// Waits for keys where a newer one may be needed, and for nothing else. Fails when nothing
    /// can be said about the issuer's tokens.
    pub(in crate::authority) async fn decide_foreign(
        &self,
        issuer: &ForeignIssuer,
        token: &Token,
        jws: &Jws,
        question: &Question,
    ) -> Result<Decision, PathError> {
        let (header, signature) = match (issuer.header(jws), &jws.signature) {
            (Ok(header), Ok(signature)) => (header, signature),
            (Err(reason), _) => return Ok(Decision::deny(reason)),
            (Ok(_), Err(reason)) => return Ok(Decision::deny(reason.clone())),
        };
        let (message, now) = (jws.split(token).0.as_bytes(), question.asked_at);
        if let Err(reason) = issuer.verify(&header, message, signature, now).await? {
            return Ok(Decision::deny(reason));
        }
        let wanted = question.wanted();
        let rules = issuer.rules(&self.settings, wanted.as_ref());
        let judged = jws.claims.as_ref().map_err(Reason::clone).and_then(|claims| {
            says_what_it_is(claims, &rules)?;
            self.admit(token, jws, &header, &rules, now)
        });
        Ok(judged.map_or_else(Decision::deny, Decision::Allow))
    }
}

/// What our own tokens say in claims of their own, foreign ones may say in others: no other kind
/// of token passes for an access token, and no address that its owner has not confirmed names him.
fn says_what_it_is(claims: &Members, rules: &Rules<'_>) -> Result<(), Reason> {
    if is_other_kind(claims) {
        return Err(Reason::TokenType);
    }
    let confirmed = claims.get("email_verified").is_some_and(|value| *value == Value::Bool(true));
    if rules.subject_claim == "email" && !confirmed {
        return Err(Reason::ClaimType("email_verified"));
    }
    Ok(())
}
