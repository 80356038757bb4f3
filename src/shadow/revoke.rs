//! A revocation, on both sides.

use std::sync::Arc;
use std::time::Duration;

use super::ask::timed;
use super::room::{Shadow, ShadowError};
use crate::domain::{ComponentId, PathError, Revocation, RevocationOutcome, Timestamp, TokenPath};

/// How long a side may take to keep a revocation; a disk is all it should wait for.
const TIME: Duration = Duration::from_secs(10);

/// What came of a revocation that both sides have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedBoth {
    /// On SSOT: durable.
    pub ssot: RevocationOutcome,
    /// On legacy: durable there, or kept durably on its way to it.
    pub legacy: RevocationOutcome,
}

impl Shadow {
    /// Revokes on both sides, whatever the stage of `component`. The error
    /// [`ShadowError::NotRevoked`] tells which side does not have it; the other one does.
    pub async fn revoke(
        &self,
        component: &ComponentId,
        revocation: Revocation,
        now: Timestamp,
    ) -> Result<RevokedBoth, ShadowError> {
        let snapshot = self.flags.snapshot();
        snapshot
            .flag(component.as_str())
            .ok_or_else(|| ShadowError::UnknownComponent(component.to_string()))?;
        let lane = self
            .token_lanes
            .get(component)
            .ok_or_else(|| ShadowError::MakesNoTokens(component.clone()))?;
        let (ssot, legacy) = tokio::join!(
            revoke_on(&lane.paths.ssot, &revocation, now),
            revoke_on(&lane.paths.legacy, &revocation, now),
        );
        match (ssot, legacy) {
            (Ok(ssot), Ok(legacy)) => Ok(RevokedBoth { ssot, legacy }),
            (ssot, legacy) => {
                Err(ShadowError::NotRevoked { ssot: ssot.err(), legacy: legacy.err() })
            }
        }
    }
}

/// To its end also when the caller leaves.
pub(super) async fn revoke_on(
    path: &Arc<dyn TokenPath>,
    revocation: &Revocation,
    now: Timestamp,
) -> Result<RevocationOutcome, PathError> {
    let (path, revocation) = (Arc::clone(path), revocation.clone());
    let revoking = async move { timed(async { path.revoke(&revocation, now).await }, TIME).await };
    match tokio::spawn(revoking).await {
        Ok((outcome, _took)) => outcome,
        Err(_ended) => Err(PathError::Panicked),
    }
}
