//! The guard's cards in the stream of changes.
//!
//! Cards have an order of their own, beside the log's. An event with a card has an id of two parts,
//! `revision.card`: after which line of the log it was told, and the card. Whoever goes on from it
//! misses nothing and hears nothing twice. Whoever goes on from a plain revision is told the cards
//! since shortly before that line, and so perhaps some again: each names itself in its data.

use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use crate::domain::{Revision, Timestamp};
use crate::guard::{CardFilter, DecisionCard, Guard, GuardError};
use crate::web::streams::write_event;

/// Cards read at a time.
const PAGE: usize = 20;

/// How far back cards are looked for, in pages. Whoever was away for longer misses the oldest.
const PAGES_MAX: usize = 50;

/// A card may be written this long after the change that it tells of, in seconds.
const LATE_S: i64 = 10;

/// The data of an event `guard`.
#[derive(Debug, Serialize, ToSchema)]
pub struct GuardEvent<'a> {
    /// The id of the decision card.
    card: &'a str,
    /// Which component.
    component: &'a str,
    /// `rolled_back`, `would_have_rolled_back`, `held`, `would_have_held` or
    /// `hold_ended`.
    deed: &'static str,
    /// The rule that acted.
    rule: Option<&'static str>,
    /// What it has found, in words.
    what: Option<&'a str>,
    /// True where somebody should be woken.
    alarm: bool,
    /// When.
    #[schema(value_type = String)]
    at: Timestamp,
}

/// After what cards are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CardsAfter {
    /// The newest of this moment.
    Now,
    /// Nothing: all that are looked for are told.
    Nothing,
    /// This one.
    Card(String),
    /// A moment.
    Moment(Timestamp),
}

impl CardsAfter {
    /// Shortly before a line of the log.
    pub fn line(at: Timestamp) -> Self {
        Self::Moment(at.plus_seconds(-LATE_S))
    }

    fn has_told(&self, card: &DecisionCard) -> bool {
        match self {
            Self::Now => true,
            Self::Nothing => false,
            Self::Card(id) => card.id == *id,
            Self::Moment(at) => card.at <= *at,
        }
    }
}

/// Where a stream is among the cards.
pub(super) struct Cards {
    guard: Guard,
    from: CardsAfter,
    news: watch::Receiver<u64>,
    /// True when there may be some without news.
    due: bool,
}

impl Cards {
    pub fn new(guard: &Guard, from: CardsAfter) -> Self {
        Self { guard: guard.clone(), from, news: guard.watch(), due: true }
    }

    /// From here on only what is new is told; the newest card of this moment.
    pub fn skip_to_newest(&mut self) -> Result<Option<String>, GuardError> {
        self.news.mark_unchanged();
        let newest = self.read(None, 1)?.into_iter().next().map(|card| card.id);
        self.from = newest.clone().map_or(CardsAfter::Nothing, CardsAfter::Card);
        self.due = false;
        Ok(newest)
    }

    /// Writes the next cards, told after this line of the log; true when there are more.
    pub fn tell(&mut self, after: Revision, text: &mut String) -> Result<bool, GuardError> {
        if self.from == CardsAfter::Now {
            self.skip_to_newest()?;
        }
        if !self.due && !self.news.has_changed().unwrap_or(false) {
            return Ok(false);
        }
        self.news.mark_unchanged();
        let (cards, more) = next_page(&self.from, |before| self.read(before, PAGE))?;
        self.due = more;
        for card in cards {
            let json = serde_json::to_string(&GuardEvent::of(&card)).unwrap_or_default();
            write_event(text, format_args!("{after}.{}", card.id), "guard", &json);
            self.from = CardsAfter::Card(card.id);
        }
        Ok(more)
    }

    fn read(&self, before: Option<String>, limit: usize) -> Result<Vec<DecisionCard>, GuardError> {
        self.guard.cards(&CardFilter { component: None, before, limit: Some(limit) })
    }
}

/// The oldest page of what is not told yet, oldest first, and whether there is more; `read` gives
/// the cards before one, newest first. Only one page is held at a time.
fn next_page(
    from: &CardsAfter,
    mut read: impl FnMut(Option<String>) -> Result<Vec<DecisionCard>, GuardError>,
) -> Result<(Vec<DecisionCard>, bool), GuardError> {
    let (mut oldest, mut pages) = (Vec::<DecisionCard>::new(), 0);
    while pages < PAGES_MAX {
        let mut cards = read(oldest.last().map(|card| card.id.clone()))?;
        let whole = cards.len() >= PAGE;
        let told = cards.iter().position(|card| from.has_told(card));
        cards.truncate(told.unwrap_or(cards.len()));
        if cards.is_empty() {
            break;
        }
        (oldest, pages) = (cards, pages + 1);
        if told.is_some() || !whole {
            break;
        }
    }
    oldest.reverse();
    Ok((oldest, pages > 1))
}

impl<'a> GuardEvent<'a> {
    fn of(card: &'a DecisionCard) -> Self {
        let first = card.found.first();
        Self {
            card: &card.id,
            component: card.component.as_str(),
            deed: card.deed.code(),
            rule: first.map(|found| found.rule.code()),
            what: first.map(|found| &*found.what),
            alarm: card.is_alarm(),
            at: card.at,
        }
    }
}

#[cfg(test)]
mod tests;
