//! A socket as a client has it: frames come in, in some shape of legacy's or in SSOT's.

use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::time::Instant;

use super::call::PROVENANCE;
use crate::domain::{Epoch, EventKind, Position, Sequence, Side, Token, encode_base64url};
use crate::outbound::{Headers, Opened, Outbound, OutboundSocket, SocketCall, SocketFrame, Url};

/// Largest frame that is read, in bytes.
const FRAME_MAX: usize = 256 * 1024;

/// What is offered beside the token, to answer with.
const OFFER: &str = "jwt-auth";

/// What came of a handshake.
pub(super) enum Shaken {
    Open(Line),
    Refused(u16),
}

/// An open socket.
pub(super) struct Line {
    /// Never locked, only owned: so that whoever waits may be sent between threads.
    socket: Mutex<Box<OutboundSocket>>,
    /// What decided about the handshake, as the answer told.
    pub provenance: Option<String>,
    /// What came before anybody asked for it.
    pub early: Vec<Value>,
}

/// What comes next.
pub(super) enum Next {
    Frame(Value),
    /// It is over, with a code if one was said.
    Ended(Option<u16>),
    /// Nothing came in time.
    Nothing,
}

impl Line {
    /// Opens a socket with a token in a subprotocol, behind `query` if there is one.
    pub async fn open(
        (outbound, data): (&Outbound, &str),
        token: &Token,
        query: &str,
        timeout: Duration,
    ) -> Result<Shaken, String> {
        let url = Url::configured(&format!("{data}/ws")).map_err(|error| error.to_string())?;
        let mut headers = Headers::default();
        let offer = format!("{OFFER}, jwt.{}", encode_base64url(token.reveal().as_bytes()));
        for (name, value) in [("sec-websocket-protocol", &*offer), (PROVENANCE, "?1")] {
            headers.append(name, value).map_err(|error| error.to_string())?;
        }
        let url = url.with_query(query);
        let call = SocketCall {
            url,
            headers,
            timeout,
            message_bytes_max: FRAME_MAX,
            keep: Some(PROVENANCE),
        };
        let socket = match outbound.open_socket(call).await.map_err(|error| error.to_string())? {
            Opened::Socket(socket) => socket,
            Opened::Refused(status) => return Ok(Shaken::Refused(status)),
        };
        if socket.protocol() != Some(OFFER) {
            return Err(match socket.protocol() {
                None => format!("{OFFER} was offered, and no subprotocol answered with"),
                // Nobody may answer with what may be a token.
                Some(_) => format!("{OFFER} was offered, and another subprotocol answered with"),
            });
        }
        let provenance = socket.kept().map(str::to_owned);
        let socket = Mutex::new(socket);
        Ok(Shaken::Open(Self { socket, provenance, early: Vec::new() }))
    }

    /// The next text frame, until a moment.
    pub async fn next(&mut self, until: Instant) -> Next {
        if !self.early.is_empty() {
            return Next::Frame(self.early.remove(0));
        }
        loop {
            let frame = tokio::time::timeout_at(until, self.socket.get_mut().next()).await;
            let Ok(frame) = frame else { return Next::Nothing };
            match frame {
                Some(Ok(SocketFrame::Text(text))) => {
                    // What is no JSON is nothing that a client knows.
                    if let Ok(json) = serde_json::from_slice(&text) {
                        return Next::Frame(json);
                    }
                }
                Some(Ok(SocketFrame::Binary(_) | SocketFrame::Ping(_) | SocketFrame::Pong(_))) => {}
                Some(Ok(SocketFrame::Close(said))) => {
                    return Next::Ended(said.map(|(code, _)| code));
                }
                Some(Err(_)) | None => return Next::Ended(None),
            }
        }
    }

    pub async fn say(&mut self, message: &Value) -> Result<(), String> {
        let text = SocketFrame::Text(Bytes::from(message.to_string()));
        self.socket.get_mut().send(text).await.map_err(|error| error.to_string())
    }
}

/// The type of a frame, in whatever shape it came: legacy names it in two ways, and calls thinking
/// by another name.
pub(super) fn kind(frame: &Value) -> Option<&str> {
    let kind = frame["type"].as_str().or_else(|| frame["event"].as_str())?;
    Some(if kind == "reasoning" { EventKind::AgentThinking.as_str() } else { kind })
}

/// A field of a frame, at its top or in what it carries.
pub(super) fn field<'f>(frame: &'f Value, name: &str) -> Option<&'f Value> {
    let places = [frame, &frame["payload"], &frame["data"], &frame["metadata"]];
    places.into_iter().find_map(|place| place.get(name).filter(|value| !value.is_null()))
}

/// The place of an event in its user's log; only what SSOT writes has one.
pub(super) fn position(frame: &Value) -> Option<Position> {
    let epoch = Epoch(frame["epoch"].as_u64()?);
    let place = frame["sequence"].as_u64().or_else(|| frame["after"].as_u64())?;
    Some(Position { epoch, after: Sequence(place) })
}

/// The side that has written an event.
pub(super) fn writer(frame: &Value) -> Side {
    if frame["sequence"].is_u64() { Side::Ssot } else { Side::Legacy }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn frames_of_both_sides_are_read() {
        let ssot = json!({ "type": "agent_thinking", "run_id": "r", "payload": { "reasoning": "x" },
                           "epoch": 3, "sequence": 9 });
        assert_eq!(kind(&ssot), Some("agent_thinking"));
        assert_eq!(writer(&ssot), Side::Ssot);
        assert_eq!(position(&ssot), Some(Position { epoch: Epoch(3), after: Sequence(9) }));
        assert_eq!(field(&ssot, "run_id"), Some(&json!("r")));
        let legacy = json!({ "event": "reasoning", "data": { "run_id": "r" } });
        assert_eq!(kind(&legacy), Some("agent_thinking"));
        assert_eq!((writer(&legacy), position(&legacy)), (Side::Legacy, None));
        assert_eq!(field(&legacy, "run_id"), Some(&json!("r")));
        assert_eq!(field(&legacy, "other"), None);
    }
}
