//! What the checks are judged from.

use std::time::Duration;

use super::KeptScan;
use crate::domain::{ComponentId, Journey, Side, Timestamp};
use crate::flags::{Flag, Kind, Snapshot};
use crate::ledger::{Book, Counter, Ledger, SightingsSummary, Tally};

/// Live traffic older than this tells nothing about today.
const LIVE: Duration = Duration::from_hours(1);

/// A scan older than this tells nothing about today's source.
const SCAN_S: i64 = 30 * 24 * 3600;

/// Walks older than this tell nothing about today.
const WALKS_S: i64 = 24 * 3600;

/// Everything that the checks are judged from.
#[derive(Debug)]
pub struct CheckEvidence {
    pub(super) now: Timestamp,
    pub(super) traffic: Vec<Traffic>,
    /// The component that decides about handshakes.
    pub(super) handshake: ComponentId,
    pub(super) sightings: SightingsSummary,
    pub(super) source: SourceSeen,
    pub(super) walks: Vec<Journey>,
}

/// What is known of the source.
#[derive(Clone, Debug)]
pub enum SourceSeen {
    /// Nothing.
    Never,
    /// What it was too long ago.
    Stale(Timestamp),
    /// What it is.
    Lately(KeptScan),
}

/// A component's traffic since its stage changed, of the last hour.
#[derive(Clone, Debug)]
pub(super) struct Traffic {
    pub component: ComponentId,
    pub kind: Kind,
    pub tally: Tally,
}

impl CheckEvidence {
    /// Gathers it. `handshake` is the component that decides about handshakes.
    pub fn gather(
        (snapshot, ledger): (&Snapshot, &Ledger),
        handshake: ComponentId,
        scan: Option<KeptScan>,
        walks: Vec<Journey>,
        now: Timestamp,
    ) -> Self {
        let traffic = snapshot.sorted().into_iter().map(|flag| {
            let tally = since_change(&ledger.book(&flag.component), flag, now);
            Traffic { component: flag.component.clone(), kind: flag.kind, tally }
        });
        let lately = |walk: &Journey| now.seconds() - walk.begun_at.seconds() <= WALKS_S;
        Self {
            now,
            traffic: traffic.collect(),
            handshake,
            sightings: ledger.sightings().summary(deciding_since(snapshot), now),
            source: match scan {
                None => SourceSeen::Never,
                Some(scan) if now.seconds() - scan.at.seconds() > SCAN_S => {
                    SourceSeen::Stale(scan.at)
                }
                Some(scan) => SourceSeen::Lately(scan),
            },
            walks: walks.into_iter().filter(lately).collect(),
        }
    }

    /// Traffic of components of these kinds.
    pub(super) fn of_kinds<'s>(&'s self, kinds: &'s [Kind]) -> impl Iterator<Item = &'s Traffic> {
        self.traffic.iter().filter(|traffic| kinds.contains(&traffic.kind))
    }
}

impl Traffic {
    pub(super) fn served(&self, side: Side) -> u64 {
        self.tally.count(Counter::Served(side))
    }
}

/// Whole minutes since the flag changed last, so that an answer of the side that served before does
/// not count.
fn since_change(book: &Book, flag: &Flag, now: Timestamp) -> Tally {
    book.window(now.since(flag.changed_at).min(LIVE), now)
}

/// Since when the same sides decide about tokens.
fn deciding_since(snapshot: &Snapshot) -> Timestamp {
    let deciding = snapshot.iter().filter(|flag| matches!(flag.kind, Kind::Auth | Kind::Session));
    let long_ago = Timestamp::from_seconds(0);
    deciding.map(|flag| flag.changed_at).max().unwrap_or(long_ago)
}
