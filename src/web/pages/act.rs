//! Action links: one thing, once, by whoever has the link.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use super::complaint::Outcome;
use super::message::done;
use super::{Complaint, Frame, Moment, page, see_other, tried};
use crate::access::{LinkAction, LinkView, Secret};
use crate::flags::Flag;
use crate::web::form::Form;
use crate::web::guard::Signed;
use crate::web::{Rooms, approved};

#[derive(Template)]
#[template(path = "pages/act.html")]
pub(super) struct ActPage {
    pub frame: Frame,
    pub complaint: Complaint,
}

#[derive(Template)]
#[template(path = "pages/act_look.html")]
pub(super) struct ActLookPage {
    pub frame: Frame,
    /// `Roll back http-auth`
    pub action: String,
    /// Where the component stands.
    pub now: Option<String>,
    pub effect: &'static str,
    pub maker: String,
    pub ends: Moment,
    pub secret: String,
}

type MaybeSigned = Option<Extension<Signed>>;

fn frame(rooms: &Rooms, signed: &MaybeSigned) -> Frame {
    Frame::for_anybody(rooms, signed.as_ref().map(|Extension(signed)| signed))
}

/// `GET /act`: takes the link's code.
pub async fn act(State(rooms): State<Arc<Rooms>>, signed: MaybeSigned) -> Response {
    ask_for_code(frame(&rooms, &signed), Complaint::none())
}

fn ask_for_code(frame: Frame, complaint: Complaint) -> Response {
    page(complaint.status(), &ActPage { frame, complaint })
}

/// `POST /act/look`: `secret`. Says what the link does; does nothing.
pub async fn look_act(
    State(rooms): State<Arc<Rooms>>,
    signed: MaybeSigned,
    form: Form,
) -> Response {
    let secret = Secret::new(form.text("secret"));
    let frame = frame(&rooms, &signed);
    match tried(&rooms, rooms.access.links.look(&secret)) {
        Ok(LinkView { action: LinkAction::Approve { .. }, .. }) => see_other("/approvals"),
        Ok(view) => show(&rooms, frame, &view, &secret),
        Err(complaint) => {
            complaint.at("secret").answer("/act", |complaint| ask_for_code(frame, complaint))
        }
    }
}

fn show(rooms: &Rooms, frame: Frame, view: &LinkView, secret: &Secret) -> Response {
    let snapshot = rooms.flags.snapshot();
    let flag = component(&view.action).and_then(|component| snapshot.flag(component));
    let look = ActLookPage {
        frame,
        action: capitalised(&view.action.to_string()),
        now: flag.map(|flag| standing(flag)),
        effect: effect(&view.action),
        maker: view.maker.to_string(),
        ends: Moment::new(view.expires_at, rooms.clock.now()),
        secret: secret.reveal().to_owned(),
    };
    page(axum::http::StatusCode::OK, &look)
}

/// `POST /act/confirm`: `secret`. Uses the link up, then does what it is for.
pub async fn confirm_act(
    State(rooms): State<Arc<Rooms>>,
    signed: MaybeSigned,
    form: Form,
) -> Response {
    let frame = frame(&rooms, &signed);
    let secret = Secret::new(form.text("secret"));
    let confirmed = approved::to_the_end(async move { confirm(&rooms, &secret).await }).await;
    match confirmed {
        Ok(Confirmed::Done { title, text }) => done(frame, title, text),
        Ok(Confirmed::LeadsToApprovals) => see_other("/approvals"),
        Err(complaint) => {
            complaint.at("secret").answer("/act", |complaint| ask_for_code(frame, complaint))
        }
    }
}

enum Confirmed {
    Done { title: String, text: String },
    LeadsToApprovals,
}

async fn confirm(rooms: &Rooms, secret: &Secret) -> Outcome<Confirmed> {
    let view = tried(rooms, rooms.access.links.look(secret))?;
    if matches!(view.action, LinkAction::Approve { .. }) {
        return Ok(Confirmed::LeadsToApprovals);
    }
    let (caller, action) = tried(rooms, rooms.access.take_link(secret).await)?;
    let pass = tried(rooms, caller.permit(action.permission(), rooms.clock.now()))?;
    match approved::run_link(rooms, &pass, &action).await {
        Ok(applied) => {
            let mut text = standing(&applied.flag);
            if !applied.dependents.is_empty() {
                text.push_str(" Components that require it were rolled back before it.");
            }
            Ok(Confirmed::Done { title: format!("Done: {action}"), text })
        }
        Err(problem) => Err(Complaint::from(problem).before("The link is used up, but:")),
    }
}

fn component(action: &LinkAction) -> Option<&str> {
    match action {
        LinkAction::RollBack { component } | LinkAction::Hold { component } => Some(component),
        LinkAction::Approve { .. } => None,
    }
}

fn standing(flag: &Flag) -> String {
    let share = flag.stage.share();
    let stage = flag.stage.name();
    format!("{} is now at stage {stage}, with {share} on SSOT.", flag.component)
}

fn effect(action: &LinkAction) -> &'static str {
    match action {
        LinkAction::RollBack { .. } => {
            "From the next request on, legacy serves everybody. Components that require this one \
             are rolled back, too. It stays so until an operator releases it."
        }
        LinkAction::Hold { .. } => {
            "Traffic stays as it is. Nothing raises this component until an operator releases it."
        }
        LinkAction::Approve { .. } => "Leads to the approvals.",
    }
}

fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(rest).collect()
}
