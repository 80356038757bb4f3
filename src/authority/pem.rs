//! Keys in PEM (RFC 7468).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key::{Key, unusable};
use super::signer::Signer;
use super::{Algorithm, AuthorityError};

/// What stands before the point of a P-256 key in SPKI (RFC 5480 §2).
const P256_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// What stands before the 32 bytes of an Ed25519 key in SPKI (RFC 8410 §4).
const ED25519_SPKI: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Reads the one key in a PEM text.
pub(super) fn read(id: &str, algorithm: Algorithm, text: &str) -> Result<Key, AuthorityError> {
    let (label, der) = decode(text).ok_or_else(|| unusable(id, "is not one PEM block"))?;
    match label {
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => {
            let signer = Signer::from_der(algorithm, &der)
                .ok_or_else(|| unusable(id, "is not a valid private key of its algorithm"))?;
            Key::from_signer(id, signer)
        }
        "PUBLIC KEY" | "RSA PUBLIC KEY" => Key::from_public(id, algorithm, bare(algorithm, &der)),
        "ENCRYPTED PRIVATE KEY" => Err(unusable(id, "is encrypted: decrypt it first")),
        _ => Err(unusable(id, "is PEM, but neither a private nor a public key")),
    }
}

/// A public key without its SPKI wrapping, in the form that [`Key::from_public`] reads.
fn bare(algorithm: Algorithm, der: &[u8]) -> &[u8] {
    match algorithm {
        Algorithm::Es256 => der.strip_prefix(&P256_SPKI).unwrap_or(&[]),
        Algorithm::EdDsa => der.strip_prefix(&ED25519_SPKI).unwrap_or(&[]),
        Algorithm::Hs256 | Algorithm::Rs256 | Algorithm::Ps256 => der,
    }
}

/// The label and the bytes of a text with exactly one PEM block.
fn decode(text: &str) -> Option<(&str, Vec<u8>)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, rest) = rest.split_once("-----END ")?;
    let rest = rest.strip_prefix(label)?.strip_prefix("-----")?;
    if rest.contains("-----BEGIN ") {
        return None;
    }
    let body: String = body.split_ascii_whitespace().collect();
    Some((label, STANDARD.decode(body).ok()?))
}
