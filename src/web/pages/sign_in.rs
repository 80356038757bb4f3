//! Signing in and out.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;

use super::visit::{Visit, signed_in};
use super::{Complaint, Frame, local_path, page, query_value, see_other, tried};
use crate::access::{AccessError, Refusal};
use crate::web::form::Form;
use crate::web::guard::Signed;
use crate::web::{CallbackQuery, Rooms, cookies};

/// An identity provider that people can sign in with.
pub struct Provider {
    /// What people call it.
    pub name: String,
    /// A path of ours that leads there.
    pub path: String,
}

#[derive(Template)]
#[template(path = "pages/sign_in.html")]
pub(super) struct SignInPage {
    pub frame: Frame,
    pub complaint: Complaint,
    pub name: String,
    pub next: String,
    pub signed_out: bool,
    pub provider: Option<Provider>,
}

/// The identity provider, if one is configured.
pub(super) fn provider(rooms: &Rooms) -> Option<Provider> {
    let provider = rooms.provider.as_ref()?;
    Some(Provider { name: provider.host().to_owned(), path: "/sign-in/provider".to_owned() })
}

/// `GET /sign-in/provider?next=`: sends the browser to the identity provider.
pub async fn to_provider(State(rooms): State<Arc<Rooms>>, uri: Uri) -> Response {
    let next = query_value(&uri, "next");
    let begun = match &rooms.provider {
        Some(provider) => match provider.begin(local_path(&next)).await {
            // A path that is too long to be carried along is not worth a sign-in.
            Err(AccessError::Unusable(_)) => provider.begin("/").await,
            begun => begun,
        },
        None => Err(AccessError::NotFound("identity provider".to_owned())),
    };
    match tried(&rooms, begun) {
        Ok(response) => response,
        Err(complaint) => refused(&rooms, &next, complaint),
    }
}

/// `GET /sign-in/provider/callback`: the browser comes back, and is signed in.
pub async fn from_provider(
    State(rooms): State<Arc<Rooms>>,
    visit: Visit,
    headers: HeaderMap,
    query: Result<Query<CallbackQuery>, QueryRejection>,
) -> Response {
    let Some(provider) = &rooms.provider else { return see_other("/sign-in") };
    let came_back = match &query {
        Ok(Query(query)) => provider.identify(query, &headers, rooms.clock.now()).await,
        Err(_) => Err(Refusal::ForeignIdentity.into()),
    };
    let admitted = match came_back {
        Ok((identity, next)) => {
            let session = rooms.access.people.admit_foreign(identity, &visit.origin()).await;
            session.map(|session| (session, next))
        }
        Err(error) => Err(error),
    };
    match tried(&rooms, admitted) {
        Ok((session, next)) => {
            let mut response = signed_in(&rooms, &session, local_path(&next));
            response.headers_mut().append(header::SET_COOKIE, provider.forget());
            response
        }
        // The cookie stays: an answer that somebody else has made up ends nobody's sign-in.
        Err(complaint) => refused(&rooms, "", complaint),
    }
}

/// The form again, with what went wrong on the way to the provider or back.
fn refused(rooms: &Rooms, next: &str, complaint: Complaint) -> Response {
    let complaint = complaint.at("sign-in");
    page(complaint.status(), &SignInPage::new(rooms, next, complaint))
}

impl SignInPage {
    fn new(rooms: &Rooms, next: &str, complaint: Complaint) -> Self {
        Self {
            frame: Frame::default(),
            complaint,
            name: String::new(),
            next: local_path(next).to_owned(),
            signed_out: false,
            provider: provider(rooms),
        }
    }
}

/// `GET /sign-in`: the form, or the way on for whoever has signed in.
pub async fn sign_in_form(
    State(rooms): State<Arc<Rooms>>,
    signed: Option<Extension<Signed>>,
    uri: Uri,
) -> Response {
    let next = query_value(&uri, "next");
    if signed.is_some() {
        return see_other(local_path(&next));
    }
    let signed_out = uri.query() == Some("signed-out");
    page(
        StatusCode::OK,
        &SignInPage { signed_out, ..SignInPage::new(&rooms, &next, Complaint::none()) },
    )
}

/// `POST /sign-in`: `name`, `password`, `next`.
pub async fn sign_in(State(rooms): State<Arc<Rooms>>, visit: Visit, form: Form) -> Response {
    let (name, next) = (form.text("name"), local_path(form.text("next")));
    let password = form.secret("password");
    let session = rooms.access.people.sign_in(name, &password, &visit.origin()).await;
    match tried(&rooms, session) {
        Ok(session) => signed_in(&rooms, &session, next),
        Err(complaint) => complaint.at("sign-in").answer("/", |complaint| {
            let status = complaint.status();
            let name = name.to_owned();
            page(status, &SignInPage { name, ..SignInPage::new(&rooms, next, complaint) })
        }),
    }
}

/// `POST /sign-out`: ends the session.
pub async fn sign_out(State(rooms): State<Arc<Rooms>>, signed: Signed) -> Response {
    match tried(&rooms, rooms.access.people.sign_out(&signed.cookie).await) {
        Ok(()) => {
            let mut response = see_other("/sign-in?signed-out");
            let forget = cookies::signed_out(&rooms.network.public_url);
            response.headers_mut().append(header::SET_COOKIE, forget);
            response
        }
        Err(complaint) => complaint.page(Frame::of(&rooms, &signed, ""), "Not signed out"),
    }
}
