//! How sessions end: signed out, ended by somebody, or by themselves.

use std::sync::Arc;

use crate::store::Durability;

use super::change::{Change, to_the_end};
use super::house::House;
use super::mark::Mark;
use super::{AccessError, AccessEvent, Caller, Name, Permission};

/// Rows that are changed at a time when what has ended is forgotten.
const PURGED_MAX: usize = 1_000;

/// Rounds of that in one go; what is left waits a minute.
const ROUNDS_MAX: usize = 32;

pub(super) async fn sign_out(house: &Arc<House>, cookie: &str) -> Result<(), AccessError> {
    let (house, mark) = (Arc::clone(house), house.marks.sessions.of(cookie));
    to_the_end(async move {
        let mut change = house.change().await;
        if !change.state().sessions.contains_key(&mark) {
            return Ok(());
        }
        change.end_session(mark)?;
        change.commit(Durability::Durable).await
    })
    .await
}

pub(super) async fn end_session(
    house: &Arc<House>,
    by: &Caller,
    id: &str,
) -> Result<(), AccessError> {
    let not_found = || AccessError::NotFound("session of that id".to_owned());
    let (mark, name) = house.session_of_id(id).ok_or_else(not_found)?;
    if by.person() != Some(&name) {
        by.permit(Permission::Administer, house.now())?;
    }
    let (house, actor) = (Arc::clone(house), by.actor().clone());
    to_the_end(async move {
        let mut change = house.change().await;
        if !change.state().sessions.contains_key(&mark) {
            return Err(not_found());
        }
        change.end_session(mark)?;
        change.tell(&actor, AccessEvent::SessionEnded { name })?;
        change.commit(Durability::Durable).await
    })
    .await
}

/// Forgets sessions and links that have ended, and writes down when sessions were last used. None
/// of it waits for the disk: what has ended has ended all the same.
pub(super) async fn purge(house: &Arc<House>) -> Result<(), AccessError> {
    house.throttle.purge();
    let house = Arc::clone(house);
    to_the_end(async move {
        // More rounds than it takes when everybody has all the sessions he may have.
        for _ in 0..ROUNDS_MAX {
            let mut change = house.change().await;
            house.forget(&mut change)?;
            house.note(&mut change)?;
            let more = change.len() >= PURGED_MAX;
            change.commit(Durability::Relaxed).await?;
            if !more {
                break;
            }
        }
        Ok(())
    })
    .await
}

impl House {
    fn session_of_id(&self, id: &str) -> Option<(Mark, Name)> {
        let state = self.state.read();
        let (mark, live) = state.sessions.iter().find(|(_, live)| live.id == id)?;
        Some((*mark, live.row.name.clone()))
    }

    fn forget(&self, change: &mut Change) -> Result<(), AccessError> {
        let now = change.now();
        let state = self.state.read();
        let over = state.sessions.iter().filter(|(_, live)| !live.holds(&self.settings, now));
        let over: Vec<Mark> = over.map(|(mark, _)| *mark).take(PURGED_MAX).collect();
        let links = state.links.iter().filter(|(_, link)| now >= link.expires_at);
        let links: Vec<Mark> = links.map(|(mark, _)| *mark).take(PURGED_MAX).collect();
        drop(state);
        over.into_iter().try_for_each(|mark| change.end_session(mark))?;
        links.into_iter().try_for_each(|mark| change.remove_link(mark))
    }

    /// Writes what differs from the disk.
    fn note(&self, change: &mut Change) -> Result<(), AccessError> {
        let now = change.now();
        let state = self.state.read();
        let used = state.sessions.iter().filter(|(_, live)| live.was_used());
        let used = used.filter(|(_, live)| live.holds(&self.settings, now));
        for (mark, live) in used.take(PURGED_MAX) {
            change.note_session(*mark, &live.noted())?;
        }
        let seen = state.last_seen().into_iter();
        let seen = seen.filter(|(name, _)| state.operators.contains_key(name));
        for (name, at) in
            seen.filter(|(name, at)| state.noted.get(name) != Some(at)).take(PURGED_MAX)
        {
            change.note_seen(&name, at)?;
        }
        Ok(())
    }
}
