//! What a book counts, its kept minutes and hours tell the same, whatever happens in between.

mod weight;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::{
    Counter, Enforcement, Entry, Finding, Grain, Keeper, Latency, Ledger, Outcome, Round, Span,
    Stretch, Tally, Timeline,
};
use crate::compare::{Observation, Verdict};
use crate::domain::{
    ComponentId, Credentials, Decision, FingerprintKey, Question, Reason, RequestId, Side,
    Timestamp, Token,
};
use crate::store::Store;

/// The minute from which the stories count.
const FIRST: i64 = 29_000_000;

const ALL: Span =
    Span { from: Timestamp::from_seconds(0), to: Timestamp::from_seconds(2 * FIRST * 60) };

fn id(text: &str) -> ComponentId {
    ComponentId::parse(text).expect("an id")
}

fn record(ledger: &Ledger, component: &str, minute: i64, micros: u64) {
    let at = Timestamp::from_seconds(minute * 60 + 59);
    let credentials = Credentials::Token(Token::new("x"));
    let question = Question::new(RequestId::new(1, 1), id(component), at, credentials);
    let took = Duration::from_micros(micros);
    let [legacy, ssot] = [took, 2 * took]
        .map(|took| Observation { answer: Ok(Decision::deny(Reason::Segments)), took });
    let entry = Entry {
        served_by: Side::Legacy,
        outcome: Outcome::Denied,
        rescued: None,
        rescue_refused: false,
        owned: false,
        legacy: Some(&legacy),
        ssot: Some(&ssot),
        enforcement: Enforcement::Nothing,
        finding: Finding::Compared {
            verdict: &Verdict::Match,
            accepted: false,
            asked_again: false,
        },
    };
    ledger.book(&id(component)).record(&question, &entry);
}

fn reloaded(store: &Store) -> Arc<Ledger> {
    let ledger = Ledger::new(FingerprintKey::new([3; 32]));
    Keeper::new(store).load(&ledger).expect("readable");
    Arc::new(ledger)
}

/// Everything in the stretches together.
fn sum(stretches: &[Stretch]) -> (Tally, Latency, Latency) {
    let mut sum = (Tally::default(), Latency::default(), Latency::default());
    for stretch in stretches {
        sum.0.absorb(&stretch.tally);
        sum.1.absorb(&stretch.legacy);
        sum.2.absorb(&stretch.ssot);
    }
    sum
}

/// How many were recorded by minute, and the times of both sides.
#[derive(Clone, Default)]
struct Expected {
    minutes: BTreeMap<i64, u64>,
    legacy: Latency,
    ssot: Latency,
}

impl Expected {
    fn record(&mut self, minute: i64, micros: u64) {
        *self.minutes.entry(minute).or_default() += 1;
        self.legacy.record(Duration::from_micros(micros));
        self.ssot.record(Duration::from_micros(2 * micros));
    }

    fn by(&self, grain: Grain) -> Vec<(i64, u64)> {
        let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
        for (minute, count) in &self.minutes {
            let start = (minute * 60).div_euclid(grain.seconds()) * grain.seconds();
            *counts.entry(start).or_default() += count;
        }
        counts.into_iter().collect()
    }

    fn check(&self, store: &Store, ledger: &Arc<Ledger>) {
        let timeline = Timeline::new(store, Arc::clone(ledger));
        for grain in [Grain::Minute, Grain::Hour] {
            let stretches = timeline.of(&id("a"), ALL, grain).expect("readable");
            let counts = |stretch: &Stretch| {
                (stretch.start.seconds(), stretch.tally.count(Counter::Matched))
            };
            let told: Vec<(i64, u64)> = stretches.iter().map(counts).collect();
            assert_eq!(told, self.by(grain), "{grain:?}");
            let (tally, legacy, ssot) = sum(&stretches);
            assert_eq!(tally, ledger.book(&id("a")).total(), "{grain:?}");
            assert!(legacy.recorded().eq(self.legacy.recorded()), "{grain:?}");
            assert!(ssot.recorded().eq(self.ssot.recorded()), "{grain:?}");
        }
    }
}

/// Something that happens to a ledger.
#[derive(Clone, Debug)]
enum Step {
    /// So many records, of a minute that is so much after the newest one; late ones are before.
    Record {
        after: i64,
        micros: u64,
        count: u8,
    },
    Write(Round),
    /// A start over what is on the disk.
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let after = prop_oneof![4 => Just(0_i64), 3 => Just(1), 3 => -6_i64..0, 1 => 2_i64..90, 1 => -90_i64..-6];
    let record = (after, 0_u64..70_000_000, 1_u8..4)
        .prop_map(|(after, micros, count)| Step::Record { after, micros, count });
    let round = prop_oneof![Just(Round::Minutes), Just(Round::Groups), Just(Round::Last)];
    let step = prop_oneof![6 => record, 3 => round.prop_map(Step::Write), 1 => Just(Step::Crash)];
    prop::collection::vec(step, 1..60)
}

async fn walk(steps: Vec<Step>) {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(dir.path()).expect("a store");
    let (mut ledger, mut keeper) = (reloaded(&store), Keeper::new(&store));
    let (mut expected, mut newest) = (Expected::default(), FIRST);
    let mut written = expected.clone();
    for step in steps {
        match step {
            Step::Record { after, micros, count } => {
                let minute = newest + after;
                newest = newest.max(minute);
                for _ in 0..count {
                    record(&ledger, "a", minute, micros);
                    record(&ledger, "ab", minute, micros);
                    expected.record(minute, micros);
                }
            }
            Step::Write(round) => {
                keeper.write(&ledger, round).await.expect("written");
                written = expected.clone();
                expected.check(&store, &ledger);
            }
            Step::Crash => {
                (ledger, keeper) = (reloaded(&store), Keeper::new(&store));
                expected = written.clone();
                expected.check(&store, &ledger);
            }
        }
    }
    expected.check(&store, &ledger);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn minutes_and_hours_tell_what_was_recorded_whenever_the_service_starts_anew(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(walk(steps));
    }
}

#[tokio::test]
async fn what_the_disk_refuses_stays_open_and_is_told_once_when_it_takes_it_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(dir.path()).expect("a store");
    let (ledger, keeper) = (reloaded(&store), Keeper::new(&store));
    let mut expected = Expected::default();
    for minute in FIRST..FIRST + 50 {
        let book = ledger.book(&id("a"));
        // What was closing is open again, as when the disk refuses the batch.
        book.pages().open.begin_closing(minute - 1);
        record(&ledger, "a", minute - 3, 7);
        expected.record(minute - 3, 7);
        book.pages().open.undo_closing();
        record(&ledger, "a", minute, 900);
        expected.record(minute, 900);
        if minute % 5 == 0 {
            keeper.write(&ledger, Round::Minutes).await.expect("written");
        }
        expected.check(&store, &ledger);
    }
    keeper.write(&ledger, Round::Minutes).await.expect("written");
    expected.check(&store, &reloaded(&store));
}

#[tokio::test]
async fn a_span_tells_the_minutes_that_it_overlaps_and_no_others() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(dir.path()).expect("a store");
    let (ledger, keeper) = (reloaded(&store), Keeper::new(&store));
    for minute in FIRST..FIRST + 20 {
        record(&ledger, "a", minute, 5);
        record(&ledger, "b", minute, 5);
        keeper.write(&ledger, Round::Minutes).await.expect("written");
    }
    let timeline = Timeline::new(&store, ledger);
    let at = |minute: i64, second: i64| Timestamp::from_seconds((FIRST + minute) * 60 + second);
    for (from, to, first, count) in [
        (at(3, 0), at(7, 0), 3, 4),
        (at(3, 59), at(7, 1), 3, 5),
        (at(18, 0), at(90, 0), 18, 2),
        (at(7, 0), at(7, 0), 7, 0),
    ] {
        let span = Span { from, to };
        let told = timeline.of(&id("a"), span, Grain::Minute).expect("readable");
        assert_eq!(told.len(), count, "{span:?}");
        assert!(told.first().is_none_or(|stretch| stretch.start == at(first, 0)), "{span:?}");
        let all = timeline.of_all(span, Grain::Minute).expect("readable");
        assert_eq!(all.values().map(Vec::len).collect::<Vec<_>>(), [count, count], "{span:?}");
    }
}

#[test]
fn a_minute_with_every_latency_there_is_fits_its_rows() {
    let mut latency = Latency::default();
    for place in 1..super::packed::place_of(60_000_000) {
        latency.record(Duration::from_micros(super::packed::longest_of(place)));
    }
    let counts =
        super::counts::Counts { legacy: latency.clone(), ssot: latency, ..Default::default() };
    let bytes = serde_json::to_vec(&counts).expect("writable").len();
    assert!(3 * bytes < crate::store::VALUE_BYTES_MAX, "{bytes} bytes");
}
