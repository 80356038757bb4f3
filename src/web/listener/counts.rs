//! What happened to connections, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// Something that happens to a connection, or to what a listener serves it with.
///
/// What hyper reports in one way is one event here: a head with too many fields, with too many
/// bytes and with too long a target are all [`Self::HeadTooLarge`]; whatever else cannot be read
/// as a request, a TLS handshake on a plain listener among it, is [`Self::HeadMalformed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerEvent {
    /// A connection was taken.
    Accepted,
    /// The kernel did not give a connection: out of descriptors, most likely.
    AcceptFailed,
    /// A connection was closed at once: its address holds as many as it may.
    TooManyFromAddress,
    /// A TLS handshake failed; a client that speaks plain HTTP is one cause.
    TlsFailed,
    /// A TLS handshake did not end in time.
    TlsSlow,
    /// Part of a request head arrived, and not the rest in time.
    SlowHead,
    /// A connection was closed on which nothing had arrived since the last answer, or ever.
    IdleClosed,
    /// A request head was too large, or had too many fields: 431 or 414.
    HeadTooLarge,
    /// A request head could not be read: 400.
    HeadMalformed,
    /// A connection was still open at the end of the drain time.
    CutAtDrain,
    /// Another certificate was taken into use.
    Reloaded,
    /// A new certificate could not be used; the old one stays.
    ReloadFailed,
}

impl ListenerEvent {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 12] = [
        Self::Accepted,
        Self::AcceptFailed,
        Self::TooManyFromAddress,
        Self::TlsFailed,
        Self::TlsSlow,
        Self::SlowHead,
        Self::IdleClosed,
        Self::HeadTooLarge,
        Self::HeadMalformed,
        Self::CutAtDrain,
        Self::Reloaded,
        Self::ReloadFailed,
    ];

    /// Its word in metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::AcceptFailed => "accept_failed",
            Self::TooManyFromAddress => "too_many_from_address",
            Self::TlsFailed => "tls_failed",
            Self::TlsSlow => "tls_slow",
            Self::SlowHead => "slow_head",
            Self::IdleClosed => "idle_closed",
            Self::HeadTooLarge => "head_too_large",
            Self::HeadMalformed => "head_malformed",
            Self::CutAtDrain => "cut_at_drain",
            Self::Reloaded => "reloaded",
            Self::ReloadFailed => "reload_failed",
        }
    }
}

/// How often each event happened on one listener, since the start.
#[derive(Debug, Default)]
pub struct ListenerCounts([AtomicU64; ListenerEvent::ALL.len()]);

impl ListenerCounts {
    /// Counts one.
    pub fn count(&self, event: ListenerEvent) {
        self.add(event, 1);
    }

    /// Counts several at once.
    pub fn add(&self, event: ListenerEvent, times: u64) {
        self.0[event as usize].fetch_add(times, Ordering::Relaxed);
    }

    /// How often an event happened.
    pub fn of(&self, event: ListenerEvent) -> u64 {
        self.0[event as usize].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_a_place_of_its_own() {
        let counts = ListenerCounts::default();
        for (place, event) in ListenerEvent::ALL.into_iter().enumerate() {
            assert_eq!(event as usize, place);
            counts.add(event, place as u64);
        }
        for (place, event) in ListenerEvent::ALL.into_iter().enumerate() {
            assert_eq!(counts.of(event), place as u64, "{}", event.code());
        }
    }
}
