//! Lines that hold on to each other: each carries the hash of the line before and its own.
//!
//! # The canonical form
//!
//! The hash of a line is BLAKE3 over its canonical bytes, written as 64 hexadecimal digits in
//! lower case. The canonical bytes are the JSON object that is stored, with its member `prev` (the
//! hash of the line before) and without its member `hash`: no blanks, members of every object in
//! the order of their names' code points, texts with the escapes that JSON demands and no others.
//! In Python, of a line read from an export:
//!
//! ```text
//! line.pop("hash")
//! json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
//! ```
//!
//! It is the object as it is stored, not as this version would write it: a line keeps its hash
//! when later versions know more members. The first line of a chain names as `prev` the BLAKE3 of
//! `crossfade log ` and the name of the chain, so that no line can be carried into another log.
//!
//! Lines of versions that knew no chain have neither member. They are hashed as if they had the
//! `prev` that falls to them, and the first line of the chain follows the last of them: they cannot
//! be changed behind its back either.

use std::fmt;
use std::ops::Deref;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::store::Row;

const PREV: &str = "prev";
const HASH: &str = "hash";

/// The hash of a line of a log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineHash([u8; 32]);

impl LineHash {
    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 64 || !text.bytes().all(plain) {
            return None;
        }
        blake3::Hash::from_hex(text).ok().map(|hash| Self(*hash.as_bytes()))
    }

    /// What the first line of a chain follows.
    pub(super) fn genesis(chain: &str) -> Self {
        Self::of(format!("crossfade log {chain}").as_bytes())
    }

    fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl fmt::Display for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LineHash({self})")
    }
}

impl Serialize for LineHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LineHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("a hash is 64 hexadecimal digits"))
    }
}

/// A line of a log, and how it is linked to the one before. In JSON one flat object, exactly as it
/// is stored. Reads like the line that it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Linked<V> {
    line: V,
    link: Option<Link>,
    stored: Value,
}

/// The two hashes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Of the line before.
    pub prev: LineHash,
    /// Of the line itself.
    pub hash: LineHash,
}

impl<V> Linked<V> {
    /// Its hashes; `None` for a line of a version that knew no chain.
    pub const fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }

    /// The line alone.
    pub fn into_line(self) -> V {
        self.line
    }

    /// The hash that the line has behind `prev`, whatever it says itself.
    fn hash_after(&self, prev: LineHash) -> LineHash {
        hash_of(self.stored.as_object().unwrap_or(&Map::new()), prev)
    }
}

impl<V: Serialize> Linked<V> {
    /// A line that follows `prev`.
    pub(super) fn after(prev: LineHash, line: V) -> Result<Self, serde_json::Error> {
        let mut stored = serde_json::to_value(&line)?;
        let members = stored.as_object_mut();
        let members = members.ok_or_else(|| serde_json::Error::custom("a line is no object"))?;
        let hash = hash_of(members, prev);
        members.insert(PREV.to_owned(), prev.to_string().into());
        members.insert(HASH.to_owned(), hash.to_string().into());
        Ok(Self { line, link: Some(Link { prev, hash }), stored })
    }
}

impl<V> Deref for Linked<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.line
    }
}

impl<V> Serialize for Linked<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.stored.serialize(serializer)
    }
}

impl<'de, V: for<'v> Deserialize<'v>> Deserialize<'de> for Linked<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Value::deserialize(deserializer)?;
        let line = V::deserialize(&stored).map_err(D::Error::custom)?;
        Self::of(line, stored).map_err(D::Error::custom)
    }
}

impl<V> Linked<V> {
    fn of(line: V, stored: Value) -> Result<Self, &'static str> {
        let hash = |name| match stored.get(name) {
            None => Ok(None),
            Some(value) => value.as_str().and_then(LineHash::parse).map(Some).ok_or(()),
        };
        let hashes = match (hash(PREV), hash(HASH)) {
            (Ok(Some(prev)), Ok(Some(hash))) => Some(Link { prev, hash }),
            (Ok(None), Ok(None)) => None,
            (Ok(_) | Err(()), Ok(_) | Err(())) => return Err("`prev` and `hash` are no link"),
        };
        Ok(Self { line, link: hashes, stored })
    }
}

impl<V: Row> Row for Linked<V> {
    const FORMAT: u8 = V::FORMAT;

    fn upgrade(format: u8, json: &[u8]) -> Option<Self> {
        Self::of(V::upgrade(format, json)?, serde_json::from_slice(json).ok()?).ok()
    }
}

/// How far a chain has come: the state between two lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    /// Of the last line.
    pub hash: LineHash,
    /// Lines before the chain begins.
    pub older: u64,
    /// Lines of the chain.
    pub lines: u64,
}

/// Why a line does not follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It has no hashes, although the chain has begun before it.
    #[error("has no hashes, and the chain begins before it")]
    NotLinked,
    /// It has hashes, although the chain begins after it.
    #[error("has hashes, and the chain begins after it")]
    LinkedTooEarly,
    /// It does not name the hash of the line before it.
    #[error("does not follow the line that stands before it")]
    DoesNotFollow,
    /// Its hash is not its own.
    #[error("was altered: its hash is another")]
    Altered,
}

impl Chain {
    /// A chain without lines.
    pub fn new(name: &str) -> Self {
        Self { hash: LineHash::genesis(name), older: 0, lines: 0 }
    }

    /// Goes on to `line`, which stands before the chain where `is_older`.
    pub fn follow<V>(&mut self, line: &Linked<V>, is_older: bool) -> Result<(), Unfit> {
        match (line.link(), is_older) {
            (None, true) => {
                self.pass(line);
                return Ok(());
            }
            (None, false) => return Err(Unfit::NotLinked),
            (Some(_), true) => return Err(Unfit::LinkedTooEarly),
            // What was altered has another hash behind its own `prev`, too.
            (Some(own), false) if !line.is_whole(own) => return Err(Unfit::Altered),
            (Some(own), false) if own.prev != self.hash => return Err(Unfit::DoesNotFollow),
            (Some(own), false) => self.hash = own.hash,
        }
        self.lines += 1;
        Ok(())
    }

    /// Goes on to a line before the chain, whatever it is.
    pub fn pass<V>(&mut self, line: &Linked<V>) {
        self.hash = line.hash_after(self.hash);
        self.older += 1;
    }

    /// Goes on to a line that need not follow.
    pub fn jump_to<V>(&mut self, line: &Linked<V>) {
        match line.link() {
            Some(own) => {
                self.hash = own.hash;
                self.lines += 1;
            }
            None => self.pass(line),
        }
    }

    /// Adds a new line behind the last one.
    pub fn add<V: Serialize>(&mut self, line: V) -> Result<Linked<V>, serde_json::Error> {
        let linked = Linked::after(self.hash, line)?;
        self.hash = linked.hash_after(self.hash);
        self.lines += 1;
        Ok(linked)
    }
}

impl<V> Linked<V> {
    /// True when the line has the hash that it says.
    fn is_whole(&self, link: &Link) -> bool {
        self.hash_after(link.prev) == link.hash
    }

    /// What is wrong with the line taken by itself, if it is of a chain.
    pub fn fault(&self) -> Option<Unfit> {
        self.link().filter(|link| !self.is_whole(link)).map(|_| Unfit::Altered)
    }
}

fn hash_of(members: &Map<String, Value>, prev: LineHash) -> LineHash {
    let prev = Value::from(prev.to_string());
    let mut all: Vec<(&str, &Value)> =
        members.iter().map(|(name, value)| (name.as_str(), value)).collect();
    all.retain(|(name, _)| *name != PREV && *name != HASH);
    all.push((PREV, &prev));
    let mut text = String::new();
    write_object(&mut text, all);
    LineHash::of(text.as_bytes())
}

fn write_object(text: &mut String, mut members: Vec<(&str, &Value)>) {
    members.sort_unstable_by_key(|(name, _)| *name);
    text.push('{');
    for (at, (name, value)) in members.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(&Value::from(name).to_string());
        text.push(':');
        write_canonical(text, value);
    }
    text.push('}');
}

fn write_canonical(text: &mut String, value: &Value) {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.as_str(), value));
            write_object(text, members.collect());
        }
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write_canonical(text, item);
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Word {
        word: String,
    }

    fn word(word: &str) -> Word {
        Word { word: word.to_owned() }
    }

    fn read(value: &Value) -> Linked<Word> {
        serde_json::from_value(value.clone()).expect("a line")
    }

    fn three() -> Vec<Value> {
        let mut chain = Chain::new("words");
        ["a", "b", "c"]
            .map(|each| serde_json::to_value(chain.add(word(each)).expect("a line")).expect("json"))
            .to_vec()
    }

    fn followed(lines: &[Value]) -> Result<Chain, Unfit> {
        let mut chain = Chain::new("words");
        for line in lines {
            let line = read(line);
            chain.follow(&line, false)?;
        }
        Ok(chain)
    }

    #[test]
    fn the_hash_is_of_sorted_members_without_blanks_and_with_the_escapes_that_must_be() {
        let line =
            json!({ "word": "a\u{1b}\"\\ä\u{7f}", "b": [1, { "z": null, "y": -2 }], "a": {} });
        let prev = LineHash::genesis("words");
        let expected = format!(
            "{{\"a\":{{}},\"b\":[1,{{\"y\":-2,\"z\":null}}],\"prev\":\"{prev}\",\"word\":\"a\\u001b\\\"\\\\ä\u{7f}\"}}"
        );
        let hash = hash_of(line.as_object().expect("an object"), prev);
        assert_eq!(hash, LineHash::of(expected.as_bytes()));
    }

    #[test]
    fn a_hash_is_64_digits_in_lower_case_and_reads_back() {
        let hash = LineHash::genesis("words");
        assert_eq!(LineHash::parse(&hash.to_string()), Some(hash));
        for odd in ["", "ab", &hash.to_string().to_uppercase(), &format!("{hash}0")] {
            assert_eq!(LineHash::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn lines_follow_each_other_and_another_log_is_another_chain() {
        let lines = three();
        let chain = followed(&lines).expect("whole");
        assert_eq!((chain.older, chain.lines), (0, 3));
        assert_eq!(Some(chain.hash), read(&lines[2]).link().map(|link| link.hash));
        let elsewhere = Chain::new("others").follow(&read(&lines[0]), false);
        assert_eq!(elsewhere, Err(Unfit::DoesNotFollow));
    }

    #[test]
    fn whatever_is_done_to_a_line_is_found_there_or_at_the_next() {
        let lines = three();
        let with = |change: &dyn Fn(&mut Vec<Value>)| {
            let mut lines = lines.clone();
            change(&mut lines);
            followed(&lines)
        };
        assert_eq!(with(&|lines| lines[1]["word"] = "x".into()), Err(Unfit::Altered));
        assert_eq!(with(&|lines| lines[1]["more"] = 1.into()), Err(Unfit::Altered));
        assert_eq!(with(&|lines| drop(lines.remove(1))), Err(Unfit::DoesNotFollow));
        assert_eq!(with(&|lines| lines.swap(1, 2)), Err(Unfit::DoesNotFollow));
        let stripped = |lines: &mut Vec<Value>| {
            let members = lines[2].as_object_mut().expect("an object");
            members.retain(|name, _| name != PREV && name != HASH);
        };
        assert_eq!(with(&stripped), Err(Unfit::NotLinked));
        let forged = |lines: &mut Vec<Value>| {
            let prev = read(&lines[0]).link().expect("a link").hash;
            lines[1] = serde_json::to_value(Linked::after(prev, word("x")).expect("a line"))
                .expect("json");
        };
        assert_eq!(with(&forged), Err(Unfit::DoesNotFollow), "the next one knows");
    }

    #[test]
    fn older_lines_count_and_cannot_be_changed_behind_the_back_of_the_chain() {
        let older = [json!({ "word": "old" }), json!({ "word": "older" })];
        let mut chain = Chain::new("words");
        for line in &older {
            chain.follow(&read(line), true).expect("older");
        }
        let first = chain.add(word("new")).expect("a line");
        let follows = |older: &[Value]| {
            let mut chain = Chain::new("words");
            for line in older {
                chain.follow(&read(line), true)?;
            }
            chain.follow(&first, false)
        };
        assert_eq!(follows(&older), Ok(()));
        assert_eq!(follows(&older[..1]), Err(Unfit::DoesNotFollow));
        let changed = [older[0].clone(), json!({ "word": "forged" })];
        assert_eq!(follows(&changed), Err(Unfit::DoesNotFollow));
    }

    #[test]
    fn half_a_link_is_none() {
        let mut line = three().remove(0);
        line.as_object_mut().expect("an object").remove(PREV);
        assert!(serde_json::from_value::<Linked<Word>>(line).is_err());
    }
}
