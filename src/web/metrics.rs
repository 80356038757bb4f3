//! `GET /metrics`: the ledger's counts and the rooms' state for Prometheus.
//!
//! Nothing is counted twice: each scrape reads what the ledger, the flag table and the request
//! log keep anyway.

mod guard;
mod journeys;
mod lasting;
mod sockets;

use std::fmt::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::{Figure, ListenerEvent, Listens, OfrepOutcome, Problem, Rooms};
use crate::compare::MismatchClass;
use crate::domain::Side;
use crate::ledger::{Counter, Latency};

/// Upper bounds of the latency buckets, in microseconds.
const BUCKETS_US: [u64; 12] =
    [5, 10, 25, 50, 100, 250, 1_000, 5_000, 25_000, 100_000, 500_000, 2_500_000];

/// The metrics, in the Prometheus text format.
#[utoipa::path(get, path = "/metrics", tag = "metrics",
    responses((status = 200, description = "Prometheus text format", body = String),
              (status = 500, description = "The metrics could not be written", body = super::problem::ProblemBody)))]
pub async fn metrics(State(rooms): State<Arc<Rooms>>) -> Result<Response, Problem> {
    let mut registry = Registry::with_prefix("crossfade");
    registry.register_collector(Box::new(Scrape(rooms)));
    let mut text = String::new();
    prometheus_client::encoding::prometheus_text::encode(&mut text, &registry).map_err(|_| {
        Problem::new(
            axum::http::StatusCode::INTERNAL_SERVER_ERROR,
            "metrics",
            "No metrics",
            "the metrics could not be written",
        )
    })?;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

struct Scrape(Arc<Rooms>);

impl std::fmt::Debug for Scrape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scrape")
    }
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        self.events(&mut encoder)?;
        self.latencies(&mut encoder)?;
        self.flags(&mut encoder)?;
        self.accepted(&mut encoder)?;
        self.legacy_answers(&mut encoder)?;
        self.refusals(&mut encoder)?;
        self.figures(&mut encoder)?;
        self.guard(&mut encoder)?;
        self.journeys(&mut encoder)?;
        self.listeners(&mut encoder)?;
        self.evaluations(&mut encoder)?;
        self.sockets(&mut encoder)?;
        let log = self.0.request_log.stats();
        let in_flight = u64::try_from(self.0.shadow.in_flight()).unwrap_or(u64::MAX);
        gauge(&mut encoder, "shadows_in_flight", "Comparisons under way", in_flight)?;
        counter(&mut encoder, "request_log_lines", "Request log lines gathered", log.lines)?;
        let sites = &self.0.call_sites;
        counter(
            &mut encoder,
            "call_sites_dropped",
            "Calls whose place in source code was not remembered",
            sites.dropped(),
        )?;
        counter(
            &mut encoder,
            "request_log_dropped",
            "Request log lines dropped because the writer could not keep up",
            log.dropped,
        )?;
        let told = self.0.ledger.comparisons().map(|told| told.stats()).unwrap_or_default();
        counter(&mut encoder, "comparisons_lines", "Comparisons written out", told.lines)?;
        counter(
            &mut encoder,
            "comparisons_dropped",
            "Comparisons not written out because the writer could not keep up or failed",
            told.dropped,
        )
    }
}

impl Scrape {
    fn events(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut family = encoder.encode_descriptor(
            "events",
            "What was counted, by component and code of the ledger",
            None,
            MetricType::Counter,
        )?;
        for book in self.0.ledger.books() {
            let total = book.total();
            let flag = self.0.flags.snapshot().flag(book.component().as_str()).cloned();
            let classes = flag.map_or(&MismatchClass::OF_DECISIONS[..], |flag| flag.kind.classes());
            let shown = |counter: &Counter| {
                let of_kind = counter.class().is_none_or(|class| classes.contains(&class));
                of_kind || total.count(*counter) > 0
            };
            for each in Counter::all().filter(shown) {
                let labels = [("component", book.component().to_string()), ("code", each.code())];
                let metric = family.encode_family(&labels)?;
                ConstCounter::new(total.count(each)).encode(metric)?;
            }
        }
        Ok(())
    }

    fn latencies(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut family = encoder.encode_descriptor(
            "answer_seconds",
            "How long a side took to answer",
            None,
            MetricType::Histogram,
        )?;
        for book in self.0.ledger.books() {
            for side in Side::BOTH {
                let (sum, count, buckets) = book.with_latency(side, |latency| {
                    (latency.sum(), latency.summary().count, buckets(latency))
                });
                let labels =
                    [("component", book.component().to_string()), ("side", side.to_string())];
                let mut metric = family.encode_family(&labels)?;
                metric.encode_histogram::<NoLabelSet>(sum.as_secs_f64(), count, &buckets, None)?;
            }
        }
        Ok(())
    }

    /// What rooms tell that this one does not see.
    fn figures(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let figures = (self.0.figures)();
        for family in figures.chunk_by(|one, next| one.name == next.name) {
            let Some(Figure { name, help, counts, .. }) = family.first() else { continue };
            let kind = if *counts { MetricType::Counter } else { MetricType::Gauge };
            let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
            for Figure { label, value, .. } in family {
                let labels: Vec<(&str, &str)> =
                    label.iter().map(|(name, value)| (*name, &**value)).collect();
                let labelled = metric.encode_family(&labels)?;
                if *counts {
                    ConstCounter::new(*value).encode(labelled)?;
                } else {
                    ConstGauge::new(*value).encode(labelled)?;
                }
            }
        }
        Ok(())
    }

    fn refusals(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut refused = encoder.encode_descriptor(
            "refused",
            "Requests that were not let in, by reason",
            None,
            MetricType::Counter,
        )?;
        for (code, count) in self.0.access.refusals.all() {
            let labels = [("reason", code)];
            ConstCounter::new(count).encode(refused.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn flags(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let snapshot = self.0.flags.snapshot();
        let mut share = encoder.encode_descriptor(
            "flag_share_basis_points",
            "Part of a component's traffic that SSOT serves",
            None,
            MetricType::Gauge,
        )?;
        for flag in snapshot.iter() {
            let labels =
                [("component", flag.component.to_string()), ("stage", flag.stage.name().into())];
            let points = u64::from(flag.stage.share().basis_points());
            ConstGauge::new(points).encode(share.encode_family(&labels)?)?;
        }
        let mut latched = encoder.encode_descriptor(
            "flag_latched",
            "1 while a component is rolled back and not released",
            None,
            MetricType::Gauge,
        )?;
        for flag in snapshot.iter() {
            let labels = [("component", flag.component.to_string())];
            let value = u64::from(flag.latch.is_some());
            ConstGauge::new(value).encode(latched.encode_family(&labels)?)?;
        }
        let mut held = encoder.encode_descriptor(
            "flag_held",
            "1 while a component is held and not released",
            None,
            MetricType::Gauge,
        )?;
        for flag in snapshot.iter() {
            let labels = [("component", flag.component.to_string())];
            let value = u64::from(flag.hold.is_some());
            ConstGauge::new(value).encode(held.encode_family(&labels)?)?;
        }
        gauge(encoder, "flag_revision", "Revision of the flag table", snapshot.revision().0)?;
        let unsaved = u64::try_from(self.0.flags.unsaved()).unwrap_or(u64::MAX);
        gauge(encoder, "flags_unsaved", "Changes that serve but are not on the disk", unsaved)
    }
}

impl Scrape {
    fn listeners(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut family = encoder.encode_descriptor(
            "listener_events",
            "What happened to connections and certificates, by listener",
            None,
            MetricType::Counter,
        )?;
        for (name, counts) in &self.0.network.listeners {
            for event in ListenerEvent::ALL {
                let labels = [("listener", *name), ("event", event.code())];
                ConstCounter::new(counts.of(event)).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

impl Scrape {
    fn evaluations(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut family = encoder.encode_descriptor(
            "ofrep_requests",
            "Evaluations for other services, by what came of them",
            None,
            MetricType::Counter,
        )?;
        for outcome in OfrepOutcome::ALL {
            let labels = [("outcome", outcome.code())];
            ConstCounter::new(self.0.ofrep.of(outcome)).encode(family.encode_family(&labels)?)?;
        }
        let streams = &self.0.streams;
        let mut open = encoder.encode_descriptor(
            "streams_open",
            "Streams of events that are open, by listener",
            None,
            MetricType::Gauge,
        )?;
        for (name, listener) in [("data", Listens::Data), ("control", Listens::Control)] {
            let count = u64::try_from(streams.open(listener)).unwrap_or(u64::MAX);
            ConstGauge::new(count).encode(open.encode_family(&[("listener", name)])?)?;
        }
        let help = "Streams of events that were refused because all places were taken";
        counter(encoder, "streams_refused", help, streams.refused())
    }
}

/// Upper bound in seconds and count of each bucket; the encoder adds them up.
fn buckets(latency: &Latency) -> [(f64, u64); BUCKETS_US.len()] {
    let mut below = 0;
    BUCKETS_US.map(|bound| {
        let up_to = latency.count_up_to(bound);
        let count = up_to - below;
        below = up_to;
        (Duration::from_micros(bound).as_secs_f64(), count)
    })
}

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: u64,
) -> Result<(), Error> {
    let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    ConstGauge::new(value).encode(metric)
}

fn counter(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: u64,
) -> Result<(), Error> {
    let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    ConstCounter::new(value).encode(metric)
}
