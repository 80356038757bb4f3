//! One attempt to deliver one parcel.

use std::sync::Arc;
use std::time::Duration;

use super::entry::Settled;
use super::outbox::Shared;
use super::stats::one_more;
use super::{Dead, DeathCause, Parcel, ParcelId, backoff, retry_after};
use crate::outbound::{Call, OutboundError};
use crate::store::StoreError;

/// The longest that one attempt takes.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a parcel is tried again.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Call(#[from] OutboundError),
    #[error("the answer was status {status}")]
    Status { status: u16, told: Option<Duration> },
    #[error("its secrets are not available")]
    Secrets,
    #[error("a part of it is missing on the disk")]
    Incomplete,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the attempt was broken off")]
    BrokenOff,
}

impl Failure {
    const fn told(&self) -> Option<Duration> {
        match self {
            Self::Status { told, .. } => *told,
            Self::Call(_) | Self::Secrets | Self::Incomplete | Self::Store(_) | Self::BrokenOff => {
                None
            }
        }
    }
}

/// Sends a parcel whose turn it is and sees to what becomes of it.
pub(super) async fn attempt(turn: Turn) {
    match turn.settled().await {
        Ok(settled) => turn.settle(settled).await,
        Err(failure) => turn.fail(failure),
    }
}

/// The call, with the secrets that are not kept.
fn call(shared: &Shared, parcel: Parcel) -> Result<Call, Failure> {
    let mut departing = parcel.departing()?;
    if let Some(name) = &parcel.secrets {
        let source = shared.sources.get(name).ok_or(Failure::Secrets)?;
        if !source(&mut departing) {
            return Err(Failure::Secrets);
        }
    }
    Ok(Call {
        method: parcel.method,
        url: parcel.url,
        headers: departing.headers,
        body: departing.body,
        timeout: ATTEMPT_TIMEOUT,
        // The answer's body is not read.
        response_bytes_max: 0,
    })
}

/// What came of one attempt to send a parcel that is not on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unkept {
    /// The other end has taken it.
    Arrived,
    /// The other end does not want it.
    Refused {
        /// The status of its answer.
        status: u16,
    },
    /// It may be tried again.
    Failed {
        /// What stood in the way.
        problem: String,
    },
}

/// One attempt with a parcel as it is in memory.
pub(super) async fn attempt_unkept(shared: &Shared, parcel: Parcel) -> Unkept {
    let landed = parcel.landed.clone();
    let sent = async { Ok::<_, Failure>(shared.outbound.send_only(call(shared, parcel)?).await?) };
    match sent.await {
        Ok(answer) => match meaning(answer.status, landed.as_deref()) {
            Meaning::Arrived => Unkept::Arrived,
            Meaning::Refused => Unkept::Refused { status: answer.status },
            Meaning::Later => {
                let failure = Failure::Status { status: answer.status, told: None };
                Unkept::Failed { problem: failure.to_string() }
            }
        },
        Err(failure) => Unkept::Failed { problem: failure.to_string() },
    }
}

/// What a status says.
enum Meaning {
    Arrived,
    Refused,
    Later,
}

fn meaning(status: u16, landed: Option<&[u16]>) -> Meaning {
    match status {
        200..=299 => Meaning::Arrived,
        status if landed.is_some_and(|landed| landed.contains(&status)) => Meaning::Arrived,
        400..=407 | 409..=424 | 426..=428 | 430..=499 if landed.is_none() => Meaning::Refused,
        _ => Meaning::Later,
    }
}

/// A parcel's turn. When it ends without an outcome, because the attempt panics or is broken off,
/// the parcel waits for its next one.
pub(super) struct Turn {
    shared: Arc<Shared>,
    id: ParcelId,
    failure: Failure,
}

impl Turn {
    pub fn new(shared: Arc<Shared>, id: ParcelId) -> Self {
        Self { shared, id, failure: Failure::BrokenOff }
    }

    /// How the parcel ends, unless it must be tried again.
    async fn settled(&self) -> Result<Settled, Failure> {
        let now = self.shared.clock.now();
        if let Some(settled) = self.settled_before() {
            return Ok(settled);
        }
        if let Some(dead) = self.expired() {
            return Ok(Settled::Dead(dead));
        }
        let parcel = self.shared.disk.read(&self.id)?.ok_or(Failure::Incomplete)?;
        let landed = parcel.landed.clone();
        let call = call(&self.shared, parcel)?;
        let answer = self.shared.outbound.send_only(call).await?;
        match meaning(answer.status, landed.as_deref()) {
            Meaning::Arrived => Ok(Settled::Delivered),
            Meaning::Refused => {
                let dead = self.dead(DeathCause::Refused { status: answer.status });
                dead.map(Settled::Dead).ok_or(Failure::BrokenOff)
            }
            Meaning::Later => {
                let told = answer.headers.value("retry-after");
                let told = told.and_then(|value| retry_after::read(value, now));
                Err(Failure::Status { status: answer.status, told })
            }
        }
    }

    fn settled_before(&self) -> Option<Settled> {
        self.shared.queue.lock().entry(&self.id)?.settled.clone()
    }

    fn expired(&self) -> Option<Dead> {
        let now = self.shared.clock.now();
        let last_failure = {
            let mut queue = self.shared.queue.lock();
            let entry = queue.entry(&self.id).filter(|entry| entry.expires_at <= now)?;
            entry.last_failure.clone()
        };
        self.dead(DeathCause::Expired { last_failure })
    }

    fn dead(&self, cause: DeathCause) -> Option<Dead> {
        let mut queue = self.shared.queue.lock();
        let entry = queue.entry(&self.id)?;
        Some(Dead {
            id: self.id.clone(),
            target: entry.target.clone(),
            cause,
            kept_at: entry.kept_at,
            died_at: self.shared.clock.now(),
            failures: entry.failures,
        })
    }

    /// Makes the end durable. While the disk refuses, it is remembered and not sent again.
    async fn settle(self, settled: Settled) {
        if let Some(entry) = self.shared.queue.lock().entry(&self.id) {
            entry.settled = Some(settled.clone());
        }
        let dead = match &settled {
            Settled::Delivered => None,
            Settled::Dead(dead) => Some(dead),
        };
        match self.shared.disk.remove(&self.id, dead).await {
            Ok(()) => self.end(&settled),
            Err(error) => self.fail(error.into()),
        }
    }

    fn end(&self, settled: &Settled) {
        let counts = &self.shared.counts;
        match settled {
            Settled::Delivered => one_more(&counts.delivered),
            Settled::Dead(dead) => {
                one_more(match dead.cause {
                    DeathCause::Refused { .. } => &counts.refused,
                    DeathCause::Expired { .. } => &counts.expired,
                });
                tracing::warn!(parcel.id = %dead.id, target = %dead.target, cause = ?dead.cause,
                    "a parcel is given up");
            }
        }
        self.shared.queue.lock().forget(&self.id);
    }

    fn fail(mut self, failure: Failure) {
        self.failure = failure;
        // Dropping it does the rest.
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let now = self.shared.clock.now();
        let mut queue = self.shared.queue.lock();
        let Some(entry) = queue.entry(&self.id) else { return };
        entry.failures = entry.failures.saturating_add(1);
        let wait = backoff::wait(entry.failures, self.failure.told(), rand::random());
        tracing::debug!(parcel.id = %self.id, target = %entry.target, failures = entry.failures,
            problem = %self.failure, wait_ms = wait.as_millis(), "a parcel is tried again");
        entry.last_failure = Some(self.failure.to_string());
        one_more(&self.shared.counts.failed_attempts);
        queue.wait(&self.id, now.plus(wait));
        drop(queue);
        self.shared.changed.notify_one();
    }
}
