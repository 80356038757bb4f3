//! What the guard makes of each component.

use std::fmt::Error;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::Scrape;
use crate::flags::GuardMode;
use crate::guard::{GuardView, Standing};

/// What a ruling can be, as in its code.
const RULINGS: [&str; 4] = ["wait", "pass", "hold", "trip"];

type OfView = fn(&GuardView) -> u64;

/// Name, meaning, and whether it only grows, of what every component has one of.
const PLAIN: [(&str, &str, MetricType, OfView); 5] = [
    (
        "guard_attempt",
        "Number of the present attempt to serve a component by SSOT",
        MetricType::Gauge,
        |view| u64::from(view.attempt),
    ),
    (
        "guard_certificate_missing",
        "Clean subjects that are missing for a certificate, if none of them fails",
        MetricType::Gauge,
        |view| view.certificate.clean_subjects_missing,
    ),
    (
        "guard_memory_bytes",
        "Memory that the evidence about a component takes, about",
        MetricType::Gauge,
        |view| view.memory_bytes,
    ),
    (
        "guard_unseen",
        "Observations that could not be kept for the guard",
        MetricType::Counter,
        |view| view.unseen,
    ),
    (
        "guard_subjects_ignored",
        "Observations of the present attempt that count for neither side",
        MetricType::Counter,
        |view| view.ignored,
    ),
];

impl Scrape {
    /// What the guard makes of every component.
    pub(super) fn guard(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        encode(encoder, self.0.guard.views())
    }
}

/// Components that are not watched are not there.
fn encode(encoder: &mut DescriptorEncoder<'_>, mut views: Vec<GuardView>) -> Result<(), Error> {
    views.retain(|view| view.limits.mode != GuardMode::Off);
    values(encoder, &views)?;
    let help = "1 for what the guard says of a component, 0 for what it does not";
    let mut rulings = encoder.encode_descriptor("guard_ruling", help, None, MetricType::Gauge)?;
    for view in &views {
        for code in RULINGS {
            let labels = [("component", view.component.to_string()), ("ruling", code.into())];
            let says = u64::from(view.ruling.code() == code);
            ConstGauge::new(says).encode(rulings.encode_family(&labels)?)?;
        }
    }
    for (name, help, kind, value) in PLAIN {
        let mut family = encoder.encode_descriptor(name, help, None, kind)?;
        for view in &views {
            let labels = [("component", view.component.to_string())];
            let metric = family.encode_family(&labels)?;
            match kind {
                MetricType::Counter => ConstCounter::new(value(view)).encode(metric)?,
                _ => ConstGauge::new(value(view)).encode(metric)?,
            }
        }
    }
    Ok(())
}

/// The rules that are armed and whose evidence has a value, where there is any evidence.
fn values(encoder: &mut DescriptorEncoder<'_>, views: &[GuardView]) -> Result<(), Error> {
    let speaks = |standing: &&Standing| standing.unarmed.is_none();
    let seen = || views.iter().filter(|view| view.answers > 0);
    let all: Vec<(&GuardView, &Standing)> = seen()
        .flat_map(|view| view.standings.iter().filter(speaks).map(move |standing| (view, standing)))
        .collect();
    for (name, help, value) in [
        (
            "guard_e_value",
            "What the evidence of a rule is worth",
            (|standing| standing.value) as fn(&Standing) -> Option<f64>,
        ),
        ("guard_acts_at", "The value at which a rule acts", |standing| standing.acts_at),
    ] {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (view, standing) in &all {
            let Some(value) = value(standing) else { continue };
            let rule = standing.rule.code().to_owned();
            let labels = [("component", view.component.to_string()), ("rule", rule)];
            ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
