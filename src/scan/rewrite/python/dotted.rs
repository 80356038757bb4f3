//! A module under its whole name: `import a.b`, used as `a.b.X`.

use tree_sitter::Node;

use super::decision::{Decision, NewImport};
use super::followed::{attribute_of, is_stored, refuse_chains, shaped};
use super::imports::{Item, Statement};
use super::named::take;
use super::planner::Planner;
use crate::scan::rewrite::mapping::Language;
use crate::scan::rewrite::refusal::Why;

/// What becomes of `import a.b` without an alias.
pub(super) fn decide<'a>(
    planner: &mut Planner<'a>,
    all: &[Statement<'a>],
    statement: &Statement<'a>,
    item: &Item<'a>,
) -> Decision {
    let module = item.name.as_str();
    let root = item.local();
    let scope = planner.names.scope_of_import(statement.node.start_byte());
    let others = plain_modules(all, root);
    let uses: Vec<Node<'a>> =
        planner.names.uses(scope, root).iter().map(|each| each.node).collect();
    if planner.names.bound(scope, root).otherwise {
        planner.refuse(item.node, Why::Shadowed, root);
        return Decision::stay();
    }
    let whole = planner.mapping.module(Language::Python, module).map(|moved| moved.to);
    let named = planner.mapping.has_names(Language::Python, module);
    if whole.is_none() && !named {
        let ours =
            uses.into_iter().filter(|node| through(planner, *node, module, &others).is_some());
        let ours: Vec<_> = ours.collect();
        refuse_chains_below(planner, &ours, module);
        return Decision::stay();
    }
    if let Some(to) = &whole {
        if planner.is_itself(to) {
            planner.refuse(item.node, Why::Itself, module);
            return Decision::stay();
        }
        let new_root = to.split('.').next().unwrap_or(to);
        if new_root != root && planner.names.binds_otherwise(new_root) {
            planner.refuse(item.node, Why::Taken, new_root);
            return Decision::stay();
        }
    }
    let mut new = Vec::new();
    let mut stays = whole.is_none() && uses.is_empty();
    let (mut rewritten, mut unreached) = (false, false);
    for node in uses {
        let Some(place) = through(planner, node, module, &others) else {
            unreached = true;
            continue;
        };
        match &whole {
            Some(to) => {
                planner.edits.replace(node.start_byte()..place.end_byte(), to.as_str());
                rewritten = true;
            }
            None => match follow(planner, node, place, module) {
                Some(import) => new.push(import),
                None => stays = true,
            },
        }
    }
    // Other uses of the root need an import that binds it.
    let binds_root = |module: &str| module.split('.').next() == Some(root);
    let bound = others.iter().any(|other| *other != module)
        || whole.as_deref().is_some_and(binds_root)
        || new
            .iter()
            .any(|new| matches!(new, NewImport::Plain { module, .. } if binds_root(module)));
    stays |= unreached && !bound;
    new.extend(
        whole
            .filter(|_| rewritten || !stays)
            .map(|module| NewImport::Plain { module, alias: None }),
    );
    new.dedup();
    Decision { stays, new }
}

/// The modules that plain imports of the file name below the same root.
fn plain_modules<'s>(all: &'s [Statement<'_>], root: &str) -> Vec<&'s str> {
    let plain = all.iter().filter(|statement| statement.from.is_none());
    let items = plain.flat_map(|statement| &statement.items);
    items
        .filter(|item| item.alias.is_none() && item.local() == root)
        .map(|item| item.name.as_str())
        .collect()
}

/// The node that spells `module` in a use of its root, unless the use goes through a longer
/// module that is imported as well, or does not reach it.
fn through<'a>(
    planner: &Planner<'a>,
    root: Node<'a>,
    module: &str,
    others: &[&str],
) -> Option<Node<'a>> {
    let source = &planner.file.source;
    let mut path = source.slice(root.byte_range()).to_owned();
    let mut at = root;
    let mut found = (path == module).then_some(root);
    let mut longest = module.len();
    while let Some(attribute) = attribute_of(at) {
        let name = attribute.child_by_field_name("attribute")?;
        path = format!("{path}.{}", source.slice(name.byte_range()));
        if path == module {
            found = Some(attribute);
        }
        if others.contains(&path.as_str()) {
            longest = longest.max(path.len());
        }
        at = attribute;
    }
    found.filter(|_| longest == module.len())
}

fn follow<'a>(
    planner: &mut Planner<'a>,
    root: Node<'a>,
    place: Node<'a>,
    module: &str,
) -> Option<NewImport> {
    let Some(attribute) = attribute_of(place) else {
        planner.refuse(root, Why::Chain, module);
        return None;
    };
    let name = attribute.child_by_field_name("attribute")?;
    let name = planner.file.source.slice(name.byte_range());
    let rule = planner.mapping.name(Language::Python, module, name)?;
    if planner.is_itself(&rule.to) {
        planner.refuse(root, Why::Itself, rule.source());
        return None;
    }
    if is_stored(attribute) {
        planner.refuse(root, Why::Stored, rule.source());
        return None;
    }
    let new_root = rule.to.split('.').next().unwrap_or(&rule.to);
    let old_root = module.split('.').next().unwrap_or(module);
    if new_root != old_root && planner.names.binds_otherwise(new_root) {
        planner.refuse(root, Why::Taken, new_root);
        return None;
    }
    let call = shaped(planner, attribute, rule);
    let done = call.is_ok();
    let called = format!("{}.{}", rule.to, rule.renamed(name));
    take(planner, attribute, call, &called);
    done.then(|| NewImport::Plain { module: rule.to.clone(), alias: None })
}

/// Lists what is reached through a longer name than the one that is imported.
fn refuse_chains_below(planner: &mut Planner<'_>, uses: &[Node<'_>], module: &str) {
    let mut places = Vec::new();
    for node in uses {
        let mut at = *node;
        for _ in module.matches('.') {
            at = attribute_of(at).unwrap_or(at);
        }
        places.push(at);
    }
    refuse_chains(planner, &places, module);
}
