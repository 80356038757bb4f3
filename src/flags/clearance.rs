//! Whether whoever watches a component lets more people come to SSOT. The watcher stands on a floor
//! above; it hands in what is asked.

use std::sync::Arc;

use super::table::Flags;
use super::{Cause, Flag, FlagsError, MoveRefusal, Segment, Serve, Snapshot, Stage, Target};

/// Asked before a change that raises a stage or a share, or may bring more people to SSOT by
/// targets or segments: the flag before and after; the error says what is held against it.
///
/// Nothing of the table is locked meanwhile, but no other change is made: it is to answer at once.
///
/// The last argument is false for whoever only wants to know what would be said: then nothing is
/// prepared for the change.
pub type Clearance = Arc<dyn Fn(&Flag, &Flag, bool) -> Result<(), String> + Send + Sync>;

/// Says why a component cannot come back without signing people out; `None` where nothing of
/// that is known.
pub type SignOut = Arc<dyn Fn(&Flag) -> Option<String> + Send + Sync>;

impl Flags {
    /// From now on every change that raises is asked of `clearance`, whoever makes it and however.
    /// It is set once; false when it was set before.
    pub fn set_clearance(&self, clearance: Clearance) -> bool {
        self.room.clearance.set(clearance).is_ok()
    }

    /// From now on nothing that would sign people out on its way back comes to canary or live,
    /// unless two people will it. False when somebody was asked before.
    pub fn set_sign_out(&self, sign_out: SignOut) -> bool {
        self.room.sign_out.set(sign_out).is_ok()
    }
}

/// Refuses what is not cleared.
pub(super) fn check_cleared(
    clearance: Option<&Clearance>,
    before: &Flag,
    after: &Flag,
) -> Result<(), MoveRefusal> {
    match clearance {
        Some(clearance) if after.may_serve_more_than(before) => ask(clearance, before, after),
        Some(_) | None => Ok(()),
    }
}

/// Refuses to raise what could not be lowered again without signing people out.
pub(super) fn check_signs_nobody_out(
    sign_out: Option<&SignOut>,
    (before, after): (&Flag, &Flag),
    cause: &Cause,
) -> Result<(), MoveRefusal> {
    let raised = after.stage > before.stage && targets_count(after.stage);
    let Some(sign_out) = sign_out.filter(|_| raised && !cause.is_of_two_people()) else {
        return Ok(());
    };
    sign_out(after).map_or(Ok(()), |why| Err(MoveRefusal::WouldSignOut { why }))
}

/// Refuses another segment by which somebody more may come to SSOT.
pub(super) fn check_segment_cleared(
    clearance: Option<&Clearance>,
    published: &Snapshot,
    after: &Segment,
) -> Result<(), FlagsError> {
    let before = published.segment(after.name.as_str());
    let (Some(clearance), Some(before)) = (clearance, before) else { return Ok(()) };
    for flag in published.targeting(&after.name) {
        let mut ways = flag.targets.iter().filter(|target| target.segment == after.name);
        let raises = ways.any(|target| match target.serve {
            Serve::Ssot => !before.has_all_of(after),
            Serve::Legacy | Serve::Shadow => !after.has_all_of(before),
        });
        if raises && targets_count(flag.stage) {
            ask(clearance, flag, flag)?;
        }
    }
    Ok(())
}

fn ask(clearance: &Clearance, before: &Flag, after: &Flag) -> Result<(), MoveRefusal> {
    clearance(before, after, true).map_err(|why| MoveRefusal::NotCleared { why })
}

/// What [`check_cleared`] would say, for whoever only wants to know.
pub(super) fn ask_lightly(
    clearance: Option<&Clearance>,
    before: &Flag,
    after: &Flag,
) -> Result<(), MoveRefusal> {
    match clearance {
        Some(clearance) if after.may_serve_more_than(before) => {
            clearance(before, after, false).map_err(|why| MoveRefusal::NotCleared { why })
        }
        Some(_) | None => Ok(()),
    }
}

/// True where targets decide who is on SSOT.
const fn targets_count(stage: Stage) -> bool {
    match stage {
        Stage::Canary(_) | Stage::Live => true,
        Stage::Off | Stage::Shadow | Stage::Sealed | Stage::Complete => false,
    }
}

impl Flag {
    /// True when this may put somebody on SSOT whom `before` did not, or comes nearer to it.
    fn may_serve_more_than(&self, before: &Self) -> bool {
        self.stage > before.stage
            || (targets_count(self.stage) && may_serve_more(&before.targets, &self.targets))
    }
}

/// The first target that matches decides. So nobody comes to SSOT by targets that only lost some
/// of those that serve by it, and only gained others.
fn may_serve_more(before: &[Target], after: &[Target]) -> bool {
    let is_in = |list: &[Target], target: &Target| {
        let same = |other: &Target| {
            other.segment == target.segment
                && (other.serve == Serve::Ssot) == (target.serve == Serve::Ssot)
        };
        list.iter().any(same)
    };
    let by_ssot = |target: &Target| target.serve == Serve::Ssot;
    let kept = |target: &&Target| !by_ssot(target) || is_in(after, target);
    let known = |target: &&Target| by_ssot(target) || is_in(before, target);
    let told = |target: &Target| (target.segment.clone(), by_ssot(target));
    let before = before.iter().filter(kept).map(told);
    let after = after.iter().filter(known).map(told);
    before.ne(after)
}

impl Segment {
    /// True when all that `other` names is named here.
    fn has_all_of(&self, other: &Self) -> bool {
        let carried = |(name, values): (&String, &std::collections::BTreeSet<String>)| {
            self.headers.get(name).is_some_and(|here| values.is_subset(here))
        };
        other.subjects.is_subset(&self.subjects)
            && other.tenants.is_subset(&self.tenants)
            && other.scopes.is_subset(&self.scopes)
            && other.headers.iter().all(carried)
    }
}
