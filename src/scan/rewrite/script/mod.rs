//! Rewriting of TypeScript and JavaScript files.

mod calls;
mod imports;
mod names;
mod planner;
mod specifier;
mod statement;

use tree_sitter::Tree;

pub use specifier::{files_of, plain, relative};

use super::mapping::Mapping;
use super::python::Planned;
use super::source::Source;
use crate::scan::{Language, parse};

/// A parsed TypeScript or JavaScript file.
#[derive(Debug)]
pub struct ScriptFile {
    /// Its text.
    pub source: Source,
    /// Its syntax tree.
    pub tree: Tree,
    /// Its grammar.
    pub language: Language,
    /// Its path from the root, without ending.
    pub module: String,
    /// Its folder from the root of the tree, with `/`.
    pub folder: String,
}

/// Says whether a module is a path in the tree.
pub type InTree<'a> = dyn Fn(&str) -> bool + Sync + 'a;

/// True when a text parses without faults.
pub fn parses(language: Language, text: &str) -> bool {
    !parse(language, text).root_node().has_error()
}

impl ScriptFile {
    /// Parses a file; `path` is from the root of the tree, with `/`.
    pub fn parse(path: &str, language: Language, source: Source) -> Self {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let module = plain(path).to_owned();
        Self { module, tree: parse(language, source.text()), language, folder, source }
    }

    /// What is to be changed in the file, and what is left.
    pub fn plan(&self, mapping: &Mapping, in_tree: &InTree<'_>, in_strings: bool) -> Planned {
        planner::Planner::new(self, mapping, in_tree).plan(in_strings)
    }
}
