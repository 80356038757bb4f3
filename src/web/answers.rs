//! Refusals that many routes share, for the machine-readable description: said once.

use std::collections::BTreeMap;

use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{ContentBuilder, Ref, RefOr};
use utoipa::{IntoResponses, ToSchema as _};

use super::problem::ProblemBody;

type Responses = BTreeMap<String, RefOr<Response>>;

const EVERY: [(&str, &str); 5] = [
    ("401", "Nobody has signed in, and no token that is known was sent"),
    ("403", "Not permitted; or, with type `stale`, only after a new proof of identity"),
    ("429", "Too many requests; `Retry-After` says when to try again"),
    ("500", "The store failed; the log says how"),
    ("503", "The disk refused"),
];

const DOOR: [(&str, &str); 6] = [
    ("404", "The configuration names a component that the flag table does not have"),
    ("408", "The body did not arrive in time"),
    ("409", "The component does not answer this"),
    ("413", "The body is too large"),
    ("429", "Too many requests of this address"),
    ("503", "Neither side can decide, or the disk refused: no refusal, ask again"),
];

const QUERY: [(&str, &str); 1] = [("400", "The query cannot be read")];

const NAMED: [(&str, &str); 2] = [
    ("404", "No such name or id"),
    ("409", "Not as things are: the move is not allowed, the last admin, decided already"),
];

const BODY: [(&str, &str); 6] = [
    ("400", "The body cannot be read"),
    ("408", "The body did not arrive in time"),
    ("409", "The name is taken, a bound is reached, or it is the last admin"),
    ("413", "The body is too large"),
    ("415", "The body is not JSON"),
    ("422", "The body makes no sense"),
];

/// What every control route may answer instead.
pub enum Refused {}

/// What every door of the data listener may answer instead.
pub enum DoorRefused {}

/// The same for routes that take a query.
pub enum QueryRefused {}

/// The same for routes that take a query about what the path names.
pub enum NamedQueryRefused {}

/// The same for routes that change what the path names, and take no body.
pub enum NamedRefused {}

/// The same for routes that take a body.
pub enum BodyRefused {}

/// The same for routes that change what the path names, and take a body.
pub enum NamedBodyRefused {}

impl IntoResponses for DoorRefused {
    fn responses() -> Responses {
        problems(&[&DOOR])
    }
}

impl IntoResponses for Refused {
    fn responses() -> Responses {
        problems(&[&EVERY])
    }
}

impl IntoResponses for QueryRefused {
    fn responses() -> Responses {
        problems(&[&EVERY, &QUERY])
    }
}

impl IntoResponses for NamedQueryRefused {
    fn responses() -> Responses {
        problems(&[&EVERY, &QUERY, &NAMED])
    }
}

impl IntoResponses for NamedRefused {
    fn responses() -> Responses {
        problems(&[&EVERY, &NAMED])
    }
}

impl IntoResponses for BodyRefused {
    fn responses() -> Responses {
        problems(&[&EVERY, &BODY])
    }
}

impl IntoResponses for NamedBodyRefused {
    fn responses() -> Responses {
        problems(&[&EVERY, &NAMED, &BODY])
    }
}

fn problems(lists: &[&[(&str, &str)]]) -> Responses {
    let all = lists.iter().flat_map(|list| list.iter());
    all.map(|(status, text)| ((*status).to_owned(), problem(text))).collect()
}

fn problem(description: &str) -> RefOr<Response> {
    let schema = Ref::from_schema_name(ProblemBody::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new().description(description);
    RefOr::T(response.content("application/problem+json", content).build())
}
