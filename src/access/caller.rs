//! Who asks, and the proof that he may.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Name, Permission, Refusal, Role, Scopes};
use crate::domain::Timestamp;

/// Whoever a change is written down for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by", content = "name")]
pub enum Actor {
    /// A signed-in operator.
    Operator(Name),
    /// An API token.
    Token(Name),
    /// Whoever followed an action link that this operator or token had made.
    Link(Name),
    /// Whoever can write to the data directory of a stopped service.
    Machine,
}

impl fmt::Display for Actor {
    /// `ada`, `token:ci`, `link:ada` or `machine`: no two actors look the same, as names have no
    /// colon and `machine` is no operator's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator(name) => fmt::Display::fmt(name, f),
            Self::Token(name) => write!(f, "token:{name}"),
            Self::Link(name) => write!(f, "link:{name}"),
            Self::Machine => f.write_str("machine"),
        }
    }
}

/// What a caller has been given.
#[derive(Clone, Debug)]
pub(super) enum Rights {
    /// A session of an operator.
    Session {
        role: Role,
        /// Until when dangerous things need no new proof.
        fresh_until: Timestamp,
    },
    /// An API token.
    Token(Scopes),
    /// Exactly one thing, by a link.
    Link(Permission),
    /// The data directory itself.
    Machine,
}

/// Who asks, as far as it has been proved.
#[derive(Clone, Debug)]
pub struct Caller {
    pub(super) actor: Actor,
    pub(super) rights: Rights,
}

impl Caller {
    /// A signed-in operator. Dangerous things need a new proof after `fresh_until`.
    pub(super) fn session(name: Name, role: Role, fresh_until: Timestamp) -> Self {
        Self { actor: Actor::Operator(name), rights: Rights::Session { role, fresh_until } }
    }

    /// An API token.
    pub(super) fn token(name: Name, scopes: Scopes) -> Self {
        Self { actor: Actor::Token(name), rights: Rights::Token(scopes) }
    }

    /// Whoever followed a link of `name` for one thing.
    pub(super) fn link(name: Name, permission: Permission) -> Self {
        Self { actor: Actor::Link(name), rights: Rights::Link(permission) }
    }

    /// Whoever can write to the data directory of a stopped service.
    pub fn machine() -> Self {
        Self { actor: Actor::Machine, rights: Rights::Machine }
    }

    /// Who it is.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The operator, if a person has signed in.
    pub fn person(&self) -> Option<&Name> {
        match (&self.actor, &self.rights) {
            (Actor::Operator(name), Rights::Session { .. }) => Some(name),
            _ => None,
        }
    }

    /// The role of a signed-in operator.
    pub fn role(&self) -> Option<Role> {
        match self.rights {
            Rights::Session { role, .. } => Some(role),
            Rights::Token(_) | Rights::Link(_) | Rights::Machine => None,
        }
    }

    /// True when the caller has the right, whether or not he must prove again who he is.
    pub fn has(&self, permission: Permission) -> bool {
        match &self.rights {
            Rights::Session { role, .. } => role.may(permission),
            Rights::Token(scopes) => scopes.grant(permission),
            Rights::Link(one) => *one == permission,
            Rights::Machine => true,
        }
    }

    /// Refuses who may do nothing at all on the control listener: a token for the data path.
    pub fn may_come_to_control(&self) -> Result<(), Refusal> {
        let mut for_control = Permission::ALL.into_iter().filter(|each| each.is_for_control());
        let any = for_control.any(|permission| self.has(permission));
        any.then_some(()).ok_or(Refusal::NotPermitted(Permission::Read))
    }

    /// A pass for one thing, or why not.
    pub fn permit(&self, permission: Permission, now: Timestamp) -> Result<Pass, Refusal> {
        if !self.has(permission) {
            return Err(Refusal::NotPermitted(permission));
        }
        match self.rights {
            Rights::Session { fresh_until, .. }
                if permission.is_dangerous() && now >= fresh_until =>
            {
                Err(Refusal::Stale)
            }
            Rights::Session { .. } | Rights::Token(_) | Rights::Link(_) | Rights::Machine => {
                Ok(Pass { actor: self.actor.clone(), permission })
            }
        }
    }
}

/// Proof that an actor may do one thing.
#[derive(Clone, Debug)]
pub struct Pass {
    actor: Actor,
    permission: Permission,
}

impl Pass {
    /// Who, for the history.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What for.
    pub fn permission(&self) -> Permission {
        self.permission
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Scope;

    const FRESH_UNTIL: Timestamp = Timestamp::from_seconds(100);

    fn name() -> Name {
        Name::parse("ada").expect("a name")
    }

    #[test]
    fn a_dangerous_thing_needs_a_fresh_session() {
        let caller = Caller::session(name(), Role::Admin, FRESH_UNTIL);
        let at = Timestamp::from_seconds;
        assert!(caller.permit(Permission::Administer, at(99)).is_ok());
        assert!(matches!(caller.permit(Permission::Administer, at(100)), Err(Refusal::Stale)));
        assert!(caller.permit(Permission::Lower, at(100)).is_ok(), "the red button never waits");
    }

    #[test]
    fn a_token_may_do_what_its_scopes_say_and_is_no_person() {
        let scopes = Scopes::new(vec![Scope::RollBack]).expect("scopes");
        let caller = Caller::token(name(), scopes);
        assert!(caller.permit(Permission::Lower, FRESH_UNTIL).is_ok());
        let refused = caller.permit(Permission::Raise, FRESH_UNTIL);
        assert!(matches!(refused, Err(Refusal::NotPermitted(Permission::Raise))));
        assert_eq!(caller.person(), None);
    }

    #[test]
    fn a_link_is_good_for_one_thing() {
        let caller = Caller::link(name(), Permission::Lower);
        let allowed = |permission: &Permission| caller.has(*permission);
        assert_eq!(Permission::ALL.into_iter().filter(allowed).count(), 1);
    }

    #[test]
    fn actors_of_the_same_name_look_different() {
        let shown = [Actor::Operator(name()), Actor::Token(name()), Actor::Link(name())];
        assert_eq!(shown.map(|actor| actor.to_string()), ["ada", "token:ada", "link:ada"]);
    }
}
