//! Watches over components on behalf of people. So far it advances rollout plans and keeps the
//! evidence that they may require; rules on trips come here, too.
//!
//! [`Plans`] looks at every running plan once a second, and when a flag has changed. It gathers
//! what is known about the component ([`crate::flags::Evidence`]): traffic since the plan's step
//! began, what was imported ([`EvidenceRoom`]), what the guard says. What follows from it is decided
//! and done in [`flags`](crate::flags).

mod counts;
mod evidence;
mod imported;
mod plans;
mod traffic;

pub use counts::PlanFigure;
pub use evidence::{
    BASELINE_WALKS_MIN, Baseline, COMPARISONS_MIN, Certificate, Entry, EvidenceError, EvidenceKind,
    EvidenceRoom, GoldenPath, Kept, REPORT_BYTES_MAX, REQUIRED_MAX, Record, ReportFault,
    TestReport, WALKS_MAX, Walked, read_junit,
};
pub use imported::{Imported, ImportedSource};
pub use plans::Plans;
