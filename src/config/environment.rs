//! The environment, read once.

use std::collections::BTreeMap;

/// Variables that set values of the configuration begin with this.
const PREFIX: &str = "CROSSFADE__";

/// The process environment, or a made-up one in tests.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl std::fmt::Debug for Environment {
    /// Values may be secrets: only names are shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// The environment of this process; variables that are not UTF-8 are left out.
    #[expect(clippy::disallowed_methods, reason = "the environment's one home")]
    pub fn of_process() -> Self {
        let variables = std::env::vars_os();
        let utf8 = variables.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self(utf8.collect())
    }

    /// The value of a variable.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// True when a variable sets the value at this dotted path, or something in it.
    pub(super) fn sets(&self, place: &str) -> bool {
        let wanted = place.to_ascii_lowercase().replace('-', "_");
        self.0.keys().filter_map(|name| name.strip_prefix(PREFIX)).any(|path| {
            let path = path.to_ascii_lowercase().replace("__", ".");
            let rest = wanted.strip_prefix(&path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }

    /// Writes every `CROSSFADE__A__B=value` into `table` as `a.b`. A value that is TOML is taken
    /// as such, any other as a string.
    pub(super) fn overlay(&self, table: &mut toml::Table) -> Result<(), String> {
        for (name, value) in &self.0 {
            let Some(path) = name.strip_prefix(PREFIX) else { continue };
            let keys: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
            let value = toml_value(value);
            set(table, &keys, value).ok_or_else(|| format!("{name} sets part of a plain value"))?;
        }
        Ok(())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }
}

fn toml_value(text: &str) -> toml::Value {
    let parsed = toml::from_str::<toml::Table>(&format!("v = {text}")).ok();
    parsed
        .and_then(|mut table| table.remove("v"))
        .unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

fn set(table: &mut toml::Table, keys: &[String], value: toml::Value) -> Option<()> {
    let (last, folders) = keys.split_last()?;
    let mut table = table;
    for folder in folders {
        let entry = table.entry(spelled(table, folder));
        table = entry.or_insert_with(|| toml::Table::new().into()).as_table_mut()?;
    }
    let last = spelled(table, last);
    table.insert(last, value);
    Some(())
}

/// The key as the table spells it: a variable cannot have the dashes of `legacy.http-auth`.
fn spelled(table: &toml::Table, key: &str) -> String {
    let known = table.keys().find(|known| known.replace('-', "_") == key);
    known.cloned().unwrap_or_else(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_sets_the_value_at_its_path() {
        let environment = Environment::from([
            ("CROSSFADE__LISTEN__DATA", "127.0.0.1:1"),
            ("CROSSFADE__SHADOW__IN_FLIGHT_MAX", "7"),
            ("CROSSFADE__AUTHORITY__AUDIENCES", "[\"a\", \"b\"]"),
            ("CROSSFADE__LEGACY__HTTP_AUTH__KIND", "http"),
            ("HOME", "/root"),
        ]);
        let mut table: toml::Table =
            toml::from_str("[listen]\ndata = \"x\"\n[legacy.http-auth]\nkind = \"profile\"")
                .expect("TOML");
        environment.overlay(&mut table).expect("sets");
        assert_eq!(table["listen"]["data"].as_str(), Some("127.0.0.1:1"));
        assert_eq!(table["shadow"]["in_flight_max"].as_integer(), Some(7));
        assert_eq!(table["authority"]["audiences"].as_array().map(Vec::len), Some(2));
        assert_eq!(table["legacy"]["http-auth"]["kind"].as_str(), Some("http"));
        assert_eq!(table.len(), 4);
    }
}
