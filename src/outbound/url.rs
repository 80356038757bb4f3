//! Where a call goes.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::OutboundError;

/// Who wrote a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// Whoever runs the service: the configuration file or the command line. The list of allowed
    /// hosts decides, and may name hosts of the own network.
    Configured,
    /// Whoever may use the service: a page, a request. Its host must be on the list *and* lead to
    /// a public address, or into a range that the configuration opens.
    Typed,
}

/// An absolute `http` or `https` URL without a user name or password, and who wrote it.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    url: reqwest::Url,
    trust: Trust,
}

impl Url {
    /// Parses a URL from the configuration file or the command line.
    pub fn configured(text: &str) -> Result<Self, OutboundError> {
        Self::parse(text, Trust::Configured)
    }

    /// Parses a URL that came in over the network, such as one an operator typed.
    pub fn typed(text: &str) -> Result<Self, OutboundError> {
        Self::parse(text, Trust::Typed)
    }

    pub(super) fn parse(text: &str, trust: Trust) -> Result<Self, OutboundError> {
        let url = reqwest::Url::parse(text).map_err(|_| OutboundError::BadUrl("not absolute"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(OutboundError::BadUrl("neither http nor https"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(OutboundError::BadUrl("no host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundError::BadUrl("credentials in the url"));
        }
        Ok(Self { url, trust })
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.url.scheme() == "http" { "http" } else { "https" }
    }

    /// Host in lower case; IPv6 addresses in brackets.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The port, also when it is the scheme's default.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }

    /// The same place, with the query of somebody else behind its own.
    #[must_use]
    pub fn with_query(&self, query: &str) -> Self {
        let mut url = self.url.clone();
        let own = url.query().unwrap_or_default();
        let both = if own.is_empty() || query.is_empty() {
            format!("{own}{query}")
        } else {
            format!("{own}&{query}")
        };
        url.set_query((!both.is_empty()).then_some(&*both));
        Self { url, trust: self.trust }
    }

    /// Who wrote it.
    pub const fn trust(&self) -> Trust {
        self.trust
    }

    /// The host when it is an address. The parser has brought every spelling (RFC 3986 §7.4:
    /// decimal, octal, hexadecimal, shortened) to the common one.
    pub(super) fn literal(&self) -> Option<IpAddr> {
        self.host().trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    /// The whole text, with its query.
    pub(super) fn as_text(&self) -> &str {
        self.url.as_str()
    }

    pub(super) fn to_library(&self) -> reqwest::Url {
        self.url.clone()
    }
}

impl fmt::Display for Url {
    /// Without the query string, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}{}", self.scheme(), self.host(), self.port(), self.url.path())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_web_urls_without_credentials_are_taken() {
        assert!(Url::configured("https://auth.example/validate?x=1").is_ok());
        for odd in ["", "/validate", "file:///etc/passwd", "ws://a/", "https://u:p@a/", "http://"] {
            assert!(Url::configured(odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn a_query_is_added_behind_the_url_s_own() {
        let with = |url: &str, query| {
            Url::configured(url).expect("a url").with_query(query).as_text().to_owned()
        };
        assert_eq!(with("http://a/ws", ""), "http://a/ws");
        assert_eq!(with("http://a/ws", "b=1"), "http://a/ws?b=1");
        assert_eq!(with("http://a/ws?v=2", "b=1#x"), "http://a/ws?v=2&b=1%23x");
    }

    #[test]
    fn a_url_shows_itself_without_its_query() {
        let url = Url::configured("https://auth.example/v?token=secret").expect("a url");
        assert_eq!(format!("{url} {url:?}").matches("secret").count(), 0);
    }
}
