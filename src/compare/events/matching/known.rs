//! A published event and where it is due, and an open connection.

use std::time::Duration;

use super::told::Told;
use super::{EventVerdict, Outcome, Sides};
use crate::domain::{ConnectionId, Position, Side, Subject, Timestamp};

/// A published event.
#[derive(Debug)]
pub(super) struct Known {
    pub user: Subject,
    pub told: Told,
    /// Where it stands in its user's log.
    pub position: Option<Position>,
    pub published_at: Timestamp,
    pub asked: Sides,
    /// Sides by which somebody has received it.
    pub received: [bool; 2],
    /// Sides by which it is told lost.
    pub lost: [bool; 2],
    /// Connections on which it is due or was seen.
    pub places: Vec<Place>,
}

/// How it fares on one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub line: u64,
    /// When it is lost, should it be waited for.
    pub due: Timestamp,
    pub sides: [State; 2],
}

/// How it fares on one connection, by one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    NotDue,
    Awaited,
    Seen,
    ToldLost,
}

/// An open connection. A connection that is opened again under its old name is another line.
#[derive(Debug)]
pub(super) struct Line {
    pub connection: ConnectionId,
    pub since: Timestamp,
    /// From where its client goes on, when it has said so.
    pub resumes: Option<Position>,
}

impl Known {
    pub fn state(&self, line: u64, side: Side) -> State {
        let place = self.places.iter().find(|place| place.line == line);
        place.map_or(State::NotDue, |place| place.sides[side as usize])
    }

    pub fn mark(&mut self, line: u64, side: Side, state: State) {
        match state {
            State::Seen => self.received[side as usize] = true,
            State::ToldLost => self.lost[side as usize] = true,
            State::NotDue | State::Awaited => {}
        }
        if let Some(place) = self.places.iter_mut().find(|place| place.line == line) {
            place.sides[side as usize] = state;
        } else {
            let mut sides = [State::NotDue; 2];
            sides[side as usize] = state;
            self.places.push(Place { line, due: self.published_at, sides });
        }
    }

    /// The fields in which a frame says something else, should there be any.
    pub fn differing(&self, told: &Told, stamps_apart: Duration) -> Option<Vec<Box<str>>> {
        let fields = self.told.differing(told, stamps_apart);
        (!fields.is_empty()).then_some(fields)
    }

    pub fn verdict(
        &self,
        side: Side,
        connection: ConnectionId,
        by_name: bool,
        outcome: Outcome,
    ) -> EventVerdict {
        EventVerdict {
            side,
            connection,
            user: self.user.clone(),
            run: self.told.run.clone(),
            kind: self.told.kind.clone(),
            id: self.told.id.clone(),
            sequence: self.position.map(|position| position.after),
            by_name,
            outcome,
        }
    }

    pub fn is_awaited(&self, side: Side) -> bool {
        self.places.iter().any(|place| place.sides[side as usize] == State::Awaited)
    }

    /// True when it is due on a connection that has just been opened.
    pub fn is_owed(&self, line: &Line, side: Side) -> bool {
        let unsettled =
            !self.received[side as usize] && !self.lost[side as usize] && !self.is_awaited(side);
        self.asked.hold(side) && line.is_ahead(self).map_or(unsettled, |ahead| !ahead)
    }
}

impl Place {
    pub fn is_awaited(&self) -> bool {
        self.sides.contains(&State::Awaited)
    }
}

impl Line {
    /// Whether the client has said that it has the event already; `None` when it has not said
    /// anything about this life of the log.
    pub fn is_ahead(&self, known: &Known) -> Option<bool> {
        let (resumes, event) = (self.resumes?, known.position?);
        (resumes.epoch == event.epoch).then_some(event.after <= resumes.after)
    }
}
