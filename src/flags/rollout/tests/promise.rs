//! The promise: whatever the evidence says, whoever does what, and whenever the process dies, a
//! share never exceeds what plan and evidence allow, and a plan never raises past a human decision
//! without a person's resume.
//!
//! The model beside the plan knows what each piece of evidence was made to be, and nothing of how
//! it is judged.

use std::time::Duration;

use proptest::prelude::*;

use super::super::super::samples::{canary, id, trip};
use super::super::super::{Cause, FlagsError, Move, SettingsPatch, Stage};
use super::super::{Evidence, Finding, GuardWord, Needs, Rollout, Step, Traffic, Verdict};
use super::world::{World, by, demanding, good, step};
use crate::domain::Timestamp;

/// What a piece of evidence is made to be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shown {
    Missing,
    Stale,
    FromTheFuture,
    Bad,
    Good,
}

/// What is bad about traffic that is made to be bad.
#[derive(Clone, Copy, Debug)]
enum BadTraffic {
    TooFew,
    MismatchOverItsRate,
    MismatchNobodyNamed,
    Failures,
    Slow,
    SpeedUnknown,
}

impl BadTraffic {
    /// True where even a step that asks for no traffic does not overlook it.
    fn is_seen_unasked(self) -> bool {
        match self {
            Self::MismatchOverItsRate | Self::MismatchNobodyNamed | Self::Failures => true,
            Self::TooFew | Self::Slow | Self::SpeedUnknown => false,
        }
    }
}

/// The five pieces: traffic, guard, certificate, tests, golden path; and how traffic is bad.
type Pieces = ([Shown; 5], BadTraffic);

#[derive(Clone, Debug)]
enum Act {
    Look(Pieces),
    /// The process dies between the raise and the plan's row.
    LookAndDie(Pieces),
    Clock(i64),
    Restart,
    Pause,
    Resume,
    Skip,
    Abort,
    Approve(&'static str),
    Restarted,
    Moved(Stage),
    RollBack,
    Hold,
    Release,
    Settings(u32),
}

fn shown() -> impl Strategy<Value = Shown> {
    prop_oneof![
        1 => Just(Shown::Missing),
        1 => Just(Shown::Stale),
        1 => Just(Shown::FromTheFuture),
        1 => Just(Shown::Bad),
        30 => Just(Shown::Good),
    ]
}

fn pieces() -> impl Strategy<Value = Pieces> {
    let bad = proptest::sample::select(vec![
        BadTraffic::TooFew,
        BadTraffic::MismatchOverItsRate,
        BadTraffic::MismatchNobodyNamed,
        BadTraffic::Failures,
        BadTraffic::Slow,
        BadTraffic::SpeedUnknown,
    ]);
    // Traffic is bad more often than the rest: it has more ways to be.
    let traffic = prop_oneof![6 => shown(), 1 => Just(Shown::Bad)];
    ((traffic, shown(), shown(), shown(), shown()), bad)
        .prop_map(|((a, b, c, d, e), bad)| ([a, b, c, d, e], bad))
}

fn act() -> impl Strategy<Value = Act> {
    let stages = [Stage::Off, Stage::Shadow, canary(100), canary(300), canary(5_000), Stage::Live];
    prop_oneof![
        12 => pieces().prop_map(Act::Look),
        2 => pieces().prop_map(Act::LookAndDie),
        8 => prop_oneof![Just(61), Just(30), Just(700), Just(-50)].prop_map(Act::Clock),
        1 => Just(Act::Restart),
        1 => Just(Act::Pause),
        5 => Just(Act::Resume),
        1 => Just(Act::Skip),
        1 => prop_oneof![3 => Just(Act::Restarted), 1 => Just(Act::Abort)],
        4 => prop_oneof![Just("ada"), Just("bob")].prop_map(Act::Approve),
        1 => proptest::sample::select(stages.to_vec()).prop_map(Act::Moved),
        1 => prop_oneof![Just(Act::RollBack), Just(Act::Hold)],
        4 => Just(Act::Release),
        1 => (50u32..60_000).prop_map(Act::Settings),
    ]
}

/// Steps of which some ask for everything, some for a second person, some for nothing.
fn steps() -> Vec<Step> {
    let limits = demanding(Stage::Live).needs;
    let lenient = Needs {
        mismatches_per_10000_max: limits.mismatches_per_10000_max,
        failures_per_10000_max: limits.failures_per_10000_max,
        ..Needs::default()
    };
    vec![
        demanding(Stage::Shadow),
        demanding(canary(100)),
        Step { approval: true, ..demanding(canary(5_000)) },
        Step { hold: Duration::from_mins(1), needs: lenient, ..step(Stage::Live) },
    ]
}

/// What the plan is allowed to do.
#[expect(
    clippy::struct_excessive_bools,
    reason = "a model keeps what it was told, no state machine"
)]
struct Model {
    /// No human decision and no guard stands between.
    free: bool,
    over: bool,
    step: Option<usize>,
    since: Timestamp,
    skipped: bool,
    approved: bool,
    /// A person has paused it, and nothing has touched the component since.
    kept: bool,
}

impl Model {
    fn started(now: Timestamp, step: Option<usize>) -> Self {
        Self {
            free: true,
            over: false,
            step,
            since: now,
            skipped: false,
            approved: false,
            kept: false,
        }
    }

    /// True when the present step lets the plan go on.
    fn may_go_on(&self, (pieces, bad): Pieces, now: Timestamp) -> bool {
        let Some(at) = self.step else { return true };
        let step = &steps()[at];
        if step.approval && !self.approved {
            return false;
        }
        if self.skipped {
            return true;
        }
        let held = now.micros() - self.since.micros() >= 60 * 1_000_000;
        // The last step asks for nothing but that nothing bad is seen.
        let shown = match at {
            3 => pieces[0] != Shown::Bad || !bad.is_seen_unasked(),
            _ => pieces.iter().all(|piece| *piece == Shown::Good),
        };
        held && shown
    }

    fn raised(&mut self, now: Timestamp) {
        *self = Self::started(now, Some(self.step.map_or(0, |step| step + 1)));
    }
}

/// Evidence made to order.
fn made((pieces, bad): Pieces, since: Timestamp, now: Timestamp) -> Evidence {
    let mut evidence = good(since, now);
    let old = now.plus_seconds(-601);
    let ahead = now.plus_seconds(1);
    let dated = |shown| match shown {
        Shown::Stale => old,
        Shown::FromTheFuture => ahead,
        Shown::Missing | Shown::Bad | Shown::Good => now,
    };
    let [traffic, guard, certificate, tests, golden_path] = pieces;
    evidence.traffic = evidence.traffic.filter(|_| traffic != Shown::Missing).map(|mut of| {
        match traffic {
            Shown::Stale => of.since = since.plus_seconds(-1),
            Shown::FromTheFuture => of.until = ahead,
            Shown::Bad => spoil(&mut of, bad),
            Shown::Missing | Shown::Good => {}
        }
        of
    });
    evidence.guard = match guard {
        Shown::Missing => None,
        Shown::Bad => Some(GuardWord::Unhappy { at: now, why: "bad".to_owned() }),
        Shown::Stale | Shown::FromTheFuture | Shown::Good => {
            Some(GuardWord::Content { at: dated(guard) })
        }
    };
    let found = |shown| {
        let (at, good) = (dated(shown), shown != Shown::Bad);
        (shown != Shown::Missing).then(|| Finding { at, good, what: "run".to_owned() })
    };
    (evidence.certificate, evidence.tests) = (found(certificate), found(tests));
    evidence.golden_path =
        evidence.golden_path.filter(|_| golden_path != Shown::Missing).map(|mut of| {
            of.at = dated(golden_path);
            if golden_path == Shown::Bad {
                of.passed = 9;
            }
            of
        });
    evidence
}

/// Good traffic is 100 comparisons with as many differences and failures as are allowed.
fn spoil(traffic: &mut Traffic, bad: BadTraffic) {
    let mismatches = &mut traffic.mismatches;
    match bad {
        // What is seen is still within its rate: only the number is too small.
        BadTraffic::TooFew => {
            traffic.comparisons = 99;
            traffic.failures = 0;
            mismatches.clear();
        }
        BadTraffic::MismatchOverItsRate => {
            mismatches.insert("stricter".to_owned(), 2);
        }
        BadTraffic::MismatchNobodyNamed => {
            mismatches.insert("looser".to_owned(), 1);
        }
        BadTraffic::Failures => traffic.failures = 2,
        BadTraffic::Slow => traffic.latency_p99_ratio_percent = Some(151),
        BadTraffic::SpeedUnknown => traffic.latency_p99_ratio_percent = None,
    }
}

/// The house and the model beside it.
struct Story {
    world: World,
    model: Model,
}

impl Story {
    async fn begin() -> Self {
        let world = World::new().await;
        world.start(steps()).await.expect("started");
        let model = Model::started(world.now(), Some(0));
        Self { world, model }
    }

    async fn act(&mut self, act: Act) {
        let base = id("base");
        let plans = self.world.rollouts().clone();
        match act {
            Act::Look(pieces) => self.look(pieces).await,
            Act::LookAndDie(pieces) => {
                drop(plans);
                self.look_and_die(pieces).await;
            }
            Act::Clock(seconds) => self.world.clock.step(seconds),
            Act::Restart => {
                drop(plans);
                self.world.reopen().await;
            }
            Act::Pause => {
                let done = plans.pause(&base, None, by("cyd")).await;
                if done.is_ok() {
                    assert!(self.model.free && !self.model.over, "{done:?}");
                    (self.model.free, self.model.kept) = (false, true);
                }
            }
            Act::Resume => {
                if let Ok(plan) = plans.resume(&base, None, by("cyd")).await {
                    self.resumed(&plan);
                }
            }
            Act::Skip => {
                let done = plans.skip(&base, None, by("cyd")).await;
                assert!(self.model.free || done.is_err(), "{done:?}");
                self.model.skipped |= done.is_ok();
            }
            Act::Abort => {
                let done = plans.abort(&base, None, by("cyd")).await;
                assert_eq!(done.is_err(), self.model.over, "{done:?}");
                (self.model.free, self.model.over) = (false, true);
            }
            Act::Approve(name) => {
                let done = plans.approve(&base, None, by(name)).await;
                let may = self.model.free && name == "bob" && self.model.step == Some(2);
                assert_eq!(done.is_ok(), may && !self.model.approved, "{done:?}");
                self.model.approved |= done.is_ok();
            }
            Act::Restarted => {
                if let Ok(plan) = self.world.start(steps()).await {
                    self.model = Model::started(self.world.now(), plan.position.step);
                }
            }
            Act::Moved(stage) => self.decided(Move::To(stage), by("eve")).await,
            Act::RollBack => self.decided(Move::RollBack, trip()).await,
            Act::Hold => self.decided(Move::Hold, by("eve")).await,
            Act::Release => self.touched(Move::Release).await,
            Act::Settings(value) => {
                let patch = SettingsPatch { deadline_ms: Some(value), ..SettingsPatch::default() };
                self.touched(Move::Settings(patch)).await;
            }
        }
        assert_eq!(self.world.plan().state.is_over(), self.model.over);
    }

    /// A person or the guard decides something about the component.
    async fn decided(&mut self, change: Move, cause: Cause) {
        if self.world.flags().apply(&id("base"), change, None, cause).await.is_ok() {
            (self.model.free, self.model.kept) = (false, false);
        }
    }

    /// A change that decides nothing about how far the component is.
    async fn touched(&mut self, change: Move) {
        if self.world.goes(change).await.is_ok() {
            self.model.kept = false;
        }
    }

    fn resumed(&mut self, plan: &Rollout) {
        let flag = self.world.flag();
        assert!(flag.latch.is_none() && flag.hold.is_none(), "{plan:?}");
        assert!(!self.model.free && !self.model.over, "{plan:?}");
        if self.model.kept {
            (self.model.free, self.model.kept) = (true, false);
        } else {
            let at = steps().iter().position(|step| step.to == flag.stage);
            self.model = Model::started(self.world.now(), at);
        }
    }

    async fn look(&mut self, pieces: Pieces) {
        let (before, now, guard) = (self.world.stage(), self.world.now(), pieces.0[1]);
        let evidence = made(pieces, self.model.since, now);
        let verdict = self.world.look(evidence).await;
        let after = self.world.stage();
        self.judge(pieces, before, after);
        if self.model.free && matches!(verdict, Verdict::Stop(_)) {
            assert_eq!(guard, Shown::Bad, "only the guard stops a free plan: {verdict:?}");
        }
        self.model.free &= guard != Shown::Bad;
    }

    /// What a look may have changed, and must have.
    fn judge(&mut self, pieces: Pieces, before: Stage, after: Stage) {
        let now = self.world.now();
        let may = self.model.free && pieces.0[1] != Shown::Bad && self.model.may_go_on(pieces, now);
        let next = self.model.step.map_or(0, |step| step + 1);
        match steps().get(next) {
            Some(step) if may => {
                assert_eq!(after, step.to, "as far as plan and evidence allow, and no further");
                self.model.raised(now);
            }
            None if may => {
                assert_eq!(after, before);
                (self.model.free, self.model.over) = (false, true);
            }
            Some(_) | None => assert_eq!(after, before, "{pieces:?}"),
        }
    }

    /// A look of which only the raise reaches the disk.
    async fn look_and_die(&mut self, pieces: Pieces) {
        let (before, now) = (self.world.stage(), self.world.now());
        let may = self.model.free && pieces.0[1] != Shown::Bad && self.model.may_go_on(pieces, now);
        let next = self.model.step.map_or(0, |step| step + 1);
        if let Some(step) = steps().get(next).filter(|_| may) {
            let cause = Cause::Schedule { plan: self.world.plan().mark(next) };
            let (raise, seen) = (Move::To(step.to), self.world.flag().revision);
            let raised = self.world.flags().apply(&id("base"), raise, Some(seen), cause).await;
            assert!(raised.is_ok() || matches!(raised, Err(FlagsError::NotAllowed(_))));
            self.judge(pieces, before, self.world.stage());
        }
        self.world.reopen().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_share_never_exceeds_what_plan_and_evidence_allow(
        acts in proptest::collection::vec(act(), 1..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut story = Story::begin().await;
            for act in acts {
                story.act(act).await;
            }
        });
    }
}
