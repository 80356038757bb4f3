//! How big the past gets, and how long it takes to read: 100 components, a month of minutes.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{ALL, id, record, reloaded};
use crate::compare::MismatchClass;
use crate::domain::{Clock as _, ComponentId, Side, SystemClock, Timestamp};
use crate::ledger::counts::Counts;
use crate::ledger::past::Past;
use crate::ledger::{Counter, Grain, Keeper, Latency, Round, Span, Timeline};
use crate::store::{Durability, Store};

const COMPONENTS: usize = 100;
const HOURS: i64 = 30 * 24;
/// Where the month is left, for `benches/load/pages.py` to serve.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/a-month");

/// Answers a minute at noon: a hundred a second of the first component, one of the last.
const BUSIEST: usize = 6_000;

/// Shapes of a minute that take turns.
const SHAPES: usize = 48;

fn component(place: usize) -> ComponentId {
    id(&format!("component-{place:03}"))
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    /// From 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits")]
    fn roll(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A latency: around `middle`, with a long tail.
    fn latency(&mut self, middle_us: f64) -> Duration {
        let bell: f64 = (0..6).map(|_| self.roll()).sum::<f64>() - 3.0;
        let slow = if self.roll() < 0.01 { 8.0 } else { 1.0 };
        Duration::from_secs_f64(middle_us * slow * (0.8 * bell).exp() / 1e6)
    }
}

/// A minute with so many answers.
fn minute(dice: &mut Dice, answers: usize) -> Counts {
    let mut counts = Counts::default();
    for _ in 0..answers {
        let tally = &mut counts.tally;
        tally.add(Counter::Served(if dice.roll() < 0.1 { Side::Ssot } else { Side::Legacy }));
        tally.add(if dice.roll() < 0.05 { Counter::Denied } else { Counter::Allowed });
        tally.add(match dice.roll() {
            roll if roll < 0.001 => Counter::Mismatched(MismatchClass::Stricter),
            roll if roll < 0.003 => Counter::Accepted(MismatchClass::ReasonDiffers),
            roll if roll < 0.9 => Counter::Matched,
            _ => Counter::SampledOut,
        });
        counts.legacy.record(dice.latency(4_000.0));
        counts.ssot.record(dice.latency(180.0));
    }
    counts
}

/// Everything up to the hour `end`.
fn fill(store: &Store, runtime: &tokio::runtime::Runtime, end: i64) {
    let (past, mut dice) = (Past::new(store), Dice(7));
    let shapes: Vec<Vec<Counts>> = (1..=COMPONENTS)
        .map(|rank| {
            let by_time = |shape| BUSIEST / rank * (SHAPES + shape) / (2 * SHAPES);
            (0..SHAPES).map(|shape| minute(&mut dice, by_time(shape).max(1))).collect()
        })
        .collect();
    for hour in end - HOURS..end {
        for (place, shapes) in shapes.iter().enumerate() {
            let minutes = hour * 60..(hour + 1) * 60;
            let counts = minutes.zip(shapes.iter().cycle());
            let mut batch = store.batch();
            past.add(&mut batch, &component(place), counts).expect("fits");
            runtime.block_on(batch.commit(Durability::Relaxed)).expect("written");
        }
    }
}

fn size_of(folder: &Path) -> u64 {
    let each = std::fs::read_dir(folder).expect("a folder").map(|entry| {
        let entry = entry.expect("an entry");
        let about = entry.metadata().expect("about it");
        if about.is_dir() { size_of(&entry.path()) } else { about.len() }
    });
    each.sum()
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    println!("{what}: {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    done
}

/// The last hours before `end`.
fn span(end: i64, hours: i64) -> Span {
    let to = Timestamp::from_seconds(end * 3_600);
    Span { from: to.plus_seconds(-hours * 3_600), to }
}

fn print_rows(store: &Store) {
    let past = Past::new(store);
    let (mut minutes, mut hours) = ((0, 0), (0, 0));
    for row in past.minutes.scan("") {
        let text = serde_json::to_vec(&row.expect("readable").1.value).expect("writable");
        minutes = (minutes.0 + 1, minutes.1 + text.len());
    }
    for row in past.hours.scan("") {
        let text = serde_json::to_vec(&row.expect("readable").1.value).expect("writable");
        hours = (hours.0 + 1, hours.1 + text.len());
    }
    println!(
        "rows of minutes: {} with {} bytes; of hours: {} with {}",
        minutes.0, minutes.1, hours.0, hours.1
    );
}

#[test]
#[ignore = "prints figures, judges no time: run it optimised and with --nocapture"]
fn what_a_month_of_a_hundred_components_weighs() {
    let folder = Path::new(FOLDER);
    if folder.exists() {
        std::fs::remove_dir_all(folder).expect("removed");
    }
    std::fs::create_dir_all(folder).expect("a folder");
    // So that whoever serves the folder afterwards has a month that ends now.
    let end = SystemClock.now().seconds() / 3_600 + 1;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let store = Store::open(folder).expect("a store");
    timed("fill", || fill(&store, &runtime, end));
    let (ledger, keeper) = (reloaded(&store), Keeper::new(&store));
    (0..COMPONENTS).for_each(|place| record(&ledger, component(place).as_str(), end * 60 - 1, 500));
    timed("a round of writing", || runtime.block_on(keeper.write(&ledger, Round::Last)))
        .expect("written");
    drop((ledger, keeper));
    runtime.block_on(store.close()).expect("closed");
    println!("on disk: {} bytes", size_of(folder));
    let store = timed("open the store", || Store::open(folder).expect("a store"));
    let (ledger, keeper) = (timed("load", || reloaded(&store)), Keeper::new(&store));
    let timeline = Timeline::new(&store, Arc::clone(&ledger));
    for time in ["first", "again"] {
        for place in [0, 50] {
            for (grain, hours) in
                [(Grain::Minute, 1), (Grain::Minute, 24), (Grain::Hour, 24), (Grain::Hour, 720)]
            {
                let what = format!("{time}: {hours} h by {grain:?} of component {place}");
                let told = timed(&what, || timeline.of(&component(place), span(end, hours), grain));
                let told = told.expect("readable");
                timed("  its percentiles together", || {
                    let mut sum = Latency::default();
                    for stretch in &told {
                        sum.absorb(&stretch.legacy);
                    }
                    sum.summary()
                });
            }
        }
        for (grain, hours) in [(Grain::Hour, 24), (Grain::Minute, 1), (Grain::Minute, 24)] {
            let what = format!("{time}: {hours} h by {grain:?} of all");
            let told = timed(&what, || timeline.of_all(span(end, hours), grain)).expect("readable");
            assert_eq!(told.len(), COMPONENTS);
        }
    }
    let book = ledger.book(&component(0));
    let two_days = (end - 48) * 60;
    timed("counts of two days", || keeper.since(&book, two_days)).expect("counted");
    timed("a round of removing", || runtime.block_on(keeper.prune(&ledger, ALL.to)))
        .expect("pruned");
    print_rows(&store);
    drop((ledger, keeper, timeline, book));
    runtime.block_on(store.close()).expect("closed");
    println!("left in {FOLDER}");
}
