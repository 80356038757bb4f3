//! The engine, and the one way to have its writes confirmed.

use std::array::TryFromSliceError;
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::StoreError;
use super::fault::FaultSwitch;
use super::key::{OWN_TABLE, place};
use super::opening::sync_folder;
use super::stats::{Counts, count};
use super::unrestored::Unrestored;

/// The engine as the writer sees it.
///
/// The engine's own flush hands pages to the kernel and goes no further, and
/// nodes of big rows go to files beside the log that it never syncs. So a commit is flush, then
/// fsync of such files, then fsync of the log through a handle of our own.
pub(super) struct Disk {
    pub db: sled::Db,
    log: File,
    blobs: PathBuf,
    blobs_synced: HashSet<OsString>,
    faults: FaultSwitch,
    counts: Arc<Counts>,
    pub unrestored: Unrestored,
    /// Set by the first real refusal. After a failed fsync the kernel may forget the pages, so
    /// that the next fsync succeeds without them: nothing is believed any more, and nothing is
    /// changed any more.
    refused: Option<StoreError>,
}

/// A row as it was before a change.
#[derive(Debug)]
pub(super) struct Before {
    pub place: Vec<u8>,
    /// `None` when there was none.
    pub row: Option<sled::IVec>,
}

impl Disk {
    pub fn new(
        db: sled::Db,
        dir: &Path,
        faults: FaultSwitch,
        counts: Arc<Counts>,
    ) -> Result<Self, StoreError> {
        let log =
            File::open(dir.join("db")).map_err(|error| StoreError::unopenable(dir, &error))?;
        let blobs = dir.join("blobs");
        let blobs_synced = HashSet::new();
        let unrestored = Unrestored::default();
        Ok(Self { db, log, blobs, blobs_synced, faults, counts, unrestored, refused: None })
    }

    /// Changes and confirms nothing from now on.
    pub fn distrust(&mut self, refused: StoreError) {
        self.refused.get_or_insert(refused);
    }

    /// The row at a place, as readers see it.
    pub fn get(&self, place: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        let found = self.db.get(place).map_err(|error| StoreError::disk(&error))?;
        Ok(self.unrestored.correct(place, found))
    }

    /// Makes everything applied so far durable; blocks until the disk has it.
    pub fn confirm(&mut self) -> Result<(), StoreError> {
        let confirmed = self.try_confirm();
        count(if confirmed.is_ok() { &self.counts.fsyncs } else { &self.counts.refusals });
        confirmed
    }

    /// Changes all rows of a batch. When that fails half way nothing is believed any more, and
    /// the rows are put back as far as the engine still lets us.
    pub fn apply(&mut self, batch: sled::Batch, before: &[Before]) -> Result<(), StoreError> {
        self.check()?;
        let Err(error) = self.db.apply_batch(batch) else { return Ok(()) };
        self.refused.get_or_insert_with(|| StoreError::refused(&error));
        self.restore(before);
        Err(StoreError::disk(&error))
    }

    /// Puts rows back as they were, the latest change first.
    pub fn restore(&self, before: &[Before]) {
        let mut restored = sled::Batch::default();
        for Before { place, row } in before.iter().rev() {
            match row {
                Some(row) => restored.insert(place.as_slice(), row),
                None => restored.remove(place.as_slice()),
            }
        }
        if let Err(error) = self.db.apply_batch(restored) {
            tracing::error!(problem = %error, "refused rows could not be taken back, only hidden");
            self.unrestored.keep(before);
        }
    }

    fn try_confirm(&mut self) -> Result<(), StoreError> {
        self.check()?;
        if !self.faults.permits() {
            return Err(StoreError::refused(&"fault switch"));
        }
        let confirmed = self.flush_and_sync();
        self.refused = confirmed.clone().err();
        confirmed
    }

    fn check(&self) -> Result<(), StoreError> {
        self.refused.clone().map_or(Ok(()), Err)
    }

    fn flush_and_sync(&mut self) -> Result<(), StoreError> {
        self.db.flush().map_err(|error| StoreError::refused(&error))?;
        self.sync_blobs().map_err(|error| StoreError::refused(&error))?;
        self.log.sync_all().map_err(|error| StoreError::refused(&error))
    }

    fn sync_blobs(&mut self) -> io::Result<()> {
        let mut present = HashSet::new();
        let mut any_new = false;
        for entry in fs::read_dir(&self.blobs)? {
            let entry = entry?;
            let name = entry.file_name();
            if !self.blobs_synced.contains(&name) {
                // A file that is gone by now was superseded by rows already in the log.
                match File::open(entry.path()).and_then(|file| file.sync_all()) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    Ok(()) | Err(_) => any_new = true,
                }
            }
            present.insert(name);
        }
        if any_new {
            sync_folder(&self.blobs)?;
        }
        self.blobs_synced = present;
        Ok(())
    }

    /// Where the reserved revisions end, as the disk has it.
    pub fn reserved_end(&self) -> Result<Option<Result<u64, TryFromSliceError>>, StoreError> {
        let row = self.db.get(place(OWN_TABLE, "revisions"));
        let row = row.map_err(|error| StoreError::disk(&error))?;
        Ok(row.map(|row| <[u8; 8]>::try_from(row.as_ref()).map(u64::from_be_bytes)))
    }

    /// Writes where the reserved revisions end; counts only after [`Self::confirm`].
    pub fn write_reserved_end(&self, end: u64) -> Result<(), StoreError> {
        self.check()?;
        let written = self.db.insert(place(OWN_TABLE, "revisions"), &end.to_be_bytes());
        written.map(drop).map_err(|error| StoreError::disk(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::super::opening::engine;
    use super::*;

    fn disk(dir: &Path) -> Disk {
        let db = engine(dir).expect("the engine");
        Disk::new(db, dir, FaultSwitch::new(), Arc::default()).expect("a disk")
    }

    #[test]
    fn a_disk_that_failed_one_fsync_is_not_believed_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut disk = disk(dir.path());
        disk.confirm().expect("confirmed");
        // The null device knows no fsync.
        let log = std::mem::replace(&mut disk.log, File::open("/dev/null").expect("null"));
        let refused = disk.confirm().expect_err("refused");
        assert!(matches!(refused, StoreError::Refused { .. }));
        disk.log = log;
        assert_eq!(disk.confirm(), Err(refused));
    }

    #[test]
    fn files_of_big_rows_beside_the_log_are_synced_too() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut disk = disk(dir.path());
        for number in 0..40_u8 {
            disk.db.insert([number], vec![number; 60_000]).expect("inserted");
            disk.confirm().expect("confirmed");
        }
        let present = fs::read_dir(dir.path().join("blobs")).expect("a folder");
        let present: HashSet<_> = present.map(|entry| entry.expect("a file").file_name()).collect();
        assert!(!present.is_empty(), "the engine no longer keeps big nodes in files of their own");
        // The engine may have removed a file since, never added one.
        assert!(present.is_subset(&disk.blobs_synced));
    }
}
