//! Who can sign in, and as what.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::complaint::Outcome;
use super::moment;
use super::shown::role_may;
use super::{Complaint, Frame, Moment, NAME_HINT, Once, Unlock, page, permit, see_other, tried};
use crate::access::{Name, OperatorView, Permission, Role, Secret, SetupLink};
use crate::domain::Timestamp;
use crate::web::Rooms;
use crate::web::form::Form;
use crate::web::guard::Signed;

#[derive(Template)]
#[template(path = "pages/operators.html")]
pub(super) struct OperatorsPage {
    pub frame: Frame,
    pub complaint: Complaint,
    pub unlock: Unlock,
    pub made: Option<Once>,
    pub operators: Vec<OperatorLine>,
    pub roles: Vec<RoleLine>,
    pub typed_name: String,
    pub typed_role: String,
}

pub(super) struct OperatorLine {
    name: String,
    role: &'static str,
    is_you: bool,
    foreign: bool,
    waits: bool,
    sessions: usize,
    added: Moment,
    last_seen: Moment,
}

impl OperatorLine {
    pub fn new(view: &OperatorView, you: Option<&Name>, now: Timestamp) -> Self {
        Self {
            is_you: you == Some(&view.name),
            name: view.name.to_string(),
            role: view.role.as_str(),
            foreign: view.foreign,
            waits: !view.has_password && !view.foreign,
            sessions: view.sessions,
            added: Moment::new(view.added_at, now),
            last_seen: Moment::or_never(view.last_seen, now),
        }
    }
}

/// A role, and what it is for.
pub(super) struct RoleLine {
    pub name: &'static str,
    pub may: &'static str,
}

impl RoleLine {
    pub fn new(role: Role) -> Self {
        Self { name: role.as_str(), may: role_may(role) }
    }
}

impl OperatorsPage {
    fn new(rooms: &Rooms, signed: &Signed, complaint: Complaint) -> Self {
        let (now, you) = (rooms.clock.now(), signed.session.caller.person());
        let operators = rooms.access.people.list().into_iter();
        Self {
            frame: Frame::of(rooms, signed, "operators"),
            complaint,
            unlock: Unlock::of(rooms, signed, Permission::Administer),
            made: None,
            operators: operators.map(|view| OperatorLine::new(&view, you, now)).collect(),
            roles: Role::ALL.map(RoleLine::new).into(),
            typed_name: String::new(),
            typed_role: Role::Viewer.as_str().to_owned(),
        }
    }

    fn show(self) -> Response {
        page(self.complaint.status(), &self)
    }
}

/// `GET /operators`: who can sign in.
pub async fn operators(State(rooms): State<Arc<Rooms>>, signed: Signed, uri: Uri) -> Response {
    let mut shown = OperatorsPage::new(&rooms, &signed, Complaint::none());
    shown.frame = shown.frame.after(uri.query());
    shown.show()
}

/// `POST /operators/add`: `name`, `role`. The answer shows the setup link.
pub async fn add_operator(State(rooms): State<Arc<Rooms>>, signed: Signed, form: Form) -> Response {
    match add(&rooms, &signed, &form).await {
        Ok(link) => show_link(&rooms, &signed, &link),
        Err(complaint) => complaint.answer("/operators", |complaint| {
            let mut shown = OperatorsPage::new(&rooms, &signed, complaint);
            form.text("name").clone_into(&mut shown.typed_name);
            form.text("role").clone_into(&mut shown.typed_role);
            shown.show()
        }),
    }
}

async fn add(rooms: &Rooms, signed: &Signed, form: &Form) -> Outcome<SetupLink> {
    let pass = permit(rooms, signed, Permission::Administer)?;
    let name = Name::parse(form.text("name"));
    let name = name.ok_or_else(|| Complaint::typed("name", NAME_HINT))?;
    let role = role_of(form).map_err(|complaint| complaint.at("role"))?;
    let added = rooms.access.people.add(&pass, name, role).await;
    tried(rooms, added).map_err(|complaint| complaint.at("name"))
}

/// `POST /operators/link`: `name`. The answer shows the setup link.
pub async fn new_link(State(rooms): State<Arc<Rooms>>, signed: Signed, form: Form) -> Response {
    let made = async {
        let pass = permit(&rooms, &signed, Permission::Administer)?;
        let name = known_name(&form)?;
        tried(&rooms, rooms.access.people.new_link(&pass, &name).await)
    };
    match made.await {
        Ok(link) => show_link(&rooms, &signed, &link),
        Err(complaint) => complain(&rooms, &signed, &form, "link", complaint),
    }
}

/// `POST /operators/role`: `name`, `role`.
pub async fn change_role(State(rooms): State<Arc<Rooms>>, signed: Signed, form: Form) -> Response {
    let changed = async {
        let pass = permit(&rooms, &signed, Permission::Administer)?;
        let (name, role) = (known_name(&form)?, role_of(&form)?);
        tried(&rooms, rooms.access.people.set_role(&pass, &name, role).await)
    };
    match changed.await {
        Ok(()) => see_other("/operators?done=role"),
        Err(complaint) => complain(&rooms, &signed, &form, "role", complaint),
    }
}

/// `POST /operators/remove`: `name`.
pub async fn remove_operator(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    form: Form,
) -> Response {
    let removed = async {
        let pass = permit(&rooms, &signed, Permission::Administer)?;
        let name = known_name(&form)?;
        tried(&rooms, rooms.access.people.remove(&pass, &name).await)
    };
    match removed.await {
        Ok(()) => see_other("/operators?done=removed"),
        Err(complaint) => complain(&rooms, &signed, &form, "remove", complaint),
    }
}

fn complain(
    rooms: &Rooms,
    signed: &Signed,
    form: &Form,
    place: &'static str,
    complaint: Complaint,
) -> Response {
    complaint.answer("/operators", |complaint| {
        let shown = OperatorsPage::new(rooms, signed, Complaint::none());
        // Beside the operator's form, or where there is none any more, on the page.
        let about = form.text("name");
        let is_there =
            shown.unlock.is_open() && shown.operators.iter().any(|one| one.name == about);
        let complaint = if is_there { complaint.about(place, about) } else { complaint.at("page") };
        OperatorsPage { complaint, ..shown }.show()
    })
}

fn show_link(rooms: &Rooms, signed: &Signed, link: &SetupLink) -> Response {
    let name = link.name.as_ref().map_or("the first admin", Name::as_str);
    let address = format!("{}/setup#{}", rooms.network.public_url, link.secret.reveal());
    let ends = moment::text(link.expires_at, rooms.clock.now());
    let made = Some(Once {
        what: format!("Setup link for {name}. It works once, and ends {ends}."),
        secret: Secret::new(address),
        hint: "Hand it over where nobody else reads it; whoever has it sets the password.",
    });
    OperatorsPage { made, ..OperatorsPage::new(rooms, signed, Complaint::none()) }.show()
}

fn known_name(form: &Form) -> Outcome<Name> {
    Name::parse(form.text("name")).ok_or_else(|| Complaint::typed("page", NAME_HINT))
}

fn role_of(form: &Form) -> Outcome<Role> {
    let hint = "Choose one of viewer, operator, promoter and admin.";
    Role::parse(form.text("role")).ok_or_else(|| Complaint::typed("page", hint))
}
