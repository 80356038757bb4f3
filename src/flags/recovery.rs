//! What a start does about the time in which the disk refused, and how that is kept.

use super::disk::Disk;
use super::memory::Memory;
use super::note::{Note, NotedChange};
use super::room::Room;
use super::{Cause, Flag, Snapshot, Stage};
use crate::domain::Revision;
use crate::store::{NOTE_BYTES_MAX, StoreError};

const STALE: &str = "start after an unclean stop, on a disk that refuses writes";

impl Room {
    /// Lowers what the last process lowered and could only note, and everything that ssot serves
    /// if nobody can tell. It is published before anybody has the table, and saved if the disk
    /// takes it.
    pub async fn recover(&self, disk: &mut Disk) {
        self.lower_what_was_missed();
        let changes = self.unsaved();
        match self.save_unsaved(disk).await {
            Ok(()) if changes > 0 => tracing::warn!(changes, "rows were lowered as noted"),
            Ok(()) => {}
            Err(problem) => {
                let noted = self.keep_note().await;
                tracing::error!(changes, %problem, noted = noted.is_ok(),
                    "rows are lowered in memory, the disk refuses them");
            }
        }
    }

    /// Notes in place all that is lowered and not on the disk. The caller holds the disk.
    pub async fn keep_note(&self) -> Result<(), StoreError> {
        let note = Note::of(&self.memory.lock());
        let bytes = note.encode(NOTE_BYTES_MAX).map_err(|error| StoreError::Unwritable {
            table: "latch",
            key: String::new(),
            problem: error.to_string(),
        })?;
        self.store.note_in_place(bytes).await
    }

    fn lower_what_was_missed(&self) {
        let mut memory = self.memory.lock();
        let mut may_be_stale = self.store.may_be_stale();
        let stored = self.snapshot();
        if let Some(noted) = self.store.noted() {
            match serde_json::from_slice::<Note>(&noted) {
                Ok(note) => {
                    let changes = note.changes.iter();
                    changes.for_each(|change| self.lower_noted(&mut memory, &stored, change));
                }
                Err(problem) => {
                    tracing::error!(%problem, "the note of what was lowered cannot be read");
                    may_be_stale = true;
                }
            }
        }
        if may_be_stale {
            self.lower_all(&mut memory);
        }
    }

    fn lower_noted(&self, memory: &mut Memory, stored: &Snapshot, change: &NotedChange) {
        let cool_down = self.settings.cool_down;
        let Some(again) = change.replay(stored, &self.snapshot(), cool_down) else { return };
        // The log is written in the order of revisions: what was seeded at this start, or numbered
        // anew, stands before this.
        let (last_taken, all_numbered) = (memory.last_taken, memory.all_numbered());
        let in_order = |taken: &Vec<Revision>| {
            all_numbered && taken.iter().all(|revision| *revision > last_taken)
        };
        memory.last_taken = last_taken.max(again.latest);
        let mut lowered = memory.lowered(again.flag, again.dependents, change.latches);
        match again.revisions.filter(in_order) {
            Some(revisions) => lowered.number(revisions),
            None => self.number(memory, &mut lowered),
        }
        self.enqueue(memory, lowered);
    }

    /// Puts every component in canary, live or sealed back to shadow, in one change.
    fn lower_all(&self, memory: &mut Memory) {
        let (published, now) = (self.snapshot(), self.now());
        let cause = Cause::Guard { trip: STALE.to_owned() };
        let serves = |stage| match stage {
            Stage::Canary(_) | Stage::Live | Stage::Sealed => true,
            Stage::Off | Stage::Shadow | Stage::Complete => false,
        };
        let rolled_back = |flag: &Flag| {
            let flag = flag.rolled_back(Stage::Shadow, &cause, now, self.settings.cool_down);
            Flag { changed_at: now, cause: cause.clone(), ..flag }
        };
        let serving = published.iter().filter(|flag| serves(flag.stage));
        let mut flags: Vec<Flag> = serving.map(|flag| rolled_back(flag)).collect();
        let Some(last) = flags.pop() else { return };
        tracing::error!(components = flags.len() + 1, "{STALE}: all are put on legacy");
        self.lower(memory, (last, flags), true);
    }
}
