//! Names and numbers that must not be mistaken for one another.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// Why a text is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Empty, or longer than the limit.
    #[error("an id has 1 to {max} characters, this one has {length}")]
    Length {
        /// Characters allowed.
        max: usize,
        /// Characters found.
        length: usize,
    },
    /// A character outside `a-z`, `0-9` and `-`, or a dash at an end.
    #[error("an id is made of a-z, 0-9 and inner dashes, not {0:?}")]
    Character(char),
}

macro_rules! slug {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Longest accepted id, in characters.
            pub const MAX: usize = 64;

            /// Parses `a-z`, `0-9` and inner dashes, 1 to 64 characters.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                if text.is_empty() || text.len() > Self::MAX {
                    return Err(IdError::Length { max: Self::MAX, length: text.chars().count() });
                }
                let odd = |c: &char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-');
                if let Some(character) = text.chars().find(odd) {
                    return Err(IdError::Character(character));
                }
                if text.starts_with('-') || text.ends_with('-') {
                    return Err(IdError::Character('-'));
                }
                Ok(Self(text.into()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.to_string()
            }
        }

        // Hashes and compares as its text, so that maps can be asked with a `&str`.
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

slug! {
    /// A piece that is moved and rolled back on its own, such as `http-auth`.
    ComponentId
}

slug! {
    /// Components of one group share a salt, so that their cohorts nest.
    GroupId
}

slug! {
    /// A named set of people or requests, such as `staff`.
    SegmentId
}

/// Who a token speaks for. Never empty; at most 4 KiB.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(Arc<str>);

impl Subject {
    /// Longest accepted subject, in bytes.
    pub const MAX: usize = 4096;

    /// `None` when the text is empty or over [`Subject::MAX`] bytes.
    pub fn parse(text: &str) -> Option<Self> {
        (!text.is_empty() && text.len() <= Self::MAX).then(|| Self(text.into()))
    }

    /// The subject as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Subject {
    /// Subjects are people: they are shown by whoever decides to, never by accident.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject(..)")
    }
}

/// Orders changes of the flag table and of rows; never used twice in the life of a store.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Names one request in the answer, the request log and the samples: the process' tag and a
/// number, `3f2a91c0-000000002a`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId([u8; 19]);

impl RequestId {
    /// The id `number` of the process tagged `process`; of a number only the lowest 40 bits.
    pub const fn new(process: u32, number: u64) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'-'; 19];
        let mut place = 0;
        while place < 8 {
            text[place] = DIGITS[((process >> (28 - 4 * place)) & 15) as usize];
            place += 1;
        }
        place = 0;
        while place < 10 {
            text[9 + place] = DIGITS[((number >> (36 - 4 * place)) & 15) as usize];
            place += 1;
        }
        Self(text)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for RequestId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Hands out request ids: a random tag of the process, and a count.
#[derive(Debug)]
pub struct RequestIds {
    process: u32,
    next: AtomicU64,
}

impl RequestIds {
    /// Ids of the process tagged `process`, from 1.
    pub const fn of_process(process: u32) -> Self {
        Self { process, next: AtomicU64::new(1) }
    }

    /// The next id.
    pub fn next(&self) -> RequestId {
        RequestId::new(self.process, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_id_is_a_slug_of_at_most_64_characters() {
        assert!(ComponentId::parse("http-auth-billing").is_ok());
        assert!(ComponentId::parse(&"a".repeat(64)).is_ok());
        for odd in ["", "-a", "a-", "A", "a b", "a/b", "ä", &"a".repeat(65)] {
            assert!(ComponentId::parse(odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn a_request_id_is_the_process_tag_and_a_number() {
        assert_eq!(RequestId::new(0x3f2a_91c0, 42).to_string(), "3f2a91c0-000000002a");
        assert_eq!(RequestId::new(7, u64::MAX).to_string(), "00000007-ffffffffff");
    }

    #[test]
    fn a_subject_does_not_show_itself_in_debug_output() {
        let subject = Subject::parse("alice@example.com").expect("a subject");
        assert!(!format!("{subject:?}").contains("alice"));
    }
}
