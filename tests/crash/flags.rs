//! Killed at any moment, the flag table loses nothing it has acknowledged.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossfade::domain::{ComponentId, Revision, Share, SystemClock};
use crossfade::flags::{Cause, Flag, Flags, HistoryFilter, HistoryRow, Move, Seed, Settings};
use crossfade::flags::{LineHash, Linked, SettingsPatch, Stage, Verdict};
use crossfade::store::Store;
use rand::RngExt;

use super::kit::{TIME_MAX, acknowledge, directory, run_and_kill};

const CHILD: &str = "flags::the_child_changes_flags_until_it_is_killed";
const KILLS: u32 = 25;
const WRITES_MIN: usize = 1000;
const WRITERS: usize = 8;

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
        for line in run_and_kill(dir.path(), CHILD) {
            let flag: Flag = serde_json::from_str(&line).expect("a flag");
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

/// What has been found on the disk so far.
#[derive(Default)]
struct Checked {
    acknowledged: Acknowledged,
    /// The last row of each component, by the log.
    known: HashMap<ComponentId, Flag>,
    newest: Revision,
    lines: usize,
    /// Of the logs, as they were found last.
    heads: Vec<LineHash>,
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
            // Every head of an earlier check is in the chain still.
            match flags.verify(&self.heads).await.expect("a readable disk") {
                Verdict::Verified(heads) => {
                    self.heads = heads.iter().map(|each| each.hash).collect();
                }
                Verdict::Broken(broken) => panic!("the log is broken: {broken}"),
            }
        });
    }

    fn check_from_the_start(&mut self, dir: &Path) {
        let acknowledged = std::mem::take(&mut self.acknowledged);
        *self = Self { acknowledged, ..Self::default() };
        self.check(dir);
    }

    /// Takes the next line of the log: it must continue the chain of its component, and say what
    /// was acknowledged under its revision.
    fn follow(&mut self, line: Linked<HistoryRow>) {
        assert!(line.revision > self.newest, "the log is in order");
        assert_eq!(line.before.as_ref(), self.known.get(&line.component), "the chain is whole");
        if let Some(acknowledged) = self.acknowledged.get(&line.revision) {
            assert_eq!(*acknowledged, line.after, "the log says what was acknowledged");
        }
        self.newest = line.revision;
        self.lines += 1;
        let HistoryRow { component, after, .. } = line.into_line();
        self.known.insert(component, after);
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
fn lines_after(flags: &Flags, revision: Revision) -> Vec<Linked<HistoryRow>> {
    let mut lines: Vec<Linked<HistoryRow>> = Vec::new();
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
    let seeds = Seed::parse_all(include_str!("../../flags/production.toml"), "production.toml");
    let settings = Settings { cool_down: Duration::ZERO, ..Settings::default() };
    let clock = Arc::new(SystemClock);
    Flags::open(&store, seeds.expect("seeds"), settings, clock).await.expect("the flag table")
}

/// Does nothing unless the test above has started it.
#[test]
fn the_child_changes_flags_until_it_is_killed() {
    let Some(dir) = directory(CHILD) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
    runtime.expect("a runtime").block_on(async {
        let flags = open(&dir).await;
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
        let change = any_move(&flags, flag);
        let cause = match change {
            Move::RollBack => Cause::Guard { trip: "any".to_owned() },
            Move::To(_) | Move::Hold | Move::Release | Move::Settings(_) | Move::Restore(_) => {
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

fn any_move(flags: &Flags, flag: &Flag) -> Move {
    let mut random = rand::rng();
    if random.random_range(0..16) == 0
        && let Ok(before) = flags.revision_before(flag)
    {
        return Move::Restore(before);
    }
    let share = Share::from_basis_points(random.random_range(1..=10_000)).expect("a share");
    match random.random_range(0..16) {
        0 => Move::RollBack,
        15 => Move::Hold,
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
