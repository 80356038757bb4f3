//! What an event carries, small enough to be remembered.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

/// Members that are told apart; those behind them are compared as one.
const MEMBERS_MAX: usize = 32;

/// Longest name that is kept, in bytes.
const NAME_MAX: usize = 64;

/// What stands for the members that are not told apart.
const OTHERS: &str = "...";

/// Stands for a payload: a hash of each member. Two that differ are taken to be the same once in
/// a very long time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Body {
    members: Box<[(Box<str>, u64)]>,
    others: u64,
}

impl Body {
    pub fn of(payload: &Map<String, Value>) -> Self {
        let mut members = Vec::with_capacity(payload.len().min(MEMBERS_MAX));
        let mut others = DefaultHasher::new();
        for (name, value) in payload {
            if members.len() < MEMBERS_MAX && name.len() <= NAME_MAX {
                let mut hasher = DefaultHasher::new();
                hash(value, &mut hasher);
                members.push((name.as_str().into(), hasher.finish()));
            } else {
                name.hash(&mut others);
                hash(value, &mut others);
            }
        }
        Self { members: members.into(), others: others.finish() }
    }

    /// The names of the members that are not the same in both, in their order.
    pub fn differing(&self, other: &Self) -> Vec<Box<str>> {
        let in_this = self.members.iter().filter(|(name, value)| other.value(name) != Some(*value));
        let only_there = other.members.iter().filter(|(name, _)| self.value(name).is_none());
        let mut names: Vec<Box<str>> =
            in_this.chain(only_there).map(|(name, _)| name.clone()).collect();
        names.sort_unstable();
        if self.others != other.others {
            names.push(OTHERS.into());
        }
        names
    }

    fn value(&self, name: &str) -> Option<u64> {
        let place = self.members.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        Some(self.members[place].1)
    }
}

/// Objects come in the order of their names.
fn hash(value: &Value, hasher: &mut DefaultHasher) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        Value::Null => {}
        Value::Bool(yes) => yes.hash(hasher),
        Value::Number(number) => number.hash(hasher),
        Value::String(text) => text.hash(hasher),
        Value::Array(items) => {
            items.len().hash(hasher);
            for item in items {
                hash(item, hasher);
            }
        }
        Value::Object(fields) => {
            fields.len().hash(hasher);
            for (name, value) in fields {
                name.hash(hasher);
                hash(value, hasher);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(value: &Value) -> Body {
        Body::of(value.as_object().expect("an object"))
    }

    #[test]
    fn a_body_names_the_members_in_which_another_differs() {
        let one = body(&json!({"a": 1, "b": [1, {"x": null}], "c": "t"}));
        assert_eq!(one, body(&json!({"c": "t", "b": [1, {"x": null}], "a": 1})));
        let other = body(&json!({"b": [1, {"x": 0}], "c": "t", "d": 2}));
        assert_eq!(one.differing(&other), ["a".into(), "b".into(), "d".into()]);
        assert_eq!(one.differing(&one), []);
    }

    #[test]
    fn members_beyond_the_bound_and_long_names_are_compared_as_one() {
        let many = |last: u64| {
            let mut fields: Map<String, Value> =
                (0..40).map(|number| (format!("m{number:02}"), number.into())).collect();
            fields.insert("m39".to_owned(), last.into());
            Body::of(&fields)
        };
        assert_eq!(many(1).differing(&many(1)), []);
        assert_eq!(many(1).differing(&many(2)), ["...".into()]);
        let long = |value: u64| body(&json!({ "x".repeat(65): value }));
        assert_eq!(long(1).differing(&long(2)), ["...".into()]);
    }
}
