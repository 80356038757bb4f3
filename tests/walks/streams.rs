//! A client that listens to a stream of events.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::kit::{Reply, parse};

/// Longer than any event takes; the walk fails then.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream that is listened to.
pub struct Listening {
    stream: TcpStream,
    /// What came of a character whose end is still to come.
    begun: Vec<u8>,
    /// All that came so far.
    text: String,
    /// How much of it has been taken.
    taken: usize,
}

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its id, or the first part of one that also names a card.
    pub id: u64,
    /// The other part.
    pub card: Option<String>,
    /// Its kind.
    pub name: String,
    /// Its data.
    pub data: Value,
}

impl Listening {
    /// Begins to listen; `headers` are whole lines. The answer's head is there when this returns.
    pub async fn to(address: SocketAddr, target: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        let head = format!("GET {target} HTTP/1.1\r\nhost: test\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).await.expect("sent");
        let mut listening = Self { stream, begun: Vec::new(), text: String::new(), taken: 0 };
        while !listening.text.contains("\r\n\r\n") {
            assert!(listening.read().await, "the answer has no head: {}", listening.text);
        }
        listening.taken = listening.text.find("\r\n\r\n").expect("a head") + 4;
        listening
    }

    /// Status and headers of the answer.
    pub fn reply(&self) -> Reply {
        parse(&self.text)
    }

    /// Reads what comes next; false at the end, after which the connection may serve others.
    async fn read(&mut self) -> bool {
        if self.text.ends_with("\r\n0\r\n\r\n") {
            return false;
        }
        let mut piece = [0; 4096];
        let reading = self.stream.read(&mut piece);
        let count = tokio::time::timeout(PATIENCE, reading).await.expect("in time");
        let count = count.unwrap_or(0);
        self.begun.extend_from_slice(&piece[..count]);
        let whole = match std::str::from_utf8(&self.begun) {
            Ok(_) => self.begun.len(),
            Err(error) => error.valid_up_to(),
        };
        let rest = self.begun.split_off(whole);
        let text = std::mem::replace(&mut self.begun, rest);
        self.text += std::str::from_utf8(&text).expect("UTF-8");
        count > 0
    }

    /// The next event.
    pub async fn event(&mut self) -> Event {
        loop {
            let rest = &self.text[self.taken..];
            if let Some(begin) = rest.find("id: ")
                && let Some(end) = rest[begin..].find("\n\n")
            {
                let event = event(&rest[begin..begin + end]);
                self.taken += begin + end + 2;
                return event;
            }
            assert!(self.read().await, "the stream ended: {}", self.text);
        }
    }

    /// Reads to the end, and gives what was not taken yet.
    pub async fn rest(mut self) -> String {
        while self.read().await {}
        self.text.split_off(self.taken)
    }

    /// Reads to the end, and fails if another event comes.
    pub async fn ends(mut self) {
        while self.read().await {}
        let rest = &self.text[self.taken..];
        assert!(!rest.contains("id: "), "{rest}");
    }
}

fn event(lines: &str) -> Event {
    let line = |name: &str| {
        let mut found = lines.lines().filter_map(|line| line.strip_prefix(name));
        found.next().unwrap_or_else(|| panic!("no {name}in {lines}")).to_owned()
    };
    let id = line("id: ");
    let (id, card) = id.split_once('.').map_or((&*id, None), |(id, card)| (id, Some(card)));
    Event {
        id: id.parse().expect("a number"),
        card: card.map(str::to_owned),
        name: line("event: "),
        data: serde_json::from_str(&line("data: ")).expect("JSON"),
    }
}
