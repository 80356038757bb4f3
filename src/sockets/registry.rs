//! Whose logs are in memory, and which connections are open.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, RwLock};
use tokio::sync::Mutex as AsyncMutex;

use super::journal::{Journal, RowPrefix};
use super::seat::Seat;
use super::user::User;
use crate::domain::{Clock, ConnectionId, Subject, Timestamp};
use crate::store::StoreError;

/// Locks under which logs are loaded and put away; users share them by hash.
const LOADING_LOCKS: usize = 64;

/// Users and connections.
pub(super) struct Registry {
    users: RwLock<HashMap<Subject, Arc<User>>>,
    /// Whoever loads a user's log, or puts it away, holds the user's lock: there is one log.
    loading: Vec<AsyncMutex<()>>,
    seats: Mutex<HashMap<ConnectionId, Arc<Seat>>>,
    closed: AtomicBool,
}

/// Why a user's log is not in memory.
#[derive(Debug)]
pub(super) enum NotLoaded {
    TooManyUsers,
    Store(StoreError),
}

impl Registry {
    pub fn new() -> Self {
        Self {
            users: RwLock::default(),
            loading: (0..LOADING_LOCKS).map(|_| AsyncMutex::default()).collect(),
            seats: Mutex::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// The user, with the log loaded from the disk if it is not in memory.
    pub async fn user(
        &self,
        subject: &Subject,
        journal: &Arc<Journal>,
        clock: &dyn Clock,
        (users_max, retained_for): (u32, std::time::Duration),
    ) -> Result<Arc<User>, NotLoaded> {
        if let Some(user) = self.users.read().get(subject) {
            return Ok(Arc::clone(user));
        }
        let _loading = self.loading_lock(subject).lock().await;
        if let Some(user) = self.users.read().get(subject) {
            return Ok(Arc::clone(user));
        }
        if self.users.read().len() >= users_max as usize {
            return Err(NotLoaded::TooManyUsers);
        }
        let rows = RowPrefix::of(subject);
        let now = clock.now();
        let (journal, prefix) = (Arc::clone(journal), rows.clone());
        let oldest = now.minus(retained_for);
        let loaded = tokio::task::spawn_blocking(move || journal.load(&prefix, oldest)).await;
        let loaded = loaded.unwrap_or(Err(StoreError::Closed)).map_err(NotLoaded::Store)?;
        let user = Arc::new(User::new(subject.clone(), rows, loaded, now));
        self.users.write().insert(subject.clone(), Arc::clone(&user));
        Ok(user)
    }

    fn loading_lock(&self, subject: &Subject) -> &AsyncMutex<()> {
        let mut hasher = DefaultHasher::new();
        subject.hash(&mut hasher);
        let place = hasher.finish() % LOADING_LOCKS as u64;
        // Below 64.
        &self.loading[usize::try_from(place).unwrap_or(0)]
    }

    /// The user, if the log is in memory.
    pub fn present(&self, subject: &Subject) -> Option<Arc<User>> {
        self.users.read().get(subject).cloned()
    }

    /// Every user whose log is in memory.
    pub fn users(&self) -> Vec<Arc<User>> {
        self.users.read().values().cloned().collect()
    }

    /// Users whose logs are in memory, and the events in them.
    pub fn sizes(&self) -> (usize, usize) {
        let users = self.users();
        (users.len(), users.iter().map(|user| user.state.lock().log.len()).sum())
    }

    /// Puts away the log of a user who is not connected, is not about to come back, and has got
    /// nothing since `unused_since`.
    pub fn put_away(&self, user: Arc<User>, unused_since: Timestamp, now: Timestamp) {
        let is_unused = |user: &User| {
            let state = user.state.lock();
            let idle = state.seats.is_empty() && state.used_at < unused_since;
            idle && state.doomed.is_empty() && !state.awaits(now)
        };
        // Most are not: they need no lock that publishers wait for.
        if !is_unused(&user) {
            return;
        }
        let Ok(_loading) = self.loading_lock(&user.subject).try_lock() else { return };
        let subject = user.subject.clone();
        let mut users = self.users.write();
        let unused = is_unused(&user);
        drop(user);
        // Nobody else has the user at hand, and nobody can get hold of it now.
        if unused && users.get(&subject).is_some_and(|user| Arc::strong_count(user) == 1) {
            users.remove(&subject);
        }
    }

    /// Adds a connection, unless there are `connections_max`, or the room is closed.
    pub fn seat(&self, seat: &Arc<Seat>, connections_max: u32) -> Result<(), NoSeat> {
        let mut seats = self.seats.lock();
        if self.closed.load(Ordering::Acquire) {
            return Err(NoSeat::Closed);
        }
        if seats.len() >= connections_max as usize {
            return Err(NoSeat::Full);
        }
        seats.insert(seat.connection.clone(), Arc::clone(seat));
        Ok(())
    }

    pub fn unseat(&self, connection: &ConnectionId) {
        let mut seats = self.seats.lock();
        seats.remove(connection);
        if seats.capacity() > 1_024 && seats.len() < seats.capacity() / 8 {
            seats.shrink_to_fit();
        }
    }

    pub fn find(&self, connection: &ConnectionId) -> Option<Arc<Seat>> {
        self.seats.lock().get(connection).cloned()
    }

    pub fn seats(&self) -> Vec<Arc<Seat>> {
        self.seats.lock().values().cloned().collect()
    }

    pub fn connections(&self) -> usize {
        self.seats.lock().len()
    }

    /// From now on nobody is seated. Who is seated is given back.
    pub fn close(&self) -> Vec<Arc<Seat>> {
        let seats = self.seats.lock();
        self.closed.store(true, Ordering::Release);
        seats.values().cloned().collect()
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

/// Why a connection gets no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoSeat {
    Full,
    Closed,
}
