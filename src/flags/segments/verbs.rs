//! What callers do with segments.

use std::sync::Arc;

use super::super::table::{Flags, to_the_end};
use super::super::{Cause, FlagsError, HistoryFilter, Segment};
use super::{SegmentChange, SegmentDraft};
use crate::domain::{Revision, SegmentId};

impl Flags {
    /// Makes a segment, or changes it. When this returns `Ok`, it is on the disk and the next
    /// snapshot has it; when the caller stops waiting, it happens all the same. A draft that is
    /// what the segment is already changes nothing.
    ///
    /// `expected` is the revision the caller has seen, or `None` where there must be none yet.
    pub async fn put_segment(
        &self,
        draft: SegmentDraft,
        expected: Option<Revision>,
        cause: Cause,
    ) -> Result<Arc<Segment>, FlagsError> {
        let (room, cause) = (Arc::clone(&self.room), cause.bounded());
        to_the_end(async move { room.put_segment(draft, expected, cause).await }).await
    }

    /// Takes away a segment that no flag targets.
    pub async fn remove_segment(
        &self,
        name: &SegmentId,
        expected: Revision,
        cause: Cause,
    ) -> Result<(), FlagsError> {
        let (room, name, cause) = (Arc::clone(&self.room), name.clone(), cause.bounded());
        to_the_end(async move { room.remove_segment(&name, expected, cause).await }).await
    }

    /// A page of the changes of one segment, newest first, whether it is still there or not; the
    /// page's component does not matter. Reads the disk.
    pub fn segment_history(
        &self,
        name: &SegmentId,
        page: &HistoryFilter,
    ) -> Result<Vec<SegmentChange>, FlagsError> {
        Ok(self.room.segment_history(name, page)?)
    }
}
