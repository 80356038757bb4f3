//! What the clients have found.

/// What the clients have found, and what was done to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Events that reached a client, each counted once.
    pub delivered: u64,
    /// Accepted, and never seen by a client that was there before.
    pub lost: u64,
    /// Seen more than once by one client.
    pub repeated: u64,
    /// Seen behind an event that was published later.
    pub reordered: u64,
    /// Seen with another content.
    pub altered: u64,
    /// Seen by somebody else.
    pub leaked: u64,
    /// Told to be lost.
    pub gaps: u64,
    /// Connections that were cut in order.
    pub cut: u64,
    /// Connections that stood still for a while.
    pub stalled: u64,
    /// Connections that were reset.
    pub reset: u64,
    /// Times that a client came back with its position.
    pub resumed: u64,
    /// Times that the service was killed.
    pub kills: u64,
}

impl Verdict {
    /// Everything that must not be.
    pub fn faults(&self) -> [u64; 6] {
        let Self { lost, repeated, reordered, altered, leaked, gaps, .. } = *self;
        [lost, repeated, reordered, altered, leaked, gaps]
    }

    /// Adds what one client has found.
    pub fn add(&mut self, of_client: &Self) {
        self.delivered += of_client.delivered;
        self.lost += of_client.lost;
        self.repeated += of_client.repeated;
        self.reordered += of_client.reordered;
        self.altered += of_client.altered;
        self.leaked += of_client.leaked;
        self.gaps += of_client.gaps;
        self.resumed += of_client.resumed;
    }
}
