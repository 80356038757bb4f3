//! The words every room shares, and the seams `Clock` and `AuthPath`. No I/O.
//!
//! Read [`Question`] first, then [`Decision`], then [`AuthPath`]: a path turns the one into the
//! other, and everything else in the house decides who asks which path and what becomes of the
//! answers.

mod clock;
mod credentials;
mod decision;
mod fingerprint;
mod ids;
mod json;
mod jws;
mod mismatch_class;
mod operation;
mod path;
mod policy;
mod question;
mod reason;
mod side;
mod subject_key;

pub use clock::{Clock, SystemClock, Timestamp, TokioClock};
pub use credentials::{Credentials, Presented, RequestParts};
pub use decision::{Decision, Denial, Grant, Scopes, TokenType};
pub use fingerprint::{Fingerprint, FingerprintKey};
pub use ids::{ComponentId, GroupId, IdError, RequestId, RequestIds, Revision, SegmentId, Subject};
pub use json::{Members, parse_strict};
pub use jws::{Jws, decode_base64, decode_base64url, decode_leniently, encode_base64url};
pub use mismatch_class::MismatchClass;
pub use operation::{
    IssueOrder, Operation, Outcome, Performed, RefreshOrder, Revocation, RevocationOutcome,
    TokenForm, TokenPath,
};
pub use path::{Answering, AuthPath, BoxFuture, PathError, Proof};
pub use policy::{LivePolicies, Mode, Policies, Policy, Rule, RuleSet};
pub use question::{Question, Token};
pub use reason::{Reason, ReasonClass};
pub use side::{Share, Side, Slot};
pub use subject_key::{ClientNetwork, SubjectKey};
