//! Taking tokens back: one, all of a session, all of a subject.

use crate::domain::{
    Fingerprint, Jws, Members, Mode, Reason, Rule, Subject, Timestamp, Token, TokenType,
};

use super::family_id::FamilyId;
use super::{Authority, AuthorityError, claims};

/// How long a revocation is kept whose tokens do not say when they end, while no lifetime is
/// enforced: 400 days.
const KEPT_S: u32 = 400 * 86_400;

/// Longest token or family id that is revoked, in bytes.
const ID_BYTES_MAX: usize = 1024;

/// What became of a revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// The token is refused from now on, whatever valid signature it comes with.
    Done {
        /// When the token would have ended by itself; then the revocation is forgotten.
        expires_at: Timestamp,
    },
    /// Nothing to revoke: the token would be refused anyway.
    Nothing(Reason),
}

impl Authority {
    /// Revokes a token. Only one that we could have issued, by its signature, and that has not
    /// expired takes up room; any other is answered with [`Revoked::Nothing`]
    /// (RFC 7009 §2.2: an invalid token is no error). With a refresh token its whole session is
    /// revoked (RFC 7009 §2.1).
    ///
    /// Refused from the moment this is called, acknowledged once that is on disk.
    pub async fn revoke(&self, token: &Token, now: Timestamp) -> Result<Revoked, AuthorityError> {
        let revocable = match self.revocable(token, now) {
            Ok(revocable) => revocable,
            Err(reason) => return Ok(Revoked::Nothing(reason)),
        };
        let Revocable { identity, expires_at, .. } = revocable;
        self.revocations.revoke(identity, self.forget_at(expires_at), now).await?;
        if let Some(family) = self.family_of(&revocable)? {
            self.revoke_family(family.as_str(), now).await?;
        }
        Ok(Revoked::Done { expires_at })
    }

    /// Revokes the token of this `jti`, which ends at `expires_at`; when that is not known, it is
    /// remembered for the longest lifetime.
    pub async fn revoke_token_id(
        &self,
        id: &str,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Revoked, AuthorityError> {
        if let Some(reason) = no_id(id, "jti") {
            return Ok(Revoked::Nothing(reason));
        }
        let expires_at = expires_at.unwrap_or_else(|| now.plus_seconds(self.longest_s().into()));
        let forget_at = self.forget_at(expires_at);
        if forget_at <= now {
            return Ok(Revoked::Nothing(Reason::Expired));
        }
        self.revocations.revoke(self.token_id_mark(id), forget_at, now).await?;
        Ok(Revoked::Done { expires_at })
    }

    /// Revokes everything that a subject was given before a moment, which is no later than now
    /// by a clock that is as far ahead as is tolerated. `iat` is in whole seconds: what was issued
    /// in the very second of the moment is revoked as well, and what we issue after it is dated
    /// to the next second.
    pub async fn revoke_subject(
        &self,
        subject: &Subject,
        issued_before: Timestamp,
        now: Timestamp,
    ) -> Result<Revoked, AuthorityError> {
        let issued_before =
            issued_before.min(now.plus_seconds(self.settings.skew_tolerance_s.into()));
        let expires_at = issued_before.plus_seconds(self.longest_s().into());
        let forget_at = self.forget_at(expires_at);
        if forget_at <= now {
            return Ok(Revoked::Nothing(Reason::Expired));
        }
        let mark = self.subject_mark(subject);
        self.revocations.revoke_subject(mark, issued_before, forget_at, now).await?;
        Ok(Revoked::Done { expires_at })
    }

    /// Revokes every token of a session.
    pub async fn revoke_family(
        &self,
        family: &str,
        now: Timestamp,
    ) -> Result<Revoked, AuthorityError> {
        if let Some(reason) = no_id(family, "fid") {
            return Ok(Revoked::Nothing(reason));
        }
        let id = FamilyId::parse(family);
        let longest_s = self.longest_s().max(self.settings.family_lifetime_s);
        let unknown = || now.plus_seconds(longest_s.into());
        let expires_at = id.as_ref().map_or_else(unknown, FamilyId::ends_at);
        let forget_at = self.forget_at(expires_at);
        if forget_at <= now {
            return Ok(Revoked::Nothing(Reason::Expired));
        }
        let marked = self.revocations.revoke(self.family_mark(family), forget_at, now).await;
        if let Some(id) = id {
            // Without its row it cannot be refreshed, even where the mark was refused.
            self.families.remove(&id).await?;
        }
        marked?;
        Ok(Revoked::Done { expires_at })
    }

    /// Forgets revocations and sessions that have ended by themselves, and says how many
    /// revocations. To be called every minute or so; a full set does it by itself.
    pub async fn purge(&self, now: Timestamp) -> Result<usize, AuthorityError> {
        self.families.purge(self.over_before(now)).await?;
        self.revocations.purge(now).await
    }

    /// How many revocations are remembered.
    pub fn revoked_count(&self) -> usize {
        self.revocations.len()
    }

    /// How many revocations can be remembered.
    pub const fn revocations_max(&self) -> usize {
        self.settings.revocations_max
    }

    /// How many sessions are kept.
    pub fn family_count(&self) -> usize {
        self.families.len()
    }

    /// Whether a verified token is revoked: itself, its id, its session, or all of its subject
    /// before a moment.
    pub(super) fn is_revoked(
        &self,
        token: &Token,
        jws: &Jws,
        claims: &Members,
        subject: Option<&Subject>,
        now: Timestamp,
    ) -> bool {
        if !self.revocations.any() {
            return false;
        }
        let text = |name| claims.get(name).and_then(serde_json::Value::as_str);
        self.revocations.holds(&self.identity(token, jws))
            || text("jti").is_some_and(|id| self.revocations.holds(&self.token_id_mark(id)))
            || self
                .own_family(claims)
                .is_some_and(|id| self.revocations.holds(&self.family_mark(id)))
            || subject.is_some_and(|subject| self.subject_is_revoked(subject, claims, now))
    }

    /// The session that one of our own tokens names. What others write there is not ours.
    pub(super) fn own_family<'c>(&self, claims: &'c Members) -> Option<&'c str> {
        let text = |name| claims.get(name).and_then(serde_json::Value::as_str);
        let foreign =
            text("iss").is_some_and(|issuer| !self.own.issuers.iter().any(|own| own == issuer));
        text("fid").filter(|_| !foreign)
    }

    fn subject_is_revoked(&self, subject: &Subject, claims: &Members, now: Timestamp) -> bool {
        if self.revocations.no_subject() {
            return false;
        }
        let before = self.revocations.issued_before(&self.subject_mark(subject));
        let issued_at = claims::moment(claims, "iat").ok().flatten();
        before.is_some_and(|before| self.precedes(issued_at, before, now))
    }

    /// Whether what was issued then was issued before a moment. A token that does not say when, or
    /// says that it will be, was.
    pub(super) fn precedes(
        &self,
        issued_at: Option<Timestamp>,
        before: Timestamp,
        now: Timestamp,
    ) -> bool {
        let ahead = now.plus_seconds(self.settings.skew_tolerance_s.into());
        issued_at.is_none_or(|issued_at| issued_at < before || issued_at > ahead)
    }

    /// The second that a new token of this subject is dated to: now, or the next one when all
    /// before now was revoked within this second.
    pub(super) fn dated_s(&self, subject: &Subject, now: Timestamp) -> i64 {
        if self.revocations.no_subject() {
            return now.seconds();
        }
        let before = self.revocations.issued_before(&self.subject_mark(subject));
        let this = Timestamp::from_seconds(now.seconds());
        let revoked = before.is_some_and(|before| this < before && before <= now);
        now.seconds() + i64::from(revoked)
    }

    pub(super) fn family_is_revoked(&self, id: &FamilyId) -> bool {
        self.revocations.holds(&self.family_mark(id.as_str()))
    }

    // No signed text has a space in it: these are never the identity of a token.

    pub(super) fn token_id_mark(&self, id: &str) -> Fingerprint {
        self.fingerprints.of_text(&format!("revoked jti {id}"))
    }

    pub(super) fn family_mark(&self, id: &str) -> Fingerprint {
        self.fingerprints.of_text(&format!("revoked family {id}"))
    }

    pub(super) fn subject_mark(&self, subject: &Subject) -> Fingerprint {
        self.fingerprints.of_text(&format!("revoked subject {}", subject.as_str()))
    }

    /// Longest life of a token that is let in, in seconds.
    fn longest_s(&self) -> u32 {
        let policies = self.policies().load();
        let bounded = |issuer: Option<&str>| {
            TokenType::ALL.into_iter().all(|kind| {
                let policy = policies.of(issuer, kind);
                [Rule::Lifetime, Rule::IssuedAt].map(|rule| policy.mode(rule)) == [Mode::Enforce; 2]
            })
        };
        let all_bounded =
            bounded(None) && self.foreign.names().iter().all(|name| bounded(Some(name)));
        let own_s = self.settings.lifetime_max_s.max(self.settings.refresh_lifetime_s);
        let longest_s = own_s.max(self.foreign.longest_s());
        if all_bounded { longest_s } else { longest_s.max(KEPT_S) }
    }

    /// What expired before this moment is refused by itself now.
    pub(super) fn over_before(&self, now: Timestamp) -> Timestamp {
        now.plus_seconds(-i64::from(self.settings.expiry_tolerance_s))
    }

    /// From when on a token that expires then is refused by itself.
    fn forget_at(&self, expires_at: Timestamp) -> Timestamp {
        expires_at.plus_seconds(self.settings.expiry_tolerance_s.into())
    }

    /// Who the token is and when it ends, or why it need not be revoked.
    fn revocable(&self, token: &Token, now: Timestamp) -> Result<Revocable, Reason> {
        let jws = Jws::decode(token)?;
        self.verify(token, &jws)?;
        let identity = self.identity(token, &jws);
        let claims = jws.claims?;
        let expires_at = claims::moment(&claims, "exp")?.ok_or(Reason::ClaimMissing("exp"))?;
        if now >= self.forget_at(expires_at) {
            return Err(Reason::Expired);
        }
        Ok(Revocable { identity, expires_at, claims })
    }

    /// The session that a refresh token belongs to.
    fn family_of(&self, revocable: &Revocable) -> Result<Option<FamilyId>, AuthorityError> {
        let text = |name| revocable.claims.get(name).and_then(serde_json::Value::as_str);
        let refresh = TokenType::Refresh.as_str();
        if text("token_type").or_else(|| text("type")) != Some(refresh) {
            return Ok(None);
        }
        match self.own_family(&revocable.claims) {
            Some(id) => Ok(FamilyId::parse(id)),
            None => self.families.adopter(&revocable.identity, revocable.expires_at),
        }
    }
}

struct Revocable {
    identity: Fingerprint,
    expires_at: Timestamp,
    claims: Members,
}

fn no_id(id: &str, claim: &'static str) -> Option<Reason> {
    if id.is_empty() {
        Some(Reason::ClaimEmpty(claim))
    } else {
        (id.len() > ID_BYTES_MAX).then_some(Reason::ClaimType(claim))
    }
}
