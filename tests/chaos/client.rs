//! A client that comes back with its position, and keeps account of everything that it gets.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use rand::RngExt as _;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::publisher::event;
use super::verdict::Verdict;

/// What everybody waits for.
#[derive(Default)]
pub struct Progress {
    /// Clients that have been connected.
    pub here: AtomicU64,
    pub came: Notify,
    /// Nothing more is published.
    pub ended: AtomicBool,
    /// Events that have reached any client.
    pub delivered: AtomicU64,
}

/// One client.
pub struct Client {
    pub user: String,
    pub token: String,
    pub proxy: SocketAddr,
    /// Events of its user.
    pub events: u64,
    /// Clients that come back without a position do so to a manager that knows of none.
    pub tells_position: bool,
    pub progress: Arc<Progress>,
}

/// What it remembers.
#[derive(Default)]
struct Memory {
    position: Option<(u64, u64)>,
    seen: HashSet<u64>,
    last: Option<u64>,
    found: Verdict,
}

/// A client that was cut off comes back after up to so long.
const BACKOFF_MS: u64 = 250;

/// Without news for so long, after everything was published, a client gives up.
const PATIENCE: Duration = Duration::from_secs(4);

impl Client {
    /// Takes everything that comes until it has everything, or nothing more comes.
    pub async fn run(self) -> Verdict {
        let mut memory = Memory::default();
        let mut first = true;
        let mut last_news = tokio::time::Instant::now();
        while (memory.seen.len() as u64) < self.events {
            let ended = self.progress.ended.load(Ordering::SeqCst);
            if ended && last_news.elapsed() > PATIENCE {
                break;
            }
            self.connection(&mut memory, &mut first, &mut last_news).await;
            // As clients do, so that not all of them come back at once.
            let wait = rand::rng().random_range(0..BACKOFF_MS);
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        // What comes although everything is there would be a repetition: listen a moment longer.
        let listening = self.connection(&mut memory, &mut first, &mut last_news);
        let _over = tokio::time::timeout(Duration::from_millis(300), listening).await;
        memory.found.delivered = memory.seen.len() as u64;
        memory.found.lost = self.events - memory.found.delivered;
        memory.found
    }

    /// One connection, to its end, or until everything is there.
    async fn connection(
        &self,
        memory: &mut Memory,
        first: &mut bool,
        last_news: &mut tokio::time::Instant,
    ) -> Option<()> {
        let stream = TcpStream::connect(self.proxy).await.ok()?;
        let position = memory.position.filter(|_| self.tells_position);
        let query = position
            .map_or_else(String::new, |(epoch, after)| format!("?epoch={epoch}&after={after}"));
        let mut request = format!("ws://chaos/ws{query}").into_client_request().expect("a request");
        let bearer = format!("Bearer {}", self.token).parse().expect("a value");
        request.headers_mut().insert("authorization", bearer);
        let shaking = tokio_tungstenite::client_async(request, stream);
        let shaken = tokio::time::timeout(Duration::from_secs(5), shaking).await.ok()?;
        let (mut socket, _) = shaken.ok()?;
        if position.is_some() {
            memory.found.resumed += 1;
        }
        loop {
            let complete = memory.seen.len() as u64 == self.events;
            let next = tokio::time::timeout(Duration::from_secs(1), socket.next()).await;
            match next {
                Ok(Some(Ok(Message::Text(text)))) => {
                    let frame: Value = serde_json::from_str(&text).expect("JSON");
                    let before = memory.seen.len();
                    self.take(memory, &frame);
                    if memory.seen.len() > before {
                        *last_news = tokio::time::Instant::now();
                    }
                    if frame["type"] == "connection_established" && *first {
                        *first = false;
                        self.progress.here.fetch_add(1, Ordering::SeqCst);
                        self.progress.came.notify_one();
                    }
                }
                Ok(Some(Err(_)) | None) => return None,
                Err(_) if self.progress.ended.load(Ordering::SeqCst) && !complete => return None,
                Ok(Some(Ok(_))) | Err(_) => {}
            }
            if !complete && memory.seen.len() as u64 == self.events {
                return Some(());
            }
        }
    }

    fn take(&self, memory: &mut Memory, frame: &Value) {
        match frame["type"].as_str().expect("a type") {
            "connection_established" | "position" => {
                let at = |name: &str| frame[name].as_u64().expect("a number");
                memory.position.get_or_insert((at("epoch"), at("after")));
            }
            "gap" => memory.found.gaps += 1,
            _ => self.take_event(memory, frame),
        }
    }

    fn take_event(&self, memory: &mut Memory, frame: &Value) {
        if let (Some(epoch), Some(sequence)) = (frame["epoch"].as_u64(), frame["sequence"].as_u64())
        {
            memory.position = Some((epoch, sequence));
        }
        // Old managers leave out names; every payload has the number.
        let number = frame.pointer("/payload/number").or(frame.get("number"));
        let number = number.or(frame.pointer("/data/number")).or(frame.pointer("/metadata/number"));
        let Some(number) = number.and_then(Value::as_u64) else {
            memory.found.altered += 1;
            return;
        };
        let named = |name: &str| frame[name].as_str().is_some_and(|id| !id.starts_with(&self.user));
        if named("event_id") || named("run_id") {
            memory.found.leaked += 1;
            return;
        }
        if !same(frame, &event(&self.user, number)) {
            memory.found.altered += 1;
        }
        if !memory.seen.insert(number) {
            memory.found.repeated += 1;
            return;
        }
        self.progress.delivered.fetch_add(1, Ordering::SeqCst);
        if memory.last.is_some_and(|last| number < last) {
            memory.found.reordered += 1;
        }
        memory.last = memory.last.max(Some(number));
    }
}

/// The frame says what was published; it may say more.
fn same(frame: &Value, published: &Value) -> bool {
    let envelope = ["type", "run_id"].iter().all(|name| frame[name] == published[name]);
    let payload = published["payload"].as_object().expect("an object");
    envelope && payload.iter().all(|(name, value)| frame["payload"][name] == *value)
}
