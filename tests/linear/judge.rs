//! Whether the log explains the answers.
//!
//! The log is the order of the changes of one component, so what is left to find is a moment for
//! each of them. A change happened not before its call, and not after its answer if it was
//! acknowledged. A reader who saw it was answered after it and had called before the next one.
//! These are lower and upper bounds of moments that must follow one another, so the earliest
//! possible moments are found in one pass, and the answers are linearizable (Herlihy and Wing,
//! 1990) if none of them is later than its upper bound.

use std::collections::HashMap;
use std::fmt;
use std::time::Instant;

use serde_json::Value;

use super::story::{Call, Outcome};

/// What was found of one component.
#[derive(Default)]
pub struct Found {
    /// Changes that were acknowledged.
    pub acknowledged: usize,
    changes: usize,
    unanswered: usize,
    unanswered_and_kept: usize,
    seen: usize,
    lowered_and_lost: usize,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} changes, {} acknowledged, {} of {} unanswered ones kept, {} sights explained, {} \
             of what was lowered and lost before its acknowledgement",
            self.changes,
            self.acknowledged,
            self.unanswered_and_kept,
            self.unanswered,
            self.seen,
            self.lowered_and_lost
        )
    }
}

/// One change of the log, and between which moments it happened.
struct Change<'l> {
    line: &'l Value,
    earliest: Option<Instant>,
    latest: Option<Instant>,
}

/// Finds a moment for every change, or panics with what cannot be explained.
pub fn judge(log: &[Value], calls: &[&Call]) -> Found {
    let mut found = Found { changes: log.len(), ..Found::default() };
    let mut changes: Vec<Change> =
        log.iter().map(|line| Change { line, earliest: None, latest: None }).collect();
    assert_chain(log);
    let by_revision: HashMap<u64, usize> =
        log.iter().enumerate().map(|(place, line)| (revision(line), place)).collect();
    let by_note: HashMap<&str, usize> = log
        .iter()
        .enumerate()
        .filter_map(|(place, line)| Some((line["cause"]["note"].as_str()?, place)))
        .collect();
    let mut shown: HashMap<u64, &Value> = HashMap::new();
    for call in calls {
        match &call.outcome {
            Outcome::Changed { over, note, row } => {
                let place = by_note.get(note.as_str());
                let place = *place.unwrap_or_else(|| panic!("acknowledged and lost: {call:?}"));
                assert_eq!(&changes[place].line["after"], row, "another row than acknowledged");
                assert_made_over(log, place, *over);
                changes[place].earliest = Some(call.called);
                not_after(&mut changes[place].latest, call.ended);
                found.acknowledged += 1;
            }
            Outcome::Unknown { over, note } => {
                found.unanswered += 1;
                let Some(place) = by_note.get(note.as_str()).copied() else { continue };
                assert_made_over(log, place, *over);
                changes[place].earliest = Some(call.called);
                found.unanswered_and_kept += 1;
            }
            Outcome::Saw { revision, row } => {
                if let Some(row) = row {
                    let before = shown.entry(*revision).or_insert(row);
                    assert_eq!(*before, row, "revision {revision} names two rows");
                }
                let Some(place) = by_revision.get(revision).copied() else {
                    assert_lowered(row.as_ref(), log);
                    found.lowered_and_lost += 1;
                    continue;
                };
                if let Some(row) = row {
                    assert_eq!(&changes[place].line["after"], row, "another row than in the log");
                }
                found.seen += 1;
                not_after(&mut changes[place].latest, call.ended);
                if let Some(next) = changes.get_mut(place + 1) {
                    not_before(&mut next.earliest, call.called);
                }
            }
        }
    }
    assert_explained(&changes);
    found
}

fn assert_explained(changes: &[Change]) {
    let mut earliest: Option<Instant> = None;
    for change in changes {
        if let Some(own) = change.earliest {
            not_before(&mut earliest, own);
        }
        let (Some(earliest), Some(latest)) = (earliest, change.latest) else { continue };
        assert!(
            earliest <= latest,
            "{:?} too late to explain its answers: {}",
            earliest - latest,
            change.line
        );
    }
}

fn assert_chain(log: &[Value]) {
    for (line, next) in log.iter().zip(&log[1..]) {
        assert!(revision(line) < revision(next), "{next}");
        assert_eq!(next["before"], line["after"], "{next}");
    }
}

fn assert_made_over(log: &[Value], place: usize, over: u64) {
    let before = place.checked_sub(1).map(|before| revision(&log[before]));
    assert_eq!(before, Some(over), "made over another row than the caller had seen");
}

/// A row that was seen and is not in the log can only be one that was lowered and not acknowledged.
fn assert_lowered(row: Option<&Value>, log: &[Value]) {
    // A revision that was only named belongs to a row that other readers may have been shown.
    let Some(row) = row else { return };
    assert_eq!(row["component"], "stages", "seen and lost: {row}");
    let share = |row: &Value| match row["stage"].as_str() {
        Some("off") => 0,
        Some("shadow") => 1,
        _ => 1 + row["share"].as_u64().unwrap_or(0),
    };
    let before =
        log.iter().rev().find(|line| revision(line) < row["revision"].as_u64().unwrap_or(0));
    let before = before.expect("a seed is never lowered");
    assert!(share(row) < share(&before["after"]), "raised, seen and lost: {row}");
}

fn revision(line: &Value) -> u64 {
    line["revision"].as_u64().expect("a revision")
}

fn not_after(bound: &mut Option<Instant>, moment: Instant) {
    *bound = Some(bound.map_or(moment, |bound| bound.min(moment)));
}

fn not_before(bound: &mut Option<Instant>, moment: Instant) {
    *bound = Some(bound.map_or(moment, |bound| bound.max(moment)));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn line(revision: u64, before: Option<u64>) -> Value {
        let row = |revision: u64| json!({ "component": "settings", "revision": revision });
        json!({
            "revision": revision, "before": before.map(row), "after": row(revision),
            "cause": { "note": format!("attempt-{revision}") },
        })
    }

    fn log() -> Vec<Value> {
        vec![line(1, None), line(2, Some(1)), line(3, Some(2))]
    }

    fn at(start: Instant, from: u64, to: u64, outcome: Outcome) -> Call {
        let moment = |millis| start + Duration::from_millis(millis);
        Call { component: "settings", called: moment(from), ended: moment(to), outcome }
    }

    fn saw(revision: u64) -> Outcome {
        Outcome::Saw { revision, row: None }
    }

    fn changed(revision: u64) -> Outcome {
        let note = format!("attempt-{revision}");
        let row = json!({ "component": "settings", "revision": revision });
        Outcome::Changed { over: revision - 1, note, row }
    }

    fn is_explained(calls: &[Call]) -> bool {
        let calls: Vec<&Call> = calls.iter().collect();
        std::panic::catch_unwind(|| judge(&log(), &calls)).is_ok()
    }

    #[test]
    fn what_overlaps_may_have_happened_either_way() {
        let now = Instant::now();
        assert!(is_explained(&[at(now, 0, 10, changed(2)), at(now, 5, 20, saw(1))]));
        assert!(is_explained(&[at(now, 0, 10, changed(2)), at(now, 5, 20, saw(2))]));
    }

    #[test]
    fn a_row_that_was_replaced_before_the_call_is_not_seen() {
        let now = Instant::now();
        assert!(!is_explained(&[at(now, 0, 10, changed(2)), at(now, 11, 20, saw(1))]));
        assert!(!is_explained(&[at(now, 0, 10, saw(2)), at(now, 11, 20, saw(1))]));
    }

    #[test]
    fn a_row_is_not_seen_before_it_was_written() {
        let now = Instant::now();
        assert!(!is_explained(&[at(now, 0, 10, saw(2)), at(now, 11, 20, changed(2))]));
    }

    #[test]
    fn what_was_acknowledged_is_in_the_log_over_what_its_caller_had_seen() {
        let now = Instant::now();
        assert!(!is_explained(&[at(now, 0, 10, changed(9))]));
        let over = |over| match changed(3) {
            Outcome::Changed { note, row, .. } => Outcome::Changed { over, note, row },
            other => other,
        };
        assert!(is_explained(&[at(now, 0, 10, over(2))]));
        assert!(!is_explained(&[at(now, 0, 10, over(1))]));
    }

    #[test]
    fn settings_that_were_seen_are_never_lost() {
        let now = Instant::now();
        let row = json!({ "component": "settings", "revision": 7 });
        assert!(!is_explained(&[at(now, 0, 10, Outcome::Saw { revision: 7, row: Some(row) })]));
    }
}
