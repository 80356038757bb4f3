//! Operators: who they are, how they get in.

use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::{Clock, FingerprintKey, Timestamp};
use crate::store::Store;

use super::event_log::EventLog;
use super::house::House;
use super::passwords::STRONG;
use super::{
    AccessError, Caller, FormToken, Name, Pass, Permission, Refusal, Role, Secret, Settings,
    administer, endings, sign_in,
};

/// An operator, for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorView {
    /// Who.
    pub name: Name,
    /// What he may do.
    pub role: Role,
    /// Since when he is known.
    pub added_at: Timestamp,
    /// False until the first setup link is used, and for those the identity provider vouches for.
    pub has_password: bool,
    /// True when the identity provider vouches for him, and gives the role.
    pub foreign: bool,
    /// His last request, to the minute after a restart.
    pub last_seen: Option<Timestamp>,
    /// How many sessions he has.
    pub sessions: usize,
}

/// A link that lets its holder set a password, once. Shown once, when it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupLink {
    /// What goes behind the `#` of the address.
    pub secret: Secret,
    /// Whose password it sets; `None` for the first operator, who chooses his name.
    pub name: Option<Name>,
    /// When it ends unused.
    pub expires_at: Timestamp,
}

/// A session that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// The value of the session's cookie.
    pub secret: Secret,
    /// Whose it is.
    pub name: Name,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// The value of the cookie that makes the browser a known one for 180 days; `None` for those
    /// the identity provider vouches for, who have no password to guess.
    pub device: Option<Secret>,
}

/// A session, for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Names the session; no secret.
    pub id: String,
    /// Whose it is.
    pub name: Name,
    /// When he signed in.
    pub began_at: Timestamp,
    /// His last request in it.
    pub last_seen: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// Where he signed in from.
    pub address: String,
    /// What the browser called itself, at most 200 printable characters.
    pub agent: String,
    /// True for the session that asks.
    pub current: bool,
}

/// Where a sign-in comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The client's address.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub agent: &'a str,
    /// The cookie of a known browser, if it sent one.
    pub device: Option<&'a str>,
}

/// Whom the identity provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignIdentity {
    /// Who.
    pub name: Name,
    /// What its groups let him do.
    pub role: Role,
    /// Who he is to the provider, for good: issuer and `sub`. Names may change hands there.
    pub subject: String,
}

/// What a session's cookie gives.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who asks.
    pub caller: Caller,
    /// What every form of this session carries.
    pub form_token: FormToken,
}

/// Operators and their sessions.
pub struct People {
    pub(super) house: Arc<House>,
}

impl People {
    pub(super) async fn open(
        store: &Store,
        settings: Settings,
        key: FingerprintKey,
        clock: Arc<dyn Clock>,
        log: EventLog,
    ) -> Result<Self, AccessError> {
        Ok(Self { house: Arc::new(House::open(store, settings, key, clock, log, STRONG).await?) })
    }

    /// All operators, by name.
    pub fn list(&self) -> Vec<OperatorView> {
        self.house.list()
    }

    /// True when there is no operator.
    pub fn is_empty(&self) -> bool {
        self.house.state.read().operators.is_empty()
    }

    /// While there is no operator: a link whose holder chooses a name and becomes admin. It
    /// replaces the one before.
    pub async fn first_link(&self) -> Result<Option<SetupLink>, AccessError> {
        administer::first_link(&self.house).await
    }

    /// Adds an operator, who gets in by the link.
    pub async fn add(&self, pass: &Pass, name: Name, role: Role) -> Result<SetupLink, AccessError> {
        administer::add(&self.house, pass, name, role).await
    }

    /// A new setup link in place of the one before; the password stays until it is used.
    pub async fn new_link(&self, pass: &Pass, name: &Name) -> Result<SetupLink, AccessError> {
        administer::new_link(&self.house, pass, name).await
    }

    /// Changes a role, for the next request on. Never the last admin's.
    pub async fn set_role(&self, pass: &Pass, name: &Name, role: Role) -> Result<(), AccessError> {
        administer::set_role(&self.house, pass, name, role).await
    }

    /// Removes an operator with his sessions and links. Never the last admin.
    pub async fn remove(&self, pass: &Pass, name: &Name) -> Result<(), AccessError> {
        administer::remove(&self.house, pass, name).await
    }

    /// Whose setup link it is, without using it; `Ok(None)` when the name is to be chosen.
    pub fn link_for(&self, secret: &Secret) -> Result<Option<Name>, Refusal> {
        self.house.link_for(secret)
    }

    /// Uses a setup link, sets the password, ends the operator's other sessions.
    pub async fn set_up(
        &self,
        secret: &Secret,
        name: Option<Name>,
        password: &Secret,
        origin: &Origin<'_>,
    ) -> Result<NewSession, AccessError> {
        sign_in::set_up(&self.house, secret, name, password, origin).await
    }

    /// Signs in with a password.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &Secret,
        origin: &Origin<'_>,
    ) -> Result<NewSession, AccessError> {
        sign_in::sign_in(&self.house, name, password, origin).await
    }

    /// Signs in whom the identity provider vouches for; its role is taken over each time. Refused
    /// when a local operator has the name.
    pub async fn admit_foreign(
        &self,
        identity: ForeignIdentity,
        origin: &Origin<'_>,
    ) -> Result<NewSession, AccessError> {
        sign_in::admit_foreign(&self.house, identity, origin).await
    }

    /// Proves again who it is: a new, fresh session in place of the old one.
    pub async fn prove(
        &self,
        cookie: &str,
        password: &Secret,
        origin: &Origin<'_>,
    ) -> Result<NewSession, AccessError> {
        sign_in::prove(&self.house, cookie, password, origin).await
    }

    /// Changes the password of the session's owner; all his sessions end, and a new one begins.
    pub async fn change_password(
        &self,
        cookie: &str,
        old: &Secret,
        new: &Secret,
        origin: &Origin<'_>,
    ) -> Result<NewSession, AccessError> {
        sign_in::change_password(&self.house, cookie, old, new, origin).await
    }

    /// Who sends this cookie, with the role he has now.
    pub fn session(&self, cookie: &str) -> Option<Session> {
        self.house.session(cookie)
    }

    /// True while the session of this cookie holds and its owner may do that. It does not count
    /// as a use: a session that only listens ends by idling.
    pub fn may_still(&self, cookie: &str, permission: Permission) -> bool {
        self.house.may_still(cookie, permission)
    }

    /// Sessions of one operator or of all, the last used first. `cookie` tells which one asks.
    pub fn sessions(&self, of: Option<&Name>, cookie: &str) -> Vec<SessionView> {
        self.house.sessions(of, cookie)
    }

    /// Ends a session of the caller, or with the right to administer, of anybody.
    pub async fn end_session(&self, by: &Caller, id: &str) -> Result<(), AccessError> {
        endings::end_session(&self.house, by, id).await
    }

    /// Ends the session of this cookie. That there is none is fine.
    pub async fn sign_out(&self, cookie: &str) -> Result<(), AccessError> {
        endings::sign_out(&self.house, cookie).await
    }

    pub(super) async fn purge(&self) -> Result<(), AccessError> {
        endings::purge(&self.house).await
    }

    /// How many passwords were compared with a hash since the start.
    pub fn passwords_compared(&self) -> u64 {
        self.house.passwords.compared()
    }
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("People").finish_non_exhaustive()
    }
}
