//! The import statements of a Python file.

use std::ops::Range;

use tree_sitter::Node;

use super::module::Package;

/// One import statement.
#[derive(Debug)]
pub struct Statement<'t> {
    /// The statement.
    pub node: Node<'t>,
    /// For `from`: the module's text, and the modules it can mean.
    pub from: Option<From<'t>>,
    /// What it imports, in order; empty for `*`.
    pub items: Vec<Item<'t>>,
    /// Whether it is `from … import *`.
    pub star: bool,
}

/// The module of a `from` statement.
#[derive(Debug)]
pub struct From<'t> {
    /// The name with its dots.
    pub node: Node<'t>,
    /// Dots before it.
    pub dots: usize,
    /// What it can mean; more than one where a file can be reached from several roots.
    pub modules: Vec<String>,
}

/// One thing that is imported.
#[derive(Debug)]
pub struct Item<'t> {
    /// `name`, or `name as alias`.
    pub node: Node<'t>,
    /// The name alone.
    pub name_node: Node<'t>,
    /// The name as text: dotted for a plain import.
    pub name: String,
    /// What it is called here, if that was said.
    pub alias: Option<String>,
}

impl Item<'_> {
    /// The name that the import binds.
    pub fn local(&self) -> &str {
        let first = || self.name.split('.').next().unwrap_or(&self.name);
        self.alias.as_deref().unwrap_or_else(first)
    }

    /// The bytes of the item.
    pub fn span(&self) -> Range<usize> {
        self.node.byte_range()
    }
}

/// Every import statement, in the order of the text.
pub fn statements<'t>(root: Node<'t>, text: &str, package: &Package) -> Vec<Statement<'t>> {
    let mut found = Vec::new();
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        let is_import = matches!(node.kind(), "import_statement" | "import_from_statement");
        if is_import {
            found.push(statement(node, text, package));
        }
        if !is_import && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
        }
    }
}

fn statement<'t>(node: Node<'t>, text: &str, package: &Package) -> Statement<'t> {
    let mut cursor = node.walk();
    let items = node.children_by_field_name("name", &mut cursor).map(|item| {
        let name_node = item.child_by_field_name("name").unwrap_or(item);
        let alias = item.child_by_field_name("alias");
        Item {
            node: item,
            name_node,
            // Blanks are allowed around the dots.
            name: text[name_node.byte_range()].split_whitespace().collect(),
            alias: alias.map(|alias| text[alias.byte_range()].to_owned()),
        }
    });
    let items = items.collect();
    let from = node.child_by_field_name("module_name").map(|module| {
        let written: String = text[module.byte_range()].split_whitespace().collect();
        let name = written.trim_start_matches('.');
        let dots = written.len() - name.len();
        From { node: module, dots, modules: package.meant(dots, name) }
    });
    let mut cursor = node.walk();
    let star = node.named_children(&mut cursor).any(|child| child.kind() == "wildcard_import");
    Statement { node, from, items, star }
}
