//! Evaluation for other services, by the OpenFeature Remote Evaluation Protocol (OFREP 0.3).
//!
//! A flag of OpenFeature is a component: true means that ssot serves. Nothing here decides: it is
//! the flag table's own evaluation, the one that the data path goes by, in the protocol's words.

mod answer;
mod bulk;
mod context;
mod counts;
mod events;
mod failure;
mod single;
#[cfg(test)]
mod tests;

pub use self::counts::{OfrepCounts, OfrepOutcome};
pub(super) use self::{bulk::__path_evaluate_all, events::__path_events, single::__path_evaluate};
pub(super) use self::{bulk::evaluate_all, events::events, single::evaluate};

use axum::http::request::Parts;

use self::failure::Failure;
use super::{Rooms, guard};
use crate::access::Permission;

/// In which services that know OFREP but not bearer tokens show theirs.
const API_KEY: &str = "x-api-key";

/// The API token that a request shows.
fn shown(parts: &Parts) -> Option<&str> {
    let key = || parts.headers.get(API_KEY).map(|value| value.to_str().unwrap_or_default());
    guard::bearer(&parts.headers).or_else(key)
}

/// Lets in whoever may ask which side serves a subject.
fn admit(rooms: &Rooms, parts: &Parts) -> Result<(), Failure> {
    let (extensions, headers) = (&parts.extensions, &parts.headers);
    let admitted = rooms.admit_data_to(Permission::Evaluate, shown(parts), extensions, headers);
    admitted.map_err(|refusal| Failure::refused(rooms, refusal))
}
