//! What came of all runs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::judges::Alarm;
use crate::domain::Timestamp;

/// How each rule did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rehearsal {
    /// Runs that became worse.
    pub runs: u32,
    /// Runs that stayed healthy.
    pub healthy_runs: u32,
    /// The rules, this guard first.
    pub rules: Vec<RuleOutcome>,
}

/// How one rule did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleOutcome {
    /// Which rule.
    pub rule: String,
    /// Runs that became worse and were rolled back after that.
    pub detected: u32,
    /// Runs that became worse and were never rolled back.
    pub missed: u32,
    /// Runs that were rolled back before they became worse: falsely.
    pub too_early: u32,
    /// Subjects whom SSOT served from then until the rollback.
    pub subjects: Spread,
    /// Those of them whom it failed.
    pub harmed: Spread,
    /// Minutes until the rollback, at the given traffic.
    pub minutes: Spread,
    /// Healthy runs that were rolled back.
    pub false_rollbacks: u32,
    /// Which rule of the guard rolled back how often.
    pub by: BTreeMap<&'static str, u32>,
}

/// How a number is spread over the runs; all zero where there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// Half of the runs have at most this.
    pub p50: f64,
    /// 95 of a hundred have at most this.
    pub p95: f64,
    /// 99 of a hundred have at most this.
    pub p99: f64,
}

impl Spread {
    /// Of these numbers.
    pub fn of(mut numbers: Vec<f64>) -> Self {
        let Some(last) = numbers.len().checked_sub(1) else { return Self::default() };
        numbers.sort_by(f64::total_cmp);
        let part = |percent: usize| {
            numbers[(numbers.len() * percent).div_ceil(100).clamp(1, last + 1) - 1]
        };
        let mean = numbers.iter().sum::<f64>() / number(numbers.len() as u64);
        Self { mean, p50: part(50), p95: part(95), p99: part(99) }
    }
}

/// What one run has come to: the alarm of each judge, and when SSOT became worse.
#[derive(Clone, Debug)]
pub(super) struct RunOutcome {
    pub alarms: Vec<Option<Alarm>>,
    pub worse_since: Option<Timestamp>,
}

/// Gathers the runs of all rules.
pub(super) fn gather(
    names: Vec<String>,
    worse: &[RunOutcome],
    healthy: &[RunOutcome],
) -> Rehearsal {
    let rules = names.into_iter().enumerate();
    Rehearsal {
        runs: count(worse.len()),
        healthy_runs: count(healthy.len()),
        rules: rules.map(|(place, rule)| of_rule(rule, place, worse, healthy)).collect(),
    }
}

fn of_rule(
    rule: String,
    place: usize,
    worse: &[RunOutcome],
    healthy: &[RunOutcome],
) -> RuleOutcome {
    let alarm = |run: &RunOutcome| run.alarms.get(place).copied().flatten();
    let mut by = BTreeMap::new();
    let mut hits = Vec::new();
    let (mut missed, mut too_early) = (0, 0);
    for run in worse {
        match alarm(run) {
            None => missed += 1,
            Some(alarm) if alarm.worse => {
                let since = run.worse_since.unwrap_or(alarm.at);
                hits.push((alarm, alarm.at.since(since).as_secs_f64() / 60.0));
            }
            Some(_) => too_early += 1,
        }
        if let Some(rule) = alarm(run).and_then(|alarm| alarm.rule) {
            *by.entry(rule.code()).or_default() += 1;
        }
    }
    let spread = |of: &dyn Fn(&(Alarm, f64)) -> f64| Spread::of(hits.iter().map(of).collect());
    RuleOutcome {
        rule,
        detected: count(hits.len()),
        missed,
        too_early,
        subjects: spread(&|hit| number(hit.0.subjects)),
        harmed: spread(&|hit| number(hit.0.harmed)),
        minutes: spread(&|hit| hit.1),
        false_rollbacks: count(healthy.iter().filter(|run| alarm(run).is_some()).count()),
        by,
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests")]
const fn number(count: u64) -> f64 {
    count as f64
}
