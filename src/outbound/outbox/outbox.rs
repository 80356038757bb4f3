//! The outbox.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::attempt::{Turn, Unkept, attempt, attempt_unkept};
use super::disk::Disk;
use super::entry::{Entry, Queue, WAITING_MAX};
use super::stats::{Counts, one_more};
use super::{Dead, OutboxError, OutboxStats, Parcel, ParcelId, SecretSources, WaitingParcel};
use crate::domain::{Clock, Timestamp};
use crate::outbound::Outbound;
use crate::store::{Store, StoreError};

/// The worker looks around at least this often, also because the wall clock may jump.
const LOOK_AROUND: Duration = Duration::from_mins(1);
/// How long attempts under way may take once the service stops.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// Sends what must arrive, until it has. Clones share the parcels.
#[derive(Clone)]
pub struct Outbox {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub disk: Disk,
    pub queue: Mutex<Queue>,
    pub outbound: Outbound,
    pub sources: SecretSources,
    pub clock: Arc<dyn Clock>,
    pub counts: Counts,
    pub changed: Notify,
}

impl Outbox {
    /// Takes up the parcels that are on the disk. A row that cannot be read is counted, logged
    /// and left where it is.
    pub fn open(
        store: &Store,
        outbound: Outbound,
        sources: SecretSources,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let (queue, counts) = (Mutex::default(), Counts::default());
        let (disk, changed) = (Disk::new(store), Notify::new());
        let shared = Shared { disk, queue, outbound, sources, clock, counts, changed };
        shared.take_up()?;
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Keeps a parcel until it has arrived; it is on the disk when this returns. A parcel whose
    /// id waits already is taken for the same one, and nothing is changed.
    pub async fn send_later(&self, parcel: Parcel) -> Result<(), OutboxError> {
        let shared = Arc::clone(&self.shared);
        // To its end also when the caller leaves: else a row could be there that nobody sends.
        let kept = tokio::spawn(async move {
            let kept = shared.keep(&parcel).await;
            kept.inspect_err(|error| shared.counts.not_taken(error))
        });
        kept.await.unwrap_or(Err(OutboxError::Store(StoreError::Closed)))
    }

    /// Makes one attempt with a parcel that is not kept, such as one that the disk has refused, and
    /// remembers nothing of it.
    pub async fn send_unkept(&self, parcel: &Parcel) -> Unkept {
        match parcel.check() {
            Ok(()) => attempt_unkept(&self.shared, parcel.clone()).await,
            Err(error) => Unkept::Failed { problem: error.to_string() },
        }
    }

    /// The moment by the outbox's clock.
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Sends until `stop` turns true or its sender is gone; attempts under way then have three
    /// seconds to end. What is broken off is sent again after the next start.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let mut under_way = JoinSet::new();
        let mut purge = tokio::time::interval(LOOK_AROUND);
        let stopped = async { drop(stop.wait_for(|stop| *stop).await) };
        tokio::pin!(stopped);
        loop {
            let pause = self.shared.start_due(&mut under_way);
            tokio::select! {
                () = &mut stopped => break,
                Some(_) = under_way.join_next() => {}
                () = self.shared.changed.notified() => {}
                () = tokio::time::sleep(pause) => {}
                _ = purge.tick() => self.shared.purge().await,
            }
        }
        let ends = async { while under_way.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_GRACE, ends).await.is_err() {
            tracing::info!(attempts = under_way.len(), "attempts are broken off");
            under_way.shutdown().await;
        }
    }

    /// True while at least half of the places are free: whoever sends by the way asks first.
    pub fn is_half_free(&self) -> bool {
        self.shared.queue.lock().len() < WAITING_MAX / 2
    }

    /// The numbers of this moment.
    pub fn stats(&self) -> OutboxStats {
        let now = self.shared.clock.now();
        let queue = self.shared.queue.lock();
        OutboxStats {
            waiting: queue.len(),
            under_way: queue.under_way(),
            oldest_age: queue.oldest().map(|oldest| now.since(oldest)).unwrap_or_default(),
            ..self.shared.counts.read()
        }
    }

    /// How many parcels have not ended whose ids begin with `prefix`, and how long ago the oldest
    /// of them was put in; zero without one.
    pub fn of_purpose(&self, prefix: &str) -> (usize, Duration) {
        let now = self.shared.clock.now();
        let (count, oldest) = self.shared.queue.lock().of_purpose(prefix);
        (count, oldest.map(|oldest| now.since(oldest)).unwrap_or_default())
    }

    /// Parcels that wait for an attempt, the next one first.
    pub fn waiting(&self, limit: usize) -> Vec<WaitingParcel> {
        self.shared.queue.lock().waiting(limit)
    }

    /// Parcels that were given up in the last seven days, the newest first; at most 1,000.
    pub fn dead(&self, limit: usize) -> Result<Vec<Dead>, StoreError> {
        self.shared.disk.dead(limit)
    }
}

impl Shared {
    fn take_up(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        for row in self.disk.all() {
            let (key, row) = match row {
                Ok(found) => found,
                Err(problem @ StoreError::Unreadable { .. }) => {
                    self.unreadable(&problem.to_string());
                    continue;
                }
                Err(error) => return Err(error),
            };
            let (Ok(id), Some(url)) = (ParcelId::parse(&key), row.url()) else {
                self.unreadable("its id or url makes no sense");
                continue;
            };
            let mut queue = self.queue.lock();
            // No more were taken than may wait.
            if queue.reserve(&id, Entry::new(&url, row.kept_at, row.expires_at)).is_ok() {
                queue.wait(&id, now);
            }
        }
        Ok(())
    }

    fn unreadable(&self, problem: &str) {
        one_more(&self.counts.unreadable);
        tracing::error!(problem, "a parcel on the disk cannot be read and is not sent");
    }

    async fn keep(&self, parcel: &Parcel) -> Result<(), OutboxError> {
        let now = self.clock.now();
        parcel.check()?;
        if parcel.expires_at <= now {
            return Err(OutboxError::Expired);
        }
        if parcel.secrets.as_ref().is_some_and(|name| !self.sources.contains_key(name)) {
            return Err(OutboxError::UnknownSource);
        }
        self.outbound.check(&parcel.url).map_err(OutboxError::Refused)?;
        let entry = Entry::new(&parcel.url, now, parcel.expires_at);
        if !self.queue.lock().reserve(&parcel.id, entry)? {
            return Ok(());
        }
        let kept = self.disk.keep(parcel, now).await;
        match &kept {
            Ok(()) => self.queue.lock().wait(&parcel.id, now),
            Err(_) => self.queue.lock().forget(&parcel.id),
        }
        self.changed.notify_one();
        Ok(kept?)
    }

    /// Starts every attempt that may start; says how long nothing else needs to be done.
    fn start_due(self: &Arc<Self>, under_way: &mut JoinSet<()>) -> Duration {
        let now = self.clock.now();
        let mut queue = self.queue.lock();
        while let Some(id) = queue.take_due(now) {
            under_way.spawn(attempt(Turn::new(Arc::clone(self), id)));
        }
        queue.next_due().map_or(LOOK_AROUND, |due| due.since(now).min(LOOK_AROUND))
    }

    async fn purge(&self) {
        if let Err(problem) = self.disk.purge(self.clock.now()).await {
            tracing::warn!(%problem, "old parcels that were given up are still kept");
        }
    }
}
