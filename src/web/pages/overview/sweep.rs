//! The two big switches: hold everything, and everything to legacy. Each says first what it would
//! do now, to which components.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use crate::access::Permission;
use crate::domain::ComponentId;
use crate::flags::{BackTo, Cause, Flag, FlagsError, Foreseen, Move, MoveRefusal, Selection};
use crate::web::api::sweep;
use crate::web::approved::to_the_end;
use crate::web::flags::cause;
use crate::web::form::Form;
use crate::web::guard::{Granted, Signed};
use crate::web::pages::complaint::Outcome;
use crate::web::pages::words::{cause_words, refused_words};
use crate::web::pages::{Complaint, Frame, Unlock, page, see_other};
use crate::web::{Problem, Rooms};

#[derive(Template)]
#[template(path = "pages/hold_all.html")]
pub(in crate::web::pages) struct HoldAllPage {
    pub frame: Frame,
    pub complaint: Complaint,
    pub may: Unlock,
    /// What would be held, with its stage.
    pub held: Vec<SweepLine>,
    /// What is held already, with why.
    pub already: Vec<SweepLine>,
    pub note: String,
}

#[derive(Template)]
#[template(path = "pages/to_legacy.html")]
pub(in crate::web::pages) struct ToLegacyPage {
    pub frame: Frame,
    pub complaint: Complaint,
    pub may: Unlock,
    /// What would go back, in its order.
    pub moving: Vec<SweepLine>,
    /// What would stay, with why.
    pub left: Vec<SweepLine>,
    /// What is on legacy already.
    pub there: Vec<String>,
    pub note: String,
}

/// A component and what is to be said of it.
pub(in crate::web::pages) struct SweepLine {
    pub component: String,
    pub stage: String,
    pub why: String,
}

impl SweepLine {
    fn of(flag: &Flag, why: String) -> Self {
        Self { component: flag.component.to_string(), stage: flag.stage.to_string(), why }
    }
}

impl HoldAllPage {
    pub fn new(frame: Frame, complaint: Complaint, may: Unlock, flags: &[&Arc<Flag>]) -> Self {
        let (already, held): (Vec<&Arc<Flag>>, Vec<&Arc<Flag>>) =
            flags.iter().copied().partition(|flag| flag.hold.is_some());
        let why = |flag: &&Arc<Flag>| {
            let why = flag.hold.as_ref().map(|hold| cause_words(&hold.cause)).unwrap_or_default();
            SweepLine::of(flag, why)
        };
        Self {
            frame,
            complaint,
            may,
            held: held.iter().map(why).collect(),
            already: already.iter().map(why).collect(),
            note: String::new(),
        }
    }
}

impl ToLegacyPage {
    pub fn new(
        frame: Frame,
        complaint: Complaint,
        may: Unlock,
        seen: &Foreseen,
        flags: &[&Arc<Flag>],
    ) -> Self {
        let left = seen.left.iter().map(|left| SweepLine {
            component: left.component.to_string(),
            stage: left.stage.to_string(),
            why: left.why.to_string(),
        });
        let on_legacy = flags.iter().filter(|flag| !flag.stage.ssot_serves());
        Self {
            frame,
            complaint,
            may,
            moving: seen.moving.iter().map(|flag| SweepLine::of(flag, String::new())).collect(),
            left: left.collect(),
            there: on_legacy.map(|flag| flag.component.to_string()).collect(),
            note: String::new(),
        }
    }
}

/// `GET /hold-all`: what holding everything would do now.
pub async fn ask_hold_all(State(rooms): State<Arc<Rooms>>, signed: Signed, uri: Uri) -> Response {
    let frame = Frame::of(&rooms, &signed, "overview").after(uri.query());
    show_hold_all(&rooms, &signed, frame, Complaint::none(), "")
}

fn show_hold_all(
    rooms: &Rooms,
    signed: &Signed,
    frame: Frame,
    complaint: Complaint,
    note: &str,
) -> Response {
    let (snapshot, may) = (rooms.flags.snapshot(), Unlock::of(rooms, signed, Permission::Lower));
    let shown = HoldAllPage::new(frame, complaint, may, &snapshot.sorted());
    let shown = HoldAllPage { note: note.to_owned(), ..shown };
    page(shown.complaint.status(), &shown)
}

/// `POST /hold-all`: `note`. Holds whatever is not held.
pub async fn hold_all(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    Granted(pass): Granted,
    form: Form,
) -> Response {
    let (house, cause) = (Arc::clone(&rooms), cause(&pass, form.text("note").to_owned()));
    match to_the_end(async move { hold_each(&house, cause).await }).await {
        Ok(()) => see_other("/?done=held-all"),
        Err(complaint) => {
            let frame = Frame::of(&rooms, &signed, "overview");
            show_hold_all(&rooms, &signed, frame, complaint.at("page"), form.text("note"))
        }
    }
}

/// One after the other, and none is left out because another one is refused.
async fn hold_each(rooms: &Rooms, cause: Cause) -> Outcome<()> {
    if cause_is_silent(&cause) {
        return Err(Complaint::typed("note", "Say why: whoever comes next reads it."));
    }
    let snapshot = rooms.flags.snapshot();
    let mut refused = Vec::new();
    for flag in snapshot.sorted().into_iter().filter(|flag| flag.hold.is_none()) {
        let component = &flag.component;
        match rooms.flags.apply(component, Move::Hold, None, cause.clone()).await {
            Ok(_) | Err(FlagsError::NotAllowed(MoveRefusal::AlreadyHeld { .. })) => {}
            Err(error @ FlagsError::NotAllowed(_)) => {
                refused.push(format!("{component}: {}", refused_words(&error)));
            }
            Err(error) => {
                refused.push(format!("{component}: {}", Problem::from(error).detail()));
            }
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    let told = format!("Not held: {}. Everything else is held.", refused.join("; "));
    Err(Complaint::typed("page", told))
}

fn cause_is_silent(cause: &Cause) -> bool {
    match cause {
        Cause::Operator { note, .. } | Cause::TwoPeople { note, .. } => note.trim().is_empty(),
        Cause::Seed | Cause::Guard { .. } | Cause::Schedule { .. } => false,
    }
}

/// `GET /to-legacy`: what the kill switch would do now.
pub async fn ask_all_to_legacy(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    uri: Uri,
) -> Response {
    let frame = Frame::of(&rooms, &signed, "overview").after(uri.query());
    show_to_legacy(&rooms, &signed, frame, Complaint::none(), "")
}

fn show_to_legacy(
    rooms: &Rooms,
    signed: &Signed,
    frame: Frame,
    complaint: Complaint,
    note: &str,
) -> Response {
    let answered = |id: &ComponentId| rooms.legacy_answered_at(id);
    let seen = rooms.flags.foresee_sweep(Selection::All, BackTo::Shadow, answered);
    let (snapshot, may) = (rooms.flags.snapshot(), Unlock::of(rooms, signed, Permission::Lower));
    let shown = ToLegacyPage::new(frame, complaint, may, &seen, &snapshot.sorted());
    let shown = ToLegacyPage { note: note.to_owned(), ..shown };
    let status = shown.complaint.status();
    page(status, &shown)
}

/// `POST /to-legacy`: `note`. The kill switch: whatever SSOT serves and legacy answers for goes
/// back to shadow, in one change.
pub async fn all_to_legacy(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    Granted(pass): Granted,
    form: Form,
) -> Response {
    let note = form.text("note").to_owned();
    let swept =
        sweep::now(&rooms, Selection::All, BackTo::Shadow, cause(&pass, note.clone())).await;
    match swept {
        Ok(answer) if answer.left_alone() == 0 => see_other("/?done=to-legacy"),
        // What stays is told, with why, where it can be seen to.
        Ok(_) => see_other("/to-legacy?done=to-legacy-but"),
        Err(error) => {
            let frame = Frame::of(&rooms, &signed, "overview");
            let complaint = Complaint::from(Problem::from(error)).at("page");
            show_to_legacy(&rooms, &signed, frame, complaint, &note)
        }
    }
}
