//! What of a step's needs is not shown. Missing, stale and failing evidence are all told; none
//! of them lets a plan go on.

use super::{
    Evidence, Finding, Gate, GoldenPathNeed, GuardWord, Lack, Needs, PassRate, Traffic, Wait,
};
use super::{Position, Step};
use crate::domain::Timestamp;

/// Everything that a plan at `step` still waits for, in the order of [`Gate::ALL`].
pub(super) fn open_gates(
    step: &Step,
    position: &Position,
    evidence: &Evidence,
    now: Timestamp,
) -> Vec<Wait> {
    let approval = (step.approval && position.approved.is_none())
        .then(|| Wait::new(Gate::Approval, Lack::Missing).figures(Some(0), 1));
    if position.skipped.is_some() {
        return approval.into_iter().collect();
    }
    let needs = &step.needs;
    let look = Look { needs, since: position.since, now };
    let mut waits = Vec::new();
    let spent = now.since(position.since);
    if spent < step.hold {
        let hold = Wait::new(Gate::Hold, Lack::Below);
        waits.push(hold.figures(Some(spent.as_secs()), step.hold.as_secs()));
    }
    waits.extend(approval);
    look.traffic(evidence.traffic.as_ref(), &mut waits);
    waits.extend(needs.guard.then(|| look.guard(evidence.guard.as_ref())).flatten());
    for (asked, gate, finding) in [
        (needs.certificate, Gate::Certificate, &evidence.certificate),
        (needs.tests, Gate::Tests, &evidence.tests),
    ] {
        waits.extend(asked.then(|| look.finding(gate, finding.as_ref())).flatten());
    }
    if let Some(need) = needs.golden_path {
        waits.extend(look.golden_path(need, evidence.golden_path.as_ref()));
    }
    waits
}

/// What evidence is held against.
struct Look<'a> {
    needs: &'a Needs,
    since: Timestamp,
    now: Timestamp,
}

impl Look<'_> {
    /// What is wrong with the age of something. What is dated after now cannot be trusted: a
    /// clock was wrong.
    fn stale(&self, gate: Gate, at: Timestamp) -> Option<Wait> {
        let wait = Wait::new(gate, Lack::Stale);
        if at > self.now {
            return Some(wait.saying("dated after the present"));
        }
        let (age, limit) = (self.now.since(at), self.needs.fresh_for);
        (age > limit).then(|| wait.figures(Some(age.as_secs()), limit.as_secs()))
    }

    /// Traffic is needed where anything is asked of it; differences and failures that are known
    /// speak even where nothing is.
    fn traffic(&self, traffic: Option<&Traffic>, waits: &mut Vec<Wait>) {
        let needs = self.needs;
        let asked = needs.comparisons_min > 0 || needs.latency_p99_ratio_max_percent.is_some();
        let limit = needs.comparisons_min;
        let usable = traffic.filter(|traffic| traffic.since >= self.since);
        let Some(traffic) = usable else {
            let lack = if traffic.is_some() { Lack::Stale } else { Lack::Missing };
            waits.extend(asked.then(|| Wait::new(Gate::Comparisons, lack).figures(None, limit)));
            return;
        };
        if let Some(stale) = self.stale(Gate::Comparisons, traffic.until) {
            waits.extend(asked.then_some(stale));
        }
        if traffic.comparisons < limit {
            let wait = Wait::new(Gate::Comparisons, Lack::Below);
            waits.push(wait.figures(Some(traffic.comparisons), limit));
        }
        for (class, count) in &traffic.mismatches {
            let limit = needs.mismatches_per_10000_max.get(class).copied().unwrap_or(0);
            let over = over(Gate::Mismatches, *count, traffic.comparisons, limit);
            waits.extend(over.map(|wait| Wait { class: Some(class.clone()), ..wait }));
        }
        let limit = needs.failures_per_10000_max;
        waits.extend(over(Gate::Failures, traffic.failures, traffic.comparisons, limit));
        waits.extend(self.latency(traffic));
    }

    fn latency(&self, traffic: &Traffic) -> Option<Wait> {
        let limit = self.needs.latency_p99_ratio_max_percent?;
        let figure = traffic.latency_p99_ratio_percent;
        let lack = match figure {
            None => Lack::Missing,
            Some(figure) if figure > limit => Lack::Above,
            Some(_) => return None,
        };
        Some(Wait::new(Gate::Latency, lack).figures(figure.map(u64::from), limit.into()))
    }

    fn guard(&self, word: Option<&GuardWord>) -> Option<Wait> {
        match word {
            None => Some(Wait::new(Gate::Guard, Lack::Missing).saying(NO_GUARD)),
            Some(GuardWord::Content { at }) => self.stale(Gate::Guard, *at),
            Some(GuardWord::Waiting { why, .. }) => {
                Some(Wait::new(Gate::Guard, Lack::Missing).saying(why))
            }
            Some(GuardWord::Unhappy { why, .. }) => {
                Some(Wait::new(Gate::Guard, Lack::Bad).saying(why))
            }
        }
    }

    fn finding(&self, gate: Gate, finding: Option<&Finding>) -> Option<Wait> {
        let Some(finding) = finding else { return Some(Wait::new(gate, Lack::Missing)) };
        if !finding.good {
            return Some(Wait::new(gate, Lack::Bad).saying(&finding.what));
        }
        self.stale(gate, finding.at).map(|wait| match wait.detail {
            Some(_) => wait,
            None => wait.saying(&finding.what),
        })
    }

    fn golden_path(&self, need: GoldenPathNeed, rate: Option<&PassRate>) -> Option<Wait> {
        let Some(rate) = rate else { return Some(Wait::new(Gate::Walks, Lack::Missing)) };
        if let Some(stale) = self.stale(Gate::Walks, rate.at) {
            return Some(stale);
        }
        if rate.walks < need.walks_min || rate.walks == 0 {
            let wait = Wait::new(Gate::Walks, Lack::Below);
            return Some(wait.figures(Some(rate.walks.into()), need.walks_min.max(1).into()));
        }
        let Some(baseline) = rate.baseline_permille else {
            return Some(Wait::new(Gate::GoldenPath, Lack::Missing).saying("no baseline is known"));
        };
        let allowed = u64::from(need.below_baseline_max_percent_points) * 10;
        let limit = u64::from(baseline).saturating_sub(allowed);
        // Rounded down: whoever is just below the limit is below it.
        let figure = u64::from(rate.passed) * 1000 / u64::from(rate.walks);
        (figure < limit)
            .then(|| Wait::new(Gate::GoldenPath, Lack::Below).figures(Some(figure), limit))
    }
}

/// What a plan that asks for the guard waits for where the guard does not look.
const NO_GUARD: &str = "the guard has not spoken: it is switched off here, or has not looked yet";

/// What is wrong with `count` events beside so many comparisons. The figure is rounded up, so
/// that it is above the limit whenever the rate is.
fn over(gate: Gate, count: u64, comparisons: u64, per_10000_max: u32) -> Option<Wait> {
    let (scaled, of) = (u128::from(count) * 10_000, u128::from(comparisons));
    if scaled <= u128::from(per_10000_max) * of {
        return None;
    }
    let figure = u64::try_from(scaled.div_ceil(of.max(1))).unwrap_or(u64::MAX);
    let wait = Wait::new(gate, Lack::Above).figures(Some(figure), per_10000_max.into());
    Some(wait.saying(format!("{count} beside {comparisons} comparisons")))
}

#[cfg(test)]
mod tests;
