//! A compact JWS (RFC 7515 §7.1), decoded once and strictly for everybody who needs it.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::json::{Members, parse_strict};
use super::{Reason, Token};

/// base64url without padding, trailing bits zero (RFC 7515 §2, RFC 4648 §3.5).
const CANONICAL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(false),
);

/// Longest token that is decoded, in bytes.
pub const LENGTH_MAX: usize = 8192;

/// Decodes canonical base64url; `None` for anything else.
pub fn decode_base64url(text: &str) -> Option<Vec<u8>> {
    CANONICAL.decode(text).ok()
}

/// Decodes base64url whose padding may be there.
pub(super) fn decode_padded_base64url(text: &str) -> Option<Vec<u8>> {
    const PADDED: GeneralPurpose = GeneralPurpose::new(
        &URL_SAFE,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    PADDED.decode(text).ok()
}

/// base64url in which unused bits may be set.
const TRAILING: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Decodes as the most lenient decoders in the wild do: both alphabets, padding optional, unused
/// bits ignored, every other character skipped, a last lone character dropped.
pub fn decode_leniently(text: &str) -> Vec<u8> {
    let mut alphabet: Vec<u8> = text
        .bytes()
        .filter_map(|byte| match byte {
            b'+' => Some(b'-'),
            b'/' => Some(b'_'),
            b'-' | b'_' => Some(byte),
            _ => byte.is_ascii_alphanumeric().then_some(byte),
        })
        .collect();
    if alphabet.len() % 4 == 1 {
        alphabet.pop();
    }
    TRAILING.decode(alphabet).unwrap_or_default()
}

/// Decodes base64 as HTTP has it (RFC 4648 §4): the other alphabet, padding optional.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    const STANDARD: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    STANDARD.decode(text).ok()
}

/// Encodes as base64url without padding.
pub fn encode_base64url(bytes: &[u8]) -> String {
    CANONICAL.encode(bytes)
}

/// The three parts of a compact JWS, each decoded or with the reason why not. Nothing here is
/// verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Jws {
    /// The protected header.
    pub header: Result<Members, Reason>,
    /// The claims.
    pub claims: Result<Members, Reason>,
    /// The signature's bytes.
    pub signature: Result<Vec<u8>, Reason>,
    signed_length: usize,
}

impl Jws {
    /// Splits and decodes. The reason is [`Reason::TokenTooLong`] over 8,192 bytes and
    /// [`Reason::Segments`] for anything but three segments.
    pub fn decode(token: &Token) -> Result<Self, Reason> {
        let text = token.reveal();
        if text.len() > LENGTH_MAX {
            return Err(Reason::TokenTooLong);
        }
        let mut segments = text.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return Err(Reason::Segments);
        };
        let object = |segment, otherwise| {
            let bytes = decode_base64url(segment).ok_or(Reason::Encoding)?;
            parse_strict(&bytes, otherwise)
        };
        Ok(Self {
            header: object(header, Reason::HeaderJson),
            claims: object(claims, Reason::ClaimsJson),
            signature: decode_base64url(signature).ok_or(Reason::Encoding),
            signed_length: header.len() + 1 + claims.len(),
        })
    }

    /// Splits `token`, from which this was decoded, into the signed text and the signature's
    /// text.
    pub fn split<'t>(&self, token: &'t Token) -> (&'t str, &'t str) {
        let text = token.reveal();
        (&text[..self.signed_length], &text[self.signed_length + 1..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_base64url_is_decoded() {
        assert_eq!(decode_base64url("AQ"), Some(vec![1]));
        for odd in ["AQ==", "AR", "A Q", "+/", "AQ\n", "A", "ÀQ"] {
            assert_eq!(decode_base64url(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn each_part_carries_its_own_reason() {
        let jws = Jws::decode(&Token::new("e30=.e30.AR")).expect("three segments");
        assert_eq!(jws.header, Err(Reason::Encoding));
        assert!(jws.claims.is_ok());
        assert_eq!(jws.signature, Err(Reason::Encoding));
    }

    #[test]
    fn anything_but_three_segments_is_not_a_jws() {
        for odd in ["", "a", "a.b", "a.b.c.d", "a.b.c.d.e"] {
            assert_eq!(Jws::decode(&Token::new(odd)), Err(Reason::Segments), "{odd:?}");
        }
        let long = "a".repeat(LENGTH_MAX + 1);
        assert_eq!(Jws::decode(&Token::new(&long)), Err(Reason::TokenTooLong));
    }

    #[test]
    fn a_decoded_token_splits_into_what_was_signed_and_the_signature() {
        let token = Token::new("e30.e30.AQ");
        let jws = Jws::decode(&token).expect("three segments");
        assert_eq!(jws.split(&token), ("e30.e30", "AQ"));
    }
}
