//! From a question to a decision.

use crate::domain::{
    AuthPath, BoxFuture, Decision, Fingerprint, Grant, Jws, PathError, Presented, Question, Reason,
    Timestamp, Token,
};

use super::header::Header;
use super::{Authority, claims};

impl AuthPath for Authority {
    /// Answers at once: the future never waits, and the path never fails.
    fn decide<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Decision, PathError>> {
        let decision = match self.judge(question.presented(), question.asked_at) {
            Ok(grant) => Decision::Allow(grant),
            Err(reason) => Decision::deny(reason),
        };
        Box::pin(std::future::ready(Ok(decision)))
    }
}

impl Authority {
    fn judge(&self, presented: &Presented, now: Timestamp) -> Result<Grant, Reason> {
        let (token, jws) = match presented {
            Presented::Nothing => return Err(Reason::TokenMissing),
            Presented::Conflict => return Err(Reason::TokenConflict),
            Presented::Opaque(_, reason) => return Err(reason.clone()),
            Presented::Jws(token, jws) => (token, jws),
        };
        let header = self.verify(token, jws)?;
        let members = jws.claims.as_ref().map_err(Reason::clone)?;
        let grant = claims::check(members, header.access_token, &self.settings, now)?;
        if self.revocations.any() && self.revocations.holds(&self.identity(token, jws)) {
            return Err(Reason::Revoked);
        }
        Ok(grant)
    }

    /// Who a verified token is: the fingerprint of what was signed. Not of the signature, for
    /// whoever has an ES256 token can make another valid signature from its own (r, n - s).
    pub(super) fn identity(&self, token: &Token, jws: &Jws) -> Fingerprint {
        self.fingerprints.of_text(jws.split(token).0)
    }

    /// Header, key and signature; what remains are the claims.
    pub(super) fn verify<'t>(&self, token: &Token, jws: &'t Jws) -> Result<Header<'t>, Reason> {
        let members = jws.header.as_ref().map_err(Reason::clone)?;
        let header = Header::read(members, |algorithm| self.keyring.knows(algorithm))?;
        let signature = jws.signature.as_ref().map_err(Reason::clone)?;
        self.keyring.verify(&header, jws.split(token).0.as_bytes(), signature)?;
        Ok(header)
    }
}
