//! For tests: a server on a real socket that plays one script to every connection.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the server does once it has read a request.
#[derive(Clone)]
pub(crate) enum Script {
    /// Says exactly this and closes.
    Raw(String),
    /// Says nothing and stays.
    Hang,
    /// Closes at once.
    Close,
    /// Starts a body and never ends it.
    Endless,
    /// Answers 200 to one request after another on the same connection.
    Kept,
    /// The first connection gets the first script, and so on; the last one stays.
    Each(Vec<Script>),
    /// Whatever this makes of the request.
    Chosen(Arc<dyn Fn(&str) -> Script + Send + Sync>),
}

impl Script {
    pub(crate) fn answer(status: u16, body: &str) -> Self {
        Self::answer_with(status, "", body)
    }

    pub(crate) fn chosen(choose: impl Fn(&str) -> Self + Send + Sync + 'static) -> Self {
        Self::Chosen(Arc::new(choose))
    }

    /// `headers` are whole lines, each with its line end.
    pub(crate) fn answer_with(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        let head = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {length}\r\n{headers}");
        Self::Raw(format!("{head}connection: close\r\n\r\n{body}"))
    }

    fn at(&self, turn: usize) -> Self {
        match self {
            Self::Each(scripts) => scripts[turn.min(scripts.len() - 1)].clone(),
            Self::Raw(_)
            | Self::Hang
            | Self::Close
            | Self::Endless
            | Self::Kept
            | Self::Chosen(_) => self.clone(),
        }
    }
}

pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    seen: watch::Receiver<usize>,
    accepting: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(script: Script) -> Self {
        Self::start_at(0, script).await
    }

    /// On a port that was free a moment ago.
    pub(crate) async fn start_at(port: u16, script: Script) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (count, seen) = watch::channel(0);
        let accepting = tokio::spawn({
            let requests = Arc::clone(&requests);
            async move {
                for turn in 0.. {
                    let Ok((stream, _)) = listener.accept().await else { return };
                    let (script, requests) = (script.at(turn), Arc::clone(&requests));
                    tokio::spawn(play(stream, script, requests, count.clone()));
                }
            }
        });
        Self { address, requests, seen, accepting }
    }

    pub(crate) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    /// Everything received so far, one text per request.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().clone()
    }

    pub(crate) async fn first_request(&self) {
        self.requests_seen(1).await;
    }

    /// Waits until so many requests have come.
    pub(crate) async fn requests_seen(&self, wanted: usize) {
        let mut seen = self.seen.clone();
        seen.wait_for(|count| *count >= wanted).await.expect("the server runs");
    }

    pub(crate) const fn port(&self) -> u16 {
        self.address.port()
    }

    /// Closes the port; nobody answers at the returned URL any more.
    pub(crate) async fn stop(self) -> String {
        self.accepting.abort();
        // Waits until the listener is dropped.
        let _aborted = self.accepting.await;
        format!("http://{}/", self.address)
    }
}

async fn play(
    mut stream: TcpStream,
    script: Script,
    requests: Arc<Mutex<Vec<String>>>,
    count: watch::Sender<usize>,
) {
    let Some(request) = read_request(&mut stream).await else { return };
    let script = match script {
        Script::Chosen(choose) => choose(&request),
        other => other,
    };
    requests.lock().push(request);
    count.send_modify(|count| *count += 1);
    // A client that has seen enough closes: a failed write ends the script.
    match script {
        Script::Raw(text) => drop(stream.write_all(text.as_bytes()).await),
        Script::Hang => std::future::pending().await,
        // A choice is made once.
        Script::Close | Script::Each(_) | Script::Chosen(_) => {}
        Script::Kept => {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            let mut written = stream.write_all(head).await;
            while written.is_ok() {
                let Some(request) = read_request(&mut stream).await else { return };
                requests.lock().push(request);
                count.send_modify(|count| *count += 1);
                written = stream.write_all(head).await;
            }
        }
        Script::Endless => {
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            let mut written = stream.write_all(head).await;
            while written.is_ok() {
                written = stream.write_all(b"8\r\nxxxxxxxx\r\n").await;
            }
        }
    }
}

/// Head and body of one request; `None` when the client leaves before its end.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap_or(0)) {
                return Some(text.into_owned());
            }
        }
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
    }
}
