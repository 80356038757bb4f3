//! What became of the events.

/// What a modelled manager did, and what it did not do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ManagerCounts {
    /// Frames handed to sockets.
    pub frames: u64,
    /// Frames handed over again by a retry.
    pub retried: u64,
    /// Connections refused.
    pub refused: u64,
    /// Events of types that are never sent, or without a run where one is needed.
    pub swallowed: u64,
    /// Events for which no socket was registered, and which no queue kept.
    pub unregistered: u64,
    /// Events that one hung socket kept from all of its user's.
    pub blocked: u64,
    /// Frames lost on a socket that takes nothing or is broken.
    pub failed: u64,
    /// Frames that gave way in a full queue.
    pub overflowed: u64,
    /// Frames that were too old when somebody came for them.
    pub expired: u64,
    /// Frames lost while a queue went out.
    pub cut_short: u64,
    /// Frames that had to wait and whose connection ended.
    pub ended: u64,
    /// Frames that the client did not look at.
    pub not_looked_at: u64,
    /// Connections forgotten because they were given nothing for too long.
    pub stale: u64,
    /// Events whose caller was told nothing.
    pub silent: u64,
    /// Events that reached nobody and whose caller was told that they did.
    pub overstated: u64,
    /// Frames and users that the model has no room for.
    pub over_bounds: u64,
}
