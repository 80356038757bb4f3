//! In which order components are shown: by phase, and in each what requires another behind it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::domain::ComponentId;
use crate::flags::{Flag, Phase};

/// Deeper than this nothing is set back any further.
const DEPTH_MAX: usize = 4;

/// A component's place in its phase.
pub(super) struct Placed<'f> {
    pub flag: &'f Arc<Flag>,
    /// How many stand before it in its chain, within the phase.
    pub depth: usize,
}

/// The components of each phase in their order; phases without one are left out. `flags` come
/// sorted by phase and id.
pub(super) fn chains<'f>(flags: &[&'f Arc<Flag>]) -> Vec<(Phase, Vec<Placed<'f>>)> {
    let mut phases: Vec<(Phase, Vec<&Arc<Flag>>)> = Vec::new();
    for flag in flags {
        match phases.last_mut() {
            Some((phase, list)) if *phase == flag.phase => list.push(flag),
            _ => phases.push((flag.phase, vec![flag])),
        }
    }
    phases.into_iter().map(|(phase, list)| (phase, chain(&list))).collect()
}

fn chain<'f>(flags: &[&'f Arc<Flag>]) -> Vec<Placed<'f>> {
    let here: HashSet<&ComponentId> = flags.iter().map(|flag| &flag.component).collect();
    let mut children: HashMap<&ComponentId, Vec<&'f Arc<Flag>>> = HashMap::new();
    let mut roots = Vec::new();
    for flag in flags {
        // One place is enough: the first that it requires here.
        match flag.requires.iter().find(|parent| here.contains(parent)) {
            Some(parent) => children.entry(parent).or_default().push(flag),
            None => roots.push(*flag),
        }
    }
    let mut placed = Vec::new();
    let mut left: Vec<(&'f Arc<Flag>, usize)> =
        roots.into_iter().rev().map(|flag| (flag, 0)).collect();
    while let Some((flag, depth)) = left.pop() {
        let below = children.remove(&flag.component).unwrap_or_default();
        left.extend(below.into_iter().rev().map(|child| (child, depth + 1)));
        placed.push(Placed { flag, depth: depth.min(DEPTH_MAX) });
    }
    placed
}

/// What a phase is about.
pub(super) const fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Tokens => "one token authority",
        Phase::Sockets => "one socket manager",
        Phase::GoldenPath => "the golden path",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::Stage;
    use crate::flags::testing::flag_at;

    #[test]
    fn what_requires_another_stands_behind_it_and_set_back() {
        let id = |text: &str| ComponentId::parse(text).expect("an id");
        let flag = |name: &str, requires: &[&str]| {
            let flag = flag_at(name, Stage::Off, Vec::new());
            Arc::new(Flag { requires: requires.iter().map(|name| id(name)).collect(), ..flag })
        };
        let all = [flag("a", &["c"]), flag("b", &[]), flag("c", &["elsewhere"]), flag("d", &["a"])];
        let flags: Vec<&Arc<Flag>> = all.iter().collect();
        let chains = chains(&flags);
        let order: Vec<(&str, usize)> = chains[0]
            .1
            .iter()
            .map(|placed| (placed.flag.component.as_str(), placed.depth))
            .collect();
        assert_eq!(order, [("b", 0), ("c", 0), ("a", 1), ("d", 2)]);
    }
}
