//! What can be done with a component: every choice, and beside those that are not open, why.

use askama::Template;
use askama::filters::HtmlSafe;

use super::allowed::{Allowed, plan_permission};
use super::plan::{PlanView, TemplateLine, template_lines};
use super::settings::SettingsForm;
use super::state::means;
use crate::access::Permission;
use crate::domain::{ComponentId, Share, Timestamp};
use crate::flags::{Flag, Move, Stage};
use crate::web::Rooms;
use crate::web::form::Form;
use crate::web::guard::Signed;
use crate::web::pages::Complaint;
use crate::web::pages::words::refused_words;

/// Shares that are one step away, in basis points.
const PRESETS: [u16; 8] = [10, 100, 500, 1_000, 2_500, 5_000, 7_500, 10_000];

/// Fine steps, in basis points.
const FINE: [i32; 6] = [-500, -100, -10, 10, 100, 500];

#[derive(Template)]
#[template(path = "parts/component_controls.html")]
pub(in crate::web::pages) struct Controls {
    pub component: String,
    pub form_token: String,
    pub revision: u64,
    pub complaint: Complaint,
    pub ladder: Vec<StageLine>,
    pub presets: Vec<ShareLine>,
    pub fine: Vec<ShareLine>,
    /// Why no share can be chosen at all.
    pub no_share: Option<String>,
    pub share: String,
    pub roll_back: Act,
    /// What a rollback would move, in its order.
    pub falling: Vec<String>,
    pub hold: Act,
    pub release: Act,
    pub note: String,
    pub settings: SettingsForm,
    pub plan: Option<PlanView>,
    pub templates: Vec<TemplateLine>,
    pub may_start: Allowed,
    pub may_stop: Allowed,
}

/// A stage, and whether one may go there.
pub(in crate::web::pages) struct StageLine {
    pub name: &'static str,
    pub means: &'static str,
    pub is_here: bool,
    pub allowed: Allowed,
}

/// A share, and whether it may be taken.
pub(in crate::web::pages) struct ShareLine {
    /// For the address: `2.5`.
    pub value: String,
    pub text: String,
    pub is_here: bool,
    pub allowed: Allowed,
}

/// Something that is done in place.
pub(in crate::web::pages) struct Act {
    pub allowed: Allowed,
    /// Whether it is what one would do now; otherwise it is not shown at all.
    pub is_due: bool,
}

impl HtmlSafe for Controls {}

impl Controls {
    pub fn new(
        rooms: &Rooms,
        signed: &Signed,
        flag: &Flag,
        (complaint, typed): (Complaint, Option<&Form>),
        now: Timestamp,
    ) -> Self {
        let of = |step| Allowed::of(rooms, signed, flag, step);
        let answered = |id: &ComponentId| rooms.legacy_answered_at(id);
        let (roll_back, falling) = match rooms.flags.foresee_roll_back(&flag.component, answered) {
            Ok(falling) => (Allowed::by_role(signed, Permission::Lower), falling),
            Err(error) => (Allowed::No(refused_words(&error)), Vec::new()),
        };
        let falling = falling.iter().map(|flag| format!("{} from {}", flag.component, flag.stage));
        let plan = rooms.plans.rollouts().of(&flag.component);
        let is_marked = flag.latch.is_some() || flag.hold.is_some();
        let first = Stage::Canary(Share::from_basis_points(1).unwrap_or(Share::ALL));
        Self {
            component: flag.component.to_string(),
            form_token: signed.session.form_token.written(),
            revision: flag.revision.0,
            ladder: ladder(rooms, signed, flag),
            presets: PRESETS.into_iter().filter_map(|points| line(of, flag, points)).collect(),
            fine: fine(of, flag),
            no_share: match flag.stage {
                Stage::Canary(_) => None,
                Stage::Off | Stage::Shadow | Stage::Live | Stage::Sealed | Stage::Complete => {
                    of(Move::To(first)).why_not().map(str::to_owned)
                }
            },
            share: flag.stage.share().to_string().trim_end_matches(" %").to_owned(),
            roll_back: Act { allowed: roll_back, is_due: true },
            falling: falling.collect(),
            hold: Act { allowed: of(Move::Hold), is_due: flag.hold.is_none() },
            release: Act { allowed: of(Move::Release), is_due: is_marked },
            note: typed.map_or_else(String::new, |form| form.text("note").to_owned()),
            settings: SettingsForm::new(&rooms.flags.snapshot(), signed, flag, typed),
            plan: plan.map(|plan| PlanView::of(rooms, &plan, now)),
            templates: template_lines(),
            may_start: Allowed::to_plan(signed, flag, "start"),
            may_stop: Allowed::to_plan(signed, flag, "pause"),
            complaint,
        }
    }
}

fn ladder(rooms: &Rooms, signed: &Signed, flag: &Flag) -> Vec<StageLine> {
    let share = match flag.stage {
        Stage::Canary(share) => share,
        Stage::Off | Stage::Shadow => Share::from_basis_points(100).unwrap_or(Share::ALL),
        Stage::Live | Stage::Sealed | Stage::Complete => Share::ALL,
    };
    let stages = [
        Stage::Off,
        Stage::Shadow,
        Stage::Canary(share),
        Stage::Live,
        Stage::Sealed,
        Stage::Complete,
    ];
    let line = |stage: Stage| {
        let is_here = stage.name() == flag.stage.name();
        let allowed =
            if is_here { Allowed::Yes } else { Allowed::of(rooms, signed, flag, Move::To(stage)) };
        StageLine { name: stage.name(), means: means(stage.name()), is_here, allowed }
    };
    stages.map(line).into()
}

fn line(of: impl Fn(Move) -> Allowed, flag: &Flag, points: u16) -> Option<ShareLine> {
    let share = Share::from_basis_points(points)?;
    let stage = Stage::Canary(share);
    let is_here = stage == flag.stage;
    let allowed = if is_here { Allowed::Yes } else { of(Move::To(stage)) };
    let text = share.to_string();
    Some(ShareLine { value: text.trim_end_matches(" %").to_owned(), text, is_here, allowed })
}

/// A little more or less than now.
fn fine(of: impl Fn(Move) -> Allowed, flag: &Flag) -> Vec<ShareLine> {
    let Stage::Canary(now) = flag.stage else { return Vec::new() };
    let steps = FINE.into_iter().filter_map(|step| {
        let points = u16::try_from(i32::from(now.basis_points()) + step).ok()?;
        let found = line(&of, flag, points).filter(|_| points > 0)?;
        let step_text = Share::from_basis_points(u16::try_from(step.abs()).ok()?)?.to_string();
        let sign = if step < 0 { '−' } else { '+' };
        Some(ShareLine { text: format!("{sign}{}", step_text.trim_end_matches(" %")), ..found })
    });
    steps.collect()
}

impl Controls {
    /// Why shares are barred, each reason once.
    fn share_reasons(&self) -> Vec<String> {
        let mut reasons: Vec<String> = Vec::new();
        for line in self.presets.iter().chain(&self.fine) {
            let Some(why) = line.allowed.why_not() else { continue };
            match reasons.iter_mut().find(|reason| reason.ends_with(why)) {
                Some(_) => {}
                None => reasons.push(format!("{}: {why}", line.text)),
            }
        }
        reasons
    }

    /// Whether somebody with these rights may do that with a plan.
    fn plan_allowed(&self, verb: &str) -> Allowed {
        let stops = plan_permission(verb) == Permission::Lower;
        // What a plan is started with is what it goes on with.
        if stops { self.may_stop.clone() } else { self.may_start.clone() }
    }

    /// True for what takes a reason.
    pub(super) fn says_why(verb: &str) -> bool {
        verb == "skip"
    }
}
