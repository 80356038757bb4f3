//! What a plan does, story by story.

use std::sync::LazyLock;

use super::super::super::samples::{canary, id};
use super::super::super::{
    Cause, FlagsError, HistoryFilter, Invariants, Move, SettingsPatch, Stage,
};
use super::super::{
    Evidence, Gate, GuardWord, Pause, RolloutRefusal, STEPS_MAX, StartWish, State, Step, Verdict,
};
use super::world::{World, by, demanding, good, plain, step};
use crate::domain::{ComponentId, Revision};

static BASE: LazyLock<ComponentId> = LazyLock::new(|| id("base"));
static CHILD: LazyLock<ComponentId> = LazyLock::new(|| id("child"));

fn refused<T: std::fmt::Debug>(outcome: Result<T, FlagsError>) -> RolloutRefusal {
    match outcome {
        Err(FlagsError::Rollout(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn nothing() -> Evidence {
    Evidence::default()
}

fn settings() -> Move {
    Move::Settings(SettingsPatch { deadline_ms: Some(777), ..SettingsPatch::default() })
}

#[tokio::test]
async fn a_plan_goes_from_shadow_to_live_step_by_step_and_is_finished() {
    let world = World::new().await;
    world.start(plain()).await.expect("started");
    for stage in [canary(100), canary(5_000), Stage::Live] {
        assert_eq!(world.look(nothing()).await, Verdict::Raise(stage));
        assert_eq!(world.stage(), stage);
        let cause = Cause::Schedule {
            plan: world.plan().mark(world.plan().position.step.expect("a step")),
        };
        assert_eq!(world.flag().cause, cause);
    }
    assert_eq!(world.look(nothing()).await, Verdict::Finished);
    assert_eq!(world.look(nothing()).await, Verdict::Rest);
    let lines = world.rollouts().history(&HistoryFilter::default()).expect("a page");
    assert_eq!(lines.len(), 5);
    for pair in lines.windows(2) {
        assert_eq!(pair[0].before.as_ref(), Some(&pair[1].after));
    }
}

#[tokio::test]
async fn a_plan_starts_where_its_first_step_is_or_one_move_below_and_nowhere_else() {
    let world = World::new().await;
    let from = |stage| vec![step(stage)];
    let beyond = refused(world.start(from(Stage::Live)).await);
    assert!(matches!(beyond, RolloutRefusal::NotAtTheStart { .. }));
    world.goes(Move::To(canary(500))).await.expect("moved");
    let below = refused(world.start(from(Stage::Shadow)).await);
    assert!(matches!(below, RolloutRefusal::NotAtTheStart { .. }));
    let plan = world.start(from(canary(500))).await.expect("at the step");
    assert_eq!(plan.position.step, Some(0));
    let plan = world.start(from(canary(600))).await.expect("below it");
    assert_eq!(plan.position.step, None);
    assert_eq!(world.look(nothing()).await, Verdict::Raise(canary(600)));
    world.goes(Move::Hold).await.expect("held");
    assert!(matches!(refused(world.start(from(canary(600))).await), RolloutRefusal::Held { .. }));
    world.goes(Move::RollBack).await.expect("rolled back");
    assert!(matches!(refused(world.start(from(canary(1))).await), RolloutRefusal::Latched { .. }));
}

#[tokio::test]
async fn there_is_one_plan_and_whoever_replaces_it_has_seen_it() {
    let world = World::new().await;
    let plan = world.start(plain()).await.expect("started");
    let again = |seen| {
        world.rollouts().start(&BASE, StartWish::Template("fast".to_owned()), seen, by("bob"))
    };
    assert_eq!(refused(again(None).await), RolloutRefusal::IsThere { current: plan.revision });
    let wrong = refused(again(Some(Revision(0))).await);
    assert_eq!(wrong, RolloutRefusal::Changed { current: plan.revision });
    let replaced = again(Some(plan.revision)).await.expect("replaced");
    assert_eq!(replaced.template.as_deref(), Some("fast"));
    assert!(replaced.id > plan.id);
}

#[tokio::test]
async fn a_rollback_between_verdict_and_raise_wins() {
    let world = World::new().await;
    world.start(plain()).await.expect("started");
    world.look(nothing()).await;
    let flags = world.flags().clone();
    // The evidence is asked for after the flag has been read: what happens then is too late for
    // the verdict, and in time for the raise.
    let verdict = world.rollouts().look(&BASE, move |_, _| {
        let rollback = async move { flags.apply(&BASE, Move::RollBack, None, by("eve")).await };
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(rollback).expect("rolled back");
        })
        .join()
        .expect("done");
        Evidence::default()
    });
    let verdict = verdict.await.expect("looked");
    assert!(
        matches!(&verdict, Verdict::Wait(waits) if waits[0].gate == Gate::Moves),
        "{verdict:?}"
    );
    assert_eq!(world.stage(), Stage::Shadow);
    let verdict = world.look(nothing()).await;
    assert!(matches!(verdict, Verdict::Stop(Pause::RolledBack { .. })), "{verdict:?}");
}

#[tokio::test]
async fn what_came_and_went_between_two_looks_stops_the_plan() {
    let held = [Move::Hold, Move::Release].to_vec();
    let away = [Move::To(canary(50)), Move::To(canary(100))].to_vec();
    let back = [Move::RollBack, Move::Release, Move::To(canary(100))].to_vec();
    for moves in [held, away, back] {
        let mut world = World::new().await;
        world.start(plain()).await.expect("started");
        world.look(nothing()).await;
        for change in moves.clone() {
            world.goes(change).await.expect("done");
        }
        world.reopen().await;
        assert_eq!(world.stage(), canary(100));
        let verdict = world.look(nothing()).await;
        assert!(matches!(verdict, Verdict::Stop(_)), "{moves:?}: {verdict:?}");
        assert_eq!(world.stage(), canary(100));
        assert_eq!(world.look(nothing()).await, Verdict::Rest);
        let resumed = world.rollouts().resume(&BASE, None, by("ada")).await.expect("resumed");
        assert_eq!(resumed.position.step, Some(1));
        assert_eq!(world.look(nothing()).await, Verdict::Raise(canary(5_000)));
    }
}

#[tokio::test]
async fn other_settings_do_not_stop_a_plan() {
    let mut world = World::new().await;
    world.start(plain()).await.expect("started");
    world.goes(settings()).await.expect("set");
    world.reopen().await;
    assert_eq!(world.look(nothing()).await, Verdict::Raise(canary(100)));
}

#[tokio::test]
async fn after_a_crash_between_raise_and_row_the_plan_knows_its_own_move() {
    let mut world = World::new().await;
    let plan =
        world.start([demanding(Stage::Shadow), demanding(canary(100)), step(Stage::Live)].to_vec());
    let plan = plan.await.expect("started");
    world.clock.step(100);
    let cause = Cause::Schedule { plan: plan.mark(1) };
    let raise = Move::To(canary(100));
    world.flags().apply(&BASE, raise, Some(world.flag().revision), cause).await.expect("raised");
    let raised_at = world.now();
    world.clock.step(30);
    world.reopen().await;
    let verdict = world.look(good(raised_at, world.now())).await;
    assert!(matches!(&verdict, Verdict::Wait(waits) if waits[0].gate == Gate::Hold), "{verdict:?}");
    let plan = world.plan();
    assert_eq!((plan.position.step, plan.position.since), (Some(1), raised_at));
    assert_eq!(plan.position.flag_revision, world.flag().revision);
    world.clock.step(30);
    assert_eq!(world.look(good(raised_at, world.now())).await, Verdict::Raise(Stage::Live));
}

#[tokio::test]
async fn a_move_to_the_same_stage_by_a_person_is_not_the_plans_own() {
    let world = World::new().await;
    world.start(plain()).await.expect("started");
    world.goes(Move::To(canary(100))).await.expect("moved");
    assert_eq!(world.look(nothing()).await, Verdict::Stop(Pause::Moved { to: canary(100) }));
}

#[tokio::test]
async fn a_disk_that_refuses_raises_nothing_and_the_plan_goes_on_when_it_heals() {
    let world = World::new().await;
    world.start(plain()).await.expect("started");
    world.disk.refuse();
    assert!(world.try_look(nothing()).await.is_err());
    assert_eq!(world.stage(), Stage::Shadow);
    world.disk.heal();
    assert_eq!(world.look(nothing()).await, Verdict::Raise(canary(100)));
}

#[tokio::test]
async fn an_unhappy_guard_stops_a_plan_that_does_not_ask_for_it() {
    let world = World::new().await;
    world.start(plain()).await.expect("started");
    let guard = Some(GuardWord::Unhappy { at: world.now(), why: "looser".to_owned() });
    let verdict = world.look(Evidence { guard, ..nothing() }).await;
    assert_eq!(verdict, Verdict::Stop(Pause::Guard { why: "looser".to_owned() }));
    assert_eq!(world.stage(), Stage::Shadow);
}

#[tokio::test]
async fn a_pause_by_a_person_keeps_the_time_at_the_step_if_nothing_was_touched() {
    let world = World::new().await;
    world.start([demanding(Stage::Shadow), step(canary(100))].to_vec()).await.expect("started");
    let since = world.plan().position.since;
    for touched in [false, true] {
        world.clock.step(10);
        world.rollouts().pause(&BASE, None, by("bob")).await.expect("paused");
        assert_eq!(world.look(good(since, world.now())).await, Verdict::Rest);
        if touched {
            world.goes(settings()).await.expect("set");
        }
        let plan = world.rollouts().resume(&BASE, None, by("bob")).await.expect("resumed");
        assert_eq!(plan.position.since, if touched { world.now() } else { since });
    }
}

#[tokio::test]
async fn a_plan_is_not_resumed_beside_its_steps_nor_past_a_latch() {
    let world = World::new().await;
    world.start(plain()).await.expect("started");
    world.look(nothing()).await;
    let resume = || world.rollouts().resume(&BASE, None, by("ada"));
    world.goes(Move::To(canary(700))).await.expect("moved");
    assert_eq!(refused(resume().await), RolloutRefusal::BesideTheSteps { at: canary(700) });
    assert_eq!(world.state(), State::Paused { why: Pause::Moved { to: canary(700) } });
    world.goes(Move::RollBack).await.expect("rolled back");
    assert!(matches!(refused(resume().await), RolloutRefusal::Latched { .. }));
    world.goes(Move::Release).await.expect("released");
    assert_eq!(resume().await.expect("resumed").position.step, Some(0));
}

#[tokio::test]
async fn a_second_person_approves_and_a_skip_does_not_stand_in_for_one() {
    let world = World::new().await;
    let asking = Step { approval: true, ..demanding(Stage::Shadow) };
    world.start([asking, step(canary(100))].to_vec()).await.expect("started");
    let plans = world.rollouts();
    plans.skip(&BASE, None, by("ada")).await.expect("skipped");
    let verdict = world.look(nothing()).await;
    assert!(matches!(&verdict, Verdict::Wait(waits) if waits[0].gate == Gate::Approval));
    let same = refused(plans.approve(&BASE, None, by("ada")).await);
    assert_eq!(same, RolloutRefusal::SamePerson { by: "ada".to_owned() });
    let plan = plans.approve(&BASE, None, by("bob")).await.expect("approved");
    assert_eq!(plan.position.approved.as_ref().map(|approved| approved.by.as_str()), Some("bob"));
    assert_eq!(world.look(nothing()).await, Verdict::Raise(canary(100)));
    assert_eq!(refused(plans.approve(&BASE, None, by("bob")).await), RolloutRefusal::NoApprovalDue);
}

#[tokio::test]
async fn what_was_approved_and_seen_counts_no_more_when_other_rules_serve() {
    let world = World::new().await;
    let asking = Step { approval: true, ..step(Stage::Shadow) };
    world.start([asking, step(canary(100))].to_vec()).await.expect("started");
    world.look(nothing()).await;
    world.rollouts().approve(&BASE, None, by("bob")).await.expect("approved");
    let enforcing =
        SettingsPatch { invariants: Some(Invariants::Enforce), ..SettingsPatch::default() };
    world.goes(Move::Settings(enforcing)).await.expect("changed");
    let verdict = world.look(nothing()).await;
    assert!(
        matches!(&verdict, Verdict::Wait(waits) if waits[0].gate == Gate::Approval),
        "{verdict:?}"
    );
    world.rollouts().approve(&BASE, None, by("bob")).await.expect("approved again");
    let slower = SettingsPatch { deadline_ms: Some(77), ..SettingsPatch::default() };
    world.goes(Move::Settings(slower)).await.expect("changed");
    assert_eq!(world.look(nothing()).await, Verdict::Raise(canary(100)), "others do not matter");
}

#[tokio::test]
async fn a_component_waits_for_what_it_requires() {
    let world = World::new().await;
    let wish = StartWish::Steps(plain());
    world.rollouts().start(&CHILD, wish, None, by("ada")).await.expect("started");
    let look = || world.rollouts().look(&CHILD, |_, _| Evidence::default());
    let verdict = look().await.expect("looked");
    assert!(
        matches!(&verdict, Verdict::Wait(waits) if waits[0].gate == Gate::Moves),
        "{verdict:?}"
    );
    world.goes(Move::To(canary(100))).await.expect("moved");
    assert_eq!(look().await.expect("looked"), Verdict::Raise(canary(100)));
}

#[tokio::test]
async fn after_an_abort_the_component_stays_where_it_is() {
    let world = World::new().await;
    world.start(plain()).await.expect("started");
    world.look(nothing()).await;
    world.rollouts().abort(&BASE, None, by("bob")).await.expect("aborted");
    assert_eq!(world.look(nothing()).await, Verdict::Rest);
    assert_eq!((world.stage(), world.state()), (canary(100), State::Aborted));
    let over = refused(world.rollouts().resume(&BASE, None, by("bob")).await);
    assert_eq!(over, RolloutRefusal::NotPaused { state: "aborted" });
}

#[tokio::test]
async fn the_largest_plan_fits_into_a_line_of_the_log() {
    let world = World::new().await;
    let code = |n: u8| format!("{}{}", "x".repeat(31), char::from(b'a' + n));
    let large = |share: u16| {
        let mut step = demanding(canary(share));
        step.needs.mismatches_per_10000_max = (0..8).map(|n| (code(n), 10_000)).collect();
        step.needs.comparisons_min = 1_000_000_000;
        step.approval = true;
        step
    };
    let steps = (9_000..).take(STEPS_MAX).map(large).collect();
    let wide = Cause::Operator { name: "\"".repeat(2000), note: "\"".repeat(2000) };
    let plan = world.rollouts().start(&BASE, StartWish::Steps(steps), None, wide.clone());
    plan.await.expect("started");
    world.look(nothing()).await;
    world.rollouts().skip(&BASE, None, wide.clone()).await.expect("skipped");
    world.rollouts().approve(&BASE, None, by("bob")).await.expect("approved");
    world.rollouts().pause(&BASE, None, wide).await.expect("fits");
}
