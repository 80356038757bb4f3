//! A difference between two answers.

use crate::domain::{MismatchClass, Reason};

/// A difference, with the reasons of whichever side denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// How the answers differ.
    pub class: MismatchClass,
    /// Why legacy denied.
    pub legacy_reason: Option<Reason>,
    /// Why SSOT denied.
    pub ssot_reason: Option<Reason>,
}
