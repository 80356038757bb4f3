//! What a plan waits for, as data.

use std::fmt;

use serde::Serialize;

/// One thing that a plan waits for: what, what is wrong with it, the figure and its limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// What it waits for.
    #[serde(rename = "for")]
    pub gate: Gate,
    /// What is wrong with it.
    pub lack: Lack,
    /// The class of difference, for [`Gate::Mismatches`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The figure as it is, in the gate's unit; `None` when it is not known.
    pub figure: Option<u64>,
    /// What it should be, in the same unit.
    pub limit: Option<u64>,
    /// The unit of both.
    pub unit: &'static str,
    /// What the evidence says of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What a plan can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Time at the step.
    Hold,
    /// A second person.
    Approval,
    /// Enough comparisons.
    Comparisons,
    /// Few enough differences of a class.
    Mismatches,
    /// Few enough failures.
    Failures,
    /// Answers that are fast enough.
    Latency,
    /// The guard.
    Guard,
    /// A certificate.
    Certificate,
    /// A test report.
    Tests,
    /// Enough walks of the golden path.
    Walks,
    /// Enough of them that came through.
    GoldenPath,
    /// The rules of moves: what is required has not come far enough.
    Moves,
}

impl Gate {
    /// Every gate, in the order in which they are looked at.
    pub const ALL: [Self; 12] = [
        Self::Hold,
        Self::Approval,
        Self::Comparisons,
        Self::Mismatches,
        Self::Failures,
        Self::Latency,
        Self::Guard,
        Self::Certificate,
        Self::Tests,
        Self::Walks,
        Self::GoldenPath,
        Self::Moves,
    ];

    /// The code, as in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Approval => "approval",
            Self::Comparisons => "comparisons",
            Self::Mismatches => "mismatches",
            Self::Failures => "failures",
            Self::Latency => "latency",
            Self::Guard => "guard",
            Self::Certificate => "certificate",
            Self::Tests => "tests",
            Self::Walks => "walks",
            Self::GoldenPath => "golden_path",
            Self::Moves => "moves",
        }
    }

    const fn unit(self) -> &'static str {
        match self {
            Self::Hold | Self::Guard | Self::Certificate | Self::Tests => "seconds",
            Self::Approval => "people",
            Self::Comparisons => "comparisons",
            Self::Mismatches | Self::Failures => "in 10000 comparisons",
            Self::Latency => "percent of legacy's p99",
            Self::Walks => "walks",
            Self::GoldenPath => "in 1000 walks",
            Self::Moves => "",
        }
    }
}

/// What is wrong with what a plan waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    /// It is not there.
    Missing,
    /// It is too old, from before the step, or from the future; the figure is its age.
    Stale,
    /// The figure is below the limit.
    Below,
    /// The figure is above the limit.
    Above,
    /// It speaks against the component.
    Bad,
}

impl Wait {
    pub(super) const fn new(gate: Gate, lack: Lack) -> Self {
        let unit = gate.unit();
        Self { gate, lack, class: None, figure: None, limit: None, unit, detail: None }
    }

    pub(super) fn figures(self, figure: Option<u64>, limit: u64) -> Self {
        Self { figure, limit: Some(limit), ..self }
    }

    pub(super) fn saying(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

impl fmt::Display for Wait {
    /// `comparisons: 120 of 500 comparisons`, for logs and terminals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.gate.code())?;
        if let Some(class) = &self.class {
            write!(f, " ({class})")?;
        }
        let (figure, limit) = (self.figure.unwrap_or(0), self.limit.unwrap_or(0));
        let unit = self.unit;
        match self.lack {
            Lack::Missing => f.write_str(": nothing is known")?,
            Lack::Stale if self.figure.is_none() => f.write_str(": not of this step")?,
            Lack::Stale => write!(f, ": {figure} s old, at most {limit} s")?,
            Lack::Below => write!(f, ": {figure} {unit}, at least {limit}")?,
            Lack::Above => write!(f, ": {figure} {unit}, at most {limit}")?,
            Lack::Bad => f.write_str(": speaks against it")?,
        }
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_says_figure_and_limit_to_people_and_to_programs() {
        let wait = Wait::new(Gate::Comparisons, Lack::Below).figures(Some(120), 500);
        assert_eq!(wait.to_string(), "comparisons: 120 comparisons, at least 500");
        let expected = serde_json::json!({
            "for": "comparisons", "lack": "below", "figure": 120, "limit": 500,
            "unit": "comparisons",
        });
        assert_eq!(serde_json::to_value(&wait).expect("json"), expected);
    }

    #[test]
    fn every_gate_has_the_code_that_its_json_has() {
        for gate in Gate::ALL {
            assert_eq!(serde_json::to_value(gate).expect("json"), gate.code());
        }
    }
}
