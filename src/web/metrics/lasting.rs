//! Figures about how long something still holds, or how long ago it was.

use std::fmt::Error;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::Scrape;

impl Scrape {
    /// Accepted differences: when each ends, how often it has applied.
    pub(super) fn accepted(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let (snapshot, now) = (self.0.flags.snapshot(), self.0.clock.now());
        let mut all = Vec::new();
        for flag in snapshot.sorted().into_iter().filter(|flag| !flag.accepted.is_empty()) {
            let applied = self.0.ledger.book(&flag.component).accepted_uses();
            for difference in &flag.accepted {
                let used = applied.get(&difference.name);
                let counts = used.map_or((0, 0), |used| (used.count, used.over));
                let labels =
                    [("component", flag.component.to_string()), ("name", difference.name.clone())];
                all.push((labels, difference.expires_in(now), counts));
            }
        }
        let help = "Seconds until an accepted difference ends; negative once it has";
        let mut ends = encoder.encode_descriptor(
            "accepted_expires_in_seconds",
            help,
            None,
            MetricType::Gauge,
        )?;
        for (labels, expires_in, _) in &all {
            ConstGauge::new(*expires_in).encode(ends.encode_family(labels)?)?;
        }
        let help = "Differences that were accepted, by the name under which they were";
        let mut used =
            encoder.encode_descriptor("accepted_differences", help, None, MetricType::Counter)?;
        for (labels, _, (count, _)) in &all {
            ConstCounter::new(*count).encode(used.encode_family(labels)?)?;
        }
        let help = "Differences over the rate at which they are accepted";
        let name = "accepted_over_rate";
        let mut over = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, _, (_, count)) in &all {
            ConstCounter::new(*count).encode(over.encode_family(labels)?)?;
        }
        Ok(())
    }

    /// How long ago legacy answered; components whose legacy has not answered yet are not there.
    pub(super) fn legacy_answers(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let (snapshot, now) = (self.0.flags.snapshot(), self.0.clock.now());
        let mut ages = encoder.encode_descriptor(
            "legacy_answered_seconds",
            "How long ago a component's legacy path last answered",
            None,
            MetricType::Gauge,
        )?;
        for flag in snapshot.sorted() {
            let Some(at) = self.0.shadow.legacy_answered_at(&flag.component) else { continue };
            let labels = [("component", flag.component.to_string())];
            ConstGauge::new(now.since(at).as_secs_f64()).encode(ages.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
