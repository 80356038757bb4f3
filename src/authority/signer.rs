//! The private part of a key.

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};

use super::Algorithm;

/// What signs. Its kind fixes the algorithm: nothing but a shared secret can make an HMAC.
pub(super) enum Signer {
    Hmac(Box<hmac::Key>, Box<[u8]>),
    Rsa(RsaKeyPair),
    /// The same kind of key for the other padding: a key has one of them.
    RsaPss(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Signer {
    pub(super) fn from_secret(secret: &[u8]) -> Self {
        Self::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)), secret.into())
    }

    /// A private key in PKCS #8, PKCS #1 (RSA) or SEC 1 (EC); `None` when it is not one of
    /// `algorithm`.
    pub(super) fn from_der(algorithm: Algorithm, der: &[u8]) -> Option<Self> {
        match algorithm {
            Algorithm::Hs256 => None,
            Algorithm::Rs256 => rsa(der).map(Self::Rsa),
            Algorithm::Ps256 => rsa(der).map(Self::RsaPss),
            Algorithm::Es256 => {
                let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
                EcdsaKeyPair::from_private_key_der(kind, der).ok().map(Self::Ec)
            }
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(der).ok().map(Self::Ed),
        }
    }

    /// A new private key as it is kept: the secret itself for HS256, else PKCS #8. `None` when the
    /// library fails.
    pub(super) fn generate(algorithm: Algorithm) -> Option<Vec<u8>> {
        match algorithm {
            Algorithm::Hs256 => Some(rand::random::<[u8; 32]>().to_vec()),
            Algorithm::Rs256 | Algorithm::Ps256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).ok()?;
                let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
                Some(der.as_ref().to_vec())
            }
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
                Some(pair.to_pkcs8v1().ok()?.as_ref().to_vec())
            }
            Algorithm::EdDsa => {
                Some(Ed25519KeyPair::generate().ok()?.to_pkcs8v1().ok()?.as_ref().to_vec())
            }
        }
    }

    /// The private key as [`Signer::generate`] makes it. `None` when the library fails.
    pub(super) fn kept(&self) -> Option<Vec<u8>> {
        match self {
            Self::Hmac(_, secret) => Some(secret.to_vec()),
            Self::Rsa(pair) | Self::RsaPss(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
                Some(der.as_ref().to_vec())
            }
            Self::Ec(pair) => Some(pair.to_pkcs8v1().ok()?.as_ref().to_vec()),
            Self::Ed(pair) => Some(pair.to_pkcs8v1().ok()?.as_ref().to_vec()),
        }
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Hmac(..) => Algorithm::Hs256,
            Self::Rsa(_) => Algorithm::Rs256,
            Self::RsaPss(_) => Algorithm::Ps256,
            Self::Ec(_) => Algorithm::Es256,
            Self::Ed(_) => Algorithm::EdDsa,
        }
    }

    /// The public part: PKCS #1 for RSA, the uncompressed point for EC, 32 bytes for Ed25519.
    /// A shared secret has none.
    pub(super) fn public(&self) -> Option<&[u8]> {
        match self {
            Self::Hmac(..) => None,
            Self::Rsa(pair) | Self::RsaPss(pair) => Some(pair.public_key().as_ref()),
            Self::Ec(pair) => Some(pair.public_key().as_ref()),
            Self::Ed(pair) => Some(pair.public_key().as_ref()),
        }
    }

    /// The signature as a JWS carries it: for EC, r and s in 64 bytes.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Hmac(key, _) => Some(hmac::sign(key, message).as_ref().to_vec()),
            Self::Rsa(pair) => rsa_signature(pair, &RSA_PKCS1_SHA256, message),
            Self::RsaPss(pair) => rsa_signature(pair, &RSA_PSS_SHA256, message),
            Self::Ec(pair) => Some(pair.sign(&random, message).ok()?.as_ref().to_vec()),
            Self::Ed(pair) => Some(pair.sign(message).as_ref().to_vec()),
        }
    }
}

fn rsa(der: &[u8]) -> Option<RsaKeyPair> {
    RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)).ok()
}

fn rsa_signature(
    pair: &RsaKeyPair,
    padding: &'static dyn RsaEncoding,
    message: &[u8],
) -> Option<Vec<u8>> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), message, &mut signature).ok()?;
    Some(signature)
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({}, ..)", self.algorithm())
    }
}
