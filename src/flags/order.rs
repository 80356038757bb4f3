//! The order between components: nobody goes beyond what it requires.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Flag, MoveRefusal, Snapshot, Stage};
use crate::domain::{ComponentId, TokenForm};

/// The stages that a rollback looks at: those published, with the change that is on its way to
/// the disk counted as done.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub published: &'a Snapshot,
    pub pending: Option<&'a Flag>,
}

impl<'a> View<'a> {
    /// How far a component has come.
    pub fn stage(&self, flag: &Flag) -> Stage {
        match self.pending {
            Some(pending) if pending.component == flag.component => pending.stage,
            Some(_) | None => flag.stage,
        }
    }

    /// Whatever stands above `target` and requires the component, directly or not; deepest first.
    pub fn falling(&self, id: &ComponentId, target: Stage) -> Vec<&'a Arc<Flag>> {
        let mut order = Vec::new();
        self.visit(id, &mut HashSet::new(), &mut order);
        order.retain(|flag| self.stage(flag) > target);
        order
    }

    fn visit(
        &self,
        id: &ComponentId,
        seen: &mut HashSet<ComponentId>,
        done: &mut Vec<&'a Arc<Flag>>,
    ) {
        for dependent in dependents(self.published, id) {
            if seen.insert(dependent.component.clone()) {
                self.visit(&dependent.component, seen, done);
                done.push(dependent);
            }
        }
    }
}

/// The flags that require `id` directly, in the order of their ids.
fn dependents<'a>(snapshot: &'a Snapshot, id: &ComponentId) -> Vec<&'a Arc<Flag>> {
    let mut found: Vec<&Arc<Flag>> =
        snapshot.iter().filter(|flag| flag.requires.contains(id)).collect();
    found.sort_by(|a, b| a.component.cmp(&b.component));
    found
}

/// Refuses tokens that legacy cannot read while anything that requires `flag`, directly or not,
/// may still roll back.
pub(super) fn check_form(snapshot: &Snapshot, flag: &Flag) -> Result<(), MoveRefusal> {
    match (flag.token_form, below_sealed(snapshot, flag)) {
        (TokenForm::Own, Some(child)) => {
            let (component, stage) = (child.component.clone(), child.stage);
            Err(MoveRefusal::TokenFormTooEarly { component, stage })
        }
        (TokenForm::Own, None) | (TokenForm::Compatible, _) => Ok(()),
    }
}

/// What requires `flag`, directly or not, and may still roll back.
pub(super) fn below_sealed<'s>(snapshot: &'s Snapshot, flag: &Flag) -> Option<&'s Arc<Flag>> {
    let (mut order, mut seen) = (Vec::new(), HashSet::new());
    let view = View { published: snapshot, pending: None };
    view.visit(&flag.component, &mut seen, &mut order);
    order.into_iter().find(|child| child.stage < Stage::Sealed)
}

/// Refuses a stage beyond what `flag` requires.
pub(super) fn check_above(snapshot: &Snapshot, flag: &Flag) -> Result<(), MoveRefusal> {
    for parent in &flag.requires {
        let stage = snapshot.flag(parent.as_str()).map_or(Stage::Off, |flag| flag.stage);
        if flag.stage > stage {
            return Err(MoveRefusal::AboveRequired { parent: parent.clone(), stage });
        }
    }
    Ok(())
}

/// Refuses a stage behind what requires `flag`.
pub(super) fn check_below(snapshot: &Snapshot, flag: &Flag) -> Result<(), MoveRefusal> {
    for child in dependents(snapshot, &flag.component) {
        if child.stage > flag.stage {
            let (child, stage) = (child.component.clone(), child.stage);
            return Err(MoveRefusal::BelowDependent { child, stage });
        }
    }
    Ok(())
}
