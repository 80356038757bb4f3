//! A client, the legacy server behind this one, and the manager: whose frame the client gets is
//! the manager's ruling; everything that is no event goes through untouched.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;

use super::feed::Feed;
use super::member::Member;
use crate::compare::events::{Frame as Read, Seen};
use crate::domain::{Event, EventId, Fingerprint, Side};
use crate::legacy::tunnel::{Carried, Source, TunnelSocket};
use crate::shadow::Events;
use crate::sockets::{About, CloseReason, Connection, Legacy, Outgoing};

/// Different events without a name that are counted on one connection.
const NAMELESS_MAX: usize = 1_024;

/// While the server is not heard, it is looked this often whether it may be.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A client and the legacy server.
pub(super) struct Tunnelled {
    pub member: Member,
    events: Arc<Events>,
    /// Where SSOT is given what legacy sends.
    feed: Option<Feed>,
    /// `None` once it is gone.
    server: Option<TunnelSocket>,
    nameless: Nameless,
    /// What the server has said at its end.
    said: Option<(u16, String)>,
}

/// How often legacy has sent each event that has no name; the latest of them.
#[derive(Default)]
struct Nameless {
    counts: HashMap<Fingerprint, u32>,
    order: VecDeque<Fingerprint>,
}

/// What is to be done to the client's socket.
pub(super) enum Passed {
    Text(Bytes),
    Binary(Bytes),
    Close(CloseReason),
}

impl Tunnelled {
    pub fn new(
        member: Member,
        events: Arc<Events>,
        source: Source,
        server: Option<TunnelSocket>,
    ) -> Self {
        let feed = match (source, &server) {
            (Source::Tunnel, Some(_)) => Some(Feed::start(member.sockets())),
            (Source::App, _) | (Source::Tunnel, None) => None,
        };
        Self { member, events, feed, server, nameless: Nameless::default(), said: None }
    }

    /// What comes next for the client. Nothing is lost when the wait is given up.
    pub async fn next(&mut self) -> Passed {
        loop {
            if self.is_cut_off() {
                return Passed::Close(CloseReason::Ended);
            }
            if let Some(outgoing) = self.member.connection.ready() {
                return outgoing.into();
            }
            // What SSOT cannot take yet waits in the server, where SSOT serves. Legacy never waits.
            let connection = &mut self.member.connection;
            let by_ssot = connection.side() == Side::Ssot;
            let full = self.feed.as_ref().filter(|feed| by_ssot && !feed.has_room());
            let hears = full.is_none() && !connection.leaves_ssot();
            let server = &mut self.server;
            let carried = tokio::select! {
                biased;
                outgoing = connection.next() => return outgoing.into(),
                () = room(full), if full.is_some() => continue,
                // Who serves may change while nothing is said.
                () = tokio::time::sleep(LOOK_AGAIN), if !hears || server.is_none() => continue,
                carried = hear(server), if hears => carried,
            };
            if let Some(passed) = self.carry(carried) {
                return passed;
            }
        }
    }

    /// True when nobody can send the client an event any more: it had better come again.
    fn is_cut_off(&self) -> bool {
        let needs_server = self.feed.is_some() || self.member.connection.side() == Side::Legacy;
        self.server.is_none() && needs_server
    }

    /// What the manager has for the client already. What the server has waits for its turn.
    pub fn ready(&mut self) -> Option<Passed> {
        self.member.connection.ready().map(Passed::from)
    }

    /// What the server has said at its end, for a client that legacy served to it.
    pub fn said(&mut self) -> Option<(u16, String)> {
        self.said.take().filter(|_| self.member.connection.side() == Side::Legacy)
    }

    fn carry(&mut self, carried: Option<Carried>) -> Option<Passed> {
        match carried {
            Some(Carried::Text(text)) => self.rule(&text).then_some(Passed::Text(text)),
            // Some servers send their JSON as bytes.
            Some(Carried::Binary(bytes)) => self.rule(&bytes).then_some(Passed::Binary(bytes)),
            Some(Carried::Close(said)) => {
                let code = said.as_ref().map(|(code, _)| *code);
                self.events.closed(Side::Legacy, self.member.connection.id(), code);
                self.said = said;
                self.server = None;
                None
            }
            None => {
                self.server = None;
                None
            }
        }
    }

    /// Whether the client gets a frame of the server's.
    fn rule(&mut self, frame: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(frame) else { return true };
        let read = self.events.read(Side::Legacy, text);
        let connection = &self.member.connection;
        let known = self.events.wrote(Side::Legacy, connection.id(), connection.user(), &read);
        let Read::Event(seen) = read else { return true };
        let about = if self.feed.is_some() {
            self.fed(&seen)
        } else if let Some(id) = seen.id.clone() {
            About::Event(id)
        } else {
            let of_run = seen.run.as_ref().is_some_and(|run| connection.knows_run(run));
            About::Nameless { known: known || of_run }
        };
        self.member.connection.legacy(&about) == Legacy::Write
    }

    /// Gives SSOT what legacy has sent. What it cannot be given is the client's, whoever serves.
    fn fed(&mut self, seen: &Seen) -> About {
        let event = self.event_of(seen);
        let id = event.as_ref().and_then(|event| event.id.clone());
        let fed = match (event, &self.feed) {
            (Some(event), Some(feed)) => feed.take(event),
            (Some(_), None) | (None, _) => false,
        };
        if !fed {
            self.member.count_not_fed();
        }
        match id {
            // Remembered as written also where SSOT is not given it: another socket may feed it.
            Some(id) if fed || self.member.connection.side() == Side::Legacy => About::Event(id),
            Some(_) | None => About::Nothing,
        }
    }

    /// The event that the server has sent; `None` for one that nobody could publish.
    fn event_of(&mut self, seen: &Seen) -> Option<Event> {
        let name = seen.id.clone().or_else(|| self.name(seen))?;
        let mut event = serde_json::json!({
            "type": seen.kind.as_str(),
            "event_id": name.as_str(),
            "user_id": self.member.connection.user().as_str(),
            "payload": seen.payload,
        });
        let told = [
            ("run_id", seen.run.as_ref().map(|run| run.as_str().into())),
            ("thread_id", seen.thread.as_ref().map(|thread| thread.as_str().into())),
            ("agent_name", seen.agent.as_deref().map(serde_json::Value::from)),
            ("seq", seen.number.filter(|number| *number > 0).map(serde_json::Value::from)),
            ("timestamp", seen.at.map(|at| at.rfc3339().into())),
        ];
        for (field, value) in told {
            if let Some(value) = value {
                event[field] = value;
            }
        }
        let event = Event::parse(event.to_string().as_bytes());
        event.inspect_err(|fault| tracing::debug!(%fault, "legacy sent an odd event")).ok()
    }

    /// A name for an event that came without one: the same on every socket of its user that has
    /// seen the same events.
    fn name(&mut self, seen: &Seen) -> Option<EventId> {
        let run = seen.run.as_ref().map_or("", |run| run.as_str());
        let payload = serde_json::to_string(&seen.payload).ok()?;
        let content =
            Fingerprint::of_content(format!("{run}\0{}\0{payload}", seen.kind).as_bytes());
        let occurrence = self.nameless.one_more(content);
        EventId::parse(&format!("t-{content}-{occurrence}"))
    }

    /// Takes what the client says: to the server, unless it is about this manager's own.
    pub async fn received(&mut self, text: Bytes) -> Result<(), CloseReason> {
        let Ok(read) = std::str::from_utf8(&text) else { return Err(CloseReason::Unsupported) };
        if self.server.is_none() || Connection::answers(read) {
            return self.member.received(read).await;
        }
        self.member.connection.heard();
        self.tell(Carried::Text(text)).await;
        Ok(())
    }

    /// Takes bytes of the client's.
    pub async fn received_bytes(&mut self, bytes: Bytes) -> Result<(), CloseReason> {
        self.member.connection.heard();
        if self.server.is_none() {
            return Err(CloseReason::Unsupported);
        }
        self.tell(Carried::Binary(bytes)).await;
        Ok(())
    }

    /// A server that takes nothing is as good as gone.
    async fn tell(&mut self, carried: Carried) {
        if let Some(server) = &mut self.server
            && !server.send(carried).await
        {
            self.server = None;
        }
    }

    /// Ends both sockets; the client's does not wait for the server's.
    pub fn end(self, reason: CloseReason) {
        let Self { member, server, .. } = self;
        member.end(reason);
        if let Some(mut server) = server {
            let said = Some((1000, reason.as_str().to_owned()));
            tokio::spawn(async move { server.send(Carried::Close(said)).await });
        }
    }
}

impl Nameless {
    fn one_more(&mut self, content: Fingerprint) -> u32 {
        if !self.counts.contains_key(&content) {
            self.order.push_back(content);
            if self.order.len() > NAMELESS_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.counts.remove(&oldest);
            }
        }
        let count = self.counts.entry(content).or_default();
        *count += 1;
        *count
    }
}

async fn room(feed: Option<&Feed>) {
    if let Some(feed) = feed {
        feed.room().await;
    }
}

async fn hear(server: &mut Option<TunnelSocket>) -> Option<Carried> {
    match server {
        Some(server) => server.next().await,
        None => std::future::pending().await,
    }
}

impl From<Outgoing> for Passed {
    fn from(outgoing: Outgoing) -> Self {
        match outgoing {
            Outgoing::Text(text) => Self::Text(text),
            Outgoing::Close(reason) => Self::Close(reason),
        }
    }
}
