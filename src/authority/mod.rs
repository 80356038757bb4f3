//! The one place that decides about access tokens, and issues and revokes them.
//!
//! [`Authority`] is strict where libraries are soft (RFC 7519, RFC 8725). A deny carries one
//! reason, that of the first rule that fails, in this order:
//!
//! 1. **Extraction and form**: no token, two tokens, too long, not three segments.
//! 2. **Header**: canonical base64url, one JSON object, no member twice, bounded depth; `alg` is
//!    one of our keys' algorithms; no `crit` and no `b64`, as we understand no extension;
//!    `typ`, if there, is `JWT` or `at+jwt`; no nested token in `cty`. Keys and key addresses
//!    that a token brings along (`jwk`, `jku`, `x5u`, `x5c`) are not looked at.
//! 3. **Key and signature**: `kid` names the one key to use, and its algorithm is the header's;
//!    without `kid`, our keys of the header's algorithm, at most four. Then the signature.
//! 4. **Claims**: encoding and JSON as in 2; then `exp`, `iat`, `nbf` are numbers; expired; not
//!    yet valid; issued ahead of time; lifetime; `iss`; `aud`; `sub`; `jti`; `token_type` and
//!    `type`; `env`; `svc_id`; `permissions` and `scope`.
//! 5. **Revocation**.
//!
//! [`IdTokens`] verifies what a foreign OpenID provider says about who has signed in, by the same
//! rules of form, with that provider's keys and never with ours.
//!
//! Nothing about an unverified token is believed: claims are read after the signature.

mod algorithm;
mod claims;
mod decide;
mod error;
mod foreign_keys;
mod header;
mod id_refusal;
mod id_token;
mod issue;
mod jwk;
mod kept_keys;
mod key;
mod keyring;
mod open;
mod pem;
mod revocations;
mod revoke;
mod seal;
mod settings;
mod signer;
pub mod specimens;
#[cfg(test)]
mod tests;
mod weak;

pub use algorithm::Algorithm;
pub use error::AuthorityError;
pub use id_refusal::IdTokenRefusal;
pub use id_token::{IdClaims, IdToken, IdTokenSettings, IdTokens};
pub use issue::{Issued, Order};
pub use open::{Authority, install_crypto};
pub use revoke::Revoked;
pub use settings::{KeySource, MasterKey, Settings};
