//! A table of many pairs of components, one for each run, on a disk that waits to be told.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::domain::{Clock, ComponentId, Revision, SegmentId, Timestamp};
use crate::flags::samples::{NOW, assert_history_is_whole, id, operator, seeds};
use crate::flags::{
    BackTo, Cause, Document, Flag, Flags, Format, SegmentDraft, Selection, Settings, Verdict,
    verify_store,
};
use crate::store::{FaultSwitch, Held, Store};

/// Pairs of one table: so few that its revisions never run low, for which the disk would be asked
/// at a moment of its own.
const PAIRS: usize = 8;

/// Where a pair starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// In canary, the parent at 50 % and the child at 10 %; both have been higher.
    Serving,
    /// In shadow, both latched.
    Latched,
}

/// Says that a future may go on.
#[derive(Debug, Default)]
pub(super) struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Woken {
    pub fn is_woken(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Lets a future go as far as it can without anybody else.
    pub fn poll<F: Future + ?Sized>(
        self: &Arc<Self>,
        work: std::pin::Pin<&mut F>,
    ) -> Poll<F::Output> {
        self.0.store(false, Ordering::SeqCst);
        work.poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))))
    }
}

/// A table, and the disk under it.
pub(super) struct House {
    runtime: Runtime,
    start: Start,
    dir: TempDir,
    pub disk: FaultSwitch,
    /// The disk waits while this is there.
    pub held: Option<Held>,
    pub flags: Flags,
    store: Store,
    used: usize,
    /// The revisions at which components were higher than they start.
    pub higher: HashMap<ComponentId, Revision>,
    /// What another process must find.
    kept: Vec<Arc<Flag>>,
}

/// A clock that stands, for every process alike.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

fn name(pair: usize, who: &str) -> ComponentId {
    id(&format!("{who}-{pair}"))
}

async fn open(store: &Store) -> Flags {
    let line = |pair| [format!("parent-{pair}"), format!("child-{pair}: parent-{pair}")];
    let lines: Vec<String> = (0..PAIRS).flat_map(line).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let settings = Settings { cool_down: Duration::ZERO, ..Settings::default() };
    Flags::open(store, seeds(&lines), settings, Arc::new(Still)).await.expect("flags")
}

/// A document that puts all parents and all children somewhere, in basis points.
fn all_at(parent: u16, child: u16) -> Document {
    let (parent, child) = (parent / 100, child / 100);
    let table = |pair| {
        format!(
            "[component.parent-{pair}]\nstage = \"canary\"\nshare_percent = {parent}\n\
             [component.child-{pair}]\nstage = \"canary\"\nshare_percent = {child}\n"
        )
    };
    let text: String = (0..PAIRS).map(table).collect();
    Document::parse(&text, Format::Toml).expect("a document")
}

impl House {
    pub fn new(start: Start) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (dir, disk) = (TempDir::new().expect("a folder"), FaultSwitch::new());
        let store = Store::open_with(dir.path(), disk.clone()).expect("a store");
        let (flags, higher) = runtime.block_on(async {
            let flags = open(&store).await;
            flags.put_segment(beta(), None, operator("test")).await.expect("made");
            flags.import(all_at(8000, 3000), None, operator("up")).await.expect("raised");
            let revision = |flag: &Arc<Flag>| (flag.component.clone(), flag.revision);
            let higher = flags.snapshot().iter().map(revision).collect();
            flags.import(all_at(5000, 1000), None, operator("down")).await.expect("lowered");
            if start == Start::Latched {
                let (cause, nobody) = (two_people(), |_: &ComponentId| None);
                let all = flags.roll_back_many(Selection::All, BackTo::Shadow, cause, nobody);
                all.await.expect("rolled back");
            }
            (flags, higher)
        });
        let (held, kept, used) = (Some(disk.hold()), Vec::new(), 0);
        *flags.room.shown.lock() = Some(Vec::new());
        Self { runtime, start, dir, disk, held, flags, store, used, higher, kept }
    }

    /// A pair that nobody has touched: parent and child.
    pub fn pair(&mut self) -> [ComponentId; 2] {
        if self.used == PAIRS {
            let fresh = Self::new(self.start);
            std::mem::replace(self, fresh).close();
        }
        self.used += 1;
        ["parent", "child"].map(|who| name(self.used - 1, who))
    }

    /// Lets what waits for the pool of the runtime be started from here.
    pub fn enter(&self) -> tokio::runtime::EnterGuard<'_> {
        self.runtime.enter()
    }

    /// The row of a component on the disk.
    pub fn row(&self, component: &ComponentId) -> Flag {
        let rows = self.store.table::<Flag>("flags");
        rows.get(component.as_str()).expect("readable").expect("a row").value
    }

    /// What is to be found by another process.
    pub fn expect(&mut self, flag: &Arc<Flag>) {
        self.kept.push(Arc::clone(flag));
    }

    /// Another process finds what this one has left on the disk.
    pub fn crash(&mut self) {
        self.held = None;
        self.flags = self.runtime.block_on(open(&self.store));
        *self.flags.room.shown.lock() = Some(Vec::new());
        self.held = Some(self.disk.hold());
    }

    /// Writes what the disk has refused.
    pub fn save(&mut self) {
        self.held = None;
        self.runtime.block_on(self.flags.save()).expect("saved");
        self.held = Some(self.disk.hold());
    }

    /// Ends this process, and lets another one look at the folder.
    pub fn close(self) {
        let Self { runtime, dir, disk, held, flags, store, kept, .. } = self;
        drop(held);
        drop((flags, store, disk));
        let store = Store::open(dir.path()).expect("a store");
        let flags = runtime.block_on(open(&store));
        for flag in kept {
            assert_eq!(flags.snapshot().flag(flag.component.as_str()), Some(&flag));
        }
        assert_history_is_whole(&flags);
        let verdict = verify_store(&store, &[]).expect("readable");
        assert!(matches!(verdict, Verdict::Verified(_)), "{verdict:?}");
    }
}

pub(super) fn beta() -> SegmentDraft {
    SegmentDraft {
        name: SegmentId::parse("beta").expect("a name"),
        description: String::new(),
        subjects: ["ada".to_owned()].into(),
        tenants: [].into(),
        scopes: [].into(),
        headers: [].into(),
    }
}

pub(super) fn two_people() -> Cause {
    Cause::TwoPeople {
        asked_by: "ada".to_owned(),
        approved_by: "bob".to_owned(),
        note: "test".to_owned(),
    }
}
