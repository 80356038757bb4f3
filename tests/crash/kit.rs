//! A child that is killed.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use rand::RngExt;
use serde::Serialize;

/// A story that takes longer has gone wrong.
pub const TIME_MAX: Duration = Duration::from_mins(3);

const DIRECTORY: &str = "CROSSFADE_TEST_CRASH_DIRECTORY";
const CHILD: &str = "CROSSFADE_TEST_CRASH_CHILD";
const MARK: &str = "acknowledged ";

/// Starts this binary again as a child that runs one test, kills it at a random moment, and
/// returns what it told.
pub fn run_and_kill(dir: &Path, test: &str) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().expect("our own path"))
        .args(["--exact", test, "--nocapture"])
        .env(DIRECTORY, dir)
        .env(CHILD, test)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("a child");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let (sender, lines) = sync_channel(1024);
    let reader = std::thread::spawn(move || {
        for line in whole_lines(output) {
            sender.send(line).expect("a listener");
        }
    });
    let mut found = listen_for_a_while(&lines);
    child.kill().expect("SIGKILL");
    found.extend(lines.iter());
    child.wait().expect("its end");
    reader.join().expect("no panic");
    found.iter().filter_map(|line| parse(line)).collect()
}

/// One in four children dies early, perhaps before it has opened the table; the others die some
/// time after their first change.
fn listen_for_a_while(lines: &Receiver<String>) -> Vec<String> {
    let mut random = rand::rng();
    let mut found = Vec::new();
    let early = random.random_ratio(1, 4);
    if !early {
        loop {
            let line = lines.recv_timeout(TIME_MAX).expect("a first change");
            let is_first = line.contains(MARK);
            found.push(line);
            if is_first {
                break;
            }
        }
    }
    let end = Instant::now() + Duration::from_micros(random.random_range(0..250_000));
    loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => found.push(line),
            Err(RecvTimeoutError::Timeout) => return found,
            Err(RecvTimeoutError::Disconnected) => panic!("the child ended by itself"),
        }
    }
}

/// Lines that end; a kill may cut the last one.
fn whole_lines(mut output: impl BufRead) -> impl Iterator<Item = String> {
    std::iter::from_fn(move || {
        let mut line = String::new();
        output.read_line(&mut line).expect("text");
        line.ends_with('\n').then_some(line)
    })
}

/// The test harness may have written something in front of the mark.
fn parse(line: &str) -> Option<String> {
    let (_, json) = line.split_once(MARK)?;
    Some(json.trim_end().to_owned())
}

/// The directory to work in, if this process is the child that runs this test.
#[expect(clippy::disallowed_methods, reason = "how the parent tells its child what it is")]
pub fn directory(test: &str) -> Option<PathBuf> {
    let is_child = std::env::var(CHILD).is_ok_and(|child| child == test);
    std::env::var_os(DIRECTORY).filter(|_| is_child).map(PathBuf::from)
}

/// Tells the parent, in one write.
pub fn acknowledge(what: &impl Serialize) {
    let line = format!("{MARK}{}\n", serde_json::to_string(what).expect("json"));
    let mut output = std::io::stdout().lock();
    output.write_all(line.as_bytes()).and_then(|()| output.flush()).expect("a listener");
}
