//! What a caller is told when a scan cannot be kept.

use axum::http::StatusCode;

use super::Problem;
use crate::report::checks::ScansError;

impl From<ScansError> for Problem {
    fn from(error: ScansError) -> Self {
        let text = error.to_string();
        match error {
            ScansError::TooLarge => Self::unprocessable(text),
            ScansError::NotLater(_) => {
                Self::new(StatusCode::CONFLICT, "older", "Held already, or superseded", text)
            }
            ScansError::Store(_) => {
                tracing::error!(error = text, "a scan cannot be kept");
                let told = "the scan is not kept: post it again";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "store", "The store failed", told)
            }
        }
    }
}
