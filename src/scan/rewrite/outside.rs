//! What the rest of the tree takes from a file: bindings that must not lose their names.

use std::collections::HashSet;

/// Names that files take from modules, by import or in a string such as a target of `mock.patch`.
#[derive(Debug, Default)]
pub struct Outside {
    taken: HashSet<(String, String)>,
}

impl Outside {
    /// Notes that somebody takes `name` from `module`.
    pub fn takes(&mut self, module: String, name: String) {
        self.taken.insert((module, name));
    }

    /// Notes everything that another one holds.
    pub fn absorb(&mut self, other: Self) {
        self.taken.extend(other.taken);
    }

    /// True when somebody takes `name` from one of these modules.
    pub fn needs(&self, modules: &[String], name: &str) -> bool {
        modules.iter().any(|module| self.taken.contains(&(module.clone(), name.to_owned())))
    }
}
