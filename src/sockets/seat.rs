//! What the room knows of an open connection, and how it wakes it.

use std::collections::VecDeque;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::close_reason::CloseReason;
use crate::domain::{
    Condition, ConnectionId, EventId, Listening, Position, Sequence, Side, Subject, Timestamp,
};

/// An open connection, seen from the room.
#[derive(Debug)]
pub(super) struct Seat {
    pub connection: ConnectionId,
    pub user: Subject,
    news: Notify,
    closed: Notify,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    closing: Option<CloseReason>,
    expires_at: Option<Timestamp>,
    heard_at: Timestamp,
    /// The connection has been given everything up to here, or is being given it again.
    given: Sequence,
    acknowledged: Option<Position>,
    /// Frames of legacy's that are still to be ruled on.
    legacy: VecDeque<LegacyFrame>,
    /// The side that is to serve.
    side: Side,
}

/// What a frame of legacy's is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// The event of that name.
    Event(EventId),
    /// An event without a name; whether SSOT is known to have it, too.
    Nameless {
        /// SSOT has an event of that run and content, or others of its run.
        known: bool,
    },
    /// No event.
    Nothing,
}

/// A frame that legacy's manager would write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyFrame {
    /// What it is about.
    pub about: About,
    /// The text.
    pub text: Bytes,
}

impl Seat {
    /// A seat under a name that no other connection has.
    pub fn new(
        user: Subject,
        given: Sequence,
        expires_at: Option<Timestamp>,
        (side, now): (Side, Timestamp),
    ) -> Self {
        let state = State {
            closing: None,
            expires_at,
            heard_at: now,
            given,
            acknowledged: None,
            legacy: VecDeque::new(),
            side,
        };
        Self {
            connection: new_connection(),
            user,
            news: Notify::new(),
            closed: Notify::new(),
            state: Mutex::new(state),
        }
    }

    /// There is an event at `last`. A connection that is further behind than it may be is closed.
    pub fn wake(&self, last: Sequence, queue_max: u32) {
        let behind = last.0.saturating_sub(self.state.lock().given.0);
        if behind > u64::from(queue_max) {
            self.close(CloseReason::Slow);
        } else {
            self.news.notify_one();
        }
    }

    /// Waits until there may be something to do.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Ends the connection; the first reason stays. False when there was one already.
    pub fn close(&self, reason: CloseReason) -> bool {
        let mut state = self.state.lock();
        if state.closing.is_some() {
            return false;
        }
        state.closing = Some(reason);
        drop(state);
        self.news.notify_one();
        self.closed.notify_one();
        true
    }

    pub fn closing(&self) -> Option<CloseReason> {
        self.state.lock().closing
    }

    /// Waits until the connection is to end.
    pub async fn closed(&self) -> CloseReason {
        loop {
            if let Some(reason) = self.closing() {
                return reason;
            }
            self.closed.notified().await;
        }
    }

    pub fn give(&self, given: Sequence) {
        self.state.lock().given = given;
    }

    pub fn heard(&self, now: Timestamp) {
        self.state.lock().heard_at = now;
    }

    pub fn acknowledge(&self, position: Position) {
        self.state.lock().acknowledged = Some(position);
    }

    pub fn acknowledged(&self) -> Option<Position> {
        self.state.lock().acknowledged
    }

    pub fn renew(&self, expires_at: Option<Timestamp>) {
        self.state.lock().expires_at = expires_at;
    }

    /// Queues a frame of legacy's. A connection that legacy serves and that takes none for too long
    /// is closed.
    pub fn offer(&self, frame: LegacyFrame, queue_max: u32) {
        let mut state = self.state.lock();
        if state.legacy.len() >= queue_max as usize {
            // Where SSOT serves, legacy harms nobody.
            let harms = state.side == Side::Legacy;
            drop(state);
            if harms {
                self.close(CloseReason::Slow);
            }
        } else {
            state.legacy.push_back(frame);
            drop(state);
            self.news.notify_one();
        }
    }

    pub fn next_of_legacy(&self) -> Option<LegacyFrame> {
        self.state.lock().legacy.pop_front()
    }

    /// The side that is to serve from now on.
    pub fn assign(&self, side: Side) {
        let mut state = self.state.lock();
        if state.side != side {
            state.side = side;
            drop(state);
            self.news.notify_one();
        }
    }

    pub fn side(&self) -> Side {
        self.state.lock().side
    }

    /// Whether frames get through; the user's log has come to `last`.
    pub fn listening(&self, last: Sequence, queue_max: u32) -> Listening {
        let state = self.state.lock();
        let behind = match state.side {
            Side::Legacy => state.legacy.len() as u64,
            Side::Ssot => last.0.saturating_sub(state.given.0),
        };
        let condition = match behind {
            _ if state.closing.is_some() => Condition::Broken,
            0 => Condition::Ready,
            behind if behind * 2 > u64::from(queue_max) => Condition::Hung,
            _ => Condition::Slow,
        };
        Listening { connection: self.connection.clone(), condition }
    }

    /// Why the connection ends by now, if it does: its token has run out, or nothing was heard
    /// since `silent_since`.
    pub fn ends(&self, now: Timestamp, silent_since: Timestamp) -> Option<CloseReason> {
        let state = self.state.lock();
        if state.expires_at.is_some_and(|end| end <= now) {
            Some(CloseReason::Expired)
        } else {
            (state.heard_at < silent_since).then_some(CloseReason::Idle)
        }
    }
}

/// A name that nobody else has.
fn new_connection() -> ConnectionId {
    // 34 printable characters: always a name.
    let name = ConnectionId::parse(&format!("c-{:032x}", rand::random::<u128>()));
    name.unwrap_or_else(|| unreachable!("digits are a name"))
}
