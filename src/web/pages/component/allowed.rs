//! What may be done now, by the rules and by whoever asks, and why the rest may not.

use crate::access::{Permission, Role};
use crate::flags::{Cause, Flag, FlagsError, Move, MoveRefusal};
use crate::web::Rooms;
use crate::web::guard::Signed;
use crate::web::pages::words::refused_words;

/// Whether something may be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web::pages) enum Allowed {
    /// Yes.
    Yes,
    /// No, for this reason.
    No(String),
}

/// What it takes to do that with a plan.
pub(super) fn plan_permission(verb: &str) -> Permission {
    match verb {
        "pause" | "abort" => Permission::Lower,
        _ => Permission::Raise,
    }
}

impl Allowed {
    /// Why not; `None` where it may be done.
    pub fn why_not(&self) -> Option<&str> {
        match self {
            Self::Yes => None,
            Self::No(why) => Some(why),
        }
    }

    /// By the role of whoever has signed in. Whether he must prove again who he is shows when he
    /// acts.
    pub fn by_role(signed: &Signed, permission: Permission) -> Self {
        if signed.session.caller.has(permission) {
            return Self::Yes;
        }
        let role = Role::ALL.into_iter().find(|role| role.may(permission));
        let role = role.map_or("", Role::as_str);
        Self::No(format!("takes the role {role}"))
    }

    /// Whether somebody may do that with a plan of the component. What stops is always open; what
    /// goes on is not while something stands against the component.
    pub fn to_plan(signed: &Signed, flag: &Flag, verb: &str) -> Self {
        let permission = plan_permission(verb);
        match Self::by_role(signed, permission) {
            Self::Yes if permission == Permission::Lower => Self::Yes,
            Self::Yes if flag.latch.is_some() => {
                Self::No("rolled back: release it first".to_owned())
            }
            Self::Yes if flag.hold.is_some() => Self::No("held: release it first".to_owned()),
            by_role => by_role,
        }
    }

    /// By the rules of moves as things are now.
    pub fn by_rules(rooms: &Rooms, signed: &Signed, flag: &Flag, step: Move) -> Self {
        let name = signed.session.caller.actor().to_string();
        // A reason is asked for with the move; it is no reason to hide the move.
        let cause = Cause::Operator { name, note: "given with the move".to_owned() };
        match rooms.flags.foresee(&flag.component, step, &cause) {
            Ok(()) | Err(FlagsError::NotAllowed(MoveRefusal::NeedsTwoPeople)) => Self::Yes,
            Err(error) => Self::No(refused_words(&error)),
        }
    }

    /// Both: the rules first, for no role can bend them.
    pub fn of(rooms: &Rooms, signed: &Signed, flag: &Flag, step: Move) -> Self {
        let permission = crate::web::flags::permission_for(flag, &step);
        match Self::by_rules(rooms, signed, flag, step) {
            Self::Yes => Self::by_role(signed, permission),
            no @ Self::No(_) => no,
        }
    }
}
