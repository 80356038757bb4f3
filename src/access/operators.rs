//! Operators as they are kept.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::store::Row;

use super::mark::Mark;
use super::{AccessError, Name, Role};

/// How many operators there may be.
pub(super) const OPERATORS_MAX: usize = 1_000;

/// A row of the table `operators`, whose key is the name.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct OperatorRow {
    pub role: Role,
    pub added_at: Timestamp,
    /// In the PHC string format: parameters, salt and hash.
    pub password: Option<String>,
    /// Whom the identity provider vouches for, if it does.
    pub foreign: Option<Mark>,
}

impl Row for OperatorRow {
    const FORMAT: u8 = 1;
}

impl OperatorRow {
    /// Somebody who gets in by a setup link.
    pub fn new(role: Role, added_at: Timestamp) -> Self {
        Self { role, added_at, password: None, foreign: None }
    }

    /// True for an admin who can get in as things are.
    fn is_able_admin(&self) -> bool {
        self.role == Role::Admin && (self.password.is_some() || self.foreign.is_some())
    }
}

impl fmt::Debug for OperatorRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperatorRow({})", self.role.as_str())
    }
}

/// A row of the table `operators-seen`: the last request of an operator. It is kept apart, as it
/// is written without waiting for the disk.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct SeenRow {
    pub at: Timestamp,
}

impl Row for SeenRow {
    const FORMAT: u8 = 1;
}

/// All operators.
pub(super) type Operators = BTreeMap<Name, OperatorRow>;

/// Refuses what would leave nobody who can let others in. An admin who has not set himself up yet
/// may never do so, and does not count.
pub(super) fn check_not_last(operators: &Operators, name: &Name) -> Result<(), AccessError> {
    let able = |(_, row): &(&Name, &OperatorRow)| row.is_able_admin();
    let counts = operators.get(name).is_some_and(OperatorRow::is_able_admin);
    let others = operators.iter().filter(able).filter(|(other, _)| *other != name).count();
    if counts && others == 0 {
        return Err(AccessError::LastAdmin(name.clone()));
    }
    Ok(())
}

/// Refuses the name that stands for the machine in the history.
pub(super) fn check_name(name: &Name) -> Result<(), AccessError> {
    match name.as_str() {
        "machine" => Err(AccessError::Unusable("no operator can be called machine".to_owned())),
        _ => Ok(()),
    }
}
