//! What the guard shows of a component.

use serde::Serialize;

use super::case::recent::RecentRate;
use super::case::ruling::{Ruling, Standing};
use super::simulate::Foretold;
use crate::domain::{ComponentId, Revision, Timestamp};
use crate::flags::{Limits, Stage};

/// The evidence about a component as it is now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GuardView {
    /// Which component.
    pub component: ComponentId,
    /// When.
    pub at: Timestamp,
    /// Where it is.
    pub stage: Stage,
    /// The revision of its flag.
    pub revision: Revision,
    /// What the guard says.
    pub ruling: Ruling,
    /// How every rule stands.
    pub standings: Vec<Standing>,
    /// The number of the attempt.
    pub attempt: u32,
    /// When it began.
    pub attempt_since: Timestamp,
    /// When the present step of stage and share began.
    pub step_since: Timestamp,
    /// How far the certificate of the present stage has come.
    pub certificate: CertificateView,
    /// Answers taken in during this attempt.
    pub answers: u64,
    /// Answers that were recorded after the attempt that they belong to had ended.
    pub late_answers: u64,
    /// Subjects that have failed and left.
    pub subjects_left: u64,
    /// Observations that count for neither side: too many of one network, or no room.
    pub ignored: u64,
    /// Observations that could not be kept for the guard, since the start.
    pub unseen: u64,
    /// True where nobody tells the network of a failing client, so that none is capped.
    pub clients_unseen: bool,
    /// Bytes that the evidence takes, about.
    pub memory_bytes: u64,
    /// What the rules are held to.
    pub limits: Limits,
    /// How ssot does of late; `None` where it was not asked.
    pub recent: Option<RecentRate>,
    /// What each of `limits.windows` is to be expected to do at the traffic of late, in their
    /// order; empty where there is none.
    pub foretold: Vec<Foretold>,
}

/// How far a certificate has come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CertificateView {
    /// The failure rate that it rules out, 0 to 1.
    pub below: f64,
    /// How sure one may be, 0 to 1.
    pub confidence: f64,
    /// Distinct subjects so far.
    pub subjects: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// What the evidence is worth.
    pub value: f64,
    /// What it must be worth.
    pub certified_at: f64,
    /// Clean subjects that would still do, if none failed; 0 when certified.
    pub clean_subjects_missing: u64,
}
