//! Whose request is it? The peer's, unless the peer is a proxy that we trust to tell.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::http::{Extensions, HeaderMap};
use ipnet::{IpNet, Ipv4Net};

/// Where proxies write the addresses that they were called from, each behind the last.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address at the other end of the connection; every request of a [`Listener`] has it among
/// its extensions.
///
/// [`Listener`]: super::Listener
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// The peer of a connection. An IPv4 address that was met on an IPv6 socket is itself again.
    pub fn of(address: SocketAddr) -> Self {
        Self(address.ip().to_canonical())
    }
}

/// The proxies that are believed about whose requests they pass on.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// Reads networks (`10.0.0.0/8`) and single addresses. The error says what is wrong with
    /// which of them.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        texts.into_iter().map(network).collect::<Result<Vec<_>, _>>().map(|list| Self(list.into()))
    }

    /// These and the addresses of this machine.
    #[must_use]
    pub fn with_loopback(&self) -> Self {
        let loopback = [IpAddr::from([127, 0, 0, 0]), Ipv6Addr::LOCALHOST.into()];
        let networks = loopback.into_iter().zip([8, 128]);
        let loopback = networks.filter_map(|(address, bits)| IpNet::new(address, bits).ok());
        Self(self.0.iter().copied().chain(loopback).collect())
    }

    /// True for the address of a trusted proxy.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    let single = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let Some(network) = text.parse::<IpNet>().ok().or_else(single) else {
        return Err(format!("{text:?} is neither a network such as 10.0.0.0/8 nor an address"));
    };
    if network.prefix_len() == 0 {
        return Err(format!("{text} trusts everybody: any client could write its own address"));
    }
    Ok(canonical(network))
}

/// Peers are compared in their canonical form, so networks are kept in it.
fn canonical(network: IpNet) -> IpNet {
    match network.addr().to_canonical() {
        IpAddr::V4(address) if network.prefix_len() >= 96 => {
            Ipv4Net::new(address, network.prefix_len() - 96).map_or(network, IpNet::from)
        }
        IpAddr::V4(_) | IpAddr::V6(_) => network,
    }
}

/// Whose request this is: the peer's, or, when the peer is a trusted proxy, the last address in
/// `X-Forwarded-For` that is not one. An entry that is no address ends the walk at the last good
/// one: nobody vouches for what stands before it. Unspecified (0.0.0.0) without a peer, which
/// only a request has that came from no listener.
pub fn client_address(
    extensions: &Extensions,
    headers: &HeaderMap,
    trusted: &TrustedProxies,
) -> IpAddr {
    let Some(Peer(peer)) = extensions.get::<Peer>() else { return Ipv4Addr::UNSPECIFIED.into() };
    if trusted.contains(*peer) { told_address(*peer, headers, trusted) } else { *peer }
}

fn told_address(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    let mut known = peer;
    for entry in forwarded_for(headers) {
        let Some(address) = entry_address(entry) else { break };
        known = address;
        if !trusted.contains(address) {
            break;
        }
    }
    known
}

/// Whose request the caller passes on, where the caller is a trusted proxy or `vouched` for in
/// another way: the last address in `X-Forwarded-For` that is no trusted proxy's. `None` where
/// nothing is told, and where an entry that is no address comes first: nobody vouches for what
/// stands before it. Never the caller's own address.
pub(super) fn told_client(
    extensions: &Extensions,
    headers: &HeaderMap,
    trusted: &TrustedProxies,
    vouched: impl FnOnce() -> bool,
) -> Option<IpAddr> {
    let mut entries = forwarded_for(headers).map_while(entry_address);
    let client = entries.find(|address| !trusted.contains(*address))?;
    let Peer(peer) = extensions.get::<Peer>()?;
    (trusted.contains(*peer) || vouched()).then_some(client)
}

/// The entries of `X-Forwarded-For`, the last one first. Several fields are one list, in their
/// order (RFC 9110 §5.3).
fn forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let fields = headers.get_all(FORWARDED_FOR).into_iter().rev();
    fields.flat_map(|field| field.as_bytes().rsplit(|byte| *byte == b','))
}

/// An address, alone or with a port, as some proxies write it.
fn entry_address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse::<IpAddr>();
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    address.or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn address(peer: &str, fields: &[&str], trusted: &[&str]) -> String {
        let trusted = TrustedProxies::parse(trusted.iter().copied()).expect("networks");
        let (extensions, headers) = asked_by(peer, fields);
        client_address(&extensions, &headers, &trusted).to_string()
    }

    fn asked_by(peer: &str, fields: &[&str]) -> (Extensions, HeaderMap) {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(field).expect("a value"));
        }
        let mut extensions = Extensions::new();
        let peer = peer.parse::<IpAddr>().expect("an address");
        extensions.insert(Peer::of(SocketAddr::from((peer, 1))));
        (extensions, headers)
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_about_its_own_caller() {
        let proxies = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"];
        for (peer, fields, expected, why) in [
            ("203.0.113.5", &[][..], "203.0.113.5", "a client without a proxy"),
            ("203.0.113.5", &["1.1.1.1"], "203.0.113.5", "a client that writes itself an address"),
            ("10.1.1.1", &[], "10.1.1.1", "a proxy that tells nothing"),
            ("10.1.1.1", &["198.51.100.1"], "198.51.100.1", "a proxy that tells its caller"),
            ("10.1.1.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1", "a caller that writes ahead"),
            ("10.1.1.1", &["10.9.9.9, 198.51.100.1"], "198.51.100.1", "ahead, as a proxy"),
            ("10.1.1.1", &["198.51.100.1, 10.2.2.2"], "198.51.100.1", "two proxies"),
            ("10.1.1.1", &["198.51.100.1", "10.2.2.2"], "198.51.100.1", "two fields, one list"),
            ("10.1.1.1", &["1.1.1.1", "198.51.100.1"], "198.51.100.1", "a field written ahead"),
            ("10.1.1.1", &["10.3.3.3, 10.2.2.2"], "10.3.3.3", "a proxy's own request"),
            ("192.0.2.7", &["198.51.100.1"], "198.51.100.1", "a single trusted address"),
            ("192.0.2.8", &["198.51.100.1"], "192.0.2.8", "its neighbour is not trusted"),
            ("2001:db8::1", &["2001:4860::8"], "2001:4860::8", "IPv6 proxy and caller"),
            ("::ffff:10.1.1.1", &["198.51.100.1"], "198.51.100.1", "IPv4 proxy on an IPv6 socket"),
            ("::ffff:203.0.113.5", &["1.1.1.1"], "203.0.113.5", "IPv4 client on an IPv6 socket"),
            ("10.1.1.1", &["::ffff:198.51.100.1"], "198.51.100.1", "an entry in mapped form"),
            ("10.1.1.1", &["198.51.100.1:4711"], "198.51.100.1", "an entry with a port"),
            ("10.1.1.1", &["[2001:4860::8]:4711"], "2001:4860::8", "an IPv6 entry with a port"),
            ("10.1.1.1", &["[2001:4860::8]"], "2001:4860::8", "an IPv6 entry in brackets"),
            ("10.1.1.1", &["unknown"], "10.1.1.1", "an entry that is no address"),
            ("10.1.1.1", &[""], "10.1.1.1", "an empty field"),
            ("10.1.1.1", &["198.51.100.1,"], "10.1.1.1", "an empty last entry"),
            ("10.1.1.1", &["1.1.1.1, junk, 10.2.2.2"], "10.2.2.2", "nothing before a bad entry"),
            ("10.1.1.1", &["1.1.1.1 198.51.100.1"], "10.1.1.1", "two addresses, no comma"),
            ("10.1.1.1", &["\t 198.51.100.1 \t"], "198.51.100.1", "white space around an entry"),
        ] {
            assert_eq!(address(peer, fields, &proxies), expected, "{why}");
        }
    }

    #[test]
    fn a_client_is_whoever_the_caller_tells_and_never_a_proxy_or_the_caller_itself() {
        let trusted = TrustedProxies::parse(["10.0.0.0/8"]).expect("networks");
        for (fields, expected, why) in [
            (&[][..], None, "nothing is told"),
            (&["198.51.100.1"], Some("198.51.100.1"), "one client"),
            (&["1.1.1.1, 198.51.100.1"], Some("198.51.100.1"), "what the client wrote ahead"),
            (&["1.1.1.1", "198.51.100.1"], Some("198.51.100.1"), "in a field of its own"),
            (&["198.51.100.1, 10.2.2.2"], Some("198.51.100.1"), "behind another proxy"),
            (&["10.3.3.3, 10.2.2.2"], None, "a proxy's own request"),
            (&["10.3.3.3"], None, "a proxy alone"),
            (&["198.51.100.1, unknown"], None, "nobody vouches for what stands before"),
            (&["198.51.100.1, junk, 10.2.2.2"], None, "nor before a bad entry further up"),
            (&["198.51.100.1,"], None, "an empty last entry"),
            (&["[2001:4860::8]:4711"], Some("2001:4860::8"), "with a port"),
        ] {
            let told = |peer: &str, vouched| {
                let (extensions, headers) = asked_by(peer, fields);
                let client = told_client(&extensions, &headers, &trusted, || vouched);
                client.map(|address| address.to_string())
            };
            assert_eq!(told("10.1.1.1", false).as_deref(), expected, "{why}");
            assert_eq!(told("203.0.113.5", true).as_deref(), expected, "with a token: {why}");
            assert_eq!(told("203.0.113.5", false), None, "nobody believes him: {why}");
        }
    }

    #[test]
    fn a_mapped_network_means_the_ipv4_network_in_it() {
        let proxies = ["::ffff:10.0.0.0/104"];
        assert_eq!(address("10.1.1.1", &["198.51.100.1"], &proxies), "198.51.100.1");
        assert_eq!(address("11.1.1.1", &["198.51.100.1"], &proxies), "11.1.1.1");
    }

    #[test]
    fn what_is_no_network_or_trusts_everybody_is_a_fault() {
        for (text, about) in [
            ("10.0.0.0/33", "neither a network"),
            ("proxy.example", "neither a network"),
            ("", "neither a network"),
            ("0.0.0.0/0", "trusts everybody"),
            ("::/0", "trusts everybody"),
        ] {
            let error = TrustedProxies::parse([text]).expect_err("a fault");
            assert!(error.contains(about), "{text:?}: {error}");
        }
    }

    #[test]
    fn nobody_is_trusted_unless_it_is_said() {
        let nobody = TrustedProxies::default();
        assert!(!nobody.contains(Ipv4Addr::LOCALHOST.into()));
        assert!(nobody.with_loopback().contains(IpAddr::from([127, 9, 9, 9])));
        assert!(nobody.with_loopback().contains(Ipv6Addr::LOCALHOST.into()));
    }
}
