//! The one place that decides about access tokens, and issues and revokes them.
//!
//! [`Authority`] is strict where libraries are soft (RFC 7519, RFC 8725). A deny carries one
//! reason, that of the first rule that fails, in this order:
//!
//! 1. **Extraction and form**: no token, two tokens, too long, not three segments.
//! 2. **Header**: canonical base64url, one JSON object, no member twice, bounded depth; `alg` is
//!    one of our keys' algorithms; no `crit` and no `b64`, as we understand no extension;
//!    no nested token in `cty`. Keys and key addresses that a token brings along (`jwk`, `jku`,
//!    `x5u`, `x5c`) are not looked at.
//! 3. **Key and signature**: `kid` names the one key to use, and its algorithm is the header's;
//!    without `kid`, our keys of the header's algorithm, at most four. Then the signature.
//! 4. **Claims**: encoding and JSON as in 2; then the header's `typ`, if there, is `JWT` or
//!    `at+jwt`; `exp`, `iat`, `nbf` are numbers; expired; not yet valid; issued ahead of time;
//!    lifetime; `iss`; `aud`; `sub`; `jti`; `token_type` and `type`; `env`; `svc_id`;
//!    `permissions` and `scope`.
//! 5. **Revocation**.
//!
//! Some of the rules under 4 are policy: each is off, observed or enforced for an issuer and a
//! kind of token ([`Policies`](crate::domain::Policies)), all of them enforced until somebody
//! changes that. [`Authority::observed`] lists what would be denied; [`profiles`] are policies
//! that come as near as can be to what well-known libraries let in.
//!
//! A token that names a trusted issuer of [`Settings::issuers`] is held against that issuer's
//! keys and words, by the same rules in the same order, and never against ours.
//!
//! [`IdTokens`] verifies what a foreign OpenID provider says about who has signed in, by the same
//! rules of form, with that provider's keys and never with ours.
//!
//! Nothing about an unverified token is believed: claims are read after the signature.

mod algorithm;
mod claims;
mod clients;
mod decide;
mod error;
mod families;
mod family;
mod family_id;
mod filter;
mod foreign;
mod foreign_keys;
mod form;
#[doc(hidden)]
pub mod fuzzing;
mod header;
mod id_refusal;
mod id_token;
mod introspect;
mod issue;
mod jwk;
mod kept_keys;
mod key;
mod key_changes;
mod key_life;
mod key_schedule;
mod keyring;
mod keys;
mod kind;
mod locks;
mod marks;
mod observed;
mod open;
mod pem;
mod profiles;
mod prove;
mod refresh;
mod revocations;
mod revoke;
mod roca;
mod rules;
mod seal;
mod session;
mod settings;
mod signer;
pub mod specimens;
mod statement;
#[cfg(test)]
mod tests;
mod token_marks;
mod token_path;
mod verify_jws;
mod weak;

pub use algorithm::Algorithm;
pub use clients::{Client, ClientGrant, ClientRefusal, ConfiguredClient};
pub use error::AuthorityError;
pub use foreign::{IssuerSettings, IssuerView, PERMISSIONS_CLAIMS, SUBJECT_CLAIMS};
pub use form::CompatibleForm;
pub use id_refusal::IdTokenRefusal;
pub use id_token::{IdClaims, IdToken, IdTokenSettings, IdTokens};
pub use introspect::TokenFacts;
pub use issue::{Issued, Order};
pub use key_life::{KeyState, KeyView, Rotated};
pub use key_schedule::KeySchedule;
pub use observed::{OBSERVED_MAX, Observed, ObservedRow};
pub use open::{Authority, install_crypto};
pub use profiles::{Direction, Profile, Unmatched, profile, profiles};
pub use revoke::Revoked;
pub use seal::Sealer;
pub use settings::{KeySource, MasterKey, Settings};
pub use statement::{Statement, StatementKeys};
pub use token_marks::TokenMarks;
pub use verify_jws::{JwsKeys, VerifiedJws, verify_jws};
