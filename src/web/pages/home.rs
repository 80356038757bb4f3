//! How far each component has come.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::{Frame, Moment, page};
use crate::domain::Timestamp;
use crate::flags::{Cause, Flag, Phase};
use crate::web::Rooms;
use crate::web::guard::Signed;

#[derive(Template)]
#[template(path = "pages/home.html")]
pub(super) struct HomePage {
    pub frame: Frame,
    pub revision: u64,
    pub phases: Vec<PhaseLine>,
}

pub(super) struct PhaseLine {
    number: u8,
    name: &'static str,
    components: Vec<ComponentLine>,
}

pub(super) struct ComponentLine {
    component: String,
    stage: &'static str,
    share: String,
    points: u16,
    held: bool,
    released_from: Option<Moment>,
    changed: Moment,
    by: String,
    note: String,
}

impl ComponentLine {
    fn new(flag: &Flag, now: Timestamp) -> Self {
        let (by, note) = who(&flag.cause);
        Self {
            component: flag.component.to_string(),
            stage: flag.stage.name(),
            share: flag.stage.share().to_string(),
            points: flag.stage.share().basis_points(),
            held: flag.hold.is_some(),
            released_from: flag.latch.as_ref().map(|latch| Moment::new(latch.until.max(now), now)),
            changed: Moment::new(flag.changed_at, now),
            by,
            note,
        }
    }
}

fn who(cause: &Cause) -> (String, String) {
    match cause {
        Cause::Operator { name, note } => (name.clone(), note.clone()),
        Cause::TwoPeople { asked_by, approved_by, note } => {
            (format!("{asked_by} and {approved_by}"), note.clone())
        }
        Cause::Seed => ("its seed file".to_owned(), String::new()),
        Cause::Guard { trip } => ("the guard".to_owned(), trip.clone()),
        Cause::Schedule { plan } => (format!("the plan {plan}"), String::new()),
    }
}

/// Components by phase; `flags` come in that order.
pub(super) fn phases<'f>(
    flags: impl IntoIterator<Item = &'f Flag>,
    now: Timestamp,
) -> Vec<PhaseLine> {
    let mut phases: Vec<PhaseLine> = Vec::new();
    for flag in flags {
        let number = u8::from(flag.phase);
        let line = ComponentLine::new(flag, now);
        match phases.last_mut() {
            Some(phase) if phase.number == number => phase.components.push(line),
            _ => phases.push(PhaseLine { number, name: name(flag.phase), components: vec![line] }),
        }
    }
    phases
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Tokens => "one token authority",
        Phase::Sockets => "one socket manager",
        Phase::GoldenPath => "the golden path",
    }
}

/// `GET /`: how far each component has come.
pub async fn home(State(rooms): State<Arc<Rooms>>, signed: Signed, uri: Uri) -> Response {
    let (snapshot, now) = (rooms.flags.snapshot(), rooms.clock.now());
    let home = HomePage {
        frame: Frame::of(&rooms, &signed, "flags").after(uri.query()),
        revision: snapshot.revision().0,
        phases: phases(snapshot.sorted().into_iter().map(|flag| &**flag), now),
    };
    page(StatusCode::OK, &home)
}
