//! Setup links: a new operator, or one without a password, chooses one.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use super::complaint::Outcome;
use super::visit::{Visit, signed_in};
use super::{Complaint, Frame, NAME_HINT, new_password, page, tried};
use crate::access::{Name, NewSession, Secret};
use crate::web::Rooms;
use crate::web::form::Form;
use crate::web::guard::Signed;

type MaybeSigned = Option<Extension<Signed>>;

fn frame(signed: &MaybeSigned) -> Frame {
    Frame::unnamed(signed.as_ref().map(|Extension(signed)| signed))
}

#[derive(Template)]
#[template(path = "pages/setup.html")]
pub(super) struct SetupPage {
    pub frame: Frame,
    pub complaint: Complaint,
}

#[derive(Template)]
#[template(path = "pages/setup_password.html")]
pub(super) struct SetupPasswordPage {
    pub frame: Frame,
    pub complaint: Complaint,
    pub secret: String,
    pub name: String,
    pub chooses_name: bool,
}

/// `GET /setup`: takes the link's code.
pub async fn setup(signed: MaybeSigned) -> Response {
    ask_for_code(frame(&signed), Complaint::none())
}

fn ask_for_code(frame: Frame, complaint: Complaint) -> Response {
    page(complaint.status(), &SetupPage { frame, complaint })
}

/// `POST /setup/look`: `secret`. Asks for a password; uses nothing up.
pub async fn look_setup(
    State(rooms): State<Arc<Rooms>>,
    signed: MaybeSigned,
    form: Form,
) -> Response {
    let (frame, secret) = (frame(&signed), Secret::new(form.text("secret")));
    match tried(&rooms, rooms.access.people.link_for(&secret)) {
        Ok(name) => ask_for_password(frame, &form, name.as_ref(), Complaint::none()),
        Err(complaint) => {
            complaint.at("secret").answer("/setup", |complaint| ask_for_code(frame, complaint))
        }
    }
}

fn ask_for_password(
    frame: Frame,
    form: &Form,
    name: Option<&Name>,
    complaint: Complaint,
) -> Response {
    let setup = SetupPasswordPage {
        frame,
        secret: form.text("secret").to_owned(),
        name: name.map_or(form.text("name"), Name::as_str).to_owned(),
        chooses_name: name.is_none(),
        complaint,
    };
    page(setup.complaint.status(), &setup)
}

/// `POST /setup`: `secret`, `name`, `password`, `again`. Uses the link up and signs in.
pub async fn set_up(
    State(rooms): State<Arc<Rooms>>,
    signed: MaybeSigned,
    visit: Visit,
    form: Form,
) -> Response {
    let (frame, secret) = (frame(&signed), Secret::new(form.text("secret")));
    let known = match tried(&rooms, rooms.access.people.link_for(&secret)) {
        Ok(known) => known,
        Err(complaint) => {
            return complaint
                .at("secret")
                .answer("/setup", |complaint| ask_for_code(frame, complaint));
        }
    };
    match save(&rooms, &visit, &form, &secret, known.as_ref()).await {
        Ok(session) => signed_in(&rooms, &session, "/"),
        Err(complaint) => complaint.answer("/setup", |complaint| {
            ask_for_password(frame, &form, known.as_ref(), complaint)
        }),
    }
}

async fn save(
    rooms: &Rooms,
    visit: &Visit,
    form: &Form,
    secret: &Secret,
    known: Option<&Name>,
) -> Outcome<NewSession> {
    let name = match known {
        Some(_) => None,
        None => Some(
            Name::parse(form.text("name")).ok_or_else(|| Complaint::typed("name", NAME_HINT))?,
        ),
    };
    let password = new_password(form, "password")?;
    let session = rooms.access.people.set_up(secret, name, &password, &visit.origin()).await;
    tried(rooms, session).map_err(|complaint| complaint.at("setup"))
}
