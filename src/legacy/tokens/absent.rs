//! No legacy way to make tokens.

use crate::domain::{
    BoxFuture, Decision, Operation, Outcome, PathError, Revocation, RevocationOutcome, Timestamp,
    TokenPath,
};

/// Stands for a legacy side that is not configured: it can never be reached, plans nothing and
/// takes nothing back. Where legacy serves, callers get 503; where SSOT serves, nothing is missed.
#[derive(Clone, Copy, Debug)]
pub struct NoTokens;

impl TokenPath for NoTokens {
    fn perform<'a>(
        &'a self,
        _operation: &'a Operation,
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<Outcome, PathError>> {
        let problem = "no legacy token path is configured".into();
        Box::pin(std::future::ready(Err(PathError::Unreachable(problem))))
    }

    fn plan<'a>(
        &'a self,
        _operation: &'a Operation,
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Decision>, PathError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn revoke<'a>(
        &'a self,
        _revocation: &'a Revocation,
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<RevocationOutcome, PathError>> {
        Box::pin(std::future::ready(Ok(RevocationOutcome::Unsupported)))
    }

    fn owns(&self, _operation: &Operation) -> bool {
        false
    }
}
