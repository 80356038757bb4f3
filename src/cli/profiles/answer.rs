//! An answer, as one part of a difference.

use serde_json::{Value, json};

use super::outcome::Outcome;
use crate::compare::{MismatchClass, Observation};
use crate::domain::{Decision, Grant, Subject};

/// Most characters of a subject that are shown.
const SUBJECT_MAX: usize = 40;

/// The answer in a few words, with whatever the outcome is about.
pub fn words(observation: &Observation, outcome: Outcome) -> String {
    let Ok(Decision::Allow(grant)) = &observation.answer else { return observation.summary() };
    match outcome {
        Outcome::Differs(MismatchClass::SubjectDiffers) => {
            format!("allow as {}", subject(grant).unwrap_or_else(|| "nobody".into()))
        }
        Outcome::Differs(MismatchClass::ScopesDiffer) => match &grant.scopes {
            Some(scopes) if scopes.names().is_empty() => "allow nothing".into(),
            Some(scopes) => format!("allow {scopes}"),
            None => observation.summary(),
        },
        Outcome::Differs(MismatchClass::ClaimsDiffer) => match grant.token_type {
            Some(token_type) => format!("allow as {}", token_type.as_str()),
            None => observation.summary(),
        },
        Outcome::Match
        | Outcome::Differs(
            MismatchClass::Looser
            | MismatchClass::Stricter
            | MismatchClass::ReasonDiffers
            | MismatchClass::Misdelivered
            | MismatchClass::EventLost
            | MismatchClass::EventRepeated
            | MismatchClass::EventReordered
            | MismatchClass::BodyDiffers
            | MismatchClass::Late
            | MismatchClass::ConnectionDiffers,
        )
        | Outcome::Inconclusive => observation.summary(),
    }
}

/// The answer for machines.
pub fn json(observation: &Observation) -> Value {
    match &observation.answer {
        Ok(Decision::Allow(grant)) => json!({
            "allow": true,
            "subject": subject(grant),
            "scopes": grant.scopes,
            "token_type": grant.token_type,
        }),
        Ok(Decision::Deny(denial)) => json!({
            "allow": false,
            "reason": denial.reason.code(),
            "disclosed": denial.disclosed,
        }),
        Err(failure) => json!({ "failed": failure.code() }),
    }
}

/// A subject of the corpus: nobody real, but perhaps long or unprintable.
fn subject(grant: &Grant) -> Option<String> {
    let text = grant.subject.as_ref().map(Subject::as_str)?;
    let shown: String = text.escape_debug().take(SUBJECT_MAX).collect();
    Some(shown)
}
