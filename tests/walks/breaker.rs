//! Stands before a service and breaks one thing of what goes through.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::{AbortHandle, JoinSet};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breaks {
    Nothing,
    /// Requests to a path that begins so are answered with this status.
    Status(&'static str, u16),
    /// Answers of SSOT to `/v1/decide` are replaced by 500.
    DecisionsOfSsot,
    /// Decisions are denies.
    Denies,
    /// Nothing is answered to what is sent on a socket.
    Deaf,
    /// An event of this type is dropped.
    Loses(&'static str),
    /// An event of this type comes twice.
    Repeats(&'static str),
    /// An event of this type comes behind the next one.
    Delays(&'static str),
    /// Events come on every socket.
    Misdelivers,
    /// The last event has no answer.
    NoAnswer,
    /// What was missed does not come.
    Forgets,
    /// A logout is answered and not done.
    KeepsSessions,
}

/// The breaker, while it is held.
pub struct Breaker {
    pub address: SocketAddr,
    breaks: Arc<Mutex<Breaks>>,
    running: AbortHandle,
}

#[derive(Clone)]
struct Wire {
    to: SocketAddr,
    breaks: Arc<Mutex<Breaks>>,
    events: broadcast::Sender<String>,
}

impl Breaker {
    /// Stands before `to`.
    pub async fn before(to: SocketAddr) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.expect("a port"), to)
    }

    /// The same where somebody listens already.
    pub fn on(listener: TcpListener, to: SocketAddr) -> Self {
        let address = listener.local_addr().expect("an address");
        let breaks = Arc::new(Mutex::new(Breaks::Nothing));
        let wire = Wire { to, breaks: Arc::clone(&breaks), events: broadcast::channel(64).0 };
        let serving = async move {
            let mut open = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                open.spawn(wire.clone().serve(stream));
                while open.try_join_next().is_some() {}
            }
        };
        let running = tokio::spawn(serving).abort_handle();
        Self { address, breaks, running }
    }

    pub fn breaks(&self, what: Breaks) {
        *self.breaks.lock() = what;
    }
}

impl Drop for Breaker {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// A request's or an answer's head and body, whole.
async fn whole(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.ok()?;
        if read == 0 {
            return None;
        }
        bytes.extend_from_slice(&chunk[..read]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end + 4]).into_owned();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        let length: usize = length.unwrap_or(0);
        let mut body = bytes.split_off(end + 4);
        while body.len() < length {
            let mut chunk = [0; 4096];
            let read = stream.read(&mut chunk).await.ok()?;
            if read == 0 {
                return None;
            }
            body.extend_from_slice(&chunk[..read]);
        }
        return Some((head, body));
    }
}

async fn answer(stream: &mut TcpStream, status: u16, body: &str) {
    let text = format!(
        "HTTP/1.1 {status} Broken\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    // Whoever asked may be gone.
    let _gone = stream.write_all(text.as_bytes()).await;
}

impl Wire {
    async fn serve(self, mut client: TcpStream) {
        let Some((head, body)) = whole(&mut client).await else { return };
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let breaks = *self.breaks.lock();
        if let Breaks::Status(prefix, status) = breaks
            && path.starts_with(prefix)
        {
            return answer(&mut client, status, "{}").await;
        }
        if path.starts_with("/ws") {
            return self.socket(client, &head, &path).await;
        }
        if breaks == Breaks::KeepsSessions && path == "/auth/logout" {
            return answer(&mut client, 200, "{}").await;
        }
        let Ok(mut server) = TcpStream::connect(self.to).await else { return };
        let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
        let request = [head.as_bytes(), &body].concat();
        if server.write_all(&request).await.is_err() {
            return;
        }
        let mut reply = Vec::new();
        let _cut = server.read_to_end(&mut reply).await;
        let text = String::from_utf8_lossy(&reply);
        let decides = path.starts_with("/v1/decide");
        if decides && breaks == Breaks::DecisionsOfSsot && text.contains("\"served_by\":\"ssot\"") {
            return answer(&mut client, 500, "{}").await;
        }
        if decides && breaks == Breaks::Denies {
            let denied = r#"{"decision":"deny","reason":"signature","served_by":"ssot"}"#;
            return answer(&mut client, 200, denied).await;
        }
        let _gone = client.write_all(&reply).await;
    }

    /// Passes the handshake on as it is, and messages one by one.
    async fn socket(&self, mut client: TcpStream, head: &str, path: &str) {
        let Ok(mut server) = TcpStream::connect(self.to).await else { return };
        let comes_back = path.contains("after=");
        if server.write_all(head.as_bytes()).await.is_err() {
            return;
        }
        let Some((answer, rest)) = handshake(&mut server).await else { return };
        if client.write_all(answer.as_bytes()).await.is_err() || !answer.contains(" 101 ") {
            let _gone = client.write_all(&rest).await;
            return;
        }
        let mut client = WebSocketStream::from_raw_socket(client, Role::Server, None).await;
        let mut server =
            WebSocketStream::from_partially_read(server, rest, Role::Client, None).await;
        let (mut others, mut delayed) = (self.events.subscribe(), None);
        loop {
            tokio::select! {
                message = client.next() => {
                    let Some(Ok(message)) = message else { return };
                    let deaf = *self.breaks.lock() == Breaks::Deaf && message.is_text();
                    if !deaf && server.send(message).await.is_err() {
                        return;
                    }
                }
                message = server.next() => {
                    let Some(Ok(message)) = message else { return };
                    for message in self.broken(message, comes_back, &mut delayed) {
                        if client.send(message).await.is_err() {
                            return;
                        }
                    }
                }
                Ok(event) = others.recv() => {
                    if *self.breaks.lock() == Breaks::Misdelivers
                        && client.send(Message::text(event)).await.is_err()
                    {
                        return;
                    }
                }
            }
        }
    }

    /// What comes of a message.
    fn broken(
        &self,
        message: Message,
        comes_back: bool,
        delayed: &mut Option<Message>,
    ) -> Vec<Message> {
        let Message::Text(text) = &message else { return vec![message] };
        let mut json: Value = serde_json::from_str(text).expect("JSON");
        let kind = json["type"].as_str().unwrap_or_default().to_owned();
        let breaks = *self.breaks.lock();
        if breaks == Breaks::Misdelivers && json["run_id"].is_string() {
            let _nobody = self.events.send(text.to_string());
            return Vec::new();
        }
        match breaks {
            Breaks::Loses(lost) if lost == kind => Vec::new(),
            Breaks::Repeats(twice) if twice == kind => vec![message.clone(), message],
            Breaks::Delays(late) if late == kind => {
                *delayed = Some(message);
                Vec::new()
            }
            Breaks::NoAnswer if kind == "agent_completed" => {
                json["payload"].as_object_mut().expect("a payload").remove("result");
                vec![Message::text(json.to_string())]
            }
            Breaks::Forgets if comes_back && json["run_id"].is_string() => Vec::new(),
            _ => std::iter::once(message).chain(delayed.take()).collect(),
        }
    }
}

/// The head of the answer to a handshake, and what came with it.
async fn handshake(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 1024];
        let read = stream.read(&mut chunk).await.ok()?;
        if read == 0 {
            return None;
        }
        bytes.extend_from_slice(&chunk[..read]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Some((String::from_utf8_lossy(&bytes).into_owned(), rest));
        }
    }
}
