//! Plans as they are shown.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Revision, Timestamp};
use crate::flags::{
    Cause, Evidence, Position, Rollout, RolloutState, RolloutStep, RolloutVerdict as Verdict,
    Template, Wait,
};
use crate::web::Rooms;

/// Every plan.
#[derive(Serialize, ToSchema)]
pub struct RolloutList {
    /// The plans, in the order of the components' ids.
    rollouts: Vec<RolloutView>,
}

impl RolloutList {
    pub(super) const fn of(rollouts: Vec<RolloutView>) -> Self {
        Self { rollouts }
    }
}

/// The ready-made plans.
#[derive(Serialize, ToSchema)]
pub struct TemplateList {
    /// The templates, the slowest first.
    #[schema(value_type = Vec<Object>)]
    templates: Vec<Template>,
}

impl TemplateList {
    pub(super) const fn of(templates: Vec<Template>) -> Self {
        Self { templates }
    }
}

/// A plan, where it stands, and what it waits for at this moment.
#[derive(Serialize, ToSchema)]
pub struct RolloutView {
    /// Whose plan.
    component: String,
    /// The revision under which it was defined.
    #[schema(value_type = u64)]
    id: Revision,
    /// The template it was made from; `null` for steps of its own.
    template: Option<String>,
    /// `state`: `running`, `paused`, `finished` or `aborted`; beside `paused` `why`, with
    /// `because` and whatever belongs to it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    state: RolloutState,
    /// The same for people; empty where there is nothing to tell.
    told: String,
    /// Where it stands: `step` (0 is the first, `null` before it), `stage` and `share`, `since`,
    /// `flag_revision`, `skipped`, `approved`.
    #[schema(value_type = Object)]
    position: Position,
    /// What comes next: `rest`, `wait`, `raise`, `finish` or `stop`.
    next: &'static str,
    /// What it waits for.
    waits: Vec<WaitView>,
    /// What is known about the component at this moment.
    #[schema(value_type = Object)]
    evidence: Evidence,
    /// The steps.
    #[schema(value_type = Vec<Object>)]
    steps: Vec<RolloutStep>,
    /// Who started it.
    started_by: String,
    /// When.
    #[schema(value_type = String)]
    started_at: Timestamp,
    /// The revision of its last change.
    #[schema(value_type = u64)]
    revision: Revision,
    /// When it last changed.
    #[schema(value_type = String)]
    changed_at: Timestamp,
    /// Why it last changed.
    #[schema(value_type = Object)]
    cause: Cause,
}

/// One thing that a plan waits for.
#[derive(Serialize, ToSchema)]
pub struct WaitView {
    /// `for`, `lack`, `figure`, `limit`, `unit`, `class`, `detail`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    wait: Wait,
    /// The same for people.
    text: String,
}

impl RolloutView {
    pub(super) fn of(rooms: &Rooms, plan: &Rollout) -> Self {
        let (verdict, evidence) = rooms.plans.foresee(plan);
        let told = match (&plan.state, &verdict) {
            (RolloutState::Paused { why }, _) | (_, Verdict::Stop(why)) => why.to_string(),
            (RolloutState::Running | RolloutState::Finished | RolloutState::Aborted, _) => {
                String::new()
            }
        };
        let (next, waits) = match verdict {
            Verdict::Rest => ("rest", Vec::new()),
            Verdict::Wait(waits) => ("wait", waits),
            Verdict::Raise(_) => ("raise", Vec::new()),
            Verdict::Finished => ("finish", Vec::new()),
            Verdict::Stop(_) => ("stop", Vec::new()),
        };
        let waits = waits.into_iter().map(|wait| WaitView { text: wait.to_string(), wait });
        let plan = plan.clone();
        Self {
            component: plan.component.to_string(),
            id: plan.id,
            template: plan.template,
            state: plan.state,
            told,
            position: plan.position,
            next,
            waits: waits.collect(),
            evidence,
            steps: plan.steps,
            started_by: plan.started_by,
            started_at: plan.started_at,
            revision: plan.revision,
            changed_at: plan.changed_at,
            cause: plan.cause,
        }
    }
}
