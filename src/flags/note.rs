//! The note of what was lowered while the disk refused. Pure: made from the queue of unsaved
//! rows, and replayed over the rows that the next start finds.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::memory::{Lowered, Memory};
use super::order::View;
use super::{Cause, Flag, Snapshot, Stage};
use crate::domain::{ComponentId, Revision, Timestamp};

/// Longest text of a cause in a note that would not fit otherwise, in bytes.
const SHORT_TEXT_BYTES: usize = 100;

/// All changes that serve and are not on the disk, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Note {
    pub changes: Vec<NotedChange>,
}

/// Rows that were lowered together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct NotedChange {
    at: Timestamp,
    cause: Cause,
    /// True for a rollback.
    pub latches: bool,
    /// The row that was asked for stands last.
    rows: Vec<NotedRow>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct NotedRow {
    component: ComponentId,
    #[serde(flatten)]
    stage: Stage,
    /// The revision under which it was acknowledged, if there was one left.
    revision: Option<Revision>,
    /// It replaces a stored row of this revision or an earlier one; a later one has it already.
    over: Revision,
}

/// A change to make again.
pub(super) struct Replayed {
    pub flag: Flag,
    pub dependents: Vec<Flag>,
    /// One for each row, if every row had one.
    pub revisions: Option<Vec<Revision>>,
    /// The latest revision the note tells of.
    pub latest: Revision,
}

impl Note {
    pub fn of(memory: &Memory) -> Self {
        let change = |lowered| NotedChange::of(lowered, memory.last_taken);
        Self { changes: memory.unsaved.iter().map(change).collect() }
    }

    /// As bytes; with shortened causes when it would have more than `bytes_max`.
    pub fn encode(mut self, bytes_max: usize) -> Result<Vec<u8>, serde_json::Error> {
        let full = serde_json::to_vec(&self)?;
        if full.len() <= bytes_max {
            return Ok(full);
        }
        for change in &mut self.changes {
            change.cause = change.cause.clone().cut_to(SHORT_TEXT_BYTES);
        }
        serde_json::to_vec(&self)
    }
}

impl NotedChange {
    fn of(lowered: &Lowered, last_taken: Revision) -> Self {
        let row = |flag: &Flag| {
            let revision = lowered.numbered.then_some(flag.revision);
            let over = revision.map_or(last_taken, |own| Revision(own.0.saturating_sub(1)));
            NotedRow { component: flag.component.clone(), stage: flag.stage, revision, over }
        };
        Self {
            at: lowered.flag.changed_at,
            cause: lowered.flag.cause.clone(),
            latches: lowered.latches,
            rows: lowered.rows().map(|flag| row(flag)).collect(),
        }
    }

    /// What of this change the `stored` rows do not have yet, over those in `published`; `None`
    /// when they have it all.
    pub fn replay(
        &self,
        stored: &Snapshot,
        published: &Snapshot,
        cool_down: Duration,
    ) -> Option<Replayed> {
        let mut flags = Vec::new();
        let mut revisions = Vec::new();
        for row in &self.rows {
            let id = row.component.as_str();
            let is_newer = stored.flag(id).is_some_and(|flag| flag.revision > row.over);
            let Some(flag) = published.flag(id) else { continue };
            if !is_newer && (self.latches || row.stage < flag.stage) {
                flags.push(self.lowered(flag, flag.stage.min(row.stage), cool_down));
                revisions.push(row.revision);
            }
        }
        let also = self.also_falling(&flags, published, cool_down);
        let flag = flags.pop()?;
        let revisions = if also.is_empty() { revisions.into_iter().collect() } else { None };
        let latest = self.rows.iter().map(|row| row.revision.unwrap_or(row.over)).max()?;
        let dependents = also.into_iter().chain(flags).collect();
        Some(Replayed { flag, dependents, revisions, latest })
    }

    fn lowered(&self, flag: &Flag, stage: Stage, cool_down: Duration) -> Flag {
        let lowered = if self.latches {
            flag.rolled_back(stage, &self.cause, self.at, cool_down)
        } else {
            flag.at_stage(stage)
        };
        Flag { changed_at: self.at, cause: self.cause.clone(), ..lowered }
    }

    /// What requires one of the `noted` rows and stands above it now, because a raise that was
    /// refused reached the disk all the same; deepest first.
    fn also_falling(&self, noted: &[Flag], published: &Snapshot, cool_down: Duration) -> Vec<Flag> {
        let view = View::new(published, None);
        let known: HashSet<&ComponentId> = noted.iter().map(|flag| &flag.component).collect();
        let mut floors: HashMap<&ComponentId, Stage> = HashMap::new();
        for flag in noted {
            for child in view.falling(&flag.component, flag.stage) {
                let floor = floors.entry(&child.component).or_insert(flag.stage);
                *floor = flag.stage.min(*floor);
            }
        }
        floors.retain(|component, _| !known.contains(component));
        let falling = floors.keys().filter_map(|component| published.flag(component.as_str()));
        let mut order = view.with_dependents(falling);
        order.retain(|child| floors.contains_key(&child.component));
        let latch = Self { latches: true, ..self.clone() };
        order
            .into_iter()
            .map(|child| latch.lowered(child, floors[&child.component], cool_down))
            .collect()
    }
}
