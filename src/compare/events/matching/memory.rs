//! The events that are remembered, and how they are found.

use std::collections::{BTreeMap, HashMap};

use super::known::{Known, Line, State};
use super::told::Told;
use crate::domain::{EventId, RunId, Side, Subject, Timestamp};

/// Published events, by their owners.
#[derive(Debug, Default)]
pub(super) struct Memory {
    people: HashMap<Subject, Person>,
    by_name: HashMap<EventId, Vec<(Subject, u64)>>,
    /// How many events of each run are whose.
    by_run: HashMap<RunId, Vec<(Subject, usize)>>,
    /// Every event in the order of publication.
    owners: BTreeMap<u64, Subject>,
    /// When the last event of somebody who is forgotten was published.
    forgotten_until: Option<Timestamp>,
}

/// One user's events, in the order of publication, and open connections.
#[derive(Debug, Default)]
pub(super) struct Person {
    pub events: BTreeMap<u64, Known>,
    pub lines: BTreeMap<u64, Line>,
    forgotten_until: Option<Timestamp>,
}

/// Which event a frame tells.
pub(super) struct Found {
    pub user: Subject,
    pub order: u64,
    pub by_name: bool,
}

impl Memory {
    /// Nothing yet. What happened before is forgotten.
    pub fn beginning(now: Timestamp) -> Self {
        Self { forgotten_until: Some(now), ..Self::default() }
    }

    pub fn len(&self) -> usize {
        self.owners.len()
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        let indexed = !self.by_name.is_empty() || !self.by_run.is_empty();
        self.people.is_empty() && self.owners.is_empty() && !indexed
    }

    pub fn person(&mut self, user: &Subject) -> &mut Person {
        let forgotten_until = self.forgotten_until;
        let new = || Person { forgotten_until, ..Person::default() };
        self.people.entry(user.clone()).or_insert_with(new)
    }

    /// Somebody who has an event or a connection.
    pub fn known(&self, user: &Subject) -> Option<&Person> {
        self.people.get(user)
    }

    pub fn known_mut(&mut self, user: &Subject) -> Option<&mut Person> {
        self.people.get_mut(user)
    }

    pub fn owner(&self, order: u64) -> Option<&Subject> {
        self.owners.get(&order)
    }

    /// The oldest event, or the oldest of one user.
    pub fn oldest(&self, user: Option<&Subject>) -> Option<(u64, Timestamp)> {
        let order = match user {
            None => *self.owners.first_key_value()?.0,
            Some(user) => *self.people.get(user)?.events.first_key_value()?.0,
        };
        let known = self.people.get(self.owners.get(&order)?)?.events.get(&order)?;
        Some((order, known.published_at))
    }

    pub fn insert(&mut self, order: u64, known: Known) {
        let user = known.user.clone();
        if let Some(id) = &known.told.id {
            self.by_name.entry(id.clone()).or_default().push((user.clone(), order));
        }
        if let Some(run) = &known.told.run {
            let owners = self.by_run.entry(run.clone()).or_default();
            match owners.iter_mut().find(|(owner, _)| *owner == user) {
                Some((_, count)) => *count += 1,
                None => owners.push((user.clone(), 1)),
            }
        }
        self.owners.insert(order, user.clone());
        self.person(&user).events.insert(order, known);
    }

    pub fn remove(&mut self, order: u64) -> Option<Known> {
        let user = self.owners.remove(&order)?;
        let person = self.people.get_mut(&user)?;
        let known = person.events.remove(&order)?;
        person.forgotten_until = person.forgotten_until.max(Some(known.published_at));
        if let Some(id) = &known.told.id {
            forget(&mut self.by_name, id, |named| named.retain(|(_, other)| *other != order));
        }
        if let Some(run) = &known.told.run {
            forget(&mut self.by_run, run, |owners| {
                for (_, count) in owners.iter_mut().filter(|(owner, _)| *owner == user) {
                    *count -= 1;
                }
                owners.retain(|(_, count)| *count > 0);
            });
        }
        self.tidy(&user);
        Some(known)
    }

    /// Lets go of somebody without events and connections.
    pub fn tidy(&mut self, user: &Subject) {
        let Some(person) = self.people.get(user) else { return };
        if person.events.is_empty() && person.lines.is_empty() {
            self.forgotten_until = self.forgotten_until.max(person.forgotten_until);
            self.people.remove(user);
        }
    }

    /// The event that a frame on `owner`'s socket tells.
    pub fn find(
        &self,
        told: &Told,
        owner: &Subject,
        line: Option<u64>,
        side: Side,
    ) -> Option<Found> {
        self.find_named(told, owner)
            .or_else(|| self.find_own(told, owner, line, side))
            .or_else(|| self.find_foreign(told, owner))
    }

    /// True when an event of this user has the name.
    pub fn has_name(&self, told: &Told, user: &Subject) -> bool {
        let named = told.id.as_ref().and_then(|id| self.by_name.get(id));
        named.is_some_and(|named| named.iter().any(|(owner, _)| owner == user))
    }

    /// Of several users' events of one name the one that says the same; of several such, or of none,
    /// one's own.
    fn find_named(&self, told: &Told, owner: &Subject) -> Option<Found> {
        let named = self.by_name.get(told.id.as_ref()?)?;
        let like = |(user, order): &&(Subject, u64)| {
            let known = self.people.get(user).and_then(|person| person.events.get(order));
            known.is_some_and(|known| known.told.is_like(told))
        };
        let own = |(user, _): &&(Subject, u64)| user == owner;
        let (user, order) = (named.iter().find(|event| own(event) && like(event)))
            .or_else(|| named.iter().find(like))
            .or_else(|| named.iter().find(own))
            .or_else(|| named.first())?;
        Some(Found { user: user.clone(), order: *order, by_name: true })
    }

    /// The oldest that the connection lacks, or else the newest.
    fn find_own(
        &self,
        told: &Told,
        owner: &Subject,
        line: Option<u64>,
        side: Side,
    ) -> Option<Found> {
        let person = self.people.get(owner)?;
        let line = line.and_then(|number| Some((number, person.lines.get(&number)?)));
        let mut newest = None;
        for (order, known) in &person.events {
            if !(known.told.may_share_name(told) && known.told.is_like(told)) {
                continue;
            }
            newest = Some(*order);
            if line.is_none_or(|(number, line)| !has(known, number, line, side)) {
                break;
            }
        }
        Some(Found { user: owner.clone(), order: newest?, by_name: false })
    }

    /// The same text in the same run of somebody else. Without a run nothing follows from a text.
    fn find_foreign(&self, told: &Told, owner: &Subject) -> Option<Found> {
        let owners = self.by_run.get(told.run.as_ref()?)?;
        let others = owners.iter().filter(|(user, _)| user != owner);
        let oldest = others.filter_map(|(user, _)| {
            let like = |known: &Known| {
                let step = known.told.shares_step(told);
                step && known.told.may_share_name(told) && known.told.is_like(told)
            };
            let events = &self.people.get(user)?.events;
            let (order, _) = events.iter().find(|(_, known)| like(known))?;
            Some(Found { user: user.clone(), order: *order, by_name: false })
        });
        oldest.min_by_key(|found| found.order)
    }

    /// True when a frame may tell an event of this user that is forgotten.
    pub fn may_have_forgotten(&self, user: &Subject, told: &Told) -> bool {
        let until = self.people.get(user).map_or(self.forgotten_until, |p| p.forgotten_until);
        until.is_some_and(|until| told.at.is_none_or(|at| at <= until))
    }
}

/// True when the client has the event: seen on its connection, or before it was opened.
pub(super) fn has(known: &Known, number: u64, line: &Line, side: Side) -> bool {
    known.state(number, side) == State::Seen || line.is_ahead(known) == Some(true)
}

impl Person {
    /// True when a later event of the same run has been seen on the connection.
    pub fn overtaken(&self, order: u64, line: u64, side: Side) -> bool {
        let Some(run) = self.events.get(&order).map(|known| &known.told.run) else { return false };
        let mut later = self.events.range(order + 1..).map(|(_, known)| known);
        later.any(|known| known.told.run == *run && known.state(line, side) == State::Seen)
    }
}

fn forget<K: std::hash::Hash + Eq, V>(
    map: &mut HashMap<K, Vec<V>>,
    key: &K,
    change: impl FnOnce(&mut Vec<V>),
) {
    if let Some(list) = map.get_mut(key) {
        change(list);
        if list.is_empty() {
            map.remove(key);
        }
    }
}
