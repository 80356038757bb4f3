//! Functions and methods that a file defines, as far as they are about tokens or sockets.

use tree_sitter::Node;

use crate::scan::Settings;

/// What something is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Tokens.
    Tokens,
    /// Sockets.
    Sockets,
}

/// A function or method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defined {
    /// What it is for.
    pub about: About,
    /// The class, if it is a method.
    pub class: Option<String>,
    /// Its name.
    pub name: String,
    /// The line, from 0.
    pub row: usize,
}

/// Calls that touch the bytes of a token.
const TOKEN_CALLS: [&str; 9] = [
    "jwt.decode",
    "jwt.encode",
    "jwt.verify",
    "jwt.sign",
    "jose.decode",
    "jwtDecode",
    "jwt_decode",
    "jwtVerify",
    "decodeJwt",
];

/// Reads the definitions of a file: public methods of classes whose names are of managers or of
/// what handles tokens, and functions that call a token library.
pub fn defined(root: Node<'_>, text: &str, settings: &Settings) -> Vec<Defined> {
    let mut found = Vec::new();
    let mut open: Vec<(Node<'_>, Option<(&str, About)>)> = vec![(root, None)];
    while let Some((node, class)) = open.pop() {
        let name = node.child_by_field_name("name").map(|name| &text[name.byte_range()]);
        let mut inner = class;
        match (node.kind(), name) {
            (
                "class_definition" | "class_declaration" | "abstract_class_declaration" | "class",
                name,
            ) => {
                inner = name.and_then(|name| about(name, settings).map(|about| (name, about)));
            }
            ("function_definition" | "function_declaration" | "method_definition", Some(name)) => {
                let row = node.start_position().row;
                let public = !name.starts_with(['_', '#']) && name != "constructor";
                let new = |about, class: Option<&str>| Defined {
                    about,
                    class: class.map(str::to_owned),
                    name: name.to_owned(),
                    row,
                };
                match class {
                    Some((class, about)) if public => found.push(new(about, Some(class))),
                    None if calls_library(node, text) => found.push(new(About::Tokens, None)),
                    Some(_) | None => {}
                }
                // What a function defines inside is its own affair.
                continue;
            }
            _ => {}
        }
        let mut cursor = node.walk();
        open.extend(node.named_children(&mut cursor).map(|child| (child, inner)));
    }
    found.sort_by_key(|each| each.row);
    found
}

fn about(class: &str, settings: &Settings) -> Option<About> {
    if settings.manager.names.iter().any(|name| name.fits(class.trim_start_matches('_'))) {
        return Some(About::Sockets);
    }
    let lower = class.to_lowercase();
    let role = ["service", "handler", "validator", "manager", "authority"];
    let tokens = lower.contains("jwt")
        || (lower.contains("token") && role.iter().any(|role| lower.ends_with(role)));
    tokens.then_some(About::Tokens)
}

fn calls_library(function: Node<'_>, text: &str) -> bool {
    let mut open = vec![function];
    while let Some(node) = open.pop() {
        if matches!(node.kind(), "call" | "call_expression") {
            let callee = node.child_by_field_name("function").map(|n| &text[n.byte_range()]);
            if callee.is_some_and(|callee| TOKEN_CALLS.contains(&callee)) {
                return true;
            }
        }
        let mut cursor = node.walk();
        open.extend(node.named_children(&mut cursor));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::{Language, parse};

    fn names(language: Language, text: &str) -> Vec<String> {
        let tree = parse(language, text);
        let found = defined(tree.root_node(), text, &Settings::default());
        let shown = |each: Defined| match each.class {
            Some(class) => format!("{class}.{}", each.name),
            None => each.name,
        };
        found.into_iter().map(shown).collect()
    }

    #[test]
    fn methods_of_managers_and_token_handlers_are_found_and_private_ones_are_not() {
        let text = "class UnifiedWebSocketManager:\n  def __init__(self): ...\n  async def send_to_user(self): ...\n\
                    class JWTHandler:\n  @staticmethod\n  def validate_token(t): ...\n  def _key(self): ...\n\
                    class TokenBucket:\n  def take(self): ...\n\
                    def peek(t):\n  return jwt.decode(t, k)\ndef other(): 'jwt.decode()'\n";
        assert_eq!(
            names(Language::Python, text),
            ["UnifiedWebSocketManager.send_to_user", "JWTHandler.validate_token", "peek"]
        );
    }

    #[test]
    fn scripts_are_read_as_well() {
        let text = "class TokenService { constructor() {} refresh() {} }\n\
                    function who(t) { return jwtDecode(t).sub }\nfunction x() {}\n";
        assert_eq!(names(Language::Tsx, text), ["TokenService.refresh", "who"]);
    }
}
