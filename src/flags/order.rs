//! The order between components: nobody goes beyond what it requires.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::memory::Pending;
use super::{Flag, MoveRefusal, Snapshot, Stage};
use crate::domain::{ComponentId, TokenForm};

/// The stages that a rollback looks at: those published, with what the change that is on its
/// way to the disk raises counted as raised.
pub(super) struct View<'a> {
    pending: Option<&'a Pending>,
    /// What requires a component directly, in the order of the ids.
    dependents: HashMap<&'a ComponentId, Vec<&'a Arc<Flag>>>,
}

impl<'a> View<'a> {
    pub fn new(published: &'a Snapshot, pending: Option<&'a Pending>) -> Self {
        let mut dependents: HashMap<_, Vec<&Arc<Flag>>> = HashMap::new();
        for flag in published.iter() {
            for parent in &flag.requires {
                dependents.entry(parent).or_default().push(flag);
            }
        }
        for each in dependents.values_mut() {
            each.sort_by(|a, b| a.component.cmp(&b.component));
        }
        Self { pending, dependents }
    }

    /// How far a component has come. A change that would lower it is not there yet.
    pub fn stage(&self, flag: &Flag) -> Stage {
        let pending = self.pending.and_then(|pending| pending.stage(&flag.component));
        pending.unwrap_or(flag.stage).max(flag.stage)
    }

    /// What requires a component directly.
    pub fn dependents(&self, id: &ComponentId) -> &[&'a Arc<Flag>] {
        self.dependents.get(id).map_or(&[], Vec::as_slice)
    }

    /// Whatever stands above `target` and requires the component, directly or not; deepest first.
    pub fn falling(&self, id: &ComponentId, target: Stage) -> Vec<&'a Arc<Flag>> {
        let mut order = Vec::new();
        self.visit(id, &mut HashSet::new(), &mut order);
        order.retain(|flag| self.stage(flag) > target);
        order
    }

    /// These and whatever requires them, directly or not; deepest first.
    pub fn with_dependents(
        &self,
        roots: impl IntoIterator<Item = &'a Arc<Flag>>,
    ) -> Vec<&'a Arc<Flag>> {
        let (mut seen, mut order) = (HashSet::new(), Vec::new());
        for root in roots {
            if seen.insert(&root.component) {
                self.visit(&root.component, &mut seen, &mut order);
                order.push(root);
            }
        }
        order
    }

    fn visit(
        &self,
        id: &ComponentId,
        seen: &mut HashSet<&'a ComponentId>,
        done: &mut Vec<&'a Arc<Flag>>,
    ) {
        for dependent in self.dependents(id) {
            if seen.insert(&dependent.component) {
                self.visit(&dependent.component, seen, done);
                done.push(dependent);
            }
        }
    }
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
    let mut order = Vec::new();
    View::new(snapshot, None).visit(&flag.component, &mut HashSet::new(), &mut order);
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
    let above =
        |child: &&Arc<Flag>| child.stage > flag.stage && child.requires.contains(&flag.component);
    match snapshot.iter().filter(above).min_by(|a, b| a.component.cmp(&b.component)) {
        Some(child) => {
            let (child, stage) = (child.component.clone(), child.stage);
            Err(MoveRefusal::BelowDependent { child, stage })
        }
        None => Ok(()),
    }
}
