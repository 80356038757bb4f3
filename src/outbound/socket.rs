//! Sockets (RFC 6455) that leave the house over the same client: its hosts, addresses and
//! certificates.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::client::Outbound;
use super::{Headers, Method, OutboundError, Url};

/// Read and written at once: there may be many sockets.
const BUFFER_BYTES: usize = 8 * 1024;

/// What is asked for, and what is allowed on the socket.
#[derive(Clone, Debug)]
pub struct SocketCall {
    /// The target, with `http` or `https`; its host must be on the list.
    pub url: Url,
    /// Header fields; those of the handshake itself are added.
    pub headers: Headers,
    /// For the handshake.
    pub timeout: Duration,
    /// Largest accepted message, in bytes.
    pub message_bytes_max: usize,
    /// A header of the answer that is kept.
    pub keep: Option<&'static str>,
}

/// What came of the handshake.
#[derive(Debug)]
pub enum Opened {
    /// The socket is open.
    Socket(Box<OutboundSocket>),
    /// The other end has answered with this status instead.
    Refused(u16),
}

/// An open socket.
#[derive(Debug)]
pub struct OutboundSocket {
    stream: WebSocketStream<reqwest::Upgraded>,
    protocol: Option<String>,
    kept: Option<String>,
}

/// One message, or a frame of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketFrame {
    /// A text.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
    /// A ping; it is answered without anybody's doing.
    Ping(Bytes),
    /// An answer to a ping.
    Pong(Bytes),
    /// The end, with a code and a reason if they were said.
    Close(Option<(u16, String)>),
}

impl Outbound {
    /// Opens a socket.
    pub async fn open_socket(&self, call: SocketCall) -> Result<Opened, OutboundError> {
        let time = call.timeout;
        let opening = self.handshake(call);
        tokio::time::timeout(time, opening).await.unwrap_or(Err(OutboundError::TimedOut))
    }

    async fn handshake(&self, call: SocketCall) -> Result<Opened, OutboundError> {
        let SocketCall { url, mut headers, timeout, message_bytes_max, keep } = call;
        let key = generate_key();
        headers.append("connection", "Upgrade")?;
        headers.append("upgrade", "websocket")?;
        headers.append("sec-websocket-version", "13")?;
        headers.append("sec-websocket-key", &key)?;
        let call = super::Call {
            method: Method::Get,
            url,
            headers,
            body: Bytes::new(),
            timeout,
            response_bytes_max: 0,
        };
        let response = self.upgrade(call).await?;
        let status = response.status().as_u16();
        if status != 101 {
            return Ok(Opened::Refused(status));
        }
        let value = |name| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        if value("sec-websocket-accept") != Some(derive_accept_key(key.as_bytes())) {
            return Err(OutboundError::Interrupted);
        }
        let protocol = value("sec-websocket-protocol");
        let kept = keep.and_then(value);
        let upgraded = response.upgrade().await;
        let upgraded = upgraded.map_err(|error| OutboundError::from_library(&error))?;
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_write_buffer_size(2 * BUFFER_BYTES + message_bytes_max)
            .max_message_size(Some(message_bytes_max))
            .max_frame_size(Some(message_bytes_max));
        let stream = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        Ok(Opened::Socket(Box::new(OutboundSocket { stream, protocol, kept })))
    }
}

impl OutboundSocket {
    /// The subprotocol that the other end has chosen.
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// The header of the answer that was to be kept.
    pub fn kept(&self) -> Option<&str> {
        self.kept.as_deref()
    }

    /// The next frame; `None` when the connection is over. Nothing is lost when the wait is given
    /// up.
    pub async fn next(&mut self) -> Option<Result<SocketFrame, OutboundError>> {
        loop {
            let message = match self.stream.next().await? {
                Ok(message) => message,
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => return None,
                Err(Error::Capacity(_)) => {
                    let max = self.stream.get_config().max_message_size.unwrap_or_default();
                    return Some(Err(OutboundError::TooLarge { max }));
                }
                Err(_) => return Some(Err(OutboundError::Interrupted)),
            };
            return Some(Ok(match message {
                Message::Text(text) => SocketFrame::Text(text.into()),
                Message::Binary(bytes) => SocketFrame::Binary(bytes),
                Message::Ping(bytes) => SocketFrame::Ping(bytes),
                Message::Pong(bytes) => SocketFrame::Pong(bytes),
                Message::Close(frame) => SocketFrame::Close(
                    frame.map(|frame| (frame.code.into(), frame.reason.to_string())),
                ),
                // Never read, only written.
                Message::Frame(_) => continue,
            }));
        }
    }

    /// Sends a frame, and waits until it is handed to the system.
    pub async fn send(&mut self, frame: SocketFrame) -> Result<(), OutboundError> {
        let message = match frame {
            SocketFrame::Text(text) => {
                Message::Text(Utf8Bytes::try_from(text).map_err(|_| OutboundError::Interrupted)?)
            }
            SocketFrame::Binary(bytes) => Message::Binary(bytes),
            SocketFrame::Ping(bytes) => Message::Ping(bytes),
            SocketFrame::Pong(bytes) => Message::Pong(bytes),
            SocketFrame::Close(said) => Message::Close(said.map(|(code, reason)| CloseFrame {
                code: CloseCode::from(code),
                reason: reason.into(),
            })),
        };
        self.stream.send(message).await.map_err(|_| OutboundError::Interrupted)
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio_tungstenite::accept_async;

    use super::super::scripted::{Script, Server};
    use super::super::{HostRule, Settings};
    use super::*;

    fn outbound(hosts: &[&str]) -> Outbound {
        let rule = |host: &&str| HostRule::parse(host).expect("a rule");
        let allowed_hosts = hosts.iter().map(rule).collect();
        Outbound::new(Settings { allowed_hosts, ..Settings::default() }).expect("a client")
    }

    fn call(url: &str) -> SocketCall {
        SocketCall {
            url: Url::configured(url).expect("a url"),
            headers: Headers::default(),
            timeout: Duration::from_secs(20),
            message_bytes_max: 64,
            keep: None,
        }
    }

    /// A server that sends back what it gets, once.
    async fn echo() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/ws", listener.local_addr().expect("an address"));
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("a connection");
            let mut socket = accept_async(stream).await.expect("a handshake");
            while let Some(Ok(message)) = socket.next().await {
                // A close is answered by reading on.
                if !message.is_close() {
                    socket.send(message).await.expect("sent");
                }
            }
        });
        url
    }

    async fn socket(url: &str) -> Box<OutboundSocket> {
        match outbound(&["127.0.0.1"]).open_socket(call(url)).await.expect("an answer") {
            Opened::Socket(socket) => socket,
            Opened::Refused(status) => panic!("refused: {status}"),
        }
    }

    #[tokio::test]
    async fn frames_go_both_ways_and_the_end_is_told() {
        let mut socket = socket(&echo().await).await;
        let text = SocketFrame::Text(Bytes::from_static("grüß".as_bytes()));
        for frame in [text, SocketFrame::Binary(Bytes::from_static(&[0, 255]))] {
            socket.send(frame.clone()).await.expect("sent");
            assert_eq!(socket.next().await, Some(Ok(frame)));
        }
        let bye = SocketFrame::Close(Some((4401, "expired".to_owned())));
        socket.send(bye.clone()).await.expect("sent");
        assert_eq!(socket.next().await, Some(Ok(bye)));
        assert_eq!(socket.next().await, None);
    }

    #[tokio::test]
    async fn a_message_over_the_cap_is_not_read() {
        let mut socket = socket(&echo().await).await;
        socket.send(SocketFrame::Binary(Bytes::from(vec![0; 65]))).await.expect("sent");
        assert_eq!(socket.next().await, Some(Err(OutboundError::TooLarge { max: 64 })));
    }

    #[tokio::test]
    async fn an_answer_that_is_no_upgrade_is_a_refusal_with_its_status() {
        let server = Server::start(Script::answer(403, "no")).await;
        let opened = outbound(&["127.0.0.1"]).open_socket(call(&server.url("/ws"))).await;
        assert!(matches!(opened, Ok(Opened::Refused(403))), "{opened:?}");
    }

    #[tokio::test]
    async fn a_handshake_without_its_proof_is_refused() {
        let head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\
                    connection: upgrade\r\nsec-websocket-accept: bm8=\r\n\r\n";
        let server = Server::start(Script::Raw(head.into())).await;
        let opened = outbound(&["127.0.0.1"]).open_socket(call(&server.url("/ws"))).await;
        assert_eq!(opened.err(), Some(OutboundError::Interrupted));
    }

    #[tokio::test]
    async fn only_listed_hosts_are_called() {
        let opened = outbound(&[]).open_socket(call(&echo().await)).await;
        assert!(matches!(opened, Err(OutboundError::HostNotAllowed { .. })), "{opened:?}");
    }
}
