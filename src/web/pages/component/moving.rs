//! `/components/{component}/move`: what a move would do, then the move.

use std::cmp::Ordering;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::allowed::Allowed;
use super::stale::{self, Wanted};
use super::{known, seen_revision};
use crate::domain::{Share, Side};
use crate::flags::{Flag, FlagsError, Move, Stage};
use crate::ledger::Counter;
use crate::web::flags::{cause, permission_for};
use crate::web::form::Form;
use crate::web::guard::Signed;
use crate::web::named::Named;
use crate::web::pages::known::{percent, thousands};
use crate::web::pages::words::sentence;
use crate::web::pages::{Complaint, Frame, page, permit, query_value, see_other};
use crate::web::{Problem, Rooms, approved};

#[derive(Template)]
#[template(path = "pages/move.html")]
pub(in crate::web::pages) struct MovePage {
    pub frame: Frame,
    pub complaint: Complaint,
    pub component: String,
    pub revision: u64,
    pub from: String,
    pub to: String,
    /// For the form.
    pub stage: &'static str,
    pub share: String,
    pub is_raise: bool,
    pub takes_two: bool,
    pub effects: Vec<String>,
    pub allowed: Allowed,
    pub note: String,
}

impl MovePage {
    fn new(rooms: &Rooms, signed: &Signed, flag: &Flag, to: Stage) -> Self {
        let hour = rooms
            .ledger
            .book(&flag.component)
            .window(std::time::Duration::from_hours(1), rooms.clock.now());
        let answers: u64 = Side::BOTH.map(|side| hour.count(Counter::Served(side))).iter().sum();
        Self {
            frame: Frame::of(rooms, signed, "overview"),
            complaint: Complaint::none(),
            component: flag.component.to_string(),
            revision: flag.revision.0,
            from: flag.stage.to_string(),
            to: to.to_string(),
            stage: to.name(),
            share: match to {
                Stage::Canary(share) => share.to_string().trim_end_matches(" %").to_owned(),
                Stage::Off | Stage::Shadow | Stage::Live | Stage::Sealed | Stage::Complete => {
                    String::new()
                }
            },
            is_raise: to > flag.stage,
            takes_two: to == Stage::Complete,
            effects: effects(flag, to, answers, hour.match_rate()),
            allowed: Allowed::of(rooms, signed, flag, Move::To(to)),
            note: String::new(),
        }
    }
}

/// What a move does, in sentences.
pub(super) fn effects(
    flag: &Flag,
    to: Stage,
    answers: u64,
    match_rate: Option<f64>,
) -> Vec<String> {
    let (was, is) = (flag.stage.share().basis_points(), to.share().basis_points());
    let moved = Share::from_basis_points(was.abs_diff(is)).unwrap_or(Share::ALL);
    let about = thousands(answers * u64::from(was.abs_diff(is)) / 10_000);
    let mut effects = vec![super::state::means(to.name()).to_owned()];
    effects.push(match is.cmp(&was) {
        Ordering::Greater => format!(
            "{moved} of the people go from legacy to SSOT; whoever is there stays. At the traffic of \
             the last hour that is about {about} answers an hour."
        ),
        Ordering::Less => format!(
            "{moved} of the people go back from SSOT to legacy, about {about} answers an hour."
        ),
        Ordering::Equal => "Nobody changes sides.".to_owned(),
    });
    if to > flag.stage {
        effects.push(format!("The sides agreed in {} of the last hour.", percent(match_rate)));
        effects.push("The disk has it before traffic does.".to_owned());
    } else {
        effects.push("Traffic has it before the disk does; nothing is latched.".to_owned());
    }
    effects
}

/// The stage that a query or a form names.
fn stage_named(to: &str, share: &str) -> Result<Stage, String> {
    let share = match (to, share) {
        ("canary", "") => return Err("Say which share, in percent.".to_owned()),
        ("canary", typed) => {
            let parsed = Share::parse_percent(typed);
            Some(parsed.ok_or("A share is a percentage from 0.01 to 100, with two decimals.")?)
        }
        (_, _) => None,
    };
    Stage::from_parts(to, share).map_err(sentence)
}

/// `GET /components/{component}/move?to=...&share=...`: what it would do.
pub async fn look_at_move(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    Named(component): Named,
    uri: Uri,
) -> Response {
    let flag = match known(&rooms, &signed, &component) {
        Ok(flag) => flag,
        Err(response) => return *response,
    };
    // The ladder offers a canary without saying how large.
    let (to, share) = (query_value(&uri, "to"), query_value(&uri, "share"));
    let share = if to == "canary" && share.is_empty() { "1".to_owned() } else { share };
    match stage_named(&to, &share) {
        Ok(to) => {
            let shown = MovePage::new(&rooms, &signed, &flag, to);
            page(shown.complaint.status(), &shown)
        }
        Err(problem) => {
            let complaint = Complaint::typed("page", problem);
            super::show(&rooms, &signed, &flag, complaint, None).await
        }
    }
}

/// `POST /components/{component}/move`: `to`, `share`, `revision`, `note`.
pub async fn make_move(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    Named(component): Named,
    form: Form,
) -> Response {
    let flag = match known(&rooms, &signed, &component) {
        Ok(flag) => flag,
        Err(response) => return *response,
    };
    let to = match stage_named(form.text("to"), form.text("share")) {
        Ok(to) => to,
        Err(problem) => {
            let complaint = Complaint::typed("page", problem);
            return super::show(&rooms, &signed, &flag, complaint, None).await;
        }
    };
    let step = Move::To(to);
    let seen = seen_revision(&form);
    if seen != Some(flag.revision) {
        let wanted = Wanted::Stage(to);
        return stale::show(&rooms, &signed, &flag, (seen, wanted), form.text("note")).await;
    }
    let again = |complaint: Complaint| {
        let shown = MovePage::new(&rooms, &signed, &flag, to);
        let shown = MovePage {
            complaint: complaint.at("page"),
            note: form.text("note").to_owned(),
            ..shown
        };
        page(shown.complaint.status(), &shown)
    };
    let path = format!("/components/{}", flag.component);
    let pass = match permit(&rooms, &signed, permission_for(&flag, &step)) {
        Ok(pass) => pass,
        Err(complaint) => {
            let frame = Frame::of(&rooms, &signed, "overview");
            return complaint.answer(&path, |complaint| complaint.page(frame, "Not permitted"));
        }
    };
    let note = form.text("note").to_owned();
    if to == Stage::Complete {
        let asked = approved::propose_complete(&rooms, &signed.session.caller, &flag, note).await;
        return match asked {
            Ok(_) => see_other("/approvals?done=asked"),
            Err(problem) => again(problem.into()),
        };
    }
    match rooms.flags.apply(&flag.component, step, seen, cause(&pass, note.clone())).await {
        Ok(_) => see_other(&format!("{path}?done=moved")),
        Err(FlagsError::Conflict { .. }) => {
            let flag =
                rooms.flags.snapshot().flag(flag.component.as_str()).cloned().unwrap_or(flag);
            stale::show(&rooms, &signed, &flag, (seen, Wanted::Stage(to)), &note).await
        }
        Err(error) => again(refused(error)),
    }
}

/// A refusal of the rules in words; anything else as a problem says it.
pub(super) fn refused(error: FlagsError) -> Complaint {
    match &error {
        FlagsError::NotAllowed(refusal) => Complaint::conflict(sentence(refusal)),
        _ => Complaint::from(Problem::from(error)),
    }
}
