//! The places that streams take.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use axum::http::{HeaderValue, StatusCode, header};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::domain::Revision;
use crate::web::{Listens, Problem};

/// Most streams at one time, on each listener.
pub const STREAMS_MAX: usize = 256;

/// The streams of one process.
#[derive(Debug)]
pub struct Streams {
    data: Arc<Semaphore>,
    control: Arc<Semaphore>,
    refused: AtomicU64,
    ending: watch::Sender<bool>,
    /// What each stream of the data listener was told last; those that have ended are gone.
    told: Mutex<Vec<Weak<AtomicU64>>>,
}

/// The place of one stream, free again when this is dropped.
#[derive(Debug)]
pub(in crate::web) struct Place {
    _permit: OwnedSemaphorePermit,
    told: Arc<AtomicU64>,
    pub(super) ending: watch::Receiver<bool>,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            data: Arc::new(Semaphore::new(STREAMS_MAX)),
            control: Arc::new(Semaphore::new(STREAMS_MAX)),
            refused: AtomicU64::new(0),
            ending: watch::Sender::new(false),
            told: Mutex::default(),
        }
    }
}

impl Streams {
    /// A place, unless all are taken, which is counted. Services cannot take those of operators.
    pub(in crate::web) fn enter(&self, listener: Listens) -> Option<Place> {
        let permit = Arc::clone(self.of(listener)).try_acquire_owned();
        if permit.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        let (permit, told) = (permit.ok()?, Arc::new(AtomicU64::new(0)));
        if listener == Listens::Data {
            let mut all = self.told.lock();
            all.retain(|told| told.strong_count() > 0);
            all.push(Arc::downgrade(&told));
        }
        Some(Place { _permit: permit, told, ending: self.ending.subscribe() })
    }

    /// The revision of the table of which each stream of the data listener was told last.
    pub fn told(&self) -> Vec<Revision> {
        let all = self.told.lock();
        let open = all.iter().filter_map(Weak::upgrade);
        open.map(|told| Revision(told.load(Ordering::Relaxed))).collect()
    }

    /// Ends all streams, those that are still to begin included.
    pub fn end(&self) {
        self.ending.send_replace(true);
    }

    /// How many are open on a listener.
    pub fn open(&self, listener: Listens) -> usize {
        STREAMS_MAX - self.of(listener).available_permits()
    }

    /// How many were refused because all places were taken.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn of(&self, listener: Listens) -> &Arc<Semaphore> {
        match listener {
            Listens::Data => &self.data,
            Listens::Control | Listens::Metrics => &self.control,
        }
    }
}

impl Place {
    /// Notes what its stream was told.
    pub(super) fn note(&self, revision: Revision) {
        self.told.store(revision.0, Ordering::Relaxed);
    }
}

/// 503: too many listen already.
pub(in crate::web) fn no_place() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "no-place",
        "Too many listen",
        "all places for streams are taken; come back, or ask from time to time",
    )
    .with_header(header::RETRY_AFTER, HeaderValue::from_static("10"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_when_all_places_are_taken_is_refused_and_counted() {
        let streams = Streams::default();
        let mut places: Vec<_> =
            (0..STREAMS_MAX).map(|_| streams.enter(Listens::Data).expect("a place")).collect();
        assert!(streams.enter(Listens::Data).is_none());
        assert_eq!((streams.open(Listens::Data), streams.refused()), (STREAMS_MAX, 1));
        assert!(streams.enter(Listens::Control).is_some(), "operators have places of their own");
        places[0].note(Revision(7));
        assert_eq!(streams.told().iter().filter(|told| **told == Revision(7)).count(), 1);
        places.pop();
        assert_eq!(streams.told().len(), STREAMS_MAX - 1, "operators are not among them");
        assert!(streams.enter(Listens::Data).is_some(), "who leaves makes room");
    }
}
