//! What whoever watches a component sees of its answers.

use super::answers::{Answers, Between, asks, trials};
use super::*;
use crate::domain::ClientNetwork;
use crate::flags::Invariants;
use crate::ledger::{Compared, Gravity, Seen, WAITING_MAX, WalkSeen, Worth};

const HALF: Share = match Share::from_basis_points(5_000) {
    Some(share) => share,
    None => Share::NONE,
};

fn yes() -> Answers {
    Answers::new(Ok(allow("a")))
}

fn no(reason: Reason) -> Answers {
    Answers::new(Ok(Decision::deny(reason)))
}

fn broken() -> Answers {
    Answers::new(Err(PathError::TimedOut))
}

#[tokio::test(start_paused = true)]
async fn at_each_stage_it_is_seen_whose_turn_it_was_and_whether_it_was_to_be_compared() {
    for (stage, arm, drawn) in [
        (Stage::Off, Side::Legacy, false),
        (Stage::Shadow, Side::Legacy, true),
        (Stage::Canary(Share::ALL), Side::Ssot, true),
        (Stage::Live, Side::Ssot, true),
        (Stage::Sealed, Side::Ssot, true),
    ] {
        let between = Between::at(stage, yes(), yes()).await;
        let served = between.ask(asks(1, 7)).await;
        let trial = between.one();
        assert_eq!((trial.arm, trial.drawn, trial.share), (arm, drawn, None), "{stage}");
        assert_eq!((trial.served, trial.rescued), (Worth::Good, false), "{stage}");
        let compared = if drawn { Compared::Harmless } else { Compared::Not };
        assert_eq!(trial.compared, compared, "{stage}");
        assert_eq!(trial.asked_at, NOW.plus_seconds(7));
        assert_eq!((trial.revision, trial.subject.is_some()), (served.revision, true), "{stage}");
        assert_eq!(trial.subject.map(crate::domain::SubjectKey::slot), served.slot);
        assert!(trial.recorded_at.is_none() && !between.world.ledger.bell().is_rung(), "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn between_two_arms_chance_has_decided_and_the_share_is_told_with_either() {
    let between = Between::at(Stage::Canary(HALF), yes(), yes()).await;
    for person in 0..64 {
        between.ask(asks(person, 0)).await;
    }
    let shown = between.shown();
    assert!(shown.iter().all(|trial| trial.share == Some(HALF)));
    for arm in [Side::Legacy, Side::Ssot] {
        assert!(shown.iter().any(|trial| trial.arm == arm), "{arm}");
    }
    let nobody = Credentials::Token(Token::new(""));
    between.ask(Question::new(RequestId::new(1, 1), id(ASKED), NOW, nobody)).await;
    let trial = between.one();
    assert_eq!((trial.arm, trial.share, trial.subject), (Side::Legacy, None, None));
}

#[tokio::test(start_paused = true)]
async fn a_rescue_is_a_failure_of_the_side_that_failed_and_rings_the_bell() {
    for stage in [ALL, Stage::Live] {
        let between = Between::at(stage, yes(), broken()).await;
        let served = between.ask(asks(1, 0)).await;
        assert_eq!(served.rescued, Some(Side::Ssot));
        let trial = between.one();
        assert_eq!((trial.arm, trial.served, trial.rescued), (Side::Ssot, Worth::Failed, true));
        assert_eq!(trial.compared, Compared::SsotFailed);
        assert_eq!((trial.legacy_took.is_some(), trial.ssot_took), (true, None));
        assert!(trial.recorded_at.is_some() && between.world.ledger.bell().is_rung(), "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_net_a_failure_counts_by_itself_where_legacy_is_not_asked() {
    let between = Between::at(Stage::Sealed, yes(), broken()).await;
    between.set(SettingsPatch { sample: Some(Some(Share::NONE)), ..Default::default() }).await;
    assert!(between.ask(asks(1, 0)).await.decision.is_none());
    let trial = between.one();
    assert_eq!((trial.served, trial.rescued, trial.drawn), (Worth::Failed, false, false));
    assert!(between.world.ledger.bell().is_rung());
}

#[tokio::test(start_paused = true)]
async fn where_comparisons_are_shed_neither_a_success_nor_a_failure_is_in_the_sample() {
    for ssot in [yes(), broken()] {
        let between = Between::at(Stage::Canary(Share::ALL), yes(), ssot).await;
        let permits = Arc::clone(&between.world.shadow.permits);
        let all = u32::try_from(permits.available_permits()).expect("a few");
        let none_left = permits.try_acquire_many(all).expect("nobody else");
        let served = between.world.shadow.decide(asks(1, 0)).await.expect("served");
        assert!(served.decision.is_some() && !between.one().drawn);
        drop(none_left);
    }
}

#[tokio::test(start_paused = true)]
async fn a_rescue_over_its_budget_is_seen_as_a_failure_once_legacy_says_that_it_was_somebody() {
    let between = Between::at(Stage::Live, yes(), broken()).await;
    between.set(SettingsPatch { rescues_per_second_max: Some(0), ..Default::default() }).await;
    assert!(between.ask(asks(1, 0)).await.decision.is_none());
    let trial = between.one();
    assert_eq!((trial.served, trial.rescued), (Worth::Failed, false));
    assert_eq!(trial.compared, Compared::SsotFailed);
}

#[tokio::test(start_paused = true)]
async fn a_deny_of_somebody_whom_the_other_side_lets_in_is_wrong_on_either_arm() {
    let between = Between::at(ALL, yes(), no(Reason::Signature)).await;
    between.ask(asks(1, 0)).await;
    let trial = between.one();
    let found = (trial.arm, trial.served, trial.compared);
    assert_eq!(found, (Side::Ssot, Worth::WronglyDenied, Compared::Harmful));
    assert!(between.world.ledger.bell().is_rung());

    let between = Between::at(Stage::Shadow, no(Reason::Signature), yes()).await;
    between.ask(asks(1, 0)).await;
    let trial = between.one();
    assert_eq!((trial.arm, trial.served), (Side::Legacy, Worth::WronglyDenied));
    assert_eq!(trial.compared, Compared::Alarming(Gravity::AtOnce));
    assert!(trial.recorded_at.is_some() && between.world.ledger.bell().is_rung());
}

#[tokio::test(start_paused = true)]
async fn in_shadow_ssots_deny_of_a_good_answer_harms_nobody_yet_and_still_rings() {
    let between = Between::at(Stage::Shadow, yes(), no(Reason::Audience)).await;
    between.ask(asks(1, 0)).await;
    let trial = between.one();
    assert_eq!((trial.served, trial.compared), (Worth::Good, Compared::Harmful));
    assert!(trial.recorded_at.is_some() && between.world.ledger.bell().is_rung());
}

#[tokio::test(start_paused = true)]
async fn a_forger_whom_a_careless_legacy_lets_in_accuses_nobody() {
    for ssot in [no(Reason::Signature), broken()] {
        let legacy = Answers { verifies: false, ..yes() };
        let between = Between::at(ALL, legacy, ssot).await;
        between.ask(asks(1, 0)).await;
        let trial = between.one();
        assert_eq!((trial.served, trial.compared), (Worth::Nothing, Compared::Not));
        assert!(!between.world.ledger.bell().is_rung());
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_invariant_denies_is_worth_nothing() {
    let ssot = Answers { proof: Proof::Refuted(Reason::Signature), ..broken() };
    let between = Between::at(ALL, yes(), ssot).await;
    let enforce = Some(Invariants::Enforce);
    between.set(SettingsPatch { invariants: enforce, ..Default::default() }).await;
    assert!(between.ask(asks(1, 0)).await.enforced);
    assert_eq!(between.one().served, Worth::Nothing);
}

#[tokio::test(start_paused = true)]
async fn the_network_that_was_told_of_goes_along() {
    let between = Between::at(Stage::Shadow, yes(), yes()).await;
    let network = ClientNetwork::of([192, 0, 2, 7].into());
    between.ask(asks(1, 0).from_network(Some(network))).await;
    assert_eq!(between.one().client, Some(network));
    between.ask(asks(1, 0)).await;
    assert_eq!(between.one().client, None);
}

#[tokio::test(start_paused = true)]
async fn a_full_list_keeps_nobody_waiting_and_is_counted() {
    let between = Between::at(ALL, yes(), broken()).await;
    let walk = WalkSeen { at: NOW, side: Side::Ssot, passed: true };
    // What may make a rule act has as much room again.
    (0..2 * WAITING_MAX).for_each(|_| between.book.show(Seen::Walk(walk), true));
    assert_eq!(between.ask(asks(1, 0)).await.rescued, Some(Side::Ssot));
    assert_eq!(between.book.unseen(), 1);
    assert_eq!(between.count(Counter::Rescued(Side::Ssot)), 1, "the ledger has it all the same");
    assert!(between.world.ledger.bell().is_rung());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_shown_where_nobody_watches() {
    let between = Between::at(ALL, yes(), broken()).await;
    between.book.watch(false);
    between.ask(asks(1, 0)).await;
    assert!(between.shown().is_empty() && !between.world.ledger.bell().is_rung());
}

#[tokio::test(start_paused = true)]
async fn operations_are_seen_like_decisions_and_need_no_token_to_prove_somebody() {
    let world =
        World::at(Stage::Shadow, Scripted::performing([done("a")]), Scripted::planning(allow("a")));
    let world = world.await;
    let book = world.ledger.book(&id(MAKES_TOKENS));
    world.operate(issue("a")).await;
    let [good] = trials(&book)[..] else { panic!("one answer") };
    assert_eq!((good.arm, good.served), (Side::Legacy, Worth::Good));
    assert!(good.subject.is_some() && good.compared == Compared::Harmless);

    let ssot = Scripted::performing([unreachable(), Err(PathError::TimedOut)]);
    let world = World::at(ALL, Scripted::performing([done("a")]), ssot).await;
    let book = world.ledger.book(&id(MAKES_TOKENS));
    world.operate(issue("a")).await;
    world.operate(issue("a")).await;
    let [rescued, failed] = trials(&book)[..] else { panic!("two answers") };
    assert_eq!((rescued.served, rescued.rescued), (Worth::Failed, true));
    assert_eq!((failed.served, failed.rescued), (Worth::Failed, false), "legacy cannot plan");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_one_side_keeps_is_nobodys_by_chance() {
    let ssot = Scripted { owns: true, ..Scripted::performing([done("a")]) };
    let world = World::at(Stage::Shadow, Scripted::planning(allow("a")), ssot).await;
    world.change(Move::To(Stage::Canary(HALF))).await;
    let book = world.ledger.book(&id(MAKES_TOKENS));
    // Whose slot is above the share: legacy's turn, but for the session.
    let snapshot = world.flags.snapshot();
    let flag = snapshot.flag(MAKES_TOKENS).expect("a flag");
    let is_legacys = |token: &String| {
        let question = question(MAKES_TOKENS, token);
        let facts = crate::flags::Facts::asked(&question, &Proof::Undecided);
        snapshot.evaluate(flag, &facts).side() == Side::Legacy
    };
    let token = (0..10_000).map(|number| format!("opaque{number}")).find(is_legacys).expect("one");
    world.operate(refresh(&token)).await;
    let [owned] = trials(&book)[..] else { panic!("one answer") };
    assert_eq!((owned.arm, owned.share, owned.served), (Side::Ssot, None, Worth::Good));
}
