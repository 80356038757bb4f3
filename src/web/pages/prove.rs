//! Proving again who one is, before what is dangerous.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::sign_in::{Provider, provider};
use super::visit::{Visit, signed_in};
use super::{Complaint, Frame, local_path, page, query_value, tried};
use crate::web::Rooms;
use crate::web::form::Form;
use crate::web::guard::Signed;

#[derive(Template)]
#[template(path = "pages/prove.html")]
pub(super) struct ProvePage {
    pub frame: Frame,
    pub complaint: Complaint,
    pub name: String,
    pub next: String,
    pub provider: Option<Provider>,
}

fn ask(rooms: &Rooms, signed: &Signed, next: &str, complaint: Complaint) -> Response {
    let prove = ProvePage {
        frame: Frame::of(rooms, signed, ""),
        complaint,
        name: signed.session.caller.person().map(ToString::to_string).unwrap_or_default(),
        next: local_path(next).to_owned(),
        provider: provider(rooms),
    };
    page(prove.complaint.status(), &prove)
}

/// `GET /prove`: asks for the password, then leads on to `next`.
pub async fn prove(State(rooms): State<Arc<Rooms>>, signed: Signed, uri: Uri) -> Response {
    ask(&rooms, &signed, &query_value(&uri, "next"), Complaint::none())
}

/// `POST /prove`: `password`, `next`. A fresh session takes the place of this one.
pub async fn prove_it(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    visit: Visit,
    form: Form,
) -> Response {
    let next = local_path(form.text("next"));
    let password = form.secret("password");
    let proved = rooms.access.people.prove(&signed.cookie, &password, &visit.origin()).await;
    match tried(&rooms, proved) {
        Ok(session) => signed_in(&rooms, &session, next),
        Err(complaint) => complaint
            .for_the_known()
            .at("prove")
            .answer("/prove", |complaint| ask(&rooms, &signed, next, complaint)),
    }
}
