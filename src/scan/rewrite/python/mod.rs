//! Rewriting of Python files.

mod calls;
mod decision;
mod dotted;
mod followed;
mod imports;
mod module;
mod named;
mod names;
mod planner;
mod statement;
mod strings;
mod unused;

use std::path::Path;

use tree_sitter::Tree;

pub use module::Package;

use super::edit::Edits;
use super::mapping::Mapping;
use super::outside::Outside;
use super::refusal::Why;
use super::source::Source;
use crate::scan::{Language, parse};

/// A parsed Python file.
#[derive(Debug)]
pub struct PythonFile {
    /// Its text.
    pub source: Source,
    /// Its syntax tree.
    pub tree: Tree,
    /// Its place among the modules.
    pub package: Package,
}

/// Says whether a module is a file in the tree.
pub type IsModule<'a> = dyn Fn(&str) -> bool + Sync + 'a;

/// True when a text parses without faults.
pub fn parses(text: &str) -> bool {
    !parse(Language::Python, text).root_node().has_error()
}

/// What a file's rewriting comes to.
#[derive(Debug, Default)]
pub struct Planned {
    /// The edits.
    pub edits: Edits,
    /// Where something is left to people: position, reason, what it is about.
    pub refusals: Vec<(usize, Why, String)>,
}

impl PythonFile {
    /// Parses a file; `path` is from the root of the tree.
    pub fn parse(
        path: &Path,
        source: Source,
        roots: &[String],
        is_package: &dyn Fn(&Path) -> bool,
    ) -> Self {
        let tree = parse(Language::Python, source.text());
        Self { tree, package: Package::of(path, roots, is_package), source }
    }

    /// What the file takes from others.
    pub fn takes(&self) -> Outside {
        let mut outside = Outside::default();
        let text = self.source.text();
        for statement in imports::statements(self.tree.root_node(), text, &self.package) {
            for module in statement.from.iter().flat_map(|from| &from.modules) {
                for item in &statement.items {
                    outside.takes(module.clone(), item.name.clone());
                }
            }
        }
        strings::taken(self.tree.root_node(), text, &mut outside);
        outside
    }

    /// What is to be changed in the file, and what is left.
    pub fn plan(
        &self,
        mapping: &Mapping,
        outside: &Outside,
        is_module: &IsModule<'_>,
        in_strings: bool,
    ) -> Planned {
        planner::Planner::new(self, mapping, outside, is_module).plan(in_strings)
    }
}
