//! The flag table: how far each component has come, who is served by which side, and why.
//!
//! A question takes one [`Snapshot`] and asks it for a [`Plan`]. Everything that changes a flag is
//! a [`Move`] given to [`Flags::apply`].
//!
//! # Who learns first
//!
//! Raising goes to the disk first, then to traffic; lowering goes to traffic first, then to the
//! disk. Both are acknowledged when both have it. What keeps the two orders from crossing:
//!
//! 1. One change at a time is computed and written; a rollback alone overtakes. It is computed
//!    and published under a lock that nobody holds while waiting for the disk.
//! 2. Revisions are taken under that lock, and what was lowered is written, in the order of its
//!    revisions, before any later change is computed. So the row of a component on the disk never
//!    goes back to an older revision.
//! 3. A rollback counts the one change that is on its way to the disk as done: it takes down what
//!    that change would have raised. The change then loses with [`FlagsError::Conflict`] and is
//!    never published. If its row reached the disk, the rollback's row comes after it, and the
//!    log reads as if the one had followed the other.
//! 4. `before` of a line in the log is what the disk held when the line was written, so the lines
//!    of a component form a chain, whoever overtook whom.
//! 5. Published stages never break `requires`, and no stage is raised past a latch.
//!
//! When the disk refuses, raises fail and leave nothing behind in memory (what is on the disk is
//! known at the next start). What is lowered stays lowered. It is acknowledged if a note of it can
//! be kept in place, which a full disk allows: the next start takes rows and history from the note
//! before anything is served. Otherwise it holds in memory only, and says so. Both are tried again
//! and counted by [`Flags::unsaved`] until rows and history are on the disk.
//!
//! Beside the flags the room keeps the policies about tokens ([`PolicyRow`]), under revisions of the
//! same counter.
//!
//! A start on a disk that refuses, after a stop that was not in order, cannot know what was refused
//! before: every component in canary, live or sealed is rolled back to shadow then.

mod accepted;
mod cohort;
mod disk;
mod error;
mod fields;
mod flag;
mod history;
mod issuers;
mod memory;
mod moves;
mod note;
mod order;
mod plan;
mod policies;
mod recovery;
mod room;
#[cfg(test)]
mod samples;
mod seed;
mod settings;
mod snapshot;
mod stage;
mod table;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use accepted::{ACCEPTED_MAX, AcceptedDifference};
pub use cohort::Salt;
pub use error::FlagsError;
pub use flag::{Cause, Flag, Hold, Kind, Latch, Phase, Rescue};
pub use history::{HISTORY_PAGE_MAX, HistoryFilter, HistoryRow};
pub use issuers::{ForeignIssuer, Issuers};
pub use moves::{Move, MoveRefusal};
pub use plan::{OnFailure, Plan};
pub use policies::{PolicyChange, PolicyPlace, PolicyRow};
pub use seed::{COMPONENTS_MAX, Seed, SeedFault, SeededDifference};
pub use settings::{Settings, SettingsPatch};
pub use snapshot::Snapshot;
pub use stage::Stage;
pub use table::{Applied, Flags};
