//! Where a call goes.

use std::fmt;

use super::OutboundError;

/// An absolute `http` or `https` URL without a user name or password.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(reqwest::Url);

impl Url {
    /// Parses an absolute URL.
    pub fn parse(text: &str) -> Result<Self, OutboundError> {
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
        Ok(Self(url))
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.0.scheme() == "http" { "http" } else { "https" }
    }

    /// Host in lower case; IPv6 addresses in brackets.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The port, also when it is the scheme's default.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    pub(super) fn to_library(&self) -> reqwest::Url {
        self.0.clone()
    }
}

impl fmt::Display for Url {
    /// Without the query string, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}{}", self.scheme(), self.host(), self.port(), self.0.path())
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
        assert!(Url::parse("https://auth.example/validate?x=1").is_ok());
        for odd in ["", "/validate", "file:///etc/passwd", "ws://a/", "https://u:p@a/", "http://"] {
            assert!(Url::parse(odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn a_url_shows_itself_without_its_query() {
        let url = Url::parse("https://auth.example/v?token=secret").expect("a url");
        assert_eq!(format!("{url} {url:?}").matches("secret").count(), 0);
    }
}
