//! The permitted changes of one flag. Pure: no clock, no disk.

use std::time::Duration;

use super::accepted::newly_graver;
use super::history::to_the_millisecond;
use super::segment::serves_somebody;
use super::{Cause, Flag, Hold, Latch, Limits, MoveRefusal, Serve, SettingsPatch, Stage, Target};
use crate::domain::{Revision, Share, Timestamp, TokenForm};

/// A change of a flag.
#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    /// One stage forward, any number back, or another share of the same canary.
    To(Stage),
    /// To shadow, or from shadow to off; latches, takes dependents along, never conflicts.
    RollBack,
    /// Nothing is raised until a release. Needs a reason.
    Hold,
    /// Takes latch and hold off again. Needs an operator's note and the end of the cool-down.
    Release,
    /// Other settings, the same stage.
    Settings(SettingsPatch),
    /// Stage and settings as they were since the change of this revision, as far as the rules
    /// allow it now.
    Restore(Revision),
}

/// Rollbacks within this time lengthen the next cool-down.
const ROLLBACKS_COUNT_FOR: Duration = Duration::from_hours(7 * 24);
/// No cool-down is longer.
const COOL_DOWN_MAX: Duration = Duration::from_hours(7 * 24);
/// Rollbacks remembered on a flag.
const ROLLBACKS_KEPT: usize = 16;

impl Flag {
    /// This flag at another stage; refusals that other flags decide are not looked at here.
    pub(super) fn moved_to(&self, to: Stage, cause: &Cause) -> Result<Self, MoveRefusal> {
        let from = self.stage;
        if to == from {
            return Err(MoveRefusal::AlreadyThere(from));
        }
        if to == Stage::Canary(Share::NONE) && !serves_somebody(&self.targets) {
            return Err(MoveRefusal::ShareEmpty);
        }
        if to > from {
            self.may_be_raised_to(to, cause)?;
        }
        Ok(self.at_stage(to))
    }

    fn may_be_raised_to(&self, to: Stage, cause: &Cause) -> Result<(), MoveRefusal> {
        if to.rank() > self.stage.rank() + 1 {
            return Err(MoveRefusal::SkipsAStage { from: self.stage, to });
        }
        if let Some(latch) = &self.latch {
            return Err(MoveRefusal::Latched { until: latch.until });
        }
        if let Some(hold) = &self.hold {
            return Err(MoveRefusal::Held { at: hold.at });
        }
        if to == Stage::Complete && !cause.is_of_two_people() {
            return Err(MoveRefusal::NeedsTwoPeople);
        }
        self.nobody_is_held_back(to)
    }

    /// Nobody is kept on legacy where legacy no longer stands by.
    fn nobody_is_held_back(&self, to: Stage) -> Result<(), MoveRefusal> {
        let held_back = |target: &&Target| target.serve != Serve::Ssot;
        match self.targets.iter().find(held_back) {
            Some(target) if to >= Stage::Sealed => {
                Err(MoveRefusal::HeldBack { segment: target.segment.clone(), to })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The targets, if others are `wanted`. They raise exposure as a share does.
    fn targets_by(&self, wanted: Option<Vec<Target>>) -> Result<Vec<Target>, MoveRefusal> {
        let Some(targets) = wanted else { return Ok(self.targets.clone()) };
        if let Some(hold) = self.hold.as_ref().filter(|_| self.stage.ssot_serves()) {
            return Err(MoveRefusal::Held { at: hold.at });
        }
        if self.stage == Stage::Canary(Share::NONE) && !serves_somebody(&targets) {
            return Err(MoveRefusal::ShareEmpty);
        }
        Ok(targets)
    }

    /// The limits, if others are `wanted`. A guard that lets more through exposes people as a larger
    /// share does.
    fn limits_by(&self, wanted: Option<Limits>) -> Result<Limits, MoveRefusal> {
        let Some(limits) = wanted else { return Ok(self.limits.clone()) };
        let is_weaker = limits.weakened_against(&self.limits).is_some();
        match &self.hold {
            Some(hold) if is_weaker && self.stage.ssot_serves() => {
                Err(MoveRefusal::Held { at: hold.at })
            }
            Some(_) | None => Ok(limits),
        }
    }

    /// Refuses to accept, by the word of one person, what `before` did not and what may hide that
    /// ssot lets in more than legacy. Whatever changes accepted differences asks this.
    pub(super) fn accepts_no_more_than(
        &self,
        before: &Self,
        cause: &Cause,
    ) -> Result<(), MoveRefusal> {
        match newly_graver(&self.accepted, &before.accepted).next() {
            Some(difference) if !cause.is_of_two_people() => {
                Err(MoveRefusal::AcceptingNeedsTwoPeople { name: difference.name.clone() })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Where a rollback puts a component that is at `stage`.
    pub(super) const fn rollback_target(stage: Stage) -> Result<Stage, MoveRefusal> {
        match stage {
            Stage::Off => Err(MoveRefusal::NothingToRollBack),
            Stage::Shadow => Ok(Stage::Off),
            Stage::Canary(_) | Stage::Live | Stage::Sealed | Stage::Complete => Ok(Stage::Shadow),
        }
    }

    /// This flag rolled back to `target` and latched. The latch gets its revision when the change
    /// gets its own.
    pub(super) fn rolled_back(
        &self,
        target: Stage,
        cause: &Cause,
        now: Timestamp,
        cool_down: Duration,
    ) -> Self {
        let mut moments = self.rolled_back_at.clone();
        moments.retain(|moment| now.since(*moment) < ROLLBACKS_COUNT_FOR);
        moments.push(now);
        moments.drain(..moments.len().saturating_sub(ROLLBACKS_KEPT));
        let rollbacks = u32::try_from(moments.len()).unwrap_or(u32::MAX);
        let factor = 2u32.saturating_pow(rollbacks - 1);
        let until = now.plus(cool_down.saturating_mul(factor).min(COOL_DOWN_MAX));
        let revision = Revision::default();
        let latch = Latch { cause: cause.clone(), at: now, revision, until, rollbacks };
        Self { latch: Some(latch), rolled_back_at: moments, ..self.at_stage(target) }
    }

    /// This flag held.
    pub(super) fn held(&self, cause: &Cause, now: Timestamp) -> Result<Self, MoveRefusal> {
        if let Some(hold) = &self.hold {
            return Err(MoveRefusal::AlreadyHeld { at: hold.at });
        }
        if cause.note_of_people() == Some("") {
            return Err(MoveRefusal::NoteMissing);
        }
        Ok(Self { hold: Some(Hold { cause: cause.clone(), at: now }), ..self.clone() })
    }

    /// This flag without its latch and its hold.
    pub(super) fn released(&self, cause: &Cause, now: Timestamp) -> Result<Self, MoveRefusal> {
        if self.latch.is_none() && self.hold.is_none() {
            return Err(MoveRefusal::NotLatched);
        }
        let note = cause.note_of_people().ok_or(MoveRefusal::NeedsOperator)?;
        if note.is_empty() {
            return Err(MoveRefusal::NoteMissing);
        }
        match &self.latch {
            Some(latch) if now < latch.until => {
                Err(MoveRefusal::CoolingDown { until: latch.until })
            }
            Some(_) | None => Ok(Self { latch: None, hold: None, ..self.clone() }),
        }
    }

    /// The form of new tokens, if another is `wanted`; what requires this component is not looked
    /// at here.
    fn form_by(&self, wanted: Option<TokenForm>) -> Result<TokenForm, MoveRefusal> {
        let Some(form) = wanted else { return Ok(self.token_form) };
        if !self.kind.makes_tokens() {
            let problem = "belongs to components of kind tokens".to_owned();
            return Err(MoveRefusal::Setting { field: "token_form".to_owned(), problem });
        }
        if form == TokenForm::Own && self.stage < Stage::Sealed {
            let (component, stage) = (self.component.clone(), self.stage);
            return Err(MoveRefusal::TokenFormTooEarly { component, stage });
        }
        match &self.hold {
            Some(hold) if form == TokenForm::Own => Err(MoveRefusal::Held { at: hold.at }),
            Some(_) | None => Ok(form),
        }
    }

    /// This flag with other settings.
    pub(super) fn patched(
        &self,
        patch: &SettingsPatch,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<Self, MoveRefusal> {
        patch.check(now)?;
        let token_form = self.form_by(patch.token_form)?;
        let mut patch = patch.clone();
        for difference in patch.accepted.iter_mut().flatten() {
            difference.expires_at = to_the_millisecond(difference.expires_at);
        }
        let flag = Self {
            sample: patch.sample.unwrap_or(self.sample),
            deadline_ms: patch.deadline_ms.unwrap_or(self.deadline_ms),
            rescue: patch.rescue.unwrap_or(self.rescue),
            rescues_per_second_max: patch
                .rescues_per_second_max
                .unwrap_or(self.rescues_per_second_max),
            accepted: patch.accepted.unwrap_or_else(|| self.accepted.clone()),
            targets: self.targets_by(patch.targets)?,
            invariants: patch.invariants.unwrap_or(self.invariants),
            token_form,
            limits: self.limits_by(patch.limits)?,
            ..self.clone()
        };
        flag.nobody_is_held_back(flag.stage)?;
        flag.accepts_no_more_than(self, cause)?;
        if flag == *self { Err(MoveRefusal::NothingToChange) } else { Ok(flag) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{NOW, canary, flag, operator, trip};
    use super::*;
    use crate::domain::MismatchClass;
    use crate::flags::AcceptedDifference;

    const HALF_HOUR: Duration = Duration::from_mins(30);

    fn at(stage: Stage) -> Flag {
        Flag { stage, ..flag("http-auth") }
    }

    fn stages() -> [Stage; 7] {
        let complete = Stage::Complete;
        [Stage::Off, Stage::Shadow, canary(1), canary(5000), Stage::Live, Stage::Sealed, complete]
    }

    #[test]
    fn forward_goes_one_stage_at_a_time_and_back_any_number() {
        for (from, here) in stages().into_iter().enumerate() {
            for (to, there) in stages().into_iter().enumerate() {
                let outcome = at(here).moved_to(there, &operator("why"));
                let case = format!("{here} to {there}");
                let steps = i16::from(there.rank()) - i16::from(here.rank());
                match outcome {
                    Ok(flag) => {
                        assert_eq!(flag.stage, there, "{case}");
                        assert!(to < from || steps <= 1, "{case}");
                        assert_ne!(there, Stage::Complete, "{case}");
                    }
                    Err(MoveRefusal::AlreadyThere(_)) => assert_eq!(from, to, "{case}"),
                    Err(MoveRefusal::NeedsTwoPeople) => assert_eq!(here, Stage::Sealed, "{case}"),
                    Err(MoveRefusal::SkipsAStage { .. }) => assert!(steps > 1, "{case}"),
                    Err(other) => panic!("{case}: {other}"),
                }
            }
        }
    }

    #[test]
    fn a_canary_has_a_share_and_changes_it_both_ways() {
        let empty = Stage::Canary(Share::NONE);
        assert_eq!(
            at(Stage::Shadow).moved_to(empty, &operator("why")),
            Err(MoveRefusal::ShareEmpty)
        );
        assert_eq!(at(Stage::Live).moved_to(empty, &operator("why")), Err(MoveRefusal::ShareEmpty));
        assert!(at(canary(1000)).moved_to(canary(10_000), &operator("why")).is_ok());
        assert!(at(canary(1000)).moved_to(canary(1), &operator("why")).is_ok());
    }

    #[test]
    fn complete_says_that_two_people_are_needed() {
        let refusal =
            at(Stage::Sealed).moved_to(Stage::Complete, &operator("why")).expect_err("refused");
        assert!(refusal.to_string().contains("two people"), "{refusal}");
        let two = |asked_by: &str, approved_by: &str| Cause::TwoPeople {
            asked_by: asked_by.to_owned(),
            approved_by: approved_by.to_owned(),
            note: "done".to_owned(),
        };
        let sealed = at(Stage::Sealed);
        assert_eq!(sealed.moved_to(Stage::Complete, &two("ada", "ada")), Err(refusal));
        assert!(sealed.moved_to(Stage::Complete, &two("ada", "bob")).is_ok());
    }

    #[test]
    fn a_hold_needs_a_reason_and_stops_raises_until_it_is_released() {
        let shadow = at(Stage::Shadow);
        assert_eq!(shadow.held(&operator(" "), NOW), Err(MoveRefusal::NoteMissing));
        let held = shadow.held(&operator("an incident"), NOW).expect("held");
        let raise = held.moved_to(canary(1), &operator("why"));
        assert_eq!(raise, Err(MoveRefusal::Held { at: NOW }));
        assert!(held.moved_to(Stage::Off, &operator("why")).is_ok());
        let again = held.held(&operator("again"), NOW);
        assert_eq!(again, Err(MoveRefusal::AlreadyHeld { at: NOW }));
        assert_eq!(held.released(&trip(), NOW), Err(MoveRefusal::NeedsOperator));
        assert_eq!(held.released(&operator("over"), NOW).expect("released").hold, None);
    }

    #[test]
    fn a_rollback_goes_to_shadow_from_wherever_ssot_serves_and_from_shadow_to_off() {
        for stage in stages() {
            let expected = match stage {
                Stage::Off => Err(MoveRefusal::NothingToRollBack),
                Stage::Shadow => Ok(Stage::Off),
                _ => Ok(Stage::Shadow),
            };
            assert_eq!(Flag::rollback_target(stage), expected, "{stage}");
        }
    }

    #[test]
    fn the_cool_down_doubles_with_each_rollback_of_seven_days() {
        let mut flag = at(Stage::Live);
        let mut now = NOW;
        for factor in [1, 2, 4] {
            flag = flag.rolled_back(Stage::Shadow, &trip(), now, HALF_HOUR);
            let latch = flag.latch.clone().expect("a latch");
            assert_eq!(latch.until, now.plus(HALF_HOUR * factor));
            flag.latch = None;
            now = now.plus_seconds(86_400);
        }
        now = now.plus_seconds(7 * 86_400);
        let flag = flag.rolled_back(Stage::Shadow, &trip(), now, HALF_HOUR);
        let latch = flag.latch.expect("a latch");
        assert_eq!((latch.rollbacks, latch.until), (1, now.plus(HALF_HOUR)));
    }

    #[test]
    fn a_flag_remembers_a_bounded_number_of_rollbacks_and_cools_down_for_seven_days_at_most() {
        let mut flag = at(Stage::Live);
        for _ in 0..100 {
            flag = flag.rolled_back(Stage::Shadow, &trip(), NOW, HALF_HOUR);
        }
        assert_eq!(flag.rolled_back_at.len(), ROLLBACKS_KEPT);
        assert_eq!(flag.latch.expect("a latch").until, NOW.plus(COOL_DOWN_MAX));
    }

    #[test]
    fn nothing_is_raised_while_latched_and_going_back_is_free() {
        let latched = at(canary(5000)).rolled_back(Stage::Shadow, &trip(), NOW, HALF_HOUR);
        let until = NOW.plus(HALF_HOUR);
        assert_eq!(
            latched.moved_to(canary(1), &operator("why")),
            Err(MoveRefusal::Latched { until })
        );
        let off = latched.moved_to(Stage::Off, &operator("why")).expect("back");
        assert_eq!(
            off.moved_to(Stage::Shadow, &operator("why")),
            Err(MoveRefusal::Latched { until })
        );
    }

    #[test]
    fn a_release_needs_an_operator_a_note_and_the_end_of_the_cool_down() {
        let latched = at(Stage::Live).rolled_back(Stage::Shadow, &trip(), NOW, HALF_HOUR);
        let until = NOW.plus(HALF_HOUR);
        let early = until.plus_seconds(-1);
        assert_eq!(
            latched.released(&operator("fixed"), early),
            Err(MoveRefusal::CoolingDown { until })
        );
        assert_eq!(latched.released(&operator(" \t"), until), Err(MoveRefusal::NoteMissing));
        assert_eq!(latched.released(&trip(), until), Err(MoveRefusal::NeedsOperator));
        let released = latched.released(&operator("fixed"), until).expect("released");
        assert_eq!((released.stage, &released.latch), (Stage::Shadow, &None));
        assert_eq!(released.released(&operator("again"), until), Err(MoveRefusal::NotLatched));
    }

    #[test]
    fn while_it_is_held_the_guard_of_what_serves_gets_stricter_and_no_weaker() {
        let strict = Limits { harm_max: Some(10), ..Limits::default() };
        let to = |flag: &Flag, limits: Limits| {
            let patch = SettingsPatch { limits: Some(limits), ..SettingsPatch::default() };
            flag.patched(&patch, &operator("why"), NOW)
        };
        let held = at(canary(100)).held(&operator("an incident"), NOW).expect("held");
        let stricter = to(&held, strict.clone()).expect("stricter");
        assert_eq!(to(&stricter, Limits::default()), Err(MoveRefusal::Held { at: NOW }));
        let free = Flag { hold: None, ..stricter.clone() };
        assert!(to(&free, Limits::default()).is_ok(), "nothing holds it");
        let shadow = Flag { stage: Stage::Shadow, ..stricter };
        assert!(to(&shadow, Limits::default()).is_ok(), "ssot does not serve");
        // After a rollback limits may turn out to have been too strict.
        let back = Flag { limits: strict, ..at(Stage::Live) };
        let back = back.rolled_back(Stage::Shadow, &trip(), NOW, HALF_HOUR);
        assert!(to(&back, Limits::default()).is_ok());
    }

    #[test]
    fn settings_have_ranges() {
        let patched = |patch: SettingsPatch| at(Stage::Off).patched(&patch, &operator("why"), NOW);
        let deadline = |ms| SettingsPatch { deadline_ms: Some(ms), ..SettingsPatch::default() };
        for (ms, fine) in [(49, false), (50, true), (60_000, true), (60_001, false)] {
            assert_eq!(patched(deadline(ms)).is_ok(), fine, "{ms}");
        }
        assert_eq!(patched(SettingsPatch::default()), Err(MoveRefusal::NothingToChange));
        assert_eq!(patched(deadline(1000)), Err(MoveRefusal::NothingToChange));
        let difference = AcceptedDifference {
            name: "n".to_owned(),
            class: "stricter".to_owned(),
            legacy_reason: None,
            ssot_reason: None,
            claim_shape: None,
            max_per_hour: None,
            owner: "o".to_owned(),
            reason: "r".to_owned(),
            expires_at: NOW.plus_seconds(60),
        };
        let accepting = |accepted| SettingsPatch { accepted: Some(accepted), ..deadline(100) };
        assert!(patched(accepting(vec![difference.clone()])).is_ok());
        let twice = patched(accepting(vec![difference.clone(), difference.clone()]));
        assert!(matches!(twice, Err(MoveRefusal::Setting { field, .. }) if field.contains("name")));
        let late = AcceptedDifference { expires_at: NOW.plus_seconds(370 * 86_400), ..difference };
        assert!(patched(accepting(vec![late])).is_err());
    }

    #[test]
    fn what_may_let_in_more_is_accepted_by_two_people_only() {
        let two = Cause::TwoPeople {
            asked_by: "ada".to_owned(),
            approved_by: "bob".to_owned(),
            note: "seen".to_owned(),
        };
        let alone = [operator("why"), trip(), Cause::Seed];
        for class in MismatchClass::ALL {
            let difference = AcceptedDifference {
                name: "n".to_owned(),
                class: class.code().to_owned(),
                legacy_reason: None,
                ssot_reason: None,
                claim_shape: None,
                max_per_hour: None,
                owner: "o".to_owned(),
                reason: "r".to_owned(),
                expires_at: NOW.plus_seconds(60),
            };
            let patch =
                SettingsPatch { accepted: Some(vec![difference]), ..SettingsPatch::default() };
            let flag = at(Stage::Shadow);
            for cause in &alone {
                let patched = flag.patched(&patch, cause, NOW);
                assert_eq!(patched.is_err(), class.may_let_in_more(), "{class:?} {cause:?}");
            }
            let accepted = flag.patched(&patch, &two, NOW).expect("by two people");
            let shorter = SettingsPatch { deadline_ms: Some(77), ..patch.clone() };
            assert!(
                accepted.patched(&shorter, &operator("why"), NOW).is_ok(),
                "no more than before"
            );
        }
    }
}
