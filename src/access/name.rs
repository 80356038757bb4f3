//! Names of people and tokens.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The name of an operator or an API token: 1 to 64 of `a-z`, `0-9`, `.`, `_`, `-` and `@`, a
/// letter or digit first. Names are read without regard to case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Arc<str>);

impl Name {
    /// Longest accepted name, in characters.
    pub const MAX: usize = 64;

    /// Reads a name; capitals become small.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-@".contains(c);
        let first = text.chars().next()?;
        let good =
            text.len() <= Self::MAX && first.is_ascii_alphanumeric() && text.chars().all(fits);
        good.then(|| Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a name is 1 to 64 of a-z, 0-9, `.`, `_`, `-` and `@`")
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.to_string()
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain_and_without_regard_to_case() {
        assert_eq!(Name::parse(" Ada@Example.com ").expect("a name").as_str(), "ada@example.com");
        for odd in ["", "-a", "a b", "ä", "a\nb", "<b>", &"a".repeat(65)] {
            assert_eq!(Name::parse(odd), None, "{odd:?}");
        }
    }
}
