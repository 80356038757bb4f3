//! Turns flags and ledger into something a person can act on.
//!
//! One [`Report`] value; `markdown` renders it for a terminal, `web` as a page, serde as JSON.

mod build;
mod explain;
mod markdown;
mod text;

pub use build::{
    AcceptedReport, AlarmPeriod, ComponentReport, EndingReport, GroupReport, Report, StageReport,
    WindowReport, build,
};
pub use explain::explain;
pub use markdown::markdown;
pub use text::{latency_text, quiet_components};
