//! How often things were called in live traffic, as somebody counted it.

use std::collections::HashMap;

use serde::Deserialize;

/// The counts cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the counts: {fault}")]
pub struct CallsError {
    line: usize,
    fault: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    calls: u64,
    days: u32,
}

/// Calls by name.
#[derive(Debug, Default)]
pub struct Calls(HashMap<String, (u64, u32)>);

impl Calls {
    /// Reads JSON lines such as `{"name":"POST /auth/validate","calls":12,"days":14}`.
    pub fn read(text: &str) -> Result<Self, CallsError> {
        let mut calls = Self::default();
        for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let row: Row = serde_json::from_str(line)
                .map_err(|error| CallsError { line: place + 1, fault: error.to_string() })?;
            calls.add(row.name, row.calls, row.days);
        }
        Ok(calls)
    }

    /// Adds calls of a name, or of a place `path:qualified.name`, over some days.
    pub fn add(&mut self, name: String, calls: u64, days: u32) {
        let kept = self.0.entry(name).or_default();
        kept.0 = kept.0.saturating_add(calls);
        kept.1 = kept.1.max(days);
    }

    /// Calls, and over how many days; `None` for what nobody counted.
    pub fn of(&self, name: &str) -> Option<(u64, u32)> {
        self.0.get(name).copied()
    }

    /// The same for something that is called by its name, or calls by its place.
    pub fn of_name_or_place(&self, name: &str, path: &str) -> Option<(u64, u32)> {
        self.of(name).or_else(|| self.of(&format!("{path}:{name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_known_by_its_path_and_a_name_comes_first() {
        let mut calls = Calls::default();
        calls.add("app/a.py:Handler.check".to_owned(), 4, 3);
        assert_eq!(calls.of_name_or_place("Handler.check", "app/a.py"), Some((4, 3)));
        assert_eq!(calls.of_name_or_place("Handler.check", "app/b.py"), None);
        calls.add("Handler.check".to_owned(), 0, 14);
        assert_eq!(calls.of_name_or_place("Handler.check", "app/a.py"), Some((0, 14)));
    }

    #[test]
    fn counts_of_one_name_add_up_and_a_bad_line_is_named() {
        let text =
            "{\"name\":\"a\",\"calls\":2,\"days\":14}\n\n{\"name\":\"a\",\"calls\":1,\"days\":7}";
        assert_eq!(Calls::read(text).expect("read").of("a"), Some((3, 14)));
        let fault = Calls::read("{}\n").expect_err("refused").to_string();
        assert!(fault.starts_with("line 1 of the counts"), "{fault}");
    }
}
