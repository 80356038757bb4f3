//! A component's rollout plan: where it stands, what it waits for, and what can be done with it.

use std::sync::Arc;

use askama::Template;

use crate::domain::Timestamp;
use crate::flags::{Rollout, RolloutState, RolloutVerdict, templates};
use crate::web::Rooms;
use crate::web::pages::Moment;

/// Where it stands; changes by itself.
#[derive(Template)]
#[template(path = "parts/component_plan.html")]
pub(super) struct PlanState {
    pub plan: Option<PlanView>,
}

pub(in crate::web::pages) struct PlanView {
    pub name: String,
    pub state: &'static str,
    /// Why it is paused, or has stopped.
    pub told: String,
    pub waits: Vec<String>,
    pub steps: Vec<StepLine>,
    pub started_by: String,
    pub started: Moment,
    pub revision: u64,
}

pub(in crate::web::pages) struct StepLine {
    to: String,
    hold: String,
    approval: bool,
    /// `done`, `here` or `later`.
    place: &'static str,
}

/// A ready-made plan.
pub(in crate::web::pages) struct TemplateLine {
    pub name: &'static str,
    pub purpose: &'static str,
}

pub(super) fn template_lines() -> Vec<TemplateLine> {
    let line = |template: crate::flags::Template| TemplateLine {
        name: template.name,
        purpose: template.purpose,
    };
    templates().into_iter().map(line).collect()
}

impl PlanView {
    pub fn of(rooms: &Rooms, plan: &Arc<Rollout>, now: Timestamp) -> Self {
        let (verdict, _) = rooms.plans.foresee(plan);
        Self::new(plan, &verdict, now)
    }

    pub fn new(plan: &Rollout, verdict: &RolloutVerdict, now: Timestamp) -> Self {
        let told = match (&plan.state, verdict) {
            (RolloutState::Paused { why }, _) | (_, RolloutVerdict::Stop(why)) => why.to_string(),
            (RolloutState::Running | RolloutState::Finished | RolloutState::Aborted, _) => {
                String::new()
            }
        };
        let waits = match verdict {
            RolloutVerdict::Wait(waits) if plan.state == RolloutState::Running => {
                waits.iter().map(ToString::to_string).collect()
            }
            RolloutVerdict::Wait(_)
            | RolloutVerdict::Rest
            | RolloutVerdict::Raise(_)
            | RolloutVerdict::Finished
            | RolloutVerdict::Stop(_) => Vec::new(),
        };
        let here = plan.position.step;
        let steps = plan.steps.iter().enumerate().map(|(number, step)| StepLine {
            to: step.to.to_string(),
            hold: length(step.hold.as_secs()),
            approval: step.approval,
            place: match here {
                Some(here) if number < here => "done",
                Some(here) if number == here => "here",
                Some(_) | None => "later",
            },
        });
        Self {
            name: plan.template.clone().unwrap_or_else(|| "own".to_owned()),
            state: plan.state.name(),
            told,
            waits,
            steps: steps.collect(),
            started_by: plan.started_by.clone(),
            started: Moment::new(plan.started_at, now),
            revision: plan.revision.0,
        }
    }

    /// What can be done with it now: the word of the form, and the words of the button.
    pub fn verbs(&self) -> &'static [(&'static str, &'static str, &'static str)] {
        match self.state {
            "running" => &[
                ("pause", "Pause", "It does not go on until somebody resumes it."),
                ("skip", "Skip what it waits for", "Needs and hold of this step are left behind."),
                (
                    "approve",
                    "Approve this step",
                    "As the second person, where the step asks for one.",
                ),
                ("abort", "End the plan", "The component stays where it is."),
            ],
            "paused" => &[
                ("resume", "Resume", "It goes on from where the component is now."),
                ("abort", "End the plan", "The component stays where it is."),
            ],
            _ => &[],
        }
    }
}

/// A length of time in its largest whole unit.
fn length(seconds: u64) -> String {
    match seconds {
        0 => "no hold".to_owned(),
        1..7_200 => format!("{} min", seconds.div_ceil(60)),
        7_200..259_200 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}
