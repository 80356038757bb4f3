//! The bounds of what a listener serves.

use std::time::Duration;

/// Most header fields of one request; beyond it 431.
///
/// hyper's own default: any other number would cost every request an allocation.
pub const HEADER_FIELDS_MAX: usize = 100;

/// Bounds of a listener.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at one time; further ones wait in the kernel's queue.
    pub connections_max: u32,
    /// Connections at one time from one address (IPv6: from one /64); further ones are closed.
    pub connections_per_address_max: u32,
    /// Largest request head, in bytes; beyond it 431.
    pub head_bytes_max: usize,
    /// How long a request head may take to arrive, also on an idle connection.
    pub head_time: Duration,
    /// How long a TLS handshake may take.
    pub handshake_time: Duration,
    /// How long open requests may go on after a shutdown was asked for.
    pub drain_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            connections_per_address_max: 1_000,
            head_bytes_max: 32 * 1024,
            head_time: Duration::from_secs(30),
            handshake_time: Duration::from_secs(10),
            drain_time: Duration::from_secs(10),
        }
    }
}
