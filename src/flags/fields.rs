//! Fields of a TOML table, read one by one; faults are collected, leftovers are faults.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use toml::{Table, Value};

use super::seed::Expiry;
use super::{Invariants, Kind, Phase, Rescue, Serve, Stage};
use crate::domain::{ComponentId, GroupId, SegmentId, Share, Timestamp, TokenForm};

/// The fields of a table that nobody has read yet, and the faults of those that were.
pub(super) struct Fields {
    table: Table,
    faults: Vec<(Option<String>, String)>,
}

impl Fields {
    pub fn new(table: Table) -> Self {
        Self { table, faults: Vec::new() }
    }

    pub fn fault(&mut self, field: Option<String>, problem: impl Into<String>) {
        self.faults.push((field, problem.into()));
    }

    /// All faults, unknown keys included.
    pub fn into_faults(mut self) -> Vec<(Option<String>, String)> {
        let unknown = self.table.keys().map(|key| (Some(key.clone()), "unknown key".to_owned()));
        self.faults.extend(unknown);
        self.faults
    }

    /// Takes over the faults of an inner table.
    pub fn adopt(&mut self, place: &str, inner: Self) {
        for (field, problem) in inner.into_faults() {
            let field = field.map_or(place.to_owned(), |field| format!("{place}.{field}"));
            self.fault(Some(field), problem);
        }
    }

    /// The field read by `read`; a fault when it is not there.
    pub fn required<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Self, &str) -> Option<T>,
    ) -> Option<T> {
        if !self.table.contains_key(key) {
            self.fault(Some(key.to_owned()), "is missing");
            return None;
        }
        read(self, key)
    }

    /// True when the field is there and nobody has read it yet.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub fn text(&mut self, key: &str) -> Option<String> {
        self.take(key, "must be a text", |value| value.as_str().map(str::to_owned))
    }

    pub fn slug(&mut self, key: &str) -> Option<String> {
        let problem = "must be 1 to 64 of a-z, 0-9 and inner dashes";
        self.take(key, problem, |value| {
            Some(ComponentId::parse(value.as_str()?).ok()?.as_str().to_owned())
        })
    }

    pub fn kind(&mut self, key: &str) -> Option<Kind> {
        let problem = "must be auth, session, tokens, connections or events";
        self.take(key, problem, |value| Kind::parse(value.as_str()?))
    }

    pub fn phase(&mut self, key: &str) -> Option<Phase> {
        let read = |value: &Value| Phase::try_from(u8::try_from(value.as_integer()?).ok()?).ok();
        self.take(key, "must be 1, 2 or 3", read)
    }

    /// The group; `main` when the field is not there, `None` when it is wrong.
    pub fn group(&mut self, key: &str) -> Option<GroupId> {
        if !self.table.contains_key(key) {
            return GroupId::parse("main").ok();
        }
        let problem = "must be 1 to 64 of a-z, 0-9 and inner dashes";
        self.take(key, problem, |value| GroupId::parse(value.as_str()?).ok())
    }

    pub fn components(&mut self, key: &str, max: usize) -> Vec<ComponentId> {
        let problem = format!("must be a list of at most {max} component ids");
        let read = |value: &Value| {
            let list = value.as_array().filter(|list| list.len() <= max)?;
            list.iter().map(|item| ComponentId::parse(item.as_str()?).ok()).collect()
        };
        self.take(key, &problem, read).unwrap_or_default()
    }

    pub fn first_stage(&mut self, key: &str) -> Option<Stage> {
        let problem = "must be off or shadow, later stages are moves that a person makes";
        self.take(key, problem, |value| match value.as_str()? {
            "off" => Some(Stage::Off),
            "shadow" => Some(Stage::Shadow),
            _ => None,
        })
    }

    /// Any stage, and the share of a canary.
    pub fn stage(&mut self) -> Option<Stage> {
        let share = self.percent("share_percent");
        let name = self.text("stage");
        match (name, share) {
            (Some(name), share) => match Stage::from_parts(&name, share) {
                Ok(stage) => Some(stage),
                Err(problem) => {
                    self.fault(Some("stage".to_owned()), problem);
                    None
                }
            },
            (None, Some(_)) => {
                let problem = "stands beside `stage = \"canary\"`";
                self.fault(Some("share_percent".to_owned()), problem);
                None
            }
            (None, None) => None,
        }
    }

    pub fn token_form(&mut self, key: &str) -> Option<TokenForm> {
        self.take(key, "must be compatible or own", |value| match value.as_str()? {
            "compatible" => Some(TokenForm::Compatible),
            "own" => Some(TokenForm::Own),
            _ => None,
        })
    }

    pub fn rescue(&mut self, key: &str) -> Option<Rescue> {
        self.take(key, "must be ssot or both", |value| {
            let text = value.as_str()?;
            [Rescue::Ssot, Rescue::Both].into_iter().find(|rescue| rescue.as_str() == text)
        })
    }

    pub fn invariants(&mut self, key: &str) -> Option<Invariants> {
        self.take(key, "must be report or enforce", |value| {
            let text = value.as_str()?;
            let all = [Invariants::Report, Invariants::Enforce];
            all.into_iter().find(|invariants| invariants.as_str() == text)
        })
    }

    pub fn segment(&mut self, key: &str) -> Option<SegmentId> {
        let problem = "must be 1 to 64 of a-z, 0-9 and inner dashes";
        self.take(key, problem, |value| SegmentId::parse(value.as_str()?).ok())
    }

    pub fn serve(&mut self, key: &str) -> Option<Serve> {
        self.take(key, "must be ssot, legacy or shadow", |value| Serve::parse(value.as_str()?))
    }

    /// A set of texts; empty when the field is not there.
    pub fn texts(&mut self, key: &str) -> BTreeSet<String> {
        let read = |value: &Value| {
            value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
        };
        self.take(key, "must be a list of texts", read).unwrap_or_default()
    }

    /// Sets of texts by name, the names in lower case; empty when the field is not there.
    pub fn texts_by_name(&mut self, key: &str) -> BTreeMap<String, BTreeSet<String>> {
        let Some(table) =
            self.take(key, "must be a table of lists", |value| value.as_table().cloned())
        else {
            return BTreeMap::new();
        };
        let names: Vec<String> = table.keys().cloned().collect();
        let mut inner = Self::new(table);
        let read = |name: &String| (name.to_ascii_lowercase(), inner.texts(name));
        let all = names.iter().map(read).collect();
        self.adopt(key, inner);
        all
    }

    pub fn percent(&mut self, key: &str) -> Option<Share> {
        let problem = "must be a percentage from 0 to 100 with at most two decimals";
        self.take(key, problem, percent)
    }

    /// A percentage, or `default` for what the stage compares.
    #[expect(clippy::option_option, reason = "left out, `default` and a share mean three things")]
    pub fn sample(&mut self, key: &str) -> Option<Option<Share>> {
        let problem = "must be a percentage from 0 to 100 with at most two decimals, or `default`";
        self.take(key, problem, |value| match value.as_str() {
            Some("default") => Some(None),
            Some(_) | None => percent(value).map(Some),
        })
    }

    pub fn number(&mut self, key: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let problem = format!("must be {} to {}", range.start(), range.end());
        let read = |value: &Value| {
            let number = u32::try_from(value.as_integer()?).ok()?;
            range.contains(&number).then_some(number)
        };
        self.take(key, &problem, read)
    }

    pub fn tables(&mut self, key: &str, max: usize) -> Vec<Table> {
        let problem = format!("must be at most {max} tables");
        let read = |value: &Value| {
            let list = value.as_array().filter(|list| list.len() <= max)?;
            list.iter().map(|item| item.as_table().cloned()).collect()
        };
        self.take(key, &problem, read).unwrap_or_default()
    }

    /// Exactly one of `expires_at` and `expires_in_days`.
    pub fn expiry(&mut self) -> Option<Expiry> {
        let both =
            self.table.contains_key("expires_at") == self.table.contains_key("expires_in_days");
        let days = self.number("expires_in_days", 1..=365);
        let problem = "must be an RFC 3339 date and time";
        let at = self.take("expires_at", problem, |value| match value {
            Value::Datetime(moment) => Timestamp::parse(&moment.to_string()),
            Value::String(text) => Timestamp::parse(text),
            Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Array(_)
            | Value::Table(_) => None,
        });
        if both {
            self.fault(None, "needs either expires_at or expires_in_days");
            return None;
        }
        let days = days.and_then(|days| u16::try_from(days).ok()).map(Expiry::InDays);
        days.or(at.map(Expiry::At))
    }

    /// Removes the field and reads it; a fault when it is there and cannot be read.
    pub fn take<T>(
        &mut self,
        key: &str,
        problem: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.table.remove(key)?;
        let found = read(&value);
        if found.is_none() {
            self.fault(Some(key.to_owned()), problem);
        }
        found
    }
}

fn percent(value: &Value) -> Option<Share> {
    match value {
        Value::Integer(whole) => Share::parse_percent(&whole.to_string()),
        Value::Float(number) => Share::parse_percent(&number.to_string()),
        Value::String(text) => Share::parse_percent(text),
        Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}
