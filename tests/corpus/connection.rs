//! A connection over which many requests go, one after another.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::doors::Sent;
use super::kit::{Reply, parse};

/// Opened anew when the other end has closed it.
pub struct Connection {
    address: std::net::SocketAddr,
    stream: Option<TcpStream>,
}

impl Connection {
    /// Opens nothing yet.
    pub const fn to(address: std::net::SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// Sends a request and reads its answer.
    pub async fn send(&mut self, sent: &Sent) -> Reply {
        let Sent { method, target, headers, body } = sent;
        let length = body.len();
        let text = format!(
            "{method} {target} HTTP/1.1\r\nhost: test\r\n{headers}content-length: {length}\r\n\r\n{body}"
        );
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => TcpStream::connect(self.address).await.expect("connected"),
        };
        stream.write_all(text.as_bytes()).await.expect("sent");
        let answer = answer(&mut stream).await;
        let reply = parse(&String::from_utf8_lossy(&answer));
        if reply.header("connection") != Some("close") {
            self.stream = Some(stream);
        }
        reply
    }
}

/// One whole answer.
async fn answer(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() >= announced(head)
        {
            return bytes;
        }
        let mut some = [0; 4096];
        let read = stream.read(&mut some).await.expect("an answer");
        assert!(read > 0, "the answer broke off: {text}");
        bytes.extend(&some[..read]);
    }
}

/// The length of the body that follows.
fn announced(head: &str) -> usize {
    let lower = head.to_ascii_lowercase();
    let value = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
    value.map_or(0, |value| value.trim().parse().expect("a length"))
}
