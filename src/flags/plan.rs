//! What becomes of one question: who serves it, whether the answers are compared, and what
//! happens when the serving side fails.

use super::{By, Evaluation, Flag, Rescue, Serve, Stage};
use crate::domain::{Revision, Share, Side, Slot, SubjectKey};

/// The plan of one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The side that answers the caller.
    pub serving: Side,
    /// True when the other side is asked after the answer, and the two are compared.
    pub compare: bool,
    /// What happens when the serving side fails. Never when it denies: a deny is an answer.
    pub on_failure: OnFailure,
    /// What decided who serves.
    pub by: By,
    /// The caller's slot; `None` when no subject could be read.
    pub slot: Option<Slot>,
    /// What stands for the caller's subject.
    pub subject: Option<SubjectKey>,
    /// The revision of the flag that the plan was made from.
    pub revision: Revision,
}

/// What happens when the serving side fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Nobody can answer: 503.
    Unavailable,
    /// The other side answers.
    OtherSide {
        /// True when the rescue counts against `rescues_per_second_max`.
        budgeted: bool,
    },
}

impl Plan {
    /// The plan for whoever was evaluated so. `draw` is random, 0 to 9,999, and decides on
    /// sampling.
    pub fn of(flag: &Flag, evaluation: &Evaluation, draw: u16) -> Self {
        Self {
            serving: evaluation.side(),
            compare: draw < sample(flag, *evaluation).basis_points(),
            on_failure: on_failure(flag, *evaluation),
            by: evaluation.by,
            slot: evaluation.slot,
            subject: evaluation.subject,
            revision: flag.revision,
        }
    }
}

/// The part of answers that are compared for somebody who is served so.
fn sample(flag: &Flag, evaluation: Evaluation) -> Share {
    match (evaluation.serve, evaluation.by) {
        (Serve::Legacy, _) => Share::NONE,
        (Serve::Shadow, By::Target(_)) => flag.sample.unwrap_or(Stage::Shadow.default_sample()),
        (Serve::Shadow | Serve::Ssot, _) => flag.effective_sample(),
    }
}

/// The fallback table of the stages. Whom a target keeps on legacy, here or at a required
/// component, ssot never serves.
fn on_failure(flag: &Flag, evaluation: Evaluation) -> OnFailure {
    if let (By::Target(_) | By::Required, Side::Legacy) = (evaluation.by, evaluation.side()) {
        return OnFailure::Unavailable;
    }
    match (flag.stage, evaluation.side()) {
        (Stage::Off | Stage::Shadow | Stage::Sealed | Stage::Complete, _) => OnFailure::Unavailable,
        (Stage::Canary(_), Side::Ssot) => OnFailure::OtherSide { budgeted: false },
        (Stage::Canary(_), Side::Legacy) => match flag.rescue {
            Rescue::Ssot => OnFailure::Unavailable,
            Rescue::Both => OnFailure::OtherSide { budgeted: true },
        },
        (Stage::Live, _) => OnFailure::OtherSide { budgeted: true },
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{canary, flag};
    use super::*;

    const LOW: Slot = Slot::from_hash(0);
    const HIGH: Slot = Slot::from_hash(9_999);
    const BUDGETED: OnFailure = OnFailure::OtherSide { budgeted: true };
    const FREE: OnFailure = OnFailure::OtherSide { budgeted: false };
    const NONE: OnFailure = OnFailure::Unavailable;

    #[test]
    fn the_table_of_stages_holds() {
        use Side::{Legacy, Ssot};
        let half = canary(5000);
        let table = [
            // stage, rescue, slot, serves, fails, sampled basis points
            (Stage::Off, Rescue::Both, Some(LOW), Legacy, NONE, 0),
            (Stage::Off, Rescue::Both, None, Legacy, NONE, 0),
            (Stage::Shadow, Rescue::Both, Some(LOW), Legacy, NONE, 10_000),
            (Stage::Shadow, Rescue::Ssot, None, Legacy, NONE, 10_000),
            (half, Rescue::Ssot, Some(LOW), Ssot, FREE, 10_000),
            (half, Rescue::Both, Some(LOW), Ssot, FREE, 10_000),
            (half, Rescue::Ssot, Some(HIGH), Legacy, NONE, 10_000),
            (half, Rescue::Both, Some(HIGH), Legacy, BUDGETED, 10_000),
            (half, Rescue::Ssot, None, Legacy, NONE, 10_000),
            (half, Rescue::Both, None, Legacy, BUDGETED, 10_000),
            (canary(1), Rescue::Ssot, Some(LOW), Ssot, FREE, 10_000),
            (canary(9_999), Rescue::Ssot, Some(HIGH), Legacy, NONE, 10_000),
            (canary(9_999), Rescue::Ssot, None, Legacy, NONE, 10_000),
            (canary(10_000), Rescue::Ssot, Some(HIGH), Ssot, FREE, 10_000),
            (canary(10_000), Rescue::Ssot, None, Ssot, FREE, 10_000),
            (Stage::Live, Rescue::Ssot, None, Ssot, BUDGETED, 500),
            (Stage::Sealed, Rescue::Both, None, Ssot, NONE, 100),
            (Stage::Complete, Rescue::Both, None, Ssot, NONE, 0),
        ];
        for (stage, rescue, slot, serving, on_failure, sampled) in table {
            let flag = Flag { stage, rescue, ..flag("http-auth") };
            let case = format!("{stage} {rescue:?} {slot:?}");
            let plan = Plan::of(&flag, &Evaluation::by_stage(flag.stage, slot), 9_999);
            assert_eq!((plan.serving, plan.on_failure), (serving, on_failure), "{case}");
            let compared = (0..10_000).filter(|draw| {
                Plan::of(&flag, &Evaluation::by_stage(flag.stage, slot), *draw).compare
            });
            assert_eq!(compared.count(), sampled, "{case}");
        }
    }

    #[test]
    fn a_flag_may_say_how_much_is_compared_where_anything_is() {
        let sample = Share::from_basis_points(2500);
        let compared = |stage| {
            let flag = Flag { stage, sample, ..flag("http-auth") };
            (0..10_000)
                .filter(|draw| {
                    Plan::of(&flag, &Evaluation::by_stage(flag.stage, None), *draw).compare
                })
                .count()
        };
        assert_eq!([Stage::Shadow, Stage::Live, Stage::Sealed].map(compared), [2500; 3]);
        assert_eq!([Stage::Off, Stage::Complete].map(compared), [0; 2]);
    }
}
