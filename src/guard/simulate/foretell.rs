//! What a plain rule over a fixed window is to be expected to do, to be shown beside its setting.

use serde::Serialize;

use crate::flags::FixedWindow;
use crate::guard::case::binomial::at_least;

/// What is to be expected of a fixed window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Foretold {
    /// Trials of SSOT in a window.
    pub trials_per_window: f64,
    /// False where a window has too few trials to count, so that the rule never acts.
    pub counts: bool,
    /// Rollbacks of a healthy component a day.
    pub false_alarms_per_day: f64,
    /// What a regression to 5 % does until the rule acts; `None` where it hardly ever does.
    pub at_5_percent: Option<Reaction>,
    /// What an outage of 50 % does until then.
    pub at_50_percent: Option<Reaction>,
}

/// How long a rule takes, and whom that hurts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reaction {
    /// Minutes until it acts.
    pub minutes: f64,
    /// People whom SSOT fails until then.
    pub harmed: f64,
}

/// Longer than this is never.
const MINUTES_MAX: f64 = 60.0 * 24.0 * 365.0;

/// Foretells a window at so many trials of SSOT a minute; `baseline`: the failure rate of a healthy
/// SSOT, 0 to 1.
pub fn foretell(window: &FixedWindow, trials_per_minute: f64, baseline: f64) -> Foretold {
    let minutes = f64::from(window.over_s) / 60.0;
    let trials = (trials_per_minute * minutes).round();
    let counts = trials >= f64::from(window.at_least);
    // At least three failing subjects, and more than the limit.
    let too_many = ((trials * window.error_rate.fraction()).floor() + 1.0).max(3.0);
    let wait = |rate: f64| {
        let breaks = if counts { at_least(too_many, trials, rate) } else { 0.0 };
        minutes * windows_until(breaks, window.times)
    };
    let reaction = |rate: f64| {
        let minutes = wait(rate);
        let harmed = minutes * trials_per_minute * rate;
        (minutes <= MINUTES_MAX).then_some(Reaction { minutes, harmed })
    };
    Foretold {
        trials_per_window: trials,
        counts,
        false_alarms_per_day: 60.0 * 24.0 / wait(baseline),
        at_5_percent: reaction(0.05),
        at_50_percent: reaction(0.5),
    }
}

/// The mean number of windows until so many in a row break the limit, if each does so with this
/// probability.
fn windows_until(breaks: f64, times: u32) -> f64 {
    let in_a_row = breaks.powi(i32::try_from(times).unwrap_or(i32::MAX));
    if breaks >= 1.0 { f64::from(times) } else { (1.0 - in_a_row) / (in_a_row * (1.0 - breaks)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::Rate;

    fn window(over_s: u32, ppm: u32, at_least: u32, times: u32) -> FixedWindow {
        let error_rate = Rate::from_ppm(ppm).expect("a rate");
        FixedWindow { over_s, error_rate, at_least, times }
    }

    #[test]
    fn the_naive_rule_cries_wolf_and_hurts_thirty_people() {
        // At least 7 of 600 at 0.5 %: 3.35 % of windows.
        let naive = foretell(&window(60, 10_000, 100, 1), 600.0, 0.005);
        assert!((46.0..50.0).contains(&naive.false_alarms_per_day), "{naive:?}");
        let harmed = naive.at_5_percent.expect("it acts").harmed;
        assert!((29.0..32.0).contains(&harmed), "{naive:?}");
        let harmed = naive.at_50_percent.expect("it acts").harmed;
        assert!((299.0..301.0).contains(&harmed), "{naive:?}");
    }

    #[test]
    fn a_window_that_never_has_enough_trials_never_acts() {
        let never = foretell(&window(60, 10_000, 100, 1), 60.0, 0.005);
        assert!(!never.counts && never.at_50_percent.is_none());
        assert!(never.false_alarms_per_day <= 0.0);
    }

    #[test]
    fn windows_in_a_row_are_rarer_than_windows() {
        let once = foretell(&window(60, 10_000, 100, 1), 600.0, 0.005).false_alarms_per_day;
        let twice = foretell(&window(60, 10_000, 100, 2), 600.0, 0.005).false_alarms_per_day;
        assert!(twice < once / 10.0 && twice > 0.0, "{once} {twice}");
    }
}
