//! What comes next in a plan. Pure: no clock, no disk.

use super::super::order::check_above;
use super::super::{Cause, Flag, Snapshot, Stage};
use super::gates::open_gates;
use super::{Evidence, Gate, GuardWord, Lack, Pause, Rollout, State, Wait};
use crate::domain::Timestamp;

/// What comes next in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: it is not running.
    Rest,
    /// It waits for all of these.
    Wait(Vec<Wait>),
    /// The component may go to the next step.
    Raise(Stage),
    /// All that the last step asks for is shown.
    Finished,
    /// It stops until a person resumes it.
    Stop(Pause),
}

/// What comes next in `plan`. What stops a plan comes before what it waits for.
///
/// `evidence` is what was known at `now`; a plan before its first step needs none, for a person
/// has just started or resumed it.
pub fn next(plan: &Rollout, flags: &Snapshot, evidence: &Evidence, now: Timestamp) -> Verdict {
    let flag = match plan.state {
        State::Running => flags.flag(plan.component.as_str()),
        State::Paused { .. } | State::Finished | State::Aborted => None,
    };
    let Some(flag) = flag else { return Verdict::Rest };
    if let Some(why) = stops(plan, flag).or_else(|| is_unhappy(evidence)) {
        return Verdict::Stop(why);
    }
    let waits = match plan.step() {
        Some(step) => open_gates(step, &plan.position, evidence, now),
        None => Vec::new(),
    };
    if !waits.is_empty() {
        return Verdict::Wait(waits);
    }
    match plan.next_step() {
        Some(step) => match may_move(plan, flags, flag, step.to) {
            Ok(()) => Verdict::Raise(step.to),
            Err(wait) => Verdict::Wait(vec![wait]),
        },
        None => Verdict::Finished,
    }
}

/// Why the flag as it stands stops the plan.
pub(super) fn stops(plan: &Rollout, flag: &Flag) -> Option<Pause> {
    if let Some(latch) = &flag.latch {
        return Some(Pause::RolledBack { at: latch.at });
    }
    if let Some(hold) = &flag.hold {
        return Some(Pause::Held { at: hold.at });
    }
    (flag.stage != plan.position.stage).then_some(Pause::Moved { to: flag.stage })
}

/// A guard that is not content stops every plan, whether it asks for the guard or not, and
/// however long ago it spoke: only the guard takes back its word.
fn is_unhappy(evidence: &Evidence) -> Option<Pause> {
    match &evidence.guard {
        Some(GuardWord::Unhappy { why, .. }) => Some(Pause::Guard { why: why.clone() }),
        Some(GuardWord::Content { .. } | GuardWord::Waiting { .. }) | None => None,
    }
}

/// The rules of moves, as [`Flags::apply`](super::super::Flags::apply) will ask them again.
fn may_move(plan: &Rollout, flags: &Snapshot, flag: &Flag, to: Stage) -> Result<(), Wait> {
    let cause = Cause::Schedule { plan: plan.mark(plan.next_index()) };
    let moved = flag.moved_to(to, &cause).and_then(|after| check_above(flags, &after));
    moved.map_err(|refusal| Wait::new(Gate::Moves, Lack::Bad).saying(refusal.to_string()))
}
