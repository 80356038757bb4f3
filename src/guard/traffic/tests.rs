//! Traffic as it is counted for a step.

use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::compare::{Mismatch, Observation, Verdict};
use crate::domain::{
    Clock, Credentials, Decision, FingerprintKey, PathError, Question, Reason, RequestId, Token,
    TokioClock,
};
use crate::flags::{Cause, Flags, RolloutStep, Rollouts, Seed, Settings, Stage, StartWish};
use crate::ledger::{Enforcement, Entry, Finding, Outcome};

/// Ten seconds into a minute.
const BEGUN: Timestamp = Timestamp::from_seconds(1_800_000_010);

struct House {
    dir: TempDir,
    ledger: Arc<Ledger>,
    plan: Arc<Rollout>,
    traffic: TrafficSince,
    store: Store,
}

fn id() -> ComponentId {
    ComponentId::parse("http-auth").expect("an id")
}

impl House {
    async fn new() -> Self {
        let dir = TempDir::new().expect("a folder");
        let store = Store::open(dir.path()).expect("a store");
        let clock: Arc<dyn Clock> = Arc::new(TokioClock::starting_at(BEGUN));
        let seed = "[component.http-auth]\nkind = \"auth\"\nphase = 1\nstage = \"shadow\"\n";
        let seeds = Seed::parse_all(seed, "test.toml").expect("seeds");
        let flags = Flags::open(&store, seeds, Settings::default(), Arc::clone(&clock)).await;
        let plans = Rollouts::open(&store, flags.expect("flags"), clock).expect("plans");
        let step = RolloutStep {
            to: Stage::Shadow,
            hold: Duration::ZERO,
            needs: crate::flags::Needs::default(),
            approval: false,
        };
        let cause = Cause::Operator { name: "ada".to_owned(), note: String::new() };
        let plan = plans.start(&id(), StartWish::Steps(vec![step]), None, cause).await;
        let ledger = Arc::new(Ledger::new(FingerprintKey::new([1; 32])));
        let traffic = TrafficSince::open(Arc::clone(&ledger), &store).expect("traffic");
        Self { dir, ledger, plan: plan.expect("a plan"), traffic, store }
    }

    /// The house as a new process finds it; the ledger remembers what it had kept.
    fn restarted(self) -> Self {
        let Self { dir, ledger, plan, store, .. } = self;
        let traffic = TrafficSince::open(Arc::clone(&ledger), &store).expect("traffic");
        Self { dir, ledger, plan, traffic, store }
    }

    fn asked(&self, seconds: i64, verdict: &Verdict, ssot: Result<Decision, PathError>) {
        let observed = |answer, micros| Observation { answer, took: Duration::from_micros(micros) };
        let legacy = observed(Ok(Decision::deny(Reason::Expired)), 2_000);
        let ssot = observed(ssot, 3_000);
        let question = Question::new(
            RequestId::new(1, 1),
            id(),
            BEGUN.plus_seconds(seconds),
            Credentials::Token(Token::new("x")),
        );
        let entry = Entry {
            served_by: Side::Legacy,
            outcome: Outcome::Denied,
            rescued: None,
            rescue_refused: false,
            owned: false,
            enforcement: Enforcement::Nothing,
            legacy: Some(&legacy),
            ssot: Some(&ssot),
            finding: Finding::Compared { verdict, accepted: false, asked_again: false },
        };
        self.ledger.book(&id()).record(&question, &entry);
    }

    fn matched(&self, seconds: i64) {
        self.asked(seconds, &Verdict::Match, Ok(Decision::deny(Reason::Expired)));
    }

    fn looser(&self, seconds: i64) {
        let verdict = Verdict::Mismatch(Mismatch {
            class: MismatchClass::Looser,
            legacy_reason: Some(Reason::Expired),
            ssot_reason: None,
        });
        self.asked(seconds, &verdict, Err(PathError::TimedOut));
    }

    fn at(&self, seconds: i64) -> Option<Traffic> {
        self.traffic.of(&self.plan, BEGUN.plus_seconds(seconds))
    }
}

#[tokio::test]
async fn only_whole_minutes_after_the_step_began_count() {
    let house = House::new().await;
    for seconds in [-100, 0, 49] {
        house.matched(seconds);
        assert_eq!(house.at(seconds), None);
    }
    house.matched(50);
    let traffic = house.at(55).expect("traffic");
    assert_eq!(traffic.since, BEGUN.plus_seconds(50));
    assert_eq!(traffic.comparisons, 1);
    assert_eq!(traffic.latency_p99_ratio_percent, None, "one answer is no hundredth");
}

#[tokio::test]
async fn what_arrives_late_from_before_the_step_does_not_count() {
    let house = House::new().await;
    house.matched(55);
    assert_eq!(house.at(60).expect("traffic").comparisons, 1);
    house.looser(40);
    house.matched(70);
    let traffic = house.at(200).expect("traffic");
    assert_eq!((traffic.comparisons, traffic.failures), (2, 0));
    assert_eq!(traffic.mismatches, BTreeMap::new());
}

#[tokio::test]
async fn a_difference_of_long_ago_is_not_forgotten_by_a_restart() {
    let house = House::new().await;
    house.matched(20);
    house.looser(60);
    house.at(60);
    for minute in 2..200 {
        house.matched(minute * 60);
        house.at(minute * 60);
        house.traffic.keep(&id()).await.expect("kept");
    }
    let house = house.restarted();
    let traffic = house.at(200 * 60).expect("traffic");
    assert_eq!(traffic.mismatches, BTreeMap::from([("looser".to_owned(), 1)]));
    assert_eq!((traffic.comparisons, traffic.failures), (199, 1));
    let ratio = traffic.latency_p99_ratio_percent.expect("enough answers");
    assert!(ratio.abs_diff(150) <= 3, "{ratio}");
    assert_eq!(house.traffic.seen(&house.plan, BEGUN.plus_seconds(200 * 60)), Some(traffic));
}

#[tokio::test]
async fn what_can_no_longer_be_told_apart_begins_anew() {
    let house = House::new().await;
    for minute in 0..100 {
        house.matched(minute * 60);
    }
    // Nobody has looked in all that time.
    assert_eq!(house.at(100 * 60), None);
    house.matched(100 * 60 + 55);
    let traffic = house.at(100 * 60 + 55).expect("traffic");
    assert_eq!((traffic.comparisons, traffic.since), (1, BEGUN.plus_seconds(100 * 60 + 50)));
}

#[tokio::test]
async fn another_step_begins_at_nothing() {
    let mut house = House::new().await;
    house.matched(60);
    house.at(60);
    let mut next = Rollout::clone(&house.plan);
    next.position.since = BEGUN.plus_seconds(100);
    house.plan = Arc::new(next);
    assert_eq!(house.traffic.seen(&house.plan, BEGUN.plus_seconds(120)), None);
    house.matched(115);
    assert_eq!(house.at(120).expect("traffic").comparisons, 1);
}
