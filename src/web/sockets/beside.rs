//! Events while there is a legacy manager beside the new one: each goes to both, and to sockets from
//! whichever serves.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use parking_lot::Mutex;

use super::SocketDoor;
use super::refused::NotLetIn;
use super::upgrade::WireLimits;
use crate::compare::events::{Frame, Seen};
use crate::domain::{
    ConnectionId, Delivery, Event, EventId, PathError, Position, RunId, Side, Standing, Subject,
};
use crate::legacy::tunnel::{Tunnel, TunnelSocket};
use crate::shadow::{EventPlan, Events};
use crate::sockets::{About, Beside, LegacyFrame, PublishError, Published, Watcher, new_event};

/// Names of events that legacy has taken are remembered, so many of them.
const TAKEN_MAX: usize = 20_000;

/// Where legacy serves, SSOT's disk may take so long; the events are legacy's alone then.
const SSOT_TIME: Duration = Duration::from_secs(1);

/// Legacy's manager.
pub struct OldManager {
    /// Who serves, and how both compare.
    pub events: Arc<Events>,
    /// The server that it is, where it is one of its own.
    pub tunnel: Option<Tunnel>,
    taken: Mutex<Names>,
    /// Legacy is asked about one event of a user at a time; users share these by hash.
    asking: Vec<tokio::sync::Mutex<()>>,
}

/// Locks under which legacy is asked.
const ASKING_LOCKS: usize = 64;

/// The last few names of many.
#[derive(Default)]
struct Names {
    known: HashSet<(Subject, EventId)>,
    order: VecDeque<(Subject, EventId)>,
}

/// What came of an event.
#[derive(Debug)]
pub(super) enum Taken {
    /// SSOT keeps it.
    Kept(Published),
    /// Legacy alone has it: SSOT is not asked, or could not keep it and does not serve.
    ByLegacy(EventId),
}

/// Why an event is not taken: the side that serves its user cannot take it.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotTaken {
    #[error(transparent)]
    Ssot(#[from] PublishError),
    #[error("legacy: {0}")]
    Legacy(PathError),
}

impl OldManager {
    /// The manager behind these.
    pub fn new(events: Arc<Events>, tunnel: Option<Tunnel>) -> Self {
        let asking = (0..ASKING_LOCKS).map(|_| tokio::sync::Mutex::default()).collect();
        Self { events, tunnel, taken: Mutex::default(), asking }
    }

    fn asking(&self, user: &Subject) -> &tokio::sync::Mutex<()> {
        let mut hasher = DefaultHasher::new();
        user.hash(&mut hasher);
        let place = hasher.finish() % ASKING_LOCKS as u64;
        // Below 64.
        &self.asking[usize::try_from(place).unwrap_or(0)]
    }

    fn has_taken(&self, event: &Event) -> bool {
        let Some(id) = &event.id else { return false };
        self.taken.lock().known.contains(&(event.user.clone(), id.clone()))
    }

    fn note_taken(&self, event: &Event) {
        let Some(id) = event.id.clone() else { return };
        let (mut names, name) = (self.taken.lock(), (event.user.clone(), id));
        if !names.known.insert(name.clone()) {
            return;
        }
        names.order.push_back(name);
        if names.order.len() > TAKEN_MAX
            && let Some(oldest) = names.order.pop_front()
        {
            names.known.remove(&oldest);
        }
    }
}

impl SocketDoor {
    /// Publishes events, in this order. Once begun it is done, whether or not somebody waits for it:
    /// an event that one side has must not stay without the other.
    pub(super) async fn publish(
        self: &Arc<Self>,
        events: Vec<Event>,
    ) -> Vec<Result<Taken, NotTaken>> {
        if self.old.is_none() {
            let results = self.manager.publish_all(events).await;
            return results.into_iter().map(|result| Ok(Taken::Kept(result?))).collect();
        }
        let (here, count) = (Arc::clone(self), events.len());
        let published = tokio::spawn(async move { here.publish_to_both(events).await }).await;
        published.unwrap_or_else(|_| {
            (0..count).map(|_| Err(NotTaken::Legacy(PathError::Panicked))).collect()
        })
    }

    /// Gives SSOT what legacy's server has sent, where it is asked to keep that; however long it takes.
    pub(super) async fn feed(&self, events: Vec<Event>) -> Vec<Result<(), PublishError>> {
        let Some(old) = &self.old else { return Vec::new() };
        let mut results = Vec::with_capacity(events.len());
        let mut asked = Vec::with_capacity(events.len());
        for event in events {
            let plan = old.events.plan(&event.user);
            if plan.asks_legacy && !old.has_taken(&event) {
                old.events.published(&event, None, &plan);
                old.note_taken(&event);
            }
            results.push(plan.asks_ssot);
            if plan.asks_ssot {
                asked.push(event);
            }
        }
        let mut kept = self.manager.publish_all(asked).await.into_iter();
        let kept =
            |asked| if asked { kept.next().map_or(Ok(()), |kept| kept.map(drop)) } else { Ok(()) };
        results.into_iter().map(kept).collect()
    }

    async fn publish_to_both(
        self: Arc<Self>,
        mut events: Vec<Event>,
    ) -> Vec<Result<Taken, NotTaken>> {
        let Some(old) = &self.old else { return Vec::new() };
        for event in &mut events {
            // Both sides call it the same.
            event.id.get_or_insert_with(new_event);
        }
        let plans: Vec<_> = events.iter().map(|event| old.events.plan(&event.user)).collect();
        // A user is on one side; neither side's users wait for the other side.
        let (of_legacy, of_ssot) = tokio::join!(
            self.serve_by_legacy(old, &events, &plans),
            self.keep(&events, &plans, Side::Ssot),
        );
        let mut taken = Vec::with_capacity(events.len());
        let mut to_ask = Vec::new();
        let sides = of_legacy.into_iter().zip(of_ssot);
        for ((event, plan), (of_legacy, of_ssot)) in events.into_iter().zip(&plans).zip(sides) {
            if let Some(Ok(published)) = &of_ssot
                && plan.asks_legacy
            {
                to_ask.push((event, published.position, *plan));
            }
            taken.push(match (of_legacy, of_ssot) {
                (Some(of_legacy), _) => of_legacy,
                (None, Some(of_ssot)) => of_ssot.map(Taken::Kept).map_err(NotTaken::Ssot),
                (None, None) => Err(NotTaken::Ssot(PublishError::Busy)),
            });
        }
        if !to_ask.is_empty() {
            self.ask_behind(to_ask);
        }
        taken
    }

    /// The events that legacy serves: asked first, and its word counts. What SSOT keeps as well is told
    /// with its place in the log. `None` for the others.
    async fn serve_by_legacy(
        &self,
        old: &OldManager,
        events: &[Event],
        plans: &[EventPlan],
    ) -> Vec<Option<Result<Taken, NotTaken>>> {
        let mut answers = Vec::with_capacity(events.len());
        for (event, plan) in events.iter().zip(plans) {
            answers.push(match plan.serving {
                Side::Legacy => Some(self.ask_legacy(old, event, None, plan).await),
                Side::Ssot => None,
            });
        }
        let kept = self.keep(events, plans, Side::Legacy).await;
        let answers = answers.into_iter().zip(kept).zip(events);
        answers
            .map(|((answer, kept), event)| {
                let id = event.id.clone().unwrap_or_else(new_event);
                let taken = match kept {
                    Some(Ok(published)) => Taken::Kept(published),
                    Some(Err(_)) | None => Taken::ByLegacy(id),
                };
                Some(answer?.map(|()| taken).map_err(NotTaken::Legacy))
            })
            .collect()
    }

    /// Has SSOT keep what it is asked to keep of the events that this side serves. `None` for the
    /// others, and for what it did not say in time where nobody waits for it.
    async fn keep(
        &self,
        events: &[Event],
        plans: &[EventPlan],
        served_by: Side,
    ) -> Vec<Option<Result<Published, PublishError>>> {
        let is_asked = |plan: &EventPlan| plan.serving == served_by && plan.asks_ssot;
        let asked = events.iter().zip(plans).filter(|(_, plan)| is_asked(plan));
        let asked: Vec<Event> = asked.map(|(event, _)| event.clone()).collect();
        let keeping = self.manager.publish_all(asked);
        let kept = match served_by {
            Side::Legacy => tokio::time::timeout(SSOT_TIME, keeping).await.unwrap_or_default(),
            Side::Ssot => keeping.await,
        };
        let mut kept = kept.into_iter();
        plans.iter().map(|plan| if is_asked(plan) { kept.next() } else { None }).collect()
    }

    /// Asks legacy about events that SSOT serves, while nobody waits for it. In their order.
    fn ask_behind(self: Arc<Self>, events: Vec<(Event, Position, EventPlan)>) {
        let Ok(place) = Arc::clone(&self.asking).try_acquire_owned() else {
            if let Some(old) = &self.old {
                for (event, position, plan) in &events {
                    old.events.published(event, Some(*position), plan);
                }
            }
            let shed = u64::try_from(events.len()).unwrap_or(u64::MAX);
            return self.counts.add(super::SocketEvent::LegacyNotAsked, shed);
        };
        tokio::spawn(async move {
            let Some(old) = &self.old else { return };
            for (event, position, plan) in events {
                let asked = self.ask_legacy(old, &event, Some(position), &plan).await;
                if let Err(error) = asked {
                    tracing::debug!(%error, "legacy does not say whom it would send an event to");
                }
            }
            drop(place);
        });
    }

    /// Asks legacy whom it would send the event to, and offers that to the sockets. Once for each
    /// event that it takes.
    async fn ask_legacy(
        &self,
        old: &OldManager,
        event: &Event,
        position: Option<Position>,
        plan: &EventPlan,
    ) -> Result<(), PathError> {
        // Whoever publishes again while the first try is under way waits for it.
        let _asking = old.asking(&event.user).lock().await;
        if old.has_taken(event) {
            return Ok(());
        }
        old.events.published(event, position, plan);
        let audience = self.manager.audience(&event.user);
        let delivery = old.events.ask(event, &audience).await?;
        old.note_taken(event);
        self.offer(old, delivery, Some(event));
        Ok(())
    }

    /// Hands what legacy would write to the manager, which knows who serves. What has no name and is
    /// of the kind and run of the event that was asked about is that event.
    fn offer(&self, old: &OldManager, delivery: Delivery, of: Option<&Event>) {
        for frame in delivery.frames {
            let Some(owner) = self.manager.owner(&frame.connection) else { continue };
            let read = old.events.read(Side::Legacy, &frame.text);
            old.events.wrote(Side::Legacy, &frame.connection, &owner, &read);
            let about = match &read {
                Frame::Event(seen) => match seen.id.clone().or_else(|| name_of(seen, of)) {
                    Some(id) => About::Event(id),
                    None => About::Nameless { known: true },
                },
                Frame::NotAnEvent | Frame::Unreadable(_) => About::Nothing,
            };
            let text = Bytes::copy_from_slice(frame.text.as_bytes());
            self.manager.offer(&frame.connection, LegacyFrame { about, text });
        }
    }

    /// The bounds of a socket: where legacy has a server of its own, its frames must fit.
    pub(super) fn wire(&self) -> WireLimits {
        let mut limits = self.settings.wire();
        let tunnel = self.old.as_ref().and_then(|old| old.tunnel.as_ref());
        let largest = tunnel.map_or(0, Tunnel::message_bytes_max);
        limits.frame_bytes_max = limits.frame_bytes_max.max(largest);
        limits
    }

    /// How a connection of this user is served; `None` where there is no legacy manager.
    pub(super) fn beside(&self, user: &Subject) -> Option<Beside> {
        let old = self.old.as_ref()?;
        let events = Arc::clone(&old.events);
        let watcher: Watcher = Arc::new(move |connection, owner, frame| {
            if let Ok(text) = std::str::from_utf8(frame) {
                events.wrote(Side::Ssot, connection, owner, &events.read(Side::Ssot, text));
            }
        });
        let (side, greets) = (old.events.side_of(user), old.tunnel.is_none());
        Some(Beside { side, greets, watcher })
    }

    /// Says that somebody has connected.
    pub(super) async fn connected(
        &self,
        connection: &ConnectionId,
        user: &Subject,
        resumes: Option<Position>,
    ) {
        let Some(old) = &self.old else { return };
        match old.events.connected(connection, user, resumes).await {
            Ok(delivery) => self.offer(old, delivery, None),
            Err(error) => tracing::debug!(%error, "legacy was not told of a connection"),
        }
        // The flag may have moved while the connection was made.
        self.manager.assign_user(user, old.events.side_of(user));
    }

    /// Says what legacy's server makes of a connection.
    pub(super) fn server_said(
        &self,
        connection: &ConnectionId,
        server: &Result<Option<TunnelSocket>, NotLetIn>,
    ) {
        let Some(OldManager { events, tunnel: Some(_), .. }) = &self.old else { return };
        let standing = match server {
            Ok(Some(_)) => Ok(Standing::Connected),
            Err(NotLetIn::ByServer(401 | 403 | 404 | 429)) => Ok(Standing::Refused),
            Ok(None) | Err(_) => Err(PathError::Unreachable("the server takes no socket".into())),
        };
        events.said(Side::Legacy, connection, &standing);
    }

    /// What tells the legacy manager, if there is one, that a connection is gone.
    pub(super) fn leaving(&self, connection: &ConnectionId) -> Option<Leaving> {
        let events = Arc::clone(&self.old.as_ref()?.events);
        Some(Leaving { events, connection: connection.clone() })
    }

    /// Offers what has become due in legacy's manager, and judges what is due by now. Once a second
    /// is often enough.
    pub async fn look_at_old(&self) {
        let Some(old) = &self.old else { return };
        match old.events.due().await {
            Ok(delivery) => self.offer(old, delivery, None),
            Err(error) => tracing::debug!(%error, "legacy does not say what has become due"),
        }
        old.events.tick();
    }

    /// Serves every connection by the side that its user's flag says.
    pub fn assign(&self) {
        if let Some(old) = &self.old {
            self.manager.assign(|user| old.events.side_of(user));
        }
    }
}

/// The name of the event that legacy was asked about, if the frame is that event.
fn name_of(seen: &Seen, of: Option<&Event>) -> Option<EventId> {
    let event = of.filter(|event| {
        event.kind == seen.kind && same_run(event.run.as_ref(), seen.run.as_ref())
    })?;
    event.id.clone()
}

fn same_run(one: Option<&RunId>, other: Option<&RunId>) -> bool {
    one.is_none() || other.is_none() || one == other
}

/// Says to legacy that a connection is gone, when it is dropped.
pub(super) struct Leaving {
    events: Arc<Events>,
    connection: ConnectionId,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let (events, connection) = (Arc::clone(&self.events), self.connection.clone());
        tokio::spawn(async move { events.disconnected(&connection).await });
    }
}
