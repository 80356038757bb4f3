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
            name: name_of(plan).to_owned(),
            state: plan.state.name(),
            told,
            waits,
            steps: steps.collect(),
            started_by: plan.started_by.clone(),
            started: Moment::new(plan.started_at, now),
            revision: plan.revision.0,
        }
    }

    /// What can be done with it now.
    pub fn deeds(&self) -> impl Iterator<Item = &'static Deed> {
        let state = self.state;
        DEEDS.iter().filter(move |deed| deed.states.contains(&state))
    }
}

/// What can be done with a plan.
pub(in crate::web::pages) struct Deed {
    /// The word of the form.
    pub verb: &'static str,
    /// The words of the button.
    pub button: &'static str,
    /// What it does.
    pub effect: &'static str,
    /// After "you wanted".
    pub wanted: &'static str,
    /// In which of a plan's states.
    states: &'static [&'static str],
}

static DEEDS: [Deed; 6] = [
    Deed {
        verb: "start",
        button: "Start",
        effect: "It goes on by itself while its evidence is good.",
        wanted: "to start it",
        // Whatever there is: it takes its place.
        states: &[],
    },
    Deed {
        verb: "pause",
        button: "Pause",
        effect: "It does not go on until somebody resumes it.",
        wanted: "to pause it",
        states: &["running"],
    },
    Deed {
        verb: "resume",
        button: "Resume",
        effect: "It goes on from where the component is now.",
        wanted: "to resume it",
        states: &["paused"],
    },
    Deed {
        verb: "skip",
        button: "Skip what it waits for",
        effect: "Needs and hold of this step are left behind.",
        wanted: "to skip what its step waits for",
        states: &["running"],
    },
    Deed {
        verb: "approve",
        button: "Approve this step",
        effect: "As the second person, where the step asks for one.",
        wanted: "to approve its step",
        states: &["running"],
    },
    Deed {
        verb: "abort",
        button: "End the plan",
        effect: "The component stays where it is.",
        wanted: "to end it",
        states: &["running", "paused"],
    },
];

/// What a word of the form means.
pub(super) fn deed(verb: &str) -> Option<&'static Deed> {
    DEEDS.iter().find(|deed| deed.verb == verb)
}

impl Deed {
    /// True where it can be done with a plan as it stands.
    pub fn fits(&self, plan: Option<&Rollout>) -> bool {
        self.verb == "start" || plan.is_some_and(|plan| self.states.contains(&plan.state.name()))
    }
}

/// A plan's name.
fn name_of(plan: &Rollout) -> &str {
    plan.template.as_deref().unwrap_or("own")
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
