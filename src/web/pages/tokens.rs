//! API tokens: which there are, making and revoking them.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::complaint::Outcome;
use super::shown::scope_may;
use super::{Complaint, Frame, Moment, NAME_HINT, Once, Unlock, page, permit, see_other, tried};
use crate::access::{Name, NewToken, Permission, Scope, Scopes, TokenView};
use crate::domain::Timestamp;
use crate::web::Rooms;
use crate::web::form::Form;
use crate::web::guard::Signed;

/// Longest lifetime of a token, in days.
const DAYS_MAX: u16 = 400;

/// A token that ends within so many seconds is marked.
const SOON_S: i64 = 14 * 86_400;

#[derive(Template)]
#[template(path = "pages/tokens.html")]
pub(super) struct TokensPage {
    pub frame: Frame,
    pub complaint: Complaint,
    pub unlock: Unlock,
    pub made: Option<Once>,
    pub tokens: Vec<TokenLine>,
    pub scopes: Vec<ScopeLine>,
    pub typed: Typed,
}

/// What stands in the fields of the form.
pub(super) struct Typed {
    pub name: String,
    pub days: String,
}

pub(super) struct TokenLine {
    name: String,
    scopes: String,
    made_by: String,
    configured: bool,
    over: bool,
    soon: bool,
    expires: Moment,
    last_used: Moment,
}

impl TokenLine {
    pub fn new(view: TokenView, now: Timestamp) -> Self {
        let ends_by = |moment: Timestamp| view.expires_at.is_some_and(|ends| ends <= moment);
        Self {
            over: ends_by(now),
            soon: ends_by(now.plus_seconds(SOON_S)),
            name: view.name.to_string(),
            scopes: view.scopes.to_string(),
            made_by: view.made_by,
            configured: view.configured,
            expires: Moment::or_never(view.expires_at, now),
            last_used: Moment::or_never(view.last_used, now),
        }
    }
}

pub(super) struct ScopeLine {
    name: &'static str,
    may: &'static str,
    for_data: bool,
    chosen: bool,
}

pub(super) fn scope_lines(chosen: impl Fn(Scope) -> bool) -> Vec<ScopeLine> {
    let line = |scope: Scope| ScopeLine {
        name: scope.as_str(),
        may: scope_may(scope),
        for_data: scope.is_for_data(),
        chosen: chosen(scope),
    };
    Scope::ALL.map(line).into()
}

impl TokensPage {
    fn new(rooms: &Rooms, signed: &Signed, complaint: Complaint) -> Self {
        let now = rooms.clock.now();
        let tokens = rooms.access.tokens.list().into_iter();
        Self {
            frame: Frame::of(rooms, signed, "tokens"),
            complaint,
            unlock: Unlock::of(rooms, signed, Permission::Administer),
            made: None,
            tokens: tokens.map(|view| TokenLine::new(view, now)).collect(),
            scopes: scope_lines(|_| false),
            typed: Typed { name: String::new(), days: "90".to_owned() },
        }
    }

    fn show(self) -> Response {
        page(self.complaint.status(), &self)
    }
}

/// `GET /tokens`: which tokens there are.
pub async fn tokens(State(rooms): State<Arc<Rooms>>, signed: Signed, uri: Uri) -> Response {
    let mut shown = TokensPage::new(&rooms, &signed, Complaint::none());
    shown.frame = shown.frame.after(uri.query());
    shown.show()
}

/// `POST /tokens/make`: `name`, `scope` (repeated), `days`. The answer shows the token.
pub async fn make_token(State(rooms): State<Arc<Rooms>>, signed: Signed, form: Form) -> Response {
    match make(&rooms, &signed, &form).await {
        Ok(NewToken { secret, view }) => {
            let what = format!("Token {}, for {}", view.name, view.scopes);
            let hint = "Programs send it as “Authorization: Bearer …”.";
            let made = Some(Once { what, secret, hint });
            TokensPage { made, ..TokensPage::new(&rooms, &signed, Complaint::none()) }.show()
        }
        Err(complaint) => complaint.answer("/tokens", |complaint| {
            let typed =
                Typed { name: form.text("name").to_owned(), days: form.text("days").to_owned() };
            let scopes = scope_lines(|scope| form.all("scope").any(|name| name == scope.as_str()));
            TokensPage { scopes, typed, ..TokensPage::new(&rooms, &signed, complaint) }.show()
        }),
    }
}

async fn make(rooms: &Rooms, signed: &Signed, form: &Form) -> Outcome<NewToken> {
    let pass = permit(rooms, signed, Permission::Administer)?;
    let name = Name::parse(form.text("name"));
    let name = name.ok_or_else(|| Complaint::typed("name", NAME_HINT))?;
    let scopes = scopes_of(form).map_err(|text| Complaint::typed("scopes", text))?;
    let days: Option<u16> = form.text("days").parse().ok();
    let days = days.filter(|days| (1..=DAYS_MAX).contains(days)).ok_or_else(|| {
        Complaint::typed("days", format!("A lifetime is a whole number of days, 1 to {DAYS_MAX}."))
    })?;
    let expires_at = rooms.clock.now().plus_seconds(i64::from(days) * 86_400);
    let made = rooms.access.tokens.make(&pass, name, scopes, expires_at).await;
    tried(rooms, made).map_err(|complaint| complaint.at("name"))
}

fn scopes_of(form: &Form) -> Result<Scopes, &'static str> {
    let scopes: Option<Vec<Scope>> = form.all("scope").map(Scope::parse).collect();
    match scopes {
        Some(scopes) if scopes.is_empty() => Err("Choose at least one scope."),
        Some(scopes) => Scopes::new(scopes).map_err(|_| {
            "A token for the data listener can do nothing else: make two tokens, one for each \
             listener."
        }),
        None => Err("One of these scopes is not known here. Reload the page."),
    }
}

/// `POST /tokens/revoke`: `name`.
pub async fn revoke_token(State(rooms): State<Arc<Rooms>>, signed: Signed, form: Form) -> Response {
    let about = form.text("name");
    let revoked = async {
        let pass = permit(&rooms, &signed, Permission::Administer)?;
        let name = Name::parse(about).ok_or_else(|| Complaint::typed("page", NAME_HINT))?;
        tried(&rooms, rooms.access.tokens.revoke(&pass, &name).await)
    };
    match revoked.await {
        Ok(()) => see_other("/tokens?done=revoked"),
        Err(complaint) => complaint.answer("/tokens", |complaint| {
            let shown = TokensPage::new(&rooms, &signed, Complaint::none());
            let has_form = |one: &TokenLine| one.name == about && !one.configured;
            let is_there = shown.unlock.is_open() && shown.tokens.iter().any(has_form);
            let complaint =
                if is_there { complaint.about("revoke", about) } else { complaint.at("page") };
            TokensPage { complaint, ..shown }.show()
        }),
    }
}
