//! What was refused, counted.

use std::sync::atomic::{AtomicU64, Ordering};

use super::AddressKind;

const KINDS: [AddressKind; 10] = [
    AddressKind::Loopback,
    AddressKind::Private,
    AddressKind::LinkLocal,
    AddressKind::Shared,
    AddressKind::Unspecified,
    AddressKind::Broadcast,
    AddressKind::Multicast,
    AddressKind::Documentation,
    AddressKind::Benchmarking,
    AddressKind::Reserved,
];

/// How often the client refused, by reason, since the start.
///
/// A name with several addresses counts each refused one, also when another one was good.
#[derive(Debug, Default)]
pub struct OutboundCounts {
    hosts: AtomicU64,
    busy: AtomicU64,
    addresses: [AtomicU64; KINDS.len()],
}

impl OutboundCounts {
    /// Word and count of each reason: `host_not_allowed`, `busy`, and the kinds of addresses
    /// ([`AddressKind::code`]).
    pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        [("host_not_allowed", read(&self.hosts)), ("busy", read(&self.busy))].into_iter().chain(
            KINDS.into_iter().zip(&self.addresses).map(move |(kind, n)| (kind.code(), read(n))),
        )
    }

    pub(super) fn host(&self) {
        self.hosts.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn busy(&self) {
        self.busy.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn address(&self, kind: AddressKind) {
        if let Some(place) = KINDS.iter().position(|known| *known == kind) {
            self.addresses[place].fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_counted_under_its_own_word() {
        let counts = OutboundCounts::default();
        counts.host();
        counts.busy();
        for kind in KINDS {
            counts.address(kind);
        }
        let mut words: Vec<_> = counts.all().map(|(word, count)| (count, word)).collect();
        words.dedup();
        assert_eq!(words.len(), 2 + KINDS.len());
        assert!(words.iter().all(|(count, _)| *count == 1), "{words:?}");
    }
}
