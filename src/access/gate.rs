//! So much at once, and so much in a time.

use std::fmt;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota, RateLimiter};
use parking_lot::Mutex;

use super::Refusal;

/// A full table is searched for quiet keys this often at most.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Time as it passes, since one moment. The wall clock would not do: once it is set back an hour,
/// whoever asked just before would be held up for an hour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elapsed(tokio::time::Instant);

impl Elapsed {
    pub fn start() -> Self {
        Self(tokio::time::Instant::now())
    }
}

impl governor::clock::Clock for Elapsed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

type Limiter<K, S> = RateLimiter<K, S, Elapsed, NoOpMiddleware<Duration>>;

/// The pace of one thing.
pub(super) struct Gate(Limiter<NotKeyed, InMemoryState>);

impl Gate {
    pub fn new(quota: Quota) -> Self {
        Self(RateLimiter::direct_with_clock(quota, Elapsed::start()))
    }

    /// Takes one, or says in how many seconds there is one.
    pub fn take(&self) -> Result<(), Refusal> {
        self.0.check().map_err(|not_until| too_many(&not_until, *self.0.clock()))
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate(..)")
    }
}

/// The pace of each of many keys, of which at most so many are remembered; the keys beyond share
/// one pace.
pub(super) struct Gates<K: Hash + Eq + Clone> {
    each: Limiter<K, DashMapStateStore<K>>,
    beyond: Gate,
    keys_max: usize,
    /// So many calls can bring no more keys than fit; then keys are counted again.
    calls_left: AtomicUsize,
    /// When quiet keys were last looked for.
    swept: Mutex<Option<Duration>>,
}

impl<K: Hash + Eq + Clone> Gates<K> {
    pub fn new(quota: Quota, keys_max: usize) -> Self {
        Self {
            each: RateLimiter::dashmap_with_clock(quota, Elapsed::start()),
            beyond: Gate::new(quota),
            keys_max,
            calls_left: AtomicUsize::new(keys_max),
            swept: Mutex::new(None),
        }
    }

    /// Takes one for `key`, or says in how many seconds there is one.
    pub fn take(&self, key: &K) -> Result<(), Refusal> {
        if !self.has_room() {
            return self.beyond.take();
        }
        self.each.check_key(key).map_err(|not_until| too_many(&not_until, *self.each.clock()))
    }

    /// Forgets the keys that are as good as new.
    pub fn forget_quiet(&self) {
        self.each.retain_recent();
        self.each.shrink_to_fit();
    }

    fn has_room(&self) -> bool {
        if self.use_call() {
            return true;
        }
        let mut swept = self.swept.lock();
        if self.use_call() {
            return true;
        }
        let now = self.each.clock().now();
        let due = swept.is_none_or(|at| now.saturating_sub(at) >= SWEEP_EVERY);
        if self.each.len() >= self.keys_max && due {
            *swept = Some(now);
            self.each.retain_recent();
        }
        self.calls_left.store(self.keys_max.saturating_sub(self.each.len()), Ordering::Relaxed);
        self.use_call()
    }

    fn use_call(&self) -> bool {
        let fewer = |left: usize| left.checked_sub(1);
        self.calls_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer).is_ok()
    }
}

impl<K: Hash + Eq + Clone> fmt::Debug for Gates<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gates({} keys)", self.each.len())
    }
}

fn too_many(not_until: &NotUntil<Duration>, clock: Elapsed) -> Refusal {
    let wait = not_until.wait_time_from(clock.now());
    let seconds = wait.as_millis().div_ceil(1000).max(1);
    Refusal::TooMany { retry_after_s: u32::try_from(seconds).unwrap_or(u32::MAX) }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn two_a_minute() -> Quota {
        Quota::per_minute(NonZeroU32::MIN.saturating_add(1))
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_too_fast_learns_when_to_come_back() {
        let gate = Gate::new(two_a_minute());
        assert_eq!([gate.take(), gate.take()], [Ok(()), Ok(())]);
        assert_eq!(gate.take(), Err(Refusal::TooMany { retry_after_s: 30 }));
        tokio::time::advance(Duration::from_secs(30)).await;
        assert_eq!(gate.take(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn keys_beyond_the_bound_share_one_pace() {
        let gates = Gates::new(two_a_minute(), 3);
        for key in 0..3 {
            assert_eq!(gates.take(&key), Ok(()));
        }
        assert_eq!([gates.take(&3), gates.take(&4)], [Ok(()), Ok(())]);
        assert!(gates.take(&5).is_err(), "the shared pace is used up");
        assert_eq!(gates.each.len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn quiet_keys_make_room() {
        let gates = Gates::new(two_a_minute(), 3);
        for key in 0..6 {
            gates.take(&key).ok();
        }
        tokio::time::advance(Duration::from_mins(2)).await;
        for key in 6..9 {
            assert_eq!([gates.take(&key), gates.take(&key)], [Ok(()), Ok(())], "{key}");
        }
        assert!(gates.each.len() <= 3);
    }

    #[tokio::test(start_paused = true)]
    async fn many_calls_of_few_keys_leave_room() {
        let gates = Gates::new(two_a_minute(), 3);
        for _ in 0..100 {
            gates.take(&1).ok();
        }
        assert_eq!(gates.take(&2), Ok(()));
        assert!(gates.take(&1).is_err());
    }
}
