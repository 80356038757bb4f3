//! What whoever watches a component sees of it: single answers, deliveries, walks and outcomes, in
//! the order in which they were recorded.
//!
//! A [`Trial`] is the answer of one question as the guard needs it. It holds no token and no name:
//! subjects and networks are only told apart.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::{ClientNetwork, ReasonClass, Revision, Share, Side, SubjectKey, Timestamp};

/// Something that was seen of a component.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// An answered question.
    Answer(Trial),
    /// A delivered event, or one that should have been.
    Delivery(DeliverySeen),
    /// A walk of the golden path.
    Walk(WalkSeen),
    /// What came of people's work.
    Outcome(OutcomeSeen),
}

/// One answered question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// When it was asked.
    pub asked_at: Timestamp,
    /// The revision of the flag that it was answered by.
    pub revision: Revision,
    /// The side whose turn it was.
    pub arm: Side,
    /// The share, where the subject's slot and the share alone decided whose turn it was: then
    /// chance has. `None` for whoever was targeted, everybody, or nobody.
    pub share: Option<Share>,
    /// Whose question it was; `None` where nobody could be read.
    pub subject: Option<SubjectKey>,
    /// From where; `None` where nobody who is trusted has told it.
    pub client: Option<ClientNetwork>,
    /// Both sides were asked because it was in the sample of what is compared.
    pub drawn: bool,
    /// Whether the other side has failed the same question; `None` where it was not asked.
    pub other_failed: Option<bool>,
    /// One of the sides has verified whose question it is.
    pub proven: bool,
    /// What the arm's answer was worth.
    pub served: Worth,
    /// The other side has let them in, in the arm's place.
    pub rescued: bool,
    /// What a comparison has found.
    pub compared: Compared,
    /// How long legacy took; `None` where it was not asked or failed.
    pub legacy_took: Option<Duration>,
    /// How long SSOT took; `None` where it was not asked or failed.
    pub ssot_took: Option<Duration>,
    /// When it was recorded, by a clock that is good for spans alone; only for what may make a rule
    /// trip.
    pub recorded_at: Option<std::time::Instant>,
}

/// What an answer was worth to whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// Let in.
    Good,
    /// The arm could not answer, and either the other side proves that this was somebody, or it
    /// was not asked.
    Failed,
    /// Denied, and the other side lets the same question in; one of them has verified it.
    WronglyDenied,
    /// Neither good nor bad: both deny, nobody is proved, nothing is known, or an operator accepts
    /// it.
    Nothing,
}

impl Worth {
    /// True for what counts as a failure of the arm.
    pub const fn is_failure(self) -> bool {
        match self {
            Self::Failed | Self::WronglyDenied => true,
            Self::Good | Self::Nothing => false,
        }
    }
}

/// What a comparison has found, as far as rules care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// There was none, nothing follows from it, or nobody is proved.
    Not,
    /// No harm in it: the sides agree, differ in words, or differ as an operator accepts.
    Harmless,
    /// SSOT denies what legacy allows, or allows somebody something else.
    Harmful,
    /// SSOT could not answer somebody whom legacy lets in.
    SsotFailed,
    /// SSOT lets in what legacy refuses, or lets in somebody else.
    Alarming(Gravity),
}

/// How grave it is that SSOT lets somebody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gravity {
    /// Once is too often: the signature, the algorithm, the key, a revocation, the issuer, or
    /// another subject.
    AtOnce,
    /// Three subjects within ten minutes are too many: time, audience and the rest.
    AfterThree,
}

impl Gravity {
    /// How grave it is that SSOT lets in what legacy refuses for a reason of this class.
    pub const fn of(reason: ReasonClass) -> Self {
        match reason {
            ReasonClass::Signature
            | ReasonClass::Algorithm
            | ReasonClass::Key
            | ReasonClass::Revocation
            | ReasonClass::Issuer => Self::AtOnce,
            ReasonClass::Extraction
            | ReasonClass::Form
            | ReasonClass::Time
            | ReasonClass::Claims
            | ReasonClass::Audience
            | ReasonClass::Purpose
            | ReasonClass::Everybody
            | ReasonClass::Unspecified => Self::AfterThree,
        }
    }
}

/// An event on its way through one side's manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliverySeen {
    /// When it was sent.
    pub at: Timestamp,
    /// The side that delivered.
    pub arm: Side,
    /// Whose connection.
    pub subject: Option<SubjectKey>,
    /// What was wrong with it.
    pub fault: Option<DeliveryFault>,
}

/// What can be wrong with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryFault {
    /// The connection was dropped.
    Dropped,
    /// A sequence number is missing.
    Gap,
    /// It never arrived.
    Lost,
    /// It arrived twice.
    Repeated,
    /// It reached somebody else.
    Misdelivered,
}

/// A walk of the golden path by one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkSeen {
    /// When it ended.
    pub at: Timestamp,
    /// The side that it was walked on.
    pub side: Side,
    /// It reached the end.
    pub passed: bool,
}

/// What came of people's work on one side, over some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutcomeSeen {
    /// The end of that time.
    pub at: Timestamp,
    /// The side that served those people.
    pub side: Side,
    /// Runs that were started.
    pub runs_started: u64,
    /// Those of them that came to their end.
    pub runs_completed: u64,
    /// People who did anything.
    pub active_users: u64,
    /// Messages they sent.
    pub messages: u64,
}
