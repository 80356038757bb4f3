//! From a question to a decision.

use crate::domain::{
    AuthPath, BoxFuture, Decision, Fingerprint, Grant, Jws, PathError, Presented, Proof, Question,
    Reason, Timestamp, Token, TokenType,
};

use super::header::Header;
use super::rules::Rules;
use super::{Authority, claims};

impl AuthPath for Authority {
    /// Answers at once about our own tokens: the future never waits, and the path never fails.
    /// A foreign issuer's token may have to wait for keys, and fails without any.
    fn decide<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Decision, PathError>> {
        if let Presented::Jws(token, jws) = question.presented()
            && let Some(issuer) = self.foreign.named_in(jws, &self.own.issuers)
        {
            return Box::pin(self.decide_foreign(issuer, token, jws, question));
        }
        let decision = match self.judge(question) {
            Ok(grant) => Decision::Allow(grant),
            Err(reason) => Decision::deny(reason),
        };
        Box::pin(std::future::ready(Ok(decision)))
    }

    fn prove<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Proof> {
        Box::pin(std::future::ready(self.proof(question)))
    }
}

impl Authority {
    fn judge(&self, question: &Question) -> Result<Grant, Reason> {
        let (token, jws) = match question.presented() {
            Presented::Nothing => return Err(Reason::TokenMissing),
            Presented::Conflict => return Err(Reason::TokenConflict),
            Presented::Opaque(_, reason) => return Err(reason.clone()),
            Presented::Jws(token, jws) => (token, jws),
        };
        let header = self.verify_own(token, jws)?;
        let wanted = question.wanted();
        let rules = self.rules(wanted.as_ref());
        self.admit(token, jws, &header, &rules, question.asked_at)
    }

    /// What remains once the signature has been verified: claims and revocation.
    pub(super) fn admit(
        &self,
        token: &Token,
        jws: &Jws,
        header: &Header<'_>,
        rules: &Rules<'_>,
        now: Timestamp,
    ) -> Result<Grant, Reason> {
        let members = jws.claims.as_ref().map_err(Reason::clone)?;
        let policies = self.policies().load();
        let checked = claims::check(members, header.typ, rules, &policies, now)?;
        if self.is_revoked(token, jws, members, checked.grant.subject.as_ref(), now) {
            return Err(Reason::Revoked);
        }
        if checked.grant.token_type == Some(TokenType::Refresh) {
            self.unused(token, jws, members)?;
        }
        if !checked.broken.is_empty() {
            self.observed.note(rules.name, &checked, members, now);
        }
        Ok(checked.grant)
    }

    /// What the claims of our own tokens are held against.
    pub(super) fn rules<'a>(&'a self, wanted: Option<&'a TokenType>) -> Rules<'a> {
        let settings = &self.settings;
        Rules {
            name: None,
            issuers: &self.own.issuers,
            audiences: &self.own.audiences,
            environment: settings.environment.as_deref(),
            environment_required: settings.environment_required,
            service_id: settings.service_id.as_deref(),
            tolerance: settings.tolerance(wanted.copied()),
            subject_bytes_max: settings.subject_bytes_max,
            accepted_types: wanted.map_or(&settings.accepted_types, std::slice::from_ref),
            default_type: None,
            subject_claim: "sub",
            subject_prefix: None,
            reserved_prefixes: self.foreign.names(),
            permissions_claim: "permissions",
        }
    }

    /// True for a subject of whom we may make tokens: one that would be let in, and that is not
    /// some foreign issuer's.
    pub(super) fn is_own_subject(&self, subject: &str) -> bool {
        claims::subject_fits(subject, self.settings.subject_bytes_max)
            && self.rules(None).subject(subject).is_some()
    }

    /// Who a verified token is: the fingerprint of what was signed. Not of the signature, for
    /// whoever has an ES256 token can make another valid signature from its own (r, n - s).
    pub(super) fn identity(&self, token: &Token, jws: &Jws) -> Fingerprint {
        self.fingerprints.of_text(jws.split(token).0)
    }

    /// Header, key and signature, with the keys that are held of whoever the token names; what
    /// remains are the claims.
    pub(super) fn verify<'t>(&self, token: &Token, jws: &'t Jws) -> Result<Header<'t>, Reason> {
        match self.foreign.named_in(jws, &self.own.issuers) {
            Some(issuer) => issuer.verify_held(token, jws),
            None => self.verify_own(token, jws),
        }
    }

    /// The same with our own keys.
    pub(super) fn verify_own<'t>(&self, token: &Token, jws: &'t Jws) -> Result<Header<'t>, Reason> {
        let members = jws.header.as_ref().map_err(Reason::clone)?;
        let keys = self.keys.load();
        let header = Header::read(members, |algorithm| keys.knows(algorithm))?;
        let signature = jws.signature.as_ref().map_err(Reason::clone)?;
        keys.verify(&header, jws.split(token).0.as_bytes(), signature)?;
        Ok(header)
    }
}
