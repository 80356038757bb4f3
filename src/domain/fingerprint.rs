//! Stands for a token where the token itself must not be.

use std::fmt;

use super::{Token, jws};

/// The key under which this installation fingerprints tokens. Without it a fingerprint says
/// nothing about the token.
#[derive(Clone)]
pub struct FingerprintKey([u8; 32]);

impl FingerprintKey {
    /// A key from 32 secret bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The fingerprint of a token: a keyed BLAKE3 hash of its decoded segments, so that
    /// re-encoding a token (padding, unused bits, characters that lenient decoders skip) does not
    /// change who it is.
    pub fn of_token(&self, token: &Token) -> Fingerprint {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for segment in token.reveal().split('.') {
            let decoded = jws::decode_leniently(segment);
            hasher.update(&(decoded.len() as u64).to_le_bytes());
            hasher.update(&decoded);
        }
        Fingerprint::first_half(&hasher.finalize())
    }

    /// The fingerprint of any other text that identifies a person.
    pub fn of_text(&self, text: &str) -> Fingerprint {
        Fingerprint::first_half(&blake3::keyed_hash(&self.0, text.as_bytes()))
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(..)")
    }
}

/// 128 bits that stand for a token or a subject.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// Of what is no secret, without a key: two contents are the same if and only if these are.
    pub fn of_content(content: &[u8]) -> Self {
        Self::first_half(&blake3::hash(content))
    }

    fn first_half(hash: &blake3::Hash) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&hash.as_bytes()[..16]);
        Self(half)
    }

    /// The bytes.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    /// 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: FingerprintKey = FingerprintKey::new([7; 32]);

    #[test]
    fn a_re_encoded_token_keeps_its_fingerprint() {
        let plain = KEY.of_token(&Token::new("e30.e30.AQ"));
        for other in ["e30.e30.AQ==", "e30.e30.AR", "e30.e30.A!?Q", "e3 0.e30=.AQ"] {
            assert_eq!(plain, KEY.of_token(&Token::new(other)), "{other}");
        }
        assert_ne!(plain, KEY.of_token(&Token::new("e30.e30.Ag")));
    }

    #[test]
    fn moving_a_dot_makes_another_token() {
        assert_ne!(KEY.of_token(&Token::new("ab.c")), KEY.of_token(&Token::new("a.bc")));
    }
}
