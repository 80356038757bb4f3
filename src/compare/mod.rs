//! From two observations of one question: do the sides agree, and if not, how. Pure.
//!
//! Compared first is what a caller can do (allow, subject, scopes, token type), then why not.
//! What a path does not tell (`None`, an undisclosed reason) is not compared.

pub mod connections;
pub mod events;
mod mismatch;
mod observation;
mod shape;
mod verdict;

pub use crate::domain::MismatchClass;
pub use mismatch::Mismatch;
pub use observation::Observation;
pub use shape::claim_shape;
pub use verdict::{Inconclusive, Verdict, judge, worth_asking_again};
