//! What waits for a second person.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::complaint::Outcome;
use super::{Complaint, Frame, Moment, Unlock, page, permit, see_other, tried};
use crate::access::{Approval, Name, Permission};
use crate::domain::Timestamp;
use crate::flags::Stage;
use crate::web::form::Form;
use crate::web::guard::Signed;
use crate::web::{Rooms, approved};

#[derive(Template)]
#[template(path = "pages/approvals.html")]
pub(super) struct ApprovalsPage {
    pub frame: Frame,
    pub complaint: Complaint,
    pub unlock: Unlock,
    pub approvals: Vec<ApprovalLine>,
    /// Components that could be completed.
    pub sealed: Vec<String>,
}

pub(super) struct ApprovalLine {
    id: String,
    summary: String,
    details: Vec<String>,
    note: String,
    asked_by: String,
    asked: Moment,
    ends: Moment,
    is_yours: bool,
    may_approve: bool,
    may_reject: bool,
}

impl ApprovalLine {
    /// `you` is whoever looks, `unlock` what his session may do now.
    pub fn new(
        approval: Approval,
        details: Vec<String>,
        you: Option<&Name>,
        unlock: Unlock,
        now: Timestamp,
    ) -> Self {
        let is_yours = you == Some(&approval.asked_by);
        Self {
            id: approval.id,
            summary: approval.summary,
            details,
            note: approval.note,
            asked_by: approval.asked_by.to_string(),
            asked: Moment::new(approval.asked_at, now),
            ends: Moment::new(approval.expires_at, now),
            is_yours,
            may_approve: unlock.is_open() && !is_yours,
            may_reject: unlock.is_open() || is_yours,
        }
    }
}

fn show(rooms: &Rooms, signed: &Signed, query: Option<&str>, complaint: Complaint) -> Response {
    let (now, you) = (rooms.clock.now(), signed.session.caller.person());
    let unlock = Unlock::of(rooms, signed, Permission::Force);
    let (open, complaint) = match rooms.access.approvals.list() {
        Ok(open) => (open, complaint),
        Err(error) => (Vec::new(), Complaint::of_error(rooms, error)),
    };
    let snapshot = rooms.flags.snapshot();
    let line = |approval: Approval| {
        let details = approved::details(rooms, &snapshot, &approval.what);
        ApprovalLine::new(approval, details, you, unlock, now)
    };
    let shown = ApprovalsPage {
        frame: Frame::of(rooms, signed, "approvals").after(query),
        complaint,
        unlock,
        approvals: open.into_iter().map(line).collect(),
        sealed: sealed(rooms),
    };
    page(shown.complaint.status(), &shown)
}

/// `GET /approvals`: what is open.
pub async fn approvals(State(rooms): State<Arc<Rooms>>, signed: Signed, uri: Uri) -> Response {
    show(&rooms, &signed, uri.query(), Complaint::none())
}

/// Components at the last stage but one.
fn sealed(rooms: &Rooms) -> Vec<String> {
    let snapshot = rooms.flags.snapshot();
    let sealed = snapshot.sorted().into_iter().filter(|flag| flag.stage == Stage::Sealed);
    sealed.map(|flag| flag.component.to_string()).collect()
}

/// `POST /approvals/ask`: `component`, `note`. Asks for the component to be completed.
pub async fn ask(State(rooms): State<Arc<Rooms>>, signed: Signed, form: Form) -> Response {
    answer(&rooms, &signed, ask_it(&rooms, &signed, &form).await, "/approvals?done=asked")
}

async fn ask_it(rooms: &Rooms, signed: &Signed, form: &Form) -> Outcome<()> {
    permit(rooms, signed, Permission::Force)?;
    let snapshot = rooms.flags.snapshot();
    let Some(flag) = snapshot.flag(form.text("component")) else {
        return Err(Complaint::typed("page", "Choose a component."));
    };
    let note = form.text("note").to_owned();
    approved::propose_complete(rooms, &signed.session.caller, flag, note).await?;
    Ok(())
}

/// `POST /approvals/approve`: `id`. What was asked for is done at once.
pub async fn approve(State(rooms): State<Arc<Rooms>>, signed: Signed, form: Form) -> Response {
    let (house, who) = (Arc::clone(&rooms), signed.clone());
    let outcome = approved::to_the_end(async move { approve_it(&house, &who, &form).await }).await;
    answer(&rooms, &signed, outcome, "/approvals?done=approved")
}

async fn approve_it(rooms: &Rooms, signed: &Signed, form: &Form) -> Outcome<()> {
    permit(rooms, signed, Permission::Force)?;
    let caller = &signed.session.caller;
    let approved = tried(rooms, rooms.access.approve(caller, form.text("id")).await)?;
    match approved::run(rooms, &approved).await {
        Ok(_) => Ok(()),
        Err(problem) => {
            Err(Complaint::from(problem)
                .before("Approved, but not done, and the request is used up."))
        }
    }
}

/// `POST /approvals/reject`: `id`. Also takes back one's own.
pub async fn reject(State(rooms): State<Arc<Rooms>>, signed: Signed, form: Form) -> Response {
    let rejected = rooms.access.approvals.reject(&signed.session.caller, form.text("id")).await;
    answer(&rooms, &signed, tried(&rooms, rejected), "/approvals?done=rejected")
}

fn answer(rooms: &Rooms, signed: &Signed, outcome: Outcome<()>, done: &str) -> Response {
    match outcome {
        Ok(()) => see_other(done),
        // The request may be gone by now: the complaint stands on the page, not beside it.
        Err(complaint) => complaint
            .answer("/approvals", |complaint| show(rooms, signed, None, complaint.at("page"))),
    }
}
