//! Evidence that comes from outside, and that a rollout plan may require: the team's own critical
//! tests, how a component did on another installation, and whether users get through the golden
//! path as often as before.
//!
//! What is imported is dated by when it was seen, not by when it was handed in, and never later
//! than that. [`EvidenceRoom::of`] says what holds for a component at a moment; it reads memory alone.
//! Imports are on the disk before they count; what is withdrawn stops counting before it is on
//! the disk. The latest import of a kind counts, also when it says less than the one before.

mod certificate;
mod counted;
mod error;
mod golden_path;
mod junit;
mod log;
mod report;
mod room;
#[cfg(test)]
mod tests;

pub use certificate::{COMPARISONS_MIN, Certificate};
pub use error::{EvidenceError, ReportFault};
pub use golden_path::{BASELINE_WALKS_MIN, Baseline, GoldenPath, WALKS_MAX, Walked};
pub use junit::{REPORT_BYTES_MAX, REQUIRED_MAX, read_junit};
pub use log::{Entry, EvidenceKind, Kept, Record};
pub use report::TestReport;
pub use room::EvidenceRoom;
