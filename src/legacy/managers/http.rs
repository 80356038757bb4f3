//! A manager behind HTTP: asked whom it would send an event to.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::HttpManagerSettings;
use crate::domain::{
    Addressed, BoxFuture, Condition, ConnectionId, Delivery, Event, EventId, EventPath, Listening,
    PathError, RunId, Subject, ThreadId, Timestamp,
};
use crate::legacy::LegacyError;
use crate::legacy::remote::{CallLimits, failed_status, path_error};
use crate::outbound::{Call, Headers, Method, Outbound, Url};

/// Frames that one event may become.
const FRAMES_MAX: usize = 1_000;

/// Asks a service whom it would send an event to. The service sends nothing because of it; it has
/// a registry of its own, and is not told who comes and goes.
pub struct HttpManagerPath {
    outbound: Outbound,
    url: Url,
    headers: Headers,
    limits: CallLimits,
}

impl HttpManagerPath {
    /// Checks the settings; the error is [`LegacyError::Faults`] with all that is wrong. `name` is
    /// the path's name in the configuration.
    pub fn new(
        name: &str,
        settings: HttpManagerSettings,
        outbound: &Outbound,
    ) -> Result<Self, LegacyError> {
        let (url, headers, faults) = settings.checked(outbound);
        match url {
            Some(url) if faults.is_empty() => {
                Ok(Self { outbound: outbound.clone(), url, headers, limits: settings.limits })
            }
            Some(_) | None => Err(LegacyError::Faults { path: name.to_owned(), faults }),
        }
    }

    async fn ask(&self, event: &Event, audience: &[Listening]) -> Result<Delivery, PathError> {
        let body = body(event, audience).map_err(|error| unreadable(&error.to_string()))?;
        let call = Call {
            method: Method::Post,
            url: self.url.clone(),
            headers: self.headers.clone(),
            body,
            timeout: self.limits.timeout(),
            response_bytes_max: self.limits.response_bytes_max,
        };
        let answer = self.outbound.send(call).await.map_err(|error| path_error(&error))?;
        if !(200..300).contains(&answer.status) {
            return Err(failed_status(answer.status));
        }
        read(&answer.body)
    }
}

impl std::fmt::Debug for HttpManagerPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpManagerPath({})", self.url)
    }
}

impl EventPath for HttpManagerPath {
    fn deliver<'a>(
        &'a self,
        event: &'a Event,
        audience: &'a [Listening],
    ) -> BoxFuture<'a, Result<Delivery, PathError>> {
        Box::pin(self.ask(event, audience))
    }

    fn connected<'a>(
        &'a self,
        _user: &'a Subject,
        _connection: &'a ConnectionId,
    ) -> BoxFuture<'a, Result<Delivery, PathError>> {
        Box::pin(std::future::ready(Ok(Delivery::default())))
    }

    fn disconnected<'a>(&'a self, _connection: &'a ConnectionId) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// The question. The payload goes out as it came.
#[derive(Serialize)]
struct Asked<'e> {
    event: EventBody<'e>,
    audience: Vec<Listener<'e>>,
}

#[derive(Serialize)]
struct EventBody<'e> {
    #[serde(rename = "type")]
    kind: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_id: Option<&'e str>,
    user_id: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_name: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    payload: &'e RawValue,
}

#[derive(Serialize)]
struct Listener<'e> {
    connection: &'e str,
    condition: &'static str,
}

fn body(event: &Event, audience: &[Listening]) -> Result<Bytes, serde_json::Error> {
    let event = EventBody {
        kind: event.kind.as_str(),
        event_id: event.id.as_ref().map(EventId::as_str),
        run_id: event.run.as_ref().map(RunId::as_str),
        thread_id: event.thread.as_ref().map(ThreadId::as_str),
        user_id: event.user.as_str(),
        agent_name: event.agent.as_deref(),
        seq: event.number,
        timestamp: event.at.map(Timestamp::rfc3339),
        payload: serde_json::from_str(event.payload.text())?,
    };
    let listeners = audience.iter().map(|listening| Listener {
        connection: listening.connection.as_str(),
        condition: word(listening.condition),
    });
    serde_json::to_vec(&Asked { event, audience: listeners.collect() }).map(Bytes::from)
}

const fn word(condition: Condition) -> &'static str {
    match condition {
        Condition::Ready => "ready",
        Condition::Slow => "slow",
        Condition::Hung => "hung",
        Condition::Broken => "broken",
    }
}

/// The answer.
#[derive(Deserialize)]
struct Answered {
    frames: Vec<AnsweredFrame>,
}

/// A frame: a text, or an object that becomes one.
#[derive(Deserialize)]
struct AnsweredFrame {
    connection: String,
    frame: Value,
}

fn read(body: &[u8]) -> Result<Delivery, PathError> {
    let answer: Answered = serde_json::from_slice(body)
        .map_err(|_| unreadable("no JSON object with a list of frames"))?;
    if answer.frames.len() > FRAMES_MAX {
        return Err(unreadable("more than 1000 frames"));
    }
    let mut frames = Vec::with_capacity(answer.frames.len());
    for AnsweredFrame { connection, frame } in answer.frames {
        let connection = ConnectionId::parse(&connection)
            .ok_or_else(|| unreadable("a connection that is no name"))?;
        let text: Arc<str> = match frame {
            Value::String(text) => text.into(),
            object @ Value::Object(_) => object.to_string().into(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                return Err(unreadable("a frame that is neither text nor object"));
            }
        };
        frames.push(Addressed { connection, text });
    }
    Ok(Delivery { frames, ..Delivery::default() })
}

fn unreadable(problem: &str) -> PathError {
    PathError::Unreadable(problem.to_owned().into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::legacy::Secret;
    use crate::legacy::testing::loopback;
    use crate::outbound::scripted::{Script, Server};

    fn settings(url: &str, more: &str) -> HttpManagerSettings {
        toml::from_str(&format!("url = '{url}'\n{more}")).expect("settings")
    }

    fn path(url: &str) -> HttpManagerPath {
        let mut settings = settings(url, "read_only = true\nheaders = { x-tenant = 't' }");
        settings.secret_headers.push(("x-service-secret".into(), Secret::new(b"hush\n")));
        HttpManagerPath::new("old", settings, &loopback()).expect("a path")
    }

    fn event() -> Event {
        let json = br#"{"type":"note","event_id":"e","user_id":"ada","payload":{"n": 1e999}}"#;
        Event::parse(json).expect("an event")
    }

    async fn answer_to(script: Script) -> Result<Delivery, PathError> {
        let server = Server::start(script).await;
        path(&server.url("/who")).deliver(&event(), &[]).await
    }

    #[tokio::test]
    async fn the_service_is_asked_about_the_event_as_it_came_and_about_everybody_who_listens() {
        let server = Server::start(Script::answer(200, r#"{"frames":[]}"#)).await;
        let audience =
            [("c", Condition::Ready), ("d", Condition::Hung)].map(|(name, condition)| Listening {
                connection: ConnectionId::parse(name).expect("a name"),
                condition,
            });
        let delivery = path(&server.url("/who")).deliver(&event(), &audience).await;
        assert_eq!(delivery, Ok(Delivery::default()));
        let seen = server.requests().concat();
        for part in ["POST /who", "x-tenant: t\r\n", "x-service-secret: hush\r\n"] {
            assert!(seen.contains(part), "{part}");
        }
        let body = r#"{"event":{"type":"note","event_id":"e","user_id":"ada","payload":{"n": 1e999}},"audience":[{"connection":"c","condition":"ready"},{"connection":"d","condition":"hung"}]}"#;
        assert!(seen.ends_with(body), "{seen}");
    }

    #[tokio::test]
    async fn a_frame_is_a_text_or_an_object_and_may_be_for_anybody() {
        let body = json!({"frames": [
            {"connection": "c", "frame": {"type": "note"}},
            {"connection": "x", "frame": "{\"n\":NaN}"},
        ]});
        let delivery = answer_to(Script::answer(200, &body.to_string())).await.expect("frames");
        let frames: Vec<(&str, &str)> =
            delivery.frames.iter().map(|frame| (frame.connection.as_str(), &*frame.text)).collect();
        assert_eq!(frames, [("c", r#"{"type":"note"}"#), ("x", r#"{"n":NaN}"#)]);
    }

    #[tokio::test]
    async fn what_is_no_list_of_frames_is_a_failure() {
        let many = json!({"frames": vec![json!({"connection": "c", "frame": ""}); 1_001]});
        for (status, body) in [
            (200, "{}".to_owned()),
            (200, "[]".to_owned()),
            (200, r#"{"frames":[{"connection":"","frame":""}]}"#.to_owned()),
            (200, r#"{"frames":[{"connection":"c","frame":7}]}"#.to_owned()),
            (200, many.to_string()),
            (302, String::new()),
            (404, String::new()),
        ] {
            let answer = answer_to(Script::answer(status, &body)).await;
            assert!(matches!(answer, Err(PathError::Unreadable(_))), "{status} {answer:?}");
        }
        let answer = answer_to(Script::answer(503, "")).await;
        assert!(matches!(answer, Err(PathError::Unreachable(_))), "{answer:?}");
    }

    #[tokio::test]
    async fn a_service_that_hangs_is_given_up_in_time() {
        let server = Server::start(Script::Hang).await;
        let settings = settings(&server.url("/"), "read_only = true\nlimits = { timeout_ms = 20 }");
        let path = HttpManagerPath::new("old", settings, &loopback()).expect("a path");
        assert_eq!(path.deliver(&event(), &[]).await, Err(PathError::TimedOut));
    }

    #[test]
    fn everything_that_is_wrong_with_the_settings_is_told_at_once() {
        let mut settings = settings(
            "http://other.example/",
            "limits = { timeout_ms = 0 }\nheaders = { 'a b' = 'x', Authorization = 'y' }",
        );
        settings.secret_headers.push(("x".into(), Secret::new(b" ")));
        let error = HttpManagerPath::new("old", settings, &loopback()).expect_err("faults");
        let text = error.to_string();
        for fault in
            ["read_only", "url:", "timeout_ms", "headers:", "Authorization", "secret header x"]
        {
            assert!(text.contains(fault), "{fault}: {text}");
        }
    }
}
