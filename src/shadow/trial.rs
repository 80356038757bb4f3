//! What an answered question is worth to whoever watches its component. Pure.
//!
//! A failure, to a watcher, is an answer that could not be given, or a deny where the other side
//! lets the same question in; alike on both sides. It counts only for somebody who is proved:
//! otherwise whoever writes tokens of his own could make either side look bad.

use crate::compare::{Inconclusive, Mismatch, MismatchClass, Observation, Verdict};
use crate::domain::{Decision, Reason, ReasonClass, Side};
use crate::ledger::{Compared, Finding, Gravity, Worth};

/// Whose allow means that somebody has been verified. SSOT's always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LegacyVerifies(pub bool);

/// Both sides of an answered question, as far as they are judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides<'a> {
    /// The side whose turn it was.
    pub arm: Side,
    /// What legacy said, if it was asked.
    pub legacy: Option<&'a Observation>,
    /// What SSOT said, if it was asked.
    pub ssot: Option<&'a Observation>,
    /// The arm was not asked, by our own doing. That is no failure of it.
    pub unasked: bool,
    /// A rescue was due, and over its budget.
    pub refused: bool,
    /// The caller was denied because SSOT has refuted the token, whatever was answered.
    pub barred: bool,
    /// What the comparison found.
    pub finding: &'a Finding<'a>,
}

impl Sides<'_> {
    /// What the arm's answer was worth.
    pub(super) fn worth(&self, verifies: LegacyVerifies) -> Worth {
        let (own, other) = match self.arm {
            Side::Legacy => (self.legacy, self.ssot),
            Side::Ssot => (self.ssot, self.legacy),
        };
        let Some(own) = own.filter(|_| !self.barred) else { return Worth::Nothing };
        let is_somebody = self.is_proven(verifies);
        // Where nobody else can say who it was, a failure counts as an allow would have.
        let would_be_somebody = self.arm == Side::Ssot || verifies.0;
        match (&own.answer, other) {
            (Err(_), _) if self.unasked => Worth::Nothing,
            // Whom the budget has left unasked, chance has not.
            (Err(_), None) if self.refused => Worth::Nothing,
            (Err(_), None) if would_be_somebody => Worth::Failed,
            (Err(_), Some(_)) if is_somebody => Worth::Failed,
            (Ok(Decision::Allow(_)), _) if is_somebody => Worth::Good,
            (Ok(Decision::Deny(_)), Some(other))
                if is_somebody && is_allow(other) && self.is_difference() =>
            {
                Worth::WronglyDenied
            }
            (Err(_) | Ok(Decision::Allow(_) | Decision::Deny(_)), _) => Worth::Nothing,
        }
    }

    /// What the comparison has found, as far as rules care.
    pub(super) fn compared(&self, verifies: LegacyVerifies) -> Compared {
        let Finding::Compared { verdict, accepted, .. } = self.finding else {
            return Compared::Not;
        };
        if self.unasked || !self.is_proven(verifies) {
            return Compared::Not;
        }
        match verdict {
            Verdict::Match => Compared::Harmless,
            Verdict::Mismatch(_) if *accepted => Compared::Harmless,
            Verdict::Mismatch(mismatch) => found(mismatch),
            Verdict::Inconclusive(Inconclusive::Failed(Side::Ssot))
                if self.legacy.is_some_and(is_allow) =>
            {
                Compared::SsotFailed
            }
            Verdict::Inconclusive(
                Inconclusive::Boundary
                | Inconclusive::Momentary
                | Inconclusive::Failed(Side::Legacy | Side::Ssot)
                | Inconclusive::BothFailed,
            ) => Compared::Not,
        }
    }

    /// True when one side has verified whose question it is.
    pub(super) fn is_proven(&self, LegacyVerifies(verifies): LegacyVerifies) -> bool {
        let by_ssot = self.ssot.is_some_and(|ssot| match &ssot.answer {
            Ok(Decision::Allow(_)) => true,
            Ok(Decision::Deny(denial)) => is_looked_at_last(&denial.reason),
            Err(_) => false,
        });
        by_ssot || verifies && self.legacy.is_some_and(is_allow)
    }

    /// True for a difference that counts: conclusive, and accepted by nobody.
    const fn is_difference(&self) -> bool {
        matches!(
            self.finding,
            Finding::Compared { verdict: Verdict::Mismatch(_), accepted: false, .. }
        )
    }
}

/// True for what may make a rule act: it wakes whoever watches.
pub(super) const fn is_urgent(served: Worth, compared: Compared) -> bool {
    served.is_failure()
        || match compared {
            Compared::Not | Compared::Harmless => false,
            Compared::Harmful | Compared::SsotFailed | Compared::Alarming(_) => true,
        }
}

const fn is_allow(observation: &Observation) -> bool {
    matches!(observation.answer, Ok(Decision::Allow(_)))
}

/// True for reasons that SSOT comes to only behind a signature that verifies.
const fn is_looked_at_last(reason: &Reason) -> bool {
    match reason.class() {
        ReasonClass::Time
        | ReasonClass::Claims
        | ReasonClass::Audience
        | ReasonClass::Purpose
        | ReasonClass::Revocation => true,
        ReasonClass::Extraction
        | ReasonClass::Form
        | ReasonClass::Algorithm
        | ReasonClass::Key
        | ReasonClass::Signature
        | ReasonClass::Issuer
        | ReasonClass::Everybody
        | ReasonClass::Unspecified => false,
    }
}

fn found(mismatch: &Mismatch) -> Compared {
    match mismatch.class {
        MismatchClass::ReasonDiffers | MismatchClass::Late => Compared::Harmless,
        MismatchClass::Stricter
        | MismatchClass::ScopesDiffer
        | MismatchClass::ClaimsDiffer
        | MismatchClass::EventLost
        | MismatchClass::EventRepeated
        | MismatchClass::EventReordered
        | MismatchClass::BodyDiffers
        | MismatchClass::ConnectionDiffers => Compared::Harmful,
        MismatchClass::SubjectDiffers | MismatchClass::Misdelivered => {
            Compared::Alarming(Gravity::AtOnce)
        }
        MismatchClass::Looser => {
            let reason = mismatch.legacy_reason.as_ref().map(Reason::class);
            Compared::Alarming(reason.map_or(Gravity::AfterThree, Gravity::of))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{Grant, PathError};
    use crate::ledger::NotCompared;

    const VERIFIES: LegacyVerifies = LegacyVerifies(true);
    const BLIND: LegacyVerifies = LegacyVerifies(false);

    /// One reason of each class, and whether SSOT comes to it only behind a good signature.
    const REASONS: [(Reason, bool); 13] = [
        (Reason::TokenMissing, false),
        (Reason::Segments, false),
        (Reason::Algorithm, false),
        (Reason::KeyUnknown, false),
        (Reason::Signature, false),
        (Reason::Issuer, false),
        (Reason::RefusesAll, false),
        (Reason::Unspecified, false),
        (Reason::Expired, true),
        (Reason::ClaimMissing("jti"), true),
        (Reason::Audience, true),
        (Reason::TokenType, true),
        (Reason::Revoked, true),
    ];

    fn seen(answer: Result<Decision, PathError>) -> Observation {
        Observation { answer, took: Duration::from_millis(1) }
    }

    fn allow() -> Observation {
        seen(Ok(Decision::Allow(Grant::default())))
    }

    fn deny(reason: Reason) -> Observation {
        seen(Ok(Decision::deny(reason)))
    }

    fn failed() -> Observation {
        seen(Err(PathError::TimedOut))
    }

    /// What the judge says of two answers that are not near any boundary.
    fn verdict(legacy: &Observation, ssot: &Observation) -> Verdict {
        let reason = |side: &Observation| side.denial().map(|denial| denial.reason.clone());
        let mismatch = |class| {
            let (legacy_reason, ssot_reason) = (reason(legacy), reason(ssot));
            Verdict::Mismatch(Mismatch { class, legacy_reason, ssot_reason })
        };
        match (&legacy.answer, &ssot.answer) {
            (Err(_), Err(_)) => Verdict::Inconclusive(Inconclusive::BothFailed),
            (Err(_), Ok(_)) => Verdict::Inconclusive(Inconclusive::Failed(Side::Legacy)),
            (Ok(_), Err(_)) => Verdict::Inconclusive(Inconclusive::Failed(Side::Ssot)),
            (Ok(Decision::Deny(_)), Ok(Decision::Allow(_))) => mismatch(MismatchClass::Looser),
            (Ok(Decision::Allow(_)), Ok(Decision::Deny(_))) => mismatch(MismatchClass::Stricter),
            (Ok(legacy), Ok(ssot)) if legacy == ssot => Verdict::Match,
            (Ok(_), Ok(_)) => mismatch(MismatchClass::ReasonDiffers),
        }
    }

    fn finding(verdict: &Verdict, accepted: bool) -> Finding<'_> {
        Finding::Compared { verdict, accepted, asked_again: false }
    }

    /// The worth on the legacy arm and on the SSOT arm, and what was compared.
    fn judged(
        legacy: &Observation,
        ssot: &Observation,
        verdict: &Verdict,
        accepted: bool,
        verifies: LegacyVerifies,
    ) -> (Worth, Worth, Compared) {
        let finding = finding(verdict, accepted);
        let sides = |arm| Sides {
            arm,
            legacy: Some(legacy),
            ssot: Some(ssot),
            unasked: false,
            refused: false,
            barred: false,
            finding: &finding,
        };
        (
            sides(Side::Legacy).worth(verifies),
            sides(Side::Ssot).worth(verifies),
            sides(Side::Ssot).compared(verifies),
        )
    }

    fn both(
        legacy: &Observation,
        ssot: &Observation,
        verifies: LegacyVerifies,
    ) -> (Worth, Worth, Compared) {
        judged(legacy, ssot, &verdict(legacy, ssot), false, verifies)
    }

    fn alone(arm: Side, observation: &Observation, verifies: LegacyVerifies) -> Worth {
        let finding = Finding::NotCompared(NotCompared::SampledOut);
        let (legacy, ssot) = match arm {
            Side::Legacy => (Some(observation), None),
            Side::Ssot => (None, Some(observation)),
        };
        let sides = Sides {
            arm,
            legacy,
            ssot,
            unasked: false,
            refused: false,
            barred: false,
            finding: &finding,
        };
        assert_eq!(sides.compared(verifies), Compared::Not);
        sides.worth(verifies)
    }

    #[test]
    fn whoever_both_let_in_is_good_on_either_arm_whoever_verifies() {
        for verifies in [VERIFIES, BLIND] {
            let good = (Worth::Good, Worth::Good, Compared::Harmless);
            assert_eq!(both(&allow(), &allow(), verifies), good);
        }
    }

    #[test]
    fn a_deny_is_wrong_where_the_other_side_lets_somebody_in_alike_on_both_arms() {
        for (reason, _) in REASONS {
            let (legacy, ssot, found) = both(&allow(), &deny(reason.clone()), VERIFIES);
            assert_eq!((legacy, ssot), (Worth::Good, Worth::WronglyDenied), "{reason:?}");
            assert_eq!(found, Compared::Harmful, "{reason:?}");
            let (legacy, ssot, _) = both(&deny(reason.clone()), &allow(), VERIFIES);
            assert_eq!((legacy, ssot), (Worth::WronglyDenied, Worth::Good), "{reason:?}");
        }
    }

    #[test]
    fn an_allow_of_a_legacy_that_does_not_look_proves_nobody_unless_ssot_has_looked() {
        for (reason, looked) in REASONS {
            let found = both(&allow(), &deny(reason.clone()), BLIND);
            let expected = if looked {
                (Worth::Good, Worth::WronglyDenied, Compared::Harmful)
            } else {
                (Worth::Nothing, Worth::Nothing, Compared::Not)
            };
            assert_eq!(found, expected, "{reason:?}");
        }
    }

    #[test]
    fn denies_that_agree_are_neither_good_nor_bad() {
        for (reason, looked) in REASONS {
            let (legacy, ssot, found) =
                both(&deny(reason.clone()), &deny(reason.clone()), VERIFIES);
            assert_eq!((legacy, ssot), (Worth::Nothing, Worth::Nothing), "{reason:?}");
            let expected = if looked { Compared::Harmless } else { Compared::Not };
            assert_eq!(found, expected, "{reason:?}");
        }
        let words = both(&deny(Reason::Signature), &deny(Reason::Expired), VERIFIES);
        assert_eq!(words, (Worth::Nothing, Worth::Nothing, Compared::Harmless));
    }

    #[test]
    fn a_failure_counts_once_the_other_side_shows_that_it_was_somebody() {
        let (legacy, ssot, found) = both(&allow(), &failed(), VERIFIES);
        assert_eq!((legacy, ssot, found), (Worth::Good, Worth::Failed, Compared::SsotFailed));
        let (legacy, ssot, found) = both(&failed(), &allow(), BLIND);
        assert_eq!((legacy, ssot, found), (Worth::Failed, Worth::Good, Compared::Not));
        let nothing = (Worth::Nothing, Worth::Nothing, Compared::Not);
        assert_eq!(both(&allow(), &failed(), BLIND), nothing);
        assert_eq!(both(&failed(), &failed(), VERIFIES), nothing);
        for (reason, looked) in REASONS {
            // Legacy's deny proves nobody: what it looks at first is not known.
            assert_eq!(both(&deny(reason.clone()), &failed(), VERIFIES), nothing, "{reason:?}");
            let (legacy, ..) = both(&failed(), &deny(reason.clone()), VERIFIES);
            assert_eq!(legacy == Worth::Failed, looked, "{reason:?}");
        }
    }

    #[test]
    fn where_nobody_else_was_asked_a_failure_counts_by_itself_and_a_deny_does_not() {
        for verifies in [VERIFIES, BLIND] {
            for arm in [Side::Legacy, Side::Ssot] {
                let nobody = arm == Side::Legacy && !verifies.0;
                let expected = if nobody { Worth::Nothing } else { Worth::Failed };
                assert_eq!(alone(arm, &failed(), verifies), expected, "as an allow would");
                for (reason, _) in REASONS {
                    assert_eq!(alone(arm, &deny(reason), verifies), Worth::Nothing);
                }
            }
            assert_eq!(alone(Side::Ssot, &allow(), verifies), Worth::Good);
        }
        assert_eq!(alone(Side::Legacy, &allow(), VERIFIES), Worth::Good);
        assert_eq!(alone(Side::Legacy, &allow(), BLIND), Worth::Nothing);
    }

    #[test]
    fn what_we_did_not_ask_is_no_failure_of_anybody() {
        let (legacy, ssot) = (allow(), failed());
        let verdict = verdict(&legacy, &ssot);
        let compared = finding(&verdict, false);
        let asked = Sides {
            arm: Side::Ssot,
            legacy: Some(&legacy),
            ssot: Some(&ssot),
            unasked: false,
            refused: false,
            barred: false,
            finding: &compared,
        };
        let unasked = Sides { unasked: true, ..asked };
        assert_eq!(
            (asked.worth(VERIFIES), unasked.worth(VERIFIES)),
            (Worth::Failed, Worth::Nothing)
        );
        assert_eq!(unasked.compared(VERIFIES), Compared::Not);
        // A rescue over its budget: chance has not chosen who was asked, unless the sample did.
        let alone = Finding::NotCompared(NotCompared::SampledOut);
        let refused = Sides { refused: true, legacy: None, finding: &alone, ..asked };
        assert_eq!(refused.worth(VERIFIES), Worth::Nothing);
        assert_eq!(Sides { refused: true, ..asked }.worth(VERIFIES), Worth::Failed);
    }

    #[test]
    fn what_an_operator_accepts_harms_nobody() {
        let (legacy, ssot) = (allow(), deny(Reason::Audience));
        let verdict = verdict(&legacy, &ssot);
        let found = judged(&legacy, &ssot, &verdict, true, VERIFIES);
        assert_eq!(found, (Worth::Good, Worth::Nothing, Compared::Harmless));
        let (legacy, ssot) = (deny(Reason::Signature), allow());
        let found = judged(&legacy, &ssot, &self::verdict(&legacy, &ssot), true, VERIFIES);
        assert_eq!(found, (Worth::Nothing, Worth::Good, Compared::Harmless));
    }

    #[test]
    fn what_is_inconclusive_accuses_neither_side() {
        for why in [Inconclusive::Boundary, Inconclusive::Momentary] {
            let verdict = Verdict::Inconclusive(why);
            let found = judged(&allow(), &deny(Reason::Expired), &verdict, false, VERIFIES);
            assert_eq!(found, (Worth::Good, Worth::Nothing, Compared::Not), "{why:?}");
            let found = judged(&deny(Reason::Expired), &allow(), &verdict, false, VERIFIES);
            assert_eq!(found, (Worth::Nothing, Worth::Good, Compared::Not), "{why:?}");
        }
    }

    #[test]
    fn what_enforced_invariants_deny_is_worth_nothing_on_either_arm() {
        let verdict = verdict(&allow(), &deny(Reason::Signature));
        let finding = finding(&verdict, false);
        let (allow, deny, failed) = (allow(), deny(Reason::Signature), failed());
        for (arm, legacy, ssot) in [
            (Side::Legacy, Some(&allow), Some(&deny)),
            (Side::Legacy, Some(&failed), None),
            (Side::Ssot, None, Some(&failed)),
        ] {
            let sides = Sides {
                arm,
                legacy,
                ssot,
                unasked: false,
                refused: false,
                barred: true,
                finding: &finding,
            };
            assert_eq!(sides.worth(VERIFIES), Worth::Nothing);
        }
    }

    #[test]
    fn a_looser_answer_is_as_grave_as_the_reason_that_it_overlooks() {
        for (reason, _) in REASONS {
            let grave = matches!(
                reason,
                Reason::Signature
                    | Reason::Algorithm
                    | Reason::KeyUnknown
                    | Reason::Revoked
                    | Reason::Issuer
            );
            let gravity = if grave { Gravity::AtOnce } else { Gravity::AfterThree };
            let (.., found) = both(&deny(reason.clone()), &allow(), BLIND);
            assert_eq!(found, Compared::Alarming(gravity), "{reason:?}");
        }
    }

    #[test]
    fn two_grants_that_differ_harm_and_another_subject_alarms() {
        for (class, expected) in [
            (MismatchClass::SubjectDiffers, Compared::Alarming(Gravity::AtOnce)),
            (MismatchClass::ScopesDiffer, Compared::Harmful),
            (MismatchClass::ClaimsDiffer, Compared::Harmful),
        ] {
            let mismatch = Mismatch { class, legacy_reason: None, ssot_reason: None };
            let verdict = Verdict::Mismatch(mismatch);
            let found = judged(&allow(), &allow(), &verdict, false, BLIND);
            assert_eq!(found, (Worth::Good, Worth::Good, expected), "{class:?}");
        }
    }

    #[test]
    fn only_what_may_make_a_rule_act_is_urgent() {
        for worth in [Worth::Failed, Worth::WronglyDenied] {
            assert!(is_urgent(worth, Compared::Not));
        }
        for compared in [
            Compared::Harmful,
            Compared::SsotFailed,
            Compared::Alarming(Gravity::AtOnce),
            Compared::Alarming(Gravity::AfterThree),
        ] {
            assert!(is_urgent(Worth::Good, compared));
        }
        for worth in [Worth::Good, Worth::Nothing] {
            assert!(!is_urgent(worth, Compared::Not) && !is_urgent(worth, Compared::Harmless));
        }
    }
}
