//! Who performs.

use super::*;
use crate::shadow::ShadowError;

#[tokio::test(start_paused = true)]
async fn the_serving_side_performs_once_and_the_other_one_only_plans() {
    for (stage, serving) in [
        (Stage::Shadow, Side::Legacy),
        (ALL, Side::Ssot),
        (Stage::Live, Side::Ssot),
        (Stage::Sealed, Side::Ssot),
    ] {
        let (performs, plans) = (Scripted::performing([done("a")]), Scripted::planning(allow("a")));
        let (legacy, ssot) = match serving {
            Side::Legacy => (performs, plans),
            Side::Ssot => (plans, performs),
        };
        let world = World::at(stage, legacy, ssot).await;
        world.compare_everything().await;
        let served = world.operate(issue("a")).await;
        assert!(is_done(&served, serving), "{stage}: {served:?}");
        let (first, second) = match serving {
            Side::Legacy => (&world.legacy, &world.ssot),
            Side::Ssot => (&world.ssot, &world.legacy),
        };
        assert_eq!((first.seen(), second.seen()), (vec!["perform".into()], vec!["plan".into()]));
        assert_eq!(world.count(Counter::Matched), 1, "{stage}");
        assert_eq!(world.count(Counter::Served(serving)), 1, "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn off_asks_nobody_else() {
    let world = World::at(Stage::Off, Scripted::performing([done("a")]), Scripted::default()).await;
    assert!(is_done(&world.operate(issue("a")).await, Side::Legacy));
    assert!(world.ssot.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_a_side_that_cannot_be_reached_is_stood_in_for() {
    let failures = [
        (PathError::Unreachable("refused".into()), true),
        (PathError::TimedOut, false),
        (PathError::Unreadable("status 503".into()), false),
        (PathError::Panicked, false),
    ];
    for stage in [ALL, Stage::Live] {
        for (failure, stands_in) in &failures {
            let (legacy, ssot) = (
                Scripted::performing(stands_in.then(|| done("a"))),
                Scripted::performing([Err(failure.clone())]),
            );
            let world = World::at(stage, legacy, ssot).await;
            let served = world.operate(issue("a")).await;
            assert_eq!(served.outcome.is_some(), *stands_in, "{stage} {failure}");
            assert_eq!(served.failure.as_ref(), Some(failure));
            assert_eq!(served.rescued, stands_in.then_some(Side::Ssot));
            assert_eq!(world.count(Counter::Rescued(Side::Ssot)), u64::from(*stands_in));
            assert_eq!(world.count(Counter::Undecided), u64::from(!*stands_in));
            let performed = world.legacy.seen().iter().any(|seen| seen == "perform");
            assert_eq!(performed, *stands_in, "{stage} {failure}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn in_shadow_and_when_sealed_nobody_stands_in() {
    let one = || Scripted::performing([unreachable()]);
    let world = World::at(Stage::Shadow, one(), Scripted::default()).await;
    assert!(world.operate(issue("a")).await.outcome.is_none());
    let world = World::at(Stage::Sealed, Scripted::default(), one()).await;
    assert!(world.operate(issue("a")).await.outcome.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_final() {
    let world = World::at(
        Stage::Live,
        Scripted::default(),
        Scripted::performing([denied(Reason::Revoked)]),
    );
    let served = world.await.operate(refresh("used")).await;
    assert!(matches!(served.outcome, Some(Outcome::Denied(Reason::Revoked))));
}

#[tokio::test(start_paused = true)]
async fn rescues_have_a_budget() {
    let world =
        World::at(Stage::Live, Scripted::default(), Scripted::performing([unreachable()])).await;
    let patch = SettingsPatch { rescues_per_second_max: Some(0), ..SettingsPatch::default() };
    world.change(Move::Settings(patch)).await;
    assert!(world.operate(issue("a")).await.outcome.is_none());
    assert_eq!(world.count(Counter::RescueRefused), 1);
}

#[tokio::test(start_paused = true)]
async fn a_session_is_gone_on_with_by_the_side_that_keeps_it_whoever_serves() {
    let ssot = Scripted { owns: true, ..Scripted::performing([done("a"), unreachable()]) };
    let world = World::at(Stage::Shadow, Scripted::default(), ssot).await;
    assert!(is_done(&world.operate(refresh("r1")).await, Side::Ssot));
    assert_eq!(world.count(Counter::Owned), 1);
    assert_eq!(world.count(Counter::Served(Side::Ssot)), 1);
    let failed = world.operate(refresh("r2")).await;
    assert!(failed.outcome.is_none(), "legacy does not know the session");
    assert!(!world.legacy.seen().contains(&"perform".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_panic_and_a_silent_side_are_failures() {
    let world = World::at(Stage::Sealed, Scripted::default(), Scripted::default()).await;
    assert_eq!(world.operate(issue("a")).await.failure, Some(PathError::Panicked));
    let slow = Scripted { takes: Duration::from_mins(1), ..Scripted::performing([done("a")]) };
    let world = World::at(Stage::Sealed, Scripted::default(), slow).await;
    assert_eq!(world.operate(issue("a")).await.failure, Some(PathError::TimedOut));
}

#[tokio::test(start_paused = true)]
async fn what_has_begun_ends_when_the_caller_leaves() {
    let slow = Scripted { takes: Duration::from_millis(500), ..Scripted::performing([done("a")]) };
    let world = World::at(Stage::Shadow, slow, Scripted::planning(allow("a"))).await;
    let question = question(MAKES_TOKENS, "r1");
    let leaving = world.shadow.operate(question, refresh("r1"));
    assert!(tokio::time::timeout(Duration::from_millis(10), leaving).await.is_err());
    world.shadow.idle().await;
    assert_eq!(world.ssot.seen(), ["plan", "revoke r1"]);
}

#[tokio::test(start_paused = true)]
async fn the_form_of_tokens_is_the_flags_and_not_the_callers() {
    let ssot = Scripted::performing([done("a"), done("a"), done("a")]);
    let world = World::at(Stage::Sealed, Scripted::default(), ssot).await;
    world.operate(issue("a")).await;
    let own = SettingsPatch { token_form: Some(TokenForm::Own), ..SettingsPatch::default() };
    world.change(Move::Settings(own)).await;
    world.operate(issue("a")).await;
    world.change(Move::To(Stage::Live)).await;
    world.operate(issue("a")).await;
    let forms = [TokenForm::Compatible, TokenForm::Own, TokenForm::Compatible];
    assert_eq!(*world.ssot.forms.lock(), forms);
}

#[tokio::test]
async fn a_component_that_makes_no_tokens_says_so() {
    let world = World::at(Stage::Off, Scripted::default(), Scripted::default()).await;
    let outcome = world.shadow.operate(question(ASKED, ""), issue("a")).await;
    assert_eq!(outcome.err(), Some(ShadowError::MakesNoTokens(id(ASKED))));
    let outcome = world.shadow.operate(question("nobody", ""), issue("a")).await;
    assert!(matches!(outcome, Err(ShadowError::UnknownComponent(_))));
}
