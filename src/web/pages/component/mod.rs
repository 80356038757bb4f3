//! One component: where it is, what is known about it, what can be done, and what was done.

mod acts;
mod allowed;
mod card;
mod charts;
mod controls;
mod evidence;
mod lately;
mod moving;
mod past;
mod plan;
#[cfg(test)]
pub(super) mod samples;
mod settings;
mod stale;
mod stale_plan;
mod state;

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

pub use acts::{change_plan, change_settings, hold, release, roll_back};
pub(in crate::web) use charts::chart_part;
pub use moving::{look_at_move, make_move};

use super::overview::part;
use super::{Complaint, Frame, Rendered, page, query_value};
use crate::domain::{ComponentId, Revision};
use crate::flags::Flag;
use crate::web::Rooms;
use crate::web::form::Form;
use crate::web::guard::Signed;
use crate::web::live::{Numbered, Part, Reach, View};
use crate::web::named::Named;

use card::Card;
use controls::Controls;
use evidence::Evidence;
use lately::Lately;
use past::PastChange;
use plan::{PlanState, PlanView};
use state::State as Place;

/// Of what time the first figures are.
const LATELY: Duration = Duration::from_hours(1);

#[derive(Template)]
#[template(path = "pages/component.html")]
pub(super) struct ComponentPage<'p> {
    pub frame: Frame,
    pub component: String,
    pub reach: Reach,
    /// Which rendering it shows.
    pub seen: String,
    pub parts: &'p ComponentParts,
    pub controls: Controls,
    pub card: Option<Card>,
    pub changes: Option<Vec<PastChange>>,
}

/// The parts that are alive.
pub(in crate::web) struct ComponentParts {
    pub state: Part,
    pub lately: Part,
    pub evidence: Part,
    pub plan: Part,
    pub charts: Part,
}

impl ComponentParts {
    pub fn each(&self) -> impl Iterator<Item = &Part> {
        [&self.state, &self.lately, &self.evidence, &self.plan, &self.charts].into_iter()
    }
}

#[derive(Template)]
#[template(path = "parts/component_charts.html")]
struct Charts<'c> {
    charts: Option<&'c str>,
}

/// The parts as they are now; without any for a component that is not there.
pub(in crate::web) fn component_parts(
    rooms: &Rooms,
    component: &ComponentId,
    charts: Option<&str>,
) -> Rendered {
    let (snapshot, now) = (rooms.flags.snapshot(), rooms.clock.now());
    let Some(flag) = snapshot.flag(component.as_str()) else { return Rendered::Nothing };
    let mut required_by: Vec<String> = snapshot
        .iter()
        .filter(|other| other.requires.contains(component))
        .map(|other| other.component.to_string())
        .collect();
    required_by.sort();
    let hour = rooms.ledger.book(component).window(LATELY, now);
    let plan = rooms.plans.rollouts().of(component);
    let plan = PlanState { plan: plan.map(|plan| PlanView::of(rooms, &plan, now)) };
    let evidence = match rooms.guard.view(component) {
        Ok(view) => part("evidence", &Evidence::new(&view, now)),
        Err(_) => return Rendered::Nothing,
    };
    Rendered::Component(ComponentParts {
        state: part("state", &Place::new(flag, required_by, now)),
        lately: part("lately", &Lately::new(flag, &hour)),
        evidence,
        plan: part("plan-state", &plan),
        charts: part("charts-drawn", &Charts { charts }),
    })
}

/// `GET /components/{component}`, with `span` for the charts.
pub async fn component(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    Named(component): Named,
    uri: Uri,
) -> Response {
    let flag = match known(&rooms, &signed, &component) {
        Ok(flag) => flag,
        Err(response) => return *response,
    };
    let frame = Frame::of(&rooms, &signed, "overview").after(uri.query());
    let reach = Reach::parse(&query_value(&uri, "span"));
    shown(&rooms, &signed, &flag, (frame, reach), (Complaint::none(), None)).await
}

/// The page with a complaint on it.
async fn show(
    rooms: &Arc<Rooms>,
    signed: &Signed,
    flag: &Arc<Flag>,
    complaint: Complaint,
    typed: Option<&Form>,
) -> Response {
    let frame = Frame::of(rooms, signed, "overview");
    shown(rooms, signed, flag, (frame, Reach::default()), (complaint, typed)).await
}

async fn shown(
    rooms: &Arc<Rooms>,
    signed: &Signed,
    flag: &Arc<Flag>,
    (frame, reach): (Frame, Reach),
    (complaint, typed): (Complaint, Option<&Form>),
) -> Response {
    let now = rooms.clock.now();
    let (house, of) = (Arc::clone(rooms), flag.component.clone());
    let read = move || (card::last_rollback(&house, &of), past::past_changes(&house, &of, now));
    let read = tokio::task::spawn_blocking(read);
    let drawn = rooms.rendered(View::Component(flag.component.clone(), reach)).await;
    let Some(Numbered { number, rendered: Rendered::Component(parts) }) = drawn.as_deref() else {
        return super::overview::unready(frame);
    };
    let (card, changes) = read.await.unwrap_or((None, None));
    let status = complaint.status();
    let shown = ComponentPage {
        frame,
        component: flag.component.to_string(),
        reach,
        seen: rooms.seen(*number),
        parts,
        controls: Controls::new(rooms, signed, flag, (complaint, typed), now),
        card: card.as_ref().map(|card| Card::new(card, now)),
        changes,
    };
    page(status, &shown)
}

/// The flag of a component; otherwise a page that says that there is none.
fn known(rooms: &Rooms, signed: &Signed, component: &str) -> Result<Arc<Flag>, Box<Response>> {
    let snapshot = rooms.flags.snapshot();
    snapshot.flag(component).cloned().ok_or_else(|| {
        let text = "There is no component of this name. The overview lists those there are.";
        let frame = Frame::of(rooms, signed, "overview");
        Box::new(Complaint::not_found(text).page(frame, "No such component"))
    })
}

/// The revision that whoever sends a form had before him.
fn seen_revision(form: &Form) -> Option<Revision> {
    form.text("revision").parse().ok().map(Revision)
}
