//! Who names a function, a method or the path of an endpoint.

use std::collections::{HashMap, HashSet};

use tree_sitter::Node;

/// What is looked for.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Names of functions and methods.
    pub names: HashSet<String>,
    /// Paths of endpoints, with their parts; a parameter is `None`.
    pub paths: Vec<(String, Vec<Option<String>>)>,
}

impl Wanted {
    /// Looks for a path, too.
    pub fn add_path(&mut self, path: &str) {
        let parameter = |part: &str| part.starts_with(['{', ':', '<']);
        let parts = path.trim_matches('/').split('/');
        let parts = parts.map(|part| (!parameter(part)).then(|| part.to_owned())).collect();
        self.paths.push((path.to_owned(), parts));
    }

    /// The lines, from 0, at which a file names what is looked for, by name or path. A definition
    /// is no use of itself, nor is an import.
    pub fn uses(&self, root: Node<'_>, text: &str) -> HashMap<&str, Vec<usize>> {
        let mut found: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut cursor = root.walk();
        loop {
            let node = cursor.node();
            let row = node.start_position().row;
            match node.kind() {
                "identifier" | "property_identifier" => {
                    let name = self.names.get(&text[node.byte_range()]);
                    if let Some(name) = name.filter(|_| !defines(node)) {
                        found.entry(name).or_default().push(row);
                    }
                }
                "string_content" | "string_fragment" => {
                    for path in self.paths_in(&text[node.byte_range()]) {
                        found.entry(path).or_default().push(row);
                    }
                }
                _ => {}
            }
            let import = matches!(node.kind(), "import_statement" | "import_from_statement");
            if !import && cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return found;
                }
            }
        }
    }

    /// The paths that the text of a string ends with, before its query.
    fn paths_in(&self, content: &str) -> Vec<&str> {
        if !content.contains('/') {
            return Vec::new();
        }
        let path = content.split(['?', '#']).next().unwrap_or(content).trim_end_matches('/');
        let given: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let fits = |wanted: &&(String, Vec<Option<String>>)| {
            let parts = &wanted.1;
            let Some(skipped) = given.len().checked_sub(parts.len()) else { return false };
            let mut pairs = parts.iter().zip(&given[skipped..]);
            let tail = pairs.all(|(part, given)| part.as_deref().is_none_or(|p| p == *given));
            // Another prefix is a host, or where a proxy puts the service; not another resource.
            tail && (skipped == 0 || path.contains("://") || parts.len() > 1)
        };
        self.paths.iter().filter(fits).map(|wanted| wanted.0.as_str()).collect()
    }
}

fn defines(name: Node<'_>) -> bool {
    name.parent().is_some_and(|parent| {
        let kinds = ["function_definition", "function_declaration", "method_definition"];
        kinds.contains(&parent.kind()) && parent.child_by_field_name("name") == Some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::{Language, parse};

    #[test]
    fn calls_are_uses_and_definitions_imports_and_comments_are_none() {
        let mut wanted = Wanted::default();
        wanted.names.insert("send".to_owned());
        wanted.add_path("/auth/users/{id}");
        wanted.add_path("/auth/validate");
        let text = "from a import send\ndef send(): ...\nx.send(1)\n# send\n'send'\n\
                    get('http://h/auth/users/7?x=1')\npost(f'{base}/auth/validate')\n'/auth/validated'\n";
        let tree = parse(Language::Python, text);
        let found = wanted.uses(tree.root_node(), text);
        assert_eq!(found["send"], [2]);
        assert_eq!(found["/auth/users/{id}"], [5]);
        assert_eq!(found["/auth/validate"], [6]);
    }
}
