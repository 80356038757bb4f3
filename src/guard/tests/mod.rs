//! Stories of the guard over a real flag table and a real store.

mod acting;
mod advancing;
mod keeping;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{DecisionCard, Guard, GuardView, Notifier};
use crate::domain::{
    Clock, ComponentId, FingerprintKey, Share, Side, SubjectKey, Timestamp, TokioClock,
};
use crate::flags::{
    Applied, Cause, Flag, Flags, FlagsError, Limits, Move, Seed, Settings, SettingsPatch, Stage,
};
use crate::ledger::{Book, Compared, Gravity, Ledger, Seen, Trial, Worth};
use crate::store::{FaultSwitch, Store};

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A guard, and everything around it.
struct World {
    guard: Guard,
    flags: Arc<Flags>,
    book: Arc<Book>,
    clock: Arc<dyn Clock>,
    store: Store,
    disk: FaultSwitch,
    dir: TempDir,
    next_subject: u64,
}

fn component() -> ComponentId {
    ComponentId::parse("http-auth").expect("an id")
}

fn canary(points: u16) -> Stage {
    Stage::Canary(Share::from_basis_points(points).expect("a share"))
}

fn by_ada(note: &str) -> Cause {
    Cause::Operator { name: "ada".to_owned(), note: note.to_owned() }
}

impl World {
    async fn open() -> Self {
        let dir = TempDir::new().expect("a directory");
        Self::open_in(dir, START).await
    }

    async fn open_in(dir: TempDir, at: Timestamp) -> Self {
        let disk = FaultSwitch::new();
        let store = Store::open_with(dir.path(), disk.clone()).expect("a store");
        let clock: Arc<dyn Clock> = Arc::new(TokioClock::starting_at(at));
        let text = "[component.http-auth]\nkind = \"auth\"\nphase = 1\nstage = \"shadow\"\n";
        let seeds = Seed::parse_all(text, "t").expect("seeds");
        let settings = Settings { cool_down: Duration::from_mins(30), ..Settings::default() };
        let flags = Flags::open(&store, seeds, settings, Arc::clone(&clock)).await;
        let flags = Arc::new(flags.expect("flags"));
        let ledger = Arc::new(Ledger::new(FingerprintKey::new([1; 32])));
        let book = ledger.book(&component());
        let guard =
            Guard::open(&store, Arc::clone(&flags), ledger, Notifier::none(), Arc::clone(&clock));
        let guard = guard.expect("a guard");
        Self { guard, flags, book, clock, store, disk, dir, next_subject: 0 }
    }

    /// Opens everything again on the same directory, after a stop in order.
    async fn again(self) -> Self {
        let at = self.clock.now();
        self.guard.keep().await.expect("kept");
        let Self { guard, flags, book, store, dir, .. } = self;
        drop((guard, flags, book));
        store.close().await.expect("closed");
        Self::open_in(dir, at).await
    }

    fn flag(&self) -> Arc<Flag> {
        Arc::clone(self.flags.snapshot().flag("http-auth").expect("a flag"))
    }

    fn stage(&self) -> Stage {
        self.flag().stage
    }

    async fn to(&self, stage: Stage) -> Result<Applied, FlagsError> {
        let moved = self.flags.apply(&component(), Move::To(stage), None, by_ada("")).await;
        // What the table says is followed at the next look.
        self.look().await;
        moved
    }

    async fn limits(&self, limits: Limits) {
        let patch = SettingsPatch { limits: Some(limits), ..SettingsPatch::default() };
        let set = self.flags.apply(&component(), Move::Settings(patch), None, by_ada("")).await;
        set.expect("other limits");
        self.look().await;
    }

    /// An answer of the next subject.
    fn trial(&mut self, arm: Side, served: Worth) -> Trial {
        self.next_subject += 1;
        let share = match self.stage() {
            Stage::Canary(share) if share != Share::ALL => Some(share),
            Stage::Canary(_)
            | Stage::Off
            | Stage::Shadow
            | Stage::Live
            | Stage::Sealed
            | Stage::Complete => None,
        };
        Trial {
            asked_at: self.clock.now(),
            revision: self.flag().revision,
            arm,
            share,
            subject: Some(SubjectKey::from_hash(self.next_subject)),
            client: None,
            drawn: true,
            proven: true,
            served,
            rescued: false,
            other_failed: None,
            compared: Compared::Harmless,
            legacy_took: Some(Duration::from_micros(80)),
            ssot_took: Some(Duration::from_micros(60)),
            recorded_at: Some(Instant::now()),
        }
    }

    /// So many subjects of each side, all served well.
    fn healthy(&mut self, each: usize) {
        for _ in 0..each {
            for arm in Side::BOTH {
                let trial = self.trial(arm, Worth::Good);
                self.book.show(Seen::Answer(trial), false);
            }
        }
    }

    /// So many subjects whom a side fails.
    fn failing(&mut self, arm: Side, count: usize) {
        for _ in 0..count {
            let trial = self.trial(arm, Worth::Failed);
            self.book.show(Seen::Answer(trial), true);
        }
    }

    fn alarm(&mut self, gravity: Gravity) {
        let arm = if self.stage().ssot_serves() { Side::Ssot } else { Side::Legacy };
        let trial = self.trial(arm, Worth::Good);
        let trial = Trial { compared: Compared::Alarming(gravity), ..trial };
        self.book.show(Seen::Answer(trial), true);
    }

    /// Looks once, and makes durable what follows from it.
    async fn look(&self) {
        let decided = self.guard.look(&[Arc::clone(&self.book)]);
        for each in decided {
            self.guard.finish(each).await;
        }
    }

    fn cards(&self) -> Vec<DecisionCard> {
        self.guard.cards(&super::CardFilter::default()).expect("cards")
    }

    fn view(&self) -> GuardView {
        self.guard.view(&component()).expect("a view")
    }
}
