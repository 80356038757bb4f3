//! Somebody else, or the plan itself, was first: both versions of a plan side by side.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;

use super::allowed::Allowed;
use super::controls::Controls;
use super::plan::deed;
use super::stale::{Again, SeenVersion, StalePage, TOLD_MAX};
use crate::domain::{ComponentId, Revision, Timestamp};
use crate::flags::{Flag, HistoryFilter, Rollout, RolloutState};
use crate::web::Rooms;
use crate::web::form::Form;
use crate::web::guard::Signed;
use crate::web::pages::words::cause_words;
use crate::web::pages::{Frame, Moment, page};

impl SeenVersion {
    /// A plan, or that there is none.
    pub fn of_plan(plan: Option<&Rollout>) -> Self {
        let Some(plan) = plan else {
            return Self { revision: None, stage: "no plan".to_owned(), marks: String::new() };
        };
        Self {
            revision: Some(plan.revision.0),
            stage: format!("{}, {}", words(plan), state_words(&plan.state)),
            marks: place_words(plan),
        }
    }
}

/// Which plan it is.
fn words(plan: &Rollout) -> String {
    match &plan.template {
        Some(name) => format!("the plan {name}"),
        None => format!("a plan of {} own steps", plan.steps.len()),
    }
}

/// The page that shows both; nothing was changed.
pub(super) async fn show(
    rooms: &Arc<Rooms>,
    signed: &Signed,
    flag: &Flag,
    (seen, form): (Option<Revision>, &Form),
) -> Response {
    let (house, component) = (Arc::clone(rooms), flag.component.clone());
    let read = move || read(&house, &component, seen);
    let found = tokio::task::spawn_blocking(read).await.unwrap_or_default();
    let (now, plan) = (rooms.clock.now(), rooms.plans.rollouts().of(&flag.component));
    let plan = plan.as_deref();
    // Whoever had no revision before him had no plan.
    let before = match seen {
        None => Some(SeenVersion::of_plan(None)),
        Some(_) => found.before.as_ref().map(|before| SeenVersion::of_plan(Some(before))),
    };
    let (verb, template) = (form.text("verb"), form.text("template"));
    let shown = StalePage {
        frame: Frame::of(rooms, signed, "overview"),
        component: flag.component.to_string(),
        what: "plan",
        differs: before.as_ref().map_or_else(Vec::new, |_| differs(found.before.as_ref(), plan)),
        seen: before,
        now: SeenVersion::of_plan(plan),
        by: found.by.into_iter().map(|(at, who)| (Moment::new(at, now), who)).collect(),
        wanted: wanted(verb, template),
        again: again(signed, flag, plan, (verb, template)),
        note: form.text("note").to_owned(),
    };
    page(StatusCode::CONFLICT, &shown)
}

/// What he wanted, in words.
fn wanted(verb: &str, template: &str) -> String {
    match deed(verb) {
        Some(_) if verb == "start" => format!("to start the plan {template}"),
        Some(deed) => deed.wanted.to_owned(),
        None => "something else".to_owned(),
    }
}

/// The same once more, of the plan as it is; `None` where that makes no sense any more.
fn again(
    signed: &Signed,
    flag: &Flag,
    plan: Option<&Rollout>,
    (verb, template): (&str, &str),
) -> Option<Again> {
    let deed = deed(verb).filter(|deed| deed.fits(plan))?;
    let mut fields = vec![("verb", verb.to_owned())];
    let (mut effect, mut button) = (deed.effect.to_owned(), deed.button.to_owned());
    if verb == "start" {
        fields.push(("template", template.to_owned()));
        let place = if plan.is_some() { " It takes the place of the present one." } else { "" };
        (effect, button) = (format!("{effect}{place}"), format!("{button} {template}"));
    }
    let says_why = Controls::says_why(verb);
    let allowed = Allowed::to_plan(signed, flag, verb);
    Some(Again { action: "plan", fields, effect, button, says_why, allowed })
}

/// What is otherwise.
pub(super) fn differs(before: Option<&Rollout>, now: Option<&Rollout>) -> Vec<String> {
    let (before, now) = match (before, now) {
        (Some(before), Some(now)) => (before, now),
        (None, Some(now)) => return vec![format!("there was no plan, now {}", words(now))],
        (Some(before), None) => return vec![format!("there was {}, now no plan", words(before))],
        (None, None) => return Vec::new(),
    };
    let mut told = Vec::new();
    let mut change = |what: &str, was: String, is: String| {
        if was != is {
            told.push(format!("{what}: {was} to {is}"));
        }
    };
    if before.id == now.id {
        change("state", state_words(&before.state), state_words(&now.state));
        change("place", place_words(before), place_words(now));
    } else {
        let named = |plan: &Rollout| {
            format!("{}, started by {} at {}", words(plan), plan.started_by, plan.started_at)
        };
        told.push(format!("another plan: {} to {}", named(before), named(now)));
        return told;
    }
    if let (None, Some(skipped)) = (&before.position.skipped, &now.position.skipped) {
        told.push(format!("{} left behind what the step waits for", skipped.by));
    }
    if let (None, Some(approved)) = (&before.position.approved, &now.position.approved) {
        told.push(format!("{} has approved the step", approved.by));
    }
    told
}

fn state_words(state: &RolloutState) -> String {
    match state {
        RolloutState::Paused { why } => format!("paused: {why}"),
        RolloutState::Running | RolloutState::Finished | RolloutState::Aborted => {
            state.name().to_owned()
        }
    }
}

fn place_words(plan: &Rollout) -> String {
    match (plan.position.step, plan.step()) {
        (Some(place), Some(step)) => {
            format!("at step {} of {}, {}", place + 1, plan.steps.len(), step.to)
        }
        _ => "before its first step".to_owned(),
    }
}

#[derive(Default)]
struct Found {
    before: Option<Rollout>,
    by: Vec<(Timestamp, String)>,
}

/// What the log of plans says of the time since then.
fn read(rooms: &Rooms, component: &ComponentId, since: Option<Revision>) -> Found {
    let since = since.unwrap_or_default();
    let filter = |before, limit| HistoryFilter {
        component: Some(component.clone()),
        before,
        limit: Some(limit),
        ..HistoryFilter::default()
    };
    let history = |filter| rooms.plans.rollouts().history(&filter).unwrap_or_default();
    // The line of that very revision is the newest of those before the next one.
    let at = history(filter(Some(Revision(since.0.saturating_add(1))), 1));
    let before = at.into_iter().next().filter(|line| line.revision == since);
    let lines = history(filter(None, TOLD_MAX)).into_iter();
    let later = lines.take_while(|line| line.revision > since);
    Found {
        before: before.map(|line| line.after),
        by: later.map(|line| (line.at, cause_words(&line.cause))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(changes: &serde_json::Value) -> Rollout {
        let at = "2027-01-15T08:00:00.000Z";
        let mut json = serde_json::json!({
            "component": "http-auth", "id": 3, "template": "normal",
            "steps": crate::flags::templates().remove(1).steps, "state": "running",
            "position": { "stage": "shadow", "flag_revision": 7, "since": at },
            "started_by": "ada", "started_at": at, "revision": 3, "changed_at": at,
            "cause": { "by": "operator", "name": "ada", "note": "" },
        });
        for (name, value) in changes.as_object().expect("members") {
            json[name] = value.clone();
        }
        serde_json::from_value(json).expect("a plan")
    }

    #[test]
    fn what_is_otherwise_is_told_in_the_plans_own_words() {
        let nothing = serde_json::json!({});
        let why = serde_json::json!({ "because": "person", "name": "grace" });
        let paused = plan(&serde_json::json!({ "state": "paused", "why": why }));
        let other =
            plan(&serde_json::json!({ "id": 9, "template": "fast", "started_by": "grace" }));
        let differs = |before: Option<&Rollout>, now| differs(before, Some(now));
        assert_eq!(differs(None, &paused), ["there was no plan, now the plan normal"]);
        let told = differs(Some(&plan(&nothing)), &paused);
        assert_eq!(told, ["state: running to paused: grace paused it"]);
        let told = differs(Some(&paused), &other);
        assert_eq!(
            told,
            [
                "another plan: the plan normal, started by ada at 2027-01-15T08:00:00.000Z to the plan \
                 fast, started by grace at 2027-01-15T08:00:00.000Z"
            ]
        );
        assert!(differs(Some(&paused), &paused).is_empty());
    }

    #[test]
    fn what_makes_no_sense_any_more_is_not_offered_again() {
        let nothing = serde_json::json!({});
        let running = plan(&nothing);
        let over = plan(&serde_json::json!({ "state": "aborted" }));
        let fits = |verb, plan| deed(verb).is_some_and(|deed| deed.fits(plan));
        assert!(fits("pause", Some(&running)) && !fits("resume", Some(&running)));
        assert!(!fits("pause", Some(&over)) && !fits("abort", Some(&over)));
        assert!(fits("start", Some(&over)) && fits("start", None) && !fits("skip", None));
        assert!(!fits("sing", Some(&running)));
    }
}
