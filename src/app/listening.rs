//! The listeners, and what is known of where they are.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::{DoorSettings, Listen};
use crate::web::{
    Certificates, Doors, ListenError, Listener, Network, PublicUrl, Rooms, control_routes,
    data_routes, metrics_routes, stopped,
};

/// The files of certificates are looked at this often.
const CERTIFICATE_INTERVAL: Duration = Duration::from_secs(30);

/// The listeners' names in metrics, in the order of [`Listeners::all`].
const LISTENERS: [&str; 3] = ["data", "control", "metrics"];

/// The bound listeners.
pub(super) struct Listeners {
    pub data: Listener,
    pub control: Listener,
    pub metrics: Option<Listener>,
}

impl Listeners {
    pub fn all(&self) -> impl Iterator<Item = &Listener> {
        [&self.data, &self.control].into_iter().chain(&self.metrics)
    }

    pub fn serve(self, rooms: &Arc<Rooms>, stop: &watch::Receiver<bool>) -> JoinSet<()> {
        let mut serving = JoinSet::new();
        serving.spawn(self.data.serve(data_routes(Arc::clone(rooms)), stop.clone()));
        serving.spawn(self.control.serve(control_routes(Arc::clone(rooms)), stop.clone()));
        if let Some(metrics) = self.metrics {
            serving.spawn(metrics.serve(metrics_routes(Arc::clone(rooms)), stop.clone()));
        }
        serving
    }
}

/// Binds them.
pub(super) async fn listeners(listen: Listen) -> Result<(Listeners, Network), ListenError> {
    let has_tls = listen.control.certificate.is_some();
    let data = Listener::bind(listen.data).await?;
    let control = Listener::bind(listen.control).await?;
    let metrics = match listen.metrics {
        Some(settings) => Some(Listener::bind(settings).await?),
        None => None,
    };
    let bound = Listeners { data, control, metrics };
    let own_url = || PublicUrl::of(bound.control.address(), has_tls);
    let network = Network {
        trusted_proxies: listen.trusted_proxies,
        target_headers: listen.target_headers,
        data_access: listen.data_access,
        public_url: listen.public_url.unwrap_or_else(own_url),
        listeners: LISTENERS.into_iter().zip(bound.all().map(Listener::counts)).collect(),
    };
    Ok((bound, network))
}

/// The doors, with where they are when nobody has said it.
pub(super) fn doors(settings: DoorSettings, listeners: &Listeners) -> Doors {
    let DoorSettings { component, tokens, session, session_cookie, url } = settings;
    let scheme = if listeners.data.tls().is_some() { "https" } else { "http" };
    let bound = || format!("{scheme}://{}", listeners.data.address());
    Doors { component, tokens, session, session_cookie, url: url.unwrap_or_else(bound) }
}

/// Takes new certificates into use as their files change.
pub(super) async fn watch_certificates(
    certificates: Certificates,
    mut stop: watch::Receiver<bool>,
) {
    // They have just been read.
    let first = tokio::time::Instant::now() + CERTIFICATE_INTERVAL;
    let mut looking = tokio::time::interval_at(first, CERTIFICATE_INTERVAL);
    loop {
        tokio::select! {
            _ = looking.tick() => certificates.reload_changed().await,
            () = stopped(&mut stop) => return,
        }
    }
}
