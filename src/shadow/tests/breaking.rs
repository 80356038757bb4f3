//! When SSOT is not asked for a while, and who answers then.

use super::answers::{Answers, Between, asks};
use super::*;
use crate::flags::Limits;
use crate::ledger::{Compared, Failure, Worth};
use crate::shadow::BreakerState;

fn yes() -> Answers {
    Answers::new(Ok(allow("a")))
}

fn broken() -> Answers {
    Answers::new(Err(PathError::TimedOut))
}

fn state(world: &World, component: &str) -> BreakerState {
    let all = world.shadow.breakers();
    all.iter().find(|breaker| breaker.component == id(component)).expect("a breaker").state
}

/// Five people meet a failure of SSOT.
async fn opened(stage: Stage) -> Between {
    let between = Between::at(stage, yes(), broken()).await;
    for person in 0..5 {
        assert_eq!(state(&between.world, ASKED), BreakerState::Closed);
        assert_eq!(between.ask(asks(person, 0)).await.rescued, Some(Side::Ssot));
    }
    assert_eq!(state(&between.world, ASKED), BreakerState::Open);
    between.shown();
    between
}

#[tokio::test(start_paused = true)]
async fn while_it_is_open_legacy_answers_at_once_and_ssot_is_not_blamed_for_what_it_was_not_asked()
{
    for stage in [ALL, Stage::Live] {
        let between = opened(stage).await;
        let served = between.ask(asks(9, 0)).await;
        assert_eq!((served.by, served.rescued), (Side::Legacy, Some(Side::Ssot)));
        assert!(served.failure.is_some_and(|failure| failure.to_string().contains("breaker")));
        assert_eq!(between.ssot.asked(), 5, "{stage}");
        let unreachable = Counter::Failed(Side::Ssot, Failure::Unreachable);
        assert_eq!(
            (between.count(unreachable), between.count(Counter::Rescued(Side::Ssot))),
            (1, 6)
        );
        let trial = between.one();
        assert_eq!((trial.arm, trial.served, trial.rescued), (Side::Ssot, Worth::Nothing, true));
        assert_eq!((trial.compared, trial.ssot_took), (Compared::Not, None));
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_pause_one_question_finds_out_and_an_answer_closes_it() {
    let between = opened(ALL).await;
    between.ask(asks(9, 1)).await;
    assert_eq!(between.ssot.asked(), 6, "it has failed once more");
    between.ssot.say(Ok(allow("a")));
    let early = between.ask(asks(9, 2)).await;
    assert_eq!((early.by, between.ssot.asked()), (Side::Legacy, 6), "the pause has doubled");
    let served = between.ask(asks(9, 3)).await;
    assert_eq!((served.by, served.rescued), (Side::Ssot, None));
    assert_eq!(state(&between.world, ASKED), BreakerState::Closed);
    assert_eq!(between.ask(asks(10, 3)).await.by, Side::Ssot);
    let opened = between.world.shadow.breakers();
    let opened: u64 = opened.iter().map(|breaker| breaker.opened).sum();
    assert_eq!(opened, 1);
}

#[tokio::test(start_paused = true)]
async fn it_respects_the_budget_of_rescues() {
    let between = opened(Stage::Live).await;
    between.set(SettingsPatch { rescues_per_second_max: Some(0), ..Default::default() }).await;
    let served = between.ask(asks(9, 0)).await;
    assert_eq!((served.decision, served.by), (None, Side::Ssot));
    assert_eq!(between.count(Counter::RescueRefused), 1);
    assert_eq!(between.ssot.asked(), 5);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_stands_by_it_never_opens_and_what_is_open_is_not_looked_at() {
    let between = Between::at(Stage::Sealed, yes(), broken()).await;
    for person in 0..20 {
        assert!(between.ask(asks(person, 0)).await.decision.is_none());
    }
    assert_eq!((state(&between.world, ASKED), between.ssot.asked()), (BreakerState::Closed, 20));

    let between = opened(Stage::Live).await;
    between.set(SettingsPatch { sample: Some(Some(Share::NONE)), ..Default::default() }).await;
    let cause = Cause::Operator { name: "ada".to_owned(), note: "test".to_owned() };
    let sealed = between.world.flags.apply(&id(ASKED), Move::To(Stage::Sealed), None, cause).await;
    assert!(sealed.is_ok());
    between.ssot.say(Ok(allow("a")));
    assert_eq!(between.ask(asks(9, 0)).await.by, Side::Ssot);
}

#[tokio::test(start_paused = true)]
async fn one_person_does_not_open_it_and_without_the_limit_nobody_does() {
    let between = Between::at(ALL, yes(), broken()).await;
    for second in 0..50 {
        between.ask(asks(1, second)).await;
    }
    assert_eq!(state(&between.world, ASKED), BreakerState::Closed);
    let limits = Limits { breaker_failures: None, ..Limits::default() };
    between.set(SettingsPatch { limits: Some(limits), ..Default::default() }).await;
    for person in 0..50 {
        between.ask(asks(person, 50)).await;
    }
    assert_eq!(between.ssot.asked(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_deny_is_an_answer() {
    let between = Between::at(ALL, yes(), broken()).await;
    for person in 0..20 {
        between.ssot.say(Err(PathError::TimedOut));
        between.ask(asks(person, 0)).await;
        if person % 4 == 3 {
            between.ssot.say(Ok(Decision::deny(Reason::Expired)));
            between.ask(asks(person, 0)).await;
        }
    }
    assert_eq!(state(&between.world, ASKED), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn operations_go_to_legacy_while_it_is_open_for_ssot_was_not_asked() {
    let timed_out = || Err(PathError::TimedOut);
    let ssot = Scripted::performing((0..5).map(|_| timed_out()));
    let world = World::at(Stage::Live, Scripted::performing([done("a")]), ssot).await;
    for person in ["a", "b", "c", "d", "e"] {
        assert!(world.operate(issue(person)).await.outcome.is_none(), "it may have been done");
    }
    assert_eq!(state(&world, MAKES_TOKENS), BreakerState::Open);
    let served = world.operate(issue("f")).await;
    assert!(is_done(&served, Side::Legacy), "{served:?}");
    assert_eq!(served.rescued, Some(Side::Ssot));
    let performed = world.ssot.seen().iter().filter(|seen| *seen == "perform").count();
    assert_eq!(performed, 5);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ssot_keeps_is_asked_of_it_whatever_the_breaker_says() {
    let outcomes = (0..5).map(|_| Err(PathError::TimedOut)).chain([done("a")]);
    let mut ssot = Scripted::performing(outcomes);
    ssot.owns = true;
    let world = World::at(Stage::Live, Scripted::default(), ssot).await;
    for token in 0..5 {
        world.operate(refresh(&format!("opaque{token}"))).await;
    }
    let seen = world.ssot.seen().iter().filter(|seen| *seen == "perform").count();
    assert_eq!((seen, state(&world, MAKES_TOKENS)), (5, BreakerState::Closed));
    assert!(is_done(&world.operate(refresh("opaque6")).await, Side::Ssot));
}
