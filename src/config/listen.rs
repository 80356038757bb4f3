//! `[listen]` and `[tls]`: where the service is reached, and by whom.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::reader::{Faults, Section};
use super::secret::read_private_file;
use crate::web::{
    CertificateFiles, DataAccess, Limits, ListenerSettings, PublicUrl, TargetHeaders, TlsError,
    TrustedProxies,
};

/// Most trusted networks: every request of a proxy walks the list.
const TRUSTED_MAX: usize = 100;

/// A browser holds six connections; Prometheus and a terminal one each.
const CONTROL_CONNECTIONS_PER_ADDRESS: u32 = 100;

/// The listeners and what they know of the network.
#[derive(Debug)]
pub struct Listen {
    /// The data listener.
    pub data: ListenerSettings,
    /// The control listener.
    pub control: ListenerSettings,
    /// The metrics listener; `None` when it is off.
    pub metrics: Option<ListenerSettings>,
    /// Who may use the data listener.
    pub data_access: DataAccess,
    /// Where browsers reach the control listener; `None` for the address that it is bound to.
    pub public_url: Option<PublicUrl>,
    /// Proxies that are believed about their callers.
    pub trusted_proxies: TrustedProxies,
    /// What forward-auth believes about the original path and query.
    pub target_headers: TargetHeaders,
}

/// What the listeners are bound with, before it is one value for each.
struct Addresses {
    data: SocketAddr,
    control: SocketAddr,
    metrics: Option<SocketAddr>,
}

/// Reads both sections.
pub fn listen(
    mut section: Section,
    mut tls: Section,
    folder: &Path,
    faults: &mut Faults,
) -> Listen {
    let addresses = addresses(&mut section, faults);
    let mut certificate = |name: &str| certificate(tls.section(name, faults), folder, faults);
    let (data_tls, control_tls) = (certificate("data"), certificate("control"));
    let metrics_tls = certificate("metrics");
    if metrics_tls.is_some() && addresses.metrics.is_none() {
        faults.add(tls.place("metrics"), "has no listener: listen.metrics is off");
    }
    tls.end(faults);
    let data_access = data_access(&mut section, addresses.data, faults);
    let public_url = control_reach(&mut section, addresses.control, control_tls.is_some(), faults);
    let trusted_proxies = trusted_proxies(&mut section, faults);
    let target_headers = target_headers(&mut section, faults);
    let uncounted = trusted_proxies.with_loopback();
    let (data_limits, control_limits) = limits(&mut section, faults);
    section.end(faults);
    let settings = |address, limits, certificate| ListenerSettings {
        address,
        limits,
        certificate,
        uncounted: uncounted.clone(),
    };
    Listen {
        data: settings(addresses.data, data_limits, data_tls),
        control: settings(addresses.control, control_limits, control_tls),
        metrics: addresses.metrics.map(|at| settings(at, control_limits, metrics_tls)),
        data_access,
        public_url,
        trusted_proxies,
        target_headers,
    }
}

fn addresses(section: &mut Section, faults: &mut Faults) -> Addresses {
    let mut address = |name: &str, default: &str| {
        let text = section.optional(name, faults).unwrap_or_else(|| default.to_owned());
        if name == "metrics" && text == "off" {
            return None;
        }
        let parsed = text.parse::<SocketAddr>();
        Some(parsed.unwrap_or_else(|_| {
            faults.add(section.place(name), format!("is an address and port, not {text:?}"));
            SocketAddr::from(([127, 0, 0, 1], 0))
        }))
    };
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    Addresses {
        data: address("data", "127.0.0.1:8080").unwrap_or(loopback),
        control: address("control", "127.0.0.1:8081").unwrap_or(loopback),
        metrics: address("metrics", "127.0.0.1:8082"),
    }
}

/// `[tls.NAME]`: a chain and a key that fit each other, or nothing.
fn certificate(
    mut section: Section,
    folder: &Path,
    faults: &mut Faults,
) -> Option<CertificateFiles> {
    if section.is_empty() {
        return None;
    }
    let mut file = |name: &str| section.required::<PathBuf>(name, faults);
    let (chain, key) = (file("certificate"), file("key"));
    let places = (section.place("certificate"), section.place("key"));
    section.end(faults);
    let files = CertificateFiles::new(folder.join(chain?), folder.join(key?), read_private_file);
    match files.check() {
        Ok(()) => {}
        Err(error @ TlsError::Chain(_)) => faults.add(places.0, error.to_string()),
        Err(error @ (TlsError::Key(_) | TlsError::Pair(_))) => {
            faults.add(places.1, error.to_string());
        }
    }
    Some(files)
}

/// Beyond loopback it must be said who may ask.
fn data_access(section: &mut Section, address: SocketAddr, faults: &mut Faults) -> DataAccess {
    let place = section.place("data_access");
    if !section.has("data_access") && !address.ip().is_loopback() {
        let problem = "is missing: beyond loopback say \"token\" (an API token of scope decide is \
                       needed) or \"open\" (everybody who reaches it may ask about tokens)";
        faults.add(place, problem);
    }
    section.optional("data_access", faults).unwrap_or(DataAccess::Open)
}

/// Where browsers reach the control listener. Beyond loopback, sessions go through TLS only.
fn control_reach(
    section: &mut Section,
    address: SocketAddr,
    has_tls: bool,
    faults: &mut Faults,
) -> Option<PublicUrl> {
    let behind_proxy = section.optional("control_behind_tls_proxy", faults).unwrap_or(false);
    if !(address.ip().is_loopback() || has_tls || behind_proxy) {
        let problem = "is beyond loopback without TLS: add [tls.control], or say \
                       `control_behind_tls_proxy = true` when a proxy in front of it speaks TLS";
        faults.add(section.place("control"), problem);
    }
    if behind_proxy && !section.is_set("trusted_proxies") {
        let problem = "is missing: behind a proxy that is not named, all callers share one address \
                       and its limits";
        faults.add(section.place("trusted_proxies"), problem);
    }
    let place = section.place("public_url");
    let Some(text) = section.optional::<String>("public_url", faults) else {
        if behind_proxy || address.ip().is_unspecified() {
            let problem = "is missing: say under which address browsers reach the control listener";
            faults.add(place, problem);
        }
        return None;
    };
    match PublicUrl::parse(&text) {
        Ok(url) if !url.is_https() && (has_tls || behind_proxy) => {
            faults.add(place, "is plain http, but the control listener is reached through TLS");
            None
        }
        Ok(url) => Some(url),
        Err(problem) => {
            faults.add(
                place,
                format!("{problem}: it is an origin such as https://crossfade.example"),
            );
            None
        }
    }
}

fn trusted_proxies(section: &mut Section, faults: &mut Faults) -> TrustedProxies {
    let texts: Vec<String> = section.optional("trusted_proxies", faults).unwrap_or_default();
    if texts.len() > TRUSTED_MAX {
        faults
            .add(section.place("trusted_proxies"), format!("has more than {TRUSTED_MAX} entries"));
        return TrustedProxies::default();
    }
    TrustedProxies::parse(texts.iter().map(String::as_str)).unwrap_or_else(|problem| {
        faults.add(section.place("trusted_proxies"), problem);
        TrustedProxies::default()
    })
}

fn target_headers(section: &mut Section, faults: &mut Faults) -> TargetHeaders {
    let headers: TargetHeaders = section.optional("target_headers", faults).unwrap_or_default();
    let mut seen = Vec::new();
    for header in &headers.0 {
        if seen.contains(header) {
            let problem = format!("names {} twice", header.as_str());
            faults.add(section.place("target_headers"), problem);
        }
        seen.push(*header);
    }
    headers
}

/// Bounds of the data listener, and those of the other two: fewer connections an address.
fn limits(section: &mut Section, faults: &mut Faults) -> (Limits, Limits) {
    let default = Limits::default();
    let places = 1..=100_000;
    let connections_max =
        section.within("connections_max", default.connections_max, places.clone(), faults);
    let mut per_address = |name, default| section.within(name, default, places.clone(), faults);
    let data_per_address =
        per_address("connections_per_address_max", default.connections_per_address_max);
    let control_per_address =
        per_address("control_connections_per_address_max", CONTROL_CONNECTIONS_PER_ADDRESS);
    let mut time =
        |name, default, range| Duration::from_millis(section.within(name, default, range, faults));
    let data = Limits {
        connections_max,
        connections_per_address_max: data_per_address,
        head_time: time("head_ms", 30_000, 100..=600_000),
        handshake_time: time("handshake_ms", 10_000, 100..=60_000),
        drain_time: time("drain_ms", 10_000, 0..=600_000),
        head_bytes_max: section.within(
            "head_bytes_max",
            default.head_bytes_max,
            8_192..=1_048_576,
            faults,
        ),
    };
    (data, Limits { connections_per_address_max: control_per_address, ..data })
}
