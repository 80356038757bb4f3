//! Typed, versioned tables; the only room that knows the disk.
//!
//! A [`Store`] is one sled tree in one directory. A [`Table`] is a name and a row type over it;
//! each row has a revision, and a write may say which revision it expects to replace. Reads are
//! direct. Every write goes through one writer thread, which applies writes one after another and
//! then makes all durable ones of its round safe with a single flush and fsync (group commit).
//!
//! What holds, and what the tests beside the code prove:
//!
//! - A durable write is acknowledged after flush *and* fsync, never before. When the disk refuses,
//!   every durable write of the round is an error and is taken back in memory; what is on the disk
//!   then is unknown until the store is opened again.
//! - A [`Batch`] happens as a whole or not at all, across tables, also over a crash.
//! - A revision is handed out once in the life of a directory, crashes included, and the revision
//!   of a row never goes down.
//! - A note ([`Store::note_in_place`]) can be kept on a full disk: its room is taken beforehand.
//! - A directory that was opened before opens also when the disk refuses: for reading.
//! - A row that cannot be read is an error that names it, in every place where it would appear.
//!
//! Readers may see a durable write shortly before its fsync; watchers are told after it.

mod batch;
mod commit;
mod disk;
mod error;
mod fault;
mod key;
mod latch;
mod opening;
mod revisions;
mod round;
mod row;
mod scan;
mod stats;
#[expect(clippy::module_inception, reason = "the file is named after the thing in it")]
mod store;
mod table;
#[cfg(test)]
mod tests;
mod unrestored;
mod watch;
mod writer;

pub use batch::{BATCH_BYTES_MAX, BATCH_ROWS_MAX, Batch};
pub use commit::{Durability, Expect};
pub use error::StoreError;
pub use fault::{FaultSwitch, Held};
pub use key::KEY_BYTES_MAX;
pub use latch::NOTE_BYTES_MAX;
pub use row::{Row, Stored, VALUE_BYTES_MAX};
pub use scan::Scan;
pub use stats::Stats;
pub use store::Store;
pub use table::Table;
pub use watch::{WATCH_BACKLOG_CHANGES, Watch, WatchEvent};
