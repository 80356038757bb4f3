//! The authority as an OAuth 2.0 server: token endpoint (RFC 6749), introspection (RFC 7662),
//! revocation (RFC 7009), metadata (RFC 8414), keys (RFC 7517), and, for the service that signs
//! people in, new sessions.

mod answer;
pub(super) mod introspect;
pub(super) mod issue;
pub(super) mod metadata;
pub(super) mod revoke;
pub(super) mod token;
