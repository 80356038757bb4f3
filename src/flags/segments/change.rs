//! What a segment is to be, and a line in the log of what became of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::log::Line;
use super::super::{Cause, Segment};
use crate::domain::{Revision, SegmentId, Timestamp};
use crate::store::Row;

/// What a segment is to be. The same lists as of [`Segment`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentDraft {
    /// Its name.
    pub name: SegmentId,
    /// What it is for.
    pub description: String,
    /// Subjects as the authority grants them.
    pub subjects: BTreeSet<String>,
    /// Tenants.
    pub tenants: BTreeSet<String>,
    /// Scopes.
    pub scopes: BTreeSet<String>,
    /// Values of request headers, by name in lower case.
    pub headers: BTreeMap<String, BTreeSet<String>>,
}

impl SegmentDraft {
    /// The segment at a revision, since a moment.
    pub(in super::super) fn into_segment(
        self,
        revision: Revision,
        changed_at: Timestamp,
        cause: Cause,
    ) -> Segment {
        let Self { name, description, subjects, tenants, scopes, headers } = self;
        Segment {
            name,
            description,
            subjects,
            tenants,
            scopes,
            headers,
            revision,
            changed_at,
            cause,
        }
    }

    /// True when the segment is like this already.
    pub(super) fn is_of(&self, segment: &Segment) -> bool {
        let Segment { revision, changed_at, cause, .. } = segment;
        self.clone().into_segment(*revision, *changed_at, cause.clone()) == *segment
    }
}

/// One change of one segment. `before` is what the line before says under `after`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentChange {
    /// The revision of the change.
    pub revision: Revision,
    /// When.
    pub at: Timestamp,
    /// Which segment.
    pub name: SegmentId,
    /// As it was; `None` when this change made it.
    pub before: Option<Segment>,
    /// As it is since then; `None` when this change took it away.
    pub after: Option<Segment>,
    /// Why.
    pub cause: Cause,
}

impl SegmentChange {
    /// The line of a segment that was made or changed.
    pub(super) fn of(before: Option<&Arc<Segment>>, after: &Segment) -> Self {
        Self {
            revision: after.revision,
            at: after.changed_at,
            name: after.name.clone(),
            before: before.map(|before| Segment::clone(before)),
            after: Some(after.clone()),
            cause: after.cause.clone(),
        }
    }
}

impl Line for SegmentChange {
    type Kept = Segment;

    const LOG: &'static str = "segment_history";
    const ROWS: &'static str = "segments";

    fn revision(&self) -> Revision {
        self.revision
    }

    fn row_key(&self) -> String {
        self.name.to_string()
    }

    fn continues(&self, before: Option<&Segment>) -> bool {
        self.before.as_ref() == before
    }

    fn leaves(&self) -> Option<Segment> {
        self.after.clone()
    }
}

impl Row for SegmentChange {
    const FORMAT: u8 = 1;
}
