//! Turns flags, ledger and the guard's decisions into something a person can act on.
//!
//! Two kinds. A [`Report`] is the story since the ledger began: `markdown` renders it for a
//! terminal, `web` as a page, serde as JSON. A [`Document`] is the story of a period, drawn up from
//! [`Sources`]; [`Reports`] makes them for whoever asks, by a schedule and when a component leaves a
//! stage, seals them and keeps them. `story` renders one as Markdown, `csv` as tables.

mod build;
mod causes;
mod changes;
pub mod checks;
mod counted;
mod csv;
mod document;
mod draw;
mod error;
mod explain;
mod keep;
mod markdown;
mod marks;
mod mismatches;
mod period;
mod rate;
mod scope;
mod story;
#[cfg(test)]
pub(crate) mod testing;
mod text;

pub use build::{
    AcceptedReport, AlarmPeriod, ComponentReport, EndingReport, GroupReport, Report, StageReport,
    WindowReport, build,
};
pub use causes::{CAUSES, Cause, cause, cause_of_inconclusive};
pub use changes::changes;
pub use counted::Rate;
pub use csv::{COMPONENT_COLUMNS, SERIES_COLUMNS, cell, components_csv, series_csv};
pub use document::{
    AcceptedPart, BySide, CardPart, CertificatePart, ChangePart, CheckPart, ClassPart,
    ComponentPart, Document, ErrorRate, GoldenPathPart, GroupPart, HarmOf, HarmPart, LatencyPart,
    Missing, NoEvidence, Occasion, Point, PointLatency, Ratios, ReadinessPart, SCHEMA, Series,
    SharePart, Verdict, WalksPart,
};
pub use draw::{CheckSource, Sources, Wish};
pub use error::ReportError;
pub use explain::explain;
pub use keep::{
    Archive, Claims, Entry, Every, Form, KEPT_BYTES_MAX, Reports, SEAL_TYP, ScheduleLine, Seal,
    SealFault, Settings, Signer, canonical, check, digest, sealed_json, sealed_text, unseal_json,
    unseal_text,
};
pub use markdown::markdown;
pub use marks::{MarkKind, marks};
pub use mismatches::{
    MismatchFilter, MismatchReport, Mismatches, Severity, UngroupedReport, mismatch, mismatches,
};
pub use period::{Period, PeriodFault, Preset};
pub use rate::{Interval, rate, rule_of_three, wilson};
pub use scope::Scope;
pub use story::{percent_text, story};
pub use text::{latency_text, quiet_components};
