//! A matcher that is slow and simple: lists, searched from one end to the other.

use std::collections::BTreeMap;

use super::model::SETTINGS;
use super::*;

/// The slow and simple one.
#[derive(Default)]
pub(super) struct Simple {
    now: Option<Timestamp>,
    heard: Vec<Heard>,
    pub lines: Vec<Open>,
    strays: Vec<Put>,
    pub sequence: u64,
    lines_made: usize,
    forgotten: BTreeMap<&'static str, Timestamp>,
    forgotten_people: Option<Timestamp>,
}

struct Heard {
    user: &'static str,
    seen: Seen,
    sequence: u64,
    at: Timestamp,
    asked: Sides,
    /// By line and side: when it is due, and how it fared.
    fared: BTreeMap<(usize, Side), (Timestamp, Fared)>,
    received: Vec<Side>,
    lost: Vec<Side>,
}

#[derive(Clone, Copy, PartialEq)]
enum Fared {
    Awaited,
    Seen,
    Lost,
}

#[derive(Clone)]
pub(super) struct Open {
    number: usize,
    pub connection: u8,
    pub user: &'static str,
    since: Timestamp,
    resumes: Option<u64>,
}

#[derive(Clone)]
struct Put {
    side: Side,
    connection: u8,
    line: Option<usize>,
    owner: &'static str,
    seen: Seen,
    at: Timestamp,
}

fn apart<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

fn alike(one: &Seen, other: &Seen) -> bool {
    let run = !apart(one.run.as_ref(), other.run.as_ref());
    one.kind == other.kind && run && one.payload == other.payload
}

fn alike_without_names(one: &Seen, other: &Seen) -> bool {
    (one.id.is_none() || other.id.is_none()) && alike(one, other)
}

fn differing(one: &Seen, other: &Seen) -> String {
    let stamps = one.at.zip(other.at);
    let late = stamps.is_some_and(|(a, b)| a.distance(b) > Duration::from_mins(1));
    let fields = [
        ("type", one.kind != other.kind),
        ("run_id", apart(one.run.as_ref(), other.run.as_ref())),
        ("user_id", apart(one.user.as_ref(), other.user.as_ref())),
        ("timestamp", late),
        ("payload.text", one.payload != other.payload),
    ];
    fields
        .iter()
        .filter(|(_, differ)| *differ)
        .fold(String::new(), |all, (name, _)| format!("{all} {name}"))
}

impl Simple {
    fn line(&self, number: Option<usize>) -> Option<&Open> {
        self.lines.iter().find(|line| Some(line.number) == number)
    }

    fn has(&self, event: &Heard, number: Option<usize>, side: Side) -> bool {
        let Some(line) = self.line(number) else { return false };
        let fared = event.fared.get(&(line.number, side)).map(|(_, fared)| *fared);
        fared == Some(Fared::Seen) || line.resumes.is_some_and(|after| event.sequence <= after)
    }

    pub fn pass(&mut self, now: Timestamp) -> Vec<String> {
        self.now = Some(now);
        let mut said = Vec::new();
        let mut dues: Vec<(Timestamp, u64, usize)> = Vec::new();
        for event in &self.heard {
            for ((line, _), (due, fared)) in &event.fared {
                if *fared == Fared::Awaited && *due <= now {
                    dues.push((*due, event.sequence, *line));
                }
            }
        }
        dues.sort_unstable();
        dues.dedup();
        for (_, sequence, line) in dues {
            for side in Side::BOTH {
                said.extend(self.fall_due(sequence, line, side));
            }
        }
        let (old, strays) = std::mem::take(&mut self.strays)
            .into_iter()
            .partition(|stray: &Put| stray.at.plus(SETTINGS.wait) <= now);
        self.strays = strays;
        for stray in old {
            said.extend(self.give_up(&stray));
        }
        while self.heard.first().is_some_and(|event| event.at.plus(SETTINGS.kept_for) <= now) {
            self.forget(0);
        }
        said
    }

    fn fall_due(&mut self, sequence: u64, number: usize, side: Side) -> Option<String> {
        let place = self.heard.iter().position(|event| event.sequence == sequence)?;
        let (_, fared) = self.heard[place].fared.get(&(number, side))?;
        if *fared != Fared::Awaited {
            return None;
        }
        let known = self.heard[place].seen.clone();
        let here = |stray: &Put| stray.side == side && stray.line == Some(number);
        let like = self.strays.iter().position(|stray| here(stray) && alike(&known, &stray.seen));
        let step = |stray: &Put| {
            let same_run = known.run.is_some() && known.run == stray.seen.run;
            here(stray) && known.kind == stray.seen.kind && same_run
        };
        let instead = like.or_else(|| self.strays.iter().position(step));
        let connection = self.line(Some(number))?.connection;
        let event = &mut self.heard[place];
        let entry = event.fared.get_mut(&(number, side))?;
        let outcome = if let Some(instead) = instead {
            entry.1 = Fared::Seen;
            event.received.push(side);
            let fields = differing(&known, &self.strays.remove(instead).seen);
            if fields.is_empty() { "uncertain".to_owned() } else { format!("body_differs{fields}") }
        } else {
            entry.1 = Fared::Lost;
            event.lost.push(side);
            "lost".to_owned()
        };
        Some(said(side, connection, &known, event.user, &outcome))
    }

    fn give_up(&self, stray: &Put) -> Option<String> {
        let told = stray.seen.user.as_ref().map(Subject::as_str);
        let foreign = told.filter(|user| *user != stray.owner);
        let until = match self.forgotten.get(stray.owner) {
            Some(until) => Some(*until),
            None => self.forgotten_people,
        };
        let until = until.unwrap_or(START);
        let excused = stray.line.is_none() || stray.seen.at.is_none_or(|at| at <= until);
        let outcome = match foreign {
            Some(_) => "misdelivered",
            None if excused => return None,
            None => "unexpected",
        };
        let user = foreign.unwrap_or(stray.owner);
        Some(said(stray.side, stray.connection, &stray.seen, user, outcome))
    }

    fn forget(&mut self, place: usize) {
        let event = self.heard.remove(place);
        let until = self.forgotten.entry(event.user).or_insert(event.at);
        *until = event.at.max(*until);
        self.tidy(event.user);
    }

    /// Somebody of whom nothing is known any more is a newcomer next time.
    fn tidy(&mut self, user: &'static str) {
        let known = self.heard.iter().any(|event| event.user == user)
            || self.lines.iter().any(|line| line.user == user);
        if !known {
            let until = self.forgotten.remove(user);
            self.forgotten_people = self.forgotten_people.max(until);
        }
    }

    fn greet(&mut self, user: &'static str) {
        let until = self.forgotten_people.unwrap_or(START);
        self.forgotten.entry(user).or_insert(until);
    }

    pub fn publish(
        &mut self,
        user: &'static str,
        seen: Seen,
        asked: Sides,
        now: Timestamp,
    ) -> Vec<String> {
        let mut said = self.pass(now);
        self.sequence += 1;
        let again = |event: &Heard| event.user == user && event.seen.id == seen.id;
        if seen.id.is_some() && self.heard.iter().any(again) {
            return said;
        }
        self.greet(user);
        let mut fared = BTreeMap::new();
        for line in self.lines.iter().filter(|line| line.user == user) {
            for side in Side::BOTH.into_iter().filter(|side| asked.hold(*side)) {
                fared.insert((line.number, side), (now.plus(SETTINGS.wait), Fared::Awaited));
            }
        }
        let sequence = self.sequence;
        let (received, lost) = (Vec::new(), Vec::new());
        self.heard.push(Heard { user, seen, sequence, at: now, asked, fared, received, lost });
        for stray in std::mem::take(&mut self.strays) {
            said.extend(self.examine(stray));
        }
        let of_user = |heard: &[Heard]| heard.iter().filter(|event| event.user == user).count();
        if of_user(&self.heard) > SETTINGS.events_per_user_max {
            let oldest = self.heard.iter().position(|event| event.user == user);
            self.forget(oldest.expect("there are some"));
        }
        if self.heard.len() > SETTINGS.events_max {
            self.forget(0);
        }
        said
    }

    pub fn connect(
        &mut self,
        connection: u8,
        user: &'static str,
        resumes: Option<u64>,
        now: Timestamp,
    ) -> Vec<String> {
        let said = self.pass(now);
        self.close(connection);
        if self.lines.len() == SETTINGS.connections_max {
            return said;
        }
        self.greet(user);
        self.lines_made += 1;
        let number = self.lines_made;
        for event in self.heard.iter_mut().filter(|event| event.user == user) {
            for side in Side::BOTH.into_iter().filter(|side| event.asked.hold(*side)) {
                let awaited = event
                    .fared
                    .iter()
                    .any(|((_, of), (_, fared))| *of == side && *fared == Fared::Awaited);
                let settled =
                    event.received.contains(&side) || event.lost.contains(&side) || awaited;
                if resumes.map_or(!settled, |after| event.sequence > after) {
                    let due = (now.plus(SETTINGS.wait), Fared::Awaited);
                    event.fared.insert((number, side), due);
                }
            }
        }
        self.lines.push(Open { number, connection, user, since: now, resumes });
        said
    }

    pub fn close(&mut self, connection: u8) {
        let Some(place) = self.lines.iter().position(|line| line.connection == connection) else {
            return;
        };
        let line = self.lines.remove(place);
        for event in &mut self.heard {
            event.fared.retain(|(number, _), _| *number != line.number);
        }
        self.tidy(line.user);
    }

    pub fn write(
        &mut self,
        side: Side,
        connection: u8,
        owner: &'static str,
        seen: Seen,
        now: Timestamp,
    ) -> Vec<String> {
        let mut said = self.pass(now);
        let open = |line: &&Open| line.connection == connection && line.user == owner;
        let line = self.lines.iter().find(open).map(|line| line.number);
        said.extend(self.examine(Put { side, connection, line, owner, seen, at: now }));
        said
    }

    fn find(&self, frame: &Put) -> Option<(usize, bool)> {
        let events = || self.heard.iter().enumerate();
        let own = |event: &Heard| event.user == frame.owner;
        let named = |event: &Heard| frame.seen.id.is_some() && event.seen.id == frame.seen.id;
        let tests: [&dyn Fn(&Heard) -> bool; 4] = [
            &|event| named(event) && own(event) && alike(&event.seen, &frame.seen),
            &|event| named(event) && alike(&event.seen, &frame.seen),
            &|event| named(event) && own(event),
            &|event| named(event),
        ];
        for fits in tests {
            if let Some((place, _)) = events().find(|(_, event)| fits(event)) {
                return Some((place, true));
            }
        }
        let like = |event: &Heard| alike_without_names(&event.seen, &frame.seen);
        let lacks = |event: &Heard| !self.has(event, frame.line, frame.side);
        let run = |event: &Heard| frame.seen.run.is_some() && event.seen.run == frame.seen.run;
        let foreign = events().find(|(_, event)| run(event) && !own(event) && like(event));
        events()
            .find(|(_, event)| own(event) && like(event) && lacks(event))
            .or_else(|| events().rev().find(|(_, event)| own(event) && like(event)))
            .or(foreign)
            .map(|(place, _)| (place, false))
    }

    fn examine(&mut self, frame: Put) -> Option<String> {
        let Some((place, by_name)) = self.find(&frame) else {
            self.strays.push(frame);
            return None;
        };
        let (side, connection) = (frame.side, frame.connection);
        let event = &self.heard[place];
        if event.user != frame.owner {
            return Some(said(side, connection, &event.seen, event.user, "misdelivered"));
        }
        let line = self.line(frame.line)?.clone();
        let fields = differing(&event.seen, &frame.seen);
        let overtaken = self.heard[place + 1..].iter().any(|later| {
            let fared = later.fared.get(&(line.number, side)).map(|(_, fared)| *fared);
            later.user == event.user
                && later.seen.run == event.seen.run
                && fared == Some(Fared::Seen)
        });
        let lost =
            event.fared.get(&(line.number, side)).map(|(_, fared)| *fared) == Some(Fared::Lost);
        let late = event.at.max(line.since).plus(SETTINGS.late_after) < frame.at;
        let outcome = if self.has(event, frame.line, side) {
            "repeated".to_owned()
        } else if !fields.is_empty() {
            format!("body_differs{fields}")
        } else if overtaken {
            "reordered".to_owned()
        } else if lost || late {
            "late".to_owned()
        } else if by_name {
            "match".to_owned()
        } else {
            "uncertain".to_owned()
        };
        let event = &mut self.heard[place];
        event.received.push(side);
        event.fared.insert((line.number, side), (frame.at, Fared::Seen));
        Some(said(side, connection, &event.seen, event.user, &outcome))
    }
}

fn said(side: Side, connection: u8, seen: &Seen, user: &str, outcome: &str) -> String {
    let id = seen.id.as_ref().map_or("-", |id| id.as_str());
    let run = seen.run.as_ref().map_or("-", |run| run.as_str());
    format!("{side} c{connection} {user} {id} {run} {} {outcome}", seen.kind)
}
