//! A change: rows that are written as a whole, and then hold in memory.

use std::sync::Arc;

use crate::domain::Timestamp;
use crate::store::{Batch, Durability, Expect, Row, StoreError, Table};

use super::house::{House, State};
use super::mark::Mark;
use super::operators::{OperatorRow, SeenRow};
use super::sessions::{Live, SessionRow};
use super::setup_links::LinkRow;
use super::{AccessError, AccessEvent, Actor, EventRow, Name, Refusal, Secret};

/// What holds in memory after the write.
enum Effect {
    Operator(Name, Option<OperatorRow>),
    Session(Mark, Option<Arc<Live>>),
    Link(Mark, Option<LinkRow>),
    Seen(Name, Timestamp),
}

/// A change in the making. Whoever has one is alone.
pub(super) struct Change {
    house: Arc<House>,
    batch: Batch,
    effects: Vec<Effect>,
    now: Timestamp,
    _alone: tokio::sync::OwnedMutexGuard<()>,
}

impl House {
    /// Waits until no other change is being made, and begins one.
    pub async fn change(self: &Arc<Self>) -> Change {
        let alone = Arc::clone(&self.changing).lock_owned().await;
        let (batch, now) = (self.store.batch(), self.now());
        Change { house: Arc::clone(self), batch, effects: Vec::new(), now, _alone: alone }
    }
}

impl Change {
    /// The moment of the change.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What is in memory.
    pub fn state(&self) -> parking_lot::RwLockReadGuard<'_, State> {
        self.house.state.read()
    }

    /// An operator as he is.
    pub fn operator(&self, name: &Name) -> Result<OperatorRow, AccessError> {
        let row = self.state().operators.get(name).cloned();
        row.ok_or_else(|| AccessError::NotFound(name.to_string()))
    }

    /// Writes an operator.
    pub fn put_operator(&mut self, name: &Name, row: OperatorRow) -> Result<(), AccessError> {
        let table = &self.house.tables.operators;
        put(&mut self.batch, table, name.as_str(), &row)?;
        self.effects.push(Effect::Operator(name.clone(), Some(row)));
        Ok(())
    }

    /// Removes an operator with his sessions and links.
    pub fn remove_operator(&mut self, name: &Name) -> Result<(), AccessError> {
        let tables = self.house.tables.clone();
        self.batch.remove(&tables.operators, name.as_str(), Expect::Anything)?;
        self.batch.remove(&tables.seen, name.as_str(), Expect::Anything)?;
        self.remove_links(Some(name))?;
        self.end_sessions_of(name)?;
        self.effects.push(Effect::Operator(name.clone(), None));
        Ok(())
    }

    /// Begins a session; returns its secret.
    pub fn begin_session(&mut self, row: SessionRow) -> Result<Secret, AccessError> {
        let secret = Secret::random();
        let mark = self.house.marks.sessions.of(secret.reveal());
        let table = &self.house.tables.sessions;
        self.batch.put(table, &String::from(mark), &row, Expect::Absent, None)?;
        let live = self.house.marks.live(mark, row);
        self.effects.push(Effect::Session(mark, Some(live)));
        Ok(secret)
    }

    /// Ends a session; once is enough.
    pub fn end_session(&mut self, mark: Mark) -> Result<(), AccessError> {
        if self.ends(&mark) {
            return Ok(());
        }
        let table = &self.house.tables.sessions;
        self.batch.remove(table, &String::from(mark), Expect::Anything)?;
        self.effects.push(Effect::Session(mark, None));
        Ok(())
    }

    /// Ends all sessions of an operator.
    pub fn end_sessions_of(&mut self, name: &Name) -> Result<(), AccessError> {
        self.end_oldest_of(name, 0)
    }

    /// Ends the oldest sessions of an operator until at most `max` are left.
    pub fn end_oldest_of(&mut self, name: &Name, max: usize) -> Result<(), AccessError> {
        let state = self.house.state.read();
        let own = state.sessions.iter().filter(|(_, live)| live.row.name == *name);
        let open = own.filter(|(mark, _)| !self.ends(mark));
        let mut open: Vec<_> = open.map(|(mark, live)| (live.row.began_at, *mark)).collect();
        drop(state);
        open.sort_unstable_by_key(|(began_at, _)| *began_at);
        let over = open.len().saturating_sub(max);
        open.into_iter().take(over).try_for_each(|(_, mark)| self.end_session(mark))
    }

    fn ends(&self, mark: &Mark) -> bool {
        self.effects
            .iter()
            .any(|effect| matches!(effect, Effect::Session(ended, None) if ended == mark))
    }

    /// The hash of an operator's password as it will be.
    pub fn password_of(&self, name: &Name) -> Option<String> {
        let changed = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Operator(changed, row) if changed == name => Some(row.clone()),
            Effect::Operator(..) | Effect::Session(..) | Effect::Link(..) | Effect::Seen(..) => {
                None
            }
        });
        let row = changed.unwrap_or_else(|| self.state().operators.get(name).cloned());
        row.and_then(|row| row.password)
    }

    /// Makes a setup link in place of the one before; returns its secret.
    pub fn make_link(&mut self, row: LinkRow) -> Result<Secret, AccessError> {
        self.remove_links(row.name.as_ref())?;
        let secret = Secret::random();
        let mark = self.house.marks.links.of(secret.reveal());
        let table = &self.house.tables.links;
        self.batch.put(table, &String::from(mark), &row, Expect::Absent, None)?;
        self.effects.push(Effect::Link(mark, Some(row)));
        Ok(secret)
    }

    /// Uses a setup link up: the change is refused when another one has.
    pub fn use_link(&mut self, secret: &Secret) -> Result<LinkRow, AccessError> {
        let mark = self.house.marks.links.of(secret.reveal());
        let table = &self.house.tables.links;
        let stored = table.get(&String::from(mark))?.ok_or(Refusal::LinkOver)?;
        if self.now >= stored.value.expires_at {
            return Err(Refusal::LinkOver.into());
        }
        self.batch.remove(table, &String::from(mark), Expect::Revision(stored.revision))?;
        self.effects.push(Effect::Link(mark, None));
        Ok(stored.value)
    }

    /// Removes the setup links of an operator, or of the first.
    pub fn remove_links(&mut self, name: Option<&Name>) -> Result<(), AccessError> {
        let marks = super::setup_links::of(&self.state().links, name);
        marks.into_iter().try_for_each(|mark| self.remove_link(mark))
    }

    /// Removes a setup link.
    pub fn remove_link(&mut self, mark: Mark) -> Result<(), AccessError> {
        self.batch.remove(&self.house.tables.links, &String::from(mark), Expect::Anything)?;
        self.effects.push(Effect::Link(mark, None));
        Ok(())
    }

    /// Writes what was seen of a session that goes on.
    pub fn note_session(&mut self, mark: Mark, row: &SessionRow) -> Result<(), AccessError> {
        Ok(put(&mut self.batch, &self.house.tables.sessions, &String::from(mark), row)?)
    }

    /// Writes when an operator was last seen.
    pub fn note_seen(&mut self, name: &Name, at: Timestamp) -> Result<(), AccessError> {
        put(&mut self.batch, &self.house.tables.seen, name.as_str(), &SeenRow { at })?;
        self.effects.push(Effect::Seen(name.clone(), at));
        Ok(())
    }

    /// Writes a line of the log.
    pub fn tell(&mut self, actor: &Actor, event: AccessEvent) -> Result<(), AccessError> {
        let line = EventRow { at: self.now, actor: actor.clone(), event };
        Ok(self.house.log.add(&mut self.batch, &line)?)
    }

    /// How many rows it changes so far.
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// Makes it hold: on the disk first, then in memory. Only sessions that end without another
    /// one beginning end in memory first, so that they are over even if the disk refuses.
    pub async fn commit(self, durability: Durability) -> Result<(), AccessError> {
        let begins = |effect: &Effect| matches!(effect, Effect::Session(_, Some(_)));
        let waits = self.effects.iter().any(begins);
        let ends = |effect: &Effect| !waits && matches!(effect, Effect::Session(_, None));
        let (ending, others): (Vec<_>, Vec<_>) = self.effects.into_iter().partition(ends);
        let links = self.house.tables.links.name();
        self.house.state.write().apply(ending);
        match self.batch.commit(durability).await {
            Ok(()) => {
                self.house.state.write().apply(others);
                Ok(())
            }
            Err(StoreError::Conflict { table, .. }) if table == links => {
                Err(Refusal::LinkOver.into())
            }
            Err(problem) => Err(problem.into()),
        }
    }
}

/// Writes a row if it is still as it is now.
fn put<V: Row>(batch: &mut Batch, table: &Table<V>, key: &str, row: &V) -> Result<(), StoreError> {
    let stored = table.get(key)?;
    let expect = stored.map_or(Expect::Absent, |stored| Expect::Revision(stored.revision));
    batch.put(table, key, row, expect, None)
}

impl State {
    fn apply(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Operator(name, Some(row)) => drop(self.operators.insert(name, row)),
                Effect::Operator(name, None) => {
                    self.operators.remove(&name);
                    self.seen.remove(&name);
                    self.noted.remove(&name);
                }
                Effect::Seen(name, at) => drop(self.noted.insert(name, at)),
                Effect::Session(mark, Some(live)) => drop(self.sessions.insert(mark, live)),
                Effect::Session(mark, None) => self.end(&mark),
                Effect::Link(mark, Some(row)) => drop(self.links.insert(mark, row)),
                Effect::Link(mark, None) => drop(self.links.remove(&mark)),
            }
        }
    }

    /// Ends a session, and remembers when its owner was last seen in it.
    fn end(&mut self, mark: &Mark) {
        let known = |live: &Arc<Live>| self.operators.contains_key(&live.row.name);
        if let Some(live) = self.sessions.remove(mark).filter(known) {
            let seen = self.seen.entry(live.row.name.clone()).or_insert(live.seen());
            *seen = live.seen().max(*seen);
        }
    }
}

/// Runs a change to its end, also when the caller goes away: what is on the disk and what is in
/// memory never part.
pub(super) async fn to_the_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, AccessError>> + Send + 'static,
) -> Result<T, AccessError> {
    match tokio::spawn(change).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StoreError::Closed.into()),
        },
    }
}
