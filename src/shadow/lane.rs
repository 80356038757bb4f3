//! What one component needs to be asked: its two paths, its book, its budget.

use std::sync::Arc;

use super::budget::Budget;
use crate::domain::{AuthPath, Side};
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

pub(super) struct Lane {
    pub(super) paths: Paths,
    pub(super) book: Arc<Book>,
    pub(super) rescues: Budget,
}
