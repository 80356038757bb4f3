//! Who runs by which revision of the table, as far as this service knows.

use askama::Template;

use crate::domain::Revision;
use crate::web::pages::known::thousands;
use crate::web::{Listens, OfrepOutcome, Rooms};

#[derive(Template)]
#[template(path = "parts/overview_readers.html")]
pub(in crate::web::pages) struct Readers {
    /// The revision by which this service answers.
    pub revision: u64,
    /// The newest line of the log.
    pub logged: u64,
    /// Changes that serve and are not on the disk.
    pub unsaved: usize,
    /// Streams of services that have been told of the present revision, and all of them.
    pub told: usize,
    pub streams: usize,
    /// Streams of dashboards and tools.
    pub watching: usize,
    /// Evaluations for other services since the start.
    pub evaluated: String,
}

impl Readers {
    pub fn of(rooms: &Rooms) -> Self {
        let revision = rooms.flags.snapshot().revision();
        let told = rooms.streams.told();
        let evaluated = [OfrepOutcome::Single, OfrepOutcome::Bulk, OfrepOutcome::NotModified];
        let evaluated = evaluated.into_iter().map(|outcome| rooms.ofrep.of(outcome)).sum();
        Self {
            revision: revision.0,
            logged: rooms.flags.watch_log().borrow().0,
            unsaved: rooms.flags.unsaved(),
            told: told.iter().filter(|told: &&Revision| **told >= revision).count(),
            streams: told.len(),
            watching: rooms.streams.open(Listens::Control),
            evaluated: thousands(evaluated),
        }
    }
}
