//! The handle of an open directory.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use super::batch::Batch;
use super::commit::{Commit, Durability, Job, Write};
use super::disk::Disk;
use super::error::StoreError;
use super::fault::FaultSwitch;
use super::key::assert_table_name;
use super::latch::LatchFile;
use super::opening;
use super::revisions::Revisions;
use super::row::Row;
use super::stats::{Counts, Stats};
use super::table::Table;
use super::unrestored::Unrestored;
use super::watch::Watchers;
use super::writer::Writer;

/// Jobs that may wait for the writer; callers beyond that wait to hand theirs in.
const QUEUE_JOBS: usize = 256;

/// An open directory of tables. Cheap to clone.
///
/// The directory is free again when the store, its tables, batches and scans are all dropped; the
/// last drop waits for the writer to end.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

impl Store {
    /// Opens the store in `dir`, creating it (mode 0700) when it is missing, and reserves a block
    /// of revisions on the disk. Blocks.
    ///
    /// A directory that was opened before opens also when the disk refuses: then reads work,
    /// durable writes are refused, and no revision is left. When the disk is full, the room that
    /// was reserved at an earlier open is given back for that.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::open_with(dir, FaultSwitch::new())
    }

    /// Opens a store whose disk can be made to refuse or stall, for tests.
    pub fn open_with(dir: &Path, faults: FaultSwitch) -> Result<Self, StoreError> {
        let lock = opening::lock(dir)?;
        let (db, full) = opening::engine_or_reserve(dir)?;
        opening::check_layout(&db, dir)?;
        let counts = Arc::new(Counts::default());
        let mut disk = Disk::new(db.clone(), dir, faults.clone(), Arc::clone(&counts))?;
        if let Some(full) = full {
            disk.distrust(full);
        }
        let (latch, clean) = opening::latch(dir, faults, &mut disk);
        let (revisions, refused) = opening::first_block(&mut disk, dir)?;
        match &refused {
            Some(problem) => tracing::error!(%problem, clean, "opened for reading only"),
            None => opening::take_reserve(dir),
        }
        let may_be_stale = refused.is_some() && !clean;
        let unrestored = disk.unrestored.clone();
        let revisions = Arc::new(revisions);
        let watchers = Arc::new(Watchers::default());
        let (sender, jobs) = mpsc::channel(QUEUE_JOBS);
        let writer = Writer {
            disk,
            jobs,
            refused: refused.is_some(),
            revisions: Arc::clone(&revisions),
            watchers: Arc::clone(&watchers),
            counts: Arc::clone(&counts),
        };
        let thread = thread::Builder::new().name("store-writer".to_owned());
        let thread = thread.spawn(move || writer.run());
        let thread = thread.map_err(|error| StoreError::unopenable(dir, &error))?;
        let (jobs, thread) = (Some(sender), Some(thread));
        let shared = Shared {
            db,
            unrestored,
            watchers,
            revisions,
            counts,
            latch: Arc::new(Mutex::new(latch)),
            may_be_stale,
            jobs,
            thread,
            _lock: lock,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The table of that name. One name, one row type.
    ///
    /// # Panics
    /// When the name is not 1 to 64 of a-z, 0-9, `-` and `_`.
    pub fn table<V: Row>(&self, name: &'static str) -> Table<V> {
        assert_table_name(name);
        Table::new(Arc::clone(&self.shared), name)
    }

    /// An empty batch.
    pub fn batch(&self) -> Batch {
        Batch::new(Arc::clone(&self.shared))
    }

    /// A number above all that were taken before, also before a crash. Never waits for the disk:
    /// when the reserved block is used up before the disk has confirmed the next one, it is an
    /// error.
    pub fn take_revision(&self) -> Result<u64, StoreError> {
        let Shared { revisions, jobs, .. } = &*self.shared;
        let taken = revisions.take();
        if revisions.should_ask() {
            let asked = jobs.as_ref().map(|jobs| jobs.try_send(Job::TopUp));
            if !matches!(asked, Some(Ok(()))) {
                // A full queue means that the writer is awake and will see for itself.
                revisions.asked();
            }
        }
        taken.ok_or(StoreError::RevisionsExhausted)
    }

    /// Counts since the start, and the size on disk; reads a directory.
    pub fn stats(&self) -> Stats {
        let Shared { counts, revisions, jobs, db, .. } = &*self.shared;
        let queued = jobs.as_ref().map_or(0, |jobs| jobs.max_capacity() - jobs.capacity());
        Stats {
            commits: counts.commits.load(Ordering::Relaxed),
            conflicts: counts.conflicts.load(Ordering::Relaxed),
            fsyncs: counts.fsyncs.load(Ordering::Relaxed),
            refusals: counts.refusals.load(Ordering::Relaxed),
            queued_jobs: queued as u64,
            revisions_left: revisions.left(),
            disk_bytes: db.size_on_disk().unwrap_or(0),
        }
    }

    /// True when the disk refused at the open, and the process before did not close the store in
    /// order: what that process found refused may be newer than the rows.
    pub fn may_be_stale(&self) -> bool {
        self.shared.may_be_stale
    }

    /// The note that was kept in place, if there is one.
    pub fn noted(&self) -> Option<Vec<u8>> {
        let latch = self.shared.latch.lock();
        latch.as_ref().and_then(LatchFile::note).map(<[u8]>::to_vec)
    }

    /// Keeps a note of at most [`NOTE_BYTES_MAX`](super::NOTE_BYTES_MAX) in place of the one
    /// before, also on a full disk. When this returns `Ok`, the note is on the disk.
    pub async fn note_in_place(&self, note: Vec<u8>) -> Result<(), StoreError> {
        self.in_place(move |latch| latch.set_note(note)).await
    }

    /// Forgets the note.
    pub async fn clear_note(&self) -> Result<(), StoreError> {
        self.note_in_place(Vec::new()).await
    }

    async fn in_place(
        &self,
        write: impl FnOnce(&mut LatchFile) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let latch = Arc::clone(&self.shared.latch);
        let missing = StoreError::refused(&"the file for notes could not be made");
        let written =
            tokio::task::spawn_blocking(move || latch.lock().as_mut().map_or(Err(missing), write));
        written.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Makes everything durable, relaxed writes too, and ends the writer. Later writes through
    /// other handles are [`StoreError::Closed`]; reads still work.
    pub async fn close(self) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.shared.send(Job::Close(answer)).await?;
        answered.await.unwrap_or(Err(StoreError::Closed))?;
        if let Err(problem) = self.in_place(|latch| latch.mark(true)).await {
            tracing::warn!(%problem, "the store is closed in order, and not marked so");
        }
        Ok(())
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

/// What all handles share.
pub(super) struct Shared {
    pub db: sled::Db,
    pub unrestored: Unrestored,
    pub watchers: Arc<Watchers>,
    revisions: Arc<Revisions>,
    counts: Arc<Counts>,
    latch: Arc<Mutex<Option<LatchFile>>>,
    may_be_stale: bool,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    /// Kept until the engine is gone: fields are dropped in this order.
    _lock: File,
}

impl Shared {
    /// Has the writer change rows; returns the revisions of those put.
    pub async fn commit(
        &self,
        writes: Vec<Write>,
        durability: Durability,
    ) -> Result<Vec<u64>, StoreError> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let (answer, answered) = oneshot::channel();
        self.send(Job::Commit(Commit { writes, durability, answer })).await?;
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    async fn send(&self, job: Job) -> Result<(), StoreError> {
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.send(job).await.map_err(|_| StoreError::Closed)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Without senders the writer ends after what is in its queue.
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has said so already.
            let _ = thread.join();
        }
    }
}
