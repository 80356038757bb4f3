//! Once a rollback is asked for, whoever asks next is served by legacy, on every connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::kit::World;

const CONNECTIONS: usize = 64;

/// A connection that is kept open, and a token to ask about.
struct Caller {
    stream: TcpStream,
    token: String,
}

/// When a request was sent, and which side answered.
#[derive(Debug)]
struct Asked {
    sent: Instant,
    by: String,
}

impl Caller {
    async fn connect(address: SocketAddr, token: String) -> Self {
        let stream = TcpStream::connect(address).await.expect("connected");
        stream.set_nodelay(true).expect("permitted");
        Self { stream, token }
    }

    async fn ask(&mut self) -> Asked {
        let body = json!({ "token": self.token }).to_string();
        let request = format!(
            "POST /v1/decide/modelled HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let sent = Instant::now();
        self.stream.write_all(request.as_bytes()).await.expect("sent");
        let answer: Value = serde_json::from_slice(&self.body().await).expect("JSON");
        assert_eq!(answer["decision"], "allow", "{answer}");
        Asked { sent, by: answer["served_by"].as_str().expect("a side").to_owned() }
    }

    async fn body(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(head_end) = head_end {
                let head = String::from_utf8_lossy(&bytes[..head_end]).to_ascii_lowercase();
                assert!(!head.contains("connection: close"), "{head}");
                let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
                let length: usize = length.and_then(|text| text.trim().parse().ok()).expect("one");
                if bytes.len() >= head_end + 4 + length {
                    return bytes.split_off(head_end + 4);
                }
            }
            let mut chunk = [0; 4096];
            let read = self.stream.read(&mut chunk).await.expect("an answer");
            assert!(read > 0, "the connection was closed");
            bytes.extend_from_slice(&chunk[..read]);
        }
    }
}

/// Waits until every connection has got a first answer.
async fn all_are_busy(busy: &AtomicUsize) {
    let all_busy = async {
        while busy.load(Ordering::SeqCst) < CONNECTIONS {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), all_busy).await;
    let answered = busy.load(Ordering::SeqCst);
    assert!(waited.is_ok(), "{answered} of {CONNECTIONS} connections have got a first answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_once_the_guard_has_published_its_rollback_is_served_by_legacy() {
    let world = Arc::new(World::start().await);
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 10_000 })]).await;
    let busy = Arc::new(AtomicUsize::new(0));
    let mut calling = Vec::new();
    for number in 0..CONNECTIONS {
        let token = world.token("fresh_hs256", &format!("user-{number}"));
        let mut caller = Caller::connect(world.data_address(), token).await;
        let (world, busy) = (Arc::clone(&world), Arc::clone(&busy));
        calling.push(tokio::spawn(async move {
            // What is published before the request is sent is what its snapshot may not be older
            // than.
            let serves = || {
                let snapshot = world.rooms.flags.snapshot();
                snapshot.flag("modelled").expect("a flag").stage.ssot_serves()
            };
            let (mut before, mut after) = (0, 0);
            while after < 3 {
                let published = !serves();
                let asked = caller.ask().await;
                if published {
                    assert_eq!(asked.by, "legacy", "after {before} answers");
                    after += 1;
                } else {
                    before += 1;
                }
                if before == 1 {
                    busy.fetch_add(1, Ordering::SeqCst);
                }
            }
            before
        }));
    }
    all_are_busy(&busy).await;
    let report = async |side: &str, walks: u32, passed: u32| {
        let body = json!({ "side": side, "component": "modelled", "walks": walks,
                           "passed": passed });
        let headers = "content-type: application/json\r\n";
        let target = "/v1/evidence/golden-path";
        let answer = world.control("POST", target, headers, &body.to_string()).await;
        assert_eq!(answer.status, 204, "{answer:?}");
    };
    report("ssot", 3, 0).await;
    report("legacy", 1, 1).await;
    for caller in calling {
        let before = tokio::time::timeout(Duration::from_mins(1), caller).await;
        assert!(before.expect("rolled back").expect("no panic") > 0);
    }
    Arc::try_unwrap(world).ok().expect("nobody else").stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_request_on_every_connection_is_legacys_once_a_rollback_is_answered() {
    let world = World::start().await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 10_000 })]).await;
    world.move_to("modelled", &[json!({ "stage": "live" })]).await;
    let (over, busy) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut calling = Vec::new();
    for number in 0..CONNECTIONS {
        let token = world.token("fresh_hs256", &format!("user-{number}"));
        let mut caller = Caller::connect(world.data_address(), token).await;
        let (over, busy) = (Arc::clone(&over), Arc::clone(&busy));
        calling.push(tokio::spawn(async move {
            let mut asked = vec![caller.ask().await];
            busy.fetch_add(1, Ordering::SeqCst);
            // At least one more on the same connection, after it is over.
            while !over.load(Ordering::SeqCst) {
                asked.push(caller.ask().await);
            }
            asked.push(caller.ask().await);
            asked
        }));
    }
    all_are_busy(&busy).await;
    let reply = world.control("POST", "/v1/flags/modelled/rollback", "", "").await;
    let answered = Instant::now();
    over.store(true, Ordering::SeqCst);
    assert_eq!(reply.status, 200, "{}", reply.body);
    for caller in calling {
        let asked = caller.await.expect("no panic");
        assert_eq!(asked[0].by, "ssot");
        let change = asked.iter().position(|each| each.by == "legacy").expect("rolled back");
        assert!(asked[change..].iter().all(|each| each.by == "legacy"), "{asked:?}");
        let late = asked.iter().find(|each| each.sent > answered && each.by == "ssot");
        assert!(late.is_none(), "served by ssot after the rollback was answered: {late:?}");
    }
    world.stop().await;
}
