//! Walks of the golden path, and the matrix of signatures.

use std::collections::BTreeMap;
use std::fmt::Error;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;

use super::{Scrape, gauge};

impl Scrape {
    pub(super) fn journeys(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let totals = self.0.journeys.totals();
        let mut ends: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for total in &totals {
            *ends.entry((total.side.as_str(), total.end)).or_default() += total.count;
        }
        let mut walks = encoder.encode_descriptor(
            "golden_path_walks",
            "Walks of the golden path since the start, by side and how they ended",
            None,
            MetricType::Counter,
        )?;
        for ((side, result), count) in ends {
            let labels = [("side", side), ("result", result)];
            ConstCounter::new(count).encode(walks.encode_family(&labels)?)?;
        }
        let mut steps = encoder.encode_descriptor(
            "golden_path_ended_at",
            "Walks that did not reach their end, by side and the step that they ended at",
            None,
            MetricType::Counter,
        )?;
        let mut at: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for total in &totals {
            if let Some(step) = total.step {
                *at.entry((total.side.as_str(), step.as_str())).or_default() += total.count;
            }
        }
        for ((side, step), count) in at {
            let labels = [("side", side), ("step", step)];
            ConstCounter::new(count).encode(steps.encode_family(&labels)?)?;
        }
        let matrix = self.0.journeys.matrix();
        let red = matrix.as_ref().map_or(0, |matrix| matrix.red().count());
        let red = u64::try_from(red).unwrap_or(u64::MAX);
        let help = "Kinds of tokens that SSOT signs and legacy refuses, over all components";
        gauge(encoder, "matrix_red", help, red)?;
        let at = matrix.map_or(0, |matrix| u64::try_from(matrix.at.seconds()).unwrap_or(0));
        let help = "When it was last judged whether each side lets in what the other signs";
        gauge(encoder, "matrix_judged_seconds", help, at)
    }
}
