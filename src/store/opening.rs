//! Opening a directory: who may, what is in it, and the first block of revisions.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::disk::Disk;
use super::error::StoreError;
use super::fault::FaultSwitch;
use super::key::{OWN_TABLE, place};
use super::latch::{LatchFile, write_zeros};
use super::revisions::{BLOCK, FIRST, Revisions};

/// The layout this program writes: one tree, places and rows as in `key.rs` and `row.rs`.
const LAYOUT: u32 = 1;

const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Room taken beforehand, in bytes, and given back when the engine finds none to open in: it wants
/// up to a segment (512 KiB) and a file of its page table then.
const RESERVE_BYTES: usize = 2 * 1024 * 1024;

/// Whoever has just let go of a directory may keep it for a moment: the engine's own threads its
/// file, and the lock a child that a process has begun to start and that still has all its files.
const LINGER_TRIES: u32 = 50;
const LINGER_WAIT: Duration = Duration::from_millis(20);

/// Creates the directory when it is missing and takes its lock, which the returned file keeps.
pub(super) fn lock(dir: &Path) -> Result<File, StoreError> {
    let unopenable = |error: io::Error| StoreError::unopenable(dir, &error);
    if !dir.is_dir() {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(unopenable)?;
        let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync_folder(parent.unwrap_or(Path::new("."))).map_err(unopenable)?;
    }
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).open(dir.join("lock"));
    let file = file.map_err(unopenable)?;
    for _ in 0..LINGER_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::park_timeout(LINGER_WAIT),
            Err(TryLockError::Error(error)) => return Err(unopenable(error)),
        }
    }
    Err(StoreError::InUse { dir: dir.to_owned() })
}

/// Removes what an open that ended half way left of the engine's page table. The engine names the
/// file so until it is whole, and yet would read it, find half a table, and take the whole
/// directory for corrupted for ever after. Call it with the lock.
fn remove_half_snapshots(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The engine, and why it must not be written to, if it must not.
pub(super) type Opened = (sled::Db, Option<StoreError>);

/// Opens the engine in a locked directory; on a full disk in the reserved room, for reading.
pub(super) fn engine_or_reserve(dir: &Path) -> Result<Opened, StoreError> {
    let reserve = dir.join("reserve");
    let full = match engine(dir) {
        Err(full @ StoreError::Full { .. }) if reserve.exists() => full,
        opened => return opened.map(|db| (db, None)),
    };
    tracing::error!(problem = %full, "the reserved room is given back to open for reading");
    fs::remove_file(&reserve).map_err(|error| StoreError::unopenable(dir, &error))?;
    Ok((engine(dir)?, Some(StoreError::refused(&full))))
}

/// Takes the reserved room if it is not taken yet. Without it the store works, too.
pub(super) fn take_reserve(dir: &Path) {
    let reserve = dir.join("reserve");
    if fs::metadata(&reserve).is_ok_and(|found| found.len() == RESERVE_BYTES as u64) {
        return;
    }
    if let Err(problem) = write_zeros(&reserve, RESERVE_BYTES) {
        tracing::warn!(%problem, "no room can be reserved for a start on a full disk");
    }
}

/// The file for notes, and whether the last process closed the store in order. Marks the store as
/// open; a disk that cannot take that mark must not be trusted, or the next start would be told
/// that this process had ended in order.
pub(super) fn latch(dir: &Path, faults: FaultSwitch, disk: &mut Disk) -> (Option<LatchFile>, bool) {
    let mut latch = match LatchFile::open(dir, faults) {
        Ok(latch) => latch,
        Err(problem) => {
            tracing::error!(%problem, "no note can be kept in place");
            return (None, false);
        }
    };
    let clean = latch.is_clean();
    if let Err(refused) = latch.mark(false) {
        disk.distrust(refused);
    }
    (Some(latch), clean)
}

/// Opens the engine in a locked directory.
pub(super) fn engine(dir: &Path) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new().path(dir).cache_capacity(CACHE_BYTES);
    for _ in 0..LINGER_TRIES {
        remove_half_snapshots(dir).map_err(|error| StoreError::unopenable(dir, &error))?;
        match config.open() {
            Ok(db) => {
                sync_folder(dir).map_err(|error| StoreError::unopenable(dir, &error))?;
                return Ok(db);
            }
            Err(error) if is_locked(&error) => thread::park_timeout(LINGER_WAIT),
            Err(sled::Error::Io(error)) if is_full(&error) => {
                return Err(StoreError::Full { dir: dir.to_owned() });
            }
            Err(error) => return Err(StoreError::unopenable(dir, &error)),
        }
    }
    Err(StoreError::InUse { dir: dir.to_owned() })
}

fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(inner) if inner.to_string().contains("could not acquire lock"))
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Makes the names in a folder durable, as fsync of a file does not.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Refuses a directory of another program or of a newer version of this one; marks a new one.
pub(super) fn check_layout(db: &sled::Db, dir: &Path) -> Result<(), StoreError> {
    let at = place(OWN_TABLE, "layout");
    let row = db.get(&at).map_err(|error| StoreError::disk(&error))?;
    match row.map(|row| <[u8; 4]>::try_from(row.as_ref()).map(u32::from_be_bytes)) {
        Some(Ok(LAYOUT)) => Ok(()),
        Some(Ok(found)) if found > LAYOUT => {
            Err(StoreError::NewerLayout { dir: dir.to_owned(), found, known: LAYOUT })
        }
        None if db.is_empty() => {
            db.insert(at, &LAYOUT.to_be_bytes()).map_err(|error| StoreError::disk(&error))?;
            Ok(())
        }
        Some(Ok(_) | Err(_)) | None => Err(StoreError::Foreign { dir: dir.to_owned() }),
    }
}

/// Reserves the first block of revisions on the disk. Where that is refused, a directory that had
/// a block before has none left, and the refusal comes along.
pub(super) fn first_block(
    disk: &mut Disk,
    dir: &Path,
) -> Result<(Revisions, Option<StoreError>), StoreError> {
    let (next, is_new) = match disk.reserved_end()? {
        None => (FIRST, true),
        Some(Ok(end)) => (end, false),
        Some(Err(_)) => return Err(StoreError::Foreign { dir: dir.to_owned() }),
    };
    let end = next.saturating_add(BLOCK);
    match disk.write_reserved_end(end).and_then(|()| disk.confirm()) {
        Ok(()) => Ok((Revisions::new(next, end), None)),
        Err(refused) if is_new => Err(refused),
        Err(refused) => Ok((Revisions::new(next, next), Some(refused))),
    }
}
