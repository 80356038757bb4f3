//! What a component's comparisons came to over time, for charts and reports.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::counts::Counts;
use super::{Book, Keeper, Latency, Ledger, LedgerError, Tally};
use crate::domain::{ComponentId, Timestamp};
use crate::store::Store;

/// From a moment to another one, which is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

/// How finely a span is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grain {
    /// By the minute; kept for 30 days.
    Minute,
    /// By the hour; kept for 400 days.
    Hour,
}

/// One minute or hour of a component. What was asked in it is counted in it.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// When it begins.
    pub start: Timestamp,
    /// Its length.
    pub grain: Grain,
    /// Its counts.
    pub tally: Tally,
    /// How long legacy took to answer.
    pub legacy: Latency,
    /// How long SSOT took to answer.
    pub ssot: Latency,
}

/// The kept past of every component. Reads the disk: for pages and reports, never for answers.
#[derive(Clone)]
pub struct Timeline {
    keeper: Arc<Keeper>,
    ledger: Arc<Ledger>,
}

/// Kept minutes or hours, and open minutes beside them; both by their numbers.
type Counted = (BTreeMap<i64, Counts>, Vec<(i64, Counts)>);

impl Timeline {
    /// The past of `ledger`, as it was kept in `store`.
    pub fn new(store: &Store, ledger: Arc<Ledger>) -> Self {
        Self { keeper: Arc::new(Keeper::new(store)), ledger }
    }

    /// Every stretch of the span in which something was counted, oldest first: those in memory and
    /// those that are kept. Stretches that overlap the span's ends are part of it.
    pub fn of(
        &self,
        component: &ComponentId,
        span: Span,
        grain: Grain,
    ) -> Result<Vec<Stretch>, LedgerError> {
        self.keeper.stretches(&self.ledger.book(component), span, grain)
    }

    /// The same of every component, for a page that shows them all.
    pub fn of_all(
        &self,
        span: Span,
        grain: Grain,
    ) -> Result<BTreeMap<ComponentId, Vec<Stretch>>, LedgerError> {
        let books = self.ledger.books();
        let each = books.iter().map(|book| {
            let stretches = self.keeper.stretches(book, span, grain)?;
            Ok((book.component().clone(), stretches))
        });
        each.collect()
    }
}

impl Grain {
    /// Its length in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
        }
    }

    /// Its length in minutes.
    const fn minutes(self) -> i64 {
        self.seconds() / 60
    }
}

impl Keeper {
    /// What was counted between two minutes or hours, by their numbers.
    pub(super) fn counted(
        &self,
        book: &Book,
        (from, to): (i64, i64),
        grain: Grain,
    ) -> Result<Counted, LedgerError> {
        let in_minutes = |number: i64| number.saturating_mul(grain.minutes());
        book.beside_open((in_minutes(from), in_minutes(to)), || {
            self.past.read(book.component(), (from, to), grain)
        })
    }

    fn stretches(
        &self,
        book: &Book,
        span: Span,
        grain: Grain,
    ) -> Result<Vec<Stretch>, LedgerError> {
        let (from, to) = span.numbers(grain);
        let (mut counted, open) = self.counted(book, (from, to), grain)?;
        for (minute, counts) in open {
            let number = minute.div_euclid(grain.minutes());
            counted.entry(number).or_default().absorb(&counts);
        }
        let stretch = |(number, counts): (i64, Counts)| Stretch {
            start: Timestamp::from_seconds(number * grain.seconds()),
            grain,
            tally: counts.tally,
            legacy: counts.legacy,
            ssot: counts.ssot,
        };
        Ok(counted.into_iter().map(stretch).collect())
    }
}

impl Span {
    /// The first minute or hour that it overlaps, and the first after it.
    fn numbers(self, grain: Grain) -> (i64, i64) {
        let micros = grain.seconds() * 1_000_000;
        let last = self.to.micros().saturating_sub(1).div_euclid(micros);
        (self.from.micros().div_euclid(micros), last + 1)
    }
}
