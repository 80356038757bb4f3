//! Runs traffic past all judges.

use std::thread;

use super::described::Described;
use super::judges::{Judges, beginning, windows_alone};
use super::outcome::{Rehearsal, RunOutcome, gather};
use super::recorded::RecordedTrial;
use crate::domain::{Share, Timestamp};
use crate::flags::{Kind, Limits, Stage};

/// Runs described traffic through the guard with these limits, and past the fixed-window rules.
/// Uses all processors; the outcome does not depend on how many there are.
pub fn rehearse(described: &Described, limits: &Limits) -> Rehearsal {
    let windows = windows_alone(limits);
    let run = |run: u32, worse: bool| {
        let (place, known) = ((described.stage(), Kind::Auth), described.known());
        let mut judges = Judges::new(limits, windows.as_ref(), place, beginning(), known);
        let mut left = if worse { described.requests_max } else { described.healthy_requests };
        for request in described.requests(run, worse) {
            judges.see(&request.trial, request.again, request.worse);
            if request.worse || !worse {
                left = left.saturating_sub(u64::from(!request.again));
            }
            if left == 0 || judges.are_done() {
                break;
            }
        }
        RunOutcome { worse_since: judges.worse_since, alarms: judges.alarms() }
    };
    let worse = on_all_processors(described.runs, |number| run(number, true));
    let healthy = on_all_processors(described.runs, |number| run(number, false));
    gather(Judges::names(windows.is_some()), &worse, &healthy)
}

/// Runs recorded traffic, oldest first, past the same judges once; `worse_since`: when SSOT is
/// known to have become worse, if it is.
pub fn replay(
    trials: &[RecordedTrial],
    limits: &Limits,
    kind: Kind,
    worse_since: Option<Timestamp>,
) -> Rehearsal {
    let windows = windows_alone(limits);
    let since = trials.first().map_or_else(beginning, |trial| trial.at);
    let share = trials.iter().rev().find_map(|trial| trial.share);
    let stage = share.filter(|share| *share != Share::ALL).map_or(Stage::Live, Stage::Canary);
    let mut judges = Judges::new(limits, windows.as_ref(), (stage, kind), since, 0);
    for recorded in trials {
        let worse = worse_since.is_none_or(|since| recorded.at >= since);
        judges.see(&recorded.trial(), false, worse);
    }
    let run = RunOutcome { worse_since: judges.worse_since, alarms: judges.alarms() };
    gather(Judges::names(windows.is_some()), &[run], &[])
}

/// Does `run` for every number below `count`, and gives back what came of it in that order.
pub fn on_all_processors<T: Send>(count: u32, run: impl Fn(u32) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(64);
    let step = u32::try_from(threads).unwrap_or(1);
    let mut done: Vec<(u32, T)> = thread::scope(|scope| {
        let run = &run;
        let part = |first: u32| {
            let numbers = (first..count).step_by(threads);
            numbers.map(|number| (number, run(number))).collect::<Vec<_>>()
        };
        let parts: Vec<_> = (0..step).map(|first| scope.spawn(move || part(first))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}
