//! A small file that can still be written when the disk is full: it is there in full from the
//! first open on, and only ever overwritten in place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::error::StoreError;
use super::fault::FaultSwitch;
use super::opening::sync_folder;

/// Largest note, in bytes.
pub const NOTE_BYTES_MAX: usize = SLOT_BYTES - HEAD_BYTES;

const SLOT_BYTES: usize = 256 * 1024;
const MAGIC: [u8; 8] = *b"cf-latch";
const CHECK_BYTES: usize = 8;
/// Check, magic, sequence, clean, length of the note.
const HEAD_BYTES: usize = CHECK_BYTES + 8 + 8 + 1 + 4;

/// The file: two slots that are written in turn, so that a torn write leaves the one before.
#[derive(Debug)]
pub(super) struct LatchFile {
    file: File,
    faults: FaultSwitch,
    /// The slot of the last record that is known to be whole; the other one is written next.
    slot: usize,
    /// Of the last record tried.
    sequence: u64,
    record: Record,
}

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Record {
    /// The store was closed in order, and nothing was refused.
    clean: bool,
    /// Empty when there is none.
    note: Vec<u8>,
}

impl LatchFile {
    /// Opens the file in `dir`; writes it, and waits for the disk to have it, when it is missing.
    pub fn open(dir: &Path, faults: FaultSwitch) -> io::Result<Self> {
        let path = dir.join("latch");
        let size = 2 * SLOT_BYTES;
        if fs::metadata(&path).map_or(true, |found| found.len() != size as u64) {
            let made = dir.join("latch.new");
            write_zeros(&made, size)?;
            fs::rename(made, &path)?;
            sync_folder(dir)?;
        }
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut latch = Self { file, faults, slot: 1, sequence: 0, record: Record::default() };
        for slot in [0, 1] {
            let mut bytes = vec![0; SLOT_BYTES];
            latch.file.read_exact_at(&mut bytes, offset(slot))?;
            if let Some((sequence, record)) = decode(&bytes)
                && sequence > latch.sequence
            {
                (latch.slot, latch.sequence, latch.record) = (slot, sequence, record);
            }
        }
        Ok(latch)
    }

    pub fn is_clean(&self) -> bool {
        self.record.clean
    }

    pub fn note(&self) -> Option<&[u8]> {
        (!self.record.note.is_empty()).then_some(self.record.note.as_slice())
    }

    /// Marks the store as closed in order, or as open.
    pub fn mark(&mut self, clean: bool) -> Result<(), StoreError> {
        self.write(Record { clean, ..self.record.clone() })
    }

    /// Keeps another note; an empty one is none.
    pub fn set_note(&mut self, note: Vec<u8>) -> Result<(), StoreError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(StoreError::NoteTooLarge { bytes: note.len(), bytes_max: NOTE_BYTES_MAX });
        }
        self.write(Record { note, ..self.record.clone() })
    }

    /// Every try writes the record as a whole, so a failed fsync says nothing about the next one.
    fn write(&mut self, record: Record) -> Result<(), StoreError> {
        if !self.faults.permits_in_place() {
            return Err(StoreError::refused(&"fault switch"));
        }
        let slot = 1 - self.slot;
        self.sequence += 1;
        let bytes = encode(self.sequence, &record);
        let written = self.file.write_all_at(&bytes, offset(slot));
        let written = written.and_then(|()| self.file.sync_all());
        written.map_err(|error| StoreError::refused(&error))?;
        (self.slot, self.record) = (slot, record);
        Ok(())
    }
}

/// Writes a file of zeros that the disk really has room for, for its owner only.
pub(super) fn write_zeros(path: &Path, bytes: usize) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(path)?;
    let written = file.write_all(&vec![0; bytes]).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half of it would only take the room that is missing.
        let _ = fs::remove_file(path);
    }
    written
}

const fn offset(slot: usize) -> u64 {
    (slot * SLOT_BYTES) as u64
}

fn encode(sequence: u64, record: &Record) -> Vec<u8> {
    let mut bytes = vec![0; CHECK_BYTES];
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.push(u8::from(record.clean));
    let length = u32::try_from(record.note.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&record.note);
    let check = check(&bytes[CHECK_BYTES..]);
    bytes[..CHECK_BYTES].copy_from_slice(&check.to_be_bytes());
    bytes
}

/// `None` for a slot that was never written, or not to its end.
fn decode(slot: &[u8]) -> Option<(u64, Record)> {
    let (checked, rest) = slot.split_first_chunk::<CHECK_BYTES>()?;
    let (magic, tail) = rest.split_first_chunk::<8>()?;
    let (sequence, tail) = tail.split_first_chunk::<8>()?;
    let (clean, tail) = tail.split_first()?;
    let (length, tail) = tail.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let note = tail.get(..length)?.to_vec();
    let whole = &rest[..HEAD_BYTES - CHECK_BYTES + length];
    let fits = *magic == MAGIC && check(whole) == u64::from_be_bytes(*checked);
    fits.then(|| (u64::from_be_bytes(*sequence), Record { clean: *clean == 1, note }))
}

/// FNV-1a: tells a record from half of one, not from a forged one.
fn check(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn open(dir: &Path) -> LatchFile {
        LatchFile::open(dir, FaultSwitch::new()).expect("a latch file")
    }

    #[test]
    fn what_was_written_last_is_found_again_and_takes_no_more_room() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut latch = open(dir.path());
        assert_eq!((latch.is_clean(), latch.note()), (false, None));
        let blocks = || fs::metadata(dir.path().join("latch")).expect("a file").blocks();
        let before = blocks();
        assert!(before * 512 >= 2 * SLOT_BYTES as u64, "it has holes");
        for length in [0, 1, 5000, NOTE_BYTES_MAX, 7] {
            latch.set_note(vec![7; length]).expect("noted");
            latch.mark(length == 7).expect("marked");
            latch = open(dir.path());
            assert_eq!(latch.note().unwrap_or_default().len(), length);
        }
        assert!(latch.is_clean());
        assert_eq!(blocks(), before);
    }

    #[test]
    fn a_torn_write_leaves_the_record_before_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut latch = open(dir.path());
        latch.set_note(b"first".to_vec()).expect("noted");
        let torn = latch.slot;
        latch.set_note(vec![1; 9000]).expect("noted");
        latch.set_note(vec![2; 9000]).expect("noted");
        assert_eq!(latch.slot, torn);
        latch.file.write_all_at(&[0; 4096], offset(torn) + 4096).expect("torn");
        assert_eq!(open(dir.path()).note(), Some(&*vec![1; 9000]));
    }

    #[test]
    fn a_refused_write_never_touches_the_last_whole_record() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut latch = open(dir.path());
        latch.set_note(b"kept".to_vec()).expect("noted");
        let file = std::mem::replace(&mut latch.file, File::open("/dev/null").expect("null"));
        for _ in 0..2 {
            assert!(matches!(latch.mark(true), Err(StoreError::Refused { .. })));
        }
        latch.file = file;
        assert_eq!((latch.is_clean(), latch.note()), (false, Some(&b"kept"[..])));
        let long = vec![0; NOTE_BYTES_MAX + 1];
        assert!(matches!(latch.set_note(long), Err(StoreError::NoteTooLarge { .. })));
        latch.mark(true).expect("marked");
        let latch = open(dir.path());
        assert_eq!((latch.is_clean(), latch.note()), (true, Some(&b"kept"[..])));
    }
}
