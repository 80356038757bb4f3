//! A node of a syntax tree together with the text it stands in.

use std::ops::Range;

use tree_sitter::Node;

use super::kind::{Fields, Kind};
use super::language::{Grammar, Language};

/// A text and its language.
#[derive(Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "a text has a text")]
pub(super) struct Text<'t> {
    pub(super) text: &'t str,
    pub(super) language: Language,
    grammar: &'static Grammar,
}

/// A piece of code.
#[derive(Clone, Copy)]
pub(super) struct Code<'t> {
    node: Node<'t>,
    of: Text<'t>,
}

/// An argument of a call.
#[derive(Clone, Copy)]
pub(super) struct Argument<'t> {
    pub(super) name: Option<&'t str>,
    pub(super) value: Code<'t>,
}

impl<'t> Text<'t> {
    pub(super) fn new(language: Language, text: &'t str) -> Self {
        Self { text, language, grammar: language.grammar() }
    }

    pub(super) const fn code(self, node: Node<'t>) -> Code<'t> {
        Code { node, of: self }
    }
}

impl<'t> Code<'t> {
    pub(super) fn kind(self) -> Kind {
        self.of.grammar.kind(self.node.kind_id())
    }

    /// The grammar's own word for it.
    pub(super) fn word(self) -> &'t str {
        self.node.kind()
    }

    pub(super) fn id(self) -> usize {
        self.node.id()
    }

    pub(super) const fn language(self) -> Language {
        self.of.language
    }

    pub(super) fn text(self) -> &'t str {
        &self.of.text[self.node.byte_range()]
    }

    pub(super) fn span(self) -> Range<usize> {
        self.node.byte_range()
    }

    pub(super) fn start(self) -> usize {
        self.node.start_byte()
    }

    pub(super) fn fields(self) -> &'static Fields {
        &self.of.grammar.fields
    }

    pub(super) fn field(self, id: u16) -> Option<Self> {
        if id == 0 {
            return None;
        }
        self.node.child_by_field_id(id).map(|node| Self { node, of: self.of })
    }

    pub(super) const fn node(self) -> Node<'t> {
        self.node
    }

    pub(super) const fn text_of_file(self) -> Text<'t> {
        self.of
    }

    /// What it stands in. It is looked for from the top, so this is for rare questions.
    pub(super) fn parent(self) -> Option<Self> {
        self.node.parent().map(|node| Self { node, of: self.of })
    }

    /// Its named children without comments.
    pub(super) fn children(self) -> Vec<Self> {
        let mut cursor = self.node.walk();
        let nodes = self.node.named_children(&mut cursor);
        nodes
            .map(|node| Self { node, of: self.of })
            .filter(|code| code.kind() != Kind::Comment)
            .collect()
    }

    /// Its children of this field.
    pub(super) fn all(self, id: u16) -> Vec<Self> {
        let Some(id) = std::num::NonZero::new(id) else { return Vec::new() };
        let mut cursor = self.node.walk();
        let nodes = self.node.children_by_field_id(id, &mut cursor);
        nodes.map(|node| Self { node, of: self.of }).collect()
    }

    /// Its words and signs, such as `async`.
    pub(super) fn has_sign(self, sign: &str) -> bool {
        let mut cursor = self.node.walk();
        self.node.children(&mut cursor).any(|child| !child.is_named() && child.kind() == sign)
    }

    pub(super) fn first(self) -> Option<Self> {
        self.children().into_iter().next()
    }

    /// Itself without parentheses, `await`, casts and the like around it.
    pub(super) fn bare(self) -> Self {
        let mut code = self;
        for _ in 0..16 {
            if !matches!(code.kind(), Kind::Wrapper) {
                break;
            }
            let inner =
                if code.word() == "type_assertion" { code.children().pop() } else { code.first() };
            match inner {
                Some(inner) => code = inner,
                None => break,
            }
        }
        code
    }

    /// What is called.
    pub(super) fn callee(self) -> Option<Self> {
        let fields = self.fields();
        self.field(fields.function).or_else(|| self.field(fields.constructor)).map(Self::bare)
    }

    /// `new X(…)`
    pub(super) fn is_new(self) -> bool {
        self.word() == "new_expression"
    }

    pub(super) fn arguments(self) -> Vec<Argument<'t>> {
        let Some(list) = self.field(self.fields().arguments) else { return Vec::new() };
        let of = |code: Self| {
            if code.kind() == Kind::Keyword {
                let name = code.field(self.fields().name).map(Self::text);
                let value = code.field(self.fields().value).unwrap_or(code);
                Argument { name, value: value.bare() }
            } else {
                Argument { name: None, value: code.bare() }
            }
        };
        list.children().into_iter().map(of).collect()
    }

    /// `a` of `a.b` and of `a[b]`.
    pub(super) fn object(self) -> Option<Self> {
        let fields = self.fields();
        match self.kind() {
            Kind::Index if self.language().is_python() => self.field(fields.value),
            _ => self.field(fields.object),
        }
        .map(Self::bare)
    }

    /// `b` of `a.b`.
    pub(super) fn member(self) -> Option<&'t str> {
        let fields = self.fields();
        let member = self.field(fields.attribute).or_else(|| self.field(fields.property));
        member.map(Self::text)
    }

    /// `b` of `a[b]`.
    pub(super) fn index(self) -> Option<Self> {
        let fields = self.fields();
        self.field(fields.subscript).or_else(|| self.field(fields.index)).map(Self::bare)
    }

    /// The target of an assignment.
    pub(super) fn target(self) -> Option<Self> {
        let fields = self.fields();
        self.field(fields.left).or_else(|| self.field(fields.name))
    }

    /// The value of an assignment, a pair, a field or a parameter.
    pub(super) fn value(self) -> Option<Self> {
        let fields = self.fields();
        self.field(fields.right).or_else(|| self.field(fields.value)).map(Self::bare)
    }

    pub(super) fn name(self) -> Option<&'t str> {
        self.field(self.fields().name).map(Self::text)
    }

    pub(super) fn body(self) -> Option<Self> {
        self.field(self.fields().body)
    }

    /// The type that stands beside it.
    pub(super) fn annotation(self) -> Option<Self> {
        self.field(self.fields().kind)
    }

    /// What a string says when nothing is interpolated; a template and adjacent strings count.
    pub(super) fn literal(self) -> Option<&'t str> {
        match self.kind() {
            Kind::Text | Kind::Template => match self.pieces().as_slice() {
                [] => Some(""),
                [Piece::Said(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// What a string says, and where something is put into it.
    pub(super) fn pieces(self) -> Vec<Piece<'t>> {
        match self.kind() {
            Kind::Texts => self.children().into_iter().flat_map(Self::pieces).collect(),
            Kind::Text | Kind::Template => self.own_pieces(),
            _ => Vec::new(),
        }
    }

    /// Holes part a text; escapes do not, and stand as they are written.
    fn own_pieces(self) -> Vec<Piece<'t>> {
        let mut pieces = Vec::new();
        let mut said: Option<Range<usize>> = None;
        for child in self.children() {
            match child.word() {
                "string_content" | "string_fragment" | "escape_sequence" => {
                    let span = child.span();
                    said = Some(said.map_or(span.start, |said| said.start)..span.end);
                }
                "interpolation" | "template_substitution" => {
                    pieces.extend(said.take().map(|said| Piece::Said(&self.of.text[said])));
                    pieces.extend(child.first().map(|code| Piece::Put(code.bare())));
                }
                _ => {}
            }
        }
        pieces.extend(said.map(|said| Piece::Said(&self.of.text[said])));
        pieces
    }
}

/// A part of a string.
#[derive(Clone, Copy)]
pub(super) enum Piece<'t> {
    /// Written as it is.
    Said(&'t str),
    /// Interpolated.
    #[cfg_attr(not(test), expect(dead_code, reason = "rules ask only that something is put"))]
    Put(Code<'t>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::language::parse;

    fn first_of(language: Language, text: &str, kind: Kind, check: impl Fn(Code<'_>)) {
        let tree = parse(language, text);
        let of = Text::new(language, text);
        let mut waiting = vec![of.code(tree.root_node())];
        while let Some(code) = waiting.pop() {
            if code.kind() == kind {
                return check(code);
            }
            waiting.extend(code.children().into_iter().rev());
        }
        panic!("no {kind:?} in {text}");
    }

    #[test]
    fn arguments_lose_their_wrappers_and_keep_their_names() {
        first_of(Language::Python, "f((await x), k=1)", Kind::Call, |call| {
            let all = call.arguments();
            assert_eq!((all[0].name, all[0].value.text()), (None, "x"));
            assert_eq!((all[1].name, all[1].value.text()), (Some("k"), "1"));
        });
        first_of(Language::Tsx, "(f as any)!(x!, ...y)", Kind::Call, |call| {
            assert_eq!(call.callee().map(Code::text), Some("f"));
            assert_eq!(call.arguments()[0].value.text(), "x");
        });
    }

    #[test]
    fn a_string_says_what_stands_between_its_holes() {
        for (language, text, kind) in [
            (Language::Python, "f'a\\n{b}c'", Kind::Text),
            (Language::Tsx, "`a\\n${b}c`", Kind::Template),
        ] {
            first_of(language, text, kind, |string| {
                let pieces: Vec<_> = string
                    .pieces()
                    .into_iter()
                    .map(|piece| match piece {
                        Piece::Said(text) => text,
                        Piece::Put(code) => code.text(),
                    })
                    .collect();
                assert_eq!(pieces, ["a\\n", "b", "c"]);
                assert_eq!(string.literal(), None);
            });
        }
        first_of(Language::Python, "''", Kind::Text, |text| assert_eq!(text.literal(), Some("")));
    }
}
