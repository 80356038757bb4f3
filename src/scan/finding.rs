//! One place that the scanner points at.

use std::sync::Arc;

use serde::Serialize;

use super::category::Category;
use super::class::Class;

/// A place in the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is.
    pub category: Category,
    /// The file, from the root, with `/`.
    pub path: Arc<str>,
    /// The first line, from 1.
    pub line: u32,
    /// The first column, from 1, in characters.
    pub column: u32,
    /// The last line, from 1.
    pub end_line: u32,
    /// The column behind the last character, from 1, in characters.
    pub end_column: u32,
    /// The qualified name of the function or class around it, or of itself where it is one:
    /// `Manager.send`. Empty at the top of a file.
    pub owner: String,
    /// What the file is for.
    pub class: Class,
    /// The service that the file belongs to; empty for none.
    pub service: String,
    /// True in the canonical module, where it may be.
    pub canonical: bool,
    /// What was recognised, with its imports followed: `jwt.decode without a signature`.
    pub what: String,
    /// The first line of its code without what surrounds it, at most 160 characters; literals that
    /// look like tokens are taken out.
    pub code: String,
    /// The same while the code stays the same, wherever in the file it moves: 32 hexadecimal
    /// digits of category, path, owner, code and the number among equals.
    pub fingerprint: String,
}

impl Finding {
    /// The place as it names itself when it calls: `path:qualified.name`.
    pub fn site(&self) -> String {
        format!("{}:{}", self.path, self.owner)
    }

    /// True when it is a copy in production code outside the canonical module.
    pub fn is_rival(&self) -> bool {
        self.category.is_rival() && self.class == Class::Production && !self.canonical
    }
}

/// Findings for tests that need no tree.
#[cfg(test)]
pub(crate) mod made_up {
    use super::{Category, Class, Finding};
    use crate::domain::Fingerprint;

    /// A finding in production code.
    pub(crate) fn finding(category: Category, path: &str, owner: &str, code: &str) -> Finding {
        let content = format!("{category}\0{path}\0{owner}\0{code}");
        Finding {
            category,
            path: path.into(),
            line: 3,
            column: 5,
            end_line: 3,
            end_column: 20,
            owner: owner.to_owned(),
            class: Class::Production,
            service: "backend".to_owned(),
            canonical: false,
            what: format!("{category} by {owner}"),
            code: code.to_owned(),
            fingerprint: Fingerprint::of_content(content.as_bytes()).to_string(),
        }
    }
}
