//! Setup links as they are kept: under a keyed hash of their secret, until they are used.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::store::Row;

use super::Name;
use super::mark::Mark;

/// A row of the table `setup-links`, whose key is a keyed hash of the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LinkRow {
    /// Whose password it sets; `None` when its holder becomes the first operator.
    pub name: Option<Name>,
    pub expires_at: Timestamp,
}

impl Row for LinkRow {
    const FORMAT: u8 = 1;
}

/// All setup links: one for an operator at most, and one for the first.
pub(super) type Links = HashMap<Mark, LinkRow>;

/// The links for one operator, or for the first.
pub(super) fn of(links: &Links, name: Option<&Name>) -> Vec<Mark> {
    let fits = |(_, row): &(&Mark, &LinkRow)| row.name.as_ref() == name;
    links.iter().filter(fits).map(|(mark, _)| *mark).collect()
}
