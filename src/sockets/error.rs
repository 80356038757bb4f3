//! What can go wrong in the room.

use crate::store::StoreError;

/// Why the room cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SocketsError {
    /// The store refused.
    #[error("open the logs of events: {0}")]
    Store(#[from] StoreError),
}

/// Why nobody can be attached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttachError {
    /// The service has as many connections as it takes.
    #[error("there are too many connections")]
    TooMany,
    /// The user has as many connections as one may have.
    #[error("the user has too many connections")]
    TooManyOfUser,
    /// More users are busy than logs fit in memory.
    #[error("there are too many users at once")]
    TooManyUsers,
    /// The service ends.
    #[error("the service is shutting down")]
    ShuttingDown,
    /// The user's log cannot be read.
    #[error("read the user's log: {0}")]
    Store(#[from] StoreError),
}

/// Why an event is not accepted. It was given to nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// Too many events wait for the disk.
    #[error("too many events wait for the disk")]
    Busy,
    /// More users are busy than logs fit in memory.
    #[error("there are too many users at once")]
    TooManyUsers,
    /// The service ends.
    #[error("the service is shutting down")]
    ShuttingDown,
    /// The disk refuses. Whether the event is on it is unknown until the next start; publish it
    /// again under the same `event_id`.
    #[error("keep the event: {0}")]
    Store(#[from] StoreError),
}

/// A token of somebody else was shown on an open connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is somebody else's")]
pub struct OtherUser;
