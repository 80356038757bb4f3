//! What can keep the authority from working. A denied token is none of this.

use crate::domain::{Timestamp, TokenType};
use crate::outbound::OutboundError;
use crate::store::StoreError;

use super::Algorithm;

/// Why the authority could not open, issue or revoke. No text here holds a token or a secret.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// No key is configured, and none may be generated, as nothing seals it at rest.
    #[error(
        "no key is configured, and without a master key none can be kept: \
         configure a signing key or a master key"
    )]
    KeyMissing,
    /// The key for token fingerprints would be kept in the store, and nothing seals it.
    #[error("neither a fingerprint key nor a master key to seal one with is configured")]
    FingerprintKeyMissing,
    /// The text is not 32 bytes in hexadecimal or base64url.
    #[error("a master key is 32 bytes, written as 64 hexadecimal digits or in base64url")]
    MasterKeyForm,
    /// A key id that is empty, over 128 characters or not plain printable ASCII.
    #[error("key id {0:?} is not 1 to 128 printable ASCII characters")]
    KeyId(String),
    /// Two keys of one name.
    #[error("key id {0:?} is used by two keys")]
    KeyIdTwice(String),
    /// More keys than the authority holds.
    #[error("{count} keys are too many: at most {max} are held")]
    KeysTooMany {
        /// Keys there would be.
        count: usize,
        /// Keys allowed.
        max: usize,
    },
    /// A shared secret that is too short (RFC 7518 §3.2).
    #[error("the secret of key {id:?} has {bytes} bytes, HS256 needs at least 32")]
    SecretShort {
        /// The key.
        id: String,
        /// Its length.
        bytes: usize,
    },
    /// A shared secret that anybody can guess.
    #[error("the secret of key {0:?} is a well-known or repetitive one: generate a random one")]
    SecretWeak(String),
    /// A key text that cannot be used.
    #[error("key {id:?}: {why}")]
    KeyUnusable {
        /// The key, or where it stands in the settings.
        id: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A JWK of another kind than ours.
    #[error("{id} is for {kind:?}; keys are for HS256, RS256, PS256, ES256 or EdDSA")]
    KeyKind {
        /// Where it stands.
        id: String,
        /// The algorithm, curve or kind that it names.
        kind: String,
    },
    /// A setting names a key that does not exist.
    #[error("there is no key {0:?}")]
    KeyUnknown(String),
    /// The key can verify only.
    #[error("key {0:?} has no private part and cannot sign")]
    KeyCannotSign(String),
    /// A shared secret has no public part to show.
    #[error("key {0:?} is a shared secret: it has no public part")]
    KeyNotPublic(String),
    /// One key for two algorithms.
    #[error("key {0:?} is held for another algorithm as well: a key is for exactly one")]
    KeyAlgorithmTwice(String),
    /// A key that is known under another name.
    #[error("key {id:?} is the key {held:?}, which is held already")]
    KeyHeld {
        /// The new name.
        id: String,
        /// The name that it has.
        held: String,
    },
    /// A key that has retired, under this name or another one.
    #[error("key {0:?} has retired: make another one")]
    KeyRetired(String),
    /// A next key that not everybody can know yet.
    #[error("key {id:?} is published, and signs from {ready_at} on, when every cache knows it")]
    KeyNotPublished {
        /// The key.
        id: String,
        /// From when on it may sign.
        ready_at: Timestamp,
        /// True when it was made just now.
        made: bool,
    },
    /// The settings name the key that signs.
    #[error(
        "the settings want key {0:?} to sign (signing_key, or compatible.key_id): change them first"
    )]
    KeyPinned(String),
    /// Without this key nothing would sign.
    #[error("key {0:?} is the only one that signs: make or import a next key first")]
    KeyWithoutSuccessor(String),
    /// Keys can only be kept sealed.
    #[error("without a master key no key can be kept: configure one")]
    MasterKeyMissing,
    /// A change that did not come to its end, through a fault of the program.
    #[error("the change of the keys broke off")]
    ChangeBroken,
    /// A key that does not sign at this point of its life.
    #[error("key {id:?} is {state} and signs nothing")]
    KeyNotActive {
        /// The key.
        id: String,
        /// Where it stands.
        state: &'static str,
    },
    /// None of the keys can sign.
    #[error("no key can sign: all are public keys")]
    NothingSigns,
    /// Every key that signs is a shared secret.
    #[error(
        "only shared secrets sign here, and whoever verifies with one can sign: make a key pair \
         and let it sign"
    )]
    OnlySecretsSign,
    /// A setting is out of its range.
    #[error("{setting}: {why}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// What it must be.
        why: &'static str,
    },
    /// Only access and service tokens are issued here.
    #[error("tokens of type {0:?} are not issued here")]
    TypeNotIssued(TokenType),
    /// An order that asks for an impossible token.
    #[error("the order's {part} {why}")]
    Order {
        /// Part of the order.
        part: &'static str,
        /// What it must be.
        why: &'static str,
    },
    /// The cryptographic library refused to work.
    #[error("{algorithm} could not {what}")]
    Crypto {
        /// With which algorithm.
        algorithm: Algorithm,
        /// What it was to do.
        what: &'static str,
    },
    /// A kept key that the master key does not open.
    #[error("the kept key {0:?} does not open: another master key, or a damaged row")]
    Unseal(String),
    /// A key that could not be sealed, so it is not kept.
    #[error("the key {0:?} could not be sealed")]
    Seal(String),
    /// A foreign issuer that cannot be trusted as it is configured.
    #[error("issuer {name:?}: {why}")]
    IssuerUnusable {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A foreign issuer whose keys may not be fetched.
    #[error("issuer {name:?}: its keys cannot be fetched: {source}")]
    IssuerOutOfReach {
        /// Its name.
        name: String,
        /// Why not.
        source: OutboundError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row among the revocations that names no token.
    #[error("the revocation {0:?} names no token")]
    RevocationUnreadable(String),
    /// A client that cannot be registered.
    #[error("client {name:?} {why}")]
    ClientUnusable {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// More sessions than the authority keeps.
    #[error("{0} sessions are open, no more are kept")]
    FamiliesFull(usize),
    /// A session kept in another way than it can be read, or under another master key.
    #[error("a kept session does not open: another master key, or a damaged row")]
    FamilyUnreadable,
    /// More live revocations than the authority holds.
    #[error("{0} tokens are revoked and not yet expired, no more are held")]
    RevocationsFull(usize),
}
