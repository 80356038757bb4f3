//! A world for one story: the service on free ports, a legacy endpoint that does as it is told,
//! and verbs to act on both.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crossfade::app::App;
use crossfade::authority::specimens::{Mint, one};
use crossfade::authority::{
    ClientGrant, ConfiguredClient, MasterKey, Settings as AuthoritySettings,
};
use crossfade::config::{self, Config, Environment};
use crossfade::domain::{Clock, ComponentId, Credentials, Scopes, Subject, SystemClock, Timestamp};
use crossfade::ledger::{Counter, Tally};
use crossfade::legacy;
use crossfade::web::Rooms;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use super::endpoint::{Behaviour, Endpoint};

/// The control token of every world.
pub const CONTROL: &str = "control-token-of-the-walks-as-long-as-it-must-be";

/// The secret of every client of the authority.
pub const CLIENT_SECRET: &str = "the-secret-of-every-client-in-the-walks";

/// Where the browsers of every world believe to be.
pub const ORIGIN: &str = "http://localhost:4711";

const SEEDS: &str = r#"
[component.http-auth]
kind = "auth"
phase = 1
legacy = "remote"
stage = "off"
deadline_ms = 400
# Its legacy endpoint lets everybody in as alice, which the guard takes for what it is.
limits = { mode = "off" }

[component.modelled]
kind = "auth"
phase = 1
legacy = "model"
stage = "shadow"

[component.child]
kind = "auth"
phase = 1
legacy = "model"
requires = ["modelled"]
stage = "off"

[component.frontend-session]
kind = "session"
phase = 1
legacy = "front-end"
stage = "off"

[component.token-operations]
kind = "tokens"
phase = 1
stage = "off"
"#;

/// The wall clock, and what it was moved by.
#[derive(Default)]
pub struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_seconds(self.0.load(Ordering::SeqCst))
    }
}

impl Ahead {
    /// Moves it on.
    pub fn seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// A running service, and everything a story needs around it.
pub struct World {
    /// The rooms of the service.
    pub rooms: Arc<Rooms>,
    /// Makes tokens that the service's authority knows.
    pub mint: Mint,
    /// The legacy endpoint of component `http-auth`.
    pub legacy: Endpoint,
    /// Where the store is.
    pub dir: TempDir,
    data: std::net::SocketAddr,
    control: std::net::SocketAddr,
    metrics: std::net::SocketAddr,
    stop: watch::Sender<bool>,
    running: Option<JoinHandle<()>>,
}

impl World {
    /// Starts a service on an empty directory.
    pub async fn start() -> Self {
        listen_to_the_log();
        Self::start_by(Arc::new(SystemClock)).await
    }

    /// The same with something changed in the configuration.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        listen_to_the_log();
        let dir = TempDir::new().expect("a directory");
        Self::start_changed(dir, Mint::seeded(7), change).await
    }

    /// Starts a service on a directory that another one may have used.
    pub async fn start_in(dir: TempDir, mint: Mint) -> Self {
        Self::start_changed(dir, mint, |_| ()).await
    }

    /// Starts a service that tells the time by another clock, and keeps no log.
    pub async fn start_by(clock: Arc<dyn Clock>) -> Self {
        let dir = TempDir::new().expect("a directory");
        Self::start_clocked(dir, Mint::seeded(7), |_| (), clock).await
    }

    /// The same with something changed in the configuration.
    pub async fn start_changed_by(clock: Arc<dyn Clock>, change: impl FnOnce(&mut Config)) -> Self {
        let dir = TempDir::new().expect("a directory");
        Self::start_clocked(dir, Mint::seeded(7), change, clock).await
    }

    /// The same on a directory that another one may have used.
    pub async fn start_again_by(dir: TempDir, mint: Mint, clock: Arc<dyn Clock>) -> Self {
        Self::start_clocked(dir, mint, |_| (), clock).await
    }

    /// Both: on a used directory, with something changed in the configuration.
    pub async fn start_changed(dir: TempDir, mint: Mint, change: impl FnOnce(&mut Config)) -> Self {
        Self::start_clocked(dir, mint, change, Arc::new(SystemClock)).await
    }

    /// All of it: on a used directory, by another clock, with something changed.
    pub async fn start_clocked(
        dir: TempDir,
        mint: Mint,
        change: impl FnOnce(&mut Config),
        clock: Arc<dyn Clock>,
    ) -> Self {
        let legacy = Endpoint::start();
        let mut config = config(dir.path(), &mint, &legacy);
        change(&mut config);
        let app = Box::pin(App::start(config, clock)).await.expect("the service starts");
        let (data, control, rooms) = (app.data_address(), app.control_address(), app.rooms());
        let metrics = app.metrics_address().expect("a metrics listener");
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(async move {
            app.run(stopped).await.expect("the service ends in order");
        });
        Self { rooms, mint, legacy, dir, data, control, metrics, stop, running: Some(running) }
    }

    /// Stops the service in order and gives back its directory.
    pub async fn stop(mut self) -> (TempDir, Mint) {
        self.stop.send_replace(true);
        self.running.take().expect("running").await.expect("the service ends");
        let dir = std::mem::replace(&mut self.dir, TempDir::new().expect("a directory"));
        (dir, std::mem::replace(&mut self.mint, Mint::seeded(0)))
    }

    /// The text of a token of this kind for this subject.
    pub fn token(&self, kind: &str, subject: &str) -> String {
        self.token_at(kind, subject, SystemClock.now())
    }

    /// The same by another clock.
    pub fn token_at(&self, kind: &str, subject: &str, now: Timestamp) -> String {
        let subject = Subject::parse(subject).expect("a subject");
        let specimen = one(&self.mint, kind, now, &subject).expect("a known kind");
        match specimen.credentials {
            Credentials::Token(token) => token.reveal().to_owned(),
            Credentials::Request(_) => panic!("{kind} is no bare token"),
        }
    }

    /// `POST /v1/decide/{component}` with a token.
    pub async fn decide(&self, component: &str, token: &str) -> Reply {
        let body = json!({ "token": token }).to_string();
        let head = "content-type: application/json\r\n";
        self.data("POST", &format!("/v1/decide/{component}"), head, &body).await
    }

    /// Any request to the data listener; `headers` are whole lines.
    pub async fn data(&self, method: &str, target: &str, headers: &str, body: &str) -> Reply {
        request(self.data_address(), method, target, headers, body).await
    }

    /// Bytes to the data listener, as they are.
    pub async fn data_raw(&self, bytes: &[u8]) -> Reply {
        exchange(self.data_address(), bytes).await
    }

    /// Any request to the control listener, with the control token.
    pub async fn control(&self, method: &str, target: &str, headers: &str, body: &str) -> Reply {
        let headers = format!("authorization: Bearer {CONTROL}\r\n{headers}");
        request(self.control, method, target, &headers, body).await
    }

    /// Any request to the control listener, with nothing but these header lines.
    pub async fn control_as_sent(
        &self,
        method: &str,
        target: &str,
        headers: &str,
        body: &str,
    ) -> Reply {
        request(self.control, method, target, headers, body).await
    }

    /// The bytes that answer a GET to the control listener, head and all.
    pub async fn control_bytes(&self, target: &str, headers: &str) -> Vec<u8> {
        let head =
            format!("GET {target} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n");
        bytes(self.control, head.as_bytes()).await
    }

    /// Any request to the metrics listener.
    pub async fn metrics(&self, method: &str, target: &str) -> Reply {
        request(self.metrics, method, target, "", "").await
    }

    /// Moves a component to a stage, one PUT after another where stages lie between.
    pub async fn move_to(&self, component: &str, stages: &[Value]) {
        for stage in stages {
            let etag = self.flag(component).await.header("etag").expect("an ETag").to_owned();
            let headers = format!("if-match: {etag}\r\ncontent-type: application/json\r\n");
            let target = format!("/v1/flags/{component}");
            let reply = self.control("PUT", &target, &headers, &stage.to_string()).await;
            assert_eq!(reply.status, 200, "{}", reply.body);
        }
    }

    /// Where the data listener is.
    pub const fn data_address(&self) -> std::net::SocketAddr {
        self.data
    }

    /// Where the control listener is.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.control)
    }

    /// `GET /v1/flags/{component}`.
    pub async fn flag(&self, component: &str) -> Reply {
        self.control("GET", &format!("/v1/flags/{component}"), "", "").await
    }

    /// What was counted for a component, once no shadow is in flight.
    pub async fn tally(&self, component: &str) -> Tally {
        self.rooms.shadow.idle().await;
        let id = ComponentId::parse(component).expect("an id");
        self.rooms.ledger.book(&id).total()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // A story that forgets to stop its world hides what went wrong at the end.
        assert!(
            self.running.is_none() || std::thread::panicking(),
            "the world was dropped without `stop`"
        );
    }
}

/// What all worlds have logged so far, down to the last detail.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// The log as text.
pub fn log() -> String {
    String::from_utf8_lossy(&LOG.lock()).into_owned()
}

/// Keeps everything that is logged from now on, once.
fn listen_to_the_log() {
    struct Kept;
    impl std::io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            LOG.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let everything = "trace,sled=info,polling=info";
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(everything)
        .with_ansi(false)
        .with_writer(|| Kept)
        .finish();
    // The first world listens for all.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Every counter of a tally that is not zero, for messages.
pub fn counted(tally: &Tally, counters: &[(Counter, u64)]) {
    for (counter, expected) in counters {
        let found = tally.count(*counter);
        assert_eq!(found, *expected, "{} in {}", counter.code(), json!(tally));
    }
}

/// A client of the authority with these grants.
pub fn client(name: &str, grants: &[ClientGrant]) -> ConfiguredClient {
    ConfiguredClient {
        name: name.into(),
        secret: CLIENT_SECRET.into(),
        grants: grants.to_vec(),
        scopes: Scopes::parse("read write"),
        audience: None,
        service: None,
    }
}

fn config(dir: &Path, mint: &Mint, endpoint: &Endpoint) -> Config {
    std::fs::write(dir.join("seeds.toml"), SEEDS).expect("written");
    let text = format!(
        r#"
data_dir = "store"
environment = "walks"
seeds = "seeds.toml"
[listen]
data = "127.0.0.1:0"
control = "127.0.0.1:0"
metrics = "127.0.0.1:0"
public_url = "{ORIGIN}"
trusted_proxies = ["127.0.0.1"]
drain_ms = 2000
[access]
control_per_minute = 1000000
[access.tokens.walker]
scopes = ["admin"]
env = "WALKS_CONTROL"
[authority]
issuer = "placeholder"
audiences = ["placeholder"]
[outbound]
allowed_hosts = ["127.0.0.1"]
[shadow]
in_flight_max = 64
settle_ms = 10
[log]
requests = "requests.log"
[legacy.model]
kind = "profile"
profile = "core-validate"
[legacy.front-end]
kind = "profile"
profile = "unverified-decode"
[legacy.remote]
kind = "http"
method = "POST"
url = "{url}/auth/validate"
body = '{{"token": "{{token}}"}}'
limits = {{ timeout_ms = 5000 }}
headers = {{ content-type = "application/json" }}
[legacy.remote.allow]
status = [200]
members = [{{ pointer = "/valid", equals = true }}]
[legacy.remote.deny]
status = [200, 401]
members = [{{ pointer = "/valid", equals = false }}]
[legacy.remote.pointers]
subject = "/user_id"
scopes = "/permissions"
reason = "/error"
"#,
        url = endpoint.url
    );
    let environment = Environment::from([("WALKS_CONTROL", CONTROL)]);
    let mut config = match config::parse(&text, dir, &environment) {
        Ok(config) => config,
        Err(error) => panic!("{error}"),
    };
    config.authority =
        AuthoritySettings { master_key: Some(MasterKey::new([9; 32])), ..mint.settings() };
    config.authority.clients = vec![client("chat", &ClientGrant::ALL), client("no-grant", &[])];
    config.doors.component = ComponentId::parse("modelled").expect("an id");
    config.sockets.doors.component = config.doors.component.clone();
    // The first start would make a file with another one.
    config.new_master_key = None;
    config.flags.own_issuers = [mint.issuer.clone()].into();
    for (_, settings) in &mut config.legacy {
        if let legacy::Settings::Profile(profile) = settings {
            let secret = legacy::Secret::new(mint.secret());
            let algorithm = legacy::profile::Algorithm::HS256;
            let key = legacy::profile::Key::read("main", algorithm, &secret).expect("a key");
            profile.keys = vec![key];
        }
    }
    config
}

/// An answer of the service.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Reply {
    /// Headers and body.
    pub fn whole(&self) -> String {
        let lines = self.headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
        lines.collect::<String>() + &self.body
    }

    /// The value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The values of a header that may come more than once; `name` in lower case.
    pub fn headers<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r str> + 'r {
        self.headers.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Asserts that this is a problem of this status that says something about `about`.
    pub fn is_problem(&self, status: u16, about: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let json = self.json();
        assert_eq!(json["status"], status, "{self:?}");
        let kind = json["type"].as_str().expect("a type");
        assert!(kind.starts_with("urn:crossfade:problem:"), "{self:?}");
        assert!(!json["title"].as_str().expect("a title").is_empty());
        let detail = json["detail"].as_str().expect("a detail");
        assert!(detail.contains(about), "{about:?} is not in {detail:?}");
    }
}

async fn request(
    address: std::net::SocketAddr,
    method: &str,
    target: &str,
    headers: &str,
    body: &str,
) -> Reply {
    let text = format!(
        "{method} {target} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    exchange(address, text.as_bytes()).await
}

async fn exchange(address: std::net::SocketAddr, request: &[u8]) -> Reply {
    parse(&String::from_utf8_lossy(&bytes(address, request).await))
}

async fn bytes(address: std::net::SocketAddr, request: &[u8]) -> Vec<u8> {
    let talk = async {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        // The service may answer and close before it has read everything.
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answer
    };
    tokio::time::timeout(Duration::from_secs(20), talk).await.expect("an answer")
}

/// Reads the text of an answer.
pub fn parse(answer: &str) -> Reply {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    Reply {
        status: status.and_then(|status| status.parse().ok()).unwrap_or(0),
        headers: headers.collect(),
        body: body.to_owned(),
    }
}
