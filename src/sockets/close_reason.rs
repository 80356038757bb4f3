//! Why a connection ends.

use std::fmt;

/// Why a connection ends. Codes below 4000 are those of RFC 6455 §7.4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseReason {
    /// The client has closed it.
    Client,
    /// The client is gone without a word.
    Gone,
    /// The service restarts: connect again, with your position.
    Restart,
    /// The client takes frames too slowly: connect again, with your position.
    Slow,
    /// Nothing came from the client for too long.
    Idle,
    /// The token has run out.
    Expired,
    /// The token was revoked.
    Revoked,
    /// No valid token was shown.
    Unauthorized,
    /// The token, or where it comes from, opens nothing here.
    Forbidden,
    /// The client sends too many messages.
    TooManyMessages,
    /// The user, or the service, has too many connections.
    TooManyConnections,
    /// A message is larger than the limit.
    TooLarge,
    /// A message is of a kind that is not taken here.
    Unsupported,
    /// A text message is not UTF-8.
    NotText,
    /// A message breaks the protocol.
    Protocol,
    /// An operator, or the side that serves, has ended it.
    Ended,
    /// Neither side can decide, or the log cannot be read: try again.
    Unavailable,
}

impl CloseReason {
    /// Every reason.
    pub const ALL: [Self; 17] = [
        Self::Client,
        Self::Gone,
        Self::Restart,
        Self::Slow,
        Self::Idle,
        Self::Expired,
        Self::Revoked,
        Self::Unauthorized,
        Self::Forbidden,
        Self::TooManyMessages,
        Self::TooManyConnections,
        Self::TooLarge,
        Self::Unsupported,
        Self::NotText,
        Self::Protocol,
        Self::Ended,
        Self::Unavailable,
    ];

    /// The code of the close frame.
    pub const fn code(self) -> u16 {
        match self {
            Self::Client => 1000,
            Self::Ended => 1001,
            Self::Protocol => 1002,
            Self::Unsupported => 1003,
            Self::Gone => 1006,
            Self::NotText => 1007,
            Self::TooLarge => 1009,
            Self::Restart => 1012,
            Self::Unavailable => 1013,
            Self::Expired | Self::Revoked | Self::Unauthorized => 4401,
            Self::Forbidden => 4403,
            Self::Idle => 4408,
            Self::Slow | Self::TooManyMessages | Self::TooManyConnections => 4429,
        }
    }

    /// The reason in the close frame, and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Gone => "gone",
            Self::Restart => "restart",
            Self::Slow => "slow",
            Self::Idle => "idle",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::TooManyMessages => "too_many_messages",
            Self::TooManyConnections => "too_many_connections",
            Self::TooLarge => "too_large",
            Self::Unsupported => "unsupported",
            Self::NotText => "not_text",
            Self::Protocol => "protocol",
            Self::Ended => "ended",
            Self::Unavailable => "unavailable",
        }
    }

    /// The place in [`CloseReason::ALL`].
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_place() {
        for (place, reason) in CloseReason::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), place);
        }
    }
}
