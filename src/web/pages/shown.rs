//! Small parts that several pages show.

use crate::access::{Permission, Refusal, Role, Scope, Secret};
use crate::web::Rooms;
use crate::web::guard::Signed;

/// Whether a page offers its forms.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unlock {
    /// Yes.
    Open,
    /// After the operator has proved again who he is.
    Stale,
    /// His role does not reach.
    Never,
}

impl Unlock {
    /// What a session may do now.
    pub fn of(rooms: &Rooms, signed: &Signed, permission: Permission) -> Self {
        match signed.session.caller.permit(permission, rooms.clock.now()) {
            Ok(_) => Self::Open,
            Err(Refusal::Stale) => Self::Stale,
            Err(_) => Self::Never,
        }
    }

    /// True when the page offers its forms.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand out references")]
    pub fn is_open(&self) -> bool {
        *self == Self::Open
    }
}

/// A secret that is shown once.
pub struct Once {
    /// What was made.
    pub what: String,
    /// The secret, or the link that holds it.
    pub secret: Secret,
    /// What to do with it.
    pub hint: &'static str,
}

impl Once {
    /// The text, for the one page that shows it.
    pub fn text(&self) -> &str {
        self.secret.reveal()
    }
}

/// What a role is for, in a line.
pub const fn role_may(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Reads flags, history and reports.",
        Role::Operator => "Reads; lowers exposure, holds, rolls back, releases.",
        Role::Promoter => "Reads; lowers and raises exposure, changes settings.",
        Role::Admin => "Everything: also forces, approves, manages operators and tokens.",
    }
}

/// What a scope is for, in a line.
pub const fn scope_may(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "Flags, history, reports.",
        Scope::Evaluate => "Which side serves a subject.",
        Scope::Decide => "Questions about tokens: what gateways and services ask.",
        Scope::Publish => "Hands in events for delivery.",
        Scope::Observe => "Hands in outcomes that were observed elsewhere.",
        Scope::RollBack => "A stage back, a smaller share, a hold, a rollback.",
        Scope::Raise => "A stage forward, a larger share, release, settings.",
        Scope::Admin => "Everything that one person may do alone, operators and tokens included.",
    }
}
