//! Key material in the raw, and tokens of whatever text.

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

use crate::authority::signer::Signer;
use crate::authority::{Algorithm, KeySource, Settings};
use crate::domain::{FingerprintKey, Token, encode_base64url};

use super::bench::pem;

/// A P-256 private key without its public part, as RFC 5915 writes it: what stands before and
/// after the 32 bytes.
const EC_BEFORE: [u8; 7] = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
const EC_AFTER: [u8; 12] = [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// Makes tokens of an imaginary issuer, and everybody's forgeries of them.
///
/// From one seed come always the same secret, EC and Ed25519 keys, and so the same HS256 and
/// `EdDSA` tokens; the RSA key is made at its first use, and ES256 signatures differ by nature.
pub struct Mint {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
    /// `env`.
    pub environment: String,
    /// `svc_id`.
    pub service_id: String,
    secret: Vec<u8>,
    ec: Option<Pair>,
    ed: Option<Pair>,
    rsa: OnceLock<Option<Pair>>,
    rsa_pss: OnceLock<Option<Pair>>,
}

struct Pair {
    der: Vec<u8>,
    signer: Signer,
}

impl Pair {
    fn of(algorithm: Algorithm, der: Vec<u8>) -> Option<Self> {
        let signer = Signer::from_der(algorithm, &der)?;
        Some(Self { der, signer })
    }
}

impl Mint {
    /// A mint with the keys of a seed and the claims of the system that the profiles model.
    pub fn seeded(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let secret: [u8; 32] = random.random();
        let ed: [u8; 32] = random.random();
        let mut ec: [u8; 32] = random.random();
        // Below the order of the curve, whatever the seed.
        ec[0] &= 0x7f;
        let ed = Ed25519KeyPair::from_seed_unchecked(&ed).and_then(|pair| Ok(pair.to_pkcs8v1()?));
        let ed = ed.ok().and_then(|der| Pair::of(Algorithm::EdDsa, der.as_ref().to_vec()));
        let ec = [&EC_BEFORE[..], &ec, &EC_AFTER].concat();
        Self {
            issuer: "netra-auth-service".into(),
            audience: "netra-platform".into(),
            environment: "production".into(),
            service_id: "netra_auth_service_prod".into(),
            secret: secret.to_vec(),
            ec: Pair::of(Algorithm::Es256, ec),
            ed,
            rsa: OnceLock::new(),
            rsa_pss: OnceLock::new(),
        }
    }

    /// The same mint with a shared secret of one's own.
    #[must_use]
    pub fn with_secret(mut self, secret: &[u8]) -> Self {
        self.secret = secret.to_vec();
        self
    }

    /// The HS256 secret, for the paths that are to accept the same tokens.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// The key id of an algorithm's key in [`Mint::key_sources`].
    pub const fn key_id(algorithm: Algorithm) -> &'static str {
        match algorithm {
            Algorithm::Hs256 => "mint-hs256",
            Algorithm::Rs256 => "mint-rs256",
            Algorithm::Ps256 => "mint-ps256",
            Algorithm::Es256 => "mint-es256",
            Algorithm::EdDsa => "mint-eddsa",
        }
    }

    /// The keys, for an authority that is to accept the tokens.
    pub fn key_sources(&self) -> Vec<KeySource> {
        let id = |algorithm| Self::key_id(algorithm).to_owned();
        let secret = KeySource::Secret { id: id(Algorithm::Hs256), bytes: self.secret.clone() };
        let pairs = [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];
        let pairs = pairs.into_iter().filter_map(|algorithm| {
            let text = pem("PRIVATE KEY", &self.pair(algorithm)?.der);
            Some(KeySource::Pem { id: id(algorithm), algorithm, text })
        });
        std::iter::once(secret).chain(pairs).collect()
    }

    /// Settings of the authority that judges every specimen as it says.
    pub fn settings(&self) -> Settings {
        Settings {
            environment: Some(self.environment.clone()),
            service_id: Some(self.service_id.clone()),
            keys: self.key_sources(),
            keys_without_kid: vec![Self::key_id(Algorithm::Hs256).into()],
            fingerprint_key: Some(FingerprintKey::new([0x5c; 32])),
            ..Settings::new(&self.issuer, &self.audience)
        }
    }

    /// The public parts of the EC and Ed25519 keys as a JWK set, for those who are to trust the
    /// mint as a foreign issuer.
    pub fn key_set(&self) -> String {
        let id = Self::key_id;
        let (ed, ec) = (self.public(Algorithm::EdDsa), self.public(Algorithm::Es256));
        // An uncompressed point: its mark and two coordinates of 32 bytes.
        let (x, y) = ec.get(1..).and_then(|point| point.split_at_checked(32)).unwrap_or_default();
        let [ed, x, y] = [ed, x, y].map(encode_base64url);
        let ed = json!({ "kid": id(Algorithm::EdDsa), "kty": "OKP", "crv": "Ed25519", "x": ed });
        let ec =
            json!({ "kid": id(Algorithm::Es256), "kty": "EC", "crv": "P-256", "x": x, "y": y });
        json!({ "keys": [ed, ec] }).to_string()
    }

    /// A compact JWS of any header and claims, well-formed or not, with a valid signature.
    pub fn token(&self, header: &[u8], claims: &[u8], algorithm: Algorithm) -> Token {
        let signed = format!("{}.{}", encode_base64url(header), encode_base64url(claims));
        let signature = self.sign(algorithm, signed.as_bytes());
        Token::new(&format!("{signed}.{}", encode_base64url(&signature)))
    }

    /// A signature with the mint's key of an algorithm.
    pub fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let signature = match self.pair(algorithm) {
            Some(pair) => pair.signer.sign(message),
            None => Some(hmac_with(hmac::HMAC_SHA256, &self.secret, message)),
        };
        signature.unwrap_or_default()
    }

    /// The public key of an algorithm, as its owner would publish it.
    pub(super) fn public(&self, algorithm: Algorithm) -> &[u8] {
        self.pair(algorithm).and_then(|pair| pair.signer.public()).unwrap_or_default()
    }

    fn pair(&self, algorithm: Algorithm) -> Option<&Pair> {
        match algorithm {
            Algorithm::Hs256 => None,
            Algorithm::Rs256 => self.rsa.get_or_init(|| rsa(Algorithm::Rs256)).as_ref(),
            Algorithm::Ps256 => self.rsa_pss.get_or_init(|| rsa(Algorithm::Ps256)).as_ref(),
            Algorithm::Es256 => self.ec.as_ref(),
            Algorithm::EdDsa => self.ed.as_ref(),
        }
    }
}

impl fmt::Debug for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mint({:?}, ..)", self.issuer)
    }
}

fn rsa(algorithm: Algorithm) -> Option<Pair> {
    Pair::of(algorithm, Signer::generate(algorithm)?)
}

pub(super) fn hmac_with(kind: hmac::Algorithm, secret: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(kind, secret), message).as_ref().to_vec()
}
