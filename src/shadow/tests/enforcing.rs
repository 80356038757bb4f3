//! What is denied because SSOT can prove that it is bad, whoever serves.

use std::sync::atomic::AtomicUsize;

use super::*;
use crate::compare::{Inconclusive, MismatchClass};
use crate::domain::AuthPath;
use crate::flags::Invariants;

/// How a proof ends.
#[derive(Clone)]
enum Proving {
    With(Proof),
    Panicking,
    Hanging,
}

/// A side that always says the same, and counts what it is asked.
struct Says {
    answer: Result<Decision, PathError>,
    proving: Proving,
    decided: AtomicUsize,
    proved: AtomicUsize,
}

impl Says {
    fn new(answer: Result<Decision, PathError>, proving: Proving) -> Arc<Self> {
        let (decided, proved) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { answer, proving, decided, proved })
    }

    fn proved(&self) -> usize {
        self.proved.load(Ordering::SeqCst)
    }
}

impl AuthPath for Says {
    fn decide<'a>(&'a self, _question: &'a Question) -> BoxFuture<'a, Result<Decision, PathError>> {
        self.decided.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::ready(self.answer.clone()))
    }

    fn prove<'a>(&'a self, _question: &'a Question) -> BoxFuture<'a, Proof> {
        self.proved.fetch_add(1, Ordering::SeqCst);
        match self.proving.clone() {
            Proving::With(proof) => Box::pin(std::future::ready(proof)),
            Proving::Panicking => panic!("on purpose"),
            Proving::Hanging => Box::pin(std::future::pending()),
        }
    }
}

const FORGED: Proving = Proving::With(Proof::Refuted(Reason::Signature));

fn forged() -> Decision {
    Decision::deny(Reason::Signature)
}

/// A component between two sides, enforcing or not, at a stage.
async fn between(
    legacy: &Arc<Says>,
    ssot: &Arc<Says>,
    invariants: Invariants,
    stage: Stage,
) -> World {
    let both = Paths { legacy: Arc::clone(legacy) as _, ssot: Arc::clone(ssot) as _ };
    let lanes = (vec![(id(ASKED), both)], None);
    let world = World::with(Stage::Off, Scripted::default(), Scripted::default(), lanes).await;
    let patch = SettingsPatch { invariants: Some(invariants), ..SettingsPatch::default() };
    let steps = [Move::To(stage), Move::Settings(patch)];
    for step in steps {
        let cause = Cause::Operator { name: "ada".to_owned(), note: "test".to_owned() };
        // One of them is as it was.
        let _unchanged = world.flags.apply(&id(ASKED), step, None, cause).await;
    }
    let snapshot = world.flags.snapshot();
    let flag = snapshot.flag(ASKED).expect("a flag");
    assert_eq!((flag.stage, flag.invariants), (stage, invariants));
    world
}

async fn served(world: &World) -> super::super::Served {
    let served = world.shadow.decide(question(ASKED, "t")).await.expect("served");
    world.shadow.idle().await;
    served
}

fn count(world: &World, counter: Counter) -> u64 {
    world.ledger.book(&id(ASKED)).total().count(counter)
}

#[tokio::test(start_paused = true)]
async fn without_enforcement_nobody_proves_and_legacy_decides() {
    let (legacy, ssot) = (Says::new(Ok(allow("a")), FORGED), Says::new(Ok(forged()), FORGED));
    let world = between(&legacy, &ssot, Invariants::Report, Stage::Shadow).await;
    let served = served(&world).await;
    assert_eq!((served.decision, served.enforced), (Some(allow("a")), false));
    assert_eq!(ssot.proved(), 0);
    assert_eq!(count(&world, Counter::Mismatched(MismatchClass::Stricter)), 1);
    assert_eq!(count(&world, Counter::EnforceUndecided), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_refuted_is_denied_though_legacy_lets_it_in_and_shows_as_stricter() {
    for stage in [Stage::Off, Stage::Shadow] {
        let (legacy, ssot) = (Says::new(Ok(allow("a")), FORGED), Says::new(Ok(forged()), FORGED));
        let world = between(&legacy, &ssot, Invariants::Enforce, stage).await;
        let served = served(&world).await;
        assert_eq!(served.decision, Some(forged()));
        assert_eq!((served.enforced, served.by, served.rescued), (true, Side::Legacy, None));
        assert_eq!(ssot.proved(), 1);
        assert_eq!(legacy.proved(), 0, "legacy proves nothing");
        let compared = u64::from(stage == Stage::Shadow);
        let stricter = Counter::Mismatched(MismatchClass::Stricter);
        for (counter, expected) in [
            (Counter::Enforced, 1),
            (Counter::Denied, 1),
            (Counter::Served(Side::Legacy), 1),
            (stricter, compared),
            (Counter::EnforceUndecided, 0),
        ] {
            assert_eq!(count(&world, counter), expected, "{} at {stage}", counter.code());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_refuted_is_denied_even_when_legacy_fails_and_legacys_own_deny_is_its_own() {
    let (legacy, ssot) =
        (Says::new(Err(PathError::TimedOut), FORGED), Says::new(Ok(forged()), FORGED));
    let world = between(&legacy, &ssot, Invariants::Enforce, Stage::Shadow).await;
    let failed = served(&world).await;
    assert_eq!((failed.decision, failed.enforced), (Some(forged()), true));
    assert_eq!(failed.failure, Some(PathError::TimedOut));
    assert_eq!(count(&world, Counter::Inconclusive(Inconclusive::Failed(Side::Legacy))), 1);

    let own = Decision::deny(Reason::Expired);
    let legacy = Says::new(Ok(own.clone()), FORGED);
    let world = between(&legacy, &ssot, Invariants::Enforce, Stage::Shadow).await;
    let denied = served(&world).await;
    assert_eq!((denied.decision, denied.enforced), (Some(own), false));
    assert_eq!(count(&world, Counter::Enforced), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_sound_passes_and_what_is_undecided_follows_legacy_and_is_counted() {
    for (proving, undecided) in [
        (Proving::With(Proof::Sound), 0),
        (Proving::With(Proof::Undecided), 1),
        (Proving::Panicking, 1),
        (Proving::Hanging, 1),
    ] {
        let (legacy, ssot) =
            (Says::new(Ok(allow("a")), FORGED), Says::new(Ok(allow("a")), proving));
        let world = between(&legacy, &ssot, Invariants::Enforce, Stage::Shadow).await;
        let served = served(&world).await;
        assert_eq!((served.decision, served.enforced), (Some(allow("a")), false));
        assert_eq!(count(&world, Counter::EnforceUndecided), undecided);
        assert_eq!(count(&world, Counter::Matched), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn where_ssot_serves_it_decides_itself_unless_legacy_would_stand_in() {
    let (legacy, ssot) = (Says::new(Ok(allow("a")), FORGED), Says::new(Ok(allow("a")), FORGED));
    let world = between(&legacy, &ssot, Invariants::Enforce, ALL).await;
    let by_ssot = served(&world).await;
    assert_eq!((by_ssot.decision, by_ssot.by), (Some(allow("a")), Side::Ssot));
    assert_eq!(ssot.proved(), 0);

    let ssot = Says::new(Err(PathError::Panicked), FORGED);
    let world = between(&legacy, &ssot, Invariants::Enforce, ALL).await;
    let barred = served(&world).await;
    assert_eq!((barred.decision, barred.by), (Some(forged()), Side::Legacy));
    assert_eq!((barred.enforced, barred.rescued), (true, None));
    assert_eq!(count(&world, Counter::Rescued(Side::Ssot)), 0);

    let ssot = Says::new(Err(PathError::Panicked), Proving::With(Proof::Undecided));
    let world = between(&legacy, &ssot, Invariants::Enforce, ALL).await;
    let rescued = served(&world).await;
    assert_eq!((rescued.decision, rescued.rescued), (Some(allow("a")), Some(Side::Ssot)));
    assert_eq!(count(&world, Counter::EnforceUndecided), 1);
}

async fn enforcing(legacy: Scripted, ssot: Scripted) -> World {
    let world = World::at(Stage::Shadow, legacy, ssot).await;
    let enforce = Some(Invariants::Enforce);
    world.change(Move::Settings(SettingsPatch { invariants: enforce, ..Default::default() })).await;
    world
}

fn proving(proof: Proof) -> Scripted {
    Scripted { proof: Mutex::new(Some(proof)), ..Scripted::planning(allow("a")) }
}

#[tokio::test(start_paused = true)]
async fn a_refuted_refresh_token_is_denied_before_legacy_does_anything() {
    let ssot = proving(Proof::Refuted(Reason::Revoked));
    // Legacy panics should it perform.
    let world = enforcing(Scripted::planning(allow("a")), ssot).await;
    let served = world.operate(refresh("taken-back")).await;
    assert!(matches!(served.outcome, Some(Outcome::Denied(Reason::Revoked))));
    assert_eq!((served.enforced, served.by, served.rescued), (true, Side::Legacy, None));
    assert!(!world.legacy.seen().contains(&"perform".to_owned()));
    assert!(world.legacy.seen().iter().all(|seen| seen == "plan"), "what it would have done");
    assert_eq!(world.count(Counter::Enforced), 1);
    assert_eq!(world.count(Counter::Mismatched(MismatchClass::Stricter)), 1);
    assert_eq!(world.count(Counter::Served(Side::Legacy)), 1);
    assert_eq!(world.count(Counter::Owned), 0);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_of_which_nothing_is_known_is_legacys_and_counted_and_a_new_session_is_not()
{
    let legacy = Scripted::performing([done("a"), done("a")]);
    let world = enforcing(legacy, proving(Proof::Undecided)).await;
    assert!(is_done(&world.operate(refresh("unknown")).await, Side::Legacy));
    assert_eq!(world.count(Counter::EnforceUndecided), 1);
    assert!(is_done(&world.operate(issue("a")).await, Side::Legacy));
    assert_eq!(world.count(Counter::EnforceUndecided), 1, "no token was presented");
    let proofs = world.ssot.seen().iter().filter(|seen| *seen == "prove").count();
    assert_eq!(proofs, 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_of_a_used_refresh_token_is_not_taken_for_one_that_was_taken_back() {
    let legacy = Scripted::performing([done("a"), done("a")]);
    let world = enforcing(legacy, proving(Proof::Sound)).await;
    assert!(is_done(&world.operate(refresh("used")).await, Side::Legacy));
    assert_eq!(world.told("used_tokens_told"), 1);
    // SSOT was told, and so it refuses the token from now on.
    *world.ssot.proof.lock() = Some(Proof::Refuted(Reason::Revoked));
    assert!(is_done(&world.operate(refresh("used")).await, Side::Legacy));
    assert_eq!(world.count(Counter::Enforced), 0);
}
