//! One name for what two grammars call differently.

use super::language::Language;

/// What a node is, in either language, as far as a rule asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing that a rule asks for.
    Other,
    /// `f(x)`, in TypeScript `new f(x)` as well.
    Call,
    /// `a.b`
    Attribute,
    /// `a[b]`
    Index,
    /// A bare name.
    Name,
    /// `this` and `super`; Python's `self` is a name.
    This,
    /// A string without interpolation in TypeScript, any string in Python.
    Text,
    /// Adjacent Python strings.
    Texts,
    /// A TypeScript template.
    Template,
    /// `{…}` in a string.
    Hole,
    /// A dictionary or an object.
    Dict,
    /// `k: v` in one.
    Pair,
    /// `{ name }` in an object.
    Shorthand,
    /// A list, tuple, set, array.
    List,
    /// `a = b`, `a: T = b`; `const a = b`.
    Assign,
    /// `a += b`
    Augment,
    /// A field of a TypeScript class.
    Field,
    /// A class.
    Class,
    /// An interface or type alias of TypeScript.
    Interface,
    /// A TypeScript enum.
    Enum,
    /// A function with or without a name, a method.
    Function,
    /// A block of TypeScript, a comprehension of Python: what has names of its own.
    Block,
    /// A decorator.
    Decorator,
    /// A parameter with a type or a default.
    Parameter,
    /// `for a in b`, also inside a comprehension, `for (const a of b)`.
    For,
    /// `with a as b`, `except a as b`.
    As,
    /// `catch (e)`
    Catch,
    /// `import a`, `from a import b`, `import … from`.
    Import,
    /// `export …`
    Export,
    /// `global a`
    Global,
    /// `return x`
    Return,
    /// `await x`, `(x)`, `x!`, `x as T`: what is looked through.
    Wrapper,
    /// `a + b`
    Binary,
    /// A comparison of Python; TypeScript's are `Binary`.
    Compare,
    /// `f(name=value)`
    Keyword,
    /// `*a`, `**a`, `...a`
    Spread,
    /// The type annotation of something.
    Annotation,
    /// A comment.
    Comment,
    /// A statement that is one expression.
    Statement,
}

/// The meaning of each kind of node of a grammar, by its number.
pub(super) fn kinds_of(grammar: &tree_sitter::Language, language: Language) -> Vec<Kind> {
    let count = u16::try_from(grammar.node_kind_count()).unwrap_or(u16::MAX);
    let kind_of = if language.is_python() { python } else { script };
    (0..count)
        .map(|id| match grammar.node_kind_for_id(id) {
            Some(name) if grammar.node_kind_is_named(id) => kind_of(name),
            _ => Kind::Other,
        })
        .collect()
}

fn python(name: &str) -> Kind {
    match name {
        "call" => Kind::Call,
        "attribute" => Kind::Attribute,
        "subscript" => Kind::Index,
        "identifier" => Kind::Name,
        "string" => Kind::Text,
        "concatenated_string" => Kind::Texts,
        "interpolation" => Kind::Hole,
        "dictionary" => Kind::Dict,
        "pair" => Kind::Pair,
        "list" | "tuple" | "set" | "expression_list" | "pattern_list" | "tuple_pattern"
        | "list_pattern" => Kind::List,
        "assignment" | "named_expression" => Kind::Assign,
        "augmented_assignment" => Kind::Augment,
        "class_definition" => Kind::Class,
        "function_definition" | "lambda" => Kind::Function,
        "decorator" => Kind::Decorator,
        "typed_parameter" | "default_parameter" | "typed_default_parameter" => Kind::Parameter,
        "for_statement" | "for_in_clause" => Kind::For,
        "as_pattern" => Kind::As,
        "import_statement" | "import_from_statement" => Kind::Import,
        "global_statement" | "nonlocal_statement" => Kind::Global,
        "return_statement" => Kind::Return,
        "await" | "parenthesized_expression" => Kind::Wrapper,
        "binary_operator" => Kind::Binary,
        "comparison_operator" => Kind::Compare,
        "keyword_argument" => Kind::Keyword,
        "list_splat" | "dictionary_splat" | "list_splat_pattern" | "dictionary_splat_pattern" => {
            Kind::Spread
        }
        "list_comprehension"
        | "set_comprehension"
        | "dictionary_comprehension"
        | "generator_expression" => Kind::Block,
        "type" => Kind::Annotation,
        "comment" => Kind::Comment,
        "expression_statement" => Kind::Statement,
        _ => Kind::Other,
    }
}

fn script(name: &str) -> Kind {
    match name {
        "call_expression" | "new_expression" => Kind::Call,
        "member_expression" => Kind::Attribute,
        "subscript_expression" => Kind::Index,
        "identifier" => Kind::Name,
        "this" | "super" => Kind::This,
        "string" => Kind::Text,
        "template_string" => Kind::Template,
        "template_substitution" => Kind::Hole,
        "object" => Kind::Dict,
        "pair" => Kind::Pair,
        "shorthand_property_identifier" => Kind::Shorthand,
        "array" | "array_pattern" => Kind::List,
        "variable_declarator" | "assignment_expression" => Kind::Assign,
        "augmented_assignment_expression" => Kind::Augment,
        "public_field_definition" => Kind::Field,
        "class_declaration" | "class" | "abstract_class_declaration" => Kind::Class,
        "interface_declaration" | "type_alias_declaration" => Kind::Interface,
        "enum_declaration" => Kind::Enum,
        "function_declaration"
        | "generator_function_declaration"
        | "function_expression"
        | "generator_function"
        | "arrow_function"
        | "method_definition" => Kind::Function,
        "statement_block" => Kind::Block,
        "decorator" => Kind::Decorator,
        "required_parameter" | "optional_parameter" => Kind::Parameter,
        "for_in_statement" => Kind::For,
        "catch_clause" => Kind::Catch,
        "import_statement" => Kind::Import,
        "export_statement" => Kind::Export,
        "return_statement" => Kind::Return,
        "await_expression"
        | "parenthesized_expression"
        | "non_null_expression"
        | "as_expression"
        | "satisfies_expression"
        | "type_assertion" => Kind::Wrapper,
        "binary_expression" => Kind::Binary,
        "spread_element" | "rest_pattern" => Kind::Spread,
        "type_annotation" => Kind::Annotation,
        "comment" => Kind::Comment,
        "expression_statement" => Kind::Statement,
        _ => Kind::Other,
    }
}

/// The numbers of the fields that are asked for; 0, which no field has, where a grammar lacks one.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    pub(super) function: u16,
    pub(super) constructor: u16,
    pub(super) arguments: u16,
    pub(super) object: u16,
    pub(super) attribute: u16,
    pub(super) property: u16,
    pub(super) name: u16,
    pub(super) alias: u16,
    pub(super) value: u16,
    pub(super) key: u16,
    pub(super) left: u16,
    pub(super) right: u16,
    pub(super) pattern: u16,
    pub(super) kind: u16,
    pub(super) body: u16,
    pub(super) parameters: u16,
    pub(super) parameter: u16,
    pub(super) superclasses: u16,
    pub(super) subscript: u16,
    pub(super) index: u16,
    pub(super) module_name: u16,
    pub(super) source: u16,
    pub(super) declaration: u16,
}

impl Fields {
    pub(super) fn of(grammar: &tree_sitter::Language) -> Self {
        let id = |name: &str| grammar.field_id_for_name(name).map_or(0, std::num::NonZero::get);
        Self {
            function: id("function"),
            constructor: id("constructor"),
            arguments: id("arguments"),
            object: id("object"),
            attribute: id("attribute"),
            property: id("property"),
            name: id("name"),
            alias: id("alias"),
            value: id("value"),
            key: id("key"),
            left: id("left"),
            right: id("right"),
            pattern: id("pattern"),
            kind: id("type"),
            body: id("body"),
            parameters: id("parameters"),
            parameter: id("parameter"),
            superclasses: id("superclasses"),
            subscript: id("subscript"),
            index: id("index"),
            module_name: id("module_name"),
            source: id("source"),
            declaration: id("declaration"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::language::parse;

    #[test]
    fn both_grammars_speak_of_calls_and_classes_in_the_same_words() {
        for (language, text) in [
            (Language::Python, "class A:\n    x = f(1)\n"),
            (Language::TypeScript, "class A { y() { const x = f(1); } }"),
            (Language::Tsx, "class A { y() { const x = f(1); } }"),
        ] {
            let tree = parse(language, text);
            let mut seen = Vec::new();
            let mut waiting = vec![tree.root_node()];
            while let Some(node) = waiting.pop() {
                seen.push(language.grammar().kind(node.kind_id()));
                waiting.extend((0..node.child_count()).filter_map(|at| node.child(at)));
            }
            for wanted in [Kind::Class, Kind::Assign, Kind::Call, Kind::Name] {
                assert!(seen.contains(&wanted), "{language:?} {wanted:?}");
            }
        }
    }

    #[test]
    fn every_field_that_is_asked_for_exists_in_one_of_the_grammars() {
        let python = Fields::of(&tree_sitter_python::LANGUAGE.into());
        let script = Fields::of(&tree_sitter_typescript::LANGUAGE_TSX.into());
        for (python, script) in [
            (python.function, script.function),
            (python.attribute, script.property),
            (python.subscript, script.index),
            (python.module_name, script.source),
            (python.superclasses, script.body),
        ] {
            assert!(python != 0 && script != 0);
        }
    }
}
