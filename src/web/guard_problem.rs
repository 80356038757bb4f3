//! What a caller is told when the guard cannot do what it is asked.

use axum::http::StatusCode;

use super::Problem;
use crate::guard::GuardError;

impl From<GuardError> for Problem {
    fn from(error: GuardError) -> Self {
        let text = error.to_string();
        match error {
            GuardError::UnknownComponent(_) => {
                Self::not_found(format!("{text}; GET /v1/flags lists them"))
            }
            GuardError::UnknownCard(_) => {
                Self::not_found(format!("{text}; GET /v1/guard/cards lists them"))
            }
            GuardError::Report { .. } => Self::unprocessable(text),
            GuardError::Store(_) => {
                tracing::error!(error = text, "the guard's evidence cannot be read or written");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "store",
                    "The store failed",
                    "the guard's evidence could not be read or kept; the log has the reason",
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ComponentId;

    #[test]
    fn what_is_not_there_and_what_makes_no_sense_are_told_apart() {
        let status = |error: GuardError| Problem::from(error).status().as_u16();
        let id = ComponentId::parse("http-auth").expect("an id");
        assert_eq!(status(GuardError::UnknownComponent(id)), 404);
        assert_eq!(status(GuardError::UnknownCard("x".to_owned())), 404);
        assert_eq!(status(GuardError::Report { field: "at", problem: "is odd" }), 422);
    }
}
