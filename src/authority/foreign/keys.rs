//! The keys of one foreign issuer: read without a lock, fetched by one call at a time.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::authority::IssuerSettings;
use crate::authority::foreign_keys::{self, KeySet};
use crate::domain::Timestamp;
use crate::outbound::{Outbound, Url};

/// Pause between two calls, whatever came of the first.
const PAUSE: Duration = Duration::from_secs(10);

/// Pause between two calls for the sake of unknown keys.
const PAUSE_UNKNOWN: Duration = Duration::from_mins(1);

/// How long a token waits for a call. Its caller may have less time; the call goes on all the
/// same.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// Longest error text that is kept, in characters.
const ERROR_LENGTH_MAX: usize = 200;

/// Why keys are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// None are held, or they are too old.
    Missing,
    /// It is time.
    Due,
    /// A token names one that is not held.
    UnknownKey,
}

/// How a wait for keys ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// With the end of a call, whatever it brought.
    Answered,
    /// Without a call: there was one moments ago.
    TooSoon,
    /// Before the call did.
    Late,
}

/// What came of the calls so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    under_way: bool,
    tried_at: Option<Timestamp>,
    unknown_at: Option<Timestamp>,
    /// Why the last call failed; `None` when it did not.
    pub(super) last_error: Option<String>,
    pub(super) succeeded: u64,
    pub(super) failed: u64,
}

/// Holds the keys that an issuer published last, and fetches newer ones.
#[derive(Debug)]
pub(super) struct IssuerKeys {
    name: Box<str>,
    url: Url,
    stale_max: Duration,
    outbound: Option<Outbound>,
    set: ArcSwapOption<KeySet>,
    calls: Mutex<Calls>,
    /// Changes when a call has ended.
    ended: watch::Sender<u64>,
}

impl IssuerKeys {
    pub(super) fn of(settings: &IssuerSettings, outbound: Option<Outbound>) -> Self {
        Self {
            name: settings.name.as_str().into(),
            url: settings.jwks_url.clone(),
            stale_max: Duration::from_secs(settings.stale_max_s.into()),
            outbound,
            set: ArcSwapOption::empty(),
            calls: Mutex::default(),
            ended: watch::Sender::new(0),
        }
    }

    /// The last keys, however old.
    pub(super) fn held(&self) -> Option<Arc<KeySet>> {
        self.set.load_full()
    }

    /// The last keys, unless they are too old.
    pub(super) fn usable(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        self.held().filter(|set| now.since(set.fetched_at()) < self.stale_max)
    }

    pub(super) const fn stale_max(&self) -> Duration {
        self.stale_max
    }

    pub(super) fn calls(&self) -> Calls {
        self.calls.lock().clone()
    }

    /// True when the last call failed.
    pub(super) fn is_failing(&self) -> bool {
        self.calls.lock().last_error.is_some()
    }

    /// Asks for newer keys and waits for them, two seconds at most. Whoever comes during a call
    /// waits for that one.
    pub(super) async fn refresh(self: &Arc<Self>, cause: Cause, now: Timestamp) -> Asked {
        let Some(mut ended) = self.call(cause, now) else { return Asked::TooSoon };
        match tokio::time::timeout(WAIT_MAX, ended.changed()).await {
            Ok(_) => Asked::Answered,
            Err(_) => Asked::Late,
        }
    }

    /// Begins a call unless one is under way; what is returned changes at its end. `None` when
    /// it is too soon for another.
    pub(super) fn call(
        self: &Arc<Self>,
        cause: Cause,
        now: Timestamp,
    ) -> Option<watch::Receiver<u64>> {
        // Subscribed before the call can end.
        let ended = self.ended.subscribe();
        let mut calls = self.calls.lock();
        let begins = !calls.under_way;
        if begins && !calls.may_begin(cause, now) {
            return None;
        }
        calls.under_way = true;
        drop(calls);
        if begins {
            // A task of its own: a caller that leaves early must not break off what others wait
            // for, nor use up the one call of this minute.
            let round = Round { keys: Arc::clone(self), outcome: Err("broken off".into()) };
            tokio::spawn(round.play(now));
        }
        Some(ended)
    }

    fn end(&self, outcome: Result<KeySet, String>) {
        let outcome = outcome.map(|set| self.set.store(Some(Arc::new(set))));
        let mut calls = self.calls.lock();
        calls.under_way = false;
        match outcome {
            Ok(()) => {
                calls.succeeded += 1;
                if calls.last_error.take().is_some() {
                    tracing::info!(issuer = %self.name, "the keys of an issuer are fetched again");
                }
            }
            Err(why) => {
                calls.failed += 1;
                let problem: String = why.chars().take(ERROR_LENGTH_MAX).collect();
                if calls.last_error.is_none() {
                    tracing::warn!(issuer = %self.name, problem, "the keys of an issuer cannot be fetched");
                }
                calls.last_error = Some(problem);
            }
        }
        self.ended.send_modify(|rounds| *rounds += 1);
    }

    #[cfg(test)]
    pub(super) fn hold(&self, key_set: &str, now: Timestamp) {
        let set = KeySet::read(&self.url, key_set.as_bytes(), now).expect("a key set");
        self.set.store(Some(Arc::new(set)));
    }
}

impl Calls {
    /// Notes that a call begins, if enough time has passed. A clock that was set back does not
    /// hold calls up.
    fn may_begin(&mut self, cause: Cause, now: Timestamp) -> bool {
        let passed =
            |since: Option<Timestamp>, pause| since.is_none_or(|at| now.distance(at) >= pause);
        let unknown = cause == Cause::UnknownKey;
        if !passed(self.tried_at, PAUSE) || (unknown && !passed(self.unknown_at, PAUSE_UNKNOWN)) {
            return false;
        }
        self.tried_at = Some(now);
        if unknown {
            self.unknown_at = Some(now);
        }
        true
    }
}

/// One call, which ends for those who wait even if it panics.
struct Round {
    keys: Arc<IssuerKeys>,
    outcome: Result<KeySet, String>,
}

impl Round {
    async fn play(mut self, now: Timestamp) {
        self.outcome = match &self.keys.outbound {
            Some(outbound) => foreign_keys::fetch(outbound, &self.keys.url, now).await,
            None => Err("keys are not fetched here".into()),
        };
    }
}

impl Drop for Round {
    fn drop(&mut self) {
        let outcome = std::mem::replace(&mut self.outcome, Err(String::new()));
        self.keys.end(outcome);
    }
}
