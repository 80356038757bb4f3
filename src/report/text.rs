//! Pieces that every rendering of a report has in common.

use super::{ComponentReport, Report};

impl ComponentReport {
    /// True when something happens here, or has happened that somebody must look after.
    pub fn is_busy(&self) -> bool {
        let latched =
            self.flag.as_ref().is_some_and(|flag| flag.latch.is_some() || flag.hold.is_some());
        self.total.requests > 0 || latched
    }
}

/// The components that are not busy, with their stages: `socket-auth (off)`.
pub fn quiet_components(report: &Report) -> Vec<String> {
    let quiet = report.components.iter().filter(|component| !component.is_busy());
    let named = quiet.map(|component| match &component.flag {
        Some(flag) => format!("{} ({})", component.component, flag.stage),
        None => component.component.clone(),
    });
    named.collect()
}

/// A latency in the unit in which it is easy to read; a dash before the first answer.
pub fn latency_text(micros: Option<u64>) -> String {
    match micros {
        None => "-".to_owned(),
        Some(micros @ 0..1_000) => format!("{micros} µs"),
        Some(micros @ 1_000..1_000_000) => {
            format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100)
        }
        Some(micros) => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_shown_in_a_unit_that_fits() {
        let shown = [None, Some(7), Some(999), Some(1_000), Some(602_111), Some(1_250_000)];
        let shown = shown.map(latency_text);
        assert_eq!(shown, ["-", "7 µs", "999 µs", "1.0 ms", "602.1 ms", "1.2 s"]);
    }
}
