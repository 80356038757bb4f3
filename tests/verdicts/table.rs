//! The table, as the program prints it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

pub type Kinds = BTreeSet<String>;

pub fn kinds(text: &str) -> Kinds {
    text.split_whitespace().map(str::to_owned).collect()
}

pub fn all_kinds(groups: &[(&str, &str)]) -> Kinds {
    groups.iter().flat_map(|(_, names)| kinds(names)).collect()
}

pub fn crossfade(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_crossfade");
    Command::new(program).args(arguments).output().expect("the program runs")
}

pub fn printed(arguments: &[&str]) -> String {
    let output = crossfade(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The whole table as the program gives it to machines.
pub struct Verdicts {
    pub ssot: BTreeMap<String, Value>,
    pub differences: BTreeMap<String, BTreeMap<String, Value>>,
    pub counts: BTreeMap<String, Value>,
}

pub fn production() -> &'static Verdicts {
    static TABLE: OnceLock<Verdicts> = OnceLock::new();
    TABLE.get_or_init(|| Verdicts::read(&[]))
}

pub fn development() -> &'static Verdicts {
    static TABLE: OnceLock<Verdicts> = OnceLock::new();
    TABLE.get_or_init(|| Verdicts::read(&["--development"]))
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn list_of(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

impl Verdicts {
    fn read(more: &[&str]) -> Self {
        let arguments = [&["profiles", "verdicts", "--all", "--format", "json"], more].concat();
        let table: Value = serde_json::from_str(&printed(&arguments)).expect("JSON");
        let by_kind = |list: &Value| {
            let rows = list_of(list).iter();
            rows.map(|row| (text_of(&row["kind"]), row.clone())).collect::<BTreeMap<_, _>>()
        };
        let profiles = list_of(&table["profiles"]);
        let name = |profile: &Value| text_of(&profile["name"]);
        Self {
            ssot: by_kind(&table["kinds"]),
            differences: profiles.iter().map(|p| (name(p), by_kind(&p["differences"]))).collect(),
            counts: profiles.iter().map(|p| (name(p), p["counts"].clone())).collect(),
        }
    }

    pub fn kinds(&self) -> Kinds {
        self.ssot.keys().cloned().collect()
    }

    /// What ssot lets in.
    pub fn honest(&self) -> Kinds {
        let allowed = |kind: &&String| self.ssot[*kind]["ssot"]["allow"] == true;
        self.ssot.keys().filter(allowed).cloned().collect()
    }

    /// What a profile lets in.
    pub fn accepted(&self, profile: &str) -> Kinds {
        let differences = &self.differences[profile];
        let allowed = |kind: &&String| match differences.get(*kind) {
            Some(difference) => difference["legacy"]["allow"] == true,
            None => self.ssot[*kind]["ssot"]["allow"] == true,
        };
        self.ssot.keys().filter(allowed).cloned().collect()
    }

    pub fn of_verdict(&self, profile: &str, verdict: &str) -> Kinds {
        let rows = self.differences[profile].iter();
        rows.filter(|(_, row)| row["verdict"] == verdict).map(|(kind, _)| kind.clone()).collect()
    }

    /// What a profile lets in and ssot does not.
    pub fn wrongly_accepted(&self, profile: &str) -> Kinds {
        &self.accepted(profile) - &self.honest()
    }

    /// What a profile does not let in and ssot does.
    pub fn wrongly_refused(&self, profile: &str) -> Kinds {
        &self.honest() - &self.accepted(profile)
    }
}
