//! What became of handshakes, tickets and messages, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// Something that happens at the doors to sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketEvent {
    /// A handshake that was let in.
    Accepted,
    /// No handshake, or one that cannot be read.
    Malformed,
    /// A page that may not.
    Origin,
    /// Subprotocols that cannot be answered.
    Subprotocol,
    /// A ticket that is not known, or is another page's.
    Ticket,
    /// No token that opens this door.
    Denied,
    /// Neither side could decide.
    Undecided,
    /// The legacy server, which serves, takes no socket.
    ByServer,
    /// There are too many connections, over all or of this user.
    TooMany,
    /// The address, or the user, asks too often.
    TooOften,
    /// The manager takes nobody, or cannot read its log.
    Unavailable,
    /// A ticket that was made.
    TicketMade,
    /// A ticket that was redeemed.
    TicketRedeemed,
    /// A ticket that nobody came for.
    TicketExpired,
    /// A fresh token on an open socket that lets it stay.
    Renewed,
    /// A fresh token on an open socket that does not.
    NotRenewed,
    /// A client's message that is on its way to the backend.
    Forwarded,
    /// A client's message that is not, because there is no backend, or no room.
    NotForwarded,
    /// An event that was refused for what is wrong with it.
    EventRefused,
    /// An event that legacy was not asked about, because too many wait.
    LegacyNotAsked,
    /// An event of legacy's server that SSOT could not be given.
    NotFed,
    /// An event for which there was no room, or that the disk refused.
    EventUnkept,
}

impl SocketEvent {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 22] = [
        Self::Accepted,
        Self::Malformed,
        Self::Origin,
        Self::Subprotocol,
        Self::Ticket,
        Self::Denied,
        Self::Undecided,
        Self::ByServer,
        Self::TooMany,
        Self::TooOften,
        Self::Unavailable,
        Self::TicketMade,
        Self::TicketRedeemed,
        Self::TicketExpired,
        Self::Renewed,
        Self::NotRenewed,
        Self::Forwarded,
        Self::NotForwarded,
        Self::EventRefused,
        Self::LegacyNotAsked,
        Self::NotFed,
        Self::EventUnkept,
    ];

    /// Its word in metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Malformed => "malformed",
            Self::Origin => "origin",
            Self::Subprotocol => "subprotocol",
            Self::Ticket => "ticket",
            Self::Denied => "denied",
            Self::Undecided => "undecided",
            Self::ByServer => "by_server",
            Self::TooMany => "too_many",
            Self::TooOften => "too_often",
            Self::Unavailable => "unavailable",
            Self::TicketMade => "ticket_made",
            Self::TicketRedeemed => "ticket_redeemed",
            Self::TicketExpired => "ticket_expired",
            Self::Renewed => "renewed",
            Self::NotRenewed => "not_renewed",
            Self::Forwarded => "forwarded",
            Self::NotForwarded => "not_forwarded",
            Self::EventRefused => "event_refused",
            Self::LegacyNotAsked => "legacy_not_asked",
            Self::NotFed => "not_fed",
            Self::EventUnkept => "event_unkept",
        }
    }
}

/// How often each happened since the start.
#[derive(Debug, Default)]
pub struct SocketCounts([AtomicU64; SocketEvent::ALL.len()]);

impl SocketCounts {
    /// Counts one.
    pub fn count(&self, event: SocketEvent) {
        self.add(event, 1);
    }

    /// Counts several at once.
    pub fn add(&self, event: SocketEvent, times: u64) {
        self.0[event as usize].fetch_add(times, Ordering::Relaxed);
    }

    /// How often it happened.
    pub fn of(&self, event: SocketEvent) -> u64 {
        self.0[event as usize].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_a_place_of_its_own() {
        for (place, event) in SocketEvent::ALL.into_iter().enumerate() {
            assert_eq!(event as usize, place);
        }
    }
}
