//! Taking a token back.

use crate::domain::{Fingerprint, Jws, Reason, Timestamp, Token};

use super::{Authority, AuthorityError, claims};

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
    /// (RFC 7009 §2.2: an invalid token is no error).
    ///
    /// Refused from the moment this is called, acknowledged once that is on disk.
    pub async fn revoke(&self, token: &Token, now: Timestamp) -> Result<Revoked, AuthorityError> {
        let (identity, expires_at) = match self.revocable(token, now) {
            Ok(revocable) => revocable,
            Err(reason) => return Ok(Revoked::Nothing(reason)),
        };
        let forget_at = expires_at.plus_seconds(self.settings.expiry_tolerance_s.into());
        self.revocations.revoke(identity, forget_at, now).await?;
        Ok(Revoked::Done { expires_at })
    }

    /// Forgets revocations of tokens that have expired, and says how many. To be called every
    /// minute or so; a full set does it by itself.
    pub async fn purge(&self, now: Timestamp) -> Result<usize, AuthorityError> {
        self.revocations.purge(now).await
    }

    /// How many revoked tokens are remembered.
    pub fn revoked_count(&self) -> usize {
        self.revocations.len()
    }

    /// Who the token is and when it ends, or why it need not be revoked.
    fn revocable(&self, token: &Token, now: Timestamp) -> Result<(Fingerprint, Timestamp), Reason> {
        let jws = Jws::decode(token)?;
        self.verify(token, &jws)?;
        let members = jws.claims.as_ref().map_err(Reason::clone)?;
        let expires_at = claims::moment(members, "exp")?.ok_or(Reason::ClaimMissing("exp"))?;
        if now >= expires_at.plus_seconds(self.settings.expiry_tolerance_s.into()) {
            return Err(Reason::Expired);
        }
        Ok((self.identity(token, &jws), expires_at))
    }
}
