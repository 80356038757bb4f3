//! Why there is no report.

use super::PeriodFault;
use crate::flags::FlagsError;
use crate::guard::GuardError;
use crate::ledger::LedgerError;
use crate::store::StoreError;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// No report of that id.
    #[error("there is no report {0:?}")]
    Unknown(String),
    /// The scope names a component that the flag table does not have.
    #[error("there is no component {0:?}")]
    UnknownComponent(String),
    /// The period is none.
    #[error(transparent)]
    Period(#[from] PeriodFault),
    /// It would not fit.
    #[error("the report has {bytes} bytes, and at most {bytes_max} are kept: narrow its scope")]
    TooLarge {
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        bytes_max: usize,
    },
    /// Its text cannot be read again, or not written.
    #[error("read or write the text of a report: {0}")]
    Text(String),
    /// The counts.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The history.
    #[error(transparent)]
    Flags(#[from] FlagsError),
    /// The decision cards.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The disk.
    #[error("keep or read reports: {0}")]
    Store(#[from] StoreError),
    /// The process is ending.
    #[error("the process is ending")]
    Ending,
}
