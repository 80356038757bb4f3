//! Somebody else was first: both versions side by side, and a new choice.

use std::sync::Arc;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::allowed::Allowed;
use crate::domain::{Revision, Timestamp};
use crate::flags::{Flag, HistoryFilter, Linked, Move, Stage};
use crate::report::changes;
use crate::web::Rooms;
use crate::web::guard::Signed;
use crate::web::pages::words::cause_words;
use crate::web::pages::{Frame, Moment, page};

/// Changes that are told.
pub(super) const TOLD_MAX: usize = 10;

#[derive(Template)]
#[template(path = "pages/stale.html")]
pub(in crate::web::pages) struct StalePage {
    pub frame: Frame,
    pub component: String,
    /// What of the component has changed: itself, or its plan.
    pub what: &'static str,
    /// What he had before him.
    pub seen: Option<SeenVersion>,
    /// What it is now.
    pub now: SeenVersion,
    /// What is otherwise since then.
    pub differs: Vec<String>,
    /// Who changed it meanwhile, the newest first.
    pub by: Vec<(Moment, String)>,
    /// What he wanted.
    pub wanted: String,
    /// What he would send again; `None` where he must choose on the component's page.
    pub again: Option<Again>,
    pub note: String,
}

pub(in crate::web::pages) struct SeenVersion {
    /// `None` where there was nothing.
    pub revision: Option<u64>,
    pub stage: String,
    pub marks: String,
}

pub(in crate::web::pages) struct Again {
    /// Where the form is sent, below the component's page.
    pub action: &'static str,
    /// What it says beside revision and reason.
    pub fields: Vec<(&'static str, String)>,
    /// What it does.
    pub effect: String,
    pub button: String,
    pub says_why: bool,
    pub allowed: Allowed,
}

/// What was wanted of a flag that has changed.
pub(super) enum Wanted {
    /// This stage.
    Stage(Stage),
    /// Something else, in words.
    Other(&'static str),
}

impl SeenVersion {
    pub fn of(flag: &Flag) -> Self {
        let marks = match (flag.latch.is_some(), flag.hold.is_some()) {
            (true, true) => "rolled back and held",
            (true, false) => "rolled back",
            (false, true) => "held",
            (false, false) => "",
        };
        let revision = Some(flag.revision.0);
        Self { revision, stage: flag.stage.to_string(), marks: marks.to_owned() }
    }
}

/// The page that shows both; nothing was changed.
pub(super) async fn show(
    rooms: &Arc<Rooms>,
    signed: &Signed,
    flag: &Arc<Flag>,
    (seen, wanted): (Option<Revision>, Wanted),
    note: &str,
) -> Response {
    let (house, of, since) = (Arc::clone(rooms), Arc::clone(flag), seen);
    let read = move || read(&house, &of, since);
    let found = tokio::task::spawn_blocking(read).await.unwrap_or_default();
    let now = rooms.clock.now();
    let shown = StalePage {
        frame: Frame::of(rooms, signed, "overview"),
        component: flag.component.to_string(),
        what: "",
        differs: found
            .before
            .as_ref()
            .map(|before| changes(Some(before), flag))
            .unwrap_or_default(),
        seen: found.before.as_ref().map(SeenVersion::of),
        now: SeenVersion::of(flag),
        by: found.by.into_iter().map(|(at, who)| (Moment::new(at, now), who)).collect(),
        wanted: match &wanted {
            Wanted::Stage(stage) => stage.to_string(),
            Wanted::Other(what) => (*what).to_owned(),
        },
        again: match wanted {
            Wanted::Stage(stage) if stage != flag.stage => Some(Again {
                action: "move",
                fields: vec![
                    ("to", stage.name().to_owned()),
                    ("share", stage.share().to_string().trim_end_matches(" %").to_owned()),
                ],
                effect: format!("From {} to {stage}.", flag.stage),
                button: format!("To {stage}"),
                says_why: false,
                allowed: Allowed::of(rooms, signed, flag, Move::To(stage)),
            }),
            Wanted::Stage(_) | Wanted::Other(_) => None,
        },
        note: note.to_owned(),
    };
    page(StatusCode::CONFLICT, &shown)
}

#[derive(Default)]
struct Found {
    before: Option<Flag>,
    by: Vec<(Timestamp, String)>,
}

/// What the log says of the time since then.
fn read(rooms: &Rooms, flag: &Flag, since: Option<Revision>) -> Found {
    let Some(since) = since else { return Found::default() };
    let before = rooms.flags.history_line(&flag.component, since).ok();
    let filter = HistoryFilter {
        component: Some(flag.component.clone()),
        limit: Some(TOLD_MAX),
        ..HistoryFilter::default()
    };
    let lines = rooms.flags.history(&filter).unwrap_or_default().into_iter();
    let later = lines.map(Linked::into_line).take_while(|line| line.revision > since);
    Found {
        before: before.map(|line| line.into_line().after),
        by: later.map(|line| (line.at, cause_words(&line.cause))).collect(),
    }
}
