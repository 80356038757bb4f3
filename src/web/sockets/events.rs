//! `POST /v1/events`: events for delivery, one or many.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::SemaphorePermit;
use utoipa::ToSchema;

use super::beside::{NotTaken, Taken};
use super::counts::SocketEvent;
use crate::access::Permission;
use crate::domain::{Event, EventFault};
use crate::sockets::{Anomaly, PublishError};
use crate::web::api_json::{read_at_most, wants_json};
use crate::web::{Problem, Rooms, guard};

/// Most events of one batch.
const EVENTS_MAX: usize = 1_000;

/// Largest body, in bytes.
const BODY_MAX: usize = 8 * 1024 * 1024;

/// In what units bodies are read.
pub(super) const UNIT: usize = 64 * 1024;

/// What may be read at once: as many bodies as have 64 MiB together.
pub(super) const UNITS: usize = 64 * 1024 * 1024 / UNIT;

/// Several events.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch<'b> {
    #[serde(borrow)]
    events: Vec<&'b RawValue>,
}

/// Tells a batch from an event, which has no such field.
#[derive(Deserialize)]
struct Which<'b> {
    #[serde(default, borrow)]
    events: Option<&'b RawValue>,
}

/// An event that is on the disk, and on its way. Without a place it is legacy's alone: legacy serves
/// its user, and SSOT is not asked or could not keep it.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct PublishedEvent {
    /// Its name; made here when it came without one.
    event_id: String,
    /// The life of its user's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<u64>,
    /// Its place in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    /// It had been published before under this name, and is not given again.
    duplicate: bool,
    /// Rules of its run that it breaks; it is delivered all the same.
    anomalies: Vec<&'static str>,
}

impl PublishedEvent {
    pub(super) fn of(taken: &Taken) -> Self {
        let published = match taken {
            Taken::Kept(published) => published,
            Taken::ByLegacy(id) => {
                return Self { event_id: id.as_str().to_owned(), ..Self::default() };
            }
        };
        Self {
            event_id: published.event.as_str().to_owned(),
            epoch: Some(published.position.epoch.0),
            sequence: Some(published.position.after.0),
            duplicate: published.duplicate,
            anomalies: published.anomalies.iter().map(|anomaly: &Anomaly| anomaly.code()).collect(),
        }
    }
}

/// What came of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedEvents {
    /// One of each event, in their order.
    events: Vec<PublishedEvent>,
}

/// Publishes one event, or `{"events": [...]}` with up to 1,000 of them. Answered when they are on
/// the disk; of a batch in which one is faulty, nothing is published.
#[utoipa::path(post, path = "/v1/events", tag = "sockets", security((), ("token" = [])),
    request_body = Object,
    responses(
        (status = 200, description = "Published: `PublishedEvent` of one event, `PublishedEvents` of a batch", body = PublishedEvents),
        (status = 400, description = "The body cannot be read", body = crate::web::problem::ProblemBody),
        (status = 401, description = "No API token, or none that is known", body = crate::web::problem::ProblemBody),
        (status = 403, description = "The API token is for something else", body = crate::web::problem::ProblemBody),
        (status = 408, description = "The body did not arrive in time", body = crate::web::problem::ProblemBody),
        (status = 413, description = "The body is too large", body = crate::web::problem::ProblemBody),
        (status = 415, description = "The body is not JSON", body = crate::web::problem::ProblemBody),
        (status = 422, description = "An event is faulty; `pointer` says where", body = crate::web::problem::ProblemBody),
        (status = 429, description = "Too many requests of this token or address", body = crate::web::problem::ProblemBody),
        (status = 503, description = "No room, or the disk refuses: publish again, under the same `event_id`", body = crate::web::problem::ProblemBody)))]
pub async fn publish(
    State(rooms): State<Arc<Rooms>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    let token = guard::bearer(&headers);
    let admitted = rooms.admit_data_to(Permission::Publish, token, &parts.extensions, &headers);
    admitted.map_err(|refusal| rooms.refused(refusal))?;
    let reading = rooms.sockets.place_to_read(&headers)?;
    let bytes = body_of(&headers, body).await?;
    let (events, is_batch) = match read(&bytes) {
        Ok(read) => read,
        Err(fault) => {
            rooms.sockets.counts.count(SocketEvent::EventRefused);
            return Err(faulty(&fault));
        }
    };
    drop(bytes);
    let results = rooms.sockets.publish(events).await;
    drop(reading);
    let published = rooms.sockets.told(&results)?;
    Ok(match <[PublishedEvent; 1]>::try_from(published) {
        Ok([one]) if !is_batch => Json(one).into_response(),
        Ok(one) => Json(PublishedEvents { events: one.into() }).into_response(),
        Err(events) => Json(PublishedEvents { events }).into_response(),
    })
}

async fn body_of(headers: &HeaderMap, body: Body) -> Result<axum::body::Bytes, Problem> {
    wants_json(headers)?;
    read_at_most(body, BODY_MAX).await
}

/// The events of a body, and whether they are a batch.
fn read(bytes: &[u8]) -> Result<(Vec<Event>, bool), EventFault> {
    let which: Option<Which<'_>> = serde_json::from_slice(bytes).ok();
    if which.and_then(|which| which.events).is_none() {
        return Event::parse(bytes).map(|event| (vec![event], false));
    }
    let of_batch =
        |problem: &'static str| EventFault { pointer: "/events".into(), problem: problem.into() };
    let batch: Batch<'_> = serde_json::from_slice(bytes)
        .map_err(|_| of_batch("is the one field of a batch, and a list"))?;
    if !(1..=EVENTS_MAX).contains(&batch.events.len()) {
        return Err(of_batch("has 1 to 1000 events"));
    }
    let mut events = Vec::with_capacity(batch.events.len());
    for (place, event) in batch.events.iter().enumerate() {
        let event = Event::parse(event.get().as_bytes());
        events.push(event.map_err(|fault| EventFault {
            pointer: format!("/events/{place}{}", fault.pointer).into(),
            ..fault
        })?);
    }
    Ok((events, true))
}

fn faulty(fault: &EventFault) -> Problem {
    let pointer = fault.pointer.to_string();
    Problem::unprocessable(shown(fault)).with_pointer(pointer)
}

fn shown(fault: &EventFault) -> Cow<'_, str> {
    match &*fault.pointer {
        "" => format!("the event {}", fault.problem).into(),
        _ => fault.to_string().into(),
    }
}

/// Code and detail for an event that is not accepted.
pub(super) fn unkept(error: &NotTaken) -> (&'static str, &'static str) {
    let error = match error {
        NotTaken::Ssot(error) => error,
        NotTaken::Legacy(_) => {
            return (
                "legacy_failed",
                "legacy serves its user and cannot take it; publish it again",
            );
        }
    };
    match error {
        PublishError::Busy => ("busy", "too many events wait for the disk; publish it again"),
        PublishError::TooManyUsers => ("busy", "too many users at once; publish it again"),
        PublishError::ShuttingDown => ("ending", "the service is shutting down"),
        PublishError::Store(_) => {
            ("not_kept", "the disk refuses; publish it again under the same `event_id`")
        }
    }
}

impl super::SocketDoor {
    /// Room for a body of this length; as much as may be for one that does not say.
    fn place_to_read(&self, headers: &HeaderMap) -> Result<SemaphorePermit<'_>, Problem> {
        let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let length = length.and_then(|text| text.parse().ok()).unwrap_or(BODY_MAX).min(BODY_MAX);
        let units = u32::try_from(length / UNIT + 1).unwrap_or(u32::MAX);
        self.reading.try_acquire_many(units).map_err(|_| {
            self.counts.count(SocketEvent::EventUnkept);
            unavailable("busy", "too many events are being read; publish again")
        })
    }

    /// What is told of results; a problem where one event was not accepted.
    fn told(&self, results: &[Result<Taken, NotTaken>]) -> Result<Vec<PublishedEvent>, Problem> {
        let kept = results.iter().flatten().count();
        let mut told = Vec::with_capacity(results.len());
        for result in results {
            match result {
                Ok(taken) => told.push(PublishedEvent::of(taken)),
                Err(error) => {
                    let lost = u64::try_from(results.len() - kept).unwrap_or(u64::MAX);
                    self.counts.add(SocketEvent::EventUnkept, lost);
                    tracing::warn!(%error, "events are not taken");
                    let (code, detail) = unkept(error);
                    let detail = format!(
                        "{detail} ({kept} of {} are published: whatever has an `event_id` may be \
                         published again and is taken once)",
                        results.len()
                    );
                    return Err(unavailable(code, &detail));
                }
            }
        }
        Ok(told)
    }
}

fn unavailable(code: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, "Not published", detail)
        .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(json: &str) -> String {
        read(json.as_bytes()).map(|_| ()).expect_err(json).pointer.into_owned()
    }

    #[test]
    fn a_body_is_one_event_or_a_list_of_them() {
        let one = r#"{"type":"x","user_id":"a","payload":{}}"#;
        assert_eq!(read(one.as_bytes()).map(|(all, batch)| (all.len(), batch)), Ok((1, false)));
        let many = format!(r#"{{"events":[{one},{one}]}}"#);
        assert_eq!(read(many.as_bytes()).map(|(all, batch)| (all.len(), batch)), Ok((2, true)));
        let most = format!(r#"{{"events":[{}]}}"#, vec![one; EVENTS_MAX].join(","));
        assert_eq!(read(most.as_bytes()).map(|(all, _)| all.len()), Ok(EVENTS_MAX));
    }

    #[test]
    fn a_fault_is_told_where_it_is() {
        let one = r#"{"type":"x","user_id":"a","payload":{}}"#;
        let tool = r#"{"type":"tool_executing","run_id":"r","user_id":"a","payload":{}}"#;
        assert_eq!(
            pointer(&format!(r#"{{"events":[{one},{tool}]}}"#)),
            "/events/1/payload/tool_name"
        );
        assert_eq!(pointer(tool), "/payload/tool_name");
        assert_eq!(pointer(&format!(r#"{{"events":[{one},7]}}"#)), "/events/1");
        for odd in [
            r#"{"events":[]}"#.to_owned(),
            r#"{"events":{}}"#.to_owned(),
            format!(r#"{{"events":[{one}],"more":1}}"#),
            format!(r#"{{"events":[{}]}}"#, vec![one; EVENTS_MAX + 1].join(",")),
        ] {
            assert_eq!(pointer(&odd), "/events", "{odd:.40}");
        }
        assert_eq!(pointer("[]"), "");
        assert_eq!(pointer(r#"{"events":[{}"#), "");
    }
}
