//! A row on disk: one byte format, eight bytes revision (big-endian), the value as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;

/// Largest value, in bytes of JSON. The engine stores little values well and bloats with big ones.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;

const HEAD_BYTES: usize = 9;

/// A value that can be kept in a table.
pub trait Row: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The format this program writes. Raise it when the JSON of old rows no longer fits.
    const FORMAT: u8;

    /// Reads a row of an older format (`format < FORMAT`). `None`, the default, makes such a row
    /// an error that names it.
    fn upgrade(format: u8, json: &[u8]) -> Option<Self> {
        let _ = (format, json);
        None
    }
}

/// A value and the revision of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored<V> {
    /// Grows with every write of the row.
    pub revision: u64,
    /// What is stored.
    pub value: V,
}

/// The row of `value` with its revision still blank.
pub(super) fn encode<V: Row>(
    table: &'static str,
    key: &str,
    value: &V,
) -> Result<Vec<u8>, StoreError> {
    let mut row = vec![0; HEAD_BYTES];
    row[0] = V::FORMAT;
    serde_json::to_writer(&mut row, value).map_err(|error| StoreError::Unwritable {
        table,
        key: key.to_owned(),
        problem: describe(&error),
    })?;
    let bytes = row.len() - HEAD_BYTES;
    if bytes > VALUE_BYTES_MAX {
        let key = key.to_owned();
        return Err(StoreError::ValueTooLarge { table, key, bytes, bytes_max: VALUE_BYTES_MAX });
    }
    Ok(row)
}

/// Fills in the revision of an encoded row.
pub(super) fn stamp(row: &mut [u8], revision: u64) {
    row[1..HEAD_BYTES].copy_from_slice(&revision.to_be_bytes());
}

/// Reads a row.
pub(super) fn decode<V: Row>(
    table: &'static str,
    key: &str,
    row: &[u8],
) -> Result<Stored<V>, StoreError> {
    let revision = revision_of(table, key, row)?;
    let value = value_of(row[0], &row[HEAD_BYTES..]).map_err(|problem| StoreError::Unreadable {
        table,
        key: key.to_owned(),
        problem,
    })?;
    Ok(Stored { revision, value })
}

/// The revision of a row, whatever its format.
pub(super) fn revision_of(table: &'static str, key: &str, row: &[u8]) -> Result<u64, StoreError> {
    let revision = row.get(1..HEAD_BYTES).and_then(|bytes| bytes.try_into().ok());
    revision.map(u64::from_be_bytes).ok_or_else(|| StoreError::Unreadable {
        table,
        key: key.to_owned(),
        problem: format!("{} bytes are too short for a row", row.len()),
    })
}

fn value_of<V: Row>(format: u8, json: &[u8]) -> Result<V, String> {
    if format == V::FORMAT {
        return serde_json::from_slice(json).map_err(|error| describe(&error));
    }
    let upgraded = if format < V::FORMAT { V::upgrade(format, json) } else { None };
    upgraded.ok_or_else(|| format!("format {format} is unknown, this program writes {}", V::FORMAT))
}

/// Kind and place of a JSON error; its own text would quote the row.
fn describe(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Io => "cannot be written as JSON",
        serde_json::error::Category::Syntax => "is not JSON",
        serde_json::error::Category::Data => "is JSON of another shape",
        serde_json::error::Category::Eof => "is JSON cut short",
    };
    format!("the value {kind} (line {}, column {})", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Name {
        name: String,
    }

    impl Row for Name {
        const FORMAT: u8 = 2;

        fn upgrade(format: u8, json: &[u8]) -> Option<Self> {
            let name = String::from_utf8(json.to_vec()).ok()?;
            (format == 1).then_some(Self { name })
        }
    }

    fn problem(row: &[u8]) -> String {
        decode::<Name>("names", "k", row).expect_err("unreadable").to_string()
    }

    #[test]
    fn a_row_comes_back_with_its_revision() {
        let value = Name { name: "ada".to_owned() };
        let mut row = encode("names", "k", &value).expect("a row");
        stamp(&mut row, 258);
        assert_eq!(decode("names", "k", &row), Ok(Stored { revision: 258, value }));
    }

    #[test]
    fn an_older_row_goes_through_the_upgrade() {
        let stored = decode::<Name>("names", "k", b"\x01\0\0\0\0\0\0\0\x07ada").expect("a row");
        assert_eq!(stored, Stored { revision: 7, value: Name { name: "ada".to_owned() } });
    }

    #[test]
    fn an_unreadable_row_is_named_and_its_contents_are_not() {
        let head = [2_u8, 0, 0, 0, 0, 0, 0, 0, 1];
        let rows: [&[u8]; 5] = [b"", b"\x02\0\0", b"{\"name\":1}", b"{\"name\":\"sec", b"secret"];
        for (place, tail) in rows.into_iter().enumerate() {
            let row = if place < 2 { tail.to_vec() } else { [&head, tail].concat() };
            let problem = problem(&row);
            assert!(problem.starts_with("read row \"k\" of table names: "), "{problem}");
            assert!(!problem.contains("sec"), "{problem}");
        }
    }

    #[test]
    fn an_unknown_format_is_named_whether_older_or_newer() {
        for format in [0_u8, 3, 255] {
            let problem = problem(&[format, 0, 0, 0, 0, 0, 0, 0, 1, b'{', b'}']);
            assert!(problem.contains(&format!("format {format} is unknown")), "{problem}");
        }
    }

    #[test]
    fn a_value_over_the_limit_is_named() {
        let value = Name { name: "x".repeat(VALUE_BYTES_MAX) };
        let error = encode("names", "k", &value).expect_err("too large").to_string();
        assert!(error.starts_with("write row \"k\" of table names: 65547 bytes"), "{error}");
    }
}
