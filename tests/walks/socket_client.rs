//! A client of sockets that says what came, and in time.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message, protocol::CloseFrame};

use super::kit::{Reply, World};

/// How long a story waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Header lines of a handshake beside those that every one has.
pub type Lines<'a> = &'a [(&'static str, &'a str)];

/// An open socket.
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// The subprotocol that was answered with.
    pub protocol: Option<String>,
}

/// What is sent in a handshake, as whole lines.
fn head(target: &str, lines: Lines<'_>) -> String {
    let lines: Vec<String> =
        lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let lines = lines.concat();
    format!(
        "GET {target} HTTP/1.1\r\nhost: chat.example\r\nupgrade: websocket\r\n\
         connection: upgrade, close\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
    )
}

/// The answer to a handshake that is refused by a status.
pub async fn refused(world: &World, target: &str, lines: Lines<'_>) -> Reply {
    let reply = world.data_raw(head(target, lines).as_bytes()).await;
    assert_ne!(reply.status, 101, "{reply:?}");
    reply
}

/// A token as a header line's value.
pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

impl Socket {
    /// Opens `target` with these lines; panics when that is refused.
    pub async fn open(world: &World, target: &str, lines: Lines<'_>) -> Self {
        let stream = TcpStream::connect(world.data_address()).await.expect("connected");
        let request = format!("ws://chat.example{target}");
        let mut request = request.into_client_request().expect("a request");
        for (name, value) in lines {
            let value = HeaderValue::from_str(value).expect("a value");
            request.headers_mut().append(HeaderName::from_static(name), value);
        }
        let shaking = tokio_tungstenite::client_async(request, stream);
        let shaken = tokio::time::timeout(PATIENCE, shaking).await.expect("an answer");
        let (stream, answer) = shaken.unwrap_or_else(|error| panic!("{target}: {error}"));
        let protocol = answer.headers().get("sec-websocket-protocol");
        let protocol = protocol.map(|value| value.to_str().expect("text").to_owned());
        Self { stream, protocol }
    }

    /// The socket of whoever has this token, once it is established.
    pub async fn of(world: &World, token: &str) -> Self {
        let mut socket = Self::open(world, "/ws", &[("authorization", &bearer(token))]).await;
        assert_eq!(socket.json().await["type"], "connection_established");
        socket
    }

    async fn next(&mut self) -> Option<Result<Message, Error>> {
        tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("something comes")
    }

    /// The next text, as JSON. Pings are answered on the way.
    pub async fn json(&mut self) -> Value {
        loop {
            match self.next().await {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(&text).expect("JSON");
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("no text: {other:?}"),
            }
        }
    }

    /// The next text, which is of this type.
    pub async fn of_type(&mut self, kind: &str) -> Value {
        let json = self.json().await;
        assert_eq!(json["type"], kind, "{json}");
        json
    }

    /// The next message that is no sign of life.
    pub async fn message(&mut self) -> Message {
        loop {
            match self.next().await.expect("a message").expect("readable") {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    /// Sends a message.
    pub async fn say(&mut self, message: &Value) {
        self.send(Message::text(message.to_string())).await;
    }

    /// Sends any message.
    pub async fn send(&mut self, message: Message) {
        let sent = tokio::time::timeout(PATIENCE, self.stream.send(message)).await;
        sent.expect("in time").expect("sent");
    }

    /// Sends as long as somebody listens.
    pub async fn send_while_heard(&mut self, message: Message) {
        let sending = async {
            while self.stream.send(message.clone()).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, sending).await.expect("the other end stops to listen");
    }

    /// Everything that is there once a ping is answered: nothing of the manager's overtakes it.
    pub async fn until_pong(&mut self) -> Vec<Value> {
        self.say(&json!({ "type": "ping" })).await;
        let mut before = Vec::new();
        loop {
            let json = self.json().await;
            if json["type"] == "pong" {
                return before;
            }
            before.push(json);
        }
    }

    /// Waits for a ping of the service, and until the answer to it is on its way.
    pub async fn pinged(&mut self) {
        loop {
            match self.next().await {
                Some(Ok(Message::Ping(_))) => {
                    return self.stream.flush().await.expect("the pong is sent");
                }
                Some(Ok(Message::Text(_))) => {}
                other => panic!("no ping: {other:?}"),
            }
        }
    }

    /// Reads to the end: code and reason of the close frame.
    pub async fn closed(mut self) -> (u16, String) {
        let mut said = None;
        loop {
            match self.next().await {
                Some(Ok(Message::Close(frame))) => {
                    let frame: CloseFrame = frame.expect("a code");
                    said = Some((frame.code.into(), frame.reason.to_string()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return said.expect("a close frame"),
            }
        }
    }

    /// Closes it, and waits until the other end has agreed.
    pub async fn leave(mut self) {
        self.send(Message::Close(None)).await;
        while let Some(Ok(_)) = self.next().await {}
    }

    /// The socket below, for whoever stops to listen.
    pub fn into_stream(self) -> TcpStream {
        self.stream.into_inner()
    }
}

/// `POST /v1/events`.
pub async fn publish(world: &World, event: &Value) -> Reply {
    let head = "content-type: application/json\r\n";
    world.data("POST", "/v1/events", head, &event.to_string()).await
}

/// An event of a run of alice's.
pub fn event(id: &str, user: &str) -> Value {
    json!({
        "type": "agent_thinking", "event_id": id, "run_id": "r1", "user_id": user,
        "payload": { "reasoning": format!("about {id}") },
    })
}

/// A number of the metrics.
pub async fn counted(world: &World, metric: &str) -> u64 {
    let metrics = world.metrics("GET", "/metrics").await.body;
    let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("crossfade_{metric} ")));
    line.unwrap_or_else(|| panic!("no {metric}")).parse().expect("a number")
}
