//! Header fields of a call or an answer.

use std::fmt;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::OutboundError;

/// Header fields in order; shows only its names.
#[derive(Clone, Default)]
pub struct Headers(HeaderMap);

impl Headers {
    /// Adds a field beside others of the same name. The error is
    /// [`OutboundError::BadHeader`] when HTTP cannot carry the name or the value (RFC 9110 §5.5:
    /// no control characters).
    pub fn append(&mut self, name: &str, value: &str) -> Result<(), OutboundError> {
        let bad = |()| OutboundError::BadHeader { name: name.chars().take(64).collect() };
        let field = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad(()))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| bad(()))?;
        // Kept out of the library's own logs and of HTTP/2's compression tables.
        value.set_sensitive(true);
        self.0.append(field, value);
        Ok(())
    }

    /// The first value of a field, when it is visible ASCII.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    pub(super) const fn from_library(map: HeaderMap) -> Self {
        Self(map)
    }

    pub(super) fn into_library(self) -> HeaderMap {
        self.0
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys().map(HeaderName::as_str)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_would_start_another_header_is_refused() {
        let mut headers = Headers::default();
        for odd in ["a\r\nx: y", "a\nb", "a\0"] {
            assert!(headers.append("authorization", odd).is_err(), "{odd:?}");
        }
        assert!(headers.append("bad name", "a").is_err());
    }

    #[test]
    fn values_do_not_show_in_debug_output() {
        let mut headers = Headers::default();
        headers.append("authorization", "Bearer secret").expect("a header");
        assert_eq!(format!("{headers:?}"), r#"["authorization"]"#);
        assert_eq!(headers.value("Authorization"), Some("Bearer secret"));
    }
}
