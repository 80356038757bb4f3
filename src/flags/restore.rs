//! Bringing back what a row was, as a new change. Pure: the rules of moves decide, as if a person
//! had typed it all again.

use super::accepted::newly_graver;
use super::order::{check_above, check_below, check_form};
use super::table::Flags;
use super::{Cause, Flag, FlagsError, MoveRefusal, SettingsPatch, Snapshot, Stage};
use crate::domain::{Revision, Timestamp, TokenForm};

/// What a restore would change.
#[derive(Clone, Debug, PartialEq)]
pub struct Restored {
    /// Where the component would go, if elsewhere.
    pub stage: Option<Stage>,
    /// The settings that would be others.
    pub settings: SettingsPatch,
    /// An accepted difference that would come back and lets in whom legacy does not.
    pub lets_in: Option<String>,
}

impl Restored {
    /// True when one person alone cannot do it.
    pub fn needs_two_people(&self) -> bool {
        self.stage == Some(Stage::Complete) || self.lets_in.is_some()
    }
}

impl Flag {
    /// What would change if this row became what `earlier` says. Marks of rollbacks and holds stay
    /// as they are; an accepted difference that has expired since stays gone.
    pub fn as_it_was(&self, earlier: &Self, now: Timestamp) -> Restored {
        let here = self.at_stage(earlier.stage);
        // Every field is named: whoever adds one says what becomes of it.
        let Self {
            component: _,
            kind: _,
            phase: _,
            group: _,
            requires: _,
            legacy: _,
            stage,
            rescue,
            sample,
            deadline_ms,
            rescues_per_second_max,
            latch: _,
            hold: _,
            rolled_back_at: _,
            served_until: _,
            accepted,
            targets,
            invariants,
            token_form,
            limits,
            revision: _,
            changed_at: _,
            cause: _,
        } = earlier.clone();
        let holds = |flag: &Self| -> Vec<_> {
            flag.accepted.iter().filter(|each| now < each.expires_at).cloned().collect()
        };
        let (present, wanted) = (holds(&here), holds(&Self { accepted, ..here.clone() }));
        let lets_in = newly_graver(&wanted, &present).next().map(|found| found.name.clone());
        Restored {
            stage: (stage != self.stage).then_some(stage),
            lets_in,
            settings: SettingsPatch {
                sample: (sample != here.sample).then_some(sample),
                deadline_ms: (deadline_ms != here.deadline_ms).then_some(deadline_ms),
                rescue: (rescue != here.rescue).then_some(rescue),
                rescues_per_second_max: (rescues_per_second_max != here.rescues_per_second_max)
                    .then_some(rescues_per_second_max),
                accepted: (wanted != present).then_some(wanted),
                targets: (targets != here.targets).then_some(targets),
                invariants: (invariants != here.invariants).then_some(invariants),
                token_form: (token_form != here.token_form).then_some(token_form),
                limits: (limits != here.limits).then_some(limits),
            },
        }
    }

    /// This flag as `earlier` says, by the rules and by what the other flags allow.
    pub(super) fn restored(
        &self,
        earlier: &Self,
        cause: &Cause,
        now: Timestamp,
        published: &Snapshot,
    ) -> Result<Self, FlagsError> {
        let Restored { stage, settings, lets_in } = self.as_it_was(earlier, now);
        let changes_settings = settings != SettingsPatch::default();
        if stage.is_none() && !changes_settings {
            return Err(MoveRefusal::NothingToChange.into());
        }
        if let Some(name) = lets_in.filter(|_| !cause.is_of_two_people()) {
            return Err(MoveRefusal::AcceptingNeedsTwoPeople { name }.into());
        }
        let mut flag = match stage {
            Some(stage) => self.restored_to(stage, &settings, cause)?,
            None => self.clone(),
        };
        if changes_settings {
            flag = flag.patched(&settings, cause, now)?;
        }
        if flag.stage > self.stage {
            check_above(published, &flag)?;
        } else {
            check_below(published, &flag)?;
        }
        if settings.targets.is_some() {
            published.check_segments(&flag)?;
        }
        if settings.token_form == Some(TokenForm::Own) {
            check_form(published, &flag)?;
        }
        Ok(flag)
    }

    /// The stage alone, judged by the targets that it comes back with.
    fn restored_to(
        &self,
        stage: Stage,
        settings: &SettingsPatch,
        cause: &Cause,
    ) -> Result<Self, MoveRefusal> {
        match &self.latch {
            // Said first: after a release the way may still be too long.
            Some(latch) if stage > self.stage => {
                return Err(MoveRefusal::Latched { until: latch.until });
            }
            Some(_) | None => {}
        }
        let targets = settings.targets.clone().unwrap_or_else(|| self.targets.clone());
        let moved = Self { targets, ..self.clone() }.moved_to(stage, cause)?;
        Ok(Self { targets: self.targets.clone(), ..moved })
    }
}

impl Flags {
    /// The revision that a flag had before its latest change, for [`Move::Restore`].
    ///
    /// [`Move::Restore`]: super::Move::Restore
    pub fn revision_before(&self, flag: &Flag) -> Result<Revision, FlagsError> {
        let line = self.history_line(&flag.component, flag.revision)?;
        let before = line.before.as_ref().map(|before| before.revision);
        before.ok_or_else(|| MoveRefusal::NothingToUndo.into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::{SegmentId, Share};
    use crate::flags::samples::{NOW, canary, flag, id, operator, trip};
    use crate::flags::{
        AcceptedDifference, Hold, Invariants, Issuers, Kind, Rescue, Serve, Target,
    };

    fn at(stage: Stage) -> Flag {
        Flag { stage, ..flag("http-auth") }
    }

    fn table(flags: &[Flag]) -> Snapshot {
        Snapshot::new(flags.iter().cloned(), HashMap::new(), Issuers::default())
    }

    fn restored(present: &Flag, earlier: &Flag) -> Result<Flag, FlagsError> {
        present.restored(earlier, &operator("why"), NOW, &table(&[]))
    }

    fn refusal(outcome: Result<Flag, FlagsError>) -> MoveRefusal {
        match outcome {
            Err(FlagsError::NotAllowed(refusal)) => refusal,
            other => panic!("not refused: {other:?}"),
        }
    }

    fn two_people() -> Cause {
        Cause::TwoPeople {
            asked_by: "ada".to_owned(),
            approved_by: "bob".to_owned(),
            note: String::new(),
        }
    }

    fn accepted(class: &str, seconds: i64) -> AcceptedDifference {
        AcceptedDifference {
            name: format!("{class}-for-{seconds}"),
            class: class.to_owned(),
            legacy_reason: None,
            ssot_reason: None,
            claim_shape: None,
            max_per_hour: None,
            owner: "o".to_owned(),
            reason: "r".to_owned(),
            expires_at: NOW.plus_seconds(seconds),
        }
    }

    fn target(serve: Serve) -> Target {
        Target { segment: SegmentId::parse("beta").expect("a name"), serve }
    }

    #[test]
    fn stage_and_settings_come_back_in_one_change_and_nothing_else_does() {
        let earlier = Flag {
            deadline_ms: 77,
            sample: Some(Share::ALL),
            rescue: Rescue::Both,
            rescues_per_second_max: 9,
            invariants: Invariants::Enforce,
            hold: Some(Hold { cause: operator("then"), at: NOW }),
            rolled_back_at: vec![NOW],
            ..at(canary(500))
        };
        let present = Flag { revision: Revision(9), ..at(canary(900)) };
        let expected = Flag {
            hold: None,
            rolled_back_at: Vec::new(),
            revision: Revision(9),
            ..earlier.clone()
        };
        assert_eq!(restored(&present, &earlier), Ok(expected));
    }

    #[test]
    fn what_is_as_it_was_is_no_change() {
        let marks = at(Stage::Shadow).rolled_back(Stage::Off, &trip(), NOW, Duration::ZERO);
        assert_eq!(refusal(restored(&marks, &at(Stage::Off))), MoveRefusal::NothingToChange);
    }

    #[test]
    fn a_rollback_is_not_undone_while_it_latches_and_then_one_stage_at_a_time() {
        let live = at(Stage::Live);
        let mut back = live.rolled_back(Stage::Shadow, &trip(), NOW, Duration::ZERO);
        let latched = refusal(restored(&back, &live));
        assert_eq!(latched, MoveRefusal::Latched { until: NOW });
        assert!(latched.to_string().contains("release it first"), "{latched}");
        back.latch = None;
        assert!(matches!(refusal(restored(&back, &live)), MoveRefusal::SkipsAStage { .. }));
        let held = Flag { hold: Some(Hold { cause: trip(), at: NOW }), ..at(canary(1)) };
        assert_eq!(refusal(restored(&held, &live)), MoveRefusal::Held { at: NOW });
        assert_eq!(restored(&at(canary(1)), &live), Ok(live));
    }

    #[test]
    fn complete_comes_back_by_two_people_only() {
        let (sealed, complete) = (at(Stage::Sealed), at(Stage::Complete));
        assert!(sealed.as_it_was(&complete, NOW).needs_two_people());
        assert_eq!(refusal(restored(&sealed, &complete)), MoveRefusal::NeedsTwoPeople);
        let by_two = sealed.restored(&complete, &two_people(), NOW, &table(&[]));
        assert_eq!(by_two, Ok(complete));
    }

    #[test]
    fn what_lets_people_in_is_accepted_again_by_two_people_only() {
        let present = at(Stage::Shadow);
        for class in ["looser", "subject_differs"] {
            let earlier = Flag { accepted: vec![accepted(class, 60)], ..present.clone() };
            let refused = refusal(restored(&present, &earlier));
            assert!(matches!(refused, MoveRefusal::AcceptingNeedsTwoPeople { .. }), "{refused}");
            let by_two = present.restored(&earlier, &two_people(), NOW, &table(&[]));
            assert_eq!(by_two.as_ref(), Ok(&earlier));
            // What is accepted already may stay.
            let slower = Flag { deadline_ms: 70, ..earlier.clone() };
            assert_eq!(restored(&slower, &earlier), Ok(earlier));
        }
        let stricter = Flag { accepted: vec![accepted("stricter", 60)], ..present.clone() };
        assert_eq!(restored(&present, &stricter), Ok(stricter));
    }

    #[test]
    fn an_accepted_difference_that_has_expired_stays_gone() {
        let present = at(Stage::Shadow);
        let (over, open) = (accepted("looser", 0), accepted("stricter", 1));
        let earlier = Flag { accepted: vec![over.clone(), open.clone()], ..present.clone() };
        let expected = Flag { accepted: vec![open], ..present.clone() };
        assert_eq!(restored(&present, &earlier), Ok(expected));
        let only_over = Flag { accepted: vec![over], ..present.clone() };
        assert_eq!(refusal(restored(&present, &only_over)), MoveRefusal::NothingToChange);
    }

    #[test]
    fn the_order_between_components_holds_both_ways() {
        let parent = Flag { stage: canary(100), ..flag("parent") };
        let child = Flag { requires: vec![id("parent")], stage: canary(100), ..flag("child") };
        let table = table(&[parent.clone(), child.clone()]);
        let restored = |present: &Flag, stage| {
            let earlier = Flag { stage, ..present.clone() };
            refusal(present.restored(&earlier, &operator("why"), NOW, &table))
        };
        assert!(matches!(restored(&child, canary(200)), MoveRefusal::AboveRequired { .. }));
        assert!(matches!(restored(&parent, Stage::Shadow), MoveRefusal::BelowDependent { .. }));
    }

    #[test]
    fn targets_come_back_with_the_stage_that_allows_them_if_their_segments_are_there() {
        let held_back = Flag { targets: vec![target(Serve::Legacy)], ..at(Stage::Live) };
        let sealed = at(Stage::Sealed);
        let missing = restored(&sealed, &held_back);
        assert!(matches!(missing, Err(FlagsError::UnknownSegment(_))), "{missing:?}");
        assert_eq!(restored(&held_back, &sealed), Ok(sealed.clone()), "without them further on");
        let still = Flag { targets: vec![target(Serve::Legacy)], ..sealed };
        let up = restored(&at(Stage::Live), &still);
        assert!(matches!(refusal(up), MoveRefusal::HeldBack { .. }));
        // Targets that stay are not asked for: their segments can only go when nobody names them.
        let slower = Flag { deadline_ms: 70, ..held_back.clone() };
        assert_eq!(restored(&slower, &held_back), Ok(held_back));
    }

    #[test]
    fn an_empty_canary_and_a_full_one_change_places_although_neither_fits_the_other_s_targets() {
        let some = Flag { targets: vec![target(Serve::Ssot)], ..at(Stage::Canary(Share::NONE)) };
        assert_eq!(restored(&some, &at(canary(10))), Ok(at(canary(10))));
        let nobody = Flag { targets: Vec::new(), ..some };
        assert_eq!(refusal(restored(&at(canary(10)), &nobody)), MoveRefusal::ShareEmpty);
    }

    #[test]
    fn own_tokens_come_back_only_where_nothing_can_roll_back() {
        let tokens = |stage, token_form| Flag { kind: Kind::Tokens, token_form, ..at(stage) };
        let own = tokens(Stage::Sealed, TokenForm::Own);
        let compatible = tokens(Stage::Sealed, TokenForm::Compatible);
        let live = tokens(Stage::Live, TokenForm::Compatible);
        assert_eq!(restored(&compatible, &own).as_ref(), Ok(&own));
        assert_eq!(restored(&live, &own).as_ref(), Ok(&own), "sealed, and with its form");
        assert_eq!(restored(&own, &live), Ok(live));
        let child = Flag { requires: vec![id("http-auth")], ..flag("child") };
        let among = table(&[compatible.clone(), child]);
        let early = compatible.restored(&own, &operator("why"), NOW, &among);
        assert!(matches!(refusal(early), MoveRefusal::TokenFormTooEarly { .. }));
    }

    fn any_flag() -> impl Strategy<Value = Flag> {
        let stage = prop_oneof![
            Just(Stage::Off),
            Just(Stage::Shadow),
            (1u16..=10_000).prop_map(canary),
            Just(Stage::Live),
            Just(Stage::Sealed),
        ];
        let list = proptest::collection::vec((any::<bool>(), -60i64..60), 0..3);
        (stage, 50u32..60, list, any::<bool>()).prop_map(|(stage, deadline_ms, list, both)| {
            let difference = |(strict, seconds): &(bool, i64)| {
                accepted(if *strict { "stricter" } else { "scopes_differ" }, *seconds)
            };
            let mut accepted: Vec<_> = list.iter().map(difference).collect();
            accepted.dedup_by(|a, b| a.name == b.name);
            let rescue = if both { Rescue::Both } else { Rescue::Ssot };
            Flag { rescue, deadline_ms, accepted, ..at(stage) }
        })
    }

    proptest! {
        #[test]
        fn what_was_restored_is_as_it_was_and_restoring_it_again_is_no_change(
            present in any_flag(),
            earlier in any_flag(),
        ) {
            let Ok(after) = restored(&present, &earlier) else { return Ok(()) };
            prop_assert!(after.stage.rank() <= present.stage.rank() + 1);
            prop_assert_eq!(after.stage, earlier.stage);
            prop_assert_eq!(after.deadline_ms, earlier.deadline_ms);
            prop_assert_eq!(refusal(restored(&after, &earlier)), MoveRefusal::NothingToChange);
        }
    }
}
