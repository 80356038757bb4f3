//! Killed at any moment, the flag table loses nothing it has acknowledged.
//!
//! The test starts itself again as a child that changes flags from many tasks and prints a line
//! for each change it was acknowledged. The parent kills the child with SIGKILL at a random
//! moment, opens the table itself, and compares what it finds with what was acknowledged.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use crossfade::domain::{ComponentId, Revision, Share, SystemClock};
use crossfade::flags::{Cause, Flag, Flags, HistoryFilter, HistoryRow, Move, Seed, Settings};
use crossfade::flags::{SettingsPatch, Stage};
use crossfade::store::Store;
use rand::RngExt;

const KILLS: u32 = 25;
const WRITES_MIN: usize = 1000;
const TIME_MAX: Duration = Duration::from_mins(1);
const WRITERS: usize = 8;
const DIRECTORY: &str = "CROSSFADE_TEST_CRASH_DIRECTORY";
const MARK: &str = "acknowledged ";

/// One changed row that the child was acknowledged.
type Acknowledged = BTreeMap<Revision, Flag>;

#[test]
fn a_kill_at_any_moment_loses_nothing_that_was_acknowledged() {
    let dir = tempfile::tempdir().expect("a folder");
    let started = Instant::now();
    let mut table = Checked::default();
    let mut kills = 0;
    while kills < KILLS || table.acknowledged.len() < WRITES_MIN {
        assert!(started.elapsed() < TIME_MAX, "too slow: {kills} kills");
        for flag in run_and_kill(dir.path()) {
            let again = table.acknowledged.insert(flag.revision, flag);
            assert_eq!(again, None, "a revision was acknowledged twice");
        }
        kills += 1;
        table.check(dir.path());
    }
    table.check_from_the_start(dir.path());
    println!(
        "{kills} kills, {} changed rows acknowledged, {} lines of history, {} components, {:.1} s",
        table.acknowledged.len(),
        table.lines,
        table.known.len(),
        started.elapsed().as_secs_f32()
    );
}

/// Starts the child, kills it at a random moment, and returns what it was acknowledged.
fn run_and_kill(dir: &Path) -> Vec<Flag> {
    let mut child = Command::new(std::env::current_exe().expect("our own path"))
        .args(["--exact", "the_child_changes_flags_until_it_is_killed", "--nocapture"])
        .env(DIRECTORY, dir)
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
fn parse(line: &str) -> Option<Flag> {
    let (_, json) = line.split_once(MARK)?;
    Some(serde_json::from_str(json).expect("a flag"))
}

/// What has been found on the disk so far.
#[derive(Default)]
struct Checked {
    acknowledged: Acknowledged,
    /// The last row of each component, by the log.
    known: HashMap<ComponentId, Flag>,
    newest: Revision,
    lines: usize,
}

impl Checked {
    /// Opens the table as a new process does, and compares.
    fn check(&mut self, dir: &Path) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let flags = open(dir).await;
            for line in lines_after(&flags, self.newest) {
                self.follow(line);
            }
            self.compare(&flags);
        });
    }

    fn check_from_the_start(&mut self, dir: &Path) {
        let acknowledged = std::mem::take(&mut self.acknowledged);
        *self = Self { acknowledged, ..Self::default() };
        self.check(dir);
    }

    /// Takes the next line of the log: it must continue the chain of its component, and say what
    /// was acknowledged under its revision.
    fn follow(&mut self, line: HistoryRow) {
        assert!(line.revision > self.newest, "the log is in order");
        assert_eq!(line.before.as_ref(), self.known.get(&line.component), "the chain is whole");
        if let Some(acknowledged) = self.acknowledged.get(&line.revision) {
            assert_eq!(*acknowledged, line.after, "the log says what was acknowledged");
        }
        self.newest = line.revision;
        self.lines += 1;
        self.known.insert(line.component, line.after);
    }

    fn compare(&self, flags: &Flags) {
        let snapshot = flags.snapshot();
        assert_eq!(snapshot.iter().len(), self.known.len());
        for flag in snapshot.iter() {
            assert_eq!(self.known.get(&flag.component), Some(&**flag), "the log ends at the row");
        }
        for flag in self.acknowledged.values() {
            let stored = snapshot.flag(flag.component.as_str()).expect("the component");
            assert!(stored.revision >= flag.revision, "{} is lost", flag.revision);
        }
        let last = HistoryFilter { limit: Some(1), ..HistoryFilter::default() };
        let last = flags.history(&last).expect("a page");
        assert_eq!(last.first().map(|line| line.revision), Some(self.newest));
    }
}

/// The log after a revision, oldest first.
fn lines_after(flags: &Flags, revision: Revision) -> Vec<HistoryRow> {
    let mut lines: Vec<HistoryRow> = Vec::new();
    loop {
        let before = lines.last().map(|line| line.revision);
        let page = flags.history(&HistoryFilter { before, ..HistoryFilter::default() });
        let page = page.expect("a page");
        let ended = page.is_empty() || page.iter().any(|line| line.revision <= revision);
        lines.extend(page.into_iter().filter(|line| line.revision > revision));
        if ended {
            lines.reverse();
            return lines;
        }
    }
}

async fn open(dir: &Path) -> Flags {
    let store = Store::open(dir).expect("the store");
    let seeds = Seed::parse_all(include_str!("../flags/production.toml"), "production.toml");
    let settings = Settings { cool_down: Duration::ZERO, ..Settings::default() };
    let clock = Arc::new(SystemClock);
    Flags::open(&store, seeds.expect("seeds"), settings, clock).await.expect("the flag table")
}

/// Does nothing unless the test above has started it.
#[test]
#[expect(clippy::disallowed_methods, reason = "how the parent tells its child what it is")]
fn the_child_changes_flags_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIRECTORY) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
    runtime.expect("a runtime").block_on(async {
        let flags = open(Path::new(&dir)).await;
        let writers = (0..WRITERS).map(|_| tokio::spawn(write_for_ever(flags.clone())));
        for writer in writers.collect::<Vec<_>>() {
            writer.await.expect("no panic");
        }
    });
}

async fn write_for_ever(flags: Flags) {
    loop {
        let snapshot = flags.snapshot();
        let chosen = rand::rng().random_range(0..snapshot.iter().len());
        let flag = snapshot.sorted()[chosen];
        let change = any_move();
        let cause = match change {
            Move::RollBack => Cause::Guard { trip: "any".to_owned() },
            Move::To(_) | Move::Release | Move::Settings(_) => {
                Cause::Operator { name: "ada".to_owned(), note: "because".to_owned() }
            }
        };
        let outcome = flags.apply(&flag.component, change, Some(flag.revision), cause).await;
        if let Ok(applied) = outcome {
            for flag in applied.dependents.iter().chain([&applied.flag]) {
                acknowledge(flag);
            }
        }
    }
}

fn any_move() -> Move {
    let mut random = rand::rng();
    let share = Share::from_basis_points(random.random_range(1..=10_000)).expect("a share");
    match random.random_range(0..16) {
        0 => Move::RollBack,
        1..=4 => Move::Release,
        5 => Move::To(Stage::Shadow),
        6 => Move::To(Stage::Live),
        7 => Move::To(Stage::Sealed),
        8..=9 => Move::Settings(SettingsPatch {
            deadline_ms: Some(random.random_range(50..=60_000)),
            ..SettingsPatch::default()
        }),
        _ => Move::To(Stage::Canary(share)),
    }
}

fn acknowledge(flag: &Flag) {
    let line = format!("{MARK}{}\n", serde_json::to_string(flag).expect("json"));
    let mut output = std::io::stdout().lock();
    output.write_all(line.as_bytes()).and_then(|()| output.flush()).expect("a listener");
}
