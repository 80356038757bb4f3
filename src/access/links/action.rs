//! What a link does.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::access::{AccessError, Permission};
use crate::domain::ComponentId;

/// What a link does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum LinkAction {
    /// Rolls a component back.
    RollBack {
        /// Its id.
        component: String,
    },
    /// Holds a component where it is.
    Hold {
        /// Its id.
        component: String,
    },
    /// Leads a second person to an approval; grants nothing by itself.
    Approve {
        /// The id of the approval.
        approval: String,
    },
}

impl LinkAction {
    /// What the maker of such a link must be permitted himself, then and when it is used.
    pub const fn permission(&self) -> Permission {
        match self {
            Self::RollBack { .. } | Self::Hold { .. } => Permission::Lower,
            Self::Approve { .. } => Permission::Force,
        }
    }

    /// What the link permits whoever uses it. An approval is permitted by the second person's own
    /// session, never by a link.
    pub(super) const fn grants(&self) -> Permission {
        match self {
            Self::RollBack { .. } | Self::Hold { .. } => Permission::Lower,
            Self::Approve { .. } => Permission::Read,
        }
    }

    /// Refuses what can be no component or approval.
    pub(super) fn checked(self) -> Result<Self, AccessError> {
        let good = match &self {
            Self::RollBack { component } | Self::Hold { component } => {
                ComponentId::parse(component).is_ok()
            }
            Self::Approve { approval } => {
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
                (1..=64).contains(&approval.len()) && approval.bytes().all(fits)
            }
        };
        if good {
            Ok(self)
        } else {
            Err(AccessError::Unusable("a link needs its target".to_owned()))
        }
    }
}

impl fmt::Display for LinkAction {
    /// `roll back http-auth`, `hold http-auth` or `approve request x7Yq`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RollBack { component } => write!(f, "roll back {component}"),
            Self::Hold { component } => write!(f, "hold {component}"),
            Self::Approve { approval } => write!(f, "approve request {approval}"),
        }
    }
}
