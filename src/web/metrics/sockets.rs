//! Sockets: who is connected, what reaches them, what was refused.

use std::fmt::Error;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;

use super::{Scrape, counter, gauge};
use crate::sockets::Stats;
use crate::web::SocketEvent;

type OfStats = fn(&Stats) -> u64;

/// Name and meaning of what there is now.
const HELD: [(&str, &str, OfStats); 5] = [
    ("sockets_open", "Open sockets", |stats| stats.connections),
    ("sockets_users", "Users whose logs of events are in memory", |stats| stats.users),
    ("sockets_events_retained", "Events in memory", |stats| stats.retained),
    ("sockets_events_publishing", "Events that wait for the disk", |stats| stats.publishing),
    ("sockets_events_kept", "1 while events can be kept", |stats| stats.keeps.into()),
];

/// Name and meaning of what only grows.
const COUNTED: [(&str, &str, OfStats); 11] = [
    ("sockets_attached", "Sockets that were opened", |stats| stats.attached),
    ("sockets_published", "Events that were accepted, each once", |stats| stats.published),
    ("sockets_duplicates", "Events that were published again under the same name", |stats| {
        stats.duplicates
    }),
    ("sockets_refused", "Events for which there was no place, or that the disk refused", |stats| {
        stats.refused
    }),
    ("sockets_delivered", "Frames of events written to sockets", |stats| stats.delivered),
    ("sockets_replayed", "Of these, frames of events from before the socket", |stats| {
        stats.replayed
    }),
    ("sockets_gaps", "Gaps that clients were told of", |stats| stats.gaps),
    ("sockets_legacy_written", "Frames of legacy's written to sockets that it serves", |stats| {
        stats.legacy_written
    }),
    ("sockets_legacy_swallowed", "Frames of legacy's that were only compared", |stats| {
        stats.legacy_swallowed
    }),
    (
        "sockets_uncertain",
        "Frames of legacy's written although SSOT serves: no event that SSOT knows",
        |stats| stats.uncertain,
    ),
    ("sockets_commits", "Groups of events written to the disk", |stats| stats.rounds),
];

impl Scrape {
    /// Who is connected, what reaches them, what was refused.
    pub(super) fn sockets(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let sockets = &self.0.sockets;
        let stats = sockets.manager.stats();
        for (name, help, of) in HELD {
            gauge(encoder, name, help, of(&stats))?;
        }
        let waiting = u64::try_from(sockets.tickets_waiting()).unwrap_or(u64::MAX);
        gauge(encoder, "sockets_tickets_waiting", "Tickets that wait to be redeemed", waiting)?;
        for (name, help, of) in COUNTED {
            counter(encoder, name, help, of(&stats))?;
        }
        let closes = stats.closes.iter().map(|(reason, count)| (reason.as_str(), *count));
        by_label(
            encoder,
            "sockets_closed",
            "Sockets that have ended, by reason",
            "reason",
            closes,
        )?;
        let anomalies = stats.anomalies.iter().map(|(anomaly, count)| (anomaly.code(), *count));
        let help = "Broken rules of runs, by rule; the events are delivered all the same";
        by_label(encoder, "sockets_anomalies", help, "rule", anomalies)?;
        let events = SocketEvent::ALL.map(|event| (event.code(), sockets.counts.of(event)));
        let help = "What became of handshakes, tickets and messages";
        by_label(encoder, "sockets_events", help, "event", events)
    }
}

fn by_label(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    counts: impl IntoIterator<Item = (&'static str, u64)>,
) -> Result<(), Error> {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (value, count) in counts {
        ConstCounter::new(count).encode(family.encode_family(&[(label, value)])?)?;
    }
    Ok(())
}
