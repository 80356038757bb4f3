//! The languages that are read, and one set of words for the nodes of their syntax trees.

use std::cell::RefCell;
use std::path::Path;
use std::sync::LazyLock;

use tree_sitter::{Parser, Tree};

use super::kind::{Fields, Kind, kinds_of};

/// A grammar. JavaScript is read by the one of TSX, which contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// `.py`, `.pyi`, `.pyw`.
    Python,
    /// `.ts`, `.mts`, `.cts`: without JSX, so that `<T>x` is a cast.
    TypeScript,
    /// `.tsx`, `.jsx`, `.js`, `.mjs`, `.cjs`.
    Tsx,
}

/// What is looked up once a grammar: the meaning of each kind of node, and the numbers of fields.
pub(super) struct Grammar {
    language: tree_sitter::Language,
    kinds: Vec<Kind>,
    pub(super) fields: Fields,
}

static GRAMMARS: LazyLock<[Grammar; 3]> = LazyLock::new(|| Language::ALL.map(Grammar::of));

impl Grammar {
    fn of(language: Language) -> Self {
        let grammar: tree_sitter::Language = match language {
            Language::Python => tree_sitter_python::LANGUAGE.into(),
            Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Language::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
        };
        let kinds = kinds_of(&grammar, language);
        let fields = Fields::of(&grammar);
        Self { language: grammar, kinds, fields }
    }

    pub(super) fn kind(&self, id: u16) -> Kind {
        self.kinds.get(usize::from(id)).copied().unwrap_or(Kind::Other)
    }
}

impl Language {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Python, Self::TypeScript, Self::Tsx];

    /// The language of a file, by its name.
    pub fn of(path: &Path) -> Option<Self> {
        Some(match path.extension()?.to_str()? {
            "py" | "pyi" | "pyw" => Self::Python,
            "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" | "jsx" | "js" | "mjs" | "cjs" => Self::Tsx,
            _ => return None,
        })
    }

    /// True for Python, false for the languages of browsers.
    pub const fn is_python(self) -> bool {
        matches!(self, Self::Python)
    }

    pub(super) fn grammar(self) -> &'static Grammar {
        &GRAMMARS[self as usize]
    }
}

thread_local! {
    static PARSERS: RefCell<[Option<Parser>; 3]> = const { RefCell::new([None, None, None]) };
}

/// Parses a text with this thread's parser of the language. tree-sitter always gives a tree; where
/// the text is wrong, `tree.root_node().has_error()` says so.
pub fn parse(language: Language, text: &str) -> Tree {
    PARSERS.with_borrow_mut(|parsers| {
        let parser = parsers[language as usize].get_or_insert_with(|| {
            let mut parser = Parser::new();
            parser
                .set_language(&language.grammar().language)
                .expect("the grammars are of this version of tree-sitter");
            parser
        });
        parser.parse(text, None).expect("a language is set, and no time limit")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_told_by_the_name_of_the_file() {
        assert_eq!(Language::of(Path::new("a/b.py")), Some(Language::Python));
        assert_eq!(Language::of(Path::new("a.d.ts")), Some(Language::TypeScript));
        assert_eq!(Language::of(Path::new("a.mjs")), Some(Language::Tsx));
        assert_eq!(Language::of(Path::new("README.md")), None);
        assert_eq!(Language::of(Path::new("py")), None);
    }

    #[test]
    fn each_grammar_reads_its_own_text_and_marks_what_it_cannot() {
        for (language, sound, odd) in [
            (Language::Python, "async def f(x: int = 1): return await x\n", "def (:\n"),
            (Language::TypeScript, "const x = <T>y; enum E { A }", "class { {"),
            (Language::Tsx, "const x = <a b={c}>{d}</a>;", "const = ="),
        ] {
            assert!(!parse(language, sound).root_node().has_error(), "{language:?}");
            assert!(parse(language, odd).root_node().has_error(), "{language:?}");
        }
    }
}
