//! The overview: every component in its chain, what waits for somebody, and the two big switches.

mod attention;
mod chain;
mod pending;
mod readers;
#[cfg(test)]
pub(super) mod samples;
mod summary;
mod sweep;
mod unit;

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

#[cfg(test)]
pub(super) use sweep::{HoldAllPage, ToLegacyPage};
pub use sweep::{all_to_legacy, ask_all_to_legacy, ask_hold_all, hold_all};

use super::known::Known;
use super::{Complaint, Frame, Rendered, Unlock, page, query_value};
use crate::access::{AccessError, Approval, Permission};
use crate::domain::{ComponentId, Timestamp};
use crate::flags::{Flag, Rollout};
use crate::web::Rooms;
use crate::web::guard::Signed;
use crate::web::live::{Numbered, Part, Past, View};

use attention::Due;
use chain::{chains, phase_name};
use pending::Pending;
use readers::Readers;
use summary::Summary;
use unit::{Unit, UnitParts};

#[derive(Template)]
#[template(path = "pages/overview.html")]
pub(super) struct OverviewPage<'p> {
    pub frame: Frame,
    /// Which rendering it shows.
    pub seen: String,
    pub may_lower: Unlock,
    /// True when only components that ask for somebody are to be shown.
    pub only_due: bool,
    pub parts: &'p OverviewParts,
}

impl OverviewPage<'_> {
    /// True where there are so many components that one would rather see a few of them.
    fn offers_fewer(&self) -> bool {
        self.only_due || self.parts.count() > MANY
    }

    /// The components of a phase that are to be shown.
    fn shown<'u>(&self, units: &'u [UnitParts]) -> Vec<&'u UnitParts> {
        units.iter().filter(|unit| unit.is_due || !self.only_due).collect()
    }
}

/// More components than this do not fit on a screen or two.
const MANY: usize = 12;

/// The parts that are alive.
pub(in crate::web) struct OverviewParts {
    pub summary: Part,
    pub pending: Part,
    pub readers: Part,
    pub phases: Vec<PhaseParts>,
}

/// A phase with its components.
pub(in crate::web) struct PhaseParts {
    pub number: u8,
    pub name: &'static str,
    pub units: Vec<UnitParts>,
}

impl OverviewParts {
    /// How many components there are.
    fn count(&self) -> usize {
        self.units().count()
    }

    fn units(&self) -> impl Iterator<Item = &UnitParts> {
        self.phases.iter().flat_map(|phase| &phase.units)
    }

    pub fn each(&self) -> impl Iterator<Item = &Part> {
        let pieces = self.units().flat_map(|unit| &unit.pieces);
        [&self.summary, &self.pending, &self.readers].into_iter().chain(pieces)
    }
}

/// What the overview is made of.
pub(super) struct Facts<'f> {
    /// Sorted by phase and id.
    pub flags: Vec<&'f Arc<Flag>>,
    pub known: HashMap<ComponentId, Known>,
    /// `None` where they cannot be read.
    pub approvals: Option<Vec<Approval>>,
    pub plans: Vec<Arc<Rollout>>,
    pub readers: Readers,
    /// Why the past cannot be read, and what to do.
    pub problem: Option<String>,
    pub now: Timestamp,
}

/// The parts as they are now.
pub(in crate::web) fn overview_parts(rooms: &Rooms, past: Option<&Past>) -> Rendered {
    let (snapshot, now) = (rooms.flags.snapshot(), rooms.clock.now());
    let flags = snapshot.sorted();
    let known =
        flags.iter().map(|flag| (flag.component.clone(), Known::of(rooms, flag, past))).collect();
    let facts = Facts {
        known,
        flags,
        approvals: rooms.access.approvals.list().inspect_err(cannot_list).ok(),
        plans: rooms.plans.rollouts().all(),
        readers: Readers::of(rooms),
        problem: past.and_then(|past| past.problem).map(str::to_owned),
        now,
    };
    Rendered::Overview(facts.render())
}

/// A page is worth more than its list, and says that it lacks it.
fn cannot_list(error: &AccessError) {
    tracing::error!(%error, "requests for approval cannot be read");
}

impl Facts<'_> {
    pub fn render(self) -> OverviewParts {
        let Self { flags, known, approvals, plans, readers, problem, now } = self;
        let both = flags.iter().filter_map(|flag| Some((&***flag, known.get(&flag.component)?)));
        let summary = Summary::of(both, readers.revision, problem);
        let approvals = approvals.as_deref();
        let pending = Pending::of(flags.iter().map(|flag| &***flag), approvals, &plans, now);
        let phases = chains(&flags).into_iter().map(|(phase, placed)| PhaseParts {
            number: u8::from(phase),
            name: phase_name(phase),
            units: placed
                .iter()
                .filter_map(|placed| {
                    let known = known.get(&placed.flag.component)?;
                    let is_due = !Due::of(placed.flag, known).is_empty();
                    Some(Unit::new(placed.flag, placed.depth, known, now).parts(is_due))
                })
                .collect(),
        });
        OverviewParts {
            summary: part("summary", &summary),
            pending: part("pending", &pending),
            readers: part("readers", &readers),
            phases: phases.collect(),
        }
    }
}

/// A part with the id of its outermost element.
pub(super) fn part(id: impl Into<String>, template: &impl Template) -> Part {
    let html = template.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a part of a page cannot be rendered");
        String::new()
    });
    Part { id: id.into(), html: html.trim().to_owned() }
}

/// `GET /`: how far each component has come, and how it does.
pub async fn overview(State(rooms): State<Arc<Rooms>>, signed: Signed, uri: Uri) -> Response {
    let frame = Frame::of(&rooms, &signed, "overview").after(uri.query());
    let shown = rooms.rendered(View::Overview).await;
    let Some(Numbered { number, rendered: Rendered::Overview(parts) }) = shown.as_deref() else {
        return unready(frame);
    };
    let (seen, may_lower) = (rooms.seen(*number), Unlock::of(&rooms, &signed, Permission::Lower));
    let only_due = query_value(&uri, "show") == "due";
    page(StatusCode::OK, &OverviewPage { frame, seen, may_lower, only_due, parts })
}

/// Says that a page is still being worked out.
pub(super) fn unready(frame: Frame) -> Response {
    let text = "What the page shows is still being worked out. Reload it in a moment.";
    let problem = Complaint::unavailable(text);
    problem.page(frame, "Not ready yet")
}
