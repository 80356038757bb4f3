//! What can be alive.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::past::Past;
use super::{FRESH_FOR, PAST_FRESH_FOR, PATIENCE, PATIENCE_FOR_ALL};
use crate::domain::{ComponentId, Timestamp};
use crate::ledger::{Grain, Span};
use crate::web::Rooms;
use crate::web::pages::{Rendered, chart_part, component_parts, overview_parts};

/// A page that is alive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::web) enum View {
    /// All components.
    Overview,
    /// One of them, with charts that reach so far back.
    Component(ComponentId, Reach),
}

/// How far back charts reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::web) enum Reach {
    /// A quarter of an hour.
    Quarter,
    /// An hour.
    #[default]
    Hour,
    /// Six hours.
    SixHours,
    /// A day.
    Day,
    /// A week.
    Week,
    /// Thirty days.
    Month,
}

impl Reach {
    /// All of them, the shortest first.
    pub const ALL: [Self; 6] =
        [Self::Quarter, Self::Hour, Self::SixHours, Self::Day, Self::Week, Self::Month];

    /// Its word in an address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quarter => "15m",
            Self::Hour => "1h",
            Self::SixHours => "6h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// The same for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Quarter => "15 min",
            Self::Hour => "1 h",
            Self::SixHours => "6 h",
            Self::Day => "24 h",
            Self::Week => "7 d",
            Self::Month => "30 d",
        }
    }

    /// Reads a reach by its word; whatever it is not is an hour.
    pub fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|reach| reach.as_str() == text).unwrap_or_default()
    }

    /// The time that it covers, up to the end of the minute or hour of `now`.
    pub const fn span(self, now: Timestamp) -> Span {
        let seconds = match self {
            Self::Quarter => 900,
            Self::Hour => 3_600,
            Self::SixHours => 6 * 3_600,
            Self::Day => 24 * 3_600,
            Self::Week => 7 * 24 * 3_600,
            Self::Month => 30 * 24 * 3_600,
        };
        let grain = self.grain().seconds();
        let to = Timestamp::from_seconds((now.seconds().div_euclid(grain) + 1) * grain);
        Span { from: to.plus_seconds(-seconds), to }
    }

    /// How finely it is told.
    pub const fn grain(self) -> Grain {
        match self {
            Self::Quarter | Self::Hour | Self::SixHours | Self::Day => Grain::Minute,
            Self::Week | Self::Month => Grain::Hour,
        }
    }

    /// How long its charts stay as they are.
    const fn fresh_for(self) -> Duration {
        match self {
            Self::Quarter | Self::Hour => Duration::from_secs(5),
            Self::SixHours | Self::Day => Duration::from_secs(30),
            Self::Week | Self::Month => Duration::from_mins(2),
        }
    }
}

/// A view as it was rendered once.
pub(in crate::web) struct Numbered {
    /// Of two of the same view, the later one has the higher.
    pub number: u64,
    /// Its parts.
    pub rendered: Rendered,
}

impl Rooms {
    /// The parts of a view as they are now, at most a second old; `None` where they cannot be
    /// rendered in time.
    pub(in crate::web) async fn rendered(self: &Arc<Self>, view: View) -> Option<Arc<Numbered>> {
        let (rooms, of) = (Arc::clone(self), view.clone());
        let make = async move {
            let number = rooms.live.rendered.fetch_add(1, Ordering::Relaxed) + 1;
            let rendered = match of {
                View::Overview => {
                    let past = rooms.past().await;
                    on_a_thread(move || overview_parts(&rooms, past.as_deref())).await
                }
                View::Component(component, reach) => {
                    let charts = rooms.charts(&component, reach).await;
                    let charts = charts.as_deref().cloned();
                    on_a_thread(move || component_parts(&rooms, &component, charts.as_deref()))
                        .await
                }
            };
            Numbered { number, rendered }
        };
        self.live.views.take(view, (FRESH_FOR, PATIENCE_FOR_ALL), make).await
    }

    /// What all components did within a day, as far as it is known by now.
    async fn past(self: &Arc<Self>) -> Option<Arc<Past>> {
        let rooms = Arc::clone(self);
        let make = async move { on_a_thread(move || Past::read(&rooms)).await };
        self.live.past.take((), (PAST_FRESH_FOR, PATIENCE), make).await
    }

    async fn charts(
        self: &Arc<Self>,
        component: &ComponentId,
        reach: Reach,
    ) -> Option<Arc<String>> {
        let (rooms, of) = (Arc::clone(self), component.clone());
        let make = async move { on_a_thread(move || chart_part(&rooms, &of, reach)).await };
        self.live.charts.take((component.clone(), reach), (reach.fresh_for(), PATIENCE), make).await
    }
}

/// Where nobody else waits for the disk, nor for a long rendering.
pub(super) async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The process is ending, and nobody waits any more.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reach_ends_with_the_present_minute_or_hour_and_reads_back_by_its_word() {
        let now = Timestamp::from_seconds(7_230);
        for reach in Reach::ALL {
            assert_eq!(Reach::parse(reach.as_str()), reach);
            let span = reach.span(now);
            assert!(span.to > now && span.to.seconds() - now.seconds() <= reach.grain().seconds());
        }
        assert_eq!(Reach::parse("a year"), Reach::Hour);
        assert_eq!(Reach::Quarter.span(now).from.seconds(), 7_260 - 900);
    }
}
