//! The decision card of the last rollback, in words.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::{ComponentId, Timestamp};
use crate::guard::{CardFilter, DecisionCard, Deed};
use crate::report::percent_text;
use crate::web::Rooms;
use crate::web::pages::Moment;
use crate::web::pages::known::{rule_name, thousands};
use crate::web::pages::words::sentence;

/// Cards that are looked through for a rollback.
const CARDS_MAX: usize = 50;

#[derive(Template)]
#[template(path = "parts/component_card.html")]
pub(in crate::web::pages) struct Card {
    id: String,
    headline: &'static str,
    at: Moment,
    stage: String,
    revision: u64,
    attempt: u32,
    attempt_since: Moment,
    found: Vec<(&'static str, String)>,
    seen: Vec<(&'static str, String)>,
    path: Vec<PathLine>,
    without: Option<String>,
    took: Option<String>,
    samples: Vec<String>,
    problem: Option<String>,
}

struct PathLine {
    at: String,
    trials: String,
    value: String,
}

/// The newest card of something that was, or would have been, rolled back. Reads the disk.
pub(super) fn last_rollback(rooms: &Rooms, component: &ComponentId) -> Option<DecisionCard> {
    let filter = CardFilter {
        component: Some(component.clone()),
        limit: Some(CARDS_MAX),
        ..CardFilter::default()
    };
    let cards = rooms.guard.cards(&filter).unwrap_or_else(|error| {
        tracing::error!(%error, "decision cards cannot be read");
        Vec::new()
    });
    cards.into_iter().find(|card| match card.deed {
        Deed::RolledBack { .. } | Deed::WouldHaveRolledBack => true,
        Deed::Held | Deed::WouldHaveHeld | Deed::HoldEnded => false,
    })
}

impl HtmlSafe for Card {}

impl Card {
    pub fn new(card: &DecisionCard, now: Timestamp) -> Self {
        let (headline, problem) = match &card.deed {
            Deed::RolledBack { durable: true, .. } => ("The guard rolled it back", None),
            Deed::RolledBack { durable: false, .. } => (
                "The guard rolled it back",
                Some("The disk did not take it: a restart may forget it.".to_owned()),
            ),
            Deed::WouldHaveRolledBack => ("The guard would have rolled it back", None),
            Deed::Held => ("The guard held it", None),
            Deed::WouldHaveHeld => ("The guard would have held it", None),
            Deed::HoldEnded => ("The guard no longer holds it", None),
        };
        let found = card.found.iter().map(|found| (rule_name(found.rule), sentence(&found.what)));
        let seen =
            card.standings.iter().filter(|one| one.unarmed.is_none() && !one.seen.is_empty());
        let path = card.path.iter().map(|point| PathLine {
            at: point.at.rfc3339(),
            trials: thousands(point.ssot_trials),
            value: format!("{:.1}", point.value),
        });
        let without = card.without.map(|without| {
            format!(
                "Without it: {} of SSOT’s answers failed of late, at {:.0} a minute, so about {:.0} \
                 people in the next hour.",
                percent_text(without.failure_rate),
                without.trials_per_minute,
                without.people_per_hour
            )
        });
        Self {
            id: card.id.clone(),
            headline,
            at: Moment::new(card.at, now),
            stage: card.stage.to_string(),
            revision: card.revision.0,
            attempt: card.attempt,
            attempt_since: Moment::new(card.attempt_since, now),
            found: found.collect(),
            seen: seen.map(|one| (rule_name(one.rule), one.seen.clone())).collect(),
            path: path.collect(),
            without,
            took: card.published_after_us.map(|us| crate::report::latency_text(Some(us))),
            samples: card.samples.clone(),
            problem,
        }
    }
}
