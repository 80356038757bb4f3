//! One file of either language, from its bytes to its change.

use std::path::{Path, PathBuf};

use super::change::Change;
use super::mapping::Mapping;
use super::outside::Outside;
use super::python::{self, IsModule, Planned, PythonFile};
use super::refusal::{Refusal, Why};
use super::script::{self, InTree, ScriptFile};
use super::source::Source;
use crate::scan::Language;

/// A parsed file.
#[derive(Debug)]
pub enum Parsed {
    /// Python.
    Python(PythonFile),
    /// TypeScript or JavaScript.
    Script(ScriptFile),
}

/// What the tree knows that a file does not.
pub struct Surroundings<'a> {
    /// What moves.
    pub mapping: &'a Mapping,
    /// What files take from each other.
    pub outside: &'a Outside,
    /// Whether a Python module is in the tree.
    pub is_module: &'a IsModule<'a>,
    /// Whether a script module is a path in the tree.
    pub in_tree: &'a InTree<'a>,
    /// Whether strings are rewritten.
    pub strings: bool,
}

/// What comes of one file.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Its change, if any.
    pub change: Option<Change>,
    /// What is left in it.
    pub refusals: Vec<Refusal>,
}

impl Parsed {
    /// Parses a file; `path` is from the root of the tree.
    pub fn read(
        path: &Path,
        language: Language,
        source: Source,
        roots: &[String],
        is_package: &dyn Fn(&Path) -> bool,
    ) -> Self {
        match language {
            Language::Python => Self::Python(PythonFile::parse(path, source, roots, is_package)),
            Language::TypeScript | Language::Tsx => {
                let path = path.to_string_lossy().replace('\\', "/");
                Self::Script(ScriptFile::parse(&path, language, source))
            }
        }
    }

    /// What the file takes from others.
    pub fn takes(&self) -> Outside {
        match self {
            Self::Python(file) => file.takes(),
            Self::Script(_) => Outside::default(),
        }
    }

    fn source(&self) -> &Source {
        match self {
            Self::Python(file) => &file.source,
            Self::Script(file) => &file.source,
        }
    }

    fn is_whole(&self) -> bool {
        let tree = match self {
            Self::Python(file) => &file.tree,
            Self::Script(file) => &file.tree,
        };
        !tree.root_node().has_error()
    }

    fn planned(&self, around: &Surroundings<'_>) -> Planned {
        match self {
            Self::Python(file) => {
                file.plan(around.mapping, around.outside, around.is_module, around.strings)
            }
            Self::Script(file) => file.plan(around.mapping, around.in_tree, around.strings),
        }
    }

    fn parses(&self, text: &str) -> bool {
        match self {
            Self::Python(_) => python::parses(text),
            Self::Script(file) => script::parses(file.language, text),
        }
    }

    /// Plans the file, makes the edits, and looks whether the result parses.
    pub fn outcome(&self, path: &Path, around: &Surroundings<'_>) -> Outcome {
        let planned = self.planned(around);
        let source = self.source();
        let refusal = |at, why, what| refusal(path, source, at, why, what);
        let whole = |why| Outcome {
            change: None,
            refusals: vec![refusal(0, why, path.display().to_string())],
        };
        let idle = planned.edits.is_empty() && planned.refusals.is_empty();
        if !self.is_whole() && !idle {
            return whole(Why::Unparsed);
        }
        let mut refusals: Vec<Refusal> =
            planned.refusals.into_iter().map(|(at, why, what)| refusal(at, why, what)).collect();
        refusals.sort();
        refusals.dedup();
        if planned.edits.is_empty() {
            return Outcome { change: None, refusals };
        }
        if !source.takes_unicode() && !planned.edits.is_ascii() {
            return whole(Why::Encoding);
        }
        let after = planned.edits.applied(source.bytes());
        let text = after.clone().and_then(Source::read);
        let Some((after, _)) = after.zip(text).filter(|(_, text)| self.parses(text.text())) else {
            return whole(Why::Broken);
        };
        let before = source.bytes().to_vec();
        let change = (after != before).then(|| Change {
            path: path.to_owned(),
            before: Some(before),
            after,
        });
        Outcome { change, refusals }
    }
}

fn refusal(path: &Path, source: &Source, at: usize, why: Why, what: String) -> Refusal {
    let (line, column) = source.place(at);
    Refusal { path: PathBuf::from(path), line, column, why, what, code: source.line(at) }
}
