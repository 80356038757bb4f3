//! Who may do what: operators and their sessions, API tokens, links, approvals.
//!
//! Everything a request can show about who sends it becomes a [`Caller`]; a caller who may do a
//! thing gets a [`Pass`], which carries the actor's name into the history. Whoever changes
//! something asks for a pass, so that a forgotten check does not compile.
//!
//! What holds, and what the tests prove:
//!
//! - Secrets are kept as hashes only: passwords as Argon2id (RFC 9106), everything that is random
//!   (sessions, tokens, links) as keyed 128-bit hashes. A secret is shown once, when it is made.
//! - What was acknowledged is on the disk: who was added, ended or revoked stays so after a crash,
//!   and what may be used once is marked as used before it takes effect.
//! - A password is tried at a bounded pace, by address and account, before any hashing; the owner
//!   of a browser that has signed in before is never held up by strangers.

#[expect(clippy::module_inception, reason = "the file is named after the thing in it")]
mod access;
mod administer;
mod approvals;
mod caller;
mod change;
#[cfg(test)]
mod desk;
mod devices;
mod endings;
mod error;
mod event;
mod event_log;
mod form_token;
mod gate;
mod house;
mod links;
mod mark;
mod name;
mod operators;
mod pace;
mod passwords;
mod people;
#[cfg(test)]
mod people_tests;
mod permission;
mod provider;
mod rates;
mod reading;
mod refusal;
mod role;
mod scope;
mod secret;
mod sessions;
mod settings;
mod setup_links;
mod sign_in;
mod standing;
mod throttle;
mod tokens;

pub use access::Access;
pub use approvals::{Approval, Approvals, Approved};
pub use caller::{Actor, Caller, Pass};
pub use error::AccessError;
pub use event::{AccessEvent, EventRow, SignInMethod};
pub use form_token::FormToken;
pub use links::{ActionLinks, LinkAction, LinkView, NewLink};
pub use name::Name;
pub use people::{
    ForeignIdentity, NewSession, OperatorView, Origin, People, Session, SessionView, SetupLink,
};
pub use permission::Permission;
#[cfg(test)]
pub(crate) use provider::testing::bare_provider;
pub use provider::{Begun, Exchanged, Provider, ProviderAnswer, ProviderSettings};
pub use rates::Rates;
pub use refusal::{Refusal, RefusalCounts};
pub use role::Role;
pub use scope::{Scope, Scopes};
pub use secret::Secret;
pub use settings::Settings;
pub use tokens::{ApiTokens, ConfiguredToken, NewToken, TokenView};
