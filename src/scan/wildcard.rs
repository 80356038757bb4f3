//! Names with `*` in them.

use serde::{Deserialize, Serialize};

/// A name in which `*` stands for any text, also for none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Wildcard(String);

impl Wildcard {
    /// A pattern.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }

    /// True when the whole of `name` is as the pattern says.
    pub fn fits(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        let mut last: Option<&str> = None;
        for part in parts {
            if let Some(middle) = last.replace(part) {
                match rest.find(middle) {
                    Some(at) => rest = &rest[at + middle.len()..],
                    None => return false,
                }
            }
        }
        last.map_or(rest.is_empty(), |last| rest.ends_with(last))
    }

    /// The longest text that every fitting name contains.
    pub fn anchor(&self) -> &str {
        self.0.split('*').max_by_key(|part| part.len()).unwrap_or_default()
    }

    /// The pattern.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// True when one of the patterns fits.
pub(super) fn any_fits(patterns: &[Wildcard], name: &str) -> bool {
    patterns.iter().any(|pattern| pattern.fits(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        let fits = |pattern: &str, name: &str| Wildcard::new(pattern).fits(name);
        assert!(fits("a", "a") && !fits("a", "ab"));
        assert!(fits("*Manager", "SocketManager") && !fits("*Manager", "ManagerX"));
        assert!(fits("get_*_manager*", "get_socket_manager_v2"));
        assert!(fits("*", "") && fits("a**b", "ab") && !fits("ab*b", "ab"));
        assert!(!fits("", "a") && fits("", ""));
        assert!(fits("*JWT*KEY*", "MY_JWT_KEY") && !fits("*JWT*KEY*", "KEY_JWT"));
    }

    #[test]
    fn the_anchor_is_in_every_name_that_fits() {
        assert_eq!(Wildcard::new("*Socket*Manager").anchor(), "Manager");
        assert_eq!(Wildcard::new("*").anchor(), "");
    }
}
