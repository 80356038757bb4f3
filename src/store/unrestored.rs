//! Rows that should have been put back and could not be.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;
use sled::IVec;

use super::disk::Before;

/// Rows as readers must see them, although the engine has them otherwise: the rows of a refused
/// round whose restoring the engine refused as well. Empty on a healthy disk, and as large as one
/// round at most, because a disk that refused one changes no rows any more.
#[derive(Clone, Debug, Default)]
pub(super) struct Unrestored(Arc<RwLock<BTreeMap<Vec<u8>, Option<IVec>>>>);

impl Unrestored {
    /// Keeps rows as they were; of two changes of one row, the earlier is handed in later.
    pub fn keep(&self, before: &[Before]) {
        let mut rows = self.0.write();
        for Before { place, row } in before.iter().rev() {
            rows.insert(place.clone(), row.clone());
        }
    }

    /// The row at `place` as readers must see it, given what the engine has there.
    pub fn correct(&self, place: &[u8], found: Option<IVec>) -> Option<IVec> {
        self.0.read().get(place).cloned().unwrap_or(found)
    }
}
