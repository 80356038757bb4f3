//! Stands for a random secret where the secret itself must not be.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::{FingerprintKey, encode_base64url};

/// Makes the marks of one kind of secret. What is a mark of one kind says nothing about another.
#[derive(Clone, Debug)]
pub(super) struct Marker(FingerprintKey);

impl Marker {
    /// The marker for `purpose`, under a key of its own.
    pub fn new(key: &FingerprintKey, purpose: &str) -> Self {
        let half = |which: &str| *key.of_text(&format!("{purpose}\n{which}")).bytes();
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&half("first half"));
        bytes[16..].copy_from_slice(&half("second half"));
        Self(FingerprintKey::new(bytes))
    }

    pub fn of(&self, text: &str) -> Mark {
        Mark(u128::from_be_bytes(*self.0.of_text(text).bytes()))
    }
}

/// A keyed hash; on disk 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Mark(u128);

impl Mark {
    /// True when `text` is this mark in base64url; takes as long for any text of its length.
    pub fn is_written(self, text: &str) -> bool {
        let own = self.to_base64url();
        let unlike = own.bytes().zip(text.bytes()).fold(0, |unlike, (a, b)| unlike | (a ^ b));
        own.len() == text.len() && unlike == 0
    }

    /// Its 128 bits.
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// 22 characters.
    pub fn to_base64url(self) -> String {
        encode_base64url(&self.0.to_be_bytes())
    }
}

impl TryFrom<String> for Mark {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u128::from_str_radix(&text, 16).ok().filter(|_| digits);
        number.map(Self).ok_or("a mark is 32 hexadecimal digits")
    }
}

impl From<Mark> for String {
    fn from(mark: Mark) -> Self {
        format!("{:032x}", mark.0)
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mark(..)")
    }
}

/// A random id of 12 characters of base64url; not secret.
pub(super) fn short_id() -> String {
    encode_base64url(&rand::random::<[u8; 9]>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: FingerprintKey = FingerprintKey::new([3; 32]);

    #[test]
    fn a_mark_reads_back_what_it_wrote() {
        let mark = Marker::new(&KEY, "test").of("a");
        assert_eq!(Mark::try_from(String::from(mark)), Ok(mark));
        assert!(mark.is_written(&mark.to_base64url()));
        assert!(!mark.is_written("") && !mark.is_written(&mark.to_base64url()[..21]));
        assert!(Mark::try_from("+0000000000000000000000000000001".to_owned()).is_err());
    }

    #[test]
    fn the_same_text_has_another_mark_for_another_purpose() {
        assert_ne!(Marker::new(&KEY, "one").of("a"), Marker::new(&KEY, "two").of("a"));
    }
}
