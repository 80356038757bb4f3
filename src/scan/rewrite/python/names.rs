//! Which name means what in a Python file: scopes, what they bind, and who refers to it.

use std::collections::{HashMap, HashSet};

use tree_sitter::Node;

/// A function, class, comprehension or the module itself.
#[derive(Debug, Default)]
struct Scope {
    parent: Option<usize>,
    class: bool,
    comprehension: bool,
    bound: HashMap<String, Bound>,
    /// Names that belong to a scope further out; true: to the module.
    elsewhere: HashMap<String, bool>,
}

/// How a name is bound in one scope.
#[derive(Clone, Debug, Default)]
pub struct Bound {
    /// Starts of the import statements that bind it.
    pub imports: Vec<usize>,
    /// Whether something else binds it, too.
    pub otherwise: bool,
}

/// A use of a name.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'t> {
    /// The identifier.
    pub node: Node<'t>,
    scope: usize,
}

/// All names of a file.
#[derive(Debug)]
pub struct Names<'t> {
    scopes: Vec<Scope>,
    references: HashMap<String, Vec<Reference<'t>>>,
    import_scopes: HashMap<usize, usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Load,
    Store,
    Pattern,
}

impl<'t> Names<'t> {
    /// Reads them from the root of a syntax tree.
    pub fn of(root: Node<'t>, text: &str) -> Self {
        let mut names = Self {
            scopes: vec![Scope::default()],
            references: HashMap::new(),
            import_scopes: HashMap::new(),
        };
        // A stack of its own: code may be nested deeper than ours.
        let mut open = vec![(root, 0, Role::Load)];
        while let Some((node, scope, role)) = open.pop() {
            let below = open.len();
            names.visit(node, scope, role, text, &mut open);
            // In the order of the text: `global` comes before what it speaks of.
            open[below..].reverse();
        }
        names
    }

    /// The scope in which an import statement binds; 0 is the module.
    pub fn scope_of_import(&self, start: usize) -> usize {
        self.import_scopes.get(&start).copied().unwrap_or(0)
    }

    /// How a scope binds a name.
    pub fn bound(&self, scope: usize, name: &str) -> Bound {
        self.scopes[scope].bound.get(name).cloned().unwrap_or_default()
    }

    /// The uses of the name that this scope binds.
    pub fn uses(&self, scope: usize, name: &str) -> Vec<Reference<'t>> {
        let all = self.references.get(name).map(Vec::as_slice).unwrap_or_default();
        let ours = |reference: &&Reference<'t>| self.owner(reference.scope, name) == Some(scope);
        all.iter().filter(ours).copied().collect()
    }

    /// True when a name is bound or used anywhere in the file.
    pub fn knows(&self, name: &str) -> bool {
        self.references.contains_key(name)
            || self.scopes.iter().any(|scope| scope.bound.contains_key(name))
    }

    /// True when a name is bound anywhere in the file.
    pub fn binds(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.bound.contains_key(name))
    }

    /// True when something other than an import binds a name anywhere in the file.
    pub fn binds_otherwise(&self, name: &str) -> bool {
        self.scopes.iter().filter_map(|scope| scope.bound.get(name)).any(|bound| bound.otherwise)
    }

    /// True when none but these import statements bind a name.
    pub fn bound_only_by(&self, name: &str, imports: &HashSet<usize>) -> bool {
        self.scopes.iter().filter_map(|scope| scope.bound.get(name)).all(|bound| {
            !bound.otherwise && bound.imports.iter().all(|start| imports.contains(start))
        })
    }

    /// The scope that binds a name as it is seen from another.
    fn owner(&self, from: usize, name: &str) -> Option<usize> {
        let mut at = Some(from);
        while let Some(place) = at {
            let scope = &self.scopes[place];
            let visible = !scope.class || place == from;
            if let Some(global) = scope.elsewhere.get(name).filter(|_| visible) {
                return self.owner(if *global { 0 } else { scope.parent? }, name);
            }
            if visible && scope.bound.contains_key(name) {
                return Some(place);
            }
            at = scope.parent;
        }
        None
    }

    fn bind(&mut self, scope: usize, name: &str) -> &mut Bound {
        self.scopes[scope].bound.entry(name.to_owned()).or_default()
    }

    fn open_scope(&mut self, parent: usize, class: bool, comprehension: bool) -> usize {
        let parent = Some(parent);
        self.scopes.push(Scope { parent, class, comprehension, ..Scope::default() });
        self.scopes.len() - 1
    }

    fn visit(
        &mut self,
        node: Node<'t>,
        scope: usize,
        role: Role,
        text: &str,
        open: &mut Vec<(Node<'t>, usize, Role)>,
    ) {
        match node.kind() {
            "identifier" => self.identifier(node, scope, role, text),
            "attribute" => {
                open.extend(node.child_by_field_name("object").map(|n| (n, scope, Role::Load)));
            }
            "keyword_argument" => {
                open.extend(node.child_by_field_name("value").map(|n| (n, scope, Role::Load)));
            }
            "import_statement" | "import_from_statement" => self.import(node, scope, text),
            "future_import_statement" | "comment" => {}
            "function_definition" | "lambda" => self.function(node, scope, text, open),
            "class_definition" => self.class(node, scope, text, open),
            "list_comprehension"
            | "set_comprehension"
            | "dictionary_comprehension"
            | "generator_expression" => {
                let inner = self.open_scope(scope, false, true);
                children(node, |child, _| open.push((child, inner, Role::Load)));
            }
            "global_statement" | "nonlocal_statement" => {
                let global = node.kind() == "global_statement";
                children(node, |child, _| {
                    let name = text[child.byte_range()].to_owned();
                    self.scopes[scope].elsewhere.insert(name, global);
                });
            }
            "dotted_name" => self.dotted(node, scope, role, text),
            "class_pattern" | "keyword_pattern" => pattern(node, scope, open),
            "named_expression" => {
                let mut outer = scope;
                while self.scopes[outer].comprehension {
                    outer = self.scopes[outer].parent.unwrap_or(0);
                }
                fields(node, &["name"], |child, stored| {
                    let place = if stored { (outer, Role::Store) } else { (scope, Role::Load) };
                    open.push((child, place.0, place.1));
                });
            }
            "delete_statement" => children(node, |child, _| open.push((child, scope, Role::Store))),
            "subscript" => children(node, |child, _| open.push((child, scope, Role::Load))),
            other => {
                let stored = stored_fields(other);
                let inherited = inherits(other);
                fields(node, stored, |child, is_stored| {
                    let role = match (is_stored, inherited, child.kind()) {
                        (true, _, _) => Role::Store,
                        (_, _, "case_pattern") => Role::Pattern,
                        (false, true, _) => role,
                        (false, false, _) => Role::Load,
                    };
                    open.push((child, scope, role));
                });
            }
        }
    }

    fn identifier(&mut self, node: Node<'t>, scope: usize, role: Role, text: &str) {
        let name = &text[node.byte_range()];
        match role {
            Role::Load => {
                self.references.entry(name.to_owned()).or_default().push(Reference { node, scope });
            }
            Role::Store | Role::Pattern => {
                let mut scope = scope;
                while let Some(global) = self.scopes[scope].elsewhere.get(name) {
                    let outer = self.scopes[scope].parent.unwrap_or(0);
                    scope = if *global { 0 } else { outer };
                    if scope == 0 {
                        break;
                    }
                }
                self.bind(scope, name).otherwise = true;
            }
        }
    }

    fn dotted(&mut self, node: Node<'t>, scope: usize, role: Role, text: &str) {
        let Some(first) = node.named_child(0) else { return };
        let role = match role {
            Role::Pattern if node.named_child_count() == 1 => Role::Store,
            Role::Pattern | Role::Load | Role::Store => Role::Load,
        };
        self.identifier(first, scope, role, text);
    }

    fn import(&mut self, node: Node<'t>, scope: usize, text: &str) {
        self.import_scopes.insert(node.start_byte(), scope);
        let plain = node.kind() == "import_statement";
        let mut cursor = node.walk();
        for item in node.children_by_field_name("name", &mut cursor) {
            let name = match item.child_by_field_name("alias") {
                Some(alias) => alias,
                None if plain => item.named_child(0).unwrap_or(item),
                None => item,
            };
            let name = text[name.byte_range()].to_owned();
            self.bind(scope, &name).imports.push(node.start_byte());
        }
    }

    fn function(
        &mut self,
        node: Node<'t>,
        scope: usize,
        text: &str,
        open: &mut Vec<(Node<'t>, usize, Role)>,
    ) {
        if let Some(name) = node.child_by_field_name("name") {
            // A method is reached through its object, so it hides nothing.
            if !self.scopes[scope].class {
                self.bind(scope, &text[name.byte_range()]).otherwise = true;
            }
        }
        let inner = self.open_scope(scope, false, false);
        for field in ["body", "type_parameters"] {
            open.extend(node.child_by_field_name(field).map(|n| (n, inner, Role::Load)));
        }
        open.extend(node.child_by_field_name("return_type").map(|n| (n, scope, Role::Load)));
        let Some(parameters) = node.child_by_field_name("parameters") else { return };
        children(parameters, |parameter, _| {
            fields(parameter, &["name"], |child, named| {
                let splat = child.kind().ends_with("_splat_pattern");
                let bare = parameter.kind() == "typed_parameter" && child.kind() == "identifier";
                let place =
                    if named || splat || bare { (inner, Role::Store) } else { (scope, Role::Load) };
                open.push((child, place.0, place.1));
            });
            if parameter.kind() == "identifier" {
                open.push((parameter, inner, Role::Store));
            } else if parameter.kind().ends_with("_splat_pattern") {
                children(parameter, |child, _| open.push((child, inner, Role::Store)));
            }
        });
    }

    fn class(
        &mut self,
        node: Node<'t>,
        scope: usize,
        text: &str,
        open: &mut Vec<(Node<'t>, usize, Role)>,
    ) {
        if let Some(name) = node.child_by_field_name("name") {
            self.bind(scope, &text[name.byte_range()]).otherwise = true;
        }
        let inner = self.open_scope(scope, true, false);
        open.extend(node.child_by_field_name("body").map(|n| (n, inner, Role::Load)));
        for field in ["superclasses", "type_parameters"] {
            open.extend(node.child_by_field_name(field).map(|n| (n, scope, Role::Load)));
        }
    }
}

/// Fields whose names are bound by a node of this kind.
fn stored_fields(kind: &str) -> &'static [&'static str] {
    match kind {
        "assignment"
        | "augmented_assignment"
        | "for_statement"
        | "for_in_clause"
        | "type_alias_statement" => &["left"],
        "as_pattern" | "except_clause" | "except_group_clause" => &["alias"],
        _ => &[],
    }
}

/// Kinds whose children play the part that the node plays.
fn inherits(kind: &str) -> bool {
    kind.ends_with("_pattern")
        || matches!(
            kind,
            "pattern_list"
                | "as_pattern_target"
                | "parenthesized_expression"
                | "tuple"
                | "list"
                | "expression_list"
        )
}

fn pattern<'t>(node: Node<'t>, scope: usize, open: &mut Vec<(Node<'t>, usize, Role)>) {
    let mut first = true;
    children(node, |child, _| {
        let named = std::mem::take(&mut first);
        match child.kind() {
            "dotted_name" if node.kind() == "class_pattern" => {
                open.push((child, scope, Role::Load));
            }
            "identifier" if named && node.kind() == "keyword_pattern" => {}
            _ => open.push((child, scope, Role::Pattern)),
        }
    });
}

/// Visits the named children of a node, each with its field.
fn children<'t>(node: Node<'t>, mut visit: impl FnMut(Node<'t>, Option<&str>)) {
    let mut cursor = node.walk();
    if !cursor.goto_first_child() {
        return;
    }
    loop {
        if cursor.node().is_named() {
            visit(cursor.node(), cursor.field_name());
        }
        if !cursor.goto_next_sibling() {
            return;
        }
    }
}

/// Visits the named children of a node, saying of each whether its field is among `wanted`.
fn fields<'t>(node: Node<'t>, wanted: &[&str], mut visit: impl FnMut(Node<'t>, bool)) {
    children(node, |child, field| visit(child, field.is_some_and(|field| wanted.contains(&field))));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::{Language, parse};

    /// Lines of the uses of what the first import binds as `X`, and whether it alone binds it.
    fn uses(text: &str) -> (Vec<usize>, bool) {
        let tree = parse(Language::Python, text);
        let names = Names::of(tree.root_node(), text);
        let start = text.find("from m").expect("an import");
        let scope = names.scope_of_import(start);
        let mut lines: Vec<usize> =
            names.uses(scope, "X").iter().map(|each| each.node.start_position().row).collect();
        lines.sort_unstable();
        (lines, !names.bound(scope, "X").otherwise)
    }

    #[test]
    fn functions_see_through_classes_and_hide_what_they_bind() {
        let text = "from m import X\nclass C:\n  def X(self): return X\n  y = X\n\
                    def f(X): return X\ndef g():\n  X = 1\n  return X\nX.a = X(b=X, X=1)\n";
        assert_eq!(uses(text), (vec![2, 3, 8, 8, 8], true));
    }

    #[test]
    fn every_way_to_bind_a_name_is_seen() {
        for binding in [
            "X = 1",
            "X: int = 1",
            "X += 1",
            "for X in y: pass",
            "with a as X: pass",
            "with a as (b, X): pass",
            "(X := 1)",
            "[(X := 1) for a in b]",
            "del X",
            "def X(): pass",
            "class X: pass",
            "try: pass\nexcept E as X: pass",
            "match a:\n  case X: pass",
            "match a:\n  case C(y=X): pass",
            "match a:\n  case [X, *b]: pass",
            "a, *X = b",
            "def f():\n  global X\n  X = 1",
        ] {
            let (_, alone) = uses(&format!("from m import X\n{binding}\n"));
            assert!(!alone, "{binding}");
        }
    }

    #[test]
    fn what_only_looks_like_a_binding_is_none() {
        for using in [
            "f(X=1)",
            "a.X = 1",
            "X.a = 1",
            "X[0] = 1",
            "[X for X in a]",
            "lambda X: X",
            "def f(*X): pass",
            "def f(a, *, X=1, **k): pass",
            "def f(X: int = 1): pass",
            "match a:\n  case X.y: pass",
            "match a:\n  case X(): pass",
            "from o import a as b",
            "'X = 1'",
            "# X = 1",
        ] {
            let (_, alone) = uses(&format!("from m import X\n{using}\n"));
            assert!(alone, "{using}");
        }
    }

    #[test]
    fn defaults_annotations_and_decorators_are_seen_from_outside() {
        let text = "from m import X\n@X\ndef f(X=X, y: X = 1) -> X: return X\n";
        assert_eq!(uses(text).0, [1, 2, 2, 2]);
    }
}
