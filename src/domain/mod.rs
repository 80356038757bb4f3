//! The words every room shares, and the seams `Clock`, `AuthPath` and `EventPath`. No I/O.
//!
//! Read [`Question`] first, then [`Decision`], then [`AuthPath`]: a path turns the one into the
//! other, and everything else in the house decides who asks which path and what becomes of the
//! answers. [`Event`] and [`EventPath`] are the same for what is delivered over sockets.

mod admission;
mod clock;
mod credentials;
mod decision;
mod event;
mod event_kind;
mod event_path;
mod fingerprint;
mod ids;
mod journey;
mod json;
mod jws;
mod mismatch_class;
mod operation;
mod path;
mod policy;
mod position;
mod question;
mod reason;
mod side;
mod sign_matrix;
mod socket_ids;
mod subject_key;
mod wire_shape;

pub use admission::Admission;
pub use clock::{Clock, SystemClock, Timestamp, TokioClock};
pub use credentials::{Credentials, Presented, RequestParts, carries_token};
pub use decision::{Decision, Denial, Grant, Scopes, TokenType};
pub use event::{EVENT_BYTES_MAX, Event, EventFault, Payload};
pub use event_kind::EventKind;
pub use event_path::{Addressed, Condition, Delivery, EventPath, Listening, Standing};
pub use fingerprint::{Fingerprint, FingerprintKey};
pub use ids::{ComponentId, GroupId, IdError, RequestId, RequestIds, Revision, SegmentId, Subject};
pub use journey::{Journey, JourneyEnd, JourneyStep, Place, Provenance, StepSeen};
pub use json::{Members, parse_strict};
pub use jws::{Jws, decode_base64, decode_base64url, decode_leniently, encode_base64url};
pub use mismatch_class::MismatchClass;
pub use operation::{
    IssueOrder, Operation, Outcome, Performed, RefreshOrder, Revocation, RevocationOutcome,
    TokenForm, TokenPath,
};
pub use path::{Answering, AuthPath, BoxFuture, PathError, Proof};
pub use policy::{LivePolicies, Mode, Policies, Policy, Rule, RuleSet};
pub use position::{Epoch, Position, Sequence};
pub use question::{Question, Token};
pub use reason::{Reason, ReasonClass};
pub use side::{Share, Side, Slot};
pub use sign_matrix::{SignCell, SignMatrix, SignSeen};
pub use socket_ids::{ConnectionId, EventId, RunId, ThreadId};
pub use subject_key::{ClientNetwork, SubjectKey};
pub use wire_shape::WireShape;
