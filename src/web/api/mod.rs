//! Who may do what, as JSON on the control listener: one file a noun.

pub mod accepted;
pub mod access_log;
pub mod approvals;
pub mod cards;
pub mod checks;
pub mod drift;
pub mod events;
pub mod evidence;
pub mod explain;
pub mod history;
pub mod issuers;
pub mod journeys;
pub mod keys;
pub mod links;
pub mod me;
pub mod mismatches;
pub mod operators;
pub mod outcomes;
pub mod policies;
mod policy_views;
pub mod reports;
pub mod restore;
mod rollout_views;
pub mod rollouts;
pub mod rulings;
pub mod scans;
pub mod segments;
pub mod sessions;
pub mod sweep;
pub mod table;
pub mod tokens;
mod words;

use super::{Problem, Rooms};
use crate::access::AccessError;

impl Rooms {
    /// What came of a change, or why it did not happen; a refusal is counted.
    fn counted<T>(&self, result: Result<T, AccessError>) -> Result<T, Problem> {
        result.map_err(|error| self.access_problem(error))
    }
}
