//! A running process takes new certificates when it is told to, and does not end.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const CONFIG: &str = r#"
data_dir = "data"
environment = "alone"
seeds = "seeds.toml"
[listen]
data = "127.0.0.1:0"
control = "127.0.0.1:0"
metrics = "127.0.0.1:0"
[tls.data]
certificate = "chain.pem"
key = "key.pem"
[authority]
issuer = "issuer"
audiences = ["audience"]
[log]
requests = "off"
"#;

fn write_private(path: &Path, text: &str) {
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("permitted");
}

fn write_pair(dir: &Path) {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a pair");
    write_private(&dir.join("chain.pem"), &pair.cert.pem());
    write_private(&dir.join("key.pem"), &pair.signing_key.serialize_pem());
}

const SEEDS: &str = r#"
[component.token-operations]
kind = "tokens"
phase = 1
stage = "off"
"#;

/// A service, stopped when it is dropped.
struct Service {
    process: Child,
    metrics: String,
}

impl Service {
    fn start(dir: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_crossfade"))
            .args(["serve", "--config"])
            .arg(dir.join("c.toml"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let log = BufReader::new(process.stderr.take().expect("a log"));
        let mut lines = log.lines().map(|line| line.expect("a line"));
        let mut said = String::new();
        let line = lines.find(|line| {
            said += line;
            line.contains("\"listening\"")
        });
        let line = line.unwrap_or_else(|| panic!("it does not listen: {said}"));
        let told: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let metrics = told["metrics.address"].as_str().expect("an address").to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, metrics }
    }

    fn hang_up(&self) {
        let kill = Command::new("kill").args(["-HUP", &self.process.id().to_string()]).status();
        assert!(kill.expect("kill runs").success());
    }

    /// Waits until an event of the data listener has been counted so often.
    fn counted(&self, event: &str, times: u32) {
        let line = format!(
            r#"crossfade_listener_events_total{{listener="data",event="{event}"}} {times}"#
        );
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut text = String::new();
        while Instant::now() < deadline {
            text = self.read_metrics();
            if text.contains(&line) {
                return;
            }
        }
        panic!("{line} is not in\n{text}");
    }

    fn read_metrics(&self) -> String {
        let mut stream = TcpStream::connect(&self.metrics).expect("connected");
        let request = b"GET /metrics HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
        stream.write_all(request).expect("written");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        text
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_hangup_reads_the_certificates_again_and_ends_nothing() {
    let dir = TempDir::new().expect("a directory");
    write_pair(dir.path());
    fs::write(dir.path().join("c.toml"), CONFIG).expect("written");
    fs::write(dir.path().join("seeds.toml"), SEEDS).expect("written");
    let service = Service::start(dir.path());
    service.counted("reloaded", 0);
    write_pair(dir.path());
    service.hang_up();
    service.counted("reloaded", 1);
    write_private(&dir.path().join("key.pem"), "no key");
    service.hang_up();
    service.counted("reload_failed", 1);
    write_pair(dir.path());
    service.hang_up();
    service.counted("reloaded", 2);
}
