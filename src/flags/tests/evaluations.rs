//! How many evaluations one core makes.

use std::hint::black_box;
use std::time::Instant;

use crate::domain::{ComponentId, SegmentId};
use crate::flags::samples::canary;
use crate::flags::testing::{flag_at, segment, table};
use crate::flags::{Facts, Flag, Segment, Serve, Snapshot, Stage, TARGETS_MAX, Target};

const SUBJECTS: u32 = 1_000_000;
const ROUNDS: usize = 5;

/// Sixteen segments of thirty people each, none of whom asks; the last one by tenant.
fn segments() -> Vec<Segment> {
    let people = |number: usize| {
        let subjects = (0..30).map(|person| format!("tester-{number}-{person}")).collect();
        Segment { subjects, ..segment(&format!("people-{number}")) }
    };
    let mut all: Vec<Segment> = (1..TARGETS_MAX).map(people).collect();
    all.push(Segment { tenants: ["acme".into()].into(), ..segment("people-16") });
    all
}

fn targets() -> Vec<Target> {
    let name = |number| SegmentId::parse(&format!("people-{number}")).expect("a name");
    (1..=TARGETS_MAX).map(|n| Target { segment: name(n), serve: Serve::Ssot }).collect()
}

/// The best of some rounds over all subjects; how many of them ssot serves.
fn best(table: &Snapshot, component: &str, subjects: &[String]) -> (f64, u32) {
    let flag = table.flag(component).expect("a flag");
    let (mut best, mut served) = (f64::MAX, 0);
    for _ in 0..ROUNDS {
        served = 0;
        let started = Instant::now();
        for subject in subjects {
            let evaluation = table.evaluate(flag, &Facts::of_subject(black_box(subject)));
            served += u32::from(evaluation.serve == Serve::Ssot);
        }
        best = best.min(started.elapsed().as_secs_f64());
    }
    (best, served)
}

#[test]
#[ignore = "prints figures, judges no time: run it with --release and --nocapture"]
fn evaluations_of_a_million_subjects() {
    let id = |text| ComponentId::parse(text).expect("an id");
    let requiring = |component, parent, targets| Flag {
        requires: vec![id(parent)],
        ..flag_at(component, canary(5000), targets)
    };
    let flags = vec![
        flag_at("share", canary(5000), vec![]),
        flag_at("targeted", canary(5000), targets()),
        flag_at("live", Stage::Live, vec![]),
        requiring("requires-plain", "share", vec![]),
        requiring("requires-targeted", "targeted", vec![]),
        requiring("requires-both", "targeted", targets()),
    ];
    let table = table(flags, segments(), &["main"]);
    let subjects: Vec<String> = (0..SUBJECTS).map(|n| format!("user-{n:06}")).collect();
    for component in
        ["share", "targeted", "live", "requires-plain", "requires-targeted", "requires-both"]
    {
        let (seconds, served) = best(&table, component, &subjects);
        let millions = f64::from(SUBJECTS) / seconds / 1e6;
        let nanos = seconds * 1e9 / f64::from(SUBJECTS);
        println!("{component:20} {millions:6.2} million/s, {nanos:6.0} ns each, ssot: {served}");
        let half = SUBJECTS / 2;
        assert!(component == "live" || served.abs_diff(half) < 2_500, "{served} of {half}");
    }
}
