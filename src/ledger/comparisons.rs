//! Every comparison, one JSON line each, so that others can recompute what is reported here.
//!
//! Lines are gathered in memory and written every 100 ms or 64 KiB by a thread of their own. When
//! it cannot keep up, lines are dropped and counted. The file is begun anew when it is full, and
//! the oldest of a few is given up. No token, claim or subject ever stands in a line.

mod files;
mod line;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use self::files::Files;
use self::line::Line;
use super::{Entry, Judgement, LedgerError};
use crate::domain::{ComponentId, Question, Side, Timestamp};

/// Written as soon as this much is gathered, in bytes.
const BATCH: usize = 64 * 1024;

/// Never gathered beyond this, in bytes.
const GATHERED_MAX: usize = 4 * 1024 * 1024;

/// Written at the latest after this.
const INTERVAL: Duration = Duration::from_millis(100);

/// Where comparisons are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparisonsSettings {
    /// The file; full ones are named after it, with a number that grows with their age.
    pub path: PathBuf,
    /// A file that has reached this many bytes is full.
    pub file_bytes_max: u64,
    /// Files at one time, the one that is written included; at least one.
    pub files_max: u32,
}

/// Lines gathered and dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ComparisonsStats {
    /// Lines gathered.
    pub lines: u64,
    /// Lines dropped because the writer could not keep up or failed.
    pub dropped: u64,
}

/// Gathers lines and writes them out.
pub struct Comparisons {
    path: PathBuf,
    gathered: Mutex<Gathered>,
    wake: Condvar,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Gathered {
    bytes: Vec<u8>,
    lines: u64,
    lines_in_batch: u64,
    closed: bool,
}

impl std::fmt::Debug for Comparisons {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Comparisons").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Comparisons {
    /// Opens the file, at its end, and begins a thread that writes to it until
    /// [`Comparisons::close`].
    pub fn open(settings: ComparisonsSettings) -> Result<(Arc<Self>, JoinHandle<()>), LedgerError> {
        let path = settings.path.clone();
        let refused = |error: std::io::Error| LedgerError::Comparisons {
            path: path.clone(),
            problem: error.to_string(),
        };
        let mut files = Files::open(settings).map_err(refused)?;
        let comparisons = Arc::new(Self {
            path: path.clone(),
            gathered: Mutex::default(),
            wake: Condvar::new(),
            dropped: AtomicU64::new(0),
        });
        let writer = Arc::clone(&comparisons);
        let thread = std::thread::Builder::new().name("comparisons".to_owned());
        let thread = thread.spawn(move || writer.write_until_closed(&mut files));
        Ok((comparisons, thread.map_err(refused)?))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lines so far.
    pub fn stats(&self) -> ComparisonsStats {
        let lines = self.gathered.lock().lines;
        ComparisonsStats { lines, dropped: self.dropped.load(Ordering::Relaxed) }
    }

    /// Writes what is gathered and ends the thread.
    pub fn close(&self) {
        self.gathered.lock().closed = true;
        self.wake.notify_one();
    }

    pub(super) fn recorded(&self, question: &Question, entry: &Entry<'_>) {
        self.gather(&Line::of_entry(question, entry));
    }

    pub(super) fn judged(
        &self,
        component: &ComponentId,
        at: Timestamp,
        served: Option<Side>,
        judgement: Judgement,
    ) {
        self.gather(&Line::of_judgement(component, at, served, judgement));
    }

    fn gather(&self, line: &Line<'_>) {
        let Ok(mut text) = serde_json::to_vec(line) else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        text.push(b'\n');
        let mut gathered = self.gathered.lock();
        if gathered.closed || gathered.bytes.len() + text.len() > GATHERED_MAX {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        gathered.bytes.append(&mut text);
        gathered.lines += 1;
        gathered.lines_in_batch += 1;
        if gathered.bytes.len() >= BATCH {
            self.wake.notify_one();
        }
    }

    fn write_until_closed(&self, files: &mut Files) {
        let mut batch = Vec::with_capacity(2 * BATCH);
        let mut failing = false;
        loop {
            let (lines, closed) = {
                let mut gathered = self.gathered.lock();
                if gathered.bytes.len() < BATCH && !gathered.closed {
                    self.wake.wait_for(&mut gathered, INTERVAL);
                }
                std::mem::swap(&mut gathered.bytes, &mut batch);
                (std::mem::take(&mut gathered.lines_in_batch), gathered.closed)
            };
            if !batch.is_empty() {
                let written = files.write(&batch);
                if let Err(error) = &written {
                    self.dropped.fetch_add(lines, Ordering::Relaxed);
                    if !failing {
                        tracing::error!(%error, path = %self.path.display(), "comparisons are lost");
                    }
                }
                failing = written.is_err();
            }
            batch.clear();
            if closed {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(folder: &Path, file_bytes_max: u64) -> ComparisonsSettings {
        let path = folder.join("comparisons.jsonl");
        ComparisonsSettings { path, file_bytes_max, files_max: 3 }
    }

    fn judge(comparisons: &Comparisons, moment: i64) {
        let component = ComponentId::parse("event-delivery").expect("an id");
        let at = Timestamp::from_micros(moment);
        comparisons.judged(&component, at, Some(Side::Ssot), Judgement::Match);
    }

    #[test]
    fn every_line_is_written_at_the_end_and_a_later_start_goes_on_behind_it() {
        let folder = tempfile::tempdir().expect("a folder");
        for start in 0..2 {
            let opened = Comparisons::open(settings(folder.path(), 1 << 20));
            let (comparisons, writer) = opened.expect("opened");
            (0..500).for_each(|number| judge(&comparisons, start * 500 + number));
            comparisons.close();
            writer.join().expect("the writer ends");
            assert_eq!(comparisons.stats(), ComparisonsStats { lines: 500, dropped: 0 });
        }
        let text = std::fs::read_to_string(folder.path().join("comparisons.jsonl"));
        let moments: Vec<i64> = text
            .expect("a file")
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
            .map(|line| line["at"].as_i64().expect("a moment"))
            .collect();
        assert!(moments.into_iter().eq(0..1000));
    }

    #[test]
    fn what_comes_after_the_end_is_counted_as_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let opened = Comparisons::open(settings(folder.path(), 1 << 20));
        let (comparisons, writer) = opened.expect("opened");
        comparisons.close();
        writer.join().expect("the writer ends");
        judge(&comparisons, 1);
        assert_eq!(comparisons.stats(), ComparisonsStats { lines: 0, dropped: 1 });
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = Comparisons::open(settings(&folder.path().join("none"), 1)).expect_err("none");
        assert!(error.to_string().contains("comparisons.jsonl"), "{error}");
    }
}
