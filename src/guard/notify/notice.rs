//! What a webhook is told: a card in short, without limits, samples and evidence path.

use serde::Serialize;

use super::line::clipped;
use crate::domain::Timestamp;
use crate::flags::Stage;
use crate::guard::{DecisionCard, Deed, Found, Standing, Without};

/// The most findings and the most figures of a notice.
const ENTRIES_MAX: usize = 16;

/// The body of a notice, in the form that Standard Webhooks recommends: `type`, `timestamp`,
/// `data`. Ids grow with time.
#[derive(Debug, Serialize)]
pub(super) struct Notice<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Debug, Serialize)]
struct Data<'a> {
    component: &'a str,
    deed: &'static str,
    /// Of a rollback: whether the disk knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    durable: Option<bool>,
    alarm: bool,
    /// The rule that acted, and what it has found.
    rule: Option<&'static str>,
    what: Option<String>,
    /// Every other rule that spoke.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<Finding>,
    #[serde(flatten)]
    stage: Stage,
    /// The flag's revision since then, else the one that was in force.
    revision: u64,
    attempt: u32,
    attempt_since: Timestamp,
    /// The rules whose evidence has a value.
    figures: Vec<Figures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    without: Option<Without>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published_after_us: Option<u64>,
    /// Where the whole card is, on the control listener.
    card: String,
}

#[derive(Debug, Serialize)]
struct Finding {
    rule: &'static str,
    what: String,
}

#[derive(Debug, Serialize)]
struct Figures {
    rule: &'static str,
    value: f64,
    acts_at: Option<f64>,
}

/// A card's id as it may stand in a header and in the name of a parcel: no dot, because a
/// signature is over texts that are joined by dots.
pub(super) fn notice_id(card: &DecisionCard) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    card.id.chars().take(64).map(|c| if plain(c) { c } else { '-' }).collect()
}

impl<'a> Notice<'a> {
    /// Of a card.
    pub fn of(card: &'a DecisionCard) -> Self {
        let (revision, durable) = match card.deed {
            Deed::RolledBack { revision, durable } if revision.0 > 0 => (revision, Some(durable)),
            Deed::RolledBack { durable, .. } => (card.revision, Some(durable)),
            Deed::WouldHaveRolledBack | Deed::Held | Deed::WouldHaveHeld | Deed::HoldEnded => {
                (card.revision, None)
            }
        };
        let mut found = card.found.iter().take(ENTRIES_MAX).map(Finding::of);
        let (rule, what) = found.next().map(|first| (first.rule, first.what)).unzip();
        Self {
            id: notice_id(card),
            kind: format!("guard.{}", card.deed.code()),
            timestamp: card.at,
            data: Data {
                component: card.component.as_str(),
                deed: card.deed.code(),
                durable,
                alarm: card.is_alarm(),
                rule,
                what,
                also: found.collect(),
                stage: card.stage,
                revision: revision.0,
                attempt: card.attempt,
                attempt_since: card.attempt_since,
                figures: card.standings.iter().filter_map(Figures::of).take(ENTRIES_MAX).collect(),
                without: card.without,
                published_after_us: card.published_after_us,
                card: format!("/guard/cards/{}", card.id),
            },
        }
    }
}

impl Finding {
    fn of(found: &Found) -> Self {
        Self { rule: found.rule.code(), what: clipped(&found.what) }
    }
}

impl Figures {
    /// JSON knows no infinity: the largest number stands for it.
    fn of(standing: &Standing) -> Option<Self> {
        let finite = |value: f64| value.clamp(f64::MIN, f64::MAX);
        let (value, acts_at) = (finite(standing.value?), standing.acts_at.map(finite));
        Some(Self { rule: standing.rule.code(), value, acts_at })
    }
}
