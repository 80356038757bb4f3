//! Strings that name modules: targets of `mock.patch`, `import_module`, entry points.

use std::collections::HashSet;

use tree_sitter::Node;

use super::PythonFile;
use super::planner::Planner;
use crate::scan::rewrite::mapping::{Language, Mapping};
use crate::scan::rewrite::outside::Outside;
use crate::scan::rewrite::refusal::Why;

/// The content of every plain string that is no docstring, and where it begins.
fn contents<'t>(root: Node<'_>, text: &'t str) -> Vec<(usize, &'t str)> {
    let mut found = Vec::new();
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        if node.kind() == "string" {
            found.extend(content(node).map(|part| (part.start_byte(), &text[part.byte_range()])));
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
        }
    }
}

fn content(string: Node<'_>) -> Option<Node<'_>> {
    let docstring = string.parent().is_some_and(|parent| parent.kind() == "expression_statement");
    let mut cursor = string.walk();
    let mut parts = string.named_children(&mut cursor).filter(|n| n.kind() == "string_content");
    let only = parts.next().filter(|_| !docstring && string.named_child_count() == 3)?;
    (only.named_child_count() == 0).then_some(only)
}

/// Names that whole strings such as `"package.module.name"` take from modules.
pub(super) fn taken(root: Node<'_>, text: &str, outside: &mut Outside) {
    for (_, content) in contents(root, text) {
        if is_path(content) {
            // Whatever follows the name, as in "module.name.attribute": all are possible.
            for (at, _) in content.match_indices(['.', ':']) {
                let rest = &content[at + 1..];
                let end = rest.find('.').unwrap_or(rest.len());
                outside.takes(content[..at].to_owned(), rest[..end].to_owned());
            }
        }
    }
}

/// The names in `__all__`.
pub(super) fn exports(root: Node<'_>, text: &str) -> HashSet<String> {
    let mut cursor = root.walk();
    let statements = root.named_children(&mut cursor);
    let exporting = statements.filter(|node| text[node.byte_range()].starts_with("__all__"));
    let strings = exporting.flat_map(|node| contents(node, text));
    strings.map(|(_, content)| content.to_owned()).collect()
}

/// True when a string of the file holds a word, as a quoted annotation does.
pub(super) fn mentions(file: &PythonFile, word: &str) -> bool {
    let strings = contents(file.tree.root_node(), file.source.text());
    strings.iter().any(|(_, content)| words(content, word).next().is_some())
}

/// Places where `word` stands by itself in a text.
fn words<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(|c| part(c) || c == '.') && !after.is_some_and(part)
    })
}

/// Lists the strings that name what has moved; rewrites whole paths when `rewrite` says so.
pub(super) fn rewrite(planner: &mut Planner<'_>, rewrite: bool) {
    let file = planner.file;
    let modules: Vec<&str> =
        planner.mapping.of_language(Language::Python).map(|rule| rule.from.as_str()).collect();
    for (at, content) in contents(file.tree.root_node(), file.source.text()) {
        let last = |module: &str| module.rfind('.').map_or(0, |at| at + 1);
        if !modules.iter().any(|module| content.contains(&module[last(module)..])) {
            continue;
        }
        let new = match content.strip_prefix('.') {
            Some(_) => moved_relative(planner, content),
            None => moved(planner.mapping, content),
        };
        match new {
            Some(new) if rewrite => planner.edits.replace(at..at + content.len(), new),
            Some(_) => planner.refusals.push((at, Why::Named, content.to_owned())),
            None if mentions_moved(planner.mapping, content) => {
                let short = content.chars().take(80).collect();
                planner.refusals.push((at, Why::Named, short));
            }
            None => {}
        }
    }
}

fn is_path(content: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with(|c: char| c.is_ascii_digit())
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    content.contains(['.', ':']) && content.split(['.', ':']).all(part)
}

/// The new text of a string that is one whole path.
fn moved(mapping: &Mapping, content: &str) -> Option<String> {
    let path = content.split(['.', ':']).all(|part| !part.is_empty()) && !content.contains(' ');
    if !path {
        return None;
    }
    let ends = content.match_indices(['.', ':']).map(|(at, _)| at).chain([content.len()]);
    for at in ends.collect::<Vec<_>>().into_iter().rev() {
        let (module, rest) = content.split_at(at);
        if let Some(separator) = rest.chars().next() {
            let name_end = rest[1..].find('.').map_or(rest.len(), |n| n + 1);
            if let Some(rule) = mapping.name(Language::Python, module, &rest[1..name_end]) {
                let new = rule.renamed(&rest[1..name_end]);
                return Some(format!("{}{separator}{new}{}", rule.to, &rest[name_end..]));
            }
        }
        if let Some(moved) = mapping.module(Language::Python, module) {
            return Some(format!("{}{rest}", moved.to));
        }
    }
    None
}

/// The new text of a string that is one whole relative module, as lazy imports have them.
fn moved_relative(planner: &Planner<'_>, content: &str) -> Option<String> {
    let name = content.trim_start_matches('.');
    let dots = content.len() - name.len();
    let package = &planner.file.package;
    if !is_path(&format!("{name}:x")) {
        return None;
    }
    let moved = |module: String| planner.mapping.module(Language::Python, &module);
    let to = package.meant(dots, name).into_iter().find_map(moved)?.to;
    Some(package.relative(dots, &to).unwrap_or(to))
}

/// True when a text names something that has moved among other words.
fn mentions_moved(mapping: &Mapping, content: &str) -> bool {
    mapping.of_language(Language::Python).any(|rule| {
        let what = rule.source();
        words(content, &what).next().is_some()
    })
}
