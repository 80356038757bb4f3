//! Why a subject is served by one side. Whom it is about stays out of the address.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::complaint::Outcome;
use super::{Complaint, Frame, page};
use crate::flags::Explanation;
use crate::web::Rooms;
use crate::web::api::explain::ExplainWish;
use crate::web::form::Form;
use crate::web::guard::Signed;

#[derive(Template)]
#[template(path = "pages/explain.html")]
pub(super) struct ExplainPage {
    pub frame: Frame,
    pub complaint: Complaint,
    /// The components that can be asked about.
    pub components: Vec<String>,
    pub typed: Typed,
    pub answer: Option<Explanation>,
}

/// What stands in the fields of the form.
#[derive(Default)]
pub(super) struct Typed {
    pub component: String,
    pub subject: String,
    pub tenant: String,
    pub scopes: String,
    pub headers: String,
}

/// `GET /explain`: asks whom it is about.
pub async fn explain_form(State(rooms): State<Arc<Rooms>>, signed: Signed) -> Response {
    show(&rooms, &signed, Typed::default(), Ok(None))
}

/// `POST /explain`: `component`, `subject`, `tenant`, `scopes`, `headers`. Changes nothing.
pub async fn explain(State(rooms): State<Arc<Rooms>>, signed: Signed, form: Form) -> Response {
    let text = |name| form.text(name).to_owned();
    let typed = Typed {
        component: text("component"),
        subject: text("subject"),
        tenant: text("tenant"),
        scopes: text("scopes"),
        headers: text("headers"),
    };
    let answer = answer(&rooms, &typed).map(Some);
    show(&rooms, &signed, typed, answer)
}

fn answer(rooms: &Rooms, typed: &Typed) -> Outcome<Explanation> {
    let wish = typed.wish()?;
    let snapshot = rooms.flags.snapshot();
    let Some(flag) = snapshot.flag(&typed.component) else {
        return Err(Complaint::typed("component", "Choose a component."));
    };
    Ok(snapshot.explain(flag, &wish.facts()))
}

fn show(
    rooms: &Rooms,
    signed: &Signed,
    typed: Typed,
    answer: Outcome<Option<Explanation>>,
) -> Response {
    let snapshot = rooms.flags.snapshot();
    let (answer, complaint) = match answer {
        Ok(answer) => (answer, Complaint::none()),
        Err(complaint) => (None, complaint),
    };
    let status = if answer.is_some() { StatusCode::OK } else { complaint.status() };
    let shown = ExplainPage {
        frame: Frame::of(rooms, signed, "explain"),
        complaint,
        components: snapshot.sorted().iter().map(|flag| flag.component.to_string()).collect(),
        typed,
        answer,
    };
    page(status, &shown)
}

impl Typed {
    fn wish(&self) -> Outcome<ExplainWish> {
        let mut headers = BTreeMap::new();
        for line in self.headers.lines().filter(|line| !line.trim().is_empty()) {
            let Some((name, value)) = line.split_once(':') else {
                let problem = "Write one header a line, as name: value.";
                return Err(Complaint::typed("headers", problem));
            };
            headers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
        Ok(ExplainWish {
            subject: self.subject.clone(),
            tenant: Some(self.tenant.clone()).filter(|tenant| !tenant.is_empty()),
            scopes: self.scopes.split_whitespace().map(str::to_owned).collect(),
            headers,
        })
    }
}
