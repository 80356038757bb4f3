//! The whole service on a disk that takes no more: the guard's rollback moves the traffic, and no
//! restart brings it back to SSOT, whatever became of the disk.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crossfade::domain::{Clock as _, SystemClock};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::LIMIT_BLOCKS;

const SECRET: &str = "a-secret-that-signs-what-is-asked-in-this-story";
const TOKEN: &str = "the-token-of-whoever-changes-flags-in-this-story";
const COMPONENT: &str = "modelled";
/// A story that takes longer has gone wrong.
const TIME_MAX: Duration = Duration::from_mins(1);

const CONFIG: &str = r#"
data_dir = "data"
environment = "alone"
seeds = "seeds.toml"
[listen]
data = "127.0.0.1:0"
control = "127.0.0.1:0"
metrics = "127.0.0.1:0"
[access]
control_per_minute = 1000000
[access.tokens.writer]
scopes = ["admin"]
env = "FULL_DISK_TOKEN"
[legacy.model]
kind = "profile"
profile = "unverified-decode"
[authority]
issuer = "issuer"
audiences = ["audience"]
[[authority.keys]]
kind = "secret"
id = "main"
file = "main.secret"
[log]
requests = "off"
"#;

const SEEDS: &str = r#"
[component.modelled]
kind = "auth"
phase = 1
legacy = "model"
stage = "shadow"
limits = { advance = "unheld" }
[component.filler]
kind = "connections"
phase = 2
stage = "off"
"#;

/// A running service.
struct Service {
    process: Child,
    data: String,
    control: String,
    metrics: String,
}

/// What came back.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Service {
    /// Starts it; `limited`: its files may not grow beyond what they are allowed.
    fn start(dir: &Path, limited: bool) -> Self {
        std::fs::write(dir.join("seeds.toml"), SEEDS).expect("written");
        std::fs::write(dir.join("c.toml"), CONFIG).expect("written");
        let secret = dir.join("main.secret");
        std::fs::write(&secret, SECRET).expect("written");
        std::fs::set_permissions(secret, Permissions::from_mode(0o600)).expect("permitted");
        let limit = if limited { format!("ulimit -f {LIMIT_BLOCKS};") } else { String::new() };
        let mut process = Command::new("sh")
            .args(["-c", &format!("trap '' XFSZ; {limit} exec \"$0\" \"$@\"")])
            .arg(env!("CARGO_BIN_EXE_crossfade"))
            .args(["serve", "--config"])
            .arg(dir.join("c.toml"))
            .env("FULL_DISK_TOKEN", TOKEN)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let log = BufReader::new(process.stderr.take().expect("a log"));
        let mut lines = log.lines().map_while(Result::ok);
        let mut said = String::new();
        let line = lines.find(|line| {
            said += line;
            line.contains("\"listening\"")
        });
        let line = line.unwrap_or_else(|| panic!("it does not listen: {said}"));
        let told: Value = serde_json::from_str(&line).expect("JSON");
        let address = |name: &str| told[name].as_str().expect("an address").to_owned();
        let (data, control) = (address("data.address"), address("control.address"));
        let metrics = address("metrics.address");
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, data, control, metrics }
    }

    /// SIGKILL.
    fn kill(mut self) {
        self.process.kill().expect("SIGKILL");
        self.process.wait().expect("its end");
    }

    /// SIGTERM.
    fn stop(mut self) {
        let pid = self.process.id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -TERM \"$0\""]).arg(pid).status();
        assert!(sent.expect("sent").success());
        self.process.wait().expect("its end");
    }

    fn ask(&self, method: &str, target: &str, headers: &str, body: &str) -> Answer {
        ask(&self.control, method, target, headers, body)
    }

    fn metrics(&self) -> String {
        ask(&self.metrics, "GET", "/metrics", "", "").body
    }

    fn flag(&self) -> Value {
        self.ask("GET", &format!("/v1/flags/{COMPONENT}"), "", "").json()
    }

    /// Changes a flag as it is now.
    fn put(&self, component: &str, change: &Value) -> Answer {
        let target = format!("/v1/flags/{component}");
        let now = self.ask("GET", &target, "", "");
        let etag = now.head.lines().find_map(|line| line.strip_prefix("etag: ")).expect("an ETag");
        let headers = format!("if-match: {etag}\r\ncontent-type: application/json\r\n");
        self.ask("PUT", &target, &headers, &change.to_string())
    }

    /// Until the disk takes no more.
    fn fill(&self) {
        let started = Instant::now();
        for number in 0.. {
            let answer = self.put("filler", &filling(number));
            if answer.status == 500 {
                return;
            }
            assert_eq!(answer.status, 200, "{}", answer.body);
            assert!(started.elapsed() < TIME_MAX, "the disk is never full");
        }
    }

    /// People whom legacy lets in and SSOT does not, one after the other, until the guard has put
    /// the component back.
    fn fail_people(&self) {
        for number in 0.. {
            let body = json!({ "token": token(number) }).to_string();
            let target = format!("/v1/decide/{COMPONENT}");
            let headers = "content-type: application/json\r\n";
            let answer = ask(&self.data, "POST", &target, headers, &body);
            assert_eq!(answer.status, 200, "{}", answer.body);
            if self.flag()["stage"] == "shadow" {
                return;
            }
            let view = || self.ask("GET", &format!("/v1/flags/{COMPONENT}/guard"), "", "").body;
            assert!(number < 1_000, "{} {}", answer.body, view());
        }
    }

    /// The card of the rollback, which the guard writes a moment later.
    fn card(&self) -> Value {
        let started = Instant::now();
        loop {
            let page = self.ask("GET", "/v1/guard/cards", "", "").json();
            if let Some(card) = page["cards"].as_array().and_then(|cards| cards.first()) {
                return card.clone();
            }
            assert!(started.elapsed() < TIME_MAX, "the guard does not roll back");
            std::thread::yield_now();
        }
    }

    fn assert_latched(&self) {
        let flag = self.flag();
        let is_latched = flag["latch"].is_object();
        assert_eq!((&flag["stage"], is_latched), (&json!("shadow"), true), "{flag}");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn ask(address: &str, method: &str, target: &str, headers: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(TIME_MAX)).expect("set");
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
         authorization: Bearer {TOKEN}\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

/// A token of a person, well signed, for nobody in particular.
fn token(person: u32) -> String {
    let now = SystemClock.now().seconds();
    let claims = json!({ "iss": "issuer", "email": "a@b.example", "sub": format!("person-{person}"),
                         "jti": person.to_string(), "iat": now, "exp": now + 300 });
    let header = Header { kid: Some("main".to_owned()), ..Header::new(Algorithm::HS256) };
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&header, &claims, &key).expect("signed")
}

/// Settings that need room.
fn filling(number: u32) -> Value {
    let long = "x".repeat(200);
    let expires_at = SystemClock.now().plus_seconds(3_600);
    let difference = |at| {
        json!({ "name": format!("d-{number}-{at}"), "class": "stricter", "owner": long,
                "reason": long, "expires_at": expires_at })
    };
    let all: Vec<Value> = (0..10).map(difference).collect();
    json!({ "deadline_ms": 100 + number % 2, "accepted": all, "note": "filling" })
}

#[test]
fn a_rollback_of_the_guard_on_a_full_disk_outlives_every_restart() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path(), true);
    let raised = service.put(COMPONENT, &json!({ "stage": "canary", "share": 5_000 }));
    assert_eq!(raised.status, 200, "{}", raised.body);
    service.fill();

    service.fail_people();
    let card = service.card();
    assert_eq!(card["deed"]["deed"], "rolled_back", "{card}");
    service.assert_latched();
    // What the alarm of the runbook looks at.
    let metrics = service.metrics();
    assert!(metrics.contains("\ncrossfade_flags_unsaved 1\n"), "{metrics}");
    service.kill();

    for limited in [true, true, false] {
        let service = Service::start(dir.path(), limited);
        service.assert_latched();
        let raise = service.put(COMPONENT, &json!({ "stage": "canary", "share": 5_000 }));
        assert_eq!(raise.status, 409, "{}", raise.body);
        service.stop();
    }
}
