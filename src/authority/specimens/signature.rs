//! Forgeries.

use aws_lc_rs::hmac::{HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};

use crate::authority::Algorithm::{EdDsa, Es256, Rs256};
use crate::domain::Credentials;
use crate::domain::Reason::{Algorithm, KeyUnknown, Signature};
use crate::domain::encode_base64url;

use super::bench::{Bench, pem, quoted};
use super::kind::{Kind, deny};
use super::mint::{Mint, hmac_with};

/// A secret that is not the mint's.
const OTHER: &[u8] = b"another secret of thirty-two bytes";

fn hmac(bench: &Bench<'_>, secret: &[u8]) -> Credentials {
    bench.forged(&bench.header("HS256"), |signed| hmac_with(HMAC_SHA256, secret, signed))
}

fn unsigned(bench: &Bench<'_>, algorithm: &str) -> Credentials {
    bench.forged(&bench.header(algorithm), |_| Vec::new())
}

fn rsa_public(bench: &Bench<'_>) -> String {
    pem("RSA PUBLIC KEY", bench.mint.public(Rs256))
}

/// Signed with the key of another mint.
fn foreign(bench: &Bench<'_>, algorithm: crate::authority::Algorithm) -> Credentials {
    let stranger = Mint::seeded(0xbad);
    bench.forged(&bench.header(algorithm.as_str()), |signed| stranger.sign(algorithm, signed))
}

pub(super) const KINDS: &[Kind] = &[
    deny("alg_none", Algorithm, "unsigned", |b| unsigned(b, "none")),
    deny("alg_none_capital", Algorithm, "unsigned: None", |b| unsigned(b, "None")),
    deny("alg_none_capitals", Algorithm, "unsigned: NONE", |b| unsigned(b, "NONE")),
    deny("alg_none_mixed", Algorithm, "unsigned: nOnE", |b| unsigned(b, "nOnE")),
    deny("alg_empty", Algorithm, "unsigned: an empty name", |b| unsigned(b, "")),
    deny("alg_none_signed", Algorithm, "none, beside a good signature", |b| {
        b.head("alg", "\"none\"")
    }),
    deny("alg_missing", Algorithm, "no algorithm", |b| {
        b.with_header(&b.own_header().without("alg"))
    }),
    deny("alg_null", Algorithm, "null", |b| b.head("alg", "null")),
    deny("alg_number", Algorithm, "a number", |b| b.head("alg", 256)),
    deny("alg_list", Algorithm, "a list to choose from", |b| b.head("alg", r#"["HS256"]"#)),
    deny("alg_lower_case", Algorithm, "hs256", |b| b.head("alg", "\"hs256\"")),
    deny("alg_hs384", Algorithm, "the right secret, a longer hash", |b| {
        b.forged(&b.header("HS384"), |signed| hmac_with(HMAC_SHA384, b.mint.secret(), signed))
    }),
    deny("alg_hs512", Algorithm, "the right secret, the longest hash", |b| {
        b.forged(&b.header("HS512"), |signed| hmac_with(HMAC_SHA512, b.mint.secret(), signed))
    }),
    deny("alg_ps256", Signature, "the RSA key with another padding", |b| {
        b.forged(&b.header("PS256"), |signed| b.mint.sign(Rs256, signed))
    }),
    deny("alg_swapped", Signature, "RS256 in the header, an HMAC of our secret", |b| {
        b.forged(&b.header("RS256"), |signed| {
            b.mint.sign(crate::authority::Algorithm::Hs256, signed)
        })
    }),
    deny("key_confusion", Signature, "HS256 with the public RSA key as the secret", |b| {
        hmac(b, rsa_public(b).as_bytes())
    }),
    deny("key_confusion_der", Signature, "the same with the key's bytes", |b| {
        hmac(b, b.mint.public(Rs256))
    }),
    deny("key_confusion_rs256", Signature, "RS256 in the header, the same HMAC", |b| {
        let secret = rsa_public(b);
        b.forged(&b.header("RS256"), |signed| hmac_with(HMAC_SHA256, secret.as_bytes(), signed))
    }),
    deny("key_confusion_kid", Algorithm, "HS256 under the name of the RSA key", |b| {
        let secret = rsa_public(b);
        let header = b.header("HS256").set("kid", quoted(Mint::key_id(Rs256)));
        b.forged(&header, |signed| hmac_with(HMAC_SHA256, secret.as_bytes(), signed))
    }),
    deny("key_confusion_eddsa", Signature, "HS256 with the public Ed25519 key", |b| {
        hmac(b, b.mint.public(EdDsa))
    }),
    deny("wrong_secret", Signature, "another secret", |b| hmac(b, OTHER)),
    deny("known_secret", Signature, "the secret of a test suite", |b| hmac(b, b"test-secret-key")),
    deny("known_secret_short", Signature, "secret", |b| hmac(b, b"secret")),
    deny("empty_secret", Signature, "an empty secret", |b| hmac(b, b"")),
    deny("wrong_key_rs256", Signature, "zeros instead of an RSA signature", |b| {
        b.forged(&b.header("RS256"), |_| vec![0; 256])
    }),
    deny("wrong_key_es256", Signature, "somebody else's EC key", |b| foreign(b, Es256)),
    deny("wrong_key_eddsa", Signature, "somebody else's Ed25519 key", |b| foreign(b, EdDsa)),
    deny("es256_zeros", Signature, "r and s are zero", |b| {
        b.forged(&b.header("ES256"), |_| vec![0; 64])
    }),
    deny("es256_short", Signature, "half a signature", |b| {
        b.forged(&b.header("ES256"), |signed| {
            let mut signature = b.mint.sign(Es256, signed);
            signature.truncate(32);
            signature
        })
    }),
    deny("es256_der", Signature, "an ASN.1 signature, which JWS does not take", |b| {
        b.forged(&b.header("ES256"), |signed| {
            let raw = b.mint.sign(Es256, signed);
            [&[0x30, 0x44, 0x02, 0x20], &raw[..32], &[0x02, 0x20], &raw[32..]].concat()
        })
    }),
    deny("eddsa_zeros", Signature, "64 zeros", |b| b.forged(&b.header("EdDSA"), |_| vec![0; 64])),
    deny("payload_swapped", Signature, "another subject under a good signature", |b| {
        let other = b.claims().set("sub", "\"admin\"").json();
        b.bent(|header, _, signature| {
            format!("{header}.{}.{signature}", encode_base64url(other.as_bytes()))
        })
    }),
    deny("header_swapped", Signature, "another header under a good signature", |b| {
        let other = b.header("HS256").set("x", 1).json();
        b.bent(|_, claims, signature| {
            format!("{}.{claims}.{signature}", encode_base64url(other.as_bytes()))
        })
    }),
    deny("signature_flipped", Signature, "one bit is wrong", |b| {
        b.forged(&b.header("HS256"), |signed| {
            let mut signature = hmac_with(HMAC_SHA256, b.mint.secret(), signed);
            signature[0] ^= 1;
            signature
        })
    }),
    deny("signature_truncated", Signature, "the first 16 bytes of a good one", |b| {
        b.forged(&b.header("HS256"), |signed| {
            let mut signature = hmac_with(HMAC_SHA256, b.mint.secret(), signed);
            signature.truncate(16);
            signature
        })
    }),
    deny("signature_empty", Signature, "no signature", |b| unsigned(b, "HS256")),
    deny("signature_doubled", Signature, "a good one twice over", |b| {
        b.forged(&b.header("HS256"), |signed| {
            hmac_with(HMAC_SHA256, b.mint.secret(), signed).repeat(2)
        })
    }),
    deny("kid_dev_null", KeyUnknown, "a file of known content as the key", |b| {
        let header = b.header("HS256").set("kid", "\"../../../dev/null\"");
        b.forged(&header, |signed| hmac_with(HMAC_SHA256, b"", signed))
    }),
];
