//! A module under one name: `from package import module`, `import a.b as m`.

use tree_sitter::Node;

use super::calls::{self, Call};
use super::decision::{Decision, NewImport};
use super::imports::{Item, Statement};
use super::named::take;
use super::planner::Planner;
use crate::scan::rewrite::mapping::{Language, Rule};
use crate::scan::rewrite::refusal::Why;

/// What becomes of an import that binds the module `full` to one name.
pub(super) fn decide<'a>(
    planner: &mut Planner<'a>,
    all: &[Statement<'a>],
    statement: &Statement<'a>,
    item: &Item<'a>,
    full: &str,
) -> Decision {
    let scope = planner.names.scope_of_import(statement.node.start_byte());
    let local = item.local().to_owned();
    let uses: Vec<Node<'a>> =
        planner.names.uses(scope, &local).iter().map(|each| each.node).collect();
    let named = planner.mapping.has_names(Language::Python, full);
    if let Some(moved) = planner.mapping.module(Language::Python, full) {
        if planner.is_itself(&moved.to) {
            planner.refuse(item.node, Why::Itself, full);
            return Decision::stay();
        }
        if named && uses.iter().any(|node| attribute_rule(planner, *node, full).is_some()) {
            planner.refuse(item.node, Why::Chain, full);
            return Decision::stay();
        }
        let plain = statement.from.is_none();
        return Decision::become_(if plain {
            let alias = (moved.to != local).then_some(local);
            NewImport::Plain { module: moved.to, alias }
        } else {
            NewImport::module(&moved.to, &local)
        });
    }
    if !named {
        refuse_chains(planner, &uses, full);
        return Decision::stay();
    }
    let same = |other: &Statement<'a>, it: &Item<'a>| {
        let modules = other.from.as_ref().map_or_else(Vec::new, |from| from.modules.clone());
        let module = modules.iter().any(|module| format!("{module}.{}", it.name) == full);
        module || (other.from.is_none() && it.name == full)
    };
    if !planner.is_alone(all, scope, &local, &same) {
        if !uses.is_empty() {
            planner.refuse(item.node, Why::Shadowed, local);
        }
        return Decision::stay();
    }
    let mut stays = uses.is_empty() || planner.is_exported(scope, &local);
    let mut new = Vec::new();
    for node in uses {
        match follow(planner, all, node, full) {
            Some(import) => new.push(import),
            None => stays = true,
        }
    }
    Decision { stays, new }
}

/// The rule for the attribute that a use of a module reads.
fn attribute_rule<'p>(planner: &Planner<'p>, node: Node<'_>, full: &str) -> Option<&'p Rule> {
    let attribute = attribute_of(node)?;
    let name = attribute.child_by_field_name("attribute")?;
    planner.mapping.name(Language::Python, full, planner.file.source.slice(name.byte_range()))
}

/// The attribute read from an expression.
pub(super) fn attribute_of(node: Node<'_>) -> Option<Node<'_>> {
    let parent = node.parent()?;
    let read = parent.kind() == "attribute" && parent.child_by_field_name("object") == Some(node);
    read.then_some(parent)
}

/// Rewrites one use; `None` when it stays and needs the old module.
fn follow<'a>(
    planner: &mut Planner<'a>,
    all: &[Statement<'a>],
    node: Node<'a>,
    full: &str,
) -> Option<NewImport> {
    let Some(attribute) = attribute_of(node) else {
        planner.refuse(node, Why::Chain, full);
        return None;
    };
    let rule = attribute_rule(planner, node, full)?;
    let old = rule.name.clone().unwrap_or_default();
    if planner.is_itself(&rule.to) {
        planner.refuse(node, Why::Itself, rule.source());
        return None;
    }
    if is_stored(attribute) {
        planner.refuse(node, Why::Stored, rule.source());
        return None;
    }
    let new = rule.renamed(&old).to_owned();
    let call = shaped(planner, attribute, rule);
    if let Err(why) = call {
        planner.refuse(node, why, rule.source());
        return None;
    }
    let called = [new.clone(), old].into_iter().find(|name| planner.claim(all, name, rule));
    let Some(called) = called else {
        planner.refuse(node, Why::Taken, new);
        return None;
    };
    take(planner, attribute, call, &called);
    Some(NewImport::name(&rule.to, &new, &called))
}

/// The edits of a call, where the rule changes more than a name.
pub(super) fn shaped(planner: &Planner<'_>, callee: Node<'_>, rule: &Rule) -> Result<Call, Why> {
    match rule.shape() {
        Some(shape) => calls::call(&planner.file.source, callee, shape),
        None => Ok(Call::default()),
    }
}

/// True when an attribute is assigned to or deleted.
pub(super) fn is_stored(attribute: Node<'_>) -> bool {
    let mut at = attribute;
    while let Some(parent) = at.parent() {
        let left = || parent.child_by_field_name("left") == Some(at);
        match parent.kind() {
            "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" => {
                return left();
            }
            "delete_statement" | "as_pattern_target" => return true,
            "pattern_list" | "tuple_pattern" | "list_pattern" | "expression_list" => at = parent,
            _ => return false,
        }
    }
    false
}

/// Lists uses that reach something that has moved through a package.
pub(super) fn refuse_chains(planner: &mut Planner<'_>, uses: &[Node<'_>], full: &str) {
    for node in uses {
        let mut path = full.to_owned();
        let mut at = *node;
        while let Some(attribute) = attribute_of(at) {
            let Some(name) = attribute.child_by_field_name("attribute") else { break };
            let name = planner.file.source.slice(name.byte_range());
            let moved = planner.mapping.name(Language::Python, &path, name).is_some();
            path = format!("{path}.{name}");
            if moved || planner.mapping.module(Language::Python, &path).is_some() {
                planner.refuse(*node, Why::Chain, path);
                break;
            }
            at = attribute;
        }
    }
}
