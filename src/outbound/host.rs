//! Which hosts may be called.

use std::fmt;
use std::net::IpAddr;

use serde::Deserialize;

use super::{OutboundError, Url};

/// One allowed host, read from `[scheme://]host[:port]`.
///
/// Without a port every port is meant. Without a scheme `https` is meant, and for loopback hosts
/// plain `http` too; `http://host` allows plain `http` to any host, and nothing but that.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HostRule {
    scheme: Option<Scheme>,
    host: String,
    port: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl HostRule {
    /// Parses a rule. Names are compared without regard to case; there are no wildcards.
    pub fn parse(text: &str) -> Result<Self, OutboundError> {
        let (scheme, authority) = match text.split_once("://") {
            Some(("http", rest)) => (Some(Scheme::Http), rest),
            Some(("https", rest)) => (Some(Scheme::Https), rest),
            Some(_) => return Err(OutboundError::BadHostRule("scheme is neither http nor https")),
            None => (None, text),
        };
        if authority.contains(['/', '?', '#', '@', '*', ' ']) {
            return Err(OutboundError::BadHostRule("more than a host and a port"));
        }
        // The URL parser brings names and addresses to the form in which URLs have them.
        let url = Url::configured(&format!("https://{authority}"))
            .map_err(|_| OutboundError::BadHostRule("not a host name or address"))?;
        let port = explicit_port(authority)?;
        Ok(Self { scheme, host: url.host().to_owned(), port })
    }

    /// True when this rule lets a call to `url` out.
    pub fn allows(&self, url: &Url) -> bool {
        let scheme_allowed = match self.scheme {
            Some(scheme) => scheme.as_str() == url.scheme(),
            None => url.scheme() == "https" || is_loopback(url.host()),
        };
        scheme_allowed && self.host == url.host() && self.port.is_none_or(|port| port == url.port())
    }
}

impl fmt::Display for HostRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = self.scheme {
            write!(f, "{}://", scheme.as_str())?;
        }
        f.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl TryFrom<String> for HostRule {
    type Error = OutboundError;
    fn try_from(text: String) -> Result<Self, OutboundError> {
        Self::parse(&text)
    }
}

/// The port as written, since a URL forgets the one that is its scheme's default.
fn explicit_port(authority: &str) -> Result<Option<u16>, OutboundError> {
    let after_address = authority.rfind(']').map_or(0, |end| end + 1);
    let Some((_, port)) = authority[after_address..].rsplit_once(':') else { return Ok(None) };
    port.parse().map(Some).map_err(|_| OutboundError::BadHostRule("port is not a number"))
}

/// True for `localhost` and addresses that never leave the machine.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(rule: &str, url: &str) -> bool {
        let rule = HostRule::parse(rule).expect("a rule");
        rule.allows(&Url::configured(url).expect("a url"))
    }

    #[test]
    fn a_rule_without_a_scheme_means_https_and_for_loopback_http_too() {
        assert!(allows("auth.example", "https://auth.example/v1"));
        assert!(allows("AUTH.example", "https://auth.EXAMPLE:8443/"));
        assert!(!allows("auth.example", "http://auth.example/v1"));
        assert!(!allows("auth.example", "https://other.example/"));
        assert!(!allows("auth.example", "https://auth.example.evil.example/"));
        for loopback in ["127.0.0.1", "127.9.9.9", "[::1]", "localhost"] {
            assert!(allows(loopback, &format!("http://{loopback}:9000/")), "{loopback}");
        }
    }

    #[test]
    fn plain_http_to_another_host_needs_a_rule_that_says_so() {
        assert!(allows("http://auth.internal", "http://auth.internal/"));
        assert!(!allows("http://auth.internal", "https://auth.internal/"));
        assert!(!allows("https://127.0.0.1", "http://127.0.0.1/"));
    }

    #[test]
    fn a_port_in_the_rule_is_the_only_port() {
        assert!(allows("auth.example:443", "https://auth.example/"));
        assert!(!allows("auth.example:443", "https://auth.example:8443/"));
        assert!(allows("[::1]:9000", "http://[::1]:9000/"));
        assert!(!allows("[::1]:9000", "http://[::1]:9001/"));
    }

    #[test]
    fn what_is_more_or_less_than_a_host_is_refused() {
        for odd in ["", "ftp://a", "a/b", "a?b", "u@a", "*.a", "a:b", "a:70000", "a b", "http://"] {
            assert!(HostRule::parse(odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn an_address_in_disguise_is_read_as_the_address() {
        assert!(allows("127.0.0.1", "http://2130706433:9000/"));
        assert!(!allows("auth.example", "http://2130706433:9000/"));
    }
}
