//! Asking a path, with everything that can go wrong turned into an observation.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::Instant;

use crate::compare::Observation;
use crate::domain::{AuthPath, PathError, Question};

/// Asks `path`, waits at most `time`, and catches a panic.
pub async fn ask(path: &dyn AuthPath, question: &Question, time: Duration) -> Observation {
    let started = Instant::now();
    let asked = AssertUnwindSafe(async { path.decide(question).await }).catch_unwind();
    let answer = match tokio::time::timeout(time, asked).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_panic)) => Err(PathError::Panicked),
        Err(_elapsed) => Err(PathError::TimedOut),
    };
    Observation { answer, took: started.elapsed() }
}
