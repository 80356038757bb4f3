//! Watches over components on behalf of people. So far it advances rollout plans and keeps the
//! evidence that they may require; rules on trips come here, too.
//!
//! [`Plans`] looks at every running plan once a second, and when a flag has changed. It gathers
//! what is known about the component ([`crate::flags::Evidence`]): traffic since the plan's step
//! began, what was imported ([`EvidenceRoom`]), what the guard says. What follows from it is decided
//! and done in [`flags`](crate::flags).

mod card;
mod cards;
pub mod case;
mod clearing;
mod counts;
mod evidence;
mod imported;
mod keeping;
mod notify;
mod plans;
mod room;
pub mod simulate;
#[cfg(test)]
mod tests;
mod traffic;
mod view;
mod watched;
mod watching;

pub use card::{DecisionCard, Deed, PathPoint, Without};
pub use case::ruling::{Found, GuardRule, Ruling, Standing};
pub use counts::PlanFigure;
pub use evidence::{
    BASELINE_WALKS_MIN, Baseline, COMPARISONS_MIN, Certificate, Entry, EvidenceError, EvidenceKind,
    EvidenceRoom, GoldenPath, Kept, REPORT_BYTES_MAX, REQUIRED_MAX, Record, ReportFault,
    TestReport, WALKS_MAX, Walked, read_junit,
};
pub use imported::{Imported, ImportedSource};
pub use notify::{
    GuardFigure, NoticeKind, Notifier, PARCEL_PREFIX, WEBHOOKS_MAX, Webhook, webhook_sources,
};
pub use plans::Plans;
pub use room::{CardFilter, Decided, Guard, GuardError, Heard, MatrixKnown};
pub use view::{CertificateView, GuardView};
