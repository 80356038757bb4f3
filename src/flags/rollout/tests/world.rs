//! A store with flags and plans that can be restarted, and a clock that can be set.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use super::super::super::samples::{NOW, canary, id, operator, seeds};
use super::super::super::{Applied, Cause, Flag, Flags, FlagsError, Move, Settings, Stage};
use super::super::{
    Evidence, Finding, GoldenPathNeed, GuardWord, Needs, PassRate, Rollout, Rollouts, StartWish,
    State, Step, Traffic, Verdict,
};
use crate::domain::{Clock, Timestamp};
use crate::store::{FaultSwitch, Store};

/// A clock that stands until it is set.
#[derive(Debug)]
pub struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::SeqCst))
    }
}

impl SetClock {
    pub fn step(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// The house of one test.
pub struct World {
    pub dir: TempDir,
    pub disk: FaultSwitch,
    pub clock: Arc<SetClock>,
    open: Option<(Flags, Rollouts)>,
}

impl World {
    /// `base`, and `child` which requires it, both in shadow.
    pub async fn new() -> Self {
        let dir = TempDir::new().expect("a folder");
        let clock = Arc::new(SetClock(NOW.seconds().into()));
        let mut world = Self { dir, disk: FaultSwitch::new(), clock, open: None };
        world.reopen().await;
        world
    }

    /// The house as a new process finds it.
    pub async fn reopen(&mut self) {
        drop(self.open.take());
        self.disk.heal();
        let store = Store::open_with(self.dir.path(), self.disk.clone()).expect("a store");
        let settings = Settings { cool_down: Duration::ZERO, ..Settings::default() };
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let seeds = seeds(&["base", "child: base"]);
        let flags = Flags::open(&store, seeds, settings, Arc::clone(&clock)).await.expect("flags");
        let rollouts = Rollouts::open(&store, flags.clone(), clock).expect("plans");
        self.open = Some((flags, rollouts));
    }

    pub fn flags(&self) -> &Flags {
        &self.open.as_ref().expect("open").0
    }

    pub fn rollouts(&self) -> &Rollouts {
        &self.open.as_ref().expect("open").1
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn flag(&self) -> Arc<Flag> {
        Arc::clone(self.flags().snapshot().flag("base").expect("a flag"))
    }

    pub fn stage(&self) -> Stage {
        self.flag().stage
    }

    pub fn plan(&self) -> Arc<Rollout> {
        self.rollouts().of(&id("base")).expect("a plan")
    }

    pub fn state(&self) -> State {
        self.plan().state.clone()
    }

    pub async fn start(&self, steps: Vec<Step>) -> Result<Arc<Rollout>, FlagsError> {
        let seen = self.rollouts().of(&id("base")).map(|plan| plan.revision);
        self.rollouts().start(&id("base"), StartWish::Steps(steps), seen, by("ada")).await
    }

    pub async fn look(&self, evidence: Evidence) -> Verdict {
        self.try_look(evidence).await.expect("looked")
    }

    pub async fn try_look(&self, evidence: Evidence) -> Result<Verdict, FlagsError> {
        self.rollouts().look(&id("base"), move |_, _| evidence).await
    }

    pub async fn goes(&self, change: Move) -> Result<Applied, FlagsError> {
        self.flags().apply(&id("base"), change, None, operator("test")).await
    }
}

pub fn by(name: &str) -> Cause {
    Cause::Operator { name: name.to_owned(), note: "why".to_owned() }
}

/// Shadow, 1 %, 50 %, live, with nothing asked for.
pub fn plain() -> Vec<Step> {
    [Stage::Shadow, canary(100), canary(5_000), Stage::Live].map(step).to_vec()
}

pub fn step(to: Stage) -> Step {
    Step { to, hold: Duration::ZERO, needs: Needs::default(), approval: false }
}

/// A step that asks for everything there is.
pub fn demanding(to: Stage) -> Step {
    let needs = Needs {
        comparisons_min: 100,
        mismatches_per_10000_max: BTreeMap::from([("stricter".to_owned(), 100)]),
        failures_per_10000_max: 100,
        latency_p99_ratio_max_percent: Some(150),
        guard: true,
        certificate: true,
        tests: true,
        golden_path: Some(GoldenPathNeed { walks_min: 10, below_baseline_max_percent_points: 5 }),
        fresh_for: Duration::from_mins(10),
    };
    Step { hold: Duration::from_mins(1), needs, ..step(to) }
}

/// Evidence that opens every gate of a demanding step that began at `since`.
pub fn good(since: Timestamp, now: Timestamp) -> Evidence {
    let found = || Some(Finding { at: now, good: true, what: "run".to_owned() });
    let traffic = Traffic {
        since,
        until: now,
        comparisons: 100,
        mismatches: BTreeMap::from([("stricter".to_owned(), 1)]),
        failures: 1,
        latency_p99_ratio_percent: Some(100),
    };
    Evidence {
        traffic: Some(traffic),
        guard: Some(GuardWord::Content { at: now }),
        certificate: found(),
        tests: found(),
        golden_path: Some(PassRate {
            at: now,
            walks: 10,
            passed: 10,
            baseline_permille: Some(1000),
        }),
    }
}
