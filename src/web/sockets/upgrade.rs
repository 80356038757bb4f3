//! From a request to a WebSocket (RFC 6455 §4.2).

use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::wire::Wire;
use crate::domain::decode_base64;
use crate::web::Problem;
use crate::web::listener::ConnectionPlaces;

/// The only version there is (RFC 6455 §4.1).
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// A key is so many bytes in base64 (RFC 6455 §4.1).
const KEY_BYTES: usize = 16;

/// Frames gathered before they are written, in bytes.
const WRITE_BUFFER: usize = 16 * 1024;

/// A connection that can become a WebSocket.
pub(super) struct Upgrade {
    switched: OnUpgrade,
    accept: HeaderValue,
    places: Option<ConnectionPlaces>,
}

/// Bounds of one socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct WireLimits {
    /// Largest message from the client, in bytes; of a frame the same.
    pub message_bytes_max: usize,
    /// Largest frame written to it, in bytes.
    pub frame_bytes_max: usize,
    /// Read at once, in bytes.
    pub read_bytes: usize,
    /// How long the client may take nothing while something waits for it.
    pub write_time: Duration,
}

impl WireLimits {
    fn config(&self) -> WebSocketConfig {
        WebSocketConfig::default()
            .read_buffer_size(self.read_bytes)
            .write_buffer_size(WRITE_BUFFER)
            .max_write_buffer_size(2 * WRITE_BUFFER + self.frame_bytes_max)
            .max_message_size(Some(self.message_bytes_max))
            .max_frame_size(Some(self.message_bytes_max))
    }
}

impl Upgrade {
    /// Takes the connection out of a request. 426 for a request that is no handshake, 400 for one
    /// that is a bad one.
    pub fn of(parts: &mut Parts) -> Result<Self, Problem> {
        let headers = &parts.headers;
        if !names(headers, &header::CONNECTION, "upgrade")
            || !names(headers, &header::UPGRADE, "websocket")
        {
            return Err(not_a_handshake("this path is for WebSocket handshakes"));
        }
        if headers.get(header::SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
            return Err(not_a_handshake("`Sec-WebSocket-Version` is 13"));
        }
        let key = key(headers).ok_or_else(|| {
            Problem::bad_request("`Sec-WebSocket-Key` is 16 bytes in base64, and there once")
        })?;
        let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
            .map_err(|_| Problem::bad_request("`Sec-WebSocket-Key` cannot be answered"))?;
        let switched = parts.extensions.remove::<OnUpgrade>().filter(|_| {
            parts.method == Method::GET && parts.version == axum::http::Version::HTTP_11
        });
        let switched = switched.ok_or_else(|| {
            Problem::bad_request("a handshake is a GET of HTTP/1.1 on a connection of its own")
        })?;
        let places = parts.extensions.remove::<ConnectionPlaces>();
        Ok(Self { switched, accept, places })
    }

    /// Switches protocols, and lets `run` have the socket.
    pub fn accept<R>(
        self,
        protocol: Option<&'static str>,
        limits: WireLimits,
        run: impl FnOnce(Wire) -> R + Send + 'static,
    ) -> Response
    where
        R: Future<Output = ()> + Send,
    {
        let Self { switched, accept, places } = self;
        tokio::spawn(async move {
            // Whoever went away before the answer was written has no socket.
            let Ok(upgraded) = switched.await else { return };
            let (stream, config) = (TokioIo::new(upgraded), Some(limits.config()));
            let socket = WebSocketStream::from_raw_socket(stream, Role::Server, config).await;
            run(Wire::new(socket, limits.write_time)).await;
            drop(places);
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        if let Some(protocol) = protocol {
            let protocol = HeaderValue::from_static(protocol);
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        response
    }
}

/// True when one of a header's items is this word, in any case.
fn names(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| item.trim().eq_ignore_ascii_case(word))
}

fn key(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let (key, None) = (keys.next()?, keys.next()) else { return None };
    let bytes = decode_base64(key.to_str().ok()?)?;
    (bytes.len() == KEY_BYTES).then_some(key)
}

/// 426 tells what is spoken here (RFC 9110 §15.5.22, RFC 6455 §4.4).
fn not_a_handshake(detail: &str) -> Problem {
    Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade", "Not a WebSocket handshake", detail)
        .with_header(header::UPGRADE, HeaderValue::from_static("websocket"))
        .with_header(header::CONNECTION, HeaderValue::from_static("upgrade"))
        .with_header(header::SEC_WEBSOCKET_VERSION, VERSION)
}
