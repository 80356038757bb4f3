//! The walk of an event, where there is a legacy manager beside the new one: who serves its user,
//! what legacy makes of it, and whether both deliver the same.
//!
//! Nothing is written to a socket here. Frames of legacy's go back to whoever asked, and from there
//! to the manager, which writes them where legacy serves and swallows them where SSOT does.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::ask::timed;
use super::room::draw;
use crate::compare::Verdict;
use crate::compare::connections::{ConnectionSettings, ConnectionVerdict, Connections};
use crate::compare::events::{
    EventVerdict, Frame, MatchCounts, MatchSettings, Matcher, Outcome, Publication, Seen as Read,
    Sides, Writing, read,
};
use crate::domain::{
    Clock, ComponentId, ConnectionId, Delivery, Event, EventPath, Listening, PathError, Position,
    Side, Standing, Subject, Timestamp, WireShape,
};
use crate::flags::{Facts, Flag, Flags, Plan, Stage};
use crate::ledger::{Book, DeliveryFault, DeliverySeen, Judgement, Ledger, Seen};

/// The legacy manager that stands beside the new one.
#[derive(Clone)]
pub enum Beside {
    /// It is asked what it would send.
    Asked(Arc<dyn EventPath>),
    /// It is a server of its own; what it really sends is seen.
    Observed {
        /// How its frames are laid out; `None` where that is to be recognised.
        shape: Option<WireShape>,
    },
}

/// Routes events while there are two managers.
pub struct Events {
    flags: Arc<Flags>,
    component: ComponentId,
    book: Arc<Book>,
    beside: Beside,
    matcher: Mutex<Matcher>,
    connections: Mutex<Connections>,
    book_of_connections: Arc<Book>,
    clock: Arc<dyn Clock>,
}

/// Whose flags and books these are.
pub struct EventComponents {
    /// Whose flag says who serves, and what deliveries came to.
    pub events: ComponentId,
    /// What connections came to.
    pub connections: ComponentId,
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPlan {
    /// The side whose frames its user gets.
    pub serving: Side,
    /// SSOT keeps it.
    pub asks_ssot: bool,
    /// Legacy is asked, or seen.
    pub asks_legacy: bool,
}

impl Events {
    /// Routes the events of these components.
    pub fn new(
        (flags, ledger): (Arc<Flags>, &Ledger),
        components: EventComponents,
        beside: Beside,
        settings: MatchSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let EventComponents { events: component, connections } = components;
        let (book, book_of_connections) = (ledger.book(&component), ledger.book(&connections));
        let now = clock.now();
        let matcher = Mutex::new(Matcher::new(settings, now));
        let connections = Mutex::new(Connections::new(ConnectionSettings::default(), now));
        Self { flags, component, book, beside, matcher, connections, book_of_connections, clock }
    }

    /// The component whose flag says who serves.
    pub const fn component(&self) -> &ComponentId {
        &self.component
    }

    /// What becomes of an event of this user's. SSOT serves alone where the flag table has no such
    /// component.
    pub fn plan(&self, user: &Subject) -> EventPlan {
        self.with_plan(user, |flag, plan| EventPlan {
            serving: plan.serving,
            asks_ssot: flag.stage != Stage::Off,
            asks_legacy: flag.stage != Stage::Complete,
        })
        .unwrap_or(EventPlan { serving: Side::Ssot, asks_ssot: true, asks_legacy: false })
    }

    fn with_plan<T>(&self, user: &Subject, look: impl FnOnce(&Flag, &Plan) -> T) -> Option<T> {
        let snapshot = self.flags.snapshot();
        let flag = snapshot.flag(self.component.as_str())?;
        let plan = snapshot.plan(flag, &Facts::of_subject(user.as_str()), draw(flag));
        Some(look(flag, &plan))
    }

    /// The side that serves a user's connections.
    pub fn side_of(&self, user: &Subject) -> Side {
        self.plan(user).serving
    }

    /// Says that an event is published.
    pub fn published(&self, event: &Event, position: Option<Position>, plan: &EventPlan) {
        if !plan.asks_legacy {
            return;
        }
        let Some(read) = Read::of(event) else { return };
        // What a side would write is seen of every event: a sample would leave frames unclaimed.
        let asked = if plan.asks_ssot { Sides::BOTH } else { Sides::only(Side::Legacy) };
        let publication =
            Publication { user: &event.user, event: &read, position, asked, at: self.clock.now() };
        let verdicts = self.matcher.lock().published(publication);
        self.record(&verdicts);
    }

    /// What legacy would send because of an event. Nothing where it is a server of its own: that
    /// one sends by itself.
    pub async fn ask(&self, event: &Event, audience: &[Listening]) -> Result<Delivery, PathError> {
        match &self.beside {
            Beside::Asked(path) => timed(path.deliver(event, audience), self.deadline()).await.0,
            Beside::Observed { .. } => Ok(Delivery::default()),
        }
    }

    /// What legacy sends although nothing has happened.
    pub async fn due(&self) -> Result<Delivery, PathError> {
        match &self.beside {
            Beside::Asked(path) => timed(path.due(), self.deadline()).await.0,
            Beside::Observed { .. } => Ok(Delivery::default()),
        }
    }

    /// Says that somebody has connected. What legacy would send because of it.
    pub async fn connected(
        &self,
        connection: &ConnectionId,
        user: &Subject,
        resumes: Option<Position>,
    ) -> Result<Delivery, PathError> {
        let now = self.clock.now();
        let verdicts = self.matcher.lock().connected(connection, user, resumes, now);
        self.record(&verdicts);
        let opened = self.connections.lock().opened(connection, user, now);
        self.record_connections(&opened);
        self.said(Side::Ssot, connection, &Ok(Standing::Connected));
        let Beside::Asked(path) = &self.beside else { return Ok(Delivery::default()) };
        let answer = timed(path.connected(user, connection), self.deadline()).await.0;
        let standing = answer.as_ref().map_err(PathError::clone);
        let standing = standing.map(|delivery| delivery.connection.unwrap_or(Standing::Unknown));
        self.said(Side::Legacy, connection, &standing);
        answer
    }

    /// Says what a side makes of a connection.
    pub fn said(
        &self,
        side: Side,
        connection: &ConnectionId,
        standing: &Result<Standing, PathError>,
    ) {
        let now = self.clock.now();
        let verdicts = self.connections.lock().said(side, connection, standing, now);
        self.record_connections(&verdicts);
    }

    /// Says that a side has ended a connection.
    pub fn closed(&self, side: Side, connection: &ConnectionId, code: Option<u16>) {
        let now = self.clock.now();
        let verdicts = self.connections.lock().closed(side, connection, code, now);
        self.record_connections(&verdicts);
    }

    /// Says that a connection is gone.
    pub async fn disconnected(&self, connection: &ConnectionId) {
        let now = self.clock.now();
        let verdicts = self.matcher.lock().disconnected(connection, now);
        self.record(&verdicts);
        let verdicts = self.connections.lock().gone(connection, now);
        self.record_connections(&verdicts);
        if let Beside::Asked(path) = &self.beside {
            let gone = async {
                path.disconnected(connection).await;
                Ok(())
            };
            // It is gone, whatever legacy makes of it.
            let _told = timed(gone, self.deadline()).await;
        }
    }

    /// Says what a side has written to a connection, or would have. True when it is an event that is
    /// known to be published.
    pub fn wrote(
        &self,
        side: Side,
        connection: &ConnectionId,
        owner: &Subject,
        frame: &Frame,
    ) -> bool {
        let at = self.clock.now();
        let writing = Writing { side, connection, owner, frame, at };
        let verdicts = self.matcher.lock().written(writing);
        self.record(&verdicts);
        let of_this =
            |verdict: &&EventVerdict| verdict.side == side && verdict.connection == *connection;
        let is_known = |verdict: &EventVerdict| match verdict.outcome {
            Outcome::Match
            | Outcome::Uncertain
            | Outcome::Repeated
            | Outcome::Reordered
            | Outcome::BodyDiffers(_)
            | Outcome::Late => true,
            Outcome::Lost | Outcome::Misdelivered | Outcome::Unexpected => false,
        };
        verdicts.iter().filter(of_this).any(is_known)
    }

    /// What a frame of a side's turns out to be.
    pub fn read(&self, side: Side, text: &str) -> Frame {
        let shape = match (&self.beside, side) {
            (_, Side::Ssot) => Some(WireShape::Target),
            (Beside::Observed { shape }, Side::Legacy) => *shape,
            (Beside::Asked(_), Side::Legacy) => None,
        };
        read(text, shape)
    }

    /// True where legacy is a server of its own.
    pub const fn is_observed(&self) -> bool {
        matches!(self.beside, Beside::Observed { .. })
    }

    /// Judges what is due by now. Twice a second is often enough.
    pub fn tick(&self) {
        let now = self.clock.now();
        let verdicts = self.matcher.lock().tick(now);
        self.record(&verdicts);
        let verdicts = self.connections.lock().tick(now);
        self.record_connections(&verdicts);
    }

    /// What was seen so far.
    pub fn counts(&self) -> MatchCounts {
        *self.matcher.lock().counts()
    }

    fn deadline(&self) -> Duration {
        let snapshot = self.flags.snapshot();
        let flag = snapshot.flag(self.component.as_str());
        flag.map_or(Duration::from_secs(1), |flag| {
            Duration::from_millis(u64::from(flag.deadline_ms))
        })
    }

    fn record(&self, verdicts: &[EventVerdict]) {
        let now = self.clock.now();
        for verdict in verdicts {
            self.record_one(verdict, now);
        }
    }

    fn record_one(&self, verdict: &EventVerdict, now: Timestamp) {
        let class = verdict.outcome.class();
        let planned = self.with_plan(&verdict.user, |flag, plan| {
            let accepted = class.and_then(|class| {
                // Reasons and claims are of questions; a difference of events has none.
                let mut covering = flag.accepted_as(class.code(), (None, None), "", now);
                covering.find(|each| self.book.accept(&each.name, each.max_per_hour, now))
            });
            (plan.serving, plan.subject, accepted.is_some())
        });
        let Some((serving, subject, accepted)) = planned else { return };
        let judgement = match class {
            Some(class) => Judgement::Differs { class, accepted },
            None if verdict.outcome == Outcome::Match => Judgement::Match,
            // Of what nobody has published, or nobody can tell, nothing follows.
            None => return,
        };
        let served = (verdict.side == serving).then_some(serving);
        self.book.judged(now, served, judgement);
        // What is only shadowed reaches nobody, and harms nobody; but that it would have gone to
        // somebody else is worth an alarm before it does.
        let leaks = verdict.outcome == Outcome::Misdelivered;
        if served.is_some() || (leaks && verdict.side == Side::Ssot) {
            let fault = fault(&verdict.outcome);
            let seen = DeliverySeen { at: now, arm: verdict.side, subject, fault };
            self.book.show(Seen::Delivery(seen), fault.is_some());
        }
    }

    fn record_connections(&self, verdicts: &[ConnectionVerdict]) {
        let now = self.clock.now();
        for verdict in verdicts {
            let judgement = match &verdict.verdict {
                Verdict::Match => Judgement::Match,
                Verdict::Mismatch(mismatch) => {
                    Judgement::Differs { class: mismatch.class, accepted: false }
                }
                Verdict::Inconclusive(why) => Judgement::Inconclusive(*why),
            };
            self.book_of_connections.judged(now, None, judgement);
        }
    }
}

fn fault(outcome: &Outcome) -> Option<DeliveryFault> {
    match outcome {
        Outcome::Lost => Some(DeliveryFault::Lost),
        Outcome::Repeated => Some(DeliveryFault::Repeated),
        Outcome::Reordered => Some(DeliveryFault::Gap),
        Outcome::Misdelivered => Some(DeliveryFault::Misdelivered),
        Outcome::Match
        | Outcome::Uncertain
        | Outcome::BodyDiffers(_)
        | Outcome::Late
        | Outcome::Unexpected => None,
    }
}
