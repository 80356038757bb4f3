//! What keeps evidence from being taken in. Evidence that is bad is none of this.

use crate::ledger::LedgerError;
use crate::store::StoreError;

/// Why evidence was not taken in, made or withdrawn. No text here quotes a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The test report cannot be read.
    #[error("the test report {0}")]
    Report(#[from] ReportFault),
    /// A required test's name that is empty or too long, or too many of them.
    #[error("at most {max} tests can be required, each with a name of 1 to {length_max} bytes")]
    Required {
        /// Tests allowed.
        max: usize,
        /// Bytes of a name allowed.
        length_max: usize,
    },
    /// A verified statement that is not what a certificate says.
    #[error("the certificate's claim {0:?} is missing or makes no sense")]
    Claim(&'static str),
    /// A certificate of another component.
    #[error("the certificate is for component {0:?}")]
    OtherComponent(String),
    /// A certificate that says nothing newer than the one that is held.
    #[error("a certificate issued at the same time or later is held already")]
    Older,
    /// A certificate cannot be issued over such a period.
    #[error("a certificate is over 1 minute to 48 hours")]
    Span,
    /// A certificate cannot be valid for so long.
    #[error("a certificate is valid for 1 minute to 30 days")]
    Lifetime,
    /// An observation of the golden path that cannot be.
    #[error("{0}")]
    Walks(&'static str),
    /// Too few walks for a baseline.
    #[error("a baseline takes at least {min} walks of the last day, there are {walks}")]
    TooFewWalks {
        /// Walks in the window.
        walks: u32,
        /// Walks needed.
        min: u32,
    },
    /// There is nothing of this kind to withdraw.
    #[error("no {0} is held for this component")]
    NothingHeld(&'static str),
    /// The ledger's kept counts cannot be read.
    #[error("count comparisons: {0}")]
    Ledger(#[from] LedgerError),
    /// The store refused.
    #[error("keep evidence: {0}")]
    Store(#[from] StoreError),
    /// A row of the evidence that names no component or kind.
    #[error("keep evidence: row {0:?} names no component and kind")]
    Key(String),
    /// The change was dropped on its way.
    #[error("the change of the evidence broke off")]
    Broken,
}

/// Why a test report cannot be read. No text here quotes more than a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportFault {
    /// Over the limit.
    #[error("has more than {0} bytes")]
    TooLarge(usize),
    /// Not UTF-8, whatever it says.
    #[error("is not UTF-8")]
    NotUtf8,
    /// Declares another encoding.
    #[error("declares another encoding than UTF-8")]
    Encoding,
    /// Has a document type, in which entities could be defined.
    #[error("has a DOCTYPE: test reports have none, and entities are not expanded")]
    Doctype,
    /// Uses an entity that XML itself does not define.
    #[error("uses an entity that XML does not define")]
    Entity,
    /// Not well-formed.
    #[error("is not well-formed XML at byte {0}")]
    Malformed(u64),
    /// Ends before its root element does.
    #[error("ends too early: the root element is still open")]
    CutOff,
    /// Its root is neither `testsuites` nor `testsuite`.
    #[error("is no JUnit report: its root is neither <testsuites> nor <testsuite>")]
    Root,
    /// Something stands beside the root element.
    #[error("has something beside its root element")]
    BesideRoot,
    /// A test or a suite where none can be.
    #[error("has a <{0}> inside an element that holds none")]
    Misplaced(&'static str),
    /// A test without a name.
    #[error("has a test without a name")]
    Nameless,
    /// Nested deeper than the limit.
    #[error("is nested deeper than {0} elements")]
    TooDeep(usize),
    /// More of something than the limit.
    #[error("has more than {max} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        max: usize,
    },
    /// A longer attribute than any name needs.
    #[error("has an attribute {name} of more than {max} bytes")]
    AttributeTooLong {
        /// Which one.
        name: &'static str,
        /// Bytes allowed.
        max: usize,
    },
}
