//! Reports on the disk: an entry each, and its text in parts that the engine stores well.

use serde::{Deserialize, Serialize};

use super::super::document::{Document, Occasion};
use super::super::{Period, ReportError, Scope};
use super::canonical::canonical;
use super::seal::{Claims, Form, Seal, Signer, digest};
use crate::domain::{Revision, Timestamp};
use crate::store::{Durability, Expect, Row, Store, StoreError, Table};

/// The longest text of a report that is kept, in bytes.
pub const KEPT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Bytes of a part. In the row each quotation mark takes two, and a row stays below 16 KB.
const PART_BYTES: usize = 8_000;

/// Reports removed at once, at most.
const REMOVED_MAX: usize = 100;

/// What is known of a kept report without reading it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Its name: when it was made, `20270115t080000123`.
    pub id: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// By whom.
    pub made_by: String,
    /// On which occasion.
    pub occasion: Occasion,
    /// Which components it is about.
    pub scope: Scope,
    /// From when to when.
    pub period: Period,
    /// It found a security difference that nobody has accepted.
    pub alarm: bool,
    /// The length of its canonical JSON.
    pub bytes: usize,
    /// In how many rows that stands.
    parts: usize,
    /// What proves that it is as it was made.
    pub seal: Seal,
}

impl Row for Entry {
    const FORMAT: u8 = 1;
}

#[derive(Serialize, Deserialize)]
struct Part(String);

impl Row for Part {
    const FORMAT: u8 = 1;
}

/// How far something has come that makes reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mark {
    /// Up to which revision the history was looked through.
    Revision(Revision),
    /// For which moment a line of the schedule was last seen to.
    Due(Timestamp),
}

impl Row for Mark {
    const FORMAT: u8 = 1;
}

/// The kept reports. Every read waits for the disk.
pub struct Archive {
    store: Store,
    entries: Table<Entry>,
    parts: Table<Part>,
    marks: Table<Mark>,
    /// Held while one is kept or removed.
    changing: tokio::sync::Mutex<()>,
}

impl Archive {
    /// The reports that are kept in `store`.
    pub fn open(store: &Store) -> Self {
        Self {
            store: store.clone(),
            entries: store.table("reports"),
            parts: store.table("report_parts"),
            marks: store.table("report_marks"),
            changing: tokio::sync::Mutex::default(),
        }
    }

    /// Names a report, seals it and makes it durable, with what is noted about it.
    pub(super) async fn keep(
        &self,
        mut document: Document,
        signer: &Signer,
        mark: Option<(&str, Mark)>,
    ) -> Result<Entry, ReportError> {
        let _one_at_a_time = self.changing.lock().await;
        let id = self.free_id(document.made_at)?;
        document.id = Some(id.clone());
        let text = text_of(&document)?;
        let named = (&*document.installation, Some(&*id));
        let sha256 = digest(text.as_bytes());
        let claims = Claims::of(Form::Json, sha256, named, document.made_at);
        let parts = parts_of(&text);
        let entry = Entry {
            made_at: document.made_at,
            made_by: document.made_by,
            occasion: document.occasion,
            scope: document.scope,
            period: document.period,
            alarm: document.alarm,
            bytes: text.len(),
            parts: parts.len(),
            seal: Seal::of(&claims, signer),
            id,
        };
        let mut batch = self.store.batch();
        batch.put(&self.entries, &entry.id, &entry, Expect::Anything, None)?;
        for (number, part) in parts.into_iter().enumerate() {
            let key = part_key(&entry.id, number);
            batch.put(&self.parts, &key, &Part(part), Expect::Anything, None)?;
        }
        if let Some((key, mark)) = mark {
            batch.put(&self.marks, key, &mark, Expect::Anything, None)?;
        }
        batch.commit(Durability::Durable).await?;
        Ok(entry)
    }

    /// The first name from that moment on that no report has.
    fn free_id(&self, made_at: Timestamp) -> Result<String, StoreError> {
        let mut at = made_at;
        loop {
            let id: String = at
                .rfc3339()
                .to_ascii_lowercase()
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .collect();
            let id = id.trim_end_matches('z').to_owned();
            if self.entries.get(&id)?.is_none() {
                return Ok(id);
            }
            at = Timestamp::from_micros(at.micros() + 1_000);
        }
    }

    /// One report without its text.
    pub fn entry(&self, id: &str) -> Result<Entry, ReportError> {
        let unknown = || ReportError::Unknown(id.chars().take(40).collect());
        if !is_id(id) {
            return Err(unknown());
        }
        let found = self.entries.get(id)?;
        found.map(|stored| stored.value).ok_or_else(unknown)
    }

    /// One report with its canonical text.
    pub fn read(&self, id: &str) -> Result<(Entry, String), ReportError> {
        let entry = self.entry(id)?;
        let mut text = String::with_capacity(entry.bytes);
        for number in 0..entry.parts {
            // It may have been removed between the two reads.
            let part = self.parts.get(&part_key(id, number))?;
            let part = part.ok_or_else(|| ReportError::Unknown(id.to_owned()))?;
            text.push_str(&part.value.0);
        }
        Ok((entry, text))
    }

    /// Reports, newest first, before the one of an id; at most `limit`.
    pub fn list(&self, before: Option<&str>, limit: usize) -> Result<Vec<Entry>, ReportError> {
        let rows = self.entries.scan_back_before("", before.unwrap_or("~"));
        let entries = rows.take(limit).map(|row| row.map(|(_, stored)| stored.value));
        Ok(entries.collect::<Result<_, StoreError>>()?)
    }

    /// Removes a report.
    pub async fn remove(&self, id: &str) -> Result<(), ReportError> {
        let _one_at_a_time = self.changing.lock().await;
        let entry = self.entry(id)?;
        self.remove_entry(&entry).await
    }

    async fn remove_entry(&self, entry: &Entry) -> Result<(), ReportError> {
        let mut batch = self.store.batch();
        batch.remove(&self.entries, &entry.id, Expect::Anything)?;
        for number in 0..entry.parts {
            batch.remove(&self.parts, &part_key(&entry.id, number), Expect::Anything)?;
        }
        Ok(batch.commit(Durability::Durable).await?)
    }

    /// Removes what is older than `oldest`, and the oldest beyond `keep_max`; at most a hundred at
    /// once. How many that were.
    pub(super) async fn prune(
        &self,
        oldest: Timestamp,
        keep_max: usize,
    ) -> Result<u64, ReportError> {
        let _one_at_a_time = self.changing.lock().await;
        let mut entries = self.list(None, usize::MAX)?;
        entries.reverse();
        let beyond = entries.len().saturating_sub(keep_max);
        let is_over = |(place, entry): &(usize, &Entry)| *place < beyond || entry.made_at < oldest;
        let mut removed = 0;
        for (_, entry) in entries.iter().enumerate().filter(is_over).take(REMOVED_MAX) {
            self.remove_entry(entry).await?;
            removed += 1;
        }
        Ok(removed)
    }

    /// How many reports are kept, and their bytes without what the engine adds.
    pub fn size(&self) -> Result<(usize, usize), ReportError> {
        let entries = self.list(None, usize::MAX)?;
        Ok((entries.len(), entries.iter().map(|entry| entry.bytes).sum()))
    }

    pub(super) fn mark(&self, key: &str) -> Result<Option<Mark>, StoreError> {
        Ok(self.marks.get(key)?.map(|stored| stored.value))
    }

    pub(super) async fn set_mark(&self, key: &str, mark: Mark) -> Result<(), StoreError> {
        self.marks.insert(key, &mark, Durability::Relaxed).await.map(drop)
    }
}

/// The canonical text of a report.
pub(super) fn text_of(document: &Document) -> Result<String, ReportError> {
    let text = serde_json::to_string(document).map_err(|error| error.to_string());
    let text = text.and_then(|text| canonical(&text)).map_err(ReportError::Text)?;
    if text.len() > KEPT_BYTES_MAX {
        return Err(ReportError::TooLarge { bytes: text.len(), bytes_max: KEPT_BYTES_MAX });
    }
    Ok(text)
}

fn parts_of(text: &str) -> Vec<String> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let (part, more) = rest.split_at(rest.floor_char_boundary(PART_BYTES));
        parts.push(part.to_owned());
        rest = more;
    }
    parts
}

fn part_key(id: &str, number: usize) -> String {
    format!("{id}/{number:04}")
}

fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_digit() || byte == b't';
    (1..=40).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_its_parts_together_whatever_characters_it_has() {
        for text in ["", "a", &"é".repeat(9_001), &"x".repeat(2 * PART_BYTES)] {
            let parts = parts_of(text);
            assert_eq!(parts.concat(), text);
            assert!(parts.iter().all(|part| part.len() <= PART_BYTES));
        }
    }

    #[test]
    fn an_id_is_digits_of_a_moment() {
        assert!(is_id("20270115t080000123"));
        for wrong in ["", "../x", "20270115T080000123", &"1".repeat(41)] {
            assert!(!is_id(wrong), "{wrong}");
        }
    }
}
