//! The seam behind which both ways of delivering stand.

use super::{BoxFuture, ConnectionId, Event, PathError, Sequence, Subject};

/// One way to deliver an event. Says who must receive what; writes to nobody.
///
/// A path that keeps a registry of its own is told who comes and goes.
pub trait EventPath: Send + Sync {
    /// Who must receive `event`, in which form. `audience` are the event's user's connections as
    /// they really are.
    fn deliver<'a>(
        &'a self,
        event: &'a Event,
        audience: &'a [Listening],
    ) -> BoxFuture<'a, Result<Delivery, PathError>>;

    /// Somebody has connected. What the path does with that, and what it sends because of it.
    fn connected<'a>(
        &'a self,
        user: &'a Subject,
        connection: &'a ConnectionId,
    ) -> BoxFuture<'a, Result<Delivery, PathError>>;

    /// A connection is gone.
    fn disconnected<'a>(&'a self, connection: &'a ConnectionId) -> BoxFuture<'a, ()>;

    /// What has become due although nothing has happened: a retry, or a queue on its way out. Asked
    /// now and then; a path that keeps nothing back has nothing to say.
    fn due(&self) -> BoxFuture<'_, Result<Delivery, PathError>> {
        Box::pin(std::future::ready(Ok(Delivery::default())))
    }
}

/// An open connection, and whether it can be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// Which.
    pub connection: ConnectionId,
    /// Whether frames get through.
    pub condition: Condition,
}

/// Whether frames get through to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// At once.
    Ready,
    /// Slowly: its queue is not empty.
    Slow,
    /// Not for some time.
    Hung,
    /// Writing fails.
    Broken,
}

/// What a path makes of an event, or of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// What the path says of the connection; only about a connection.
    pub connection: Option<Standing>,
    /// The frames, in the order in which they are to be written.
    pub frames: Vec<Addressed>,
    /// The event's place in its user's log, on a path that keeps one.
    pub sequence: Option<Sequence>,
}

/// A frame and whom it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// Whose socket.
    pub connection: ConnectionId,
    /// The text of the frame, as the path would write it.
    pub text: std::sync::Arc<str>,
}

/// What a path says of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Connected.
    Connected,
    /// Not let in by the manager: too many, or a name it does not take.
    Refused,
    /// Connected in the place of another one.
    Replaced,
    /// Not known to the manager although its socket is open.
    Unknown,
}
