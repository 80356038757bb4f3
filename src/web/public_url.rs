//! Where browsers reach the control listener.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use axum::http::Uri;

use crate::access::Secret;

/// Scheme, host and port: what a browser calls the origin (RFC 6454 §6.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    https: bool,
    /// In lower case; an IPv6 address in its brackets.
    host: String,
    /// None for the scheme's own port.
    port: Option<u16>,
}

impl PublicUrl {
    /// Reads `https://host[:port]`. Plain `http` is for loopback hosts only, since what passes
    /// are sessions and passwords. The error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let uri: Uri = text.parse().map_err(|_| "is not a URL")?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) | None => return Err("begins with neither https:// nor http://"),
        };
        let authority = uri.authority().ok_or("has no host")?;
        if authority.as_str().contains('@') {
            return Err("has a user in it");
        }
        let beyond = uri.path_and_query().is_some_and(|rest| rest.as_str() != "/");
        if beyond || text.contains('#') {
            return Err("has more than a scheme, a host and a port");
        }
        let port = port(authority.as_str(), uri.port_u16())?;
        let host = authority.host().to_ascii_lowercase();
        if !https && !is_loopback(&host) {
            return Err("is plain http and not on loopback: sessions need https");
        }
        Ok(Self { https, host, port: port.filter(|port| *port != own_port(https)) })
    }

    /// That of a listener's own address.
    pub fn of(address: SocketAddr, https: bool) -> Self {
        let host = match address.ip() {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("[{v6}]"),
        };
        let port = Some(address.port()).filter(|port| *port != own_port(https));
        Self { https, host, port }
    }

    /// True when browsers come through TLS.
    pub const fn is_https(&self) -> bool {
        self.https
    }

    /// A link by which an operator sets a password. Browsers keep what stands behind `#` to
    /// themselves: the secret is in no log on the way.
    pub fn setup_link(&self, secret: &Secret) -> String {
        format!("{self}/setup#{}", secret.reveal())
    }

    /// A link that does one thing, once.
    pub fn action_link(&self, secret: &Secret) -> String {
        format!("{self}/act#{}", secret.reveal())
    }

    /// The origin as browsers write it: `https://crossfade.example`, without a path.
    pub fn origin(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

const fn own_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

/// The port as written: what stands behind the host's colon must be a number.
fn port(authority: &str, parsed: Option<u16>) -> Result<Option<u16>, &'static str> {
    let after_address = authority.rfind(']').map_or(0, |end| end + 1);
    match (authority[after_address..].contains(':'), parsed) {
        (true, None | Some(0)) => Err("has a port that is no port number"),
        (true, Some(port)) => Ok(Some(port)),
        (false, _) => Ok(None),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_an_origin_as_browsers_write_it() {
        for (text, origin) in [
            ("https://Crossfade.Example", "https://crossfade.example"),
            ("https://crossfade.example/", "https://crossfade.example"),
            ("https://crossfade.example:443", "https://crossfade.example"),
            ("https://crossfade.example:8443", "https://crossfade.example:8443"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
            ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
            ("http://localhost:80", "http://localhost"),
            ("http://[::1]:8081", "http://[::1]:8081"),
        ] {
            assert_eq!(PublicUrl::parse(text).map(|url| url.origin()), Ok(origin.to_owned()));
        }
    }

    #[test]
    fn what_is_no_origin_is_a_fault_that_says_why() {
        for (text, about) in [
            ("crossfade.example", "neither https"),
            ("ftp://crossfade.example", "neither https"),
            ("https://", "not a URL"),
            ("https://user@crossfade.example", "a user"),
            ("https://crossfade.example/control", "more than"),
            ("https://crossfade.example/?a=1", "more than"),
            ("https://crossfade.example/#a", "more than"),
            ("https://crossfade.example:0", "no port"),
            ("https://crossfade.example:99999", "no"),
            ("http://crossfade.example", "need https"),
            ("http://192.0.2.1:8081", "need https"),
        ] {
            let error = PublicUrl::parse(text).expect_err(text);
            assert!(error.contains(about), "{text}: {error}");
        }
    }

    #[test]
    fn a_listener_has_the_url_of_its_address() {
        let of = |address: &str, https| {
            PublicUrl::of(address.parse().expect("an address"), https).origin()
        };
        assert_eq!(of("127.0.0.1:8081", false), "http://127.0.0.1:8081");
        assert_eq!(of("[::1]:443", true), "https://[::1]");
    }
}
