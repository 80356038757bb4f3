//! For tests of rooms that do not see the store.

use std::path::Path;
use std::sync::Arc;

use super::{Flags, Seed, Settings};
use crate::domain::Clock;
use crate::store::Store;

/// The flag table in a folder, with these first rows.
pub(crate) async fn open_in(folder: &Path, seeds: Vec<Seed>, clock: Arc<dyn Clock>) -> Flags {
    let store = Store::open(folder).expect("a store");
    Flags::open(&store, seeds, Settings::default(), clock).await.expect("flags")
}
