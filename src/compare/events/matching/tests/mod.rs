//! Stories of events, and what is said of them.

mod bounds;
mod content;
mod model;
mod owed;
mod simple;
mod stories;

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::compare::events::{Frame, Seen, read};
use crate::domain::{ConnectionId, Epoch, Position, Sequence, Side, Subject, Timestamp};

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A matcher, and the hand of a clock.
struct World {
    matcher: Matcher,
    now: Timestamp,
    sequence: u64,
    asked: Sides,
    /// What was said, as `side connection event outcome`.
    said: Vec<String>,
}

fn world() -> World {
    world_with(MatchSettings::default())
}

/// One that is asked about the old side only.
fn world_with(settings: MatchSettings) -> World {
    World {
        matcher: Matcher::new(settings, START),
        now: START,
        sequence: 0,
        asked: Sides::only(Side::Legacy),
        said: Vec::new(),
    }
}

fn user(name: &str) -> Subject {
    Subject::parse(name).expect("a user")
}

fn connection(name: &str) -> ConnectionId {
    ConnectionId::parse(name).expect("a name")
}

fn seen(frame: &Value) -> Seen {
    match read(&frame.to_string(), None) {
        Frame::Event(seen) => *seen,
        Frame::NotAnEvent | Frame::Unreadable(_) => panic!("no event: {frame}"),
    }
}

/// An event of `owner`; the first letter of its name is the name of its run.
fn event(owner: &str, id: &str) -> Value {
    json!({"type": "note", "event_id": id, "run_id": &id[..1], "user_id": owner,
        "payload": {"text": id}})
}

/// The same in a layout without a name.
fn nameless(owner: &str, id: &str) -> Value {
    let mut event = event(owner, id);
    event.as_object_mut().expect("an object").remove("event_id");
    event
}

impl World {
    fn say(&mut self, verdicts: Vec<EventVerdict>) {
        for verdict in verdicts {
            let EventVerdict { side, connection, id, kind, outcome, .. } = verdict;
            let event = id.map_or_else(|| format!("({kind})"), |id| id.to_string());
            let fields = match &outcome {
                Outcome::BodyDiffers(fields) => format!(" {}", fields.join(" ")),
                Outcome::Match
                | Outcome::Uncertain
                | Outcome::Lost
                | Outcome::Repeated
                | Outcome::Reordered
                | Outcome::Misdelivered
                | Outcome::Late
                | Outcome::Unexpected => String::new(),
            };
            let side = if side == Side::Legacy { "" } else { "ssot " };
            self.said.push(format!("{side}{connection} {event} {}{fields}", outcome.code()));
        }
    }

    fn pass(&mut self, milliseconds: u64) {
        self.now = self.now.plus(Duration::from_millis(milliseconds));
        let verdicts = self.matcher.tick(self.now);
        self.say(verdicts);
    }

    fn connect(&mut self, name: &str, owner: &str) {
        self.come(name, owner, None);
    }

    /// Connects with all up to this event.
    fn resume(&mut self, name: &str, owner: &str, after: u64) {
        self.come(name, owner, Some(Position { epoch: Epoch(1), after: Sequence(after) }));
    }

    fn come(&mut self, name: &str, owner: &str, resumes: Option<Position>) {
        let verdicts = self.matcher.connected(&connection(name), &user(owner), resumes, self.now);
        self.say(verdicts);
    }

    fn disconnect(&mut self, name: &str) {
        let verdicts = self.matcher.disconnected(&connection(name), self.now);
        self.say(verdicts);
    }

    fn publish(&mut self, owner: &str, id: &str) {
        self.publish_event(owner, &event(owner, id));
    }

    fn publish_event(&mut self, owner: &str, event: &Value) {
        self.sequence += 1;
        let after = Sequence(self.sequence);
        let verdicts = self.matcher.published(Publication {
            user: &user(owner),
            event: &seen(event),
            position: Some(Position { epoch: Epoch(1), after }),
            asked: self.asked,
            at: self.now,
        });
        self.say(verdicts);
    }

    fn write(&mut self, name: &str, owner: &str, frame: &Value) {
        self.write_by(Side::Legacy, name, owner, &frame.to_string());
    }

    fn write_by(&mut self, side: Side, name: &str, owner: &str, frame: &str) {
        let frame = read(frame, None);
        let (connection, owner) = (&connection(name), &user(owner));
        let writing = Writing { side, connection, owner, frame: &frame, at: self.now };
        let verdicts = self.matcher.written(writing);
        self.say(verdicts);
    }

    /// Writes an event of the connection's owner.
    fn deliver(&mut self, name: &str, owner: &str, id: &str) {
        self.write(name, owner, &event(owner, id));
    }

    fn said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    /// All that is said until nothing is waited for any more.
    fn in_the_end(&mut self) -> Vec<String> {
        self.pass(5_000);
        self.said()
    }
}
