//! From which pages browsers may open sockets and ask for tickets.

use axum::http::{HeaderMap, HeaderValue, Uri, header};

/// Pages that may, each as `scheme://host[:port]`. Without any, only pages of the very host that is
/// asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl Origins {
    /// Reads a list. The error says what is wrong with which.
    pub fn parse(texts: &[String]) -> Result<Self, String> {
        for text in texts {
            if normal(text).as_deref() != Some(text) {
                return Err(format!(
                    "{text:?} is no origin as browsers write it, such as https://app.example: \
                     scheme, host in lower case, and a port where it is not the scheme's own"
                ));
            }
        }
        Ok(Self(texts.to_vec()))
    }

    /// True for a request of a page that may, and for one that no browser sends.
    pub(in crate::web) fn allow(&self, headers: &HeaderMap) -> bool {
        let mut told = headers.get_all(header::ORIGIN).iter();
        match (told.next(), told.next()) {
            (None, _) => true,
            (Some(origin), None) => {
                origin.to_str().is_ok_and(|origin| self.allows(origin, headers))
            }
            (Some(_), Some(_)) => false,
        }
    }

    fn allows(&self, origin: &str, headers: &HeaderMap) -> bool {
        if !self.0.is_empty() {
            return self.0.iter().any(|allowed| allowed == origin);
        }
        let Some((scheme, of_page)) = origin.split_once("://") else { return false };
        let asked = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        asked.is_some_and(|asked| {
            let asked = asked.to_ascii_lowercase();
            let own_port = if scheme == "https" { ":443" } else { ":80" };
            of_page == asked.strip_suffix(own_port).unwrap_or(&asked)
        })
    }
}

/// The origin that a request tells.
pub(super) fn origin(headers: &HeaderMap) -> Option<&HeaderValue> {
    headers.get(header::ORIGIN)
}

/// An origin as browsers write it (RFC 6454 §6.2).
fn normal(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let own_port = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let beyond = uri.path_and_query().is_some_and(|rest| rest.as_str() != "/");
    if beyond || text.ends_with('/') || authority.as_str().contains('@') {
        return None;
    }
    let host = authority.host().to_ascii_lowercase();
    Some(match authority.port_u16() {
        Some(port) if port != own_port => format!("{scheme}://{host}:{port}"),
        Some(_) | None => format!("{scheme}://{host}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn without_a_list_only_pages_of_the_host_itself_may() {
        let own = Origins::default();
        for (origin, host) in [
            ("https://chat.example", "chat.example"),
            ("https://chat.example", "Chat.Example:443"),
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://chat.example", "chat.example:80"),
        ] {
            assert!(own.allow(&headers(&[("origin", origin), ("host", host)])), "{origin} {host}");
        }
        for (origin, host) in [
            ("https://evil.example", "chat.example"),
            ("https://chat.example.evil.example", "chat.example"),
            ("https://evilchat.example", "chat.example"),
            ("https://chat.example:444", "chat.example"),
            ("null", "chat.example"),
            ("", "chat.example"),
            ("chat.example", "chat.example"),
        ] {
            assert!(!own.allow(&headers(&[("origin", origin), ("host", host)])), "{origin} {host}");
        }
        assert!(!own.allow(&headers(&[("origin", "https://chat.example")])), "no host");
        assert!(own.allow(&headers(&[("host", "chat.example")])), "no browser");
    }

    #[test]
    fn a_list_is_meant_to_the_letter() {
        let list = Origins::parse(&["https://app.example".to_owned()]).expect("a list");
        let may = |origin| list.allow(&headers(&[("origin", origin), ("host", "chat.example")]));
        assert!(may("https://app.example"));
        for other in [
            "http://app.example",
            "https://app.example:8443",
            "https://app.example/",
            "https://app.example.evil.example",
            "https://chat.example",
            "null",
        ] {
            assert!(!may(other), "{other}");
        }
        let twice =
            headers(&[("origin", "https://app.example"), ("origin", "https://evil.example")]);
        assert!(!list.allow(&twice));
    }

    #[test]
    fn what_no_browser_would_write_is_a_fault() {
        for odd in [
            "app.example",
            "https://app.example/",
            "https://app.example/chat",
            "https://App.example",
            "https://app.example:443",
            "ws://app.example",
            "https://u@app.example",
            "*",
            "",
        ] {
            assert!(Origins::parse(&[odd.to_owned()]).is_err(), "{odd:?}");
        }
        assert!(Origins::parse(&["http://localhost:3000".to_owned()]).is_ok());
    }
}
