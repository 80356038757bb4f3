//! Asking a path, with everything that can go wrong turned into an observation.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::Instant;

use crate::compare::Observation;
use crate::domain::{AuthPath, PathError, Question};

/// Asks `path`, waits at most `time`, and catches a panic.
pub async fn ask(path: &dyn AuthPath, question: &Question, time: Duration) -> Observation {
    let (answer, took) = timed(async { path.decide(question).await }, time).await;
    Observation { answer, took }
}

/// Waits for `answer` at most `time`, and catches a panic.
pub(super) async fn timed<T>(
    answer: impl Future<Output = Result<T, PathError>>,
    time: Duration,
) -> (Result<T, PathError>, Duration) {
    let started = Instant::now();
    let answer = match tokio::time::timeout(time, AssertUnwindSafe(answer).catch_unwind()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_panic)) => Err(PathError::Panicked),
        Err(_elapsed) => Err(PathError::TimedOut),
    };
    (answer, started.elapsed())
}
