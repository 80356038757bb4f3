//! The statements of a TypeScript file that name modules.

use std::ops::Range;

use tree_sitter::Node;

/// How a statement names a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `import … from "m"`, also without names.
    Import,
    /// `export … from "m"`.
    Export,
    /// `const { … } = require("m")`.
    Required,
    /// Any other place where only the module itself can be replaced: `require("m")`,
    /// `import("m")`, `import m = require("m")`.
    Opaque,
}

/// A place that names a module.
#[derive(Debug)]
pub struct Statement<'t> {
    /// The statement, or the call.
    pub node: Node<'t>,
    /// The string without its quotes.
    pub specifier: Range<usize>,
    /// How it is named.
    pub form: Form,
    /// What is taken from it.
    pub items: Vec<Item<'t>>,
    /// `{ … }`, where there is one.
    pub braces: Option<Node<'t>>,
    /// `import type` or `export type`.
    pub type_only: bool,
    /// `export *` or `* as name`.
    pub star: Option<Node<'t>>,
}

/// One thing that is taken from a module.
#[derive(Debug)]
pub struct Item<'t> {
    /// The item.
    pub node: Node<'t>,
    /// Its name there; `default` for what stands outside braces.
    pub name: String,
    /// Its name here.
    pub local: String,
    /// Whether it stands outside the braces.
    pub bare: bool,
    /// Whether it is marked `type` by itself.
    pub type_only: bool,
}

/// Every place that names a module, in the order of the text.
pub fn statements<'t>(root: Node<'t>, text: &str) -> Vec<Statement<'t>> {
    let mut found = Vec::new();
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        match node.kind() {
            "import_statement" | "export_statement" => found.extend(statement(node, text)),
            "call_expression" => found.extend(call(node, text)),
            _ => {}
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

fn inside(string: Node<'_>) -> Option<Range<usize>> {
    let range = string.byte_range();
    (string.kind() == "string" && range.len() >= 2).then(|| range.start + 1..range.end - 1)
}

fn statement<'t>(node: Node<'t>, text: &str) -> Option<Statement<'t>> {
    let mut cursor = node.walk();
    let parts: Vec<Node<'t>> = node.children(&mut cursor).collect();
    let required = parts.iter().find(|part| part.kind() == "import_require_clause");
    let source = node
        .child_by_field_name("source")
        .or_else(|| required.and_then(|clause| clause.child_by_field_name("source")))?;
    let form = match (required.is_some(), node.kind()) {
        (true, _) => Form::Opaque,
        (false, "import_statement") => Form::Import,
        (false, _) => Form::Export,
    };
    let mut statement = Statement {
        node,
        specifier: inside(source)?,
        form,
        items: Vec::new(),
        braces: None,
        type_only: parts.iter().any(|part| part.kind() == "type"),
        star: None,
    };
    for part in parts {
        match part.kind() {
            "import_clause" => {
                let mut cursor = part.walk();
                for child in part.named_children(&mut cursor) {
                    statement.take(child, text);
                }
            }
            "export_clause" | "namespace_export" | "*" => statement.take(part, text),
            _ => {}
        }
    }
    Some(statement)
}

impl<'t> Statement<'t> {
    fn take(&mut self, part: Node<'t>, text: &str) {
        match part.kind() {
            "identifier" => self.items.push(Item {
                node: part,
                name: "default".to_owned(),
                local: text[part.byte_range()].to_owned(),
                bare: true,
                type_only: false,
            }),
            "named_imports" | "export_clause" => {
                self.braces = Some(part);
                let mut cursor = part.walk();
                let items = part.named_children(&mut cursor).filter(|child| !child.is_extra());
                self.items.extend(items.filter_map(|item| specifier(item, text)));
            }
            "namespace_import" | "namespace_export" | "*" => self.star = Some(part),
            _ => {}
        }
    }
}

fn specifier<'t>(node: Node<'t>, text: &str) -> Option<Item<'t>> {
    let name = node.child_by_field_name("name")?;
    let local = node.child_by_field_name("alias").unwrap_or(name);
    let type_only = node.child(0).is_some_and(|first| first.kind() == "type");
    let words = |node: Node<'_>| text[node.byte_range()].to_owned();
    Some(Item { node, name: words(name), local: words(local), bare: false, type_only })
}

fn call<'t>(node: Node<'t>, text: &str) -> Option<Statement<'t>> {
    let function = node.child_by_field_name("function")?;
    let required = function.kind() == "identifier" && &text[function.byte_range()] == "require";
    if !required && function.kind() != "import" {
        return None;
    }
    let argument = node.child_by_field_name("arguments")?.named_child(0)?;
    let mut statement = Statement {
        node,
        specifier: inside(argument)?,
        form: Form::Opaque,
        items: Vec::new(),
        braces: None,
        type_only: false,
        star: None,
    };
    let declarator =
        node.parent().filter(|parent| required && parent.kind() == "variable_declarator");
    let pattern = declarator.and_then(|declarator| declarator.child_by_field_name("name"));
    let declaration = declarator.and_then(|declarator| declarator.parent());
    let lonely = declaration.filter(|declaration| declaration.named_child_count() == 1);
    if let (Some(pattern), Some(declaration)) = (pattern, lonely) {
        let mut cursor = pattern.walk();
        let members: Vec<_> =
            pattern.named_children(&mut cursor).filter(|child| !child.is_extra()).collect();
        let items: Vec<_> = members.iter().filter_map(|member| taken(*member, text)).collect();
        if pattern.kind() == "object_pattern" && items.len() == members.len() {
            statement.node = declaration;
            statement.form = Form::Required;
            statement.items = items;
            statement.braces = Some(pattern);
        }
    }
    Some(statement)
}

fn taken<'t>(node: Node<'t>, text: &str) -> Option<Item<'t>> {
    let words = |node: Node<'_>| text[node.byte_range()].to_owned();
    let (name, local) = match node.kind() {
        "shorthand_property_identifier_pattern" => (words(node), words(node)),
        "pair_pattern" => {
            let value = node.child_by_field_name("value").filter(|v| v.kind() == "identifier")?;
            (words(node.child_by_field_name("key")?), words(value))
        }
        _ => return None,
    };
    Some(Item { node, name, local, bare: false, type_only: false })
}
