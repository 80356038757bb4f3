//! The kept segments: their rows, the log of their changes, and who may change one when.
//!
//! A change goes to the disk first and then to traffic, as a raise does, and takes its turn with
//! the changes of flags. So nobody can aim a target at a segment while it is taken away, and
//! nobody changes whom a held component serves. A rollback waits for none of it.

mod change;
mod disk;
mod verbs;

use std::collections::HashSet;
use std::sync::Arc;

pub use change::{SegmentChange, SegmentDraft};
pub(super) use disk::Segments;

use super::clearance::check_segment_cleared;
use super::disk::Disk;
use super::room::Room;
use super::{Cause, FlagsError, HistoryFilter, SEGMENTS_MAX, SeedFault, Segment, Snapshot};
use crate::domain::{Revision, SegmentId, Timestamp};
use crate::store::StoreError;

impl Room {
    /// Makes a segment, or changes it: on the disk, then in traffic.
    pub async fn put_segment(
        &self,
        draft: SegmentDraft,
        expected: Option<Revision>,
        cause: Cause,
    ) -> Result<Arc<Segment>, FlagsError> {
        let mut disk = self.disk.lock().await;
        let published = self.snapshot();
        let before = published.segment(draft.name.as_str());
        match (before, expected) {
            (None, None) if published.segments().len() >= SEGMENTS_MAX => {
                return Err(FlagsError::SegmentsFull);
            }
            (None, None) => {}
            (None, Some(_)) => return Err(FlagsError::UnknownSegment(draft.name)),
            (Some(before), None) => {
                let (name, current) = (draft.name, before.revision);
                return Err(FlagsError::SegmentExists { name, current });
            }
            (Some(before), Some(expected)) => before.check_revision(expected)?,
        }
        if let Some(before) = before.filter(|before| draft.is_of(before)) {
            return Ok(Arc::clone(before));
        }
        let after = draft.into_segment(Revision::default(), self.now(), cause);
        if let Some(fault) = after.fault() {
            return Err(fault.into());
        }
        check_held(&published, &after.name)?;
        check_segment_cleared(self.clearance.get(), &published, &after)?;
        let revision = self.take_turn(&mut disk).await?;
        let after = Arc::new(Segment { revision, ..after });
        self.segments.write(&SegmentChange::of(before, &after)).await?;
        let _memory = self.memory.lock();
        self.publish_changed(|next| next.put_segment(Arc::clone(&after)));
        Ok(after)
    }

    /// Takes a segment away: on the disk, then in traffic.
    pub async fn remove_segment(
        &self,
        name: &SegmentId,
        expected: Revision,
        cause: Cause,
    ) -> Result<(), FlagsError> {
        let mut disk = self.disk.lock().await;
        let published = self.snapshot();
        let unknown = || FlagsError::UnknownSegment(name.clone());
        let before = published.segment(name.as_str()).ok_or_else(unknown)?;
        before.check_revision(expected)?;
        if let Some(flag) = published.targeting(name).first() {
            let (name, component) = (name.clone(), flag.component.clone());
            return Err(FlagsError::SegmentTargeted { name, component });
        }
        let revision = self.take_turn(&mut disk).await?;
        let line = SegmentChange {
            revision,
            at: self.now(),
            name: name.clone(),
            before: Some(Segment::clone(before)),
            after: None,
            cause,
        };
        self.segments.write(&line).await?;
        let _memory = self.memory.lock();
        self.publish_changed(|next| next.remove_segment(name.as_str(), revision));
        Ok(())
    }

    /// A page of the changes of one segment, newest first.
    pub fn segment_history(
        &self,
        name: &SegmentId,
        page: &HistoryFilter,
    ) -> Result<Vec<SegmentChange>, StoreError> {
        self.segments.page(name, page)
    }

    /// A revision for a change that is written before it is published. What was lowered goes to
    /// the disk before, as it does before a raise.
    async fn take_turn(&self, disk: &mut Disk) -> Result<Revision, FlagsError> {
        loop {
            self.save_unsaved(disk).await?;
            let memory = self.memory.lock();
            if memory.unsaved.is_empty() {
                return Ok(Revision(self.store.take_revision()?));
            }
        }
    }
}

impl Segment {
    fn check_revision(&self, expected: Revision) -> Result<(), FlagsError> {
        if self.revision == expected {
            return Ok(());
        }
        let (name, current) = (self.name.clone(), self.revision);
        Err(FlagsError::SegmentConflict { name, current })
    }
}

/// Refuses a change of whom a held component serves.
pub(super) fn check_held(published: &Snapshot, name: &SegmentId) -> Result<(), FlagsError> {
    let mut flags = published.targeting(name).into_iter();
    let Some((flag, hold)) = flags.find_map(|flag| {
        let hold = flag.hold.as_ref().filter(|_| flag.stage.ssot_serves())?;
        Some((flag, hold))
    }) else {
        return Ok(());
    };
    let (name, component) = (name.clone(), flag.component.clone());
    Err(FlagsError::SegmentHeld { name, component, at: hold.at })
}

/// The segments of `seeds` that are not `kept` yet, as they start at `now`.
pub(super) fn missing(
    seeds: &[SegmentDraft],
    kept: &[Arc<Segment>],
    now: Timestamp,
) -> Result<Vec<Segment>, FlagsError> {
    let kept: HashSet<&SegmentId> = kept.iter().map(|segment| &segment.name).collect();
    let new = seeds.iter().filter(|draft| !kept.contains(&draft.name));
    let segment =
        |draft: &SegmentDraft| draft.clone().into_segment(Revision::default(), now, Cause::Seed);
    let segments: Vec<Segment> = new.map(segment).collect();
    let mut faults: Vec<SeedFault> = segments.iter().filter_map(seed_fault).collect();
    if kept.len() + segments.len() > SEGMENTS_MAX {
        faults.push(SeedFault::of_table("segment", format!("more than {SEGMENTS_MAX} segments")));
    }
    if faults.is_empty() { Ok(segments) } else { Err(FlagsError::Seeds(faults)) }
}

fn seed_fault(segment: &Segment) -> Option<SeedFault> {
    let fault = segment.fault()?;
    let place = format!("segment.{}.{}", segment.name, fault.field);
    Some(SeedFault::of_table(&place, fault.problem))
}

/// The names that targets of seeds may have.
pub(super) fn names(kept: &[Arc<Segment>], new: &[Segment]) -> HashSet<SegmentId> {
    kept.iter().map(|segment| &**segment).chain(new).map(|segment| segment.name.clone()).collect()
}
