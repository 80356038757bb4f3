//! The token endpoints that live clients call today, at the same paths with the same fields and
//! statuses: a client moves by changing a base URL. Behind them stand the same walks as behind
//! every other door.
//!
//! Two things are different on purpose. What legacy lets anybody do (revoke any token) asks for a
//! client here. And "cannot decide" is 503, never a no: legacy said `valid: false`.

mod body;
pub(super) mod jwt;
pub(super) mod logout;
pub(super) mod refresh;
pub(super) mod service_token;
pub(super) mod validate;
