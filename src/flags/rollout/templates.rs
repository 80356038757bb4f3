//! Ready-made plans.
//!
//! All begin in shadow, where a fault hurts nobody, and double or treble the share from then on:
//! what goes wrong with one in a thousand shows at small shares only after many comparisons, and
//! what goes wrong under load only at large ones, so neither end is skipped. The least numbers of
//! comparisons are those after which, without a single fault, a fault rate of 1 % is ruled out
//! with 95 % (368, fast), 99 % (548, below normal) and 99.9 % (797, below cautious) confidence.
//!
//! No class is allowed in which ssot lets in whom legacy does not (`looser`), as somebody else
//! (`subject_differs`) or to other things (`scopes_differ`). A few of `stricter` are expected where legacy
//! is lax in ways that nobody has written down as accepted. `reason_differs` hurts nobody: both
//! sides deny.
//!
//! None asks for the guard, a certificate or a test report: what is not set up would make a plan
//! wait for ever. An unhappy guard stops every plan all the same.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::super::Stage;
use super::{Needs, Step};
use crate::domain::Share;

/// A ready-made plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Template {
    /// What it is called.
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// Comparisons at live are sampled, 5 % by default: there a twentieth must do.
const LIVE_SAMPLED: u64 = 20;

/// How a template goes about it.
struct Pace {
    shares: &'static [u16],
    hold_shadow: Duration,
    hold_canary: Duration,
    hold_live: Duration,
    comparisons_min: u64,
    stricter_max: u32,
    reason_differs_max: u32,
    failures_max: u32,
    latency_max_percent: u32,
    /// A second person approves at the last canary.
    approval_before_live: bool,
}

/// For what everything depends on: a week and a half, and a second person.
const CAUTIOUS: Pace = Pace {
    shares: &[100, 500, 1_000, 2_500, 5_000, 10_000],
    hold_shadow: Duration::from_hours(48),
    hold_canary: Duration::from_hours(24),
    hold_live: Duration::from_hours(72),
    comparisons_min: 5_000,
    stricter_max: 1,
    reason_differs_max: 100,
    failures_max: 5,
    latency_max_percent: 150,
    approval_before_live: true,
};

/// Through a working week.
const NORMAL: Pace = Pace {
    shares: &[100, 500, 2_500, 5_000, 10_000],
    hold_shadow: Duration::from_hours(24),
    hold_canary: Duration::from_hours(12),
    hold_live: Duration::from_hours(24),
    comparisons_min: 1_000,
    stricter_max: 10,
    reason_differs_max: 200,
    failures_max: 10,
    latency_max_percent: 150,
    approval_before_live: false,
};

/// For what few depend on, or what was there before: within a working day.
const FAST: Pace = Pace {
    shares: &[500, 2_500, 10_000],
    hold_shadow: Duration::from_hours(1),
    hold_canary: Duration::from_mins(30),
    hold_live: Duration::from_hours(1),
    comparisons_min: 400,
    stricter_max: 25,
    reason_differs_max: 500,
    failures_max: 50,
    latency_max_percent: 200,
    approval_before_live: false,
};

/// The ready-made plans, the slowest first.
pub fn templates() -> Vec<Template> {
    let made = |name, purpose, pace: &Pace| Template { name, purpose, steps: pace.steps() };
    vec![
        made("cautious", "what everything depends on: eleven days, a second person", &CAUTIOUS),
        made("normal", "the usual case: four and a half days", &NORMAL),
        made("fast", "what few depend on, or what was there before: three and a half hours", &FAST),
    ]
}

impl Pace {
    fn steps(&self) -> Vec<Step> {
        let canaries = self.shares.iter().filter_map(|points| Share::from_basis_points(*points));
        let canaries: Vec<Step> =
            canaries.map(|share| self.step(Stage::Canary(share), self.hold_canary)).collect();
        let mut steps = vec![self.step(Stage::Shadow, self.hold_shadow)];
        steps.extend(canaries);
        if let Some(last) = steps.last_mut() {
            last.approval = self.approval_before_live;
        }
        steps.push(self.step(Stage::Live, self.hold_live));
        steps
    }

    fn step(&self, to: Stage, hold: Duration) -> Step {
        let sampled = if to == Stage::Live { LIVE_SAMPLED } else { 1 };
        let limits = [("stricter", self.stricter_max), ("reason_differs", self.reason_differs_max)];
        let limits = limits.map(|(class, limit)| (class.to_owned(), limit));
        let needs = Needs {
            comparisons_min: self.comparisons_min / sampled,
            mismatches_per_10000_max: BTreeMap::from(limits),
            failures_per_10000_max: self.failures_max,
            latency_p99_ratio_max_percent: Some(self.latency_max_percent),
            ..Needs::default()
        };
        Step { to, hold, needs, approval: false }
    }
}

#[cfg(test)]
mod tests {
    use super::super::steps::check_steps;
    use super::*;

    #[test]
    fn every_template_is_a_plan_that_ends_live_and_lets_in_nobody_new() {
        for template in templates() {
            assert_eq!(check_steps(&template.steps), Ok(()), "{}", template.name);
            assert_eq!(template.steps.last().map(|step| step.to), Some(Stage::Live));
            for class in ["looser", "subject_differs", "scopes_differ", "claims_differ"] {
                let named = |step: &Step| step.needs.mismatches_per_10000_max.contains_key(class);
                assert!(!template.steps.iter().any(named), "{}: {class}", template.name);
            }
        }
    }

    #[test]
    fn a_template_takes_as_long_as_it_says() {
        let hours = |template: &Template| {
            template.steps.iter().map(|step| step.hold).sum::<Duration>().as_secs() / 3600
        };
        let hours: Vec<u64> = templates().iter().map(hours).collect();
        assert_eq!(hours, [264, 108, 3]);
    }
}
