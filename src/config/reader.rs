//! Taking settings out of a table, one after another, while faults are gathered.

use serde::de::DeserializeOwned;

use super::Fault;
use super::shown::Looked;

/// A table of settings and the path at which it stands. What is not taken out of it by the end
/// is a setting that nobody knows.
pub struct Section {
    path: String,
    table: toml::Table,
}

/// Gathers faults, and what was looked for.
#[derive(Default)]
pub struct Faults {
    list: Vec<Fault>,
    pub(super) looked: Looked,
}

impl Faults {
    pub fn add(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        self.list.push(Fault { place: place.into(), problem: problem.into() });
    }

    pub fn into_list(self) -> Vec<Fault> {
        self.list
    }

    /// The faults, and what was looked for.
    pub(super) fn into_parts(self) -> (Vec<Fault>, Looked) {
        (self.list, self.looked)
    }
}

impl Section {
    pub fn root(table: toml::Table) -> Self {
        Self { path: String::new(), table }
    }

    /// The dotted path of a setting in this section.
    pub fn place(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// A section within this one; empty when it is not there.
    pub fn section(&mut self, name: &str, faults: &mut Faults) -> Self {
        let path = self.place(name);
        let table = match self.table.remove(name) {
            None => toml::Table::new(),
            Some(toml::Value::Table(table)) => table,
            Some(other) => {
                faults.add(&path, format!("is a table, not {}", other.type_str()));
                toml::Table::new()
            }
        };
        Self { path, table }
    }

    /// The names of what has not been taken yet.
    pub fn names(&self) -> Vec<String> {
        self.table.keys().cloned().collect()
    }

    /// Every section within this one, by name.
    pub fn sections(&mut self, faults: &mut Faults) -> Vec<(String, Self)> {
        let names = self.names();
        names.into_iter().map(|name| (name.clone(), self.section(&name, faults))).collect()
    }

    /// The sections of a list of tables, such as `[[authority.keys]]`.
    pub fn list(&mut self, name: &str, faults: &mut Faults) -> Vec<Self> {
        let place = self.place(name);
        let items = match self.table.remove(name) {
            None => Vec::new(),
            Some(toml::Value::Array(items)) => items,
            Some(other) => {
                faults.add(&place, format!("is a list of tables, not {}", other.type_str()));
                Vec::new()
            }
        };
        let mut sections = Vec::new();
        for (number, item) in items.into_iter().enumerate() {
            let path = format!("{place}[{number}]");
            match item {
                toml::Value::Table(table) => sections.push(Self { path, table }),
                other => faults.add(path, format!("is a table, not {}", other.type_str())),
            }
        }
        sections
    }

    /// A setting that may be left out.
    pub fn optional<T: DeserializeOwned>(&mut self, name: &str, faults: &mut Faults) -> Option<T> {
        let value = self.table.remove(name);
        faults.looked.note(self.place(name), value.as_ref());
        match value?.try_into() {
            Ok(value) => Some(value),
            Err(error) => {
                let error: toml::de::Error = error;
                faults.add(self.place(name), error.message());
                None
            }
        }
    }

    /// A setting that must be there.
    pub fn required<T: DeserializeOwned>(&mut self, name: &str, faults: &mut Faults) -> Option<T> {
        if !self.table.contains_key(name) {
            faults.add(self.place(name), "is missing");
        }
        self.optional(name, faults)
    }

    /// A setting with a default, that must lie in a range.
    pub fn within<T>(
        &mut self,
        name: &str,
        default: T,
        range: std::ops::RangeInclusive<T>,
        faults: &mut Faults,
    ) -> T
    where
        T: DeserializeOwned + PartialOrd + std::fmt::Display + Copy,
    {
        let found = self.optional(name, faults);
        faults.looked.otherwise(&default);
        let value = found.unwrap_or(default);
        if range.contains(&value) {
            return value;
        }
        let bounds = format!("is {} to {}, not {value}", range.start(), range.end());
        faults.add(self.place(name), bounds);
        default
    }

    /// True when this setting is here and not yet taken.
    pub fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// True when a setting is there and nobody has taken it yet.
    pub fn is_set(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// True when nothing is set here.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Makes a file name in this section relative to `folder`.
    pub fn rebase(&mut self, name: &str, folder: &std::path::Path) {
        if let Some(toml::Value::String(file)) = self.table.get_mut(name) {
            *file = folder.join(&*file).to_string_lossy().into_owned();
        }
    }

    /// The whole rest, for a room that reads its own settings.
    pub fn rest<T: DeserializeOwned>(self, faults: &mut Faults) -> Option<T> {
        for (name, value) in &self.table {
            faults.looked.note(self.place(name), Some(value));
        }
        match toml::Value::Table(self.table).try_into() {
            Ok(value) => Some(value),
            Err(error) => {
                let error: toml::de::Error = error;
                faults.add(self.path, error.message());
                None
            }
        }
    }

    /// Reports every setting that nobody has taken.
    pub fn end(self, faults: &mut Faults) {
        for name in self.table.keys() {
            faults.add(self.place(name), "is not a setting");
        }
    }
}
