//! What one component needs to be asked: its two paths, its book, its budget.

use std::sync::Arc;
use std::time::Duration;

use super::ask::ask;
use super::breaker::Breaker;
use super::budget::Budget;
use super::health::Health;
use crate::compare::Observation;
use crate::domain::{AuthPath, Question, Side, TokenPath};
use crate::ledger::Book;

/// The two ways in which a component can be answered.
#[derive(Clone)]
pub struct Paths {
    /// The path we are leaving.
    pub legacy: Arc<dyn AuthPath>,
    /// The single source of truth.
    pub ssot: Arc<dyn AuthPath>,
}

impl Paths {
    /// The path of a side.
    pub fn of(&self, side: Side) -> &dyn AuthPath {
        match side {
            Side::Legacy => &*self.legacy,
            Side::Ssot => &*self.ssot,
        }
    }
}

/// The two ways in which a component can make tokens and take them back.
#[derive(Clone)]
pub struct TokenPaths {
    /// The path we are leaving.
    pub legacy: Arc<dyn TokenPath>,
    /// The single source of truth.
    pub ssot: Arc<dyn TokenPath>,
}

impl TokenPaths {
    /// The path of a side.
    pub fn of(&self, side: Side) -> &Arc<dyn TokenPath> {
        match side {
            Side::Legacy => &self.legacy,
            Side::Ssot => &self.ssot,
        }
    }
}

/// A component's paths, with what was counted of it.
pub(super) struct Lane<P> {
    pub(super) paths: P,
    pub(super) book: Arc<Book>,
    pub(super) rescues: Budget,
    /// Of SSOT.
    pub(super) breaker: Breaker,
    /// Of the legacy path.
    pub(super) legacy: Health,
}

impl<P> Lane<P> {
    pub(super) fn new(paths: P, book: Arc<Book>) -> Self {
        let (rescues, breaker) = (Budget::default(), Breaker::default());
        Self { paths, book, rescues, breaker, legacy: Health::default() }
    }
}

impl Lane<Paths> {
    /// Asks a side, waits at most `time`, and notes when legacy has answered.
    pub(super) async fn ask(&self, side: Side, question: &Question, time: Duration) -> Observation {
        let observation = ask(self.paths.of(side), question, time).await;
        if side == Side::Legacy && observation.answer.is_ok() {
            self.legacy.note(question.asked_at.plus(observation.took));
        }
        observation
    }
}
