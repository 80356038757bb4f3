//! JSON objects of tokens, read strictly: no member twice, bounded depth, nothing after the end.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::Reason;

/// Deepest nesting accepted in a token's header or claims; the object itself is level 1.
pub const DEPTH_MAX: usize = 8;

const DUPLICATE: &str = "duplicate member";
const TOO_DEEP: &str = "nested too deep";

/// The members of a JSON object in the order in which they came, names unique.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Members(Vec<(Name, Value)>);

/// A member's name; the usual ones are not copied.
type Name = Cow<'static, str>;

/// Names that occur in most tokens.
const USUAL: [&str; 20] = [
    "alg",
    "typ",
    "kid",
    "sub",
    "iat",
    "exp",
    "nbf",
    "iss",
    "aud",
    "jti",
    "env",
    "svc_id",
    "token_type",
    "type",
    "email",
    "permissions",
    "scope",
    "azp",
    "role",
    "client_id",
];

fn name(text: &str) -> Name {
    match USUAL.iter().find(|usual| **usual == text) {
        Some(usual) => Cow::Borrowed(*usual),
        None => Cow::Owned(text.to_owned()),
    }
}

impl Members {
    /// The value of a member; `null` counts as present.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }
}

impl FromIterator<(Box<str>, Value)> for Members {
    fn from_iter<I: IntoIterator<Item = (Box<str>, Value)>>(members: I) -> Self {
        Self(members.into_iter().map(|(key, value)| (name(&key), value)).collect())
    }
}

/// Reads a member's name, copying it only when it is an unusual one.
struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Name;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, text: &str) -> Result<Name, E> {
        Ok(name(text))
    }
}

/// Reads one JSON object. RFC 7515 §4 and RFC 7519 §4 allow a parser to refuse a member that
/// occurs twice; this one does, at every level.
///
/// `not_an_object` is the reason for anything that is not one JSON object in UTF-8.
pub fn parse_strict(bytes: &[u8], not_an_object: Reason) -> Result<Members, Reason> {
    // Checked once as a whole: cheaper than string by string.
    let Ok(text) = std::str::from_utf8(bytes) else { return Err(not_an_object) };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = Object.deserialize(&mut deserializer).and_then(|members| {
        deserializer.end()?;
        Ok(members)
    });
    members.map_err(|error| {
        let text = error.to_string();
        if text.starts_with(DUPLICATE) {
            Reason::DuplicateMember
        } else if text.starts_with(TOO_DEEP) {
            Reason::Nesting
        } else {
            not_an_object
        }
    })
}

struct Object;

impl<'de> DeserializeSeed<'de> for Object {
    type Value = Members;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Members, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members: Vec<(Name, Value)> = Vec::with_capacity(16);
        while let Some(key) = map.next_key_seed(NameSeed)? {
            if members.iter().any(|(known, _)| *known == key) {
                return Err(A::Error::custom(DUPLICATE));
            }
            let value = map.next_value_seed(Nested(2))?;
            members.push((key, value));
        }
        Ok(Members(members))
    }
}

/// A value whose own level, should it be a list or an object, is the number given.
struct Nested(usize);

impl Nested {
    fn deeper<E: serde::de::Error>(&self) -> Result<usize, E> {
        if self.0 > DEPTH_MAX { Err(E::custom(TOO_DEEP)) } else { Ok(self.0 + 1) }
    }
}

impl<'de> DeserializeSeed<'de> for Nested {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let level = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Nested(level))? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let level = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(Nested(level))?;
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom(DUPLICATE));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Members, Reason> {
        parse_strict(text.as_bytes(), Reason::ClaimsJson)
    }

    #[test]
    fn a_member_that_occurs_twice_is_refused_at_every_level() {
        assert_eq!(read(r#"{"sub":"a","sub":"b"}"#), Err(Reason::DuplicateMember));
        assert_eq!(read(r#"{"a":{"b":1,"b":1}}"#), Err(Reason::DuplicateMember));
        assert_eq!(read(r#"{"a":[{"b":1,"b":1}]}"#), Err(Reason::DuplicateMember));
        assert_eq!(read(r#"{"\u0073ub":"a","sub":"b"}"#), Err(Reason::DuplicateMember));
    }

    #[test]
    fn only_one_object_and_nothing_behind_it_is_read() {
        for odd in ["", "null", "[]", "1", "{} {}", "{}x", "{\"a\":1,}", "\u{feff}{}"] {
            assert_eq!(read(odd), Err(Reason::ClaimsJson), "{odd:?}");
        }
        assert_eq!(parse_strict(b"{\"a\":\"\xff\"}", Reason::HeaderJson), Err(Reason::HeaderJson));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        assert!(read(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(read(&nested(DEPTH_MAX + 1)), Err(Reason::Nesting));
        assert_eq!(read(&nested(5000)), Err(Reason::Nesting));
    }

    #[test]
    fn a_null_member_is_present() {
        assert_eq!(read(r#"{"sub":null}"#).expect("an object").get("sub"), Some(&Value::Null));
    }
}
