//! A name that has moved: `from old import X`.

use tree_sitter::Node;

use super::calls;
use super::decision::{Decision, NewImport};
use super::imports::{Item, Statement};
use super::planner::Planner;
use super::strings;
use crate::scan::rewrite::mapping::{CallShape, Language, Rule, Uses};
use crate::scan::rewrite::refusal::Why;

/// What becomes of an import of a name that has moved.
pub(super) fn decide<'a>(
    planner: &mut Planner<'a>,
    all: &[Statement<'a>],
    statement: &Statement<'a>,
    item: &Item<'a>,
    rule: &Rule,
) -> Decision {
    let new = rule.renamed(&item.name);
    let kept = NewImport::name(&rule.to, new, item.local());
    if let Some(shape) = rule.shape() {
        return decide_calls(planner, all, statement, item, rule, shape);
    }
    let wanted = rule.uses == Uses::Rename && item.alias.is_none() && item.local() != new;
    if wanted && renamed(planner, all, statement, item, rule) {
        return Decision::become_(NewImport::name(&rule.to, new, new));
    }
    Decision::become_(kept)
}

/// Gives every use the new name, if that is safe; says whether it was.
fn renamed<'a>(
    planner: &mut Planner<'a>,
    all: &[Statement<'a>],
    statement: &Statement<'a>,
    item: &Item<'a>,
    rule: &Rule,
) -> bool {
    let scope = planner.names.scope_of_import(statement.node.start_byte());
    let (local, new) = (item.local(), rule.renamed(&item.name).to_owned());
    let quoted = strings::mentions(planner.file, local);
    if quoted
        || planner.is_exported(scope, local)
        || !is_alone(planner, all, scope, local, rule)
        || !planner.claim(all, &new, rule)
    {
        return false;
    }
    rename(planner, scope, local, &new);
    true
}

fn rename(planner: &mut Planner<'_>, scope: usize, local: &str, new: &str) {
    for reference in planner.names.uses(scope, local) {
        planner.edits.replace(reference.node.byte_range(), new);
    }
}

fn is_alone<'a>(
    planner: &Planner<'a>,
    all: &[Statement<'a>],
    scope: usize,
    local: &str,
    rule: &Rule,
) -> bool {
    planner.is_alone(all, scope, local, &|statement, item| {
        let Some(from) = &statement.from else { return false };
        let mut rules = from
            .modules
            .iter()
            .filter_map(|module| planner.mapping.name(Language::Python, module, &item.name));
        item.alias.is_none() && rules.any(|other| other == rule)
    })
}

fn decide_calls<'a>(
    planner: &mut Planner<'a>,
    all: &[Statement<'a>],
    statement: &Statement<'a>,
    item: &Item<'a>,
    rule: &Rule,
    shape: &CallShape,
) -> Decision {
    let scope = planner.names.scope_of_import(statement.node.start_byte());
    let (local, new) = (item.local(), rule.renamed(&item.name));
    let uses = planner.names.uses(scope, local);
    let bound = planner.names.bound(scope, local);
    let alone = !bound.otherwise
        && (bound.imports.len() == 1 || is_alone(planner, all, scope, local, rule));
    if !alone {
        planner.refuse(item.node, Why::Shadowed, local);
        return Decision::stay();
    }
    let exported = planner.is_exported(scope, local);
    if exported {
        planner.refuse(item.node, Why::Exported, local);
    }
    let ready: Vec<_> = uses
        .iter()
        .map(|use_| (use_.node, calls::call(&planner.file.source, use_.node, shape)))
        .collect();
    let stays = exported || ready.iter().any(|(_, call)| call.is_err());
    // Beside the old import the new one needs a name of its own.
    let called = if stays || item.alias.is_none() { new } else { local };
    let any = ready.iter().any(|(_, call)| call.is_ok());
    if (any || !stays) && called != local && !planner.claim(all, called, rule)
        || stays && called == local
    {
        planner.refuse(item.node, Why::Taken, called);
        return Decision::stay();
    }
    for (node, call) in ready {
        take(planner, node, call, called);
    }
    let import = NewImport::name(&rule.to, new, called);
    Decision { stays, new: if any || !stays { vec![import] } else { Vec::new() } }
}

/// Takes over the edits of a use, or says why it is left.
pub(super) fn take(
    planner: &mut Planner<'_>,
    node: Node<'_>,
    call: Result<calls::Call, Why>,
    called: &str,
) {
    match call {
        Ok(call) => {
            if planner.file.source.slice(node.byte_range()) != called {
                planner.edits.replace(node.byte_range(), called);
            }
            planner.edits.append(call.edits);
            planner.dropped.extend(call.dropped);
        }
        Err(why) => {
            let what = planner.file.source.slice(node.byte_range()).to_owned();
            planner.refuse(node, why, what);
        }
    }
}
