//! The service as a process that can be killed, and a client that knows when it was not answered.

use parking_lot::Mutex;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

const TOKEN: &str = "the-token-of-whoever-changes-flags-in-this-story";

const CONFIG: &str = r#"
data_dir = "data"
environment = "alone"
seeds = "seeds.toml"
[listen]
data = "127.0.0.1:0"
control = "127.0.0.1:0"
metrics = "off"
[access]
control_per_minute = 1000000
[access.tokens.writer]
scopes = ["admin"]
env = "LINEAR_TOKEN"
[authority]
issuer = "issuer"
audiences = ["audience"]
[log]
requests = "off"
"#;

const SEEDS: &str = r#"
[component.settings]
kind = "connections"
phase = 2
stage = "shadow"
[component.more-settings]
kind = "events"
phase = 2
stage = "off"
[component.stages]
kind = "connections"
phase = 2
stage = "off"
"#;

/// A running service.
pub struct Service {
    process: Mutex<Child>,
    address: String,
}

/// What came back.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub json: Value,
}

impl Service {
    /// Starts it on a folder that one before may have left at any moment.
    pub fn start(dir: &Path) -> Self {
        let file = dir.join("c.toml");
        if !file.exists() {
            std::fs::write(dir.join("seeds.toml"), SEEDS).expect("written");
            std::fs::write(&file, CONFIG).expect("written");
        }
        let mut process = Command::new(env!("CARGO_BIN_EXE_crossfade"))
            .args(["serve", "--config"])
            .arg(file)
            .env("LINEAR_TOKEN", TOKEN)
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
        let address = told["control.address"].as_str().expect("an address").to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { process: Mutex::new(process), address }
    }

    /// SIGKILL.
    pub fn kill(&self) {
        let mut process = self.process.lock();
        process.kill().expect("SIGKILL");
        process.wait().expect("its end");
    }

    /// `GET` of a flag.
    pub fn read(&self, component: &str) -> Option<Answer> {
        self.ask("GET", &format!("/v1/flags/{component}"), "", "")
    }

    /// `PUT` of a flag over this revision.
    pub fn write(&self, component: &str, revision: u64, body: &Value) -> Option<Answer> {
        let headers = format!("if-match: \"{revision}\"\r\ncontent-type: application/json\r\n");
        self.ask("PUT", &format!("/v1/flags/{component}"), &headers, &body.to_string())
    }

    /// The whole log of a component, oldest first.
    pub fn log_of(&self, component: &str) -> Vec<Value> {
        let mut lines: Vec<Value> = Vec::new();
        let mut before = String::new();
        loop {
            let target = format!("/v1/flags/{component}/history?limit=500{before}");
            let answer = self.ask("GET", &target, "", "").expect("an answer");
            assert_eq!(answer.status, 200, "{}", answer.json);
            let page = answer.json["changes"].as_array().expect("changes").clone();
            let Some(last) = page.last() else { break };
            before = format!("&before={}", last["revision"]);
            lines.extend(page);
        }
        lines.reverse();
        lines
    }

    /// `None` when there was no whole answer: what was asked for may have happened or not.
    fn ask(&self, method: &str, target: &str, headers: &str, body: &str) -> Option<Answer> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
             authorization: Bearer {TOKEN}\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let json = serde_json::from_str(body).ok()?;
        Some(Answer { status, json })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let mut process = self.process.lock();
        let _ = process.kill();
        let _ = process.wait();
    }
}
