//! A key: its name, its one algorithm, what verifies and perhaps what signs.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256,
};
use aws_lc_rs::{hmac, rsa};

use super::signer::Signer;
use super::{Algorithm, AuthorityError, jwk, roca, weak};
use crate::domain::encode_base64url;

/// Smallest RSA modulus, in bytes (RFC 7518 §3.3).
const RSA_BYTES_MIN: usize = 256;

/// What a secret signs to be told from others.
const IDENTITY: &[u8] = b"crossfade key identity 1";

const NO_PUBLIC_KEY: &str = "is not a valid public key of its algorithm";

/// Longest key id, in bytes.
const ID_LENGTH_MAX: usize = 128;

/// A key of the authority. Its algorithm comes with its material and is never a token's choice.
pub(super) struct Key {
    id: Box<str>,
    algorithm: Algorithm,
    verifier: Verifier,
    signer: Option<Signer>,
    identity: Box<str>,
}

/// What verifies, made ready once: a request pays for the signature alone.
enum Verifier {
    Hmac(Box<hmac::Key>),
    /// Ready, and in the form that [`Key::from_public`] reads.
    Public(ParsedPublicKey, Box<[u8]>),
}

impl Key {
    /// A shared secret: HS256, whatever a token says.
    pub(super) fn from_secret(id: &str, secret: &[u8]) -> Result<Self, AuthorityError> {
        weak::check(id, secret)?;
        Self::from_any_secret(id, secret)
    }

    /// A shared secret of any strength, for whoever wants to see what it verifies.
    pub(super) fn from_any_secret(id: &str, secret: &[u8]) -> Result<Self, AuthorityError> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let mark = hmac::sign(&key, IDENTITY);
        Ok(Self {
            id: checked_id(id)?,
            algorithm: Algorithm::Hs256,
            identity: encode_base64url(&mark.as_ref()[..16]).into(),
            verifier: Verifier::Hmac(Box::new(key)),
            signer: Some(Signer::from_secret(secret)),
        })
    }

    /// A private key, with its public part derived from it.
    pub(super) fn from_signer(id: &str, signer: Signer) -> Result<Self, AuthorityError> {
        let algorithm = signer.algorithm();
        let public = signer.public().ok_or_else(|| unusable(id, "has no public part"))?;
        let key = Self::from_public(id, algorithm, public)?;
        Ok(Self { signer: Some(signer), ..key })
    }

    /// A public key: PKCS #1 or SPKI for RSA, the uncompressed point for EC, 32 bytes for
    /// Ed25519.
    pub(super) fn from_public(
        id: &str,
        algorithm: Algorithm,
        public: &[u8],
    ) -> Result<Self, AuthorityError> {
        let refused = || unusable(id, NO_PUBLIC_KEY);
        let parsed = match algorithm {
            Algorithm::Hs256 => {
                return Err(unusable(id, "HS256 takes a shared secret, no key pair"));
            }
            Algorithm::Rs256 => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, rsa(id, public)?),
            Algorithm::Ps256 => ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, rsa(id, public)?),
            Algorithm::Es256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public),
            Algorithm::EdDsa => ParsedPublicKey::new(&ED25519, public),
        };
        let parsed = parsed.map_err(|_| refused())?;
        let identity = jwk::identity(algorithm, public).ok_or_else(refused)?.into();
        let verifier = Verifier::Public(parsed, public.into());
        Ok(Self { id: checked_id(id)?, algorithm, verifier, signer: None, identity })
    }

    pub(super) const fn id(&self) -> &str {
        &self.id
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Which key this is, whatever its name: the thumbprint of the public part (RFC 7638), for a
    /// secret a MAC under it. Two keys of one identity are one key.
    pub(super) const fn identity(&self) -> &str {
        &self.identity
    }

    /// The public part in the form that [`Key::from_public`] reads; a secret has none.
    pub(super) fn public(&self) -> Option<&[u8]> {
        match &self.verifier {
            Verifier::Hmac(_) => None,
            Verifier::Public(_, public) => Some(public),
        }
    }

    pub(super) const fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// True when `signature` is this key's over `message`.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.verifier {
            Verifier::Hmac(key) => hmac::verify(key, message, signature).is_ok(),
            Verifier::Public(key, _) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?}, {}, ..)", self.id, self.algorithm)
    }
}

/// An RSA key without its SPKI wrapping, when it is large enough.
fn rsa(id: &str, public: &[u8]) -> Result<Box<[u8]>, AuthorityError> {
    let key = rsa::PublicKey::from_der(public);
    let key = key.map_err(|_| unusable(id, NO_PUBLIC_KEY))?;
    if key.modulus_len() < RSA_BYTES_MIN {
        return Err(unusable(id, "an RSA key needs at least 2048 bits"));
    }
    if roca::is_weak(key.modulus().big_endian_without_leading_zero()) {
        return Err(unusable(id, "is an RSA key of the kind that can be computed (ROCA)"));
    }
    Ok(key.as_ref().into())
}

pub(super) fn unusable(id: &str, why: &'static str) -> AuthorityError {
    AuthorityError::KeyUnusable { id: shown(id), why }
}

/// As much of a key id as an error shows.
fn shown(id: &str) -> String {
    id.chars().take(ID_LENGTH_MAX).collect()
}

fn checked_id(id: &str) -> Result<Box<str>, AuthorityError> {
    let plain = id.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if id.is_empty() || id.len() > ID_LENGTH_MAX || !plain {
        return Err(AuthorityError::KeyId(shown(id)));
    }
    Ok(id.into())
}
