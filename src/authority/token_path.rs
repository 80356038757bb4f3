//! Sessions as the rest of the house sees them: one way to make tokens and to take them back.

use crate::domain::{
    BoxFuture, Decision, Jws, Operation, Outcome, PathError, Proof, Revocation, RevocationOutcome,
    Timestamp, TokenPath,
};

use super::{Authority, AuthorityError, Revoked};

impl TokenPath for Authority {
    fn perform<'a>(
        &'a self,
        operation: &'a Operation,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Outcome, PathError>> {
        Box::pin(async move {
            let outcome = match operation {
                Operation::Issue(order) => self.begin(order, now).await,
                Operation::Refresh(order) => self.refresh(order, now).await,
            };
            outcome.map_err(|error| failed(&error))
        })
    }

    fn plan<'a>(
        &'a self,
        operation: &'a Operation,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Decision>, PathError>> {
        let granted = match operation {
            Operation::Issue(order) => Ok(self.would_begin(order, now)),
            Operation::Refresh(order) => self.would_refresh(order, now),
        };
        let decided = granted.map(|granted| granted.map_or_else(Decision::deny, Decision::Allow));
        Box::pin(std::future::ready(decided.map(Some).map_err(|error| failed(&error))))
    }

    fn revoke<'a>(
        &'a self,
        revocation: &'a Revocation,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<RevocationOutcome, PathError>> {
        Box::pin(async move {
            let revoked = match revocation {
                Revocation::Token(token) => Self::revoke(self, token, now).await,
                Revocation::TokenId { id, expires_at } => {
                    self.revoke_token_id(id, *expires_at, now).await
                }
                Revocation::Subject { subject, issued_before } => {
                    self.revoke_subject(subject, *issued_before, now).await
                }
                Revocation::Family(id) => self.revoke_family(id, now).await,
            };
            Ok(match revoked.map_err(|error| failed(&error))? {
                Revoked::Done { .. } => RevocationOutcome::Done,
                Revoked::Nothing(reason) => RevocationOutcome::Nothing(reason),
            })
        })
    }

    /// A new session presents no token.
    fn prove<'a>(&'a self, operation: &'a Operation, now: Timestamp) -> BoxFuture<'a, Proof> {
        let proof = match operation {
            Operation::Issue(_) => Proof::Undecided,
            Operation::Refresh(order) => match Jws::decode(&order.token) {
                Ok(jws) => self.proof_of(&order.token, &jws, now),
                Err(_) => Proof::Undecided,
            },
        };
        Box::pin(std::future::ready(proof))
    }

    /// True for every refresh token that names a session of ours, be it revoked, and for each of
    /// legacy's that was used here: nobody else knows that it was.
    fn owns(&self, operation: &Operation) -> bool {
        match operation {
            Operation::Issue(_) => false,
            Operation::Refresh(order) => self.keeps(&order.token),
        }
    }
}

/// Never [`PathError::Unreachable`], after which somebody else may be asked: what is on the disk
/// is unknown. No text of these errors holds a token.
fn failed(error: &AuthorityError) -> PathError {
    PathError::Unreadable(error.to_string().into())
}
