//! What is asked of people, from memory.

use std::collections::HashMap;
use std::sync::Arc;

use super::house::{House, State};
use super::mark::Mark;
use super::sessions::Live;
use super::{
    Caller, FormToken, Name, OperatorView, Permission, Refusal, Secret, Session, SessionView,
};

/// Length of a session's secret, in characters.
const SECRET_CHARS: usize = 43;

impl House {
    /// The session of this mark, if it has not ended.
    pub fn live(&self, mark: &Mark) -> Option<Arc<Live>> {
        let state = self.state.read();
        let live = state.sessions.get(mark)?;
        live.holds(&self.settings, self.now()).then(|| Arc::clone(live))
    }

    /// Who sends this cookie, with the role he has now.
    pub fn session(&self, cookie: &str) -> Option<Session> {
        if cookie.len() != SECRET_CHARS {
            return None;
        }
        let (mark, now) = (self.marks.sessions.of(cookie), self.now());
        let state = self.state.read();
        let live = state.sessions.get(&mark)?;
        let role = state.operators.get(&live.row.name)?.role;
        if !live.holds(&self.settings, now) {
            return None;
        }
        live.touch(now);
        let fresh_until = live.row.began_at.plus(self.settings.fresh);
        let caller = Caller::session(live.row.name.clone(), role, fresh_until);
        let form_token = FormToken(self.marks.forms.of(cookie));
        Some(Session { caller, form_token })
    }

    /// True while the session of this cookie holds and its owner may do that. It does not count
    /// as a use.
    pub fn may_still(&self, cookie: &str, permission: Permission) -> bool {
        let state = self.state.read();
        let live = state.sessions.get(&self.marks.sessions.of(cookie));
        live.filter(|live| live.holds(&self.settings, self.now()))
            .and_then(|live| state.operators.get(&live.row.name))
            .is_some_and(|operator| operator.role.may(permission))
    }

    /// The sessions that have not ended, the last used first.
    pub fn sessions(&self, of: Option<&Name>, cookie: &str) -> Vec<SessionView> {
        let (own, now) = (self.marks.sessions.of(cookie), self.now());
        let state = self.state.read();
        let asked = |live: &&Arc<Live>| of.is_none_or(|name| live.row.name == *name);
        let open = state.sessions.iter().filter(|(_, live)| asked(live));
        let open = open.filter(|(_, live)| live.holds(&self.settings, now));
        let mut views: Vec<_> = open.map(|(mark, live)| view(live, *mark == own)).collect();
        views.sort_by(|one, other| {
            other.last_seen.cmp(&one.last_seen).then_with(|| one.id.cmp(&other.id))
        });
        views
    }

    /// All operators, by name.
    pub fn list(&self) -> Vec<OperatorView> {
        let now = self.now();
        let state = self.state.read();
        let mut open: HashMap<&Name, usize> = HashMap::new();
        for live in state.sessions.values().filter(|live| live.holds(&self.settings, now)) {
            *open.entry(&live.row.name).or_default() += 1;
        }
        let mut seen = state.last_seen();
        let view = |(name, row): (&Name, &super::operators::OperatorRow)| OperatorView {
            name: name.clone(),
            role: row.role,
            added_at: row.added_at,
            has_password: row.password.is_some(),
            foreign: row.foreign.is_some(),
            last_seen: seen.remove(name),
            sessions: open.get(name).copied().unwrap_or_default(),
        };
        state.operators.iter().map(view).collect()
    }

    /// Whose setup link it is; `Ok(None)` when the name is to be chosen.
    pub fn link_for(&self, secret: &Secret) -> Result<Option<Name>, Refusal> {
        let (mark, now) = (self.marks.links.of(secret.reveal()), self.now());
        let state = self.state.read();
        let link = state.links.get(&mark).filter(|link| now < link.expires_at);
        link.map(|link| link.name.clone()).ok_or(Refusal::LinkOver)
    }
}

impl State {
    /// The last request of each operator who has sent one.
    pub fn last_seen(&self) -> HashMap<Name, crate::domain::Timestamp> {
        let mut seen = self.seen.clone();
        for live in self.sessions.values() {
            let last = seen.entry(live.row.name.clone()).or_insert(live.seen());
            *last = live.seen().max(*last);
        }
        seen
    }
}

fn view(live: &Live, current: bool) -> SessionView {
    let row = live.row.clone();
    SessionView {
        id: live.id.clone(),
        name: row.name,
        began_at: row.began_at,
        last_seen: live.seen(),
        expires_at: row.expires_at,
        address: row.address,
        agent: row.agent,
        current,
    }
}
