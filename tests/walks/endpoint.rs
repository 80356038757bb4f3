//! A legacy service on a real socket that does as it is told.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// What a legacy endpoint does with the next requests.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Answers this status with this body.
    Answer(u16, String),
    /// Takes the request and never answers.
    Hang,
    /// Takes the request and closes the connection.
    Crash,
    /// Answers bytes that are no HTTP.
    Babble,
}

/// A legacy service on a real socket.
pub struct Endpoint {
    /// Where it is.
    pub url: String,
    behaviour: Arc<Mutex<Behaviour>>,
    asked: Arc<Mutex<Vec<String>>>,
    closed: Mutex<Option<TcpSocket>>,
}

impl Endpoint {
    /// Starts it on a free port; it lets alice in.
    pub fn start() -> Self {
        let endpoint = Self::closed();
        endpoint.open();
        endpoint
    }

    /// One that cannot be reached yet: the port is its own, but nobody listens there.
    pub fn closed() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let url = format!("http://{}", socket.local_addr().expect("an address"));
        let valid = json!({ "valid": true, "user_id": "alice", "permissions": ["read"] });
        let behaviour = Arc::new(Mutex::new(Behaviour::Answer(200, valid.to_string())));
        Self { url, behaviour, asked: Arc::default(), closed: Mutex::new(Some(socket)) }
    }

    /// From now on it can be reached.
    pub fn open(&self) {
        let socket = self.closed.lock().take().expect("closed");
        let listener: TcpListener = socket.listen(1024).expect("listening");
        let (shared, seen) = (Arc::clone(&self.behaviour), Arc::clone(&self.asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared), Arc::clone(&seen)));
            }
        });
    }

    /// From now on, behave like this.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock() = behaviour;
    }

    /// From now on, let this subject in with these permissions.
    pub fn allow(&self, subject: &str, permissions: &[&str]) {
        let body = json!({ "valid": true, "user_id": subject, "permissions": permissions });
        self.behave(Behaviour::Answer(200, body.to_string()));
    }

    /// From now on, refuse everybody.
    pub fn deny(&self, error: &str) {
        let body = json!({ "valid": false, "error": error });
        self.behave(Behaviour::Answer(200, body.to_string()));
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.lock().len()
    }

    /// Every request so far, as it came.
    pub fn requests(&self) -> Vec<String> {
        self.asked.lock().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    behaviour: Arc<Mutex<Behaviour>>,
    asked: Arc<Mutex<Vec<String>>>,
) {
    let mut buffer = Vec::new();
    loop {
        let Some(length) = request_length(&buffer) else {
            let mut chunk = [0; 4096];
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return,
                Ok(read) => buffer.extend_from_slice(&chunk[..read]),
            }
            continue;
        };
        let request: Vec<u8> = buffer.drain(..length).collect();
        asked.lock().push(String::from_utf8_lossy(&request).into_owned());
        let behaviour = behaviour.lock().clone();
        let answer = match behaviour {
            Behaviour::Answer(status, body) => format!(
                "HTTP/1.1 {status} Whatever\r\ncontent-type: application/json\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            ),
            Behaviour::Hang => return std::future::pending().await,
            Behaviour::Crash => return,
            Behaviour::Babble => "SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned(),
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The length of the request at the start of `bytes`, once it is complete.
fn request_length(bytes: &[u8]) -> Option<usize> {
    let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..head_end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let body: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    (bytes.len() >= head_end + body).then_some(head_end + body)
}
