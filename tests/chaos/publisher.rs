//! Publishes until it is told that it has.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Where the service is now.
pub type Whereabouts = Arc<parking_lot::Mutex<SocketAddr>>;

/// The event of that number of a user: five to a run, and now and then a large one.
pub fn event(user: &str, number: u64) -> Value {
    let kinds =
        ["agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed"];
    let place = usize::try_from(number % 5).expect("below five");
    let filler = "x".repeat(if number.is_multiple_of(17) { 6_000 } else { 40 });
    json!({
        "type": kinds[place],
        "event_id": format!("{user}-{number}"),
        "run_id": format!("{user}-run-{}", number / 5),
        "user_id": user,
        "seq": number % 5 + 1,
        "payload": { "reasoning": filler, "tool_name": "search", "number": number },
    })
}

/// Publishes a user's events in order, a few at a time; each batch again and again until it is
/// acknowledged.
pub async fn publish(user: String, (events, pace): (u64, Duration), service: Whereabouts) {
    let mut number = 0;
    while number < events {
        let batch: Vec<Value> =
            (number..events.min(number + 4)).map(|number| event(&user, number)).collect();
        number += batch.len() as u64;
        let body = json!({ "events": batch }).to_string();
        loop {
            let address = *service.lock();
            if post(address, &body).await == Some(200) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(pace).await;
    }
}

/// The status of the answer; `None` when there was no whole one.
async fn post(address: SocketAddr, body: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: chaos\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    assert!(matches!(status, 200 | 503), "{answer}");
    Some(status)
}
