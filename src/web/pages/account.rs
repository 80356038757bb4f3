//! One's own account: sessions and password.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::complaint::Outcome;
use super::operators::RoleLine;
use super::visit::{Visit, signed_in};
use super::{Complaint, Frame, Moment, new_password, page, see_other, tried};
use crate::access::{Name, NewSession, Role, SessionView};
use crate::domain::Timestamp;
use crate::web::Rooms;
use crate::web::form::Form;
use crate::web::guard::Signed;

#[derive(Template)]
#[template(path = "pages/account.html")]
pub(super) struct AccountPage {
    pub frame: Frame,
    pub complaint: Complaint,
    pub name: String,
    pub role: RoleLine,
    pub foreign: bool,
    pub sessions: Vec<SessionLine>,
}

pub(super) struct SessionLine {
    id: String,
    agent: String,
    address: String,
    current: bool,
    began: Moment,
    last_seen: Moment,
    ends: Moment,
}

impl SessionLine {
    pub fn new(session: SessionView, now: Timestamp) -> Self {
        Self {
            id: session.id,
            agent: session.agent,
            address: session.address,
            current: session.current,
            began: Moment::new(session.began_at, now),
            last_seen: Moment::new(session.last_seen, now),
            ends: Moment::new(session.expires_at, now),
        }
    }
}

fn show(rooms: &Rooms, signed: &Signed, query: Option<&str>, complaint: Complaint) -> Response {
    let caller = &signed.session.caller;
    let (now, people) = (rooms.clock.now(), &rooms.access.people);
    let name = caller.person();
    let is_foreign = |name: &Name| people.list().iter().any(|one| one.name == *name && one.foreign);
    let account = AccountPage {
        frame: Frame::of(rooms, signed, "account").after(query),
        complaint,
        name: name.map(ToString::to_string).unwrap_or_default(),
        role: RoleLine::new(caller.role().unwrap_or(Role::Viewer)),
        foreign: name.is_some_and(is_foreign),
        sessions: people
            .sessions(name, &signed.cookie)
            .into_iter()
            .map(|session| SessionLine::new(session, now))
            .collect(),
    };
    page(account.complaint.status(), &account)
}

/// `GET /account`: where one is signed in, and the form for a new password.
pub async fn account(State(rooms): State<Arc<Rooms>>, signed: Signed, uri: Uri) -> Response {
    show(&rooms, &signed, uri.query(), Complaint::none())
}

/// `POST /account/password`: `old`, `new`, `again`.
pub async fn change_password(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    visit: Visit,
    form: Form,
) -> Response {
    match change(&rooms, &signed, &visit, &form).await {
        Ok(session) => signed_in(&rooms, &session, "/account?done=password"),
        Err(complaint) => {
            complaint.answer("/account", |complaint| show(&rooms, &signed, None, complaint))
        }
    }
}

async fn change(rooms: &Rooms, signed: &Signed, visit: &Visit, form: &Form) -> Outcome<NewSession> {
    let (old, new) = (form.secret("old"), new_password(form, "new")?);
    let people = &rooms.access.people;
    let changed = people.change_password(&signed.cookie, &old, &new, &visit.origin()).await;
    tried(rooms, changed).map_err(|complaint| {
        // Only the length and the list of common ones are wrong with a new password.
        let place = if complaint.is_about_password() { "new" } else { "old" };
        complaint.for_the_known().at(place)
    })
}

/// `POST /account/sessions/end`: `id`.
pub async fn end_session(State(rooms): State<Arc<Rooms>>, signed: Signed, form: Form) -> Response {
    let caller = &signed.session.caller;
    match tried(&rooms, rooms.access.people.end_session(caller, form.text("id")).await) {
        Ok(()) => see_other("/account?done=session"),
        Err(complaint) => complaint
            .at("session")
            .answer("/account", |complaint| show(&rooms, &signed, None, complaint)),
    }
}
