//! What operators are.

use serde::{Deserialize, Serialize};

use super::Permission;

/// What an operator may do. Each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Lowers exposure, holds, rolls back, releases.
    Operator,
    /// Raises exposure, changes settings.
    Promoter,
    /// Forces, manages operators, tokens and keys.
    Admin,
}

impl Role {
    /// All of them, the weakest first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Promoter, Self::Admin];

    /// `viewer`, `operator`, `promoter` or `admin`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Promoter => "promoter",
            Self::Admin => "admin",
        }
    }

    /// Reads a role by its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// True when this role may do it. What only machines do, no role may.
    pub fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::Read => true,
            Permission::Lower | Permission::Release => self >= Self::Operator,
            Permission::Raise | Permission::Settings => self >= Self::Promoter,
            Permission::Force | Permission::Administer => self >= Self::Admin,
            Permission::Evaluate
            | Permission::Decide
            | Permission::Publish
            | Permission::Observe => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_may_do_what_the_roles_before_it_may() {
        for pair in Role::ALL.windows(2) {
            for permission in Permission::ALL {
                assert!(!pair[0].may(permission) || pair[1].may(permission), "{permission:?}");
            }
        }
    }

    #[test]
    fn a_role_reads_back_by_its_name() {
        assert!(Role::ALL.into_iter().all(|role| Role::parse(role.as_str()) == Some(role)));
        assert_eq!(Role::parse("Admin"), None);
    }
}
