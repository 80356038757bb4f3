//! For tests of rooms that do not see the store.

use std::path::Path;
use std::sync::Arc;

use super::samples::{NOW, flag};
use super::{Cause, Flag, Flags, Issuers, Salt, Seeds, Segment, Settings, Snapshot, Stage, Target};
use crate::domain::{Clock, GroupId, Revision, SegmentId};
use crate::store::Store;

/// The flag table in a folder, with these first rows.
pub(crate) async fn open_in(folder: &Path, seeds: Seeds, clock: Arc<dyn Clock>) -> Flags {
    let store = Store::open(folder).expect("a store");
    Flags::open(&store, seeds, Settings::default(), clock).await.expect("flags")
}

/// A flag at a stage, with targets.
pub(crate) fn flag_at(component: &str, stage: Stage, targets: Vec<Target>) -> Flag {
    Flag { stage, targets, ..flag(component) }
}

/// A segment of nobody yet.
pub(crate) fn segment(name: &str) -> Segment {
    Segment {
        name: SegmentId::parse(name).expect("a name"),
        description: String::new(),
        subjects: [].into(),
        tenants: [].into(),
        scopes: [].into(),
        headers: [].into(),
        revision: Revision(1),
        changed_at: NOW,
        cause: Cause::Seed,
    }
}

/// A table of these, in which the groups have salts.
pub(crate) fn table(flags: Vec<Flag>, segments: Vec<Segment>, groups: &[&str]) -> Snapshot {
    let salt = |name: &&str| (GroupId::parse(name).expect("a group"), Salt::new([7; 32]));
    let mut table = Snapshot::new(flags, groups.iter().map(salt).collect(), Issuers::default());
    for segment in segments {
        table.put_segment(Arc::new(segment));
    }
    table
}
