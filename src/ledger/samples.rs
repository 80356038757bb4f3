//! Kept examples of what differed, grouped by what they have in common and redacted.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::compare::{Mismatch, MismatchClass, Observation, claim_shape};
use crate::domain::{Decision, Fingerprint, FingerprintKey, Question, Timestamp};

/// Groups kept a component; a further one is counted and dropped.
pub const GROUPS_MAX: usize = 100;

/// Exemplars kept a group: the latest.
pub const EXEMPLARS_MAX: usize = 5;

/// What the differences of a group have in common. Within one component.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupKey {
    /// The mismatch class' code.
    pub class: String,
    /// Why legacy denied, if it did.
    pub legacy_reason: Option<String>,
    /// Why SSOT denied, if it did.
    pub ssot_reason: Option<String>,
    /// The kinds of the token's claims.
    pub shape: String,
}

impl GroupKey {
    /// The group of a mismatch.
    pub fn of(mismatch: &Mismatch, question: &Question) -> Self {
        let code = |reason: &Option<crate::domain::Reason>| {
            reason.as_ref().map(|reason| reason.code().into_owned())
        };
        Self {
            class: mismatch.class.code().to_owned(),
            legacy_reason: code(&mismatch.legacy_reason),
            ssot_reason: code(&mismatch.ssot_reason),
            shape: claim_shape(question),
        }
    }

    /// The class, unless a later release wrote one that this one does not know.
    pub fn class(&self) -> Option<MismatchClass> {
        MismatchClass::parse(&self.class)
    }
}

/// Differences with one key: how many, since when, and a few examples.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    /// What they have in common.
    pub key: GroupKey,
    /// Whether the latest of them fell under an accepted difference.
    pub accepted: bool,
    /// How many there were.
    pub count: u64,
    /// When the first was asked.
    pub first_at: Timestamp,
    /// When the latest was asked.
    pub last_at: Timestamp,
    /// The latest few, oldest first.
    pub exemplars: VecDeque<Exemplar>,
}

/// One difference, without anything that could be used or read back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exemplar {
    /// The request.
    pub request_id: String,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// Keyed hash of the token's decoded bytes.
    pub token: Option<String>,
    /// The legacy side's answer.
    pub legacy: Side,
    /// The SSOT side's answer.
    pub ssot: Side,
}

/// One side's part of an exemplar.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Side {
    /// `allow`, a reason code, or a failure code.
    pub answer: String,
    /// Keyed hash of the subject, when the side allowed and told it.
    pub subject: Option<String>,
    /// How many scopes were granted.
    pub scopes: Option<usize>,
    /// How long the answer took, in microseconds.
    pub took_us: u64,
}

impl Exemplar {
    /// Redacts a question and its two answers.
    pub fn of(
        question: &Question,
        legacy: &Observation,
        ssot: &Observation,
        fingerprints: &FingerprintKey,
    ) -> Self {
        let token = question.presented().token().map(|token| fingerprints.of_token(token));
        Self {
            request_id: question.id.to_string(),
            asked_at: question.asked_at,
            token: token.as_ref().map(Fingerprint::to_string),
            legacy: Side::of(legacy, fingerprints),
            ssot: Side::of(ssot, fingerprints),
        }
    }
}

impl Side {
    fn of(observation: &Observation, fingerprints: &FingerprintKey) -> Self {
        let grant = match &observation.answer {
            Ok(Decision::Allow(grant)) => Some(grant),
            Ok(Decision::Deny(_)) | Err(_) => None,
        };
        let subject = grant.and_then(|grant| grant.subject.as_ref());
        Self {
            answer: observation.summary(),
            subject: subject.map(|subject| fingerprints.of_text(subject.as_str()).to_string()),
            scopes: grant.and_then(|grant| Some(grant.scopes.as_ref()?.names().len())),
            took_us: u64::try_from(observation.took.as_micros()).unwrap_or(u64::MAX),
        }
    }
}
