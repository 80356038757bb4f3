//! Reports of how things are now, put together beside the pages that ask for them.

use std::sync::Arc;

use super::view::on_a_thread;
use super::{FRESH_FOR, NOW_FOR, PATIENCE};
use crate::domain::Timestamp;
use crate::web::pages::{Complaint, ShownReport, shown_now, wish_of};
use crate::web::reports::Asked;
use crate::web::{Problem, Rooms};

/// A report, or why there is none, and when that was known.
pub(super) type Ready = (Timestamp, Result<ShownReport, Complaint>);

impl Rooms {
    /// A report of how things are now, as somebody asks for it; `None` while it is being put together.
    pub(in crate::web) async fn report_now(
        self: &Arc<Self>,
        asked: Asked,
        by: String,
    ) -> Option<Arc<Ready>> {
        let (rooms, key) = (Arc::clone(self), (asked.clone(), by.clone()));
        let clock = Arc::clone(&self.clock);
        let drawn = async move {
            let wish = wish_of(&rooms, &asked, by)?;
            let drawn = rooms.reports.draw(wish).await;
            let document = drawn.map_err(|error| Complaint::from(Problem::from(error)))?;
            Ok(on_a_thread(move || shown_now(&document)).await)
        };
        let make = async move {
            let report = drawn.await;
            (clock.now(), report)
        };
        let shown = self.live.reports.take(key, (FRESH_FOR, PATIENCE), make).await?;
        (shown.0.plus(NOW_FOR) >= self.clock.now()).then_some(shown)
    }
}
