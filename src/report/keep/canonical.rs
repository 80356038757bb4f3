//! One JSON text for one value: members in the order of their names, no blanks. Numbers stay as
//! they are spelled, so that nobody's arithmetic changes what was signed.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// Deepest nesting that is read.
const DEPTH_MAX: usize = 64;

/// The canonical text of a JSON text. Error: what is wrong with it; a member that occurs twice is,
/// for nobody can say which of the two was signed.
pub fn canonical(text: &str) -> Result<String, String> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| place(&error))?;
    let mut out = String::with_capacity(text.len());
    write(raw, 0, &mut out)?;
    Ok(out)
}

/// The members of an object, in the order in which they stand.
pub(super) struct Members<'t>(pub Vec<(String, &'t RawValue)>);

/// The members of a text's object.
pub(super) fn members(text: &str) -> Result<Members<'_>, String> {
    struct Object;
    impl<'de> Visitor<'de> for Object {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut members = reader.deserialize_map(Object).map_err(|error| place(&error))?;
    reader.end().map_err(|error| place(&error))?;
    members.sort_by(|a, b| a.0.cmp(&b.0));
    match members.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(format!("the member {:?} occurs twice", pair[0].0)),
        None => Ok(Members(members)),
    }
}

impl Members<'_> {
    /// The canonical text of the object without one member.
    pub fn canonical_without(&self, left_out: &str) -> Result<String, String> {
        let mut out = String::new();
        let kept = self.0.iter().filter(|(name, _)| name != left_out);
        write_members(kept, 0, &mut out)?;
        Ok(out)
    }
}

fn write(raw: &RawValue, depth: usize, out: &mut String) -> Result<(), String> {
    if depth > DEPTH_MAX {
        return Err(format!("it is nested more than {DEPTH_MAX} deep"));
    }
    let text = raw.get().trim();
    match text.as_bytes().first() {
        Some(b'{') => write_members(members(text)?.0.iter(), depth, out)?,
        Some(b'[') => {
            let items: Vec<&RawValue> =
                serde_json::from_str(text).map_err(|error| place(&error))?;
            out.push('[');
            for (number, item) in items.into_iter().enumerate() {
                if number > 0 {
                    out.push(',');
                }
                write(item, depth + 1, out)?;
            }
            out.push(']');
        }
        Some(b'"') => {
            let string: String = serde_json::from_str(text).map_err(|error| place(&error))?;
            write_string(&string, out);
        }
        Some(_) | None => out.push_str(text),
    }
    Ok(())
}

fn write_members<'m>(
    members: impl Iterator<Item = &'m (String, &'m RawValue)>,
    depth: usize,
    out: &mut String,
) -> Result<(), String> {
    out.push('{');
    for (number, (name, value)) in members.enumerate() {
        if number > 0 {
            out.push(',');
        }
        write_string(name, out);
        out.push(':');
        write(value, depth + 1, out)?;
    }
    out.push('}');
    Ok(())
}

fn write_string(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

/// Where a text stops being JSON; the error's own text might quote it.
fn place(error: &serde_json::Error) -> String {
    format!(
        "it is not JSON of the expected form at line {} column {}",
        error.line(),
        error.column()
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn order_and_blanks_do_not_matter_and_numbers_stay_as_they_are_spelled() {
        let text = r#" { "b" : [ 1.10, 2e-7, {"z":null,"a":"\u00e9\n"} ] , "a" : true } "#;
        let expected = "{\"a\":true,\"b\":[1.10,2e-7,{\"a\":\"é\\n\",\"z\":null}]}";
        assert_eq!(canonical(text).as_deref(), Ok(expected));
        assert_eq!(canonical(expected).as_deref(), Ok(expected));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"a":{"b":1,"\u0062":2}}]"#] {
            assert!(canonical(text).expect_err("refused").contains("twice"), "{text}");
        }
        for text in ["", "{", "{} {}", "nul", &format!("{}{}", "[".repeat(90), "]".repeat(90))] {
            assert!(canonical(text).is_err(), "{text}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("\\PC{0,6}", inner, 0..5).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn however_it_is_laid_out_the_same_value_has_the_same_text(value in values()) {
            let plain = canonical(&value.to_string()).expect("canonical");
            let laid_out = canonical(&format!("{value:#}")).expect("canonical");
            prop_assert_eq!(&plain, &laid_out);
            prop_assert_eq!(serde_json::from_str::<Value>(&plain).expect("JSON"), value);
            prop_assert_eq!(canonical(&plain).expect("canonical"), plain);
        }
    }
}
