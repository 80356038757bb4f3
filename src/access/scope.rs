//! What API tokens are for.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Permission;

/// One thing an API token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Flags, history, reports.
    Read,
    /// Which side serves a subject.
    Evaluate,
    /// Questions about tokens, on the data listener.
    Decide,
    /// Events for delivery.
    Publish,
    /// Outcomes that were observed elsewhere.
    Observe,
    /// A stage back, a smaller share, a hold, a rollback.
    RollBack,
    /// Forward, release, settings.
    Raise,
    /// Everything on the control listener that one person may do alone.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Evaluate,
        Self::Decide,
        Self::Publish,
        Self::Observe,
        Self::RollBack,
        Self::Raise,
        Self::Admin,
    ];

    /// `read`, `evaluate`, `decide`, `publish`, `observe`, `roll_back`, `raise` or `admin`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Evaluate => "evaluate",
            Self::Decide => "decide",
            Self::Publish => "publish",
            Self::Observe => "observe",
            Self::RollBack => "roll_back",
            Self::Raise => "raise",
            Self::Admin => "admin",
        }
    }

    /// Reads a scope by its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    /// True for what services use by the thousand; tokens for it can do nothing else.
    pub const fn is_for_data(self) -> bool {
        match self {
            Self::Evaluate | Self::Decide | Self::Publish | Self::Observe => true,
            Self::Read | Self::RollBack | Self::Raise | Self::Admin => false,
        }
    }

    /// True when a token of this scope may do it.
    pub const fn grants(self, permission: Permission) -> bool {
        match permission {
            Permission::Read => matches!(self, Self::Read | Self::Admin),
            Permission::Evaluate => matches!(self, Self::Evaluate),
            Permission::Decide => matches!(self, Self::Decide),
            Permission::Publish => matches!(self, Self::Publish),
            Permission::Observe => matches!(self, Self::Observe),
            Permission::Lower => matches!(self, Self::RollBack | Self::Admin),
            Permission::Release | Permission::Raise | Permission::Settings => {
                matches!(self, Self::Raise | Self::Admin)
            }
            Permission::Force | Permission::Administer => matches!(self, Self::Admin),
        }
    }
}

/// What one API token is for: at least one scope, and never both data and control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Scope>", into = "Vec<Scope>")]
pub struct Scopes(Arc<[Scope]>);

impl Scopes {
    /// Checks a list; repeated scopes are one. The error says what is wrong with the list.
    pub fn new(mut scopes: Vec<Scope>) -> Result<Self, &'static str> {
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Err("a token has at least one scope");
        }
        if scopes.iter().any(|scope| scope.is_for_data() != scopes[0].is_for_data()) {
            return Err("a token with evaluate, decide, publish or observe can do nothing else: \
                        make a second one for read, roll_back, raise or admin");
        }
        Ok(Self(scopes.into()))
    }

    /// The scopes, each once, in order.
    pub fn as_slice(&self) -> &[Scope] {
        &self.0
    }

    /// True when one of them grants it.
    pub fn grant(&self, permission: Permission) -> bool {
        self.0.iter().any(|scope| scope.grants(permission))
    }
}

impl TryFrom<Vec<Scope>> for Scopes {
    type Error = &'static str;
    fn try_from(scopes: Vec<Scope>) -> Result<Self, Self::Error> {
        Self::new(scopes)
    }
}

impl From<Scopes> for Vec<Scope> {
    fn from(scopes: Scopes) -> Self {
        scopes.0.to_vec()
    }
}

impl fmt::Display for Scopes {
    /// `read roll_back`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|scope| scope.as_str()).collect();
        f.write_str(&names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_for_the_data_path_can_do_nothing_else() {
        for data in Scope::ALL.into_iter().filter(|scope| scope.is_for_data()) {
            for control in Scope::ALL.into_iter().filter(|scope| !scope.is_for_data()) {
                assert!(Scopes::new(vec![data, control]).is_err(), "{data:?} {control:?}");
            }
        }
        let both = Scopes::new(vec![Scope::RollBack, Scope::Read, Scope::Read]).expect("scopes");
        assert_eq!(both.to_string(), "read roll_back");
    }

    #[test]
    fn each_permission_is_granted_by_some_scope() {
        for permission in Permission::ALL {
            assert!(Scope::ALL.iter().any(|scope| scope.grants(permission)), "{permission:?}");
        }
    }
}
