//! Pages that are alive: what they show is worked out once for everybody who looks at it.
//!
//! A view is a page's parts that change, each a piece of HTML with an id. A [`Board`] renders its
//! view at most once a second, only while somebody listens, and tells each of its listeners what
//! has changed since the rendering that it has before it; so two hundred open pages cost as much as
//! one, and a page that nobody has open costs nothing. Nothing here is on the way of an answer to a question: figures are read from the ledger
//! and the guard as a report reads them.

mod board;
mod door;
mod past;
mod reports;
mod shelf;
mod view;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use board::Boards;
pub(super) use board::Part;
pub use door::{component, overview};
pub(super) use past::{Past, PastLine};
use shelf::Shelf;
pub(super) use view::{Numbered, Reach, View};

use super::Rooms;
use super::reports::Asked;
use crate::domain::ComponentId;

/// Views that are kept rendered for a moment.
const VIEWS_MAX: usize = 256;

/// Charts that are kept for a while: a component's, over one reach.
const CHARTS_MAX: usize = 64;

/// Reports that are kept for a moment: of what was asked, and by whom.
const REPORTS_MAX: usize = 16;

/// A report of how things are now that was there longer ago says nothing of now.
const NOW_FOR: Duration = Duration::from_mins(1);

/// How long one rendering of a view serves everybody.
const FRESH_FOR: Duration = Duration::from_millis(950);

/// How long a page waits for what is still being worked out; then it shows what there is.
const PATIENCE: Duration = Duration::from_millis(150);

/// How long a page waits for the view itself, without which it could show nothing at all.
const PATIENCE_FOR_ALL: Duration = Duration::from_secs(5);

/// The past of all components is read anew this often, while somebody looks.
const PAST_FRESH_FOR: Duration = Duration::from_secs(10);

/// What pages that are alive share.
pub struct Live {
    views: Shelf<View, Numbered>,
    past: Shelf<(), Past>,
    charts: Shelf<(ComponentId, Reach), String>,
    reports: Shelf<(Asked, String), reports::Ready>,
    boards: Boards,
    rendered: Arc<AtomicU64>,
    /// Tells the numbers of this process from those of one before it.
    epoch: OnceLock<i64>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            views: Shelf::with_places(VIEWS_MAX),
            past: Shelf::with_places(1),
            charts: Shelf::with_places(CHARTS_MAX),
            reports: Shelf::with_places(REPORTS_MAX),
            boards: Boards::default(),
            rendered: Arc::default(),
            epoch: OnceLock::new(),
        }
    }
}

impl Live {
    /// How often a view was rendered since the start.
    pub fn rendered(&self) -> u64 {
        self.rendered.load(Ordering::Relaxed)
    }
}

impl Rooms {
    fn epoch(&self) -> i64 {
        *self.live.epoch.get_or_init(|| self.clock.now().micros())
    }

    /// A rendering's number as pages and events name it.
    pub(super) fn seen(&self, number: u64) -> String {
        format!("{}.{number}", self.epoch())
    }

    /// The number of a rendering that is named so; 0 where this process has made no such one.
    fn seen_number(&self, seen: &str) -> u64 {
        let Some((epoch, number)) = seen.split_once('.') else { return 0 };
        let is_ours = epoch.parse() == Ok(self.epoch());
        let number = number.parse().ok().filter(|number| *number <= self.live.rendered());
        number.filter(|_| is_ours).unwrap_or(0)
    }
}
