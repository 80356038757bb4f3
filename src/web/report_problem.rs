//! What a caller is told when there is no report.

use axum::http::StatusCode;

use super::Problem;
use crate::report::ReportError;

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Self {
        let text = error.to_string();
        match error {
            ReportError::Unknown(_) => {
                Self::not_found(format!("{text}; GET /v1/reports lists them"))
            }
            ReportError::UnknownComponent(_) => {
                Self::not_found(format!("{text}; GET /v1/flags lists them"))
            }
            ReportError::Period(_) => Self::bad_request(text),
            ReportError::TooLarge { .. } => {
                Self::new(StatusCode::CONFLICT, "report-too-large", "The report is too large", text)
            }
            ReportError::Flags(error) => error.into(),
            ReportError::Guard(error) => error.into(),
            ReportError::Ending => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "ending",
                "The process is ending",
                "ask again when it has started",
            ),
            ReportError::Text(_) | ReportError::Ledger(_) | ReportError::Store(_) => {
                tracing::error!(error = text, "a report cannot be made, kept or read");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "store",
                    "The store failed",
                    "the report could not be made, kept or read; the log has the reason",
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::PeriodFault;

    #[test]
    fn what_is_not_there_what_cannot_be_and_what_does_not_fit_are_told_apart() {
        let status = |error: ReportError| Problem::from(error).status().as_u16();
        assert_eq!(status(ReportError::Unknown("x".to_owned())), 404);
        assert_eq!(status(PeriodFault::Backwards.into()), 400);
        assert_eq!(status(ReportError::TooLarge { bytes: 2, bytes_max: 1 }), 409);
        assert_eq!(status(ReportError::Text("odd".to_owned())), 500);
    }
}
