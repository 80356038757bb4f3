//! Fetching keys in the background.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::authority::Authority;
use crate::domain::Clock;

use super::keys::{Cause, IssuerKeys};

/// Keys are fetched again after this long, a tenth more or less.
const INTERVAL: Duration = Duration::from_hours(1);

/// The first pause after a call that failed; it doubles with each that follows.
const RETRY_MIN: Duration = Duration::from_secs(15);

/// The longest of these pauses.
const RETRY_MAX: Duration = Duration::from_mins(5);

impl Authority {
    /// Fetches the keys of every foreign issuer at once and then every hour, until `stop` turns
    /// true or its sender is gone.
    pub async fn follow_issuers(&self, clock: Arc<dyn Clock>, mut stop: watch::Receiver<bool>) {
        let mut following = JoinSet::new();
        for issuer in self.foreign.sorted() {
            following.spawn(follow(Arc::clone(&issuer.keys), Arc::clone(&clock)));
        }
        // A sender that is gone will not say it any more.
        drop(stop.wait_for(|stop| *stop).await);
        following.shutdown().await;
    }
}

async fn follow(keys: Arc<IssuerKeys>, clock: Arc<dyn Clock>) {
    let mut failures = 0;
    loop {
        if let Some(mut ended) = keys.call(Cause::Due, clock.now()) {
            // The sender lives as long as the keys.
            let _ended = ended.changed().await;
        }
        failures = if keys.is_failing() { failures + 1 } else { 0 };
        tokio::time::sleep(pause(failures, rand::random())).await;
    }
}

/// The time until the next call after so many failures in a row; `chance` is any number.
fn pause(failures: u32, chance: u16) -> Duration {
    let about = match failures.checked_sub(1) {
        None => INTERVAL,
        Some(before) => RETRY_MIN.saturating_mul(1 << before.min(16)).min(RETRY_MAX),
    };
    let tenth = about / 10;
    tenth * 9 + tenth * 2 * u32::from(chance) / u32::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_are_asked_about_hourly_and_sooner_after_failures() {
        let minutes = |minutes| Duration::from_mins(minutes);
        assert_eq!(pause(0, 0), minutes(54));
        assert_eq!(pause(0, u16::MAX), minutes(66));
        assert_eq!(pause(1, 0), Duration::from_millis(13_500));
        for failures in 6..200 {
            assert_eq!(pause(failures, 0), minutes(4) + Duration::from_secs(30));
        }
    }
}
