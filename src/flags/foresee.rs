//! What a change would come to, for whoever is about to make it. Nothing is changed by asking.

use std::sync::Arc;

use super::clearance::ask_lightly;
use super::order::View;
use super::room::{Order, Step};
use super::whole::Plan;
use super::{
    BackTo, Cause, Flag, Flags, FlagsError, Move, MoveRefusal, NotMoved, Selection, Stage,
};
use crate::domain::{ComponentId, Timestamp};

/// What a rollback of many would come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreseen {
    /// What would be moved, deepest first, as it is now.
    pub moving: Vec<Arc<Flag>>,
    /// What would stay, with the reason.
    pub left: Vec<NotMoved>,
}

impl Flags {
    /// What keeps this change of a component from being made now; `Ok` where nothing does. What
    /// comes between asking and doing may still refuse it.
    pub fn foresee(
        &self,
        component: &ComponentId,
        change: Move,
        cause: &Cause,
    ) -> Result<(), FlagsError> {
        let step = match change {
            Move::RollBack => {
                let snapshot = self.snapshot();
                let unknown = || FlagsError::UnknownComponent(component.clone());
                let flag = snapshot.flag(component.as_str()).ok_or_else(unknown)?;
                return Ok(Flag::rollback_target(flag.stage).map(|_| ())?);
            }
            Move::To(stage) => Step::To(stage),
            Move::Hold => Step::Hold,
            Move::Release => Step::Release,
            Move::Settings(patch) => Step::Settings(patch),
            Move::Restore(revision) => {
                let earlier = self.history_line(component, revision)?.into_line().after;
                Step::Restore(Box::new(earlier))
            }
        };
        let order =
            Order { component: component.clone(), step, expected: None, cause: cause.clone() };
        let snapshot = self.snapshot();
        let (before, after) = order.compute(&snapshot, self.room.now(), None)?;
        ask_lightly(self.room.clearance.get(), &before, &after)?;
        Ok(())
    }

    /// What a rollback of one component would move, deepest first, the component itself last.
    pub fn foresee_roll_back(
        &self,
        component: &ComponentId,
        answered: impl Fn(&ComponentId) -> Option<Timestamp>,
    ) -> Result<Vec<Arc<Flag>>, FlagsError> {
        let snapshot = self.snapshot();
        let unknown = || FlagsError::UnknownComponent(component.clone());
        let flag = snapshot.flag(component.as_str()).ok_or_else(unknown)?;
        let target = Flag::rollback_target(flag.stage)?;
        let heard = self.room.heard_by_one(answered);
        let view = View::new(&snapshot, None);
        let silent = |flag: &Flag| flag.stage == Stage::Complete && !heard.is_of(flag);
        let plan = Plan::of(&view, &[flag], target, silent);
        match plan.left.into_iter().next() {
            Some(left) => Err(MoveRefusal::LegacySilent { component: left.component }.into()),
            None => Ok(plan.moving.into_iter().cloned().collect()),
        }
    }

    /// What a rollback of many would come to now.
    pub fn foresee_sweep(
        &self,
        selection: Selection,
        to: BackTo,
        answered: impl Fn(&ComponentId) -> Option<Timestamp>,
    ) -> Foreseen {
        let snapshot = self.snapshot();
        let heard = self.room.heard_by_one(answered);
        let view = View::new(&snapshot, None);
        let selected = selection.of(&snapshot);
        let silent = |flag: &Flag| selection.needs_legacy(flag) && !heard.is_of(flag);
        let plan = Plan::of(&view, &selected, to.stage(), silent);
        Foreseen { moving: plan.moving.into_iter().cloned().collect(), left: plan.left }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tempfile::TempDir;

    use super::super::samples::{NOW, canary, id, operator, seeds};
    use super::super::{Settings, WhyLeft};
    use super::*;
    use crate::domain::TokioClock;
    use crate::store::Store;

    async fn open(dir: &TempDir) -> Flags {
        let store = Store::open(dir.path()).expect("a store");
        let clock = Arc::new(TokioClock::starting_at(NOW));
        let settings = Settings { cool_down: Duration::ZERO, ..Settings::default() };
        let seeds = seeds(&["base", "middle: base", "beside"]);
        Flags::open(&store, seeds, settings, clock).await.expect("flags")
    }

    #[tokio::test]
    async fn what_is_foreseen_is_what_happens() {
        let dir = TempDir::new().expect("a folder");
        let flags = open(&dir).await;
        let cause = operator("why");
        let moves = [
            Move::To(canary(100)),
            Move::To(Stage::Live),
            Move::To(Stage::Shadow),
            Move::Release,
            Move::Hold,
            Move::To(canary(200)),
            Move::Release,
            Move::RollBack,
            Move::To(canary(1)),
        ];
        for step in moves {
            for component in ["base", "middle"] {
                let before = flags.snapshot();
                let foreseen = flags.foresee(&id(component), step.clone(), &cause);
                assert_eq!(
                    before.revision(),
                    flags.snapshot().revision(),
                    "asking changes nothing"
                );
                let done = flags.apply(&id(component), step.clone(), None, cause.clone()).await;
                assert_eq!(foreseen, done.map(|_| ()), "{component}: {step:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_foreseen_rollback_names_what_falls_and_what_stays() {
        let dir = TempDir::new().expect("a folder");
        let flags = open(&dir).await;
        for component in ["base", "middle", "beside"] {
            flags.to(component, canary(100)).await.expect("raised");
        }
        let names = |flags: &[Arc<Flag>]| -> Vec<String> {
            flags.iter().map(|flag| flag.component.to_string()).collect()
        };
        let falling = flags.foresee_roll_back(&id("base"), |_| None).expect("falls");
        assert_eq!(names(&falling), ["middle", "base"]);
        let answers = |component: &ComponentId| (component.as_str() != "middle").then_some(NOW);
        let seen = flags.foresee_sweep(Selection::All, BackTo::Shadow, answers);
        assert_eq!(names(&seen.moving), ["beside"]);
        let why: Vec<_> = seen.left.iter().map(|left| left.why.clone()).collect();
        assert_eq!(why, [WhyLeft::RequiredBy(id("middle")), WhyLeft::LegacySilent]);
        let swept = flags.roll_back_many(Selection::All, BackTo::Shadow, operator("x"), answers);
        let swept = swept.await.expect("swept");
        assert_eq!(swept.not_moved, seen.left);
        assert_eq!(swept.moved.len(), seen.moving.len());
    }
}
