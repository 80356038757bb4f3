//! Rehearsal: described or recorded traffic runs through the very same [`Case`](super::case::Case)
//! and [`rule`](super::case::rule) that watch the real one, with a clock of its own, beside the
//! fixed-window rules that are commonly documented.
//!
//! Read [`Described`] first, then [`rehearse`]. Nothing here depends on the machine's clock, chance
//! or number of processors: the same seed gives the same table.

mod chance;
mod described;
mod foretell;
mod judges;
mod outcome;
mod recorded;
mod rivals;
mod run;

pub use chance::Chance;
pub use described::{Described, FailureKind, Request, Requests, SharedOutage};
pub use foretell::{Foretold, Reaction, foretell};
pub use judges::{Alarm, GuardJudge, beginning};
pub use outcome::{Rehearsal, RuleOutcome, Spread};
pub use recorded::{RecordedError, RecordedOutcome, RecordedTrial, read_recorded};
pub use rivals::{RIVALS, Rival};
pub use run::{on_all_processors, rehearse, replay};

#[cfg(test)]
mod tests;
