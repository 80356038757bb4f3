//! Which names a TypeScript file binds and uses.

use std::collections::HashMap;

use tree_sitter::Node;

/// What a name does at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It is read, or called, or names a type.
    Used,
    /// It stands for a member of an object literal as well: `{ name }`.
    Shorthand,
    /// It is exported: `export { name }`.
    Exported,
    /// It is bound by an import.
    Imported,
    /// It is bound or assigned to by anything else.
    Bound,
}

/// Every place at which a name stands. Scopes are not told apart: a name that is bound twice in
/// a file is left to people.
#[derive(Debug, Default)]
pub struct Names<'t>(HashMap<String, Vec<(Node<'t>, Part)>>);

impl<'t> Names<'t> {
    /// Reads them from the root of a syntax tree.
    pub fn of(root: Node<'t>, text: &str) -> Self {
        let mut names = Self::default();
        let mut open = vec![(root, false)];
        while let Some((node, stored)) = open.pop() {
            names.visit(node, stored, text, &mut open);
        }
        for places in names.0.values_mut() {
            places.sort_by_key(|(node, _)| node.start_byte());
        }
        names
    }

    /// The places of a name.
    pub fn places(&self, name: &str) -> &[(Node<'t>, Part)] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    fn visit(
        &mut self,
        node: Node<'t>,
        stored: bool,
        text: &str,
        open: &mut Vec<(Node<'t>, bool)>,
    ) {
        match node.kind() {
            "identifier" | "type_identifier" => {
                self.note(node, if stored { Part::Bound } else { Part::Used }, text);
            }
            "shorthand_property_identifier_pattern" => self.note(node, Part::Bound, text),
            "shorthand_property_identifier" => self.note(node, Part::Shorthand, text),
            "import_specifier" | "namespace_import" | "import_clause" | "import_require_clause" => {
                self.import(node, text, open);
            }
            "export_statement" if node.child_by_field_name("source").is_some() => {}
            "export_specifier" => {
                if let Some(name) = node.child_by_field_name("name") {
                    self.note(name, Part::Exported, text);
                }
            }
            "nested_type_identifier" => open.extend(node.named_child(0).map(|n| (n, false))),
            kind => {
                let bound = bound_fields(kind);
                let inherits = kind.ends_with("_pattern");
                let mut cursor = node.walk();
                if !cursor.goto_first_child() {
                    return;
                }
                loop {
                    let child = cursor.node();
                    let is_bound = match cursor.field_name() {
                        Some(field) if bound.contains(&field) => {
                            inherits && stored || !inherits && child.kind() != "member_expression"
                        }
                        Some(_) => false,
                        None => inherits && stored,
                    };
                    if child.is_named() {
                        open.push((child, is_bound));
                    }
                    if !cursor.goto_next_sibling() {
                        break;
                    }
                }
            }
        }
    }

    fn import(&mut self, node: Node<'t>, text: &str, open: &mut Vec<(Node<'t>, bool)>) {
        let local = node.child_by_field_name("alias").or_else(|| node.child_by_field_name("name"));
        if let Some(local) = local {
            self.note(local, Part::Imported, text);
            return;
        }
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            match child.kind() {
                "identifier" => self.note(child, Part::Imported, text),
                _ => open.push((child, false)),
            }
        }
    }

    fn note(&mut self, node: Node<'t>, part: Part, text: &str) {
        self.0.entry(text[node.byte_range()].to_owned()).or_default().push((node, part));
    }
}

/// Fields whose names are bound, or assigned to, by a node of this kind.
fn bound_fields(kind: &str) -> &'static [&'static str] {
    match kind {
        "variable_declarator"
        | "function_declaration"
        | "generator_function_declaration"
        | "function_expression"
        | "generator_function"
        | "class_declaration"
        | "class"
        | "abstract_class_declaration"
        | "interface_declaration"
        | "type_alias_declaration"
        | "enum_declaration"
        | "internal_module"
        | "module"
        | "type_parameter"
        | "function_signature" => &["name"],
        "required_parameter" | "optional_parameter" => &["pattern", "name"],
        "arrow_function" | "catch_clause" => &["parameter"],
        "for_in_statement" | "assignment_expression" | "augmented_assignment_expression" => {
            &["left"]
        }
        "update_expression" => &["argument"],
        "assignment_pattern" | "object_assignment_pattern" => &["left"],
        "pair_pattern" => &["value"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::{Language, parse};

    fn parts(text: &str) -> Vec<Part> {
        let tree = parse(Language::Tsx, text);
        Names::of(tree.root_node(), text).places("X").iter().map(|(_, part)| *part).collect()
    }

    #[test]
    fn a_name_is_imported_used_written_short_and_exported() {
        assert_eq!(
            parts("import { X } from 'a'; X(); f({ X }); export { X };"),
            [Part::Imported, Part::Used, Part::Shorthand, Part::Exported]
        );
        assert_eq!(parts("import { a as X } from 'a'; let y: X; <X b={X}/>;").len(), 4);
        assert_eq!(parts("import * as X from 'a'; let y: X.Z = X.z;").len(), 3);
        assert_eq!(parts("import { X as b } from 'a'; a.X = { X: 1 }; let z: a.X;"), []);
    }

    #[test]
    fn every_way_to_bind_a_name_is_seen() {
        for binding in [
            "const X = 1",
            "let { X } = a",
            "let { b: X } = a",
            "let [X] = a",
            "let [...X] = a",
            "let { X = 1 } = a",
            "function X() {}",
            "class X {}",
            "function f(X) {}",
            "X => 1",
            "(X: T) => 1",
            "({ X }) => 1",
            "try {} catch (X) {}",
            "for (const X of a) {}",
            "X = 1",
            "X++",
            "X += 1",
            "type X = 1",
            "interface X {}",
            "enum X { a }",
            "function f<X>() {}",
            "(X?: T) => 1",
        ] {
            assert!(parts(binding).contains(&Part::Bound), "{binding}");
        }
    }
}
