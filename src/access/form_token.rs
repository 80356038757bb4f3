//! What a session's forms carry, so that a form of another site is told apart.

use super::mark::Mark;
use crate::domain::{decode_base64url, encode_base64url};

/// The token of a session's forms against forgery from other sites.
///
/// Each writing of it is another one: a random mask and the token under that mask. A page that is
/// sent compressed beside words of a stranger's choice would otherwise give it away by its length
/// (Gluck, Harris and Prado, "BREACH: reviving the CRIME attack", 2013, §3.3).
#[derive(Clone, Copy, Debug)]
pub struct FormToken(pub(super) Mark);

/// Bytes of the mask, and of the token.
const BYTES: usize = size_of::<u128>();

impl FormToken {
    /// The token as one page carries it: 43 characters of base64url, others each time.
    pub fn written(self) -> String {
        let mask: u128 = rand::random();
        let mut bytes = [0; 2 * BYTES];
        bytes[..BYTES].copy_from_slice(&mask.to_be_bytes());
        bytes[BYTES..].copy_from_slice(&(mask ^ self.0.bits()).to_be_bytes());
        encode_base64url(&bytes)
    }

    /// True when `text` is a writing of this token.
    pub fn is_written(self, text: &str) -> bool {
        let halves = decode_base64url(text).and_then(|bytes| {
            let (mask, masked) = bytes.split_at_checked(BYTES)?;
            Some((number(mask)?, number(masked)?))
        });
        halves.is_some_and(|(mask, masked)| mask ^ masked == self.0.bits())
    }
}

fn number(bytes: &[u8]) -> Option<u128> {
    Some(u128::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::mark::Marker;
    use crate::domain::FingerprintKey;

    fn of(cookie: &str) -> FormToken {
        FormToken(Marker::new(&FingerprintKey::new([3; 32]), "test").of(cookie))
    }

    #[test]
    fn every_writing_is_another_one_and_each_is_known_again() {
        let (one, other) = (of("a").written(), of("a").written());
        assert_ne!(one, other);
        assert!(of("a").is_written(&one) && of("a").is_written(&other));
        assert!(!of("b").is_written(&one));
    }

    #[test]
    fn what_is_no_writing_is_refused() {
        let text = of("a").written();
        let bare = encode_base64url(&of("a").0.bits().to_be_bytes());
        for wrong in ["", "!", &text[..42], &format!("{text}A"), &format!("{text}AAAA"), &bare] {
            assert!(!of("a").is_written(wrong), "{wrong}");
        }
    }
}
