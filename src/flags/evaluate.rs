//! Who serves a question, and which rule says so. The same for the data path, for whoever asks
//! which side serves a subject, and for whoever wants it explained.

use super::{Facts, Flag, Serve, Snapshot, Stage};
use crate::domain::{ComponentId, Share, Side, Slot, SubjectKey};

/// Who serves, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// How it is served.
    pub serve: Serve,
    /// What decided.
    pub by: By,
    /// The subject's place; `None` without a readable subject.
    pub slot: Option<Slot>,
    /// What stands for the subject.
    pub subject: Option<SubjectKey>,
}

/// What decided who serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The stage: all alike.
    Stage,
    /// The target in this place of the flag's list.
    Target(u8),
    /// The share: the subject's slot is below it, or not.
    Share,
    /// There is no subject to be read, and the share is not everybody.
    NoSubject,
    /// A required component is on legacy for this subject.
    Required,
}

impl Evaluation {
    /// The side that serves.
    pub const fn side(&self) -> Side {
        match self.serve {
            Serve::Ssot => Side::Ssot,
            Serve::Legacy | Serve::Shadow => Side::Legacy,
        }
    }

    /// What stage and share say, without targets and without other components.
    pub(super) fn by_stage(stage: Stage, slot: Option<Slot>) -> Self {
        let (serve, by) = match stage {
            Stage::Off => (Serve::Legacy, By::Stage),
            Stage::Shadow => (Serve::Shadow, By::Stage),
            Stage::Canary(Share::ALL) => (Serve::Ssot, By::Share),
            Stage::Canary(share) => match slot {
                Some(slot) if slot.is_below(share) => (Serve::Ssot, By::Share),
                Some(_) => (Serve::Shadow, By::Share),
                None => (Serve::Shadow, By::NoSubject),
            },
            Stage::Live | Stage::Sealed | Stage::Complete => (Serve::Ssot, By::Stage),
        };
        Self { serve, by, slot, subject: None }
    }
}

impl Snapshot {
    /// Who serves whoever `facts` are of, under `flag`.
    ///
    /// The first target that matches decides, in the order of the list; then the share. In shadow a
    /// target can only keep ssot from being asked; from sealed on there are none. Whoever ssot
    /// serves here is served by it at the required components as well.
    pub fn evaluate(&self, flag: &Flag, facts: &Facts<'_>) -> Evaluation {
        let own = self.evaluate_alone(flag, facts);
        if own.serve == Serve::Ssot && self.required_on_legacy(flag, facts).is_some() {
            return Evaluation { serve: Serve::Shadow, by: By::Required, ..own };
        }
        own
    }

    /// What the flag says, whatever it requires.
    fn evaluate_alone(&self, flag: &Flag, facts: &Facts<'_>) -> Evaluation {
        let subject = self.key_of(flag, facts);
        let slot = subject.map(SubjectKey::slot);
        let by_stage = Evaluation { subject, ..Evaluation::by_stage(flag.stage, slot) };
        match self.by_target(flag, facts) {
            Some((serve, by)) => Evaluation { serve, by, ..by_stage },
            None => by_stage,
        }
    }

    /// True when who serves may depend on what only a verified token can tell.
    pub fn asks_for_proof(&self, flag: &Flag) -> bool {
        let asks = |segment: &str| self.segment(segment).is_some_and(|set| set.asks_for_proof());
        let by_target =
            |flag: &Flag| flag.targets.iter().any(|target| asks(target.segment.as_str()));
        // Most flags require nothing: they are asked about for every question.
        by_target(flag)
            || !flag.requires.is_empty() && self.lineage(flag).into_iter().any(by_target)
    }

    /// The required component, near or far, that is on legacy for this subject by its own rules.
    /// Without targets shares nest, so that none needs to be asked.
    pub(super) fn required_on_legacy<'s>(
        &'s self,
        flag: &'s Flag,
        facts: &Facts<'_>,
    ) -> Option<&'s ComponentId> {
        if flag.requires.is_empty() || flag.stage >= Stage::Sealed {
            return None;
        }
        let lineage = self.lineage(flag);
        if lineage.iter().all(|flag| flag.targets.is_empty()) {
            return None;
        }
        let on_legacy = |parent: &&Flag| self.evaluate_alone(parent, facts).serve != Serve::Ssot;
        lineage.into_iter().skip(1).find(on_legacy).map(|parent| &parent.component)
    }

    /// The target that matches, whatever the stage makes of it.
    pub(super) fn matching_target(&self, flag: &Flag, facts: &Facts<'_>) -> Option<(u8, Serve)> {
        let matches = |segment: &str| {
            let segment = self.segment(segment)?;
            segment.matches(facts, self.issuers())
        };
        let mut targets = (0..).zip(&flag.targets);
        let (place, target) =
            targets.find(|(_, target)| matches(target.segment.as_str()).is_some())?;
        Some((place, target.serve))
    }

    fn by_target(&self, flag: &Flag, facts: &Facts<'_>) -> Option<(Serve, By)> {
        if flag.targets.is_empty() {
            return None;
        }
        let (place, serve) = match (flag.stage, self.matching_target(flag, facts)?) {
            (Stage::Canary(_) | Stage::Live, target)
            | (Stage::Shadow, target @ (_, Serve::Legacy)) => target,
            (Stage::Shadow, (_, Serve::Ssot | Serve::Shadow))
            | (Stage::Off | Stage::Sealed | Stage::Complete, _) => return None,
        };
        Some((serve, By::Target(place)))
    }

    /// The flag, then all it requires, directly or not, the nearest first; each once.
    fn lineage<'s>(&'s self, flag: &'s Flag) -> Vec<&'s Flag> {
        let mut lineage = vec![flag];
        let mut asked = 0;
        while let Some(child) = lineage.get(asked).copied() {
            for parent in child.requires.iter().filter_map(|id| self.flag(id.as_str())) {
                if lineage.iter().all(|known| known.component != parent.component) {
                    lineage.push(parent);
                }
            }
            asked += 1;
        }
        lineage
    }
}
