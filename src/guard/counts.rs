//! What plans came to, for the metrics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::flags::{Gate, Pause, Rollout, RolloutVerdict as Verdict};

/// One figure about plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanFigure {
    /// The metric's name, without `crossfade_` and `_total`.
    pub name: &'static str,
    /// What it says.
    pub help: &'static str,
    /// A label and its value.
    pub label: Option<(&'static str, &'static str)>,
    /// True when it only grows.
    pub counts: bool,
    /// How much.
    pub value: u64,
}

/// Counts since the start.
#[derive(Debug, Default)]
pub(super) struct Counts {
    raised: AtomicU64,
    finished: AtomicU64,
    failed: AtomicU64,
    stopped: Mutex<BTreeMap<&'static str, u64>>,
}

/// Why a plan stops by itself, as in [`Pause::code`].
const STOPS: [&str; 5] = ["rolled_back", "held", "moved", "lost_track", "guard"];

const STATES: [&str; 4] = ["running", "paused", "finished", "aborted"];

impl Counts {
    /// Counts what a look came to.
    pub fn count(&self, verdict: &Verdict) {
        match verdict {
            Verdict::Rest | Verdict::Wait(_) => {}
            Verdict::Raise(_) => {
                self.raised.fetch_add(1, Ordering::Relaxed);
            }
            Verdict::Finished => {
                self.finished.fetch_add(1, Ordering::Relaxed);
            }
            Verdict::Stop(why) => self.stop(why),
        }
    }

    fn stop(&self, why: &Pause) {
        *self.stopped.lock().entry(why.code()).or_insert(0) += 1;
    }

    /// Counts a look that the disk refused.
    pub fn fail(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Every figure; those of a name together. `waiting` are the gates at which running plans
    /// stand.
    pub fn figures(&self, plans: &[Arc<Rollout>], waiting: &[Gate]) -> Vec<PlanFigure> {
        let figure =
            |name, help, label, counts, value| PlanFigure { name, help, label, counts, value };
        let many = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let states = STATES.map(|state| {
            let count = plans.iter().filter(|plan| plan.state.name() == state).count();
            let help = "Rollout plans, by state";
            figure("rollout_plans", help, Some(("state", state)), false, many(count))
        });
        let gates = Gate::ALL.map(|gate| {
            let count = waiting.iter().filter(|each| **each == gate).count();
            let help = "Running plans that wait, by what they wait for";
            figure("rollout_waiting", help, Some(("for", gate.code())), false, many(count))
        });
        let stopped = self.stopped.lock();
        let stops = STOPS.map(|why| {
            let count = stopped.get(why).copied().unwrap_or(0);
            let help = "Plans that stopped by themselves, by reason";
            figure("rollout_stops", help, Some(("because", why)), true, count)
        });
        let plain = |name, help, value: &AtomicU64| {
            figure(name, help, None, true, value.load(Ordering::Relaxed))
        };
        let mut all: Vec<PlanFigure> = states.into_iter().chain(gates).chain(stops).collect();
        all.extend([
            plain("rollout_raises", "Raises by plans", &self.raised),
            plain("rollout_finishes", "Plans that came to their end", &self.finished),
            plain("rollout_look_failures", "Looks at plans that the disk refused", &self.failed),
        ]);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told_under_its_reason() {
        let counts = Counts::default();
        counts.count(&Verdict::Stop(Pause::LostTrack));
        counts.count(&Verdict::Finished);
        let figures = counts.figures(&[], &[Gate::Hold, Gate::Hold]);
        let of = |name, label| {
            let found = figures
                .iter()
                .find(|each| each.name == name && each.label.map(|(_, value)| value) == label);
            found.map(|figure| figure.value)
        };
        assert_eq!(of("rollout_stops", Some("lost_track")), Some(1));
        assert_eq!(of("rollout_stops", Some("held")), Some(0));
        assert_eq!(of("rollout_waiting", Some("hold")), Some(2));
        assert_eq!(of("rollout_finishes", None), Some(1));
        assert_eq!(of("rollout_raises", None), Some(0));
    }
}
