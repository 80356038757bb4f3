//! How fast one key may come back: the generic cell rate algorithm, with tries that can be given
//! back and a bound on keys.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;

use super::Refusal;
use super::gate::Elapsed;
use super::mark::Mark;

/// A burst, then one per period, for each key.
pub(super) struct Pace {
    limiter: RateLimiter<Option<Mark>, Due, Elapsed, NoOpMiddleware<Duration>>,
    due: Due,
    period: Duration,
}

impl Pace {
    /// At most `keys_max` keys have a pace of their own; those beyond share one.
    pub fn new(burst: NonZeroU32, period: Duration, keys_max: usize) -> Self {
        let due = Due { times: Arc::default(), keys_max };
        let quota = Quota::with_period(period).unwrap_or(Quota::per_second(NonZeroU32::MIN));
        let limiter = RateLimiter::new(quota.allow_burst(burst), due.clone(), Elapsed::start());
        Self { limiter, due, period }
    }

    /// Takes one try, or says when the next one is due.
    pub fn take(&self, key: Mark) -> Result<(), Refusal> {
        self.limiter.check_key(&Some(key)).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.limiter.clock().now());
            let seconds = wait.as_millis().div_ceil(1000).max(1);
            Refusal::TooMany { retry_after_s: u32::try_from(seconds).unwrap_or(u32::MAX) }
        })
    }

    /// Gives one try back.
    pub fn give_back(&self, key: Mark) {
        let mut times = self.due.times.lock();
        if let Some(due) = times.get_mut(&Some(key)) {
            *due = due.saturating_sub(self.period.into());
        }
    }

    /// Gives all tries back.
    pub fn forget(&self, key: Mark) {
        self.due.times.lock().remove(&Some(key));
    }

    /// Forgets the keys that have all their tries.
    pub fn purge(&self) {
        let now = Nanos::from(self.limiter.clock().now());
        self.due.times.lock().retain(|_, due| *due > now);
    }
}

/// When each key will have all its tries again.
#[derive(Clone)]
struct Due {
    /// Under `None` what all keys over the bound share.
    times: Arc<Mutex<HashMap<Option<Mark>, Nanos>>>,
    keys_max: usize,
}

impl StateStore for Due {
    type Key = Option<Mark>;

    fn measure_and_replace<T, F, E>(&self, key: &Option<Mark>, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut times = self.times.lock();
        let fits = times.len() < self.keys_max || times.contains_key(key);
        let key = if fits { *key } else { None };
        let (answer, due) = measure(times.get(&key).copied())?;
        times.insert(key, due);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::mark::Marker;
    use crate::domain::FingerprintKey;

    fn pace(keys_max: usize) -> Pace {
        let burst = NonZeroU32::new(2).expect("not zero");
        Pace::new(burst, Duration::from_secs(10), keys_max)
    }

    fn key(number: u8) -> Mark {
        Marker::new(&FingerprintKey::new([1; 32]), "tests").of(&number.to_string())
    }

    fn taken(pace: &Pace, number: u8) -> usize {
        (0..10).take_while(|_| pace.take(key(number)).is_ok()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_followed_by_one_try_a_period() {
        let pace = pace(10);
        assert_eq!(taken(&pace, 1), 2);
        assert_eq!(pace.take(key(1)), Err(Refusal::TooMany { retry_after_s: 10 }));
        assert_eq!(taken(&pace, 2), 2, "others have their own");
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(taken(&pace, 1), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn tries_can_be_given_back() {
        let pace = pace(10);
        assert_eq!(taken(&pace, 1), 2);
        pace.give_back(key(1));
        assert_eq!(taken(&pace, 1), 1);
        pace.forget(key(1));
        assert_eq!(taken(&pace, 1), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_over_the_bound_share_one_pace_until_others_are_forgotten() {
        let pace = pace(2);
        for (key, expected) in [(1, 2), (2, 2), (3, 2), (4, 0)] {
            assert_eq!(taken(&pace, key), expected, "key {key}");
        }
        assert_eq!(pace.due.times.lock().len(), 3);
        tokio::time::advance(Duration::from_secs(20)).await;
        pace.purge();
        assert_eq!(taken(&pace, 4), 2);
    }
}
