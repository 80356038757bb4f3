//! What is waited for, and for how long.

use super::known::{Place, State};
use super::{EventVerdict, Matcher, Outcome};
use crate::domain::{ConnectionId, Side, Subject};

impl Matcher {
    pub(super) fn await_everywhere(&mut self, user: &Subject, order: u64) {
        let Some(person) = self.memory.known(user) else { return };
        let Some(known) = person.events.get(&order) else { return };
        let asked = Side::BOTH.map(|side| known.asked.hold(side));
        let lines: Vec<u64> = person.lines.keys().copied().collect();
        for line in lines {
            self.await_one(user, order, line, asked);
        }
    }

    pub(super) fn await_one(&mut self, user: &Subject, order: u64, line: u64, sides: [bool; 2]) {
        if self.dues.len() >= self.settings.awaited_max {
            self.counts.not_awaited += 1;
            return;
        }
        let person = self.memory.known_mut(user);
        let Some(known) = person.and_then(|person| person.events.get_mut(&order)) else { return };
        let due = self.now.plus(self.settings.wait);
        let sides = sides.map(|due| if due { State::Awaited } else { State::NotDue });
        let place = Place { line, due, sides };
        if place.is_awaited() {
            known.places.push(place);
            self.dues.insert((due, order, line));
        }
    }

    /// The wait for an event on a connection is over.
    pub(super) fn fall_due(&mut self, order: u64, line: u64) -> Vec<EventVerdict> {
        let sides = Side::BOTH.into_iter();
        sides.filter_map(|side| self.fall_due_by(side, order, line)).collect()
    }

    fn fall_due_by(&mut self, side: Side, order: u64, line: u64) -> Option<EventVerdict> {
        let user = self.memory.owner(order)?.clone();
        let person = self.memory.known_mut(&user)?;
        let known = person.events.get_mut(&order)?;
        let connection = person.lines.get(&line)?.connection.clone();
        if known.state(line, side) != State::Awaited {
            return None;
        }
        let (state, outcome) = match self.strays.take_instead(side, line, &known.told) {
            None => (State::ToldLost, Outcome::Lost),
            Some(stray) => {
                let fields = known.differing(&stray.told, self.settings.stamps_apart);
                (State::Seen, fields.map_or(Outcome::Uncertain, Outcome::BodyDiffers))
            }
        };
        known.mark(line, side, state);
        self.counts.add(side, &outcome);
        Some(known.verdict(side, connection, false, outcome))
    }

    pub(super) fn close(&mut self, connection: &ConnectionId) {
        let Some((owner, line)) = self.open.remove(connection) else { return };
        let Some(person) = self.memory.known_mut(&owner) else { return };
        person.lines.remove(&line);
        for (order, known) in &mut person.events {
            for place in known.places.iter().filter(|place| place.line == line) {
                self.dues.remove(&(place.due, *order, line));
            }
            known.places.retain(|place| place.line != line);
        }
        self.memory.tidy(&owner);
    }

    pub(super) fn make_room(&mut self, user: &Subject) {
        let of_user = self.memory.known(user).map_or(0, |person| person.events.len());
        if of_user > self.settings.events_per_user_max
            && let Some((order, _)) = self.memory.oldest(Some(user))
        {
            self.forget(order);
        }
        if self.memory.len() > self.settings.events_max
            && let Some((order, _)) = self.memory.oldest(None)
        {
            self.forget(order);
        }
    }

    pub(super) fn forget(&mut self, order: u64) {
        let Some(known) = self.memory.remove(order) else { return };
        for place in &known.places {
            self.dues.remove(&(place.due, order, place.line));
        }
        for side in Side::BOTH {
            let awaited = |place: &&Place| place.sides[side as usize] == State::Awaited;
            let awaited = known.places.iter().filter(awaited).count();
            self.counts.unjudged += awaited as u64;
            let settled = known.received[side as usize] || known.lost[side as usize];
            let unclaimed = known.asked.hold(side) && !settled && awaited == 0;
            self.counts.unclaimed += u64::from(unclaimed);
        }
    }
}
