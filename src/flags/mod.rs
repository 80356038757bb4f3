//! The flag table: how far each component has come, who is served by which side, and why.
//!
//! A question takes one [`Snapshot`] and asks it for a [`Plan`]. Everything that changes one flag
//! is a [`Move`] given to [`Flags::apply`]. Many are changed at once by [`Flags::roll_back_many`],
//! which is the kill switch, and by [`Flags::import`], which takes a [`Document`]; each is one
//! change: one snapshot is published, and one batch goes to the disk.
//!
//! # Who learns first
//!
//! Raising goes to the disk first, then to traffic; lowering goes to traffic first, then to the
//! disk. Both are acknowledged when both have it. What keeps the two orders from crossing:
//!
//! 1. One change at a time is computed and written; a rollback alone overtakes, of one component
//!    or of many. It is computed and published under a lock that nobody holds while waiting for the
//!    disk.
//! 2. Revisions are taken under that lock, and what was lowered is written, in the order of its
//!    revisions, before any later change is computed. So the row of a component on the disk never
//!    goes back to an older revision.
//! 3. A rollback counts what the one change on its way to the disk raises as raised, and what it
//!    lowers as not lowered yet: it takes down the higher of the two. If the two share a component, the change loses with
//!    [`FlagsError::Conflict`], all of it, and is never published. If its rows reached the disk,
//!    the rollback's rows come after them, then what is published of the change's other components,
//!    both before anybody is answered; and the log reads as if the one had followed the other.
//! 4. `before` of a line in the log is what the disk held when the line was written, so the lines
//!    of a component form a chain, whoever overtook whom.
//! 5. Published stages never break `requires`, and no stage is raised past a latch. That holds for
//!    every snapshot and for every batch on the disk.
//!
//! A document is written before it is published even where it lowers something: whoever cannot wait
//! for the disk rolls back.
//!
//! Rows of a rollback that do not fit into one batch (many components whose settings are long) are
//! noted in place first and then written in several, dependents before what they require: a start
//! that finds a part of them does the rest.
//!
//! From `complete`, and for the kill switch, a rollback moves only components whose legacy is known
//! to have answered within the last minute. What stays keeps what it requires where it is, so that
//! the order holds, and is told. Two people may move all of it.
//!
//! When the disk refuses, raises fail and leave nothing behind in memory (what is on the disk is
//! known at the next start). What is lowered stays lowered. It is acknowledged if a note of it can
//! be kept in place, which a full disk allows: the next start takes rows and history from the note
//! before anything is served. Otherwise it holds in memory only, and says so. Both are tried again
//! and counted by [`Flags::unsaved`] until rows and history are on the disk.
//!
//! Beside the flags the room keeps the segments that targets name. A change of one is a raise: disk
//! first, then traffic, one at a time with the changes of flags, so that no flag ever targets a
//! segment that is not there. A rollback overtakes it as it overtakes any raise.
//!
//! And the room keeps the policies about tokens ([`PolicyRow`]), under revisions of the
//! same counter.
//!
//! A start on a disk that refuses, after a stop that was not in order, cannot know what was refused
//! before: every component in canary, live or sealed is rolled back to shadow then.

mod accepted;
mod begun;
mod chain;
mod clearance;
mod cohort;
mod csv;
mod disk;
mod document;
mod drift;
mod error;
mod evaluate;
mod explain;
mod export;
mod facts;
mod feed;
mod fields;
mod flag;
mod foresee;
mod history;
mod import;
mod issuers;
mod limits;
mod log;
mod memory;
mod moves;
mod note;
mod order;
mod plan;
mod policies;
mod recovery;
mod refusal;
mod restore;
mod rollout;
mod room;
#[cfg(test)]
mod samples;
mod seed;
mod segment;
mod segments;
mod settings;
mod snapshot;
mod stage;
mod table;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod verify;
mod whole;

pub use accepted::{ACCEPTED_MAX, AcceptedDifference, AcceptedState};
pub use begun::Begun;
pub use chain::{LineHash, Link, Linked, Unfit};
pub use clearance::{Clearance, SignOut};
pub use cohort::Salt;
pub use csv::{CSV_HEADER, csv_line};
pub use document::{Document, Format};
pub use drift::{Drift, Expired, StageDrift, drift};
pub use error::FlagsError;
pub use evaluate::{By, Evaluation};
pub use explain::{ExplainedTarget, Explanation};
pub use export::{export_json, export_toml};
pub use facts::Facts;
pub use flag::{Cause, CauseKind, Flag, Hold, Invariants, Kind, Latch, Phase, Rescue};
pub use foresee::Foreseen;
pub use history::{HISTORY_PAGE_MAX, HistoryFilter, HistoryPage, HistoryRow};
pub use import::{FieldChange, ImportPlan, ImportRefusal};
pub use issuers::{ForeignIssuer, Issuers};
pub use limits::{Advance, FixedWindow, GuardMode, Limits, Rate, WINDOWS_MAX};
pub use moves::Move;
pub use plan::{OnFailure, Plan};
pub use policies::{PolicyChange, PolicyPlace, PolicyRow};
pub use refusal::MoveRefusal;
pub use restore::Restored;
pub use rollout::{
    Approved as RolloutApproval, Evidence, Finding, Gate, GoldenPathNeed, GuardWord, Lack, Needs,
    PassRate, Pause, Position, Rollout, RolloutChange, RolloutRefusal, Rollouts, STEPS_MAX,
    Skipped, StartWish, State as RolloutState, Step as RolloutStep, Template, Traffic,
    Verdict as RolloutVerdict, Wait, parse_steps, templates,
};
pub use seed::{COMPONENTS_MAX, Seed, SeedFault, SeededDifference, Seeds};
pub use segment::{SEGMENTS_MAX, Segment, SegmentFault, Serve, TARGETS_MAX, Target};
pub use segments::{SegmentChange, SegmentDraft};
pub use settings::{Settings, SettingsPatch};
pub use snapshot::Snapshot;
pub use stage::Stage;
pub use table::{Applied, Flags};
pub use verify::{Broken, Fault, LogHead, Verdict, verify_export, verify_store};
pub use whole::{BackTo, Moved, NotMoved, Selection, Swept, WhyLeft};
