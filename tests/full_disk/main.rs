//! A process whose disk takes no more: what it is acknowledged outlives it, what it is refused is
//! seen by nobody.
//!
//! The test starts itself again as a child whose files may not grow beyond a limit (`ulimit -f`),
//! which is as near to a full disk as one comes without being root.

mod service;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use crossfade::domain::{Clock, ComponentId, Share, SystemClock};
use crossfade::flags::{AcceptedDifference, Cause, Flag, Flags, FlagsError, HistoryFilter};
use crossfade::flags::{Move, Seed, Settings, SettingsPatch, Stage};
use crossfade::store::Store;

const DIRECTORY: &str = "CROSSFADE_TEST_FULL_DISK_DIRECTORY";
const MARK: &str = "now serves ";
const COMPONENT: &str = "http-auth";
/// Whole segments of the engine, in the 512 bytes of `ulimit -f`: 3 MiB.
const LIMIT_BLOCKS: u32 = 6144;
const CHANGES_MAX: u32 = 20_000;

#[tokio::test]
async fn a_rollback_on_a_full_disk_outlives_a_kill() {
    let dir = tempfile::tempdir().expect("a folder");
    let flags = open(dir.path()).await;
    for stage in [Stage::Shadow, canary()] {
        flags.apply(&component(), Move::To(stage), None, operator()).await.expect("raised");
    }
    drop(flags);

    let rolled_back = run_until_told_and_kill(dir.path());
    assert_eq!(rolled_back.stage, Stage::Shadow);
    assert!(rolled_back.latch.is_some());
    let on_the_full_disk = run_until_told_and_kill(dir.path());
    assert_eq!(on_the_full_disk, rolled_back);

    let flags = open(dir.path()).await;
    let snapshot = flags.snapshot();
    assert_eq!(snapshot.flag(COMPONENT).map(|flag| &**flag), Some(&rolled_back));
    assert_eq!(flags.unsaved(), 0);
    let lines = flags.history(&HistoryFilter::default()).expect("a page");
    assert_eq!(lines[0].after, rolled_back);
    assert_eq!(lines[0].before.as_ref(), Some(&lines[1].after));
}

/// What the child said last, before it was killed.
fn run_until_told_and_kill(dir: &Path) -> Flag {
    let mut child = start(dir);
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let told = output.lines().find_map(|line| {
        let line = line.expect("text");
        let (_, json) = line.split_once(MARK)?;
        Some(serde_json::from_str(json).expect("a flag"))
    });
    child.kill().expect("SIGKILL");
    child.wait().expect("its end");
    told.expect("the child ended by itself")
}

fn start(dir: &Path) -> Child {
    let limited = format!("trap '' XFSZ; ulimit -f {LIMIT_BLOCKS}; exec \"$0\" \"$@\"");
    Command::new("sh")
        .args(["-c", &limited])
        .arg(std::env::current_exe().expect("our own path"))
        .args(["--exact", "the_child_fills_its_disk_and_rolls_back", "--nocapture"])
        .env(DIRECTORY, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("a child")
}

/// Does nothing unless the test above has started it.
#[test]
#[expect(clippy::disallowed_methods, reason = "how the parent tells its child what it is")]
fn the_child_fills_its_disk_and_rolls_back() {
    let Some(dir) = std::env::var_os(DIRECTORY) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let flags = open(Path::new(&dir)).await;
        let latched = flags.snapshot().flag(COMPONENT).is_some_and(|flag| flag.latch.is_some());
        if !latched {
            change_until_refused(&flags).await;
            flags.apply(&component(), Move::RollBack, None, operator()).await.expect("noted");
            assert_eq!(flags.unsaved(), 1);
        }
        let snapshot = flags.snapshot();
        let flag = snapshot.flag(COMPONENT).expect("the component");
        let line = format!("{MARK}{}\n", serde_json::to_string(flag).expect("json"));
        let mut output = std::io::stdout().lock();
        output.write_all(line.as_bytes()).and_then(|()| output.flush()).expect("a listener");
        // Until the parent kills us, or is gone.
        std::io::stdin().read_line(&mut String::new()).expect("nothing");
    });
}

/// The refused change must be neither in the table nor in the log.
async fn change_until_refused(flags: &Flags) {
    for number in 0..CHANGES_MAX {
        let before = flags.snapshot();
        let change = Move::Settings(settings(number));
        if let Err(problem) = flags.apply(&component(), change, None, operator()).await {
            assert!(matches!(problem, FlagsError::Store(_)), "{problem}");
            assert_eq!(flags.snapshot().flag(COMPONENT), before.flag(COMPONENT));
            let lines = flags.history(&HistoryFilter::default()).expect("a page");
            assert_eq!(Some(&lines[0].after), before.flag(COMPONENT).map(|flag| &**flag));
            return;
        }
    }
    panic!("the disk is never full");
}

fn settings(number: u32) -> SettingsPatch {
    let long = "x".repeat(200);
    let difference = AcceptedDifference {
        name: format!("d-{number}"),
        class: "stricter".to_owned(),
        legacy_reason: None,
        ssot_reason: None,
        claim_shape: None,
        max_per_hour: None,
        owner: long.clone(),
        reason: long,
        expires_at: SystemClock.now().plus_seconds(60),
    };
    let accepted = Some(vec![difference]);
    SettingsPatch { deadline_ms: Some(100 + number % 2), accepted, ..SettingsPatch::default() }
}

fn component() -> ComponentId {
    ComponentId::parse(COMPONENT).expect("an id")
}

fn canary() -> Stage {
    Stage::Canary(Share::from_basis_points(1000).expect("a share"))
}

fn operator() -> Cause {
    Cause::Operator { name: "ada".to_owned(), note: "because".to_owned() }
}

async fn open(dir: &Path) -> Flags {
    let store = Store::open(dir).expect("the store");
    let seeds = Seed::parse_all(include_str!("../../flags/production.toml"), "production.toml");
    let clock = Arc::new(SystemClock);
    let flags = Flags::open(&store, seeds.expect("seeds"), Settings::default(), clock).await;
    flags.expect("the flag table")
}
