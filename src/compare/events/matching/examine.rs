//! What a frame turns out to tell.

use super::known::State;
use super::memory::{Found, has};
use super::stray::Stray;
use super::told::Told;
use super::{EventVerdict, Matcher, Outcome};

impl Matcher {
    /// The verdict on a frame; one that cannot be told yet is put by.
    pub(super) fn examine(&mut self, stray: Stray) -> Option<EventVerdict> {
        let Stray { side, line, .. } = stray;
        let Some(found) = self.memory.find(&stray.told, &stray.owner, line, side) else {
            self.put_by(stray);
            return None;
        };
        let verdict = if found.user == stray.owner {
            self.judge_own(&stray, &found)
        } else {
            let known = self.memory.known(&found.user)?.events.get(&found.order)?;
            Some(known.verdict(side, stray.connection, found.by_name, Outcome::Misdelivered))
        };
        match &verdict {
            Some(verdict) => self.counts.add(side, &verdict.outcome),
            None => self.counts.unplaced += 1,
        }
        verdict
    }

    /// `None` when the connection is not open, so that nothing follows.
    fn judge_own(&mut self, stray: &Stray, found: &Found) -> Option<EventVerdict> {
        let (side, order, number) = (stray.side, found.order, stray.line?);
        let person = self.memory.known_mut(&found.user)?;
        let overtaken = person.overtaken(order, number, side);
        let line = person.lines.get(&number)?;
        let known = person.events.get_mut(&order)?;
        let due_from = known.published_at.max(line.since);
        let is_late = known.state(number, side) == State::ToldLost
            || due_from.plus(self.settings.late_after) < stray.at;
        let outcome = if has(known, number, line, side) {
            Outcome::Repeated
        } else if let Some(fields) = known.differing(&stray.told, self.settings.stamps_apart) {
            Outcome::BodyDiffers(fields)
        } else if overtaken {
            Outcome::Reordered
        } else if is_late {
            Outcome::Late
        } else if found.by_name {
            Outcome::Match
        } else {
            Outcome::Uncertain
        };
        known.mark(number, side, State::Seen);
        let settled = known.places.iter().find(|place| place.line == number && !place.is_awaited());
        if let Some(place) = settled {
            self.dues.remove(&(place.due, order, number));
        }
        Some(known.verdict(side, stray.connection.clone(), found.by_name, outcome))
    }

    fn put_by(&mut self, stray: Stray) {
        if self.strays.len() >= self.settings.strays_max && self.strays.pop().is_some() {
            self.counts.strays_dropped += 1;
        }
        if self.settings.strays_max > 0 {
            self.strays.push(stray);
        }
    }

    /// Nobody has published what this frame tells.
    pub(super) fn give_up(&mut self, stray: Stray) -> Option<EventVerdict> {
        let Stray { side, connection, line, owner, told, .. } = stray;
        let foreign = told.user.clone().filter(|user| *user != owner);
        let excused = line.is_none() || self.memory.may_have_forgotten(&owner, &told);
        if foreign.is_none() && excused {
            self.counts.unplaced += 1;
            return None;
        }
        let (user, outcome) = match foreign {
            Some(user) => (user, Outcome::Misdelivered),
            None => (owner, Outcome::Unexpected),
        };
        self.counts.add(side, &outcome);
        let Told { run, kind, id, .. } = told;
        Some(EventVerdict {
            side,
            connection,
            user,
            run,
            kind,
            id,
            sequence: None,
            by_name: false,
            outcome,
        })
    }
}
