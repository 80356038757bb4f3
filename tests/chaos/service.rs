//! The service as a process that can be killed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

const SECRET: &str = "a-secret-that-signs-whoever-takes-part-in-this-story";

const CONFIG: &str = r#"
data_dir = "data"
environment = "alone"
seeds = "seeds.toml"
[listen]
data = "127.0.0.1:0"
control = "127.0.0.1:0"
metrics = "off"
[access.tokens.writer]
scopes = ["admin"]
env = "CHAOS_TOKEN"
[authority]
issuer = "chaos"
audiences = ["chaos"]
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

const SEEDS: &str = r#"
[component.socket-auth]
kind = "auth"
phase = 1
legacy = "old"
stage = "shadow"
[component.socket-connections]
kind = "connections"
phase = 2
requires = ["socket-auth"]
stage = "shadow"
[component.event-delivery]
kind = "events"
phase = 3
requires = ["socket-connections"]
stage = "shadow"
"#;

const TOKEN: &str = "the-token-of-whoever-moves-flags-in-this-story";

/// A running service on a folder of its own.
pub struct Service {
    process: Child,
    dir: PathBuf,
    data: SocketAddr,
    control: SocketAddr,
}

impl Service {
    /// Starts it for the first time, with more configuration.
    pub fn first(dir: &Path, sections: &str) -> Self {
        for (name, text) in [
            ("seeds.toml", SEEDS),
            ("main.secret", SECRET),
            ("c.toml", &format!("{CONFIG}{sections}")),
        ] {
            std::fs::write(dir.join(name), text).expect("written");
        }
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(dir.join("main.secret"), private).expect("private");
        Self::start(dir.to_owned())
    }

    fn start(dir: PathBuf) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_crossfade"))
            .args(["serve", "--config"])
            .arg(dir.join("c.toml"))
            .env("CHAOS_TOKEN", TOKEN)
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
        let at = |name| told[name].as_str().expect("an address").parse().expect("an address");
        let (data, control) = (at("data.address"), at("control.address"));
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, dir, data, control }
    }

    pub const fn data(&self) -> SocketAddr {
        self.data
    }

    /// From now on SSOT serves everybody.
    pub fn move_to_ssot(&self) {
        for component in ["socket-auth", "socket-connections", "event-delivery"] {
            let path = format!("/v1/flags/{component}");
            let flag = self.ask("GET", &path, "", "");
            let revision = flag["revision"].as_u64().expect("a revision");
            let over = format!("if-match: \"{revision}\"\r\ncontent-type: application/json\r\n");
            let moved = self.ask("PUT", &path, &over, r#"{"stage":"canary","share":10000}"#);
            assert_eq!(moved["flag"]["stage"], "canary", "{moved}");
        }
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(self.control).expect("connected");
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: chaos\r\nconnection: close\r\n\
             authorization: Bearer {TOKEN}\r\n{headers}content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (_, json) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(json).expect("JSON")
    }

    /// SIGKILL, and a start on what is left.
    pub fn kill_and_start(&mut self) {
        self.end();
        *self = Self::start(self.dir.clone());
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        self.process.wait().expect("its end");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.end();
    }
}

/// A token of this user.
pub fn token(user: &str) -> String {
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs())
        .expect("this century");
    let claims = json!({
        "sub": user, "iss": "chaos", "aud": "chaos", "iat": now - 5, "exp": now + 3_000,
        "jti": format!("{user}-{now}"), "token_type": "access", "email": "x@example.com",
    });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token")
}
