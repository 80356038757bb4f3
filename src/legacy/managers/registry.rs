//! Who the manager thinks is connected.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::ManagerProfile;
use super::mirror::USERS_MAX;
use super::rules::{Again, ClientRules, Registry};
use crate::domain::{Condition, ConnectionId, Event, Listening, Standing, Subject, Timestamp};

/// Connections registered, over all users.
const CONNECTIONS_MAX: usize = 20_000;

/// Entries of one user; aliases among them.
const ENTRIES_PER_USER_MAX: usize = 1_000;

/// Who the manager thinks is connected.
#[derive(Debug, Default)]
pub(super) struct Registered {
    by_user: HashMap<Subject, Vec<ConnectionId>>,
    sockets: HashMap<ConnectionId, Socket>,
    first: Option<Subject>,
    /// Clients that have left, the last one of each user: who comes next is taken to be the same.
    left: HashMap<Subject, Client>,
}

/// A socket, as far as the manager knows.
#[derive(Debug)]
pub(super) struct Socket {
    /// Who has registered it; more than one where nobody looks.
    pub owners: Vec<Subject>,
    pub condition: Condition,
    /// When it was registered or last given something.
    pub busy_at: Timestamp,
    /// What waits until the socket takes something.
    pub waiting: VecDeque<Arc<str>>,
    /// The client behind it.
    pub client: Client,
}

/// A client, over all its connections.
#[derive(Debug, Default)]
pub(super) struct Client {
    /// Frames it was given.
    given: usize,
    /// Messages that it has looked at, the last ones.
    looked_at: VecDeque<String>,
    /// The last frames it was given.
    past: VecDeque<Arc<str>>,
}

impl Registered {
    pub fn socket(&mut self, connection: &ConnectionId) -> Option<&mut Socket> {
        self.sockets.get_mut(connection)
    }

    /// The sockets of a user, each by name.
    pub fn of_user(&self, user: &Subject) -> &[ConnectionId] {
        self.by_user.get(user).map_or(&[], Vec::as_slice)
    }

    /// True when somebody else has registered the connection.
    pub fn is_foreign(&self, user: &Subject, connection: &ConnectionId) -> bool {
        let socket = self.sockets.get(connection);
        socket.is_some_and(|socket| socket.owners.iter().any(|owner| owner != user))
    }

    pub fn enter(
        &mut self,
        profile: &ManagerProfile,
        user: &Subject,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Standing {
        match profile.registry {
            Registry::Throwaway => return Standing::Connected,
            Registry::Never => return Standing::Unknown,
            Registry::PerUser | Registry::Thread | Registry::FirstUser | Registry::Everybody => {}
        }
        let entries = self.of_user(user);
        let again = entries.contains(connection);
        let others = entries.len() - usize::from(again);
        let limit = profile.connections_max.unwrap_or(ENTRIES_PER_USER_MAX);
        let full = !self.sockets.contains_key(connection) && self.sockets.len() >= CONNECTIONS_MAX;
        if others >= limit || entries.len() >= ENTRIES_PER_USER_MAX || full {
            return Standing::Refused;
        }
        if !again || profile.registered_again == Again::Alias {
            self.by_user.entry(user.clone()).or_default().push(connection.clone());
        }
        if !again {
            let before = self.sockets.remove(connection).map(|socket| socket.owners);
            let owners = before.into_iter().flatten().chain([user.clone()]).collect();
            let client = self.left.remove(user).unwrap_or_default();
            self.sockets.insert(connection.clone(), Socket::new(owners, client, now));
        }
        self.first.get_or_insert_with(|| user.clone());
        Standing::Connected
    }

    fn strike(&mut self, owner: &Subject, connection: &ConnectionId) {
        if let Some(entries) = self.by_user.get_mut(owner) {
            entries.retain(|entry| entry != connection);
            if entries.is_empty() {
                self.by_user.remove(owner);
            }
        }
    }

    pub fn leave(&mut self, connection: &ConnectionId) -> Option<Socket> {
        let mut socket = self.sockets.remove(connection)?;
        for owner in &socket.owners {
            self.strike(owner, connection);
        }
        if let Some(owner) = socket.owners.last()
            && (self.left.len() < USERS_MAX || self.left.contains_key(owner))
            && socket.client.given > 0
        {
            self.left.insert(owner.clone(), std::mem::take(&mut socket.client));
        }
        Some(socket)
    }

    /// What is heard about sockets by the way.
    pub fn note(&mut self, audience: &[Listening]) {
        for Listening { connection, condition } in audience {
            if let Some(socket) = self.sockets.get_mut(connection) {
                socket.condition = *condition;
            }
        }
    }

    /// Sockets that take something and on which something waits.
    pub fn unblocked(&self, user: Option<&Subject>) -> Vec<ConnectionId> {
        let waits = |connection: &&ConnectionId| {
            let socket = self.sockets.get(*connection);
            socket.is_some_and(|socket| {
                let takes = matches!(socket.condition, Condition::Ready | Condition::Slow);
                takes && !socket.waiting.is_empty()
            })
        };
        let mut found: Vec<ConnectionId> = match user {
            Some(user) => self.of_user(user).iter().filter(waits).cloned().collect(),
            None => self.sockets.keys().filter(waits).cloned().collect(),
        };
        found.sort_unstable();
        found
    }

    /// To whom, in the manager's eyes, an event goes, and to which sockets.
    pub fn targets(&self, profile: &ManagerProfile, event: &Event) -> (Subject, Vec<ConnectionId>) {
        let of = |user: Subject| {
            let sockets = self.of_user(&user).to_vec();
            (user, sockets)
        };
        let nobody = || (event.user.clone(), Vec::new());
        match profile.registry {
            Registry::PerUser => of(event.user.clone()),
            Registry::FirstUser => self.first.clone().map_or_else(nobody, of),
            Registry::Thread => of_thread(profile, event).map_or_else(nobody, of),
            Registry::Everybody => {
                let mut sockets: Vec<ConnectionId> = self.sockets.keys().cloned().collect();
                sockets.sort_unstable();
                (event.user.clone(), sockets)
            }
            Registry::Throwaway | Registry::Never => nobody(),
        }
    }

    /// True when the socket has been given nothing for too long.
    pub fn is_stale(
        &self,
        profile: &ManagerProfile,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> bool {
        let (Some(stale_s), Some(socket)) = (profile.stale_s, self.sockets.get(connection)) else {
            return false;
        };
        now.since(socket.busy_at) > Duration::from_secs(stale_s)
    }
}

fn of_thread(profile: &ManagerProfile, event: &Event) -> Option<Subject> {
    let thread = event.thread.as_ref()?.as_str();
    let refused = profile.refused_prefixes.iter().any(|prefix| thread.starts_with(&**prefix));
    if refused { None } else { Subject::parse(thread) }
}

impl Socket {
    const fn new(owners: Vec<Subject>, client: Client, now: Timestamp) -> Self {
        Self { owners, condition: Condition::Ready, busy_at: now, waiting: VecDeque::new(), client }
    }
}

impl Client {
    /// False when the client does not look at the frame.
    pub fn take(&mut self, text: &Arc<str>, rules: &ClientRules) -> bool {
        if let Some(ring) = rules.ring {
            self.given = self.given.saturating_add(1);
            if self.given > ring || (rules.dedupes && self.looked_at_before(text, ring)) {
                return false;
            }
        }
        if rules.repeats > 0 {
            if self.past.len() == rules.repeats {
                self.past.pop_front();
            }
            self.past.push_back(Arc::clone(text));
        }
        true
    }

    pub fn past(&self) -> Vec<Arc<str>> {
        self.past.iter().cloned().collect()
    }

    /// True when the client has looked at a message of that name, as far as it remembers.
    fn looked_at_before(&mut self, text: &str, remembers: usize) -> bool {
        let frame: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        let Some(id) = frame["payload"]["message_id"].as_str() else { return false };
        if self.looked_at.iter().any(|known| known == id) {
            return true;
        }
        if self.looked_at.len() == remembers {
            self.looked_at.pop_front();
        }
        self.looked_at.push_back(id.to_owned());
        false
    }
}
