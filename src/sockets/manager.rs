//! The room's handle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::close_reason::CloseReason;
use super::committer::{Committer, Draft, Job};
use super::connection::{Begin, Beside, Connection, Resume};
use super::counts::{Counts, Stats, count};
use super::error::{AttachError, PublishError, SocketsError};
use super::journal::Journal;
use super::registry::{NoSeat, NotLoaded, Registry};
use super::runs::Anomaly;
use super::seat::{LegacyFrame, Seat};
use super::settings::Settings;
use super::tending::Sweep;
use super::user::User;
use super::wire::{FrameHead, tool_name};
use crate::domain::{
    Admission, Clock, ConnectionId, Event, EventId, EventKind, Listening, Position, Side, Subject,
};
use crate::store::{Store, StoreError};

/// The one manager. Cheap to clone.
#[derive(Clone)]
pub struct Manager {
    shared: Arc<Shared>,
}

/// What all handles share.
pub(super) struct Shared {
    pub registry: Registry,
    pub journal: Arc<Journal>,
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub counts: Arc<Counts>,
    pub sweep: Sweep,
    jobs: mpsc::Sender<Job>,
    keeps: Arc<AtomicBool>,
    ending: Arc<Notify>,
    committing: Mutex<Option<JoinHandle<()>>>,
}

/// An event that is accepted: on the disk, and on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The event's own place in its user's log.
    pub position: Position,
    /// Its name; made here when it came without one.
    pub event: EventId,
    /// It had been published before under this name, and is not given again.
    pub duplicate: bool,
    /// Rules of its run that it breaks. It is delivered all the same.
    pub anomalies: Vec<Anomaly>,
}

impl Manager {
    /// Opens the logs.
    pub async fn open(
        store: &Store,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SocketsError> {
        let journal = Arc::new(Journal::open(store, clock.now()).await?);
        let (jobs, waiting) = mpsc::channel(settings.publishing_max as usize);
        let (counts, ending) = (Arc::new(Counts::default()), Arc::new(Notify::new()));
        let committer = Committer {
            jobs: waiting,
            journal: Arc::clone(&journal),
            settings: settings.clone(),
            counts: Arc::clone(&counts),
            ending: Arc::clone(&ending),
        };
        let keeps = Arc::new(AtomicBool::new(true));
        let ends = Ends(Arc::clone(&keeps));
        let committing = tokio::spawn(async move {
            committer.run().await;
            drop(ends);
        });
        let committing = Mutex::new(Some(committing));
        let (registry, sweep) = (Registry::new(), Sweep::default());
        let shared = Shared {
            registry,
            journal,
            settings,
            clock,
            counts,
            sweep,
            jobs,
            keeps,
            ending,
            committing,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Attaches a connection of whoever was admitted. This manager alone serves it.
    pub async fn attach(
        &self,
        admission: &Admission,
        resume: Resume,
    ) -> Result<Connection, AttachError> {
        self.shared.attach(admission, resume, None).await
    }

    /// Attaches a connection beside which there is a legacy manager, until [`Manager::assign`] says
    /// otherwise served as `beside` says. Without a position it goes on where the user's last one
    /// has ended.
    pub async fn attach_beside(
        &self,
        admission: &Admission,
        resume: Resume,
        beside: Beside,
    ) -> Result<Connection, AttachError> {
        self.shared.attach(admission, resume, Some(beside)).await
    }

    /// Says by which side each user is served from now on, where there is a legacy manager.
    pub fn assign(&self, side_of: impl Fn(&Subject) -> Side) {
        for user in self.shared.registry.users() {
            let side = side_of(&user.subject);
            for seat in &user.state.lock().seats {
                seat.assign(side);
            }
        }
    }

    /// The same for one user.
    pub fn assign_user(&self, user: &Subject, side: Side) {
        if let Some(user) = self.shared.registry.present(user) {
            for seat in &user.state.lock().seats {
                seat.assign(side);
            }
        }
    }

    /// Hands over a frame that legacy would write to a connection. It is written where legacy serves
    /// the connection, and SSOT has not written the event. False when there is no such connection.
    pub fn offer(&self, connection: &ConnectionId, frame: LegacyFrame) -> bool {
        let Some(seat) = self.shared.registry.find(connection) else { return false };
        seat.offer(frame, self.shared.settings.queue_max);
        true
    }

    /// Whose connection that is.
    pub fn owner(&self, connection: &ConnectionId) -> Option<Subject> {
        Some(self.shared.registry.find(connection)?.user.clone())
    }

    /// A user's open connections, and whether frames get through to them.
    pub fn audience(&self, user: &Subject) -> Vec<Listening> {
        let Some(user) = self.shared.registry.present(user) else { return Vec::new() };
        let state = user.state.lock();
        let last = state.log.last();
        state
            .seats
            .iter()
            .map(|seat| seat.listening(last, self.shared.settings.queue_max))
            .collect()
    }

    /// Accepts an event: returns when it is on the disk and on its way.
    pub async fn publish(&self, event: Event) -> Result<Published, PublishError> {
        let answer = self.shared.submit(event).await?;
        answer.await.unwrap_or(Err(PublishError::Store(StoreError::Closed)))
    }

    /// Accepts events in this order, each for itself.
    pub async fn publish_all(&self, events: Vec<Event>) -> Vec<Result<Published, PublishError>> {
        let mut submitted = Vec::with_capacity(events.len());
        for event in events {
            submitted.push(self.shared.submit(event).await);
        }
        let mut results = Vec::with_capacity(submitted.len());
        for answer in submitted {
            results.push(match answer {
                Ok(answer) => answer.await.unwrap_or(Err(PublishError::Store(StoreError::Closed))),
                Err(error) => Err(error),
            });
        }
        results
    }

    /// Ends a connection. False when there is none of that name, or it ends already.
    pub fn close(&self, connection: &ConnectionId, reason: CloseReason) -> bool {
        self.shared.registry.find(connection).is_some_and(|seat| seat.close(reason))
    }

    /// Ends every connection of a user; how many.
    pub fn close_user(&self, user: &Subject, reason: CloseReason) -> usize {
        let Some(user) = self.shared.registry.present(user) else { return 0 };
        let seats = user.state.lock().seats.clone();
        seats.iter().filter(|seat| seat.close(reason)).count()
    }

    /// Takes nobody and nothing any more, and tells every client to connect again. What was
    /// accepted is kept.
    pub fn shutdown(&self) {
        for seat in self.shared.registry.close() {
            seat.close(CloseReason::Restart);
        }
    }

    /// Ends the work behind a [shutdown](Self::shutdown): returns when what was accepted is on the
    /// disk and nothing more is written.
    pub async fn end(&self) {
        self.shutdown();
        self.shared.ending.notify_one();
        let committing = self.shared.committing.lock().take();
        if let Some(committing) = committing {
            // One that panicked has said so already, and keeps nothing any more.
            let _ended = committing.await;
        }
    }

    /// What the room has done, and what it holds.
    pub fn stats(&self) -> Stats {
        let Shared { registry, counts, jobs, keeps, .. } = &*self.shared;
        let (users, retained) = registry.sizes();
        Stats {
            connections: registry.connections() as u64,
            users: users as u64,
            retained: retained as u64,
            publishing: (jobs.max_capacity() - jobs.capacity()) as u64,
            keeps: keeps.load(Ordering::Acquire),
            ..counts.stats()
        }
    }
}

impl Shared {
    async fn attach(
        self: &Arc<Self>,
        admission: &Admission,
        resume: Resume,
        beside: Option<Beside>,
    ) -> Result<Connection, AttachError> {
        if self.registry.is_closed() {
            return Err(AttachError::ShuttingDown);
        }
        let user = self.user(admission.subject()).await?;
        let mut state = user.state.lock();
        if state.seats.len() >= self.settings.connections_per_user_max as usize {
            return Err(AttachError::TooManyOfUser);
        }
        let (now, end) = (self.clock.now(), state.log.end());
        let goes_on = beside.is_some() && resume == Resume::Now;
        let left = if goes_on { state.left(now) } else { None };
        let (from, gap) = match left {
            Some(after) => state.log.resume(Position { after, ..end }),
            None => (end.after, None),
        };
        let expires_at = admission.grant().expires_at;
        let side = beside.as_ref().map_or(Side::Ssot, |beside| beside.side);
        let seat = Arc::new(Seat::new(user.subject.clone(), end.after, expires_at, (side, now)));
        self.registry.seat(&seat, self.settings.connections_max)?;
        if left.is_some() {
            state.left.pop_back();
        }
        state.seats.push(Arc::clone(&seat));
        state.used_at = now;
        drop(state);
        count(&self.counts.attached);
        let begin = Begin { end, from, gap, resume, beside };
        Ok(Connection::new(Arc::clone(self), user, seat, admission, begin))
    }

    async fn user(&self, subject: &Subject) -> Result<Arc<User>, NotLoaded> {
        let limits = (self.settings.users_max, self.settings.retained_for);
        self.registry.user(subject, &self.journal, &*self.clock, limits).await
    }

    /// Hands an event to the committer; the answer comes later.
    async fn submit(
        &self,
        event: Event,
    ) -> Result<oneshot::Receiver<Result<Published, PublishError>>, PublishError> {
        if self.registry.is_closed() {
            return Err(PublishError::ShuttingDown);
        }
        let user = self.user(&event.user).await.map_err(|error| {
            count(&self.counts.refused);
            PublishError::from(error)
        })?;
        let (answer, answered) = oneshot::channel();
        let draft = draft(event, &*self.clock);
        let job = Job { user, draft, answer };
        let sent = self.jobs.send_timeout(job, self.settings.publishing_wait).await;
        sent.map_err(|error| {
            count(&self.counts.refused);
            match error {
                SendTimeoutError::Timeout(_) => PublishError::Busy,
                SendTimeoutError::Closed(_) => PublishError::Store(StoreError::Closed),
            }
        })?;
        Ok(answered)
    }
}

fn draft(event: Event, clock: &dyn Clock) -> Draft {
    let at = clock.now();
    let id = event.id.clone().unwrap_or_else(new_event);
    let head = FrameHead::new(&event, &id, at);
    let of_tool = matches!(event.kind, EventKind::ToolExecuting | EventKind::ToolCompleted);
    let tool = of_tool.then(|| tool_name(event.payload.text())).flatten();
    Draft { at, id, kind: event.kind, run: event.run, number: event.number, tool, head }
}

/// A name for an event that nobody else has.
pub fn new_event() -> EventId {
    // 34 printable characters: always a name.
    let name = EventId::parse(&format!("x-{:032x}", rand::random::<u128>()));
    name.unwrap_or_else(|| unreachable!("digits are a name"))
}

/// Says, when it is dropped, that events are no longer kept.
struct Ends(Arc<AtomicBool>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl From<NotLoaded> for AttachError {
    fn from(error: NotLoaded) -> Self {
        match error {
            NotLoaded::TooManyUsers => Self::TooManyUsers,
            NotLoaded::Store(error) => Self::Store(error),
        }
    }
}

impl From<NotLoaded> for PublishError {
    fn from(error: NotLoaded) -> Self {
        match error {
            NotLoaded::TooManyUsers => Self::TooManyUsers,
            NotLoaded::Store(error) => Self::Store(error),
        }
    }
}

impl From<NoSeat> for AttachError {
    fn from(error: NoSeat) -> Self {
        match error {
            NoSeat::Full => Self::TooMany,
            NoSeat::Closed => Self::ShuttingDown,
        }
    }
}
