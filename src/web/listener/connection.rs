//! One connection: the handshake if there is one, then requests until it ends.

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::UPGRADE;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::counts::ListenerEvent;
use super::limits::Limits;
use super::{ConnectionPlaces, stopped};
use crate::web::client_address::Peer;

/// What a connection is served with.
pub struct Serving {
    pub router: Router,
    pub peer: Peer,
    pub places: ConnectionPlaces,
    pub limits: Limits,
    pub tls: Option<TlsAcceptor>,
    pub stop: watch::Receiver<bool>,
}

impl Serving {
    /// Serves the connection until it ends; what ended it, when that is worth counting.
    pub async fn run(mut self, stream: TcpStream) -> Option<ListenerEvent> {
        // Small answers must not wait for more to send.
        let _ = stream.set_nodelay(true);
        let Some(acceptor) = self.tls.take() else { return self.requests(stream).await };
        let handshake = tokio::time::timeout(self.limits.handshake_time, acceptor.accept(stream));
        let shaken = tokio::select! {
            shaken = handshake => shaken,
            () = stopped(&mut self.stop) => return None,
        };
        match shaken {
            Ok(Ok(stream)) => self.requests(stream).await,
            Ok(Err(error)) => {
                tracing::debug!(%error, "a TLS handshake failed");
                Some(ListenerEvent::TlsFailed)
            }
            Err(_elapsed) => Some(ListenerEvent::TlsSlow),
        }
    }

    async fn requests<S>(mut self, stream: S) -> Option<ListenerEvent>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = TowerToHyperService::new(self.router);
        let service = service_fn(|mut request: Request<Incoming>| {
            request.extensions_mut().insert(self.peer);
            if request.headers().contains_key(UPGRADE) {
                request.extensions_mut().insert(self.places.clone());
            }
            router.call(request)
        });
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head_time)
            .max_buf_size(self.limits.head_bytes_max)
            .max_header_size(self.limits.head_bytes_max)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let result = tokio::select! {
            result = &mut connection => result,
            () = stopped(&mut self.stop) => {
                std::pin::Pin::new(&mut connection).graceful_shutdown();
                (&mut connection).await
            }
        };
        let error = result.err()?;
        tracing::debug!(%error, "a connection ended early");
        let nothing_arrived =
            || connection.into_parts().is_none_or(|parts| parts.read_buf.is_empty());
        event(&error, nothing_arrived)
    }
}

/// What hyper's error tells. A client that goes away in the middle is nobody's refusal.
fn event(error: &hyper::Error, nothing_arrived: impl FnOnce() -> bool) -> Option<ListenerEvent> {
    if error.is_parse_too_large() {
        Some(ListenerEvent::HeadTooLarge)
    } else if error.is_parse() {
        Some(ListenerEvent::HeadMalformed)
    } else if error.is_timeout() {
        // Waiting for the next request and waiting for the rest of one end alike.
        Some(if nothing_arrived() { ListenerEvent::IdleClosed } else { ListenerEvent::SlowHead })
    } else {
        None
    }
}
