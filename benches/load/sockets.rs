//! The socket benchmark and its named peers, one file: a bare axum WebSocket server and a bare
//! tungstenite broadcast, each a process of its own, beside the service, in one run. Built as an
//! example, so that it never ships.
//!
//! `socket_load run CROSSFADE [IDLE]` measures; `socket_load axum` and `socket_load broadcast` are the
//! peers. Prints JSON.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures of minutes and megabytes fit every number here"
)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::routing::get;
use futures_util::{SinkExt as _, StreamExt as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, broadcast};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

const SECRET: &str = "a-secret-that-signs-whoever-takes-part-in-this-run";
const FANOUT_SOCKETS: usize = 1_000;
const FANOUT_EVENTS: usize = 200;

type Socket = WebSocketStream<TcpStream>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["axum"] => runtime.block_on(bare_axum()),
        ["broadcast"] => runtime.block_on(bare_broadcast()),
        ["run", crossfade] => runtime.block_on(run(Path::new(crossfade), 10_000)),
        ["run", crossfade, idle] => {
            runtime.block_on(run(Path::new(crossfade), idle.parse().expect("a number")));
        }
        _ => panic!("usage: socket_load run CROSSFADE [IDLE] | axum | broadcast"),
    }
}

/// Prints where it listens, for whoever has started it.
async fn listen() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    eprintln!("{}", json!({ "listening": listener.local_addr().expect("an address") }));
    listener
}

/// Holds sockets and answers what it is told.
async fn bare_axum() {
    let app = Router::new().route(
        "/ws",
        get(async |upgrade: WebSocketUpgrade| {
            upgrade.on_upgrade(async |mut socket| {
                while let Some(Ok(message)) = socket.recv().await {
                    if socket.send(message).await.is_err() {
                        return;
                    }
                }
            })
        }),
    );
    axum::serve(listen().await, app).await.expect("served");
}

/// Sends every text of any socket to every socket.
async fn bare_broadcast() {
    let (everybody, _) = broadcast::channel::<Message>(4_096);
    let listener = listen().await;
    while let Ok((stream, _)) = listener.accept().await {
        let (everybody, mut mine) = (everybody.clone(), everybody.subscribe());
        tokio::spawn(async move {
            let Ok(socket) = tokio_tungstenite::accept_async(stream).await else { return };
            let (mut write, mut read) = socket.split();
            loop {
                tokio::select! {
                    said = read.next() => match said {
                        Some(Ok(message)) if message.is_text() => drop(everybody.send(message)),
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => return,
                    },
                    message = mine.recv() => {
                        let message = message.expect("a broadcast that keeps up");
                        if write.send(message).await.is_err() {
                            return;
                        }
                    }
                }
            }
        });
    }
}

/// A process that is measured.
struct Measured {
    process: Child,
    address: SocketAddr,
    metrics: Option<SocketAddr>,
}

impl Measured {
    fn start(mut command: Command) -> Self {
        let mut process =
            command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it runs");
        let mut lines = BufReader::new(process.stderr.take().expect("a log")).lines();
        let line = lines.by_ref().map_while(Result::ok).find(|line| line.contains("listening"));
        let told: Value = serde_json::from_str(&line.expect("it listens")).expect("JSON");
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let at = |name: &str| told[name].as_str().and_then(|text| text.parse().ok());
        let address = at("listening").or(at("data.address")).expect("an address");
        Self { process, address, metrics: at("metrics.address") }
    }

    fn peer(name: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg(name);
        Self::start(command)
    }

    fn crossfade(binary: &Path, dir: &Path) -> Self {
        let config = r#"
data_dir = "data"
environment = "alone"
seeds = "seeds.toml"
[listen]
data = "127.0.0.1:0"
control = "127.0.0.1:0"
metrics = "127.0.0.1:0"
connections_max = 100000
[sockets]
connections_max = 100000
connections_per_user_max = 10000
queue_max = 4096
[authority]
issuer = "bench"
audiences = ["bench"]
[[authority.keys]]
kind = "secret"
id = "main"
file = "main.secret"
[legacy.old]
kind = "profile"
profile = "unverified-decode"
[log]
requests = "off"
"#;
        let seeds = "[component.socket-auth]\nkind = \"auth\"\nphase = 1\nlegacy = \"old\"\n\
                     stage = \"shadow\"\n";
        for (name, text) in [("c.toml", config), ("seeds.toml", seeds), ("main.secret", SECRET)] {
            std::fs::write(dir.join(name), text).expect("written");
        }
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(dir.join("main.secret"), private).expect("private");
        let mut command = Command::new(binary);
        command.args(["serve", "--config"]).arg(dir.join("c.toml"));
        Self::start(command)
    }

    /// Resident memory, in bytes.
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.expect("a process");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
        let kib: u64 = line.split_whitespace().nth(1).expect("a number").parse().expect("a number");
        kib * 1024
    }

    /// A counter of the service's.
    async fn counter(&self, name: &str) -> u64 {
        let text = http(self.metrics.expect("metrics"), "GET", "/metrics", "").await;
        let line = text.lines().find(|line| line.starts_with(&format!("{name} ")));
        let value = line.and_then(|line| line.rsplit(' ').next()).expect("a counter");
        value.parse::<f64>().expect("a number") as u64
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn run(crossfade: &Path, idle: usize) {
    let dir: PathBuf = std::env::temp_dir().join(format!("socket-load-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder");
    let memory = {
        let (peer, service) = (Measured::peer("axum"), Measured::crossfade(crossfade, &dir));
        let bare = memory_per_socket(&peer, idle, false).await;
        let ours = memory_per_socket(&service, idle, true).await;
        json!({ "sockets": idle, "axum_bytes": bare, "crossfade_bytes": ours,
                "ratio": ours as f64 / bare as f64 })
    };
    eprintln!("{memory}");
    let service = Measured::crossfade(crossfade, &dir);
    let (mut rounds, mut single) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let peer = Measured::peer("broadcast");
        let bare = fan_out(&peer, false, 1).await;
        let ours = fan_out(&service, true, 1).await;
        single.push(json!({ "tungstenite_per_second": bare, "crossfade_per_second": ours,
                            "ratio": ours / bare }));
        let bare = fan_out(&peer, false, FANOUT_EVENTS).await;
        let ours = fan_out(&service, true, FANOUT_EVENTS).await;
        rounds.push(json!({ "tungstenite_per_second": bare, "crossfade_per_second": ours,
                            "ratio": ours / bare }));
    }
    eprintln!("{rounds:?}");
    let latency = latency(&service).await;
    eprintln!("{latency}");
    let durable = durable(&service).await;
    drop(service);
    let _ = std::fs::remove_dir_all(&dir);
    println!(
        "{:#}",
        json!({ "memory": memory, "fan_out": rounds, "fan_out_single": single, "latency": latency, "durable": durable })
    );
}

async fn memory_per_socket(of: &Measured, sockets: usize, signed: bool) -> u64 {
    // What the first connections cost once is not theirs.
    let _first = open_all(of.address, 100, signed, |number| format!("first-{number}")).await;
    let before = of.resident();
    let held = open_all(of.address, sockets, signed, |number| format!("user-{number}")).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let bytes = (of.resident() - before) / sockets as u64;
    drop(held);
    bytes
}

async fn open_all(
    address: SocketAddr,
    sockets: usize,
    signed: bool,
    user: impl Fn(usize) -> String,
) -> Vec<Socket> {
    let mut opened = Vec::with_capacity(sockets);
    for batch in (0..sockets).collect::<Vec<_>>().chunks(50) {
        let opening = batch.iter().map(|number| open(address, signed.then(|| user(*number))));
        opened.extend(futures_util::future::join_all(opening).await);
    }
    opened
}

async fn open(address: SocketAddr, user: Option<String>) -> Socket {
    let stream = TcpStream::connect(address).await.expect("connected");
    stream.set_nodelay(true).expect("no delay");
    let mut request = "ws://bench/ws".into_client_request().expect("a request");
    if let Some(user) = &user {
        let bearer = format!("Bearer {}", token(user)).parse().expect("a value");
        request.headers_mut().insert("authorization", bearer);
    }
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("open");
    if user.is_some() {
        socket.next().await.expect("established").expect("established");
    }
    socket
}

/// Deliveries a second to many sockets, `at_once` events published together; the next ones when all
/// have arrived everywhere.
async fn fan_out(of: &Measured, ours: bool, at_once: usize) -> f64 {
    let sockets = open_all(of.address, FANOUT_SOCKETS, ours, |_| "everybody".to_owned()).await;
    let (received, all) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
    let each = (FANOUT_SOCKETS * at_once) as u64;
    let mut readers = tokio::task::JoinSet::new();
    for mut socket in sockets {
        let (received, all) = (Arc::clone(&received), Arc::clone(&all));
        readers.spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                if message.is_text()
                    && (received.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(each)
                {
                    all.notify_one();
                }
            }
        });
    }
    let events: Vec<Value> = (0..FANOUT_EVENTS).map(|_| event("everybody")).collect();
    let mut speaker = if ours { None } else { Some(open(of.address, None).await) };
    let started = Instant::now();
    for events in events.chunks(at_once) {
        if let Some(speaker) = &mut speaker {
            // The same bytes as the service sends, about.
            for event in events {
                let text = json!({ "event": event, "epoch": 1_800_000_000_000_u64, "sequence": 1 });
                speaker.send(Message::text(text.to_string())).await.expect("sent");
            }
        } else {
            let body = json!({ "events": events }).to_string();
            http(of.address, "POST", "/v1/events", &body).await;
        }
        all.notified().await;
    }
    (FANOUT_SOCKETS * FANOUT_EVENTS) as f64 / started.elapsed().as_secs_f64()
}

fn event(user: &str) -> Value {
    json!({ "type": "agent_thinking", "run_id": "r", "user_id": user,
            "event_id": format!("{:032x}", rand::random::<u128>()),
            "payload": { "reasoning": "x".repeat(100) } })
}

/// From the first byte of the publication to the last of the frame, at 1,000 events a second to
/// 100 users with two sockets each.
async fn latency(of: &Measured) -> Value {
    let times = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let mut readers = tokio::task::JoinSet::new();
    let epoch = Instant::now();
    for number in 0..200 {
        let mut socket = open(of.address, Some(format!("late-{}", number % 100))).await;
        let times = Arc::clone(&times);
        readers.spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                let Ok(text) = message.to_text() else { continue };
                let Ok(frame) = serde_json::from_str::<Value>(text) else { continue };
                if let Some(sent) = frame["payload"]["sent_us"].as_u64() {
                    times.lock().push(epoch.elapsed().as_micros() as u64 - sent);
                }
            }
        });
    }
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    let mut publishing = tokio::task::JoinSet::new();
    for number in 0..10_000_u64 {
        ticks.tick().await;
        let mut event = event(&format!("late-{}", number % 100));
        event["payload"]["sent_us"] = json!(epoch.elapsed().as_micros() as u64);
        let address = of.address;
        publishing
            .spawn(async move { http(address, "POST", "/v1/events", &event.to_string()).await });
        while publishing.try_join_next().is_some() {}
    }
    while publishing.join_next().await.is_some() {}
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut times = times.lock().clone();
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100] as f64 / 1_000.0;
    json!({ "events": 10_000, "deliveries": times.len(), "p50_ms": at(50), "p90_ms": at(90),
            "p99_ms": at(99), "max_ms": at(100) })
}

/// Events a second that are on the disk when they are acknowledged.
async fn durable(of: &Measured) -> Value {
    const PUBLISHERS: usize = 16;
    const BATCHES: usize = 40;
    const BATCH: usize = 500;
    let bodies: Vec<Vec<String>> = (0..PUBLISHERS)
        .map(|publisher| {
            let user = |number: usize| format!("durable-{publisher}-{}", number % 20);
            (0..BATCHES)
                .map(|_| {
                    let events: Vec<_> = (0..BATCH).map(|number| event(&user(number))).collect();
                    json!({ "events": events }).to_string()
                })
                .collect()
        })
        .collect();
    let before = of.counter("crossfade_sockets_commits_total").await;
    let started = Instant::now();
    let mut publishing = tokio::task::JoinSet::new();
    for bodies in bodies {
        let address = of.address;
        publishing.spawn(async move {
            for body in bodies {
                let answer = http(address, "POST", "/v1/events", &body).await;
                assert!(answer.starts_with("HTTP/1.1 200"), "{}", &answer[..answer.len().min(300)]);
            }
        });
    }
    while let Some(published) = publishing.join_next().await {
        published.expect("published");
    }
    let seconds = started.elapsed().as_secs_f64();
    let commits = of.counter("crossfade_sockets_commits_total").await - before;
    let events = PUBLISHERS * BATCHES * BATCH;
    json!({ "events": events, "seconds": seconds, "per_second": events as f64 / seconds,
            "group_commits": commits, "events_per_commit": events as f64 / commits as f64 })
}

/// A whole answer to one request.
async fn http(address: SocketAddr, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("written");
    stream.write_all(body.as_bytes()).await.expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

fn token(user: &str) -> String {
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs();
    let claims = json!({
        "sub": user, "iss": "bench", "aud": "bench", "iat": now - 5, "exp": now + 3_000,
        "jti": format!("{user}-{now}"), "token_type": "access", "email": "x@example.com",
    });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token")
}
