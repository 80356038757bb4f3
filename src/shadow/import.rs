//! Revocations that only legacy knows, brought to SSOT.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::ask::timed;
use super::counts::ShadowCounts;
use crate::compare::{Mismatch, MismatchClass};
use crate::domain::{BoxFuture, PathError, Question, Reason, RevocationOutcome, Timestamp, Token};

/// Where revocations that only legacy knows go: makes SSOT refuse the token from now on, durably.
pub type RevocationSink = Arc<
    dyn Fn(Token, Timestamp) -> BoxFuture<'static, Result<RevocationOutcome, PathError>>
        + Send
        + Sync,
>;

/// How long SSOT may take to keep a revocation.
const TIME: Duration = Duration::from_secs(10);

/// Tells SSOT of the revocation that explains `mismatch`, if one does.
///
/// A replayed token id is not one: it says that the token was seen twice, not that it was taken
/// back.
pub(super) async fn import(
    sink: Option<&RevocationSink>,
    question: &Question,
    mismatch: &Mismatch,
    now: Timestamp,
    counts: &ShadowCounts,
) {
    let revoked = mismatch.legacy_reason == Some(Reason::Revoked);
    let (Some(sink), Some(token)) = (sink, question.presented().token()) else { return };
    if mismatch.class != MismatchClass::Looser || !revoked {
        return;
    }
    let kept = timed(async { sink(token.clone(), now).await }, TIME).await.0;
    let count = match kept {
        Ok(RevocationOutcome::Done | RevocationOutcome::Kept) => &counts.imported,
        // It has ended, or SSOT has heard of it meanwhile.
        Ok(RevocationOutcome::Nothing(_)) => return,
        Ok(RevocationOutcome::Unsupported) => &counts.not_imported,
        Err(problem) => {
            tracing::error!(%problem, request.id = %question.id,
                "a revocation that only legacy knows cannot be kept");
            &counts.not_imported
        }
    };
    count.fetch_add(1, Ordering::Relaxed);
}
