//! How far a table has gone from its seeds.

use std::sync::Arc;

use crate::domain::Timestamp;
use crate::flags::samples::{NOW, canary, id};
use crate::flags::{Drift, Flag, Invariants, Kind, Seed, Seeds, Stage, drift};

const SEEDS: &str = "
    [component.one]
    kind = 'auth'
    phase = 1
    stage = 'shadow'
    [[component.one.accepted]]
    name = 'days'
    class = 'stricter'
    owner = 'o'
    reason = 'r'
    expires_in_days = 30
    [[component.one.accepted]]
    name = 'date'
    class = 'stricter'
    owner = 'o'
    reason = 'r'
    expires_at = 2027-02-01T00:00:00Z
    [component.two]
    kind = 'events'
    phase = 3
    requires = ['one']
";

fn seeds() -> Seeds {
    Seed::parse_all(SEEDS, "test.toml").expect("seeds")
}

/// The rows of the seeds, changed.
fn rows(change: impl Fn(&mut Flag)) -> Vec<Arc<Flag>> {
    let row = |seed: &Seed| {
        let mut flag = seed.flag(NOW).expect("a row");
        change(&mut flag);
        Arc::new(flag)
    };
    seeds().components.iter().map(row).collect()
}

fn found(flags: &[Arc<Flag>], now: Timestamp) -> Drift {
    drift(&seeds(), flags, [], now)
}

#[test]
fn rows_as_they_were_seeded_have_not_drifted_however_old_they_are() {
    let days = 86_400 * 10;
    let old = found(&rows(|_| ()), NOW.plus_seconds(days));
    assert_eq!(old, Drift::default());
    assert!(!old.is_any());
}

#[test]
fn settings_structure_and_accepted_differences_drift_field_by_field() {
    let flags = rows(|flag| {
        flag.deadline_ms = 77;
        flag.kind = Kind::Session;
        flag.invariants = Invariants::Enforce;
        flag.limits.harm_max = None;
        flag.requires.clear();
        flag.accepted.retain(|each| each.name == "days");
        for each in &mut flag.accepted {
            each.owner = "another".to_owned();
        }
    });
    let drift = found(&flags, NOW);
    let fields: Vec<String> =
        drift.fields.iter().map(|each| format!("{} {}", each.component, each.field)).collect();
    let expected = [
        "one kind",
        "one deadline_ms",
        "one invariants",
        "one limits.harm_max",
        "one accepted.days",
        "one accepted.date",
        "two kind",
        "two requires",
        "two deadline_ms",
        "two invariants",
        "two limits.harm_max",
    ];
    assert_eq!(fields, expected);
    assert_eq!((&drift.fields[1].from, &drift.fields[1].to), (&1000.into(), &77.into()));
    assert_eq!((&drift.fields[3].from, &drift.fields[3].to), (&100.into(), &"off".into()));
    assert!(drift.is_any());
}

#[test]
fn a_stage_counts_only_as_long_as_a_seed_could_say_it() {
    for (stage, counts) in [(Stage::Off, true), (canary(1), false), (Stage::Sealed, false)] {
        let flags = rows(|flag| {
            if flag.component.as_str() == "one" {
                flag.stage = stage;
            }
        });
        let drift = found(&flags, NOW);
        assert_eq!(drift.stages.len(), 1, "{drift:?}");
        assert_eq!((drift.stages[0].seeded, drift.stages[0].now), (Stage::Shadow, stage));
        assert_eq!((drift.stages[0].counts, drift.is_any()), (counts, counts), "{stage}");
    }
}

#[test]
fn components_of_one_side_only_and_expired_differences_are_told() {
    let mut flags = rows(|_| ());
    flags.retain(|flag| flag.component.as_str() == "one");
    flags.push(Arc::new(Flag { component: id("three"), ..Flag::clone(&flags[0]) }));
    let drift = found(&flags, Timestamp::parse("2027-02-01T00:00:00Z").expect("a moment"));
    assert_eq!(
        (&drift.only_in_seeds, &drift.only_in_table),
        (&vec![id("two")], &vec![id("three")])
    );
    let expired: Vec<String> =
        drift.expired.iter().map(|each| format!("{} {}", each.component, each.name)).collect();
    assert_eq!(expired, ["one date", "three date"]);
    assert!(drift.is_any());
}
