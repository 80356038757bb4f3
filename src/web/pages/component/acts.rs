//! What is done with a component in place: roll back, hold, release, settings, plan.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::allowed::plan_permission;
use super::moving::refused;
use super::stale::{self, Wanted};
use super::{known, seen_revision, settings, stale_plan};
use crate::access::{Actor, Permission, Refusal};
use crate::domain::Revision;
use crate::flags::{Flag, FlagsError, Move, RolloutRefusal, StartWish};
use crate::web::flags::{cause, permission_for};
use crate::web::form::Form;
use crate::web::guard::Signed;
use crate::web::named::Named;
use crate::web::pages::complaint::Outcome;
use crate::web::pages::{Complaint, Frame, permit, see_other};
use crate::web::{Rooms, approved};

/// Why something was not done.
enum Undone {
    /// What was wrong, and where on the page that stands.
    Wrong(Complaint, &'static str),
    /// The role does not reach, or must be proved anew.
    NotPermitted(Complaint),
    /// Somebody else was first.
    Stale(Option<Revision>, Wanted),
    /// The same with its plan.
    StalePlan(Option<Revision>),
}

type Done = Result<&'static str, Undone>;

async fn answer(
    rooms: &Arc<Rooms>,
    signed: &Signed,
    (flag, form): (&Arc<Flag>, &Form),
    done: Done,
) -> Response {
    let path = format!("/components/{}", flag.component);
    match done {
        Ok("asked") => see_other("/approvals?done=asked"),
        Ok(word) => see_other(&format!("{path}?done={word}")),
        Err(Undone::NotPermitted(complaint)) => {
            let frame = Frame::of(rooms, signed, "overview");
            complaint.answer(&path, |complaint| complaint.page(frame, "Not permitted"))
        }
        Err(Undone::Stale(seen, wanted)) => {
            let now = rooms.flags.snapshot();
            let flag = now.flag(flag.component.as_str()).unwrap_or(flag);
            stale::show(rooms, signed, flag, (seen, wanted), form.text("note")).await
        }
        Err(Undone::StalePlan(seen)) => stale_plan::show(rooms, signed, flag, (seen, form)).await,
        Err(Undone::Wrong(complaint, place)) => {
            super::show(rooms, signed, flag, complaint.in_place(place), Some(form)).await
        }
    }
}

fn pass(
    rooms: &Rooms,
    signed: &Signed,
    permission: Permission,
) -> Result<crate::access::Pass, Undone> {
    permit(rooms, signed, permission).map_err(Undone::NotPermitted)
}

/// `POST /components/{component}/roll-back`: `note`. Asks for no revision: it wins every race.
pub async fn roll_back(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    Named(component): Named,
    form: Form,
) -> Response {
    let flag = match known(&rooms, &signed, &component) {
        Ok(flag) => flag,
        Err(response) => return *response,
    };
    let done = async {
        let pass = pass(&rooms, &signed, Permission::Lower)?;
        let cause = cause(&pass, form.text("note").to_owned());
        let done = rooms.act_on(&flag.component, Move::RollBack, cause).await;
        done.map(|_| "rolled-back").map_err(|problem| Undone::Wrong(problem.into(), "roll-back"))
    };
    let done = done.await;
    answer(&rooms, &signed, (&flag, &form), done).await
}

/// `POST /components/{component}/hold`: `note`.
pub async fn hold(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    Named(component): Named,
    form: Form,
) -> Response {
    let flag = match known(&rooms, &signed, &component) {
        Ok(flag) => flag,
        Err(response) => return *response,
    };
    let done = async {
        let pass = pass(&rooms, &signed, Permission::Lower)?;
        let cause = cause(&pass, form.text("note").to_owned());
        // What holds, holds whatever was changed meanwhile.
        let done = rooms.flags.apply(&flag.component, Move::Hold, None, cause).await;
        done.map(|_| "held").map_err(|error| Undone::Wrong(refused(error), "hold"))
    };
    let done = done.await;
    answer(&rooms, &signed, (&flag, &form), done).await
}

/// `POST /components/{component}/release`: `note`, `revision`.
pub async fn release(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    Named(component): Named,
    form: Form,
) -> Response {
    let flag = match known(&rooms, &signed, &component) {
        Ok(flag) => flag,
        Err(response) => return *response,
    };
    let done = async {
        let seen = seen_revision(&form);
        let wanted = || Wanted::Other("its release");
        let pass = pass(&rooms, &signed, Permission::Release)?;
        if seen != Some(flag.revision) {
            return Err(Undone::Stale(seen, wanted()));
        }
        let cause = cause(&pass, form.text("note").to_owned());
        match rooms.flags.apply(&flag.component, Move::Release, seen, cause).await {
            Ok(_) => Ok("released"),
            Err(FlagsError::Conflict { .. }) => Err(Undone::Stale(seen, wanted())),
            Err(error) => Err(Undone::Wrong(refused(error), "release")),
        }
    };
    let done = done.await;
    answer(&rooms, &signed, (&flag, &form), done).await
}

/// `POST /components/{component}/settings`: `what` (`targets`, `limits` or `basics`), its fields,
/// `note`, `revision`.
pub async fn change_settings(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    Named(component): Named,
    form: Form,
) -> Response {
    let flag = match known(&rooms, &signed, &component) {
        Ok(flag) => flag,
        Err(response) => return *response,
    };
    let done = set(&rooms, &signed, &flag, &form).await;
    answer(&rooms, &signed, (&flag, &form), done).await
}

async fn set(rooms: &Rooms, signed: &Signed, flag: &Arc<Flag>, form: &Form) -> Done {
    let (place, words) = match form.text("what") {
        "targets" => ("targets", "other targets"),
        "limits" => ("limits", "other limits"),
        "basics" => ("basics", "other settings"),
        _ => ("settings", "other settings"),
    };
    let seen = seen_revision(form);
    if seen != Some(flag.revision) {
        return Err(Undone::Stale(seen, Wanted::Other(words)));
    }
    let patch = settings::patch(flag, form).map_err(|wrong| Undone::Wrong(wrong, place))?;
    let step = Move::Settings(patch);
    let pass = pass(rooms, signed, permission_for(flag, &step))?;
    let note = form.text("note").to_owned();
    let due = approved::ask_if_due(rooms, &signed.session.caller, flag, &step, &note).await;
    if due.map_err(|problem| Undone::Wrong(problem.into(), place))?.is_some() {
        return Ok("asked");
    }
    match rooms.flags.apply(&flag.component, step, seen, cause(&pass, note)).await {
        Ok(_) => Ok("settings"),
        Err(FlagsError::Conflict { .. }) => Err(Undone::Stale(seen, Wanted::Other(words))),
        Err(error) => Err(Undone::Wrong(refused(error), place)),
    }
}

/// `POST /components/{component}/plan`: `verb`, `template` to start, `note`, `revision` of the plan.
pub async fn change_plan(
    State(rooms): State<Arc<Rooms>>,
    signed: Signed,
    Named(component): Named,
    form: Form,
) -> Response {
    let flag = match known(&rooms, &signed, &component) {
        Ok(flag) => flag,
        Err(response) => return *response,
    };
    let done = planned(&rooms, &signed, &flag, &form).await;
    answer(&rooms, &signed, (&flag, &form), done).await
}

async fn planned(rooms: &Rooms, signed: &Signed, flag: &Flag, form: &Form) -> Done {
    let verb = form.text("verb");
    let pass = pass(rooms, signed, plan_permission(verb))?;
    let (seen, component) = (seen_revision(form), &flag.component);
    let cause = cause(&pass, form.text("note").to_owned());
    let plans = rooms.plans.rollouts();
    let outcome = match verb {
        "start" => {
            let wish =
                template(form, pass.actor()).map_err(|wrong| Undone::Wrong(wrong, "plan"))?;
            plans.start(component, wish, seen, cause).await
        }
        "pause" => plans.pause(component, seen, cause).await,
        "resume" => plans.resume(component, seen, cause).await,
        "skip" => plans.skip(component, seen, cause).await,
        "abort" => plans.abort(component, seen, cause).await,
        "approve" => plans.approve(component, seen, cause).await,
        _ => {
            let wrong = Complaint::typed("plan", "The form says nothing to do. Reload the page.");
            return Err(Undone::Wrong(wrong, "plan"));
        }
    };
    match outcome {
        Ok(_) => Ok("plan"),
        Err(FlagsError::Rollout(RolloutRefusal::SamePerson { .. })) => {
            rooms.access.refusals.count(Refusal::SamePerson);
            Err(Undone::Wrong(Complaint::refused(Refusal::SamePerson), "plan"))
        }
        Err(FlagsError::Rollout(
            RolloutRefusal::IsThere { .. } | RolloutRefusal::Changed { .. },
        )) => Err(Undone::StalePlan(seen)),
        Err(error) => Err(Undone::Wrong(refused(error), "plan")),
    }
}

fn template(form: &Form, actor: &Actor) -> Outcome<StartWish> {
    let wish = StartWish::Template(form.text("template").to_owned());
    match actor {
        Actor::Operator(_) => Ok(wish),
        Actor::Token(_) | Actor::Link(_) | Actor::Machine => {
            Err(Complaint::refused(Refusal::NeedsPerson))
        }
    }
}
