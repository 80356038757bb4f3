//! Many locks for many more names.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

const LOCKS: usize = 256;

/// One lock for each name, some names sharing one. Nobody may hold two.
pub(super) struct Locks(Box<[Arc<Mutex<()>>]>);

impl Locks {
    pub(super) fn new() -> Self {
        Self((0..LOCKS).map(|_| Arc::default()).collect())
    }

    pub(super) async fn lock(&self, name: &str) -> OwnedMutexGuard<()> {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let place = usize::try_from(hasher.finish() % LOCKS as u64).unwrap_or_default();
        Arc::clone(&self.0[place]).lock_owned().await
    }
}
