//! Remembers comparisons: counts by minute and in total, latency of both sides, samples of what
//! differed. Matches are only counted.
//!
//! One [`Book`] a component. A record belongs to the minute in which its question was asked, so
//! that a late shadow does not land in the wrong window. What is written to disk may lose its
//! last second; it is never what a decision waits for.

mod accepted_use;
mod book;
mod call_sites;
mod columns;
mod comparisons;
mod counter;
mod counts;
mod intake;
mod journeys;
mod keeping;
mod latency;
mod moving;
mod open;
mod packed;
mod pages;
mod past;
mod samples;
mod seen;
mod sightings;
mod since;
mod tally;
#[cfg(test)]
mod tests;
mod timeline;

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

pub use accepted_use::AcceptedUse;
pub use book::{Book, Enforcement, Entry, Finding, Judgement, NotCompared, Outcome};
pub use call_sites::{CALL_SITES_MAX, CallSite, CallSites};
pub use comparisons::{Comparisons, ComparisonsSettings, ComparisonsStats};
pub use counter::{Counter, Failure};
pub use intake::{Bell, WAITING_MAX};
pub use journeys::{Journeys, KeptJourney, StepCounts, WalkCounts, WalkTotal};
pub use keeping::{Keeper, LedgerError, Round};
pub use latency::{Latency, LatencySummary};
pub use samples::{Exemplar, Group, GroupKey, Side as SampleSide};
pub use seen::{
    Compared, DeliveryFault, DeliverySeen, Gravity, OutcomeSeen, Seen, Trial, WalkSeen, Worth,
};
pub use sightings::{AnswersDiffer, SIGHTED_MAX, Sightings, SightingsSummary};
pub use tally::Tally;
pub use timeline::{Grain, Span, Stretch, Timeline};

use crate::domain::{ComponentId, FingerprintKey};

/// All books, by component.
#[derive(Debug)]
pub struct Ledger {
    shelf: RwLock<Shelf>,
    fingerprints: FingerprintKey,
    bell: Arc<Bell>,
    sightings: Arc<Sightings>,
    comparisons: Option<Arc<Comparisons>>,
}

#[derive(Debug, Default)]
struct Shelf {
    books: BTreeMap<ComponentId, Arc<Book>>,
    /// In the order in which they were opened.
    order: Vec<Arc<Book>>,
}

impl Ledger {
    /// An empty ledger whose samples fingerprint tokens and subjects under `fingerprints`.
    pub fn new(fingerprints: FingerprintKey) -> Self {
        let (shelf, bell) = (RwLock::default(), Arc::default());
        let sightings = Arc::new(Sightings::new(fingerprints.clone()));
        Self { shelf, fingerprints, bell, sightings, comparisons: None }
    }

    /// The same, with every comparison written out one by one.
    #[must_use]
    pub fn telling(self, comparisons: Option<Arc<Comparisons>>) -> Self {
        Self { comparisons, ..self }
    }

    /// Where every comparison is written out, if it is.
    pub const fn comparisons(&self) -> Option<&Arc<Comparisons>> {
        self.comparisons.as_ref()
    }

    /// The book of a component, opened at first use. Callers keep it.
    pub fn book(&self, component: &ComponentId) -> Arc<Book> {
        if let Some(book) = self.shelf.read().books.get(component) {
            return Arc::clone(book);
        }
        let opened = &mut *self.shelf.write();
        let book = opened.books.entry(component.clone()).or_insert_with(|| {
            let bell = Arc::clone(&self.bell);
            let (fingerprints, comparisons) = (self.fingerprints.clone(), self.comparisons.clone());
            let book = Arc::new(Book::new(component.clone(), fingerprints, bell, comparisons));
            opened.order.push(Arc::clone(&book));
            book
        });
        Arc::clone(book)
    }

    /// What wakes whoever watches the books.
    pub fn bell(&self) -> Arc<Bell> {
        Arc::clone(&self.bell)
    }

    /// Whether the same token gets the same answer everywhere.
    pub fn sightings(&self) -> Arc<Sightings> {
        Arc::clone(&self.sightings)
    }

    /// Every book, in the order of the components' ids.
    pub fn books(&self) -> Vec<Arc<Book>> {
        self.shelf.read().books.values().cloned().collect()
    }

    /// Every book, in the order in which they were opened.
    fn books_in_order(&self) -> Vec<Arc<Book>> {
        self.shelf.read().order.clone()
    }
}
