//! The story as lines: for a log, and for machines.

use serde_json::{Value, json};

use super::mix::Component;
use super::reading::{Reading, differences, inconclusive};
use super::story::{Row, Scene};
use super::traffic::Counts;
use super::words::{percent, rate};
use crate::cli::exit::say;
use crate::domain::Side;
use crate::ledger::Counter;

/// Says that an act begins.
pub fn act(scene: &Scene, number: usize) {
    let row = &scene.rows[number];
    say(format_args!("== {}: {} {}", row.act.name, row.act.text[0], row.act.text[1]));
}

/// One second.
pub fn second(scene: &Scene) {
    let hero = &scene.hero;
    let Some(row) = present(scene) else { return };
    say(format_args!(
        "{:>4} s  {:<11}  {} requests, {} on ssot (set {}), match rate {}, {} undecided, {} rescued",
        scene.elapsed.as_secs(),
        row.act.name,
        hero.counts.requests(),
        percent(row.since.by_ssot),
        hero.share,
        rate(hero.counts.match_rate().map(|rate| rate * 100.0)),
        hero.count(Counter::Undecided),
        hero.count(Counter::Rescued(Side::Ssot)),
    ));
}

/// Says that an act begins, as JSON.
pub fn json_act(scene: &Scene, number: usize) {
    let row = &scene.rows[number];
    let line = json!({
        "event": "step",
        "step": row.act.code,
        "stage": scene.hero.stage,
        "share": scene.hero.share,
        "at_ms": millis(scene),
    });
    say(line);
}

/// One second as JSON.
pub fn json_second(scene: &Scene) {
    let mut line = json!({
        "event": "second",
        "step": present(scene).map(|row| row.act.code),
        "at_ms": millis(scene),
        "share_seen_percent": present(scene).and_then(|row| row.since.by_ssot),
    });
    if let (Some(line), Value::Object(numbers)) = (line.as_object_mut(), numbers(&scene.hero)) {
        line.extend(numbers);
    }
    say(line);
}

/// The numbers of a component.
pub fn numbers(reading: &Reading) -> Value {
    let classes = differences(&reading.counts);
    let open: serde_json::Map<String, Value> =
        classes.iter().map(|(class, open, _)| (class.code().to_owned(), (*open).into())).collect();
    let accepted: serde_json::Map<String, Value> = classes
        .iter()
        .filter(|(_, _, accepted)| *accepted > 0)
        .map(|(class, _, accepted)| (class.code().to_owned(), (*accepted).into()))
        .collect();
    let unclear: serde_json::Map<String, Value> = inconclusive(&reading.counts)
        .into_iter()
        .map(|(why, count)| (why.to_owned(), count.into()))
        .collect();
    json!({
        "stage": reading.stage,
        "share": reading.share,
        "requests": reading.counts.requests(),
        "served": {
            "legacy": reading.count(Counter::Served(Side::Legacy)),
            "ssot": reading.count(Counter::Served(Side::Ssot)),
        },
        "allowed": reading.count(Counter::Allowed),
        "denied": reading.count(Counter::Denied),
        "undecided": reading.count(Counter::Undecided),
        "rescued": reading.count(Counter::Rescued(Side::Ssot)),
        "match_rate": reading.counts.match_rate(),
        "mismatches": open,
        "accepted": accepted,
        "inconclusive": unclear,
        "legacy_us": { "p50": reading.legacy.p50_us, "p99": reading.legacy.p99_us },
        "ssot_us": { "p50": reading.ssot.p50_us, "p99": reading.ssot.p99_us },
    })
}

/// What the callers of a component counted, beside what its report says.
pub fn account(component: Component, sent: &Counts, report: &Reading) -> Value {
    json!({
        "component": component.as_str(),
        "callers": sent,
        "report": numbers(report),
    })
}

fn present(scene: &Scene) -> Option<&Row> {
    scene.rows.iter().rev().find(|row| row.progress != super::story::Progress::Ahead)
}

fn millis(scene: &Scene) -> u64 {
    u64::try_from(scene.elapsed.as_millis()).unwrap_or(u64::MAX)
}
