//! The audit log of who may do what.

use serde::{Deserialize, Serialize};

use super::{Actor, Name, Role, Scopes};
use crate::domain::Timestamp;
use crate::store::Row;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum AccessEvent {
    /// An operator was added, or the first one set himself up.
    OperatorAdded { name: Name, role: Role },
    /// An operator's role was changed.
    RoleChanged { name: Name, from: Role, to: Role },
    /// An operator was removed, with sessions and links.
    OperatorRemoved { name: Name },
    /// A new setup link was made; the password before it still works.
    SetupLinkMade { name: Name },
    /// A password was set by a setup link, or changed by its owner.
    PasswordSet { name: Name },
    /// Somebody signed in, with a password or by the identity provider.
    SignedIn { name: Name, how: SignInMethod, address: String },
    /// A session was ended before its time.
    SessionEnded { name: Name },
    /// An API token was made.
    TokenMade { name: Name, scopes: Scopes, expires_at: Timestamp },
    /// An API token was revoked.
    TokenRevoked { name: Name },
    /// An action link was made.
    LinkMade { id: String, action: String },
    /// An action link was used.
    LinkUsed { id: String, action: String },
    /// A second person was asked for.
    ApprovalAsked { id: String, what: String },
    /// A signing key was made, or taken in.
    KeyMade { key: String, imported: bool, note: String },
    /// Another key signs.
    KeysRotated { active: String, retiring: Vec<String>, forced: bool, note: String },
    /// A key signs no more; at once: it does not verify either.
    KeyRetired { key: String, at_once: bool, note: String },
    /// A second person approved, or the request was turned down or withdrawn.
    ApprovalDecided { id: String, what: String, approved: bool },
}

/// How somebody signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    /// With a password.
    Password,
    /// With a setup link, which also set the password.
    SetupLink,
    /// By the identity provider.
    Provider,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: Actor,
    /// What.
    #[serde(flatten)]
    pub event: AccessEvent,
}

impl Row for EventRow {
    const FORMAT: u8 = 1;
}
