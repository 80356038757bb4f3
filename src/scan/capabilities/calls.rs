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
        let mut calls = HashMap::new();
        for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let row: Row = serde_json::from_str(line)
                .map_err(|error| CallsError { line: place + 1, fault: error.to_string() })?;
            let kept: &mut (u64, u32) = calls.entry(row.name).or_default();
            kept.0 = kept.0.saturating_add(row.calls);
            kept.1 = kept.1.max(row.days);
        }
        Ok(Self(calls))
    }

    /// Calls, and over how many days; `None` for what nobody counted.
    pub fn of(&self, name: &str) -> Option<(u64, u32)> {
        self.0.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_one_name_add_up_and_a_bad_line_is_named() {
        let text =
            "{\"name\":\"a\",\"calls\":2,\"days\":14}\n\n{\"name\":\"a\",\"calls\":1,\"days\":7}";
        assert_eq!(Calls::read(text).expect("read").of("a"), Some((3, 14)));
        let fault = Calls::read("{}\n").expect_err("refused").to_string();
        assert!(fault.starts_with("line 1 of the counts"), "{fault}");
    }
}
