//! The matcher.

use std::collections::{BTreeSet, HashMap};

use super::known::{Known, Line};
use super::memory::Memory;
use super::stray::{Stray, Strays};
use super::told::Told;
use super::{EventVerdict, MatchCounts, MatchSettings, Sides};
use crate::compare::events::{Frame, Seen};
use crate::domain::{ConnectionId, Position, Side, Subject, Timestamp};

/// Follows events from their publication to every socket.
#[derive(Debug)]
pub struct Matcher {
    pub(super) settings: MatchSettings,
    pub(super) memory: Memory,
    pub(super) open: HashMap<ConnectionId, (Subject, u64)>,
    /// When which event is lost on which connection.
    pub(super) dues: BTreeSet<(Timestamp, u64, u64)>,
    pub(super) strays: Strays,
    /// The next number of an event or a connection.
    pub(super) next: u64,
    pub(super) now: Timestamp,
    pub(super) counts: MatchCounts,
}

/// An event that was published.
#[derive(Clone, Copy, Debug)]
pub struct Publication<'a> {
    /// Whose it is.
    pub user: &'a Subject,
    /// What it says.
    pub event: &'a Seen,
    /// Its place in the user's log.
    pub position: Option<Position>,
    /// Who was asked to deliver it.
    pub asked: Sides,
    /// When.
    pub at: Timestamp,
}

/// A frame that was written, or that would have been.
#[derive(Clone, Copy, Debug)]
pub struct Writing<'a> {
    /// By whose doing.
    pub side: Side,
    /// To which socket.
    pub connection: &'a ConnectionId,
    /// Whose socket that is.
    pub owner: &'a Subject,
    /// The frame.
    pub frame: &'a Frame,
    /// When.
    pub at: Timestamp,
}

impl Matcher {
    /// A matcher that knows nothing yet. Frames that tell of a time before `now` are not held
    /// against anybody.
    pub fn new(settings: MatchSettings, now: Timestamp) -> Self {
        Self {
            settings,
            memory: Memory::beginning(now),
            open: HashMap::new(),
            dues: BTreeSet::new(),
            strays: Strays::default(),
            next: 0,
            now,
            counts: MatchCounts::default(),
        }
    }

    /// What has been seen.
    pub const fn counts(&self) -> &MatchCounts {
        &self.counts
    }

    /// An event was published. Under a name that is known it is the same event again.
    pub fn published(&mut self, publication: Publication<'_>) -> Vec<EventVerdict> {
        let mut verdicts = self.tick(publication.at);
        let (told, user) = (Told::of(publication.event), publication.user);
        if self.memory.has_name(&told, user) {
            self.counts.published_again += 1;
            return verdicts;
        }
        self.counts.published += 1;
        let order = self.number();
        let known = Known {
            user: user.clone(),
            told: told.clone(),
            position: publication.position,
            published_at: self.now,
            asked: publication.asked,
            received: [false; 2],
            lost: [false; 2],
            places: Vec::new(),
        };
        self.memory.insert(order, known);
        self.await_everywhere(user, order);
        for stray in self.strays.take_maybe(&told) {
            verdicts.extend(self.examine(stray));
        }
        self.make_room(user);
        verdicts
    }

    /// A frame was written.
    pub fn written(&mut self, writing: Writing<'_>) -> Vec<EventVerdict> {
        let mut verdicts = self.tick(writing.at);
        let side = writing.side;
        let seen = match writing.frame {
            Frame::Event(seen) => seen,
            Frame::NotAnEvent => {
                self.counts.not_events[side as usize] += 1;
                return verdicts;
            }
            Frame::Unreadable(_) => {
                self.counts.unreadable[side as usize] += 1;
                return verdicts;
            }
        };
        self.counts.renamed[side as usize] += u64::from(seen.renamed);
        let line = self.open.get(writing.connection);
        let line = line.filter(|(owner, _)| owner == writing.owner).map(|(_, number)| *number);
        let number = self.number();
        verdicts.extend(self.examine(Stray {
            number,
            side,
            connection: writing.connection.clone(),
            line,
            owner: writing.owner.clone(),
            told: Told::of(seen),
            at: self.now,
        }));
        verdicts
    }

    /// Somebody has connected, and goes on from `resumes`, when that is known. Whoever was connected
    /// under that name is not any more.
    pub fn connected(
        &mut self,
        connection: &ConnectionId,
        owner: &Subject,
        resumes: Option<Position>,
        at: Timestamp,
    ) -> Vec<EventVerdict> {
        let verdicts = self.tick(at);
        self.close(connection);
        if self.open.len() >= self.settings.connections_max {
            self.counts.connections_left_out += 1;
            return verdicts;
        }
        let number = self.number();
        self.open.insert(connection.clone(), (owner.clone(), number));
        let line = Line { connection: connection.clone(), since: self.now, resumes };
        let person = self.memory.person(owner);
        let owed = |known: &Known| Side::BOTH.map(|side| known.is_owed(&line, side));
        let owed: Vec<_> =
            person.events.iter().map(|(order, known)| (*order, owed(known))).collect();
        person.lines.insert(number, line);
        for (order, sides) in owed.into_iter().filter(|(_, sides)| sides.contains(&true)) {
            self.await_one(owner, order, number, sides);
        }
        verdicts
    }

    /// A connection is gone. What was due on it is judged no more.
    pub fn disconnected(&mut self, connection: &ConnectionId, at: Timestamp) -> Vec<EventVerdict> {
        let verdicts = self.tick(at);
        self.close(connection);
        verdicts
    }

    /// Time has passed. Every other verb does this first.
    pub fn tick(&mut self, now: Timestamp) -> Vec<EventVerdict> {
        self.now = self.now.max(now);
        let mut verdicts = Vec::new();
        while let Some(&(due, order, line)) = self.dues.first()
            && due <= self.now
        {
            self.dues.pop_first();
            verdicts.extend(self.fall_due(order, line));
        }
        while let Some(stray) = self.strays.pop_due(self.settings.wait, self.now) {
            verdicts.extend(self.give_up(stray));
        }
        while let Some((order, published_at)) = self.memory.oldest(None)
            && published_at.plus(self.settings.kept_for) <= self.now
        {
            self.forget(order);
        }
        verdicts
    }
}

impl Matcher {
    const fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// For tests.
#[cfg(test)]
impl Matcher {
    pub(super) fn is_empty(&self) -> bool {
        let waits = !self.dues.is_empty() || self.strays.len() > 0;
        self.open.is_empty() && !waits && self.memory.is_empty()
    }
}
