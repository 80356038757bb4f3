//! What a caller is told when evidence cannot be taken in.

use axum::http::StatusCode;

use super::Problem;
use crate::guard::{EvidenceError, ReportFault};

impl From<EvidenceError> for Problem {
    fn from(error: EvidenceError) -> Self {
        let text = error.to_string();
        let conflict = |code, title| Self::new(StatusCode::CONFLICT, code, title, text.clone());
        match error {
            EvidenceError::Report(ReportFault::TooLarge(_)) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large", text)
            }
            EvidenceError::Report(_) => Self::bad_request(text),
            EvidenceError::Required { .. }
            | EvidenceError::Claim(_)
            | EvidenceError::OtherComponent(_)
            | EvidenceError::Span
            | EvidenceError::Lifetime
            | EvidenceError::Walks(_) => Self::unprocessable(text),
            EvidenceError::Older => conflict("older", "Held already, or superseded"),
            EvidenceError::TooFewWalks { .. } => conflict("too-few-walks", "Too few walks"),
            EvidenceError::NothingHeld(_) => Self::not_found(text),
            EvidenceError::Ledger(_)
            | EvidenceError::Store(_)
            | EvidenceError::Key(_)
            | EvidenceError::Broken => {
                tracing::error!(error = text, "evidence cannot be read or written");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "store",
                    "The store failed",
                    "nothing was taken in; what was withdrawn counts no more until the process \
                     ends: repeat it",
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_what_conflicts_and_what_failed_are_told_apart() {
        let status = |error: EvidenceError| Problem::from(error).status().as_u16();
        assert_eq!(status(ReportFault::Doctype.into()), 400);
        assert_eq!(status(ReportFault::TooLarge(1).into()), 413);
        assert_eq!(status(EvidenceError::OtherComponent("x".into())), 422);
        assert_eq!(status(EvidenceError::Older), 409);
        assert_eq!(status(EvidenceError::NothingHeld("tests")), 404);
        assert_eq!(status(EvidenceError::Broken), 503);
    }
}
