//! What of a case survives a restart.
//!
//! A restored case may be slower, and is never less sure: whoever has failed stays away (kept
//! apart, see [`super::Subjects::take_new_left`]); nobody counts twice for a certificate; what is
//! lost is who was seen in this slice, and the rescues of the last minute.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::certificate::Cleanness;
use super::divergence::Divergence;
use super::error_rate::ErrorRate;
use super::golden_path::GoldenWalks;
use super::harm::Harm;
use super::latency::Latency;
use super::outcomes::Outcomes;
use super::recent::Recent;
use super::regression::Regression;
use super::security::Security;
use super::sockets::Sockets;
use super::subjects::SubjectsState;
use super::window::Window;
use super::{Case, CleanSubjects};
use crate::domain::{Revision, SubjectKey, Timestamp};
use crate::guard::PathPoint;

/// A case without the sets of subjects.
///
/// Whoever keeps it must have kept, no later, all that [`super::Subjects::take_new_left`] has given
/// out until then: a failure that counts here must not count again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseState {
    /// The number of the attempt.
    pub attempt: u32,
    since: Timestamp,
    step_since: Timestamp,
    from_revision: Revision,
    stale: u64,
    absorbed: u64,
    subjects: SubjectsState,
    regression: Regression,
    error_rate: ErrorRate,
    security: Security,
    divergence: Divergence,
    latency: Latency,
    sockets: Sockets,
    walks: GoldenWalks,
    harm: Harm,
    outcomes: Outcomes,
    windows: Vec<Window>,
    cleanness: Cleanness,
    /// Who counts for the certificate; `None` where they are too many to be kept.
    clean_subjects: Option<CleanSubjects>,
    recent: Recent,
    path: VecDeque<PathPoint>,
}

impl Case {
    /// What is to be kept of it.
    pub fn state(&self) -> CaseState {
        CaseState {
            attempt: self.attempt,
            since: self.since,
            step_since: self.step_since,
            from_revision: self.from_revision,
            stale: self.stale,
            absorbed: self.absorbed,
            subjects: self.subjects.state(),
            regression: self.regression.clone(),
            error_rate: self.error_rate.clone(),
            security: self.security.clone(),
            divergence: self.divergence.clone(),
            latency: self.latency.clone(),
            sockets: self.sockets.clone(),
            walks: self.walks.clone(),
            harm: self.harm,
            outcomes: self.outcomes,
            windows: self.windows.clone(),
            cleanness: self.cleanness.clone(),
            clean_subjects: self.clean_subjects.if_few(),
            recent: self.recent.clone(),
            path: self.path.clone(),
        }
    }

    /// The case again. `left`: everybody who has failed in this attempt, and at what.
    pub fn restore(state: CaseState, left: impl IntoIterator<Item = (SubjectKey, u8)>) -> Self {
        let mut case = Self::new(state.attempt, state.since, state.from_revision);
        case.step_since = state.step_since;
        (case.stale, case.absorbed) = (state.stale, state.absorbed);
        case.subjects.restore(state.subjects);
        case.subjects.restore_left(left);
        case.regression = state.regression;
        case.error_rate = state.error_rate;
        case.security = state.security;
        case.divergence = state.divergence;
        case.latency = state.latency;
        case.sockets = state.sockets;
        case.walks = state.walks;
        case.harm = state.harm;
        case.outcomes = state.outcomes;
        case.windows = state.windows;
        case.cleanness = state.cleanness;
        match state.clean_subjects {
            Some(subjects) => case.clean_subjects = subjects,
            None => case.cleanness.forfeit(),
        }
        case.recent = state.recent;
        case.path = state.path;
        case
    }
}
