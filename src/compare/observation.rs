//! One side's answer and how long it took.

use std::time::Duration;

use crate::domain::{Decision, Denial, PathError};

/// One side's answer and how long it took.
#[derive(Clone, Debug)]
pub struct Observation {
    /// A decision, or why there is none.
    pub answer: Result<Decision, PathError>,
    /// From asking to the answer.
    pub took: Duration,
}

impl Observation {
    /// The denial, when the answer is a deny.
    pub const fn denial(&self) -> Option<&Denial> {
        match &self.answer {
            Ok(Decision::Deny(denial)) => Some(denial),
            Ok(Decision::Allow(_)) | Err(_) => None,
        }
    }

    /// `allow`, the reason code of a deny, or the code of a failure.
    pub fn summary(&self) -> String {
        match &self.answer {
            Ok(Decision::Allow(_)) => "allow".to_owned(),
            Ok(Decision::Deny(denial)) => denial.reason.code().into_owned(),
            Err(failure) => failure.code().to_owned(),
        }
    }
}
