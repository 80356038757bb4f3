//! Whether a guard lets more through than it did.

use super::{Advance, FixedWindow, GuardMode, Limits};

impl Limits {
    /// The gravest limit by which these let more through than `before`, or see less; `None` where
    /// they are at least as strict in everything.
    pub fn weakened_against(&self, before: &Self) -> Option<&'static str> {
        // Every field is named: whoever adds one says in which direction it is weaker.
        let Self {
            mode,
            advance,
            regression_percent,
            error_rate,
            security,
            divergence,
            slow_ms,
            slow_rate,
            latency_percent,
            socket_faults,
            walks_failed,
            harm_max,
            outcome_drop_percent,
            failures_per_network_max,
            breaker_failures,
            failover_max,
            windows,
        } = self;
        let found = [
            ("mode", strictness(*mode) < strictness(before.mode)),
            ("security", before.security && !security),
            ("advance", before.advance == Advance::Certified && *advance == Advance::Unheld),
            ("error_rate", allows_more(*error_rate, before.error_rate)),
            ("regression_percent", allows_more(*regression_percent, before.regression_percent)),
            ("divergence", allows_more(*divergence, before.divergence)),
            ("harm_max", allows_more(*harm_max, before.harm_max)),
            ("socket_faults", allows_more(*socket_faults, before.socket_faults)),
            ("walks_failed", allows_more(*walks_failed, before.walks_failed)),
            ("slow_ms", allows_more(*slow_ms, before.slow_ms)),
            ("slow_rate", *slow_rate > before.slow_rate),
            ("latency_percent", allows_more(*latency_percent, before.latency_percent)),
            (
                "outcome_drop_percent",
                allows_more(*outcome_drop_percent, before.outcome_drop_percent),
            ),
            ("breaker_failures", allows_more(*breaker_failures, before.breaker_failures)),
            ("failover_max", allows_more(*failover_max, before.failover_max)),
            // The fewer failures of a network count, the less is seen.
            (
                "failures_per_network_max",
                *failures_per_network_max < before.failures_per_network_max,
            ),
            ("windows", !before.windows.iter().all(|window| is_kept(window, windows))),
        ];
        found.into_iter().find(|(_, is_weaker)| *is_weaker).map(|(name, _)| name)
    }
}

const fn strictness(mode: GuardMode) -> u8 {
    match mode {
        GuardMode::Off => 0,
        GuardMode::DryRun => 1,
        GuardMode::Act => 2,
    }
}

/// A rule that is switched off allows everything.
fn allows_more<T: PartialOrd>(after: Option<T>, before: Option<T>) -> bool {
    match (after, before) {
        (Some(after), Some(before)) => after > before,
        (None, Some(_)) => true,
        (Some(_) | None, None) => false,
    }
}

/// True where one of the windows trips whenever this one would have. Windows of different lengths
/// cannot be compared.
fn is_kept(window: &FixedWindow, among: &[FixedWindow]) -> bool {
    among.iter().any(|other| {
        other.over_s == window.over_s
            && other.error_rate <= window.error_rate
            && other.at_least <= window.at_least
            && other.times <= window.times
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::Rate;

    fn window() -> FixedWindow {
        FixedWindow { over_s: 60, error_rate: rate(10_000), at_least: 100, times: 3 }
    }

    fn rate(ppm: u32) -> Rate {
        Rate::from_ppm(ppm).expect("a rate")
    }

    fn strict() -> Limits {
        Limits { advance: Advance::Certified, windows: vec![window()], ..Limits::default() }
    }

    /// Limits that are weaker in one thing each.
    fn weaker() -> Vec<(&'static str, Limits)> {
        let w = |change: fn(&mut FixedWindow)| {
            let mut window = window();
            change(&mut window);
            vec![window]
        };
        vec![
            ("mode", Limits { mode: GuardMode::DryRun, ..strict() }),
            ("mode", Limits { mode: GuardMode::Off, ..strict() }),
            ("security", Limits { security: false, ..strict() }),
            ("advance", Limits { advance: Advance::Unheld, ..strict() }),
            ("error_rate", Limits { error_rate: None, ..strict() }),
            ("error_rate", Limits { error_rate: Some(rate(10_001)), ..strict() }),
            ("regression_percent", Limits { regression_percent: Some(151), ..strict() }),
            ("divergence", Limits { divergence: Some(rate(1_001)), ..strict() }),
            ("harm_max", Limits { harm_max: Some(101), ..strict() }),
            ("socket_faults", Limits { socket_faults: None, ..strict() }),
            ("walks_failed", Limits { walks_failed: Some(4), ..strict() }),
            ("slow_ms", Limits { slow_ms: Some(501), ..strict() }),
            ("slow_rate", Limits { slow_rate: rate(10_001), ..strict() }),
            ("latency_percent", Limits { latency_percent: None, ..strict() }),
            ("outcome_drop_percent", Limits { outcome_drop_percent: Some(11), ..strict() }),
            ("breaker_failures", Limits { breaker_failures: Some(6), ..strict() }),
            ("failover_max", Limits { failover_max: Some(601), ..strict() }),
            ("failures_per_network_max", Limits { failures_per_network_max: 1, ..strict() }),
            ("windows", Limits { windows: Vec::new(), ..strict() }),
            ("windows", Limits { windows: w(|window| window.over_s = 30), ..strict() }),
            (
                "windows",
                Limits { windows: w(|window| window.error_rate = rate(10_001)), ..strict() },
            ),
            ("windows", Limits { windows: w(|window| window.at_least = 101), ..strict() }),
            ("windows", Limits { windows: w(|window| window.times = 4), ..strict() }),
        ]
    }

    #[test]
    fn what_lets_more_through_is_weaker_and_the_way_back_is_not() {
        assert_eq!(strict().weakened_against(&strict()), None);
        for (name, weaker) in weaker() {
            assert_eq!(weaker.weakened_against(&strict()), Some(name));
            // A window of another length is no substitute, either way.
            let comparable = weaker.windows.iter().all(|window| window.over_s == 60);
            let back = strict().weakened_against(&weaker);
            assert_eq!(back, (!comparable).then_some("windows"), "back from {name}");
        }
    }

    #[test]
    fn one_more_rule_and_a_stricter_one_weaken_nothing() {
        let none = Limits { windows: Vec::new(), harm_max: None, ..strict() };
        assert_eq!(strict().weakened_against(&none), None);
        let stricter = FixedWindow { at_least: 50, times: 1, ..window() };
        let both = Limits { windows: vec![stricter], error_rate: Some(rate(1)), ..strict() };
        assert_eq!(both.weakened_against(&strict()), None);
    }

    #[test]
    fn what_is_stricter_in_one_thing_and_weaker_in_another_is_weaker() {
        let mixed = Limits { error_rate: Some(rate(1)), harm_max: None, ..strict() };
        assert_eq!(mixed.weakened_against(&strict()), Some("harm_max"));
    }
}
