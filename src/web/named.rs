//! The component that a path names.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::Problem;

/// The segment `{component}` of a path, decoded; not yet proven to be an id.
pub struct Named(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    /// 404 for a segment that is not UTF-8: no component has such an id.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(component)) => Ok(Self(component)),
            Err(_) => Err(Problem::not_found("the path names no component")),
        }
    }
}
