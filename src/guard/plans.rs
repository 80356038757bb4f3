//! Looks at running plans, with what is known about their components.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::counts::Counts;
use super::traffic::TrafficSince;
use super::{Guard, Imported, ImportedSource, PlanFigure};
use crate::domain::{Clock, ComponentId, Timestamp};
use crate::flags::{
    Evidence, Flags, FlagsError, Gate, Lack, Rollout, RolloutState, RolloutVerdict as Verdict,
    Rollouts, Traffic,
};
use crate::ledger::Ledger;
use crate::store::Store;

/// How often every running plan is looked at when nothing happens.
const INTERVAL: Duration = Duration::from_secs(1);

/// The plans, and whoever advances them.
pub struct Plans {
    flags: Arc<Flags>,
    rollouts: Rollouts,
    traffic: TrafficSince,
    imported: ImportedSource,
    guard: Guard,
    clock: Arc<dyn Clock>,
    counts: Counts,
    /// What was last told about a plan, so that it is told once.
    told: Mutex<BTreeMap<ComponentId, Told>>,
}

/// What the last look at a plan came to, without figures.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Waits(Vec<(Gate, Lack, Option<String>)>),
    Failed,
}

impl Plans {
    /// Reads the kept plans. Evidence that is imported comes from `imported`.
    pub fn open(
        store: &Store,
        flags: Arc<Flags>,
        ledger: Arc<Ledger>,
        imported: ImportedSource,
        guard: Guard,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, FlagsError> {
        let rollouts = Rollouts::open(store, Flags::clone(&flags), Arc::clone(&clock))?;
        let traffic = TrafficSince::open(ledger, store)?;
        let (counts, told) = (Counts::default(), Mutex::default());
        Ok(Self { flags, rollouts, traffic, imported, guard, clock, counts, told })
    }

    /// The kept plans.
    pub const fn rollouts(&self) -> &Rollouts {
        &self.rollouts
    }

    /// What is known about the component of a plan, beside its traffic.
    fn evidence(&self, plan: &Rollout, traffic: Option<Traffic>, now: Timestamp) -> Evidence {
        let Imported { certificate, tests, golden_path } =
            (self.imported)(&plan.component, plan.position.since, now);
        let certificate = self.guard.certified(&plan.component, certificate);
        let guard = self.guard.word(&plan.component, now);
        Evidence { traffic, guard, certificate, tests, golden_path }
    }

    /// What a look would find now, and from what evidence; nothing is done.
    pub fn foresee(&self, plan: &Rollout) -> (Verdict, Evidence) {
        let now = self.clock.now();
        let evidence = self.evidence(plan, self.traffic.seen(plan, now), now);
        (self.rollouts.foresee(plan, &evidence, now), evidence)
    }

    /// What plans came to, for the metrics.
    pub fn figures(&self) -> Vec<PlanFigure> {
        let told = self.told.lock().clone();
        let gates = told.values().flat_map(|told| match told {
            Told::Waits(waits) => waits.iter().map(|(gate, ..)| *gate).collect(),
            Told::Failed => BTreeSet::new(),
        });
        let gates: Vec<Gate> = gates.collect();
        self.counts.figures(&self.rollouts.all(), &gates)
    }

    /// Looks at the plans until a stop is asked for.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut changes = self.flags.watch();
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                Ok(()) = changes.changed() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            self.look_at_all().await;
        }
    }

    /// Looks at every running plan once.
    pub async fn look_at_all(self: &Arc<Self>) {
        for plan in self.rollouts.all() {
            if plan.state == RolloutState::Running {
                self.look(&plan.component).await;
            } else {
                self.told.lock().remove(&plan.component);
            }
        }
    }

    async fn look(self: &Arc<Self>, component: &ComponentId) {
        let plans = Arc::clone(self);
        let gather =
            move |plan: &Rollout, now| plans.evidence(plan, plans.traffic.of(plan, now), now);
        match self.rollouts.look(component, gather).await {
            Ok(verdict) => self.tell(component, &verdict),
            Err(error) => {
                self.counts.fail();
                if self.tells(component, &Told::Failed) {
                    tracing::error!(flag.component = %component, %error, "a plan cannot go on");
                }
            }
        }
        if let Err(error) = self.traffic.keep(component).await {
            tracing::warn!(flag.component = %component, %error,
                "what stood in the ledger when a plan's step began is not kept");
        }
    }

    /// Counts a verdict, and logs it when it is another one.
    fn tell(&self, component: &ComponentId, verdict: &Verdict) {
        self.counts.count(verdict);
        match verdict {
            Verdict::Wait(waits) => {
                let bare = waits.iter().map(|wait| (wait.gate, wait.lack, wait.class.clone()));
                if self.tells(component, &Told::Waits(bare.collect())) {
                    let waits: Vec<String> = waits.iter().map(ToString::to_string).collect();
                    tracing::info!(flag.component = %component, waits = waits.join("; "),
                        "a plan waits");
                }
                return;
            }
            Verdict::Raise(stage) => {
                tracing::info!(flag.component = %component, flag.stage = %stage,
                    "a plan has raised its component");
            }
            Verdict::Stop(why) => {
                tracing::warn!(flag.component = %component, %why,
                    "a plan has stopped until a person resumes it");
            }
            Verdict::Finished => tracing::info!(flag.component = %component, "a plan is finished"),
            Verdict::Rest => {}
        }
        self.told.lock().remove(component);
    }

    /// True when this was not told last.
    fn tells(&self, component: &ComponentId, now: &Told) -> bool {
        self.told.lock().insert(component.clone(), now.clone()).as_ref() != Some(now)
    }
}
