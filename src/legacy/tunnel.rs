//! A legacy WebSocket server behind this service: what its clients would have asked it, it is
//! asked, and what it answers is seen.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::LegacyError;
use super::remote::path_error;
use crate::domain::{PathError, WireShape};
use crate::outbound::{Headers, Opened, Outbound, OutboundSocket, SocketCall, SocketFrame, Url};

/// Header fields of the handshake that the server is told, too, as the client has sent them.
const TOLD: [&str; 6] = [
    "authorization",
    "cookie",
    "origin",
    "sec-websocket-protocol",
    "user-agent",
    "accept-language",
];

/// Handshakes with the server at a time: it must not use up what others need to leave the house.
const OPENING_MAX: usize = 128;

/// How the cookies of this service's own pages begin: a browser sends them to every port of a host.
const OWN_COOKIES: [&str; 2] = ["crossfade-", "__Host-crossfade-"];

/// The cookies that are not ours.
fn others_cookies(value: &str) -> String {
    let is_ours = |cookie: &&str| OWN_COOKIES.iter().any(|own| cookie.starts_with(own));
    let cookies = value.split(';').map(str::trim).filter(|cookie| !is_ours(cookie));
    cookies.collect::<Vec<_>>().join("; ")
}

/// Where events come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The application publishes each of them to both sides.
    App,
    /// The application knows legacy alone; SSOT is given what legacy sends.
    Tunnel,
}

/// How the server is reached.
#[derive(Clone, Debug)]
pub struct TunnelSettings {
    /// Its address, with `http` or `https`; its host must be on the list of allowed hosts.
    pub url: String,
    /// How its events are laid out; `None`: by what they look like.
    pub shape: Option<WireShape>,
    /// Where events come from.
    pub source: Source,
    /// For the handshake.
    pub handshake_time: Duration,
    /// How long it may take nothing of what its client says.
    pub write_time: Duration,
    /// Largest message, in bytes.
    pub message_bytes_max: usize,
}

/// A legacy WebSocket server.
#[derive(Clone, Debug)]
pub struct Tunnel {
    outbound: Outbound,
    url: Url,
    settings: TunnelSettings,
    opening: Arc<Semaphore>,
}

/// What the server makes of a handshake.
#[derive(Debug)]
pub enum Tunnelled {
    /// It talks to the client.
    Open(TunnelSocket),
    /// It has answered with this status.
    Refused(u16),
}

/// An open socket to the server, for one client.
#[derive(Debug)]
pub struct TunnelSocket {
    socket: Box<OutboundSocket>,
    write_time: Duration,
}

/// What is carried between a client and the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// A text.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
    /// The end, and what was said of it.
    Close(Option<(u16, String)>),
}

impl Tunnel {
    /// A tunnel to the server of these settings.
    pub fn new(settings: TunnelSettings, outbound: &Outbound) -> Result<Self, LegacyError> {
        let fault = |problem: String| LegacyError::Faults {
            path: "events.tunnel".to_owned(),
            faults: vec![problem],
        };
        let url = Url::configured(&settings.url).map_err(|error| fault(error.to_string()))?;
        outbound.check(&url).map_err(|error| fault(error.to_string()))?;
        let opening = Arc::new(Semaphore::new(OPENING_MAX));
        Ok(Self { outbound: outbound.clone(), url, settings, opening })
    }

    /// Where events come from.
    pub const fn source(&self) -> Source {
        self.settings.source
    }

    /// Largest message of the server's, in bytes.
    pub const fn message_bytes_max(&self) -> usize {
        self.settings.message_bytes_max
    }

    /// Puts a client's handshake to the server. `headers` in lower case; `query` without its
    /// question mark; `time` where it has less than the settings say.
    pub async fn open(
        &self,
        headers: &[(Box<str>, Box<str>)],
        query: &str,
        time: Option<Duration>,
    ) -> Result<Tunnelled, PathError> {
        let busy = |_| PathError::Unreachable("too many handshakes at a time".into());
        let _place = self.opening.try_acquire().map_err(busy)?;
        let mut told = Headers::default();
        for (name, value) in headers {
            if TOLD.contains(&&**name) {
                let value =
                    if &**name == "cookie" { others_cookies(value) } else { value.to_string() };
                if !value.is_empty() {
                    told.append(name, &value).map_err(|error| path_error(&error))?;
                }
            }
        }
        let call = SocketCall {
            url: self.url.with_query(query),
            headers: told,
            timeout: time.unwrap_or(self.settings.handshake_time).min(self.settings.handshake_time),
            message_bytes_max: self.settings.message_bytes_max,
            keep: None,
        };
        match self.outbound.open_socket(call).await {
            Ok(Opened::Socket(socket)) => {
                let write_time = self.settings.write_time;
                Ok(Tunnelled::Open(TunnelSocket { socket, write_time }))
            }
            Ok(Opened::Refused(status)) => Ok(Tunnelled::Refused(status)),
            Err(error) => Err(path_error(&error)),
        }
    }
}

impl TunnelSocket {
    /// What the server says next; `None` when it is gone. Nothing is lost when the wait is given up.
    pub async fn next(&mut self) -> Option<Carried> {
        loop {
            return Some(match self.socket.next().await? {
                Ok(SocketFrame::Text(text)) => Carried::Text(text),
                Ok(SocketFrame::Binary(bytes)) => Carried::Binary(bytes),
                Ok(SocketFrame::Close(said)) => Carried::Close(said),
                // Answered already, and about this connection only.
                Ok(SocketFrame::Ping(_) | SocketFrame::Pong(_)) => continue,
                Err(error) => {
                    tracing::debug!(%error, "a tunnelled socket broke");
                    return None;
                }
            });
        }
    }

    /// Tells the server what its client says. False when it is gone, or takes nothing.
    pub async fn send(&mut self, carried: Carried) -> bool {
        let frame = match carried {
            Carried::Text(text) => SocketFrame::Text(text),
            Carried::Binary(bytes) => SocketFrame::Binary(bytes),
            Carried::Close(said) => SocketFrame::Close(said),
        };
        let sent = tokio::time::timeout(self.write_time, self.socket.send(frame)).await;
        matches!(sent, Ok(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_s_session_is_not_told() {
        let cookies = "chat=1; crossfade-session=secret; __Host-crossfade-device=x; theme=dark";
        assert_eq!(others_cookies(cookies), "chat=1; theme=dark");
        assert_eq!(others_cookies("crossfade-session=secret"), "");
    }
}
