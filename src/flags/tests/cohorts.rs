//! Who is served by ssot at which share, over 100,000 subjects of every shape.

use std::collections::HashMap;

use crate::domain::{GroupId, Share, Subject};
use crate::flags::samples::{canary, flag, id};
use crate::flags::{By, Facts, Flag, Issuers, Salt, Serve, Snapshot, Stage};

const EACH: u32 = 20_000;

/// Twenty thousand subjects of one shape.
struct Shape {
    name: &'static str,
    subjects: Vec<String>,
}

/// Five shapes, no subject twice.
fn shapes() -> Vec<Shape> {
    let shape =
        |name, make: fn(u32) -> String| Shape { name, subjects: (0..EACH).map(make).collect() };
    vec![
        shape("numbers", |n| n.to_string()),
        shape("uuids", uuid),
        shape("e-mail addresses", |n| format!("first.last+{n}@mail{}.example.com", n % 7)),
        shape("names in other scripts", |n| {
            format!("Дžō{}-Ω🙂{n}", ["ä", "ß", "漢"][n as usize % 3])
        }),
        shape("names of 4 KiB", |n| format!("{n:0>width$}", width = Subject::MAX)),
    ]
}

fn uuid(n: u32) -> String {
    // Spread as random ones are; an odd factor meets every number once.
    let (a, b) = (n.wrapping_mul(0x9e37_79b1), n.wrapping_mul(0x85eb_ca77));
    format!(
        "{a:08x}-{:04x}-4{:03x}-8{:03x}-{b:08x}{:04x}",
        b >> 16,
        a & 0xfff,
        b & 0xfff,
        n & 0xffff
    )
}

fn table(flags: Vec<Flag>) -> Snapshot {
    let group = |name| GroupId::parse(name).expect("a group");
    let salts = [(group("main"), Salt::new([7; 32])), (group("beside"), Salt::new([8; 32]))];
    Snapshot::new(flags, HashMap::from(salts), Issuers::default())
}

fn at(component: &str, stage: Stage) -> Flag {
    Flag { stage, ..flag(component) }
}

fn on_ssot(table: &Snapshot, component: &str, subject: &str) -> bool {
    let flag = table.flag(component).expect("a flag");
    table.evaluate(flag, &Facts::of_subject(subject)).serve == Serve::Ssot
}

/// Fails when a count is further from what is expected than chance explains: 4.5 deviations, once
/// in 150,000 counts.
fn assert_binomial(count: usize, of: u32, points: u16, case: &str) {
    let count = f64::from(u32::try_from(count).expect("few"));
    let part = f64::from(points) / 10_000.0;
    let mean = f64::from(of) * part;
    let deviation = (mean * (1.0 - part)).sqrt();
    assert!((count - mean).abs() <= 4.5 * deviation, "{case} at {points}: {count} of {mean}");
}

#[test]
fn a_share_is_met_by_every_shape_and_a_growing_one_moves_nobody_back() {
    const SHARES: [u16; 8] = [1, 25, 100, 500, 1_000, 5_000, 9_900, 9_999];
    for Shape { name, subjects } in shapes() {
        let mut before = vec![false; subjects.len()];
        for points in SHARES {
            let table = table(vec![at("http-auth", canary(points))]);
            let now: Vec<bool> =
                subjects.iter().map(|subject| on_ssot(&table, "http-auth", subject)).collect();
            assert_binomial(now.iter().filter(|on| **on).count(), EACH, points, name);
            let back = before.iter().zip(&now).filter(|(before, now)| **before && !**now).count();
            assert_eq!(back, 0, "{name} at {points}");
            before = now;
        }
        let all = table(vec![at("http-auth", Stage::Canary(Share::ALL))]);
        assert!(subjects.iter().all(|subject| on_ssot(&all, "http-auth", subject)), "{name}");
    }
}

#[test]
fn cohorts_of_one_group_nest_and_those_of_another_have_nothing_to_do_with_them() {
    let beside = GroupId::parse("beside").expect("a group");
    let table = table(vec![
        at("parent", canary(3_000)),
        Flag { requires: vec![id("parent")], ..at("child", canary(1_000)) },
        at("neighbour", canary(3_000)),
        Flag { group: beside, ..at("stranger", canary(3_000)) },
    ]);
    for Shape { name, subjects } in shapes() {
        let (mut nested, mut strangers) = (0, 0);
        for subject in &subjects {
            let [parent, child, neighbour, stranger] = ["parent", "child", "neighbour", "stranger"]
                .map(|component| on_ssot(&table, component, subject));
            assert!(!child || parent, "{name}: a child without its parent");
            assert_eq!(parent, neighbour, "{name}: one group, one share, one cohort");
            nested += usize::from(child);
            strangers += usize::from(parent && stranger);
        }
        assert_binomial(nested, EACH, 1_000, name);
        assert_binomial(strangers, EACH, 900, name);
    }
}

#[test]
fn who_cannot_be_named_is_on_ssot_only_when_everybody_is() {
    let too_long = "x".repeat(Subject::MAX + 1);
    for subject in ["", too_long.as_str()] {
        let facts = Facts::of_subject(subject);
        let most = table(vec![at("http-auth", canary(9_999))]);
        let evaluation = most.evaluate(most.flag("http-auth").expect("a flag"), &facts);
        assert_eq!((evaluation.serve, evaluation.by), (Serve::Shadow, By::NoSubject));
        let all = table(vec![at("http-auth", Stage::Canary(Share::ALL))]);
        let evaluation = all.evaluate(all.flag("http-auth").expect("a flag"), &facts);
        assert_eq!((evaluation.serve, evaluation.slot), (Serve::Ssot, None));
    }
}
