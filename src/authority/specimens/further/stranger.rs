//! Somebody with keys of their own, and the forms in which a public key is published.

use std::sync::OnceLock;

use crate::authority::Algorithm;
use crate::authority::specimens::bench::pem;
use crate::authority::specimens::mint::Mint;
use crate::domain::encode_base64url;

/// A `SubjectPublicKeyInfo` (RFC 5280 §4.1) before the key: P-256, Ed25519, RSA of 2048 bits.
const EC: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const ED: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const RSA: &[u8] = &[
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00,
];

/// The same stranger for all specimens: RSA keys take long to make.
pub(super) fn stranger() -> &'static Mint {
    static STRANGER: OnceLock<Mint> = OnceLock::new();
    STRANGER.get_or_init(|| Mint::seeded(0xbad))
}

/// The form of a mint's key: what its bytes are.
enum Form<'k> {
    Secret(&'k [u8]),
    Ed(&'k [u8]),
    Ec(&'k [u8]),
    Rsa(&'k [u8]),
}

fn form(mint: &Mint, algorithm: Algorithm) -> Form<'_> {
    let public = mint.public(algorithm);
    match public.len() {
        0 => Form::Secret(mint.secret()),
        32 => Form::Ed(public),
        65 => Form::Ec(public),
        _ => Form::Rsa(public),
    }
}

/// The key as a `SubjectPublicKeyInfo`.
pub(super) fn spki(mint: &Mint, algorithm: Algorithm) -> Vec<u8> {
    match form(mint, algorithm) {
        Form::Secret(secret) => secret.to_vec(),
        Form::Ed(key) => [ED, key].concat(),
        Form::Ec(key) => [EC, key].concat(),
        Form::Rsa(key) => [RSA, key].concat(),
    }
}

/// The same as a PEM text.
pub(super) fn spki_pem(mint: &Mint, algorithm: Algorithm) -> String {
    pem("PUBLIC KEY", &spki(mint, algorithm))
}

/// The key as a JWK (RFC 7517).
pub(super) fn jwk(mint: &Mint, algorithm: Algorithm) -> String {
    let member = |name: &str, bytes: &[u8]| format!(r#""{name}":"{}""#, encode_base64url(bytes));
    match form(mint, algorithm) {
        Form::Secret(secret) => format!(r#"{{"kty":"oct",{}}}"#, member("k", secret)),
        Form::Ed(key) => format!(r#"{{"kty":"OKP","crv":"Ed25519",{}}}"#, member("x", key)),
        Form::Ec(key) => {
            let (x, y) = key.get(1..).unwrap_or_default().split_at(32);
            format!(r#"{{"kty":"EC","crv":"P-256",{},{}}}"#, member("x", x), member("y", y))
        }
        Form::Rsa(key) => {
            // A sequence of two integers: what stands before the modulus is nine bytes long.
            let modulus = modulus(key);
            format!(r#"{{"kty":"RSA",{},{}}}"#, member("n", modulus), member("e", &[1, 0, 1]))
        }
    }
}

/// The modulus in an `RSAPublicKey` (RFC 8017 §A.1.1) of 2048 bits.
pub(super) fn modulus(key: &[u8]) -> &[u8] {
    key.get(9..265).unwrap_or_default()
}
