//! An open connection, from the side of its socket.

mod hearing;
mod sides;

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::close_reason::CloseReason;
use super::counts::count;
use super::error::OtherUser;
use super::handover::{Handover, Legacy};
use super::manager::Shared;
use super::message::{ClientMessage, Message, MessageFault};
use super::seat::{About, Seat};
use super::user::User;
use super::wire::{self, Gap};
use crate::domain::{
    Admission, ConnectionId, Event, Position, RunId, Sequence, Side, Subject, Token, TokenType,
};

/// Frames taken from the log at once.
const TAKEN_MAX: u64 = 32;

/// Answers that may wait for a client that asks without reading.
const REPLIES_MAX: usize = 64;

/// Where a connection begins in its user's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// With what is published from now on.
    Now,
    /// Behind what the client has.
    After(Position),
    /// Where the client's first `resume` says; until then nothing is given.
    WhenTold,
}

/// What is to be done to the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// Write this text.
    Text(Bytes),
    /// Close it.
    Close(CloseReason),
}

/// What came of a message of the client's.
#[derive(Debug)]
pub enum Received {
    /// Nothing more is to be done.
    Done,
    /// This is to be published; the client may.
    Publish(Box<Event>),
    /// The client shows a fresh token.
    Renew(Token),
    /// The message is for somebody else.
    Forward(ClientMessage),
}

/// An open connection. Its socket's task asks it what to write; nobody else can write to it.
///
/// Dropped, it is detached.
pub struct Connection {
    shared: Arc<Shared>,
    user: Arc<User>,
    seat: Arc<Seat>,
    /// Everything up to here was taken from the log.
    cursor: Sequence,
    /// What was in the log when the client told its position.
    backlog: Sequence,
    /// Until there it is not behind: what it is given again is not its slowness.
    allowed: Sequence,
    /// The client has told a position.
    told: bool,
    /// A frame of legacy's about this event was handed out and is not written yet.
    unwritten: Option<Sequence>,
    taken: VecDeque<(Sequence, Bytes)>,
    replies: VecDeque<String>,
    held_until: Option<Instant>,
    runs: Vec<RunId>,
    may_publish: bool,
    /// The last frame handed out was an event's.
    handed: Option<Sequence>,
    ended: Option<CloseReason>,
    /// Who writes, where there is a legacy manager beside this one.
    handover: Option<Box<Handover>>,
    /// Whoever compares, and up to where the log's events were told to them.
    watcher: Option<Watcher>,
    watched: Sequence,
}

/// Is told each event that SSOT gives to a connection, or would if it served it: whose connection,
/// and the frame. Once for each event.
pub type Watcher = Arc<dyn Fn(&ConnectionId, &Subject, &[u8]) + Send + Sync>;

/// How a connection is served beside which there is a legacy manager.
#[derive(Clone)]
pub struct Beside {
    /// The side that serves it, for now.
    pub side: Side,
    /// The client is greeted by this manager. Legacy's own clients are greeted by legacy.
    pub greets: bool,
    /// Whoever compares.
    pub watcher: Watcher,
}

/// Where a connection begins.
pub(super) struct Begin {
    /// The end of the log.
    pub end: Position,
    /// Where it begins unless the client says otherwise.
    pub from: Sequence,
    /// What is lost before that.
    pub gap: Option<Gap>,
    pub resume: Resume,
    /// Where there is a legacy manager beside this one.
    pub beside: Option<Beside>,
}

impl Connection {
    pub(super) fn new(
        shared: Arc<Shared>,
        user: Arc<User>,
        seat: Arc<Seat>,
        admission: &Admission,
        Begin { end, from, gap, resume, beside }: Begin,
    ) -> Self {
        let held = resume == Resume::WhenTold;
        let held_until = held.then(|| Instant::now() + shared.settings.resume_wait);
        let mut connection = Self {
            cursor: from,
            backlog: from,
            allowed: end.after,
            told: false,
            unwritten: None,
            taken: VecDeque::new(),
            replies: VecDeque::new(),
            held_until,
            runs: Vec::new(),
            may_publish: admission.grant().token_type == Some(TokenType::Service),
            handed: None,
            ended: None,
            handover: beside.as_ref().map(|beside| Box::new(Handover::new(beside.side, from))),
            watcher: beside.as_ref().map(|beside| Arc::clone(&beside.watcher)),
            watched: from,
            shared,
            user,
            seat,
        };
        let now = connection.shared.clock.now();
        let at = match resume {
            Resume::After(position) => position,
            Resume::Now | Resume::WhenTold => Position { after: from, ..end },
        };
        if beside.is_none_or(|beside| beside.greets) {
            connection.reply(wire::established(&connection.seat.connection, at, now));
        }
        if let Resume::After(position) = resume {
            connection.resume(position);
        } else if let Some(gap) = gap.filter(|_| connection.side() == Side::Ssot) {
            connection.tell_gap(gap);
        }
        connection
    }

    /// Its name.
    pub fn id(&self) -> &ConnectionId {
        &self.seat.connection
    }

    /// Whose it is.
    pub fn user(&self) -> &Subject {
        &self.user.subject
    }

    /// The next thing to do to the socket; waits for it. Nothing is lost when the wait is given up.
    pub async fn next(&mut self) -> Outgoing {
        loop {
            if let Some(next) = self.ready() {
                return next;
            }
            let change_at = self.handover.as_ref().and_then(|handover| handover.waits_until());
            match self.held_until.into_iter().chain(change_at).min() {
                None => self.seat.news().await,
                Some(until) => {
                    tokio::select! {
                        () = self.seat.news() => {}
                        () = tokio::time::sleep_until(until) => {}
                    }
                }
            }
        }
    }

    /// The next thing to do to the socket, if there is one already.
    pub fn ready(&mut self) -> Option<Outgoing> {
        if let Some(reason) = self.seat.closing() {
            return Some(Outgoing::Close(reason));
        }
        self.handed = None;
        if let Some(text) = self.replies.pop_front() {
            return Some(Outgoing::Text(Bytes::from(text)));
        }
        if self.held_until.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        self.held_until = None;
        loop {
            if self.taken.is_empty() && !self.take() {
                self.seat.close(CloseReason::Slow);
                return Some(Outgoing::Close(CloseReason::Slow));
            }
            if let Some((sequence, frame)) = self.taken.pop_front() {
                self.handed = Some(sequence);
                return Some(Outgoing::Text(frame));
            }
            if self.changes_side() {
                return self.replies.pop_front().map(|text| Outgoing::Text(Bytes::from(text)));
            }
            let frame = self.seat.next_of_legacy()?;
            // A modelled manager has nothing of its own to say where SSOT serves.
            let of_event = matches!(frame.about, About::Event(_));
            if self.legacy(&frame.about) == Legacy::Write
                && (of_event || self.side() == Side::Legacy)
            {
                return Some(Outgoing::Text(frame.text));
            }
        }
    }

    fn tell_gap(&mut self, gap: Gap) {
        count(&self.shared.counts.gaps);
        self.reply(wire::gap(gap));
    }

    /// Says that the last frame that was handed out has been written.
    pub fn written(&mut self) {
        self.unwritten = None;
        if let Some(sequence) = self.handed.take() {
            count(&self.shared.counts.delivered);
            if sequence <= self.backlog {
                count(&self.shared.counts.replayed);
            }
        }
    }

    /// Waits until the connection is to end, for whoever waits for the socket to take a frame.
    pub fn closed(&self) -> impl Future<Output = CloseReason> + Send + 'static {
        let seat = Arc::clone(&self.seat);
        async move { seat.closed().await }
    }

    /// Says that something came from the client, whatever it was.
    pub fn heard(&self) {
        self.seat.heard(self.shared.clock.now());
    }

    /// Queues a frame that is no event. A client that asks without reading is closed.
    pub fn reply(&mut self, text: String) {
        if self.replies.len() == REPLIES_MAX {
            self.seat.close(CloseReason::TooManyMessages);
        } else {
            self.replies.push_back(text);
        }
    }

    /// Lets the connection stay as long as a fresh admission of the same user says.
    pub fn renew(&mut self, admission: &Admission) -> Result<(), OtherUser> {
        if *admission.subject() != self.user.subject {
            return Err(OtherUser);
        }
        self.may_publish = admission.grant().token_type == Some(TokenType::Service);
        self.seat.renew(admission.grant().expires_at);
        Ok(())
    }

    /// Up to where the client says that it has everything.
    pub fn acknowledged(&self) -> Option<Position> {
        self.seat.acknowledged()
    }

    /// Ends the connection, for this reason unless there was another before.
    pub fn end(mut self, reason: CloseReason) {
        self.ended = Some(reason);
    }

    /// Goes on behind `position`. What was taken from the log and not written is taken again.
    fn resume(&mut self, position: Position) {
        let (from, gap, last) = {
            let state = self.user.state.lock();
            let (from, gap) = state.log.resume(position);
            // Under the lock: nothing can be published between the two.
            self.seat.give(state.log.last());
            (from, gap, state.log.end())
        };
        self.taken.clear();
        self.held_until = None;
        self.told = true;
        (self.cursor, self.backlog, self.allowed) = (from, last.after, last.after);
        if let Some(handover) = &mut self.handover {
            handover.resume(from);
        }
        match gap {
            Some(gap) => self.tell_gap(gap),
            None => self.reply(wire::position(Position { epoch: last.epoch, after: from })),
        }
    }

    fn subscribe(&mut self, run: RunId) {
        if self.runs.contains(&run) {
            return;
        }
        if self.runs.len() == self.shared.settings.subscriptions_max as usize {
            self.refuse("too_many_subscriptions", "unsubscribe from a run first");
        } else {
            self.runs.push(run);
        }
    }

    /// Takes the next frames from the log. False when some of them are no longer there.
    fn take(&mut self) -> bool {
        let mut seen = Vec::new();
        let state = self.user.state.lock();
        let last = state.log.last();
        if self.cursor < last && state.log.at(self.cursor.next()).is_none() {
            return false;
        }
        while self.cursor < last && (self.taken.len() as u64) < TAKEN_MAX {
            self.cursor = self.cursor.next();
            let Some(entry) = state.log.at(self.cursor) else { break };
            let of_ssot = match &mut self.handover {
                None => true,
                Some(handover) if self.cursor <= self.backlog => {
                    handover.replay(&entry.id, entry.sequence)
                }
                Some(handover) => handover.entry(&entry.id, entry.sequence),
            };
            if self.watcher.is_some() && self.cursor > self.watched {
                self.watched = self.cursor;
                seen.push(entry.frame.clone());
            }
            let wanted = |run: &RunId| self.runs.is_empty() || self.runs.contains(run);
            if of_ssot && entry.run.as_ref().is_none_or(wanted) {
                self.taken.push_back((entry.sequence, entry.frame.clone()));
            }
        }
        drop(state);
        self.seat.give(self.cursor.max(self.allowed));
        if let Some(watcher) = &self.watcher {
            for frame in seen {
                watcher(&self.seat.connection, &self.user.subject, &frame);
            }
        }
        true
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let now = self.shared.clock.now();
        let seat = &self.seat;
        let mut state = self.user.state.lock();
        state.seats.retain(|other| !Arc::ptr_eq(other, seat));
        if let Some(handover) = self.handover.as_ref().filter(|_| !self.told) {
            let taken = self.taken.front().map(|(sequence, _)| *sequence);
            let unwritten = [self.handed, taken, self.unwritten].into_iter().flatten().min();
            let written = unwritten.map(|first| Sequence(first.0.saturating_sub(1)));
            let watermark = handover.watermark();
            state.leave(written.map_or(watermark, |written| written.min(watermark)), now);
        }
        drop(state);
        self.shared.registry.unseat(&seat.connection);
        let reason = seat.closing().or(self.ended).unwrap_or(CloseReason::Gone);
        self.shared.counts.closed(reason);
    }
}
