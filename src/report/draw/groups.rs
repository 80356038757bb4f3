//! What differences have in common, and what of it is accepted.

use super::super::document::{AcceptedPart, GroupPart};
use super::super::{Period, explain};
use super::figures::{by_severity, direction};
use crate::domain::{MismatchClass, Timestamp};
use crate::flags::{AcceptedDifference, Flag};
use crate::ledger::{Book, Group};

/// Groups of a component in one report, at most.
const GROUPS_MAX: usize = 20;

/// Exemplars of a group in one report, at most.
const EXEMPLARS_MAX: usize = 3;

/// Groups that occurred within the period, most severe first and then most frequent, and how many
/// found no room.
pub(super) fn groups(book: &Book, period: Period) -> (Vec<GroupPart>, u64) {
    let mut groups: Vec<Group> = book.groups();
    groups.retain(|group| group.first_at < period.to && group.last_at >= period.from);
    let rank = |group: &Group| {
        let class = group.key.class();
        let place = by_severity().position(|each| Some(each) == class);
        (group.accepted, place.unwrap_or(usize::MAX), std::cmp::Reverse(group.count))
    };
    groups.sort_by_key(rank);
    let left_out = groups.len().saturating_sub(GROUPS_MAX) as u64;
    groups.truncate(GROUPS_MAX);
    (groups.into_iter().map(|group| part(group, period)).collect(), left_out)
}

fn part(group: Group, period: Period) -> GroupPart {
    let explanation = explain(&group.key);
    let mut exemplars: Vec<_> =
        group.exemplars.into_iter().filter(|each| period.holds(each.asked_at)).collect();
    exemplars.drain(..exemplars.len().saturating_sub(EXEMPLARS_MAX));
    GroupPart {
        direction: group.key.class().map_or("unknown", direction).to_owned(),
        class: group.key.class,
        explanation,
        legacy_reason: group.key.legacy_reason,
        ssot_reason: group.key.ssot_reason,
        claim_shape: group.key.shape,
        accepted: group.accepted,
        count_ever: group.count,
        first_at: group.first_at,
        last_at: group.last_at,
        exemplars,
    }
}

/// The accepted differences of a flag, those that may let in more first.
pub(super) fn accepted(book: &Book, flag: &Flag, now: Timestamp) -> Vec<AcceptedPart> {
    if flag.accepted.is_empty() {
        return Vec::new();
    }
    let applied = book.accepted_uses();
    let part = |difference: &AcceptedDifference| {
        let used = applied.get(&difference.name);
        AcceptedPart {
            difference: difference.clone(),
            state: difference.state(now).as_str().to_owned(),
            used_ever: used.map_or(0, |used| used.count),
            over_rate_ever: used.map_or(0, |used| used.over),
        }
    };
    let mut parts: Vec<AcceptedPart> = flag.accepted.iter().map(part).collect();
    let is_harmless = |part: &AcceptedPart| {
        let class = MismatchClass::parse(&part.difference.class);
        !class.is_some_and(MismatchClass::may_let_in_more)
    };
    parts.sort_by_key(is_harmless);
    parts
}
