//! What has become of a component since its plan last knew its place.

use super::super::{Cause, Flag, Flags, FlagsError, HistoryFilter, HistoryRow};
use super::next::stops;
use super::{Pause, Position, Rollout};
use crate::domain::Revision;

/// Changes of one flag that a plan follows between two looks. It looks every second.
const LINES_MAX: usize = 64;

/// Where a plan finds itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Footing {
    /// Where it was, or where its own moves have brought it.
    Firm(Position),
    /// A person or the guard has come between.
    Lost(Pause),
    /// The flag is about to change: look again.
    Unsettled,
}

/// What has happened to `flag` since the plan last knew its place.
pub(super) fn footing(plan: &Rollout, flag: &Flag, flags: &Flags) -> Result<Footing, FlagsError> {
    if flag.revision == plan.position.flag_revision {
        return Ok(Footing::Firm(plan.position.clone()));
    }
    let Some(lines) = lines_since(plan, flags)? else {
        return Ok(Footing::Lost(Pause::LostTrack));
    };
    let newest = lines.first().map(|line| line.revision);
    let walked = lines
        .iter()
        .rev()
        .try_fold(plan.position.clone(), |position, line| follow(plan, position, line));
    Ok(match walked {
        Err(why) => Footing::Lost(why),
        Ok(position) if newest == Some(flag.revision) => Footing::Firm(position),
        // What is lowered may serve before its line is written. Marks and stage tell it.
        Ok(position) => {
            let plan = Rollout { position, ..plan.clone() };
            stops(&plan, flag).map_or(Footing::Unsettled, Footing::Lost)
        }
    })
}

/// The lines of the component after the revision that the plan knows, newest first; `None` when
/// they are too many. A line names the one before it, so no more is read than is new.
fn lines_since(plan: &Rollout, flags: &Flags) -> Result<Option<Vec<HistoryRow>>, FlagsError> {
    let known = plan.position.flag_revision;
    let mut lines: Vec<HistoryRow> = Vec::new();
    let mut before = None;
    loop {
        let component = Some(plan.component.clone());
        let filter =
            HistoryFilter { component, before, limit: Some(1), ..HistoryFilter::default() };
        let mut page = flags.history_page(&filter)?;
        let Some(line) = page.lines.pop() else {
            // A page also ends where its work is enough.
            match page.next {
                Some(next) if next > known => before = Some(next),
                Some(_) | None => return Ok(Some(lines)),
            }
            continue;
        };
        if line.revision <= known {
            return Ok(Some(lines));
        }
        if lines.len() == LINES_MAX {
            return Ok(None);
        }
        let previous = line.before.as_ref().map_or(Revision(0), |flag| flag.revision);
        before = Some(line.revision);
        lines.push(line.into_line());
        if previous <= known {
            return Ok(Some(lines));
        }
    }
}

/// Where a plan at `position` is after one change of the flag. Changes of settings do not move
/// it; its own moves do; everything else stops it.
fn follow(plan: &Rollout, position: Position, line: &HistoryRow) -> Result<Position, Pause> {
    let after = &line.after;
    let before = line.before.as_ref();
    if let Some(latch) = &after.latch
        && before.and_then(|flag| flag.latch.as_ref()) != Some(latch)
    {
        return Err(Pause::RolledBack { at: latch.at });
    }
    if let Some(hold) = &after.hold
        && before.and_then(|flag| flag.hold.as_ref()) != Some(hold)
    {
        return Err(Pause::Held { at: hold.at });
    }
    let step = position.step.map_or(0, |step| step + 1);
    let own = Cause::Schedule { plan: plan.mark(step) };
    if line.cause == own && plan.steps.get(step).is_some_and(|step| step.to == after.stage) {
        return Ok(Position::at_step(step, after));
    }
    if after.stage != position.stage {
        return Err(Pause::Moved { to: after.stage });
    }
    if before.is_some_and(|before| serves_otherwise(before, after)) {
        // What was seen and approved so far was of another rule.
        let (skipped, approved) = (None, None);
        let (flag_revision, since) = (line.revision, line.at);
        return Ok(Position { flag_revision, since, skipped, approved, ..position });
    }
    Ok(Position { flag_revision: line.revision, ..position })
}

/// True when other people are served, or other differences pass, than before.
fn serves_otherwise(before: &Flag, after: &Flag) -> bool {
    before.targets != after.targets
        || before.accepted != after.accepted
        || before.invariants != after.invariants
        || before.rescue != after.rescue
}
