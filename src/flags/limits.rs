//! What the guard holds a component to: the numbers of its rules, one set a flag.

pub(super) mod form;
mod weakened;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::MoveRefusal;

/// Part of trials, in parts per million: 0 is none, 1,000,000 is all.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "u32", into = "u32")]
pub struct Rate(u32);

impl Rate {
    /// `None` above a million.
    pub const fn from_ppm(ppm: u32) -> Option<Self> {
        if ppm <= 1_000_000 { Some(Self(ppm)) } else { None }
    }

    /// Parts per million.
    pub const fn ppm(self) -> u32 {
        self.0
    }

    /// 0 to 1.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 1e6
    }

    /// Reads a percentage with at most four decimals: `1`, `0.1 %`, `0.01%`.
    pub fn parse_percent(text: &str) -> Option<Self> {
        let digits = text.trim().trim_end_matches('%').trim_end();
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 3 || fraction.len() > 4 || digits.ends_with('.') {
            return None;
        }
        if !plain(whole) || !plain(fraction) {
            return None;
        }
        let parts: u32 = format!("{fraction:0<4}").parse().ok()?;
        Self::from_ppm(whole.parse::<u32>().ok()?.checked_mul(10_000)?.checked_add(parts)?)
    }
}

impl TryFrom<u32> for Rate {
    type Error = String;
    fn try_from(ppm: u32) -> Result<Self, String> {
        Self::from_ppm(ppm).ok_or_else(|| format!("a rate is 0 to 1000000 ppm, not {ppm}"))
    }
}

impl From<Rate> for u32 {
    fn from(rate: Rate) -> u32 {
        rate.0
    }
}

impl fmt::Display for Rate {
    /// As a percentage: `0.1 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 10_000, self.0 % 10_000);
        if rest == 0 {
            return write!(f, "{whole} %");
        }
        let digits = format!("{rest:04}");
        write!(f, "{whole}.{} %", digits.trim_end_matches('0'))
    }
}

/// What the guard does with what it finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardMode {
    /// Rolls back and holds.
    #[default]
    Act,
    /// Keeps what it would have done, and does nothing.
    DryRun,
    /// Does not look.
    Off,
}

impl GuardMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Act, Self::DryRun, Self::Off];

    /// `act`, `dry_run` or `off`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::DryRun => "dry_run",
            Self::Off => "off",
        }
    }
}

/// What a raise needs beside the order between stages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Advance {
    /// That the guard holds nothing against it.
    #[default]
    Unheld,
    /// That, the guard's certificate for the present stage, and a legacy that answers.
    Certified,
}

impl Advance {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Unheld, Self::Certified];

    /// `unheld` or `certified`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unheld => "unheld",
            Self::Certified => "certified",
        }
    }
}

/// A plain rule over a fixed window, for those who want one: trips when at least `at_least` trials
/// of SSOT fell into the last `over_s` seconds and more than `error_rate` of them failed, `times`
/// looks in a row (a look at the end of each window).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedWindow {
    /// Length of the window, 10 to 3,600 seconds.
    pub over_s: u32,
    /// The part of failures that is too many.
    #[serde(rename = "error_rate_ppm")]
    pub error_rate: Rate,
    /// Trials that make a window count.
    pub at_least: u32,
    /// Windows in a row that must break the limit, 1 to 100.
    #[serde(default = "once")]
    pub times: u32,
}

const fn once() -> u32 {
    1
}

/// The numbers of the guard's rules for one component. A rule whose number is `None` is switched
/// off. In JSON and TOML whatever is left out has its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// What the guard does with what it finds.
    pub mode: GuardMode,
    /// What a raise needs.
    pub advance: Advance,
    /// R1: SSOT's failures in percent of legacy's that are no regression; 150 allows half as many
    /// again. 100 to 1,000.
    pub regression_percent: Option<u32>,
    /// R2: the part of SSOT's trials that may fail.
    #[serde(rename = "error_rate_ppm")]
    pub error_rate: Option<Rate>,
    /// R3: whether SSOT letting in what legacy refuses rolls back.
    pub security: bool,
    /// R4: the part of comparisons that may differ in a harmful way.
    #[serde(rename = "divergence_ppm")]
    pub divergence: Option<Rate>,
    /// R5: an answer of SSOT that takes longer is slow, in milliseconds.
    pub slow_ms: Option<u32>,
    /// R5: the part of answers that may be slow.
    #[serde(rename = "slow_rate_ppm")]
    pub slow_rate: Rate,
    /// R5: SSOT's time in percent of legacy's that half of the answers may exceed; 110 to 10,000.
    pub latency_percent: Option<u32>,
    /// R6: the part of deliveries that may be dropped, lost, repeated or out of order.
    #[serde(rename = "socket_faults_ppm")]
    pub socket_faults: Option<Rate>,
    /// R7: failed walks of the golden path in a row, while legacy passes, that roll back.
    pub walks_failed: Option<u32>,
    /// R8: how many people a step may hurt beyond what `error_rate` tolerates.
    pub harm_max: Option<u32>,
    /// R9: how far below legacy's a business outcome of SSOT may be, in percent; 1 to 99.
    pub outcome_drop_percent: Option<u32>,
    /// Failing subjects of one client network that count in one attempt.
    pub failures_per_network_max: u32,
    /// Failures of SSOT in a row, of at least three subjects, that open the circuit breaker.
    pub breaker_failures: Option<u32>,
    /// Answers of legacy in SSOT's place within a minute that are too many.
    pub failover_max: Option<u32>,
    /// Plain rules over fixed windows.
    pub windows: Vec<FixedWindow>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mode: GuardMode::Act,
            advance: Advance::Unheld,
            regression_percent: Some(150),
            error_rate: Some(Rate(10_000)),
            security: true,
            divergence: Some(Rate(1_000)),
            slow_ms: Some(500),
            slow_rate: Rate(10_000),
            latency_percent: Some(200),
            socket_faults: Some(Rate(1_000)),
            walks_failed: Some(3),
            harm_max: Some(100),
            outcome_drop_percent: Some(10),
            failures_per_network_max: 2,
            breaker_failures: Some(5),
            failover_max: Some(600),
            windows: Vec::new(),
        }
    }
}

impl Limits {
    /// True for the limits that a flag has without a word about them.
    pub fn are_default(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses limits under which a rule could never fire, or always.
    pub(super) fn check(&self) -> Result<(), MoveRefusal> {
        match self.fault() {
            None => Ok(()),
            Some((field, problem)) => {
                Err(MoveRefusal::Setting { field: format!("limits.{field}"), problem })
            }
        }
    }

    /// The first limit that makes no sense, and why.
    pub fn fault(&self) -> Option<(String, String)> {
        self.faults().into_iter().next()
    }

    /// Every limit that makes no sense, and why.
    pub fn faults(&self) -> Vec<(String, String)> {
        let numbers = [
            ("regression_percent", self.regression_percent, 100, 1000),
            ("slow_ms", self.slow_ms, 1, 60_000),
            ("latency_percent", self.latency_percent, 110, 10_000),
            ("walks_failed", self.walks_failed, 1, 100),
            ("harm_max", self.harm_max, 1, 1_000_000),
            ("outcome_drop_percent", self.outcome_drop_percent, 1, 99),
            ("failures_per_network_max", Some(self.failures_per_network_max), 1, 1_000_000),
            ("breaker_failures", self.breaker_failures, 3, 1000),
            ("failover_max", self.failover_max, 1, 10_000_000),
        ];
        let rates = [
            ("error_rate_ppm", self.error_rate),
            ("divergence_ppm", self.divergence),
            ("slow_rate_ppm", Some(self.slow_rate)),
            ("socket_faults_ppm", self.socket_faults),
        ];
        let mut faults: Vec<(String, String)> = Vec::new();
        for (field, rate) in rates {
            if rate.is_some_and(|rate| rate.ppm() == 0 || rate.ppm() > 500_000) {
                let problem =
                    "must be more than 0 and at most 50 %, else the rule always fires or never can";
                faults.push((field.to_owned(), problem.to_owned()));
            }
        }
        for (field, number, low, high) in numbers {
            if number.is_some_and(|number| number < low || number > high) {
                faults.push((field.to_owned(), format!("must be {low} to {high}")));
            }
        }
        if self.harm_max.is_some() && self.error_rate.is_none() {
            let problem = "counts beyond error_rate_ppm, which is switched off";
            faults.push(("harm_max".to_owned(), problem.to_owned()));
        }
        if self.windows.len() > WINDOWS_MAX {
            faults.push(("windows".to_owned(), format!("has at most {WINDOWS_MAX} entries")));
        }
        for (at, window) in self.windows.iter().enumerate() {
            let told = window.fault();
            faults.extend(
                told.map(|(field, problem)| (format!("windows[{at}].{field}"), problem.to_owned())),
            );
        }
        faults
    }
}

/// Most fixed windows of one component.
pub const WINDOWS_MAX: usize = 4;

impl FixedWindow {
    fn fault(&self) -> Option<(&'static str, &'static str)> {
        if !(10..=3600).contains(&self.over_s) {
            return Some(("over_s", "must be 10 to 3600"));
        }
        if self.error_rate.ppm() >= 1_000_000 {
            return Some(("error_rate_ppm", "must be below 100 %, or it could never be exceeded"));
        }
        if !(1..=1_000_000).contains(&self.at_least) {
            return Some(("at_least", "must be 1 to 1000000"));
        }
        if !(1..=100).contains(&self.times) {
            return Some(("times", "must be 1 to 100"));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_rate_reads_back_as_the_percentage_it_shows(ppm in 0u32..=1_000_000) {
            let rate = Rate::from_ppm(ppm).expect("in range");
            prop_assert_eq!(Rate::parse_percent(&rate.to_string()), Some(rate));
        }
    }

    #[test]
    fn what_is_left_out_has_its_default_and_what_is_null_is_off() {
        let read = |text| serde_json::from_str::<Limits>(text).expect("limits");
        assert_eq!(read("{}"), Limits::default());
        assert_eq!(read(r#"{"error_rate_ppm":null,"harm_max":null}"#).error_rate, None);
        assert!(serde_json::from_str::<Limits>(r#"{"eror_rate":1}"#).is_err());
    }

    #[test]
    fn a_rule_that_could_never_fire_or_always_would_is_refused() {
        assert_eq!(Limits::default().fault(), None);
        let zero = Limits { error_rate: Some(Rate(0)), ..Limits::default() };
        assert_eq!(zero.fault().map(|(field, _)| field).as_deref(), Some("error_rate_ppm"));
        let window =
            FixedWindow { over_s: 60, error_rate: Rate(1_000_000), at_least: 100, times: 1 };
        let never = Limits { windows: vec![window], ..Limits::default() };
        assert_eq!(
            never.fault().map(|(field, _)| field).as_deref(),
            Some("windows[0].error_rate_ppm")
        );
        let blind = Limits { error_rate: None, ..Limits::default() };
        assert_eq!(blind.fault().map(|(field, _)| field).as_deref(), Some("harm_max"));
    }
}
