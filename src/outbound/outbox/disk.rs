//! Parcels on the disk: a row each, its body in rows of their own because a row is small, and the
//! dead.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Parcel, ParcelId};
use crate::domain::{Timestamp, decode_base64url, encode_base64url};
use crate::outbound::{Method, Trust, Url};
use crate::store::{Durability, Expect, Row, Store, StoreError, Table};

/// Bytes of a body in one row; as base64 in JSON they fit.
const CHUNK_BYTES: usize = 32 * 1024;
const CHUNKS_MAX: usize = super::parcel::BODY_BYTES_MAX.div_ceil(CHUNK_BYTES);

/// The dead that are kept; the oldest go first.
pub(super) const DEAD_MAX: usize = 1_000;
const DEAD_KEPT: Duration = Duration::from_hours(7 * 24);

/// A parcel without its body.
#[derive(Serialize, Deserialize)]
pub(super) struct ParcelRow {
    url: String,
    trust: Trust,
    method: Method,
    headers: Vec<(String, String)>,
    secrets: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    landed: Option<Vec<u16>>,
    body_rows: usize,
    pub kept_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Row for ParcelRow {
    const FORMAT: u8 = 1;
}

impl ParcelRow {
    pub fn url(&self) -> Option<Url> {
        Url::parse(&self.url, self.trust).ok()
    }
}

/// A part of a body, as base64url.
#[derive(Serialize, Deserialize)]
struct BodyRow(String);

impl Row for BodyRow {
    const FORMAT: u8 = 1;
}

/// A parcel that will not be sent any more. Headers and body are gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dead {
    /// Its name.
    pub id: ParcelId,
    /// Scheme, host and port of its target.
    pub target: String,
    /// Why.
    pub cause: DeathCause,
    /// When it was put in.
    pub kept_at: Timestamp,
    /// When it was given up.
    pub died_at: Timestamp,
    /// Attempts since the last start that failed before.
    pub failures: u32,
}

impl Row for Dead {
    const FORMAT: u8 = 1;
}

/// Why a parcel is dead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum DeathCause {
    /// The other end does not want it.
    Refused {
        /// The status of its answer.
        status: u16,
    },
    /// Its time was over.
    Expired {
        /// What stood in the way at the last attempt since the last start.
        last_failure: Option<String>,
    },
}

pub(super) struct Disk {
    store: Store,
    parcels: Table<ParcelRow>,
    bodies: Table<BodyRow>,
    dead: Table<Dead>,
    dead_kept: AtomicUsize,
}

impl Disk {
    pub fn new(store: &Store) -> Self {
        let dead = store.table::<Dead>("outbox-dead");
        let dead_kept = AtomicUsize::new(dead.scan("").count());
        let (parcels, bodies) = (store.table("outbox"), store.table("outbox-bodies"));
        Self { store: store.clone(), parcels, bodies, dead, dead_kept }
    }

    /// Every parcel by its key; an `Err` item is a row that cannot be read.
    pub fn all(&self) -> impl Iterator<Item = Result<(String, ParcelRow), StoreError>> {
        self.parcels.scan("").map(|row| row.map(|(key, stored)| (key, stored.value)))
    }

    /// Writes a new parcel; durable on return.
    pub async fn keep(&self, parcel: &Parcel, now: Timestamp) -> Result<(), StoreError> {
        let chunks = parcel.body.chunks(CHUNK_BYTES);
        let row = ParcelRow {
            url: parcel.url.as_text().to_owned(),
            trust: parcel.url.trust(),
            method: parcel.method,
            headers: parcel.headers.clone(),
            secrets: parcel.secrets.clone(),
            landed: parcel.landed.clone(),
            body_rows: chunks.len(),
            kept_at: now,
            expires_at: parcel.expires_at,
        };
        let mut batch = self.store.batch();
        batch.put(&self.parcels, parcel.id.as_str(), &row, Expect::Absent, None)?;
        for (number, chunk) in chunks.enumerate() {
            let (key, row) = (body_key(&parcel.id, number), BodyRow(encode_base64url(chunk)));
            batch.put(&self.bodies, &key, &row, Expect::Anything, None)?;
        }
        batch.commit(Durability::Durable).await
    }

    /// The whole parcel; `None` when a part of it is missing or makes no sense.
    pub fn read(&self, id: &ParcelId) -> Result<Option<Parcel>, StoreError> {
        let Some(row) = self.parcels.get(id.as_str())?.map(|row| row.value) else {
            return Ok(None);
        };
        let mut body = Vec::new();
        for number in 0..row.body_rows.min(CHUNKS_MAX) {
            let chunk = self.bodies.get(&body_key(id, number))?;
            let Some(bytes) = chunk.and_then(|row| decode_base64url(&row.value.0)) else {
                return Ok(None);
            };
            body.extend(bytes);
        }
        Ok(row.url().map(|url| Parcel {
            id: id.clone(),
            url,
            method: row.method,
            headers: row.headers,
            landed: row.landed,
            body: body.into(),
            secrets: row.secrets,
            expires_at: row.expires_at,
        }))
    }

    /// Takes a parcel away, durably, and keeps the note of its death in the same step.
    pub async fn remove(&self, id: &ParcelId, dead: Option<&Dead>) -> Result<(), StoreError> {
        let mut batch = self.store.batch();
        batch.remove(&self.parcels, id.as_str(), Expect::Anything)?;
        for number in 0..CHUNKS_MAX {
            batch.remove(&self.bodies, &body_key(id, number), Expect::Anything)?;
        }
        if let Some(dead) = dead {
            batch.put(&self.dead, &dead_key(dead), dead, Expect::Anything, None)?;
        }
        batch.commit(Durability::Durable).await?;
        if let Some(dead) = dead
            && self.dead_kept.fetch_add(1, Ordering::Relaxed) >= DEAD_MAX
        {
            self.purge(dead.died_at).await?;
        }
        Ok(())
    }

    /// The newest of the dead.
    pub fn dead(&self, limit: usize) -> Result<Vec<Dead>, StoreError> {
        let rows = self.dead.scan_back("").take(limit.min(DEAD_MAX));
        rows.map(|row| row.map(|(_, stored)| stored.value)).collect()
    }

    /// Forgets the dead that are too old or too many.
    pub async fn purge(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut kept = 0;
        for row in self.dead.scan_back("") {
            let (key, stored) = row?;
            if kept < DEAD_MAX && now.since(stored.value.died_at) < DEAD_KEPT {
                kept += 1;
            } else {
                self.dead.remove(&key, Expect::Anything, Durability::Relaxed).await?;
            }
        }
        self.dead_kept.store(kept, Ordering::Relaxed);
        Ok(())
    }
}

fn body_key(id: &ParcelId, number: usize) -> String {
    format!("{id}/{number}")
}

/// Keys grow with time.
fn dead_key(dead: &Dead) -> String {
    format!("{:020}/{}", dead.died_at.micros().max(0), dead.id)
}
