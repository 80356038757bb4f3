//! Where a row stands in the tree: `table`, a zero byte, `key`.

use super::error::StoreError;

/// Longest key of a row, in bytes.
pub const KEY_BYTES_MAX: usize = 512;

const TABLE_BYTES_MAX: usize = 64;
const KEY_START_BYTES: usize = 64;

/// The table of the store's own rows; no caller can name it.
pub(super) const OWN_TABLE: &str = "";

/// Panics unless `name` can be a table: a name is part of the program, not of its input.
pub(super) fn assert_table_name(name: &str) {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    assert!(
        !name.is_empty() && name.len() <= TABLE_BYTES_MAX && name.bytes().all(fits),
        "table name {name:?} must be 1 to {TABLE_BYTES_MAX} of a-z, 0-9, '-' and '_'"
    );
}

/// The place of a row, or of the first row whose key starts with `key`.
pub(super) fn place(table: &str, key: &str) -> Vec<u8> {
    let mut place = Vec::with_capacity(table.len() + 1 + key.len());
    place.extend_from_slice(table.as_bytes());
    place.push(0);
    place.extend_from_slice(key.as_bytes());
    place
}

/// The first place after all rows of `table` whose key starts with `prefix`.
pub(super) fn place_after(table: &str, prefix: &str) -> Vec<u8> {
    let mut place = place(table, prefix);
    // UTF-8 has no byte 255, and an empty prefix ends with the zero byte: the last byte can grow.
    if let Some(last) = place.last_mut() {
        *last += 1;
    }
    place
}

/// The key in a place of `table`; lossy when it is not UTF-8.
pub(super) fn key_at(table: &str, place: &[u8]) -> Result<String, String> {
    let key = place.get(table.len() + 1..).unwrap_or_default();
    match std::str::from_utf8(key) {
        Ok(key) => Ok(key.to_owned()),
        Err(_) => Err(String::from_utf8_lossy(key).into_owned()),
    }
}

/// Refuses a key that is too long to write.
pub(super) fn check_length(table: &'static str, key: &str) -> Result<(), StoreError> {
    if key.len() <= KEY_BYTES_MAX {
        return Ok(());
    }
    Err(StoreError::KeyTooLong {
        table,
        start: key[..key.floor_char_boundary(KEY_START_BYTES)].to_owned(),
        bytes: key.len(),
        bytes_max: KEY_BYTES_MAX,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_ends_before_the_table_whose_name_it_begins() {
        assert!(place("flag", "zzz") < place_after("flag", ""));
        assert!(place_after("flag", "") <= place("flags", ""));
        assert!(place_after("flag", "") <= place("flag-history", ""));
    }

    #[test]
    fn a_prefix_ends_after_its_last_key() {
        let end = place_after("t", "a/");
        assert!(place("t", "a/\u{10ffff}") < end);
        assert!(place("t", "a0") >= end);
    }

    #[test]
    #[should_panic(expected = "table name")]
    fn a_table_cannot_be_named_like_the_store_s_own() {
        assert_table_name(OWN_TABLE);
    }
}
