//! A bound address, and the bounds of what it serves.

mod address_places;
mod connection;
mod counts;
mod limits;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

pub use self::counts::{ListenerCounts, ListenerEvent};
pub use self::limits::{HEADER_FIELDS_MAX, Limits};

use self::address_places::{AddressPlace, AddressPlaces};
use self::connection::Serving;
use super::client_address::{Peer, TrustedProxies};
use super::tls::{CertificateFiles, Tls, TlsError};

/// Why an address cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be bound.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The certificate cannot be used.
    #[error("cannot serve TLS on {address}: {source}")]
    Tls {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: TlsError,
    },
}

/// What a listener is bound with.
#[derive(Clone, Debug)]
pub struct ListenerSettings {
    /// Port 0 takes a free one.
    pub address: SocketAddr,
    /// Its bounds.
    pub limits: Limits,
    /// Its certificate; without one it speaks plain HTTP.
    pub certificate: Option<CertificateFiles>,
    /// Addresses that may hold any number of connections: proxies, and this machine.
    pub uncounted: TrustedProxies,
}

impl ListenerSettings {
    /// Plain HTTP, with these bounds for every address.
    pub fn plain(address: SocketAddr, limits: Limits) -> Self {
        Self { address, limits, certificate: None, uncounted: TrustedProxies::default() }
    }
}

/// What a connection takes of the listener's bounds; free again when the last clone is dropped. Every
/// request that would take its connection over has one among its extensions, for whoever does.
#[derive(Clone)]
pub(super) struct ConnectionPlaces {
    _held: Arc<(OwnedSemaphorePermit, AddressPlace)>,
}

impl ConnectionPlaces {
    fn new(place: OwnedSemaphorePermit, of_address: AddressPlace) -> Self {
        Self { _held: Arc::new((place, of_address)) }
    }
}

/// A bound address.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    limits: Limits,
    tls: Option<Arc<Tls>>,
    uncounted: TrustedProxies,
    counts: Arc<ListenerCounts>,
}

impl Listener {
    /// Binds an address.
    pub async fn bind(settings: ListenerSettings) -> Result<Self, ListenError> {
        let ListenerSettings { address, limits, certificate, uncounted } = settings;
        let counts = Arc::new(ListenerCounts::default());
        let tls = certificate.map(|files| Tls::open(files, Arc::clone(&counts))).transpose();
        let tls = tls.map_err(|source| ListenError::Tls { address, source })?.map(Arc::new);
        let bind_error = |source| ListenError::Bind { address, source };
        let socket = TcpListener::bind(address).await.map_err(bind_error)?;
        let address = socket.local_addr().map_err(bind_error)?;
        Ok(Self { socket, address, limits, tls, uncounted, counts })
    }

    /// The bound address.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it counts.
    pub fn counts(&self) -> Arc<ListenerCounts> {
        Arc::clone(&self.counts)
    }

    /// Its certificate, if it speaks TLS.
    pub fn tls(&self) -> Option<Arc<Tls>> {
        self.tls.clone()
    }

    /// Serves until `stop` turns true, then lets open requests end.
    pub async fn serve(self, router: Router, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(self.limits.connections_max as usize));
        let address_places = AddressPlaces::new(self.limits.connections_per_address_max);
        let mut connections = JoinSet::new();
        loop {
            // A stop is heard also while every place is taken.
            let accepting = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, self.socket.accept().await)
            };
            let (place, accepted) = tokio::select! {
                (Ok(place), accepted) = accepting => (place, accepted),
                () = stopped(&mut stop) => break,
            };
            while connections.try_join_next().is_some() {}
            match accepted {
                Ok((stream, address)) => {
                    let peer = Peer::of(address);
                    if let Some(held) = self.admit(peer, &address_places) {
                        let places = ConnectionPlaces::new(place, held);
                        let serving = self.serving(router.clone(), peer, places, stop.clone());
                        connections.spawn(connection(serving, stream, self.counts()));
                    }
                }
                Err(error) => {
                    self.counts.count(ListenerEvent::AcceptFailed);
                    // Out of descriptors, most likely: give the others time to close theirs.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        // Who waits to be accepted is refused now, not when the last request has ended.
        drop(self.socket);
        let drained = async {
            while connections.join_next().await.is_some() {}
            // Whoever has taken a connection over has taken its place with it.
            drop(places.acquire_many(self.limits.connections_max).await);
        };
        if tokio::time::timeout(self.limits.drain_time, drained).await.is_err() {
            let taken = self.limits.connections_max as usize - places.available_permits();
            let cut = u64::try_from(taken).unwrap_or(u64::MAX);
            self.counts.add(ListenerEvent::CutAtDrain, cut);
            tracing::warn!(connections = cut, "connections were cut at the end of the drain time");
        }
    }

    /// Counts a connection; its place among those of its address, unless it gets none.
    fn admit(&self, peer: Peer, places: &Arc<AddressPlaces>) -> Option<AddressPlace> {
        let held = if self.uncounted.contains(peer.0) {
            Some(AddressPlace::uncounted())
        } else {
            places.take(peer.0)
        };
        self.counts.count(match &held {
            Some(_) => ListenerEvent::Accepted,
            None => ListenerEvent::TooManyFromAddress,
        });
        held
    }

    fn serving(
        &self,
        router: Router,
        peer: Peer,
        places: ConnectionPlaces,
        stop: watch::Receiver<bool>,
    ) -> Serving {
        let tls = self.tls.as_ref().map(|tls| tls.acceptor());
        Serving { router, peer, places, limits: self.limits, tls, stop }
    }
}

/// Returns when a stop is asked for, or when nobody is left to ask.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _asked = stop.wait_for(|stop| *stop).await;
}

/// Serves a connection until it ends, or until somebody takes it over.
async fn connection(serving: Serving, stream: TcpStream, counts: Arc<ListenerCounts>) {
    if let Some(event) = serving.run(stream).await {
        counts.count(event);
    }
}
