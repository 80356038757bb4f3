//! What takes part in a race.

use std::pin::Pin;

use super::house::House;
use crate::domain::{ComponentId, Revision, SegmentId};
use crate::flags::import::Import;
use crate::flags::memory::Lowered;
use crate::flags::room::{Change, Order, Step};
use crate::flags::samples::{NOW, canary, operator, trip};
use crate::flags::{
    Applied, BackTo, Cause, Document, FlagsError, Format, MoveRefusal, Selection, Serve,
    SettingsPatch, Stage, Target,
};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// The guard rolls back what serves.
    Guard,
    /// An operator rolls back.
    RollBack,
    /// Everything goes back.
    Kill,
    /// A higher share.
    Raise,
    /// The same from the revision that the pair starts with.
    PlanRaise,
    /// A document that raises both of the pair.
    Import,
    /// The higher share that the component had before.
    Restore,
    /// A target by which more people come to SSOT.
    Targets,
    /// Nothing may be raised.
    Hold,
    /// A smaller share.
    Lower,
    /// It may be raised again.
    Release,
}

/// A deed, and which of the pair it is about: 0 is the parent.
pub(super) type Part = (Deed, usize);

/// What comes of it.
pub(super) type Outcome = Result<Option<Applied>, FlagsError>;
pub(super) type Work = Pin<Box<dyn Future<Output = Outcome>>>;

impl Deed {
    pub const CHANGES: [Self; 7] = [
        Self::Raise,
        Self::PlanRaise,
        Self::Import,
        Self::Restore,
        Self::Targets,
        Self::Hold,
        Self::Lower,
    ];

    /// Rolls back, and so is published when it starts.
    pub const fn is_rollback(self) -> bool {
        match self {
            Self::Guard | Self::RollBack | Self::Kill => true,
            Self::Raise
            | Self::PlanRaise
            | Self::Import
            | Self::Restore
            | Self::Targets
            | Self::Hold
            | Self::Lower
            | Self::Release => false,
        }
    }

    /// Publishes a rollback; `None` when there was nothing to do.
    pub fn roll_back(
        self,
        house: &House,
        pair: &[ComponentId; 2],
        who: usize,
        attempt: Revision,
    ) -> Result<Option<Lowered>, FlagsError> {
        let room = &house.flags.room;
        match self {
            Self::Guard => room.roll_back_serving(&pair[who], &trip(), attempt),
            Self::RollBack => room.roll_back(&pair[who], &operator("back"), |_| None).map(Some),
            Self::Kill => {
                let heard = |id: &ComponentId| pair.contains(id).then_some(NOW);
                let cause = operator("all back");
                Ok(room.sweep(Selection::All, BackTo::Shadow, &cause, heard).0)
            }
            other => panic!("{other:?} rolls nothing back"),
        }
    }

    /// A change that waits its turn. `seen` is the revision that the pair starts with.
    pub fn change(
        self,
        house: &House,
        pair: &[ComponentId; 2],
        who: usize,
        seen: Revision,
    ) -> Change {
        let component = pair[who].clone();
        let (mut expected, mut cause) = (None, operator("test"));
        let step = match self {
            Self::Raise => Step::To(raised(who)),
            Self::PlanRaise => {
                (expected, cause) = (Some(seen), Cause::Schedule { plan: "step 2".to_owned() });
                Step::To(raised(who))
            }
            Self::Import => return Change::Many(import(pair)),
            Self::Restore => {
                let line = house.flags.history_line(&component, house.higher[&component]);
                Step::Restore(Box::new(line.expect("a line").into_line().after))
            }
            Self::Targets => Step::Settings(targets()),
            Self::Hold => Step::Hold,
            Self::Lower => Step::To(canary([3000, 500][who])),
            Self::Release => Step::Release,
            Self::Guard | Self::RollBack | Self::Kill => panic!("{self:?} does not wait"),
        };
        Change::One(Order { component, step, expected, cause })
    }

    /// What such a change may be refused for.
    pub fn may_refuse(self, refusal: &MoveRefusal) -> bool {
        use MoveRefusal as Is;
        let is_marked = matches!(refusal, Is::Latched { .. } | Is::Held { .. });
        let is_too_far = matches!(refusal, Is::AboveRequired { .. } | Is::SkipsAStage { .. });
        is_too_far
            || (is_marked && self != Self::Hold)
            || (self == Self::Lower && matches!(refusal, Is::BelowDependent { .. }))
            || (self == Self::RollBack && *refusal == Is::NothingToRollBack)
            || (self == Self::Release && *refusal == Is::NotLatched)
    }
}

fn raised(who: usize) -> Stage {
    canary([9000, 4000][who])
}

fn import([parent, child]: &[ComponentId; 2]) -> Import {
    let text = format!(
        "[component.{parent}]\nstage = \"canary\"\nshare_percent = 95\n\
         [component.{child}]\nstage = \"canary\"\nshare_percent = 45\n"
    );
    let document = Document::parse(&text, Format::Toml).expect("a document");
    Import { document, expected: None, cause: operator("import") }
}

fn targets() -> SettingsPatch {
    let segment = SegmentId::parse("beta").expect("a name");
    let targets = Some(vec![Target { segment, serve: Serve::Ssot }]);
    SettingsPatch { targets, ..SettingsPatch::default() }
}
