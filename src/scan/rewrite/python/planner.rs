//! Deciding about every import of one file.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use tree_sitter::Node;

use super::decision::{Decision, NewImport};
use super::imports::{Item, Statement, statements};
use super::names::Names;
use super::statement::Writer;
use super::{IsModule, Planned, PythonFile, dotted, followed, named, strings, unused};
use crate::scan::rewrite::edit::Edits;
use crate::scan::rewrite::mapping::{Language, Mapping, Rule};
use crate::scan::rewrite::outside::Outside;
use crate::scan::rewrite::refusal::Why;

/// All that is known about a file while it is planned.
pub(super) struct Planner<'a> {
    pub(super) file: &'a PythonFile,
    pub(super) mapping: &'a Mapping,
    pub(super) outside: &'a Outside,
    pub(super) is_module: &'a IsModule<'a>,
    pub(super) names: Names<'a>,
    pub(super) statements: Vec<Statement<'a>>,
    pub(super) exports: HashSet<String>,
    pub(super) edits: Edits,
    pub(super) refusals: Vec<(usize, Why, String)>,
    /// Arguments that calls lose.
    pub(super) dropped: Vec<Range<usize>>,
    /// New names that this run brings in, and what they mean.
    claimed: HashMap<String, (String, String)>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(
        file: &'a PythonFile,
        mapping: &'a Mapping,
        outside: &'a Outside,
        is_module: &'a IsModule<'a>,
    ) -> Self {
        let (root, text) = (file.tree.root_node(), file.source.text());
        Self {
            names: Names::of(root, text),
            statements: statements(root, text, &file.package),
            exports: strings::exports(root, text),
            edits: Edits::default(),
            refusals: Vec::new(),
            dropped: Vec::new(),
            claimed: HashMap::new(),
            file,
            mapping,
            outside,
            is_module,
        }
    }

    pub(super) fn plan(mut self, in_strings: bool) -> Planned {
        let statements = std::mem::take(&mut self.statements);
        let mut decisions: Vec<Vec<Decision>> = Vec::with_capacity(statements.len());
        for statement in &statements {
            self.refuse_star(statement);
            let decide = |item| self.decide(&statements, statement, item);
            decisions.push(statement.items.iter().map(decide).collect());
        }
        unused::drop(&self, &statements, &mut decisions);
        self.write(&statements, &decisions);
        strings::rewrite(&mut self, in_strings);
        Planned { edits: self.edits, refusals: self.refusals }
    }

    fn write(&mut self, statements: &[Statement<'a>], decisions: &[Vec<Decision>]) {
        let writer = Writer { source: &self.file.source, package: &self.file.package };
        let mut present: HashMap<usize, HashSet<NewImport>> = HashMap::new();
        for (statement, decisions) in statements.iter().zip(decisions) {
            let block = statement.node.parent().map_or(0, |block| block.id());
            let known = present.entry(block).or_default();
            if self.is_marked(statement) {
                writer.edit(statement, decisions, &mut HashSet::new(), &mut self.edits);
            } else {
                writer.edit(statement, decisions, known, &mut self.edits);
            }
            let pairs = statement.items.iter().zip(decisions);
            for (item, _) in pairs.filter(|(_, decision)| decision.stays) {
                known.extend(as_written(statement, item));
            }
        }
    }

    /// True when a comment asks that nobody judges the import.
    pub(super) fn is_marked(&self, statement: &Statement<'_>) -> bool {
        let source = &self.file.source;
        let (start, end) = (statement.node.start_byte(), statement.node.end_byte());
        source.slice(source.line_start(start)..source.line_end(end)).contains("noqa")
    }

    fn refuse_star(&mut self, statement: &Statement<'_>) {
        let Some(from) = statement.from.as_ref().filter(|_| statement.star) else { return };
        let moved = |module: &&String| {
            self.mapping.module(Language::Python, module).is_some()
                || self.mapping.has_names(Language::Python, module)
        };
        if let Some(module) = from.modules.iter().find(moved) {
            self.refusals.push((statement.node.start_byte(), Why::Star, module.clone()));
        }
    }

    fn decide(
        &mut self,
        all: &[Statement<'a>],
        statement: &Statement<'a>,
        item: &Item<'a>,
    ) -> Decision {
        match &statement.from {
            Some(from) => {
                let decided = from
                    .modules
                    .iter()
                    .map(|module| self.decide_from(all, statement, item, module))
                    .find(|decision| !decision.is_stay());
                decided.unwrap_or_else(Decision::stay)
            }
            None => self.decide_plain(all, statement, item),
        }
    }

    fn decide_from(
        &mut self,
        all: &[Statement<'a>],
        statement: &Statement<'a>,
        item: &Item<'a>,
        module: &str,
    ) -> Decision {
        let mapping = self.mapping;
        if let Some(rule) = mapping.name(Language::Python, module, &item.name) {
            if self.is_itself(&rule.to) {
                self.refuse(item.node, Why::Itself, rule.source());
                return Decision::stay();
            }
            return named::decide(self, all, statement, item, rule);
        }
        let full = format!("{module}.{}", item.name);
        if mapping.module(Language::Python, &full).is_some()
            || mapping.has_names(Language::Python, &full)
            || mapping.has_below(Language::Python, &full)
        {
            return followed::decide(self, all, statement, item, &full);
        }
        let Some(moved) = mapping.module(Language::Python, module) else {
            return Decision::stay();
        };
        if self.is_itself(&moved.to) {
            self.refuse(item.node, Why::Itself, module);
            return Decision::stay();
        }
        if (self.is_module)(&full) && !moved.rule.below {
            self.refuse(item.node, Why::Below, full);
            return Decision::stay();
        }
        Decision::become_(NewImport::name(&moved.to, &item.name, item.local()))
    }

    fn decide_plain(
        &mut self,
        all: &[Statement<'a>],
        statement: &Statement<'a>,
        item: &Item<'a>,
    ) -> Decision {
        let name = item.name.as_str();
        let moved = self.mapping.module(Language::Python, name).is_some()
            || self.mapping.has_names(Language::Python, name);
        if !moved && !self.mapping.has_below(Language::Python, name) {
            return Decision::stay();
        }
        if item.alias.is_none() && (name.contains('.') || !moved) {
            dotted::decide(self, all, statement, item)
        } else {
            followed::decide(self, all, statement, item, name)
        }
    }

    pub(super) fn refuse(&mut self, node: Node<'_>, why: Why, what: impl Into<String>) {
        self.refusals.push((node.start_byte(), why, what.into()));
    }

    /// True for a module that is this very file.
    pub(super) fn is_itself(&self, module: &str) -> bool {
        self.file.package.modules().iter().any(|own| own == module)
    }

    /// True when others take a name from this file.
    pub(super) fn is_exported(&self, scope: usize, name: &str) -> bool {
        scope == 0
            && (self.file.package.is_init()
                || self.exports.contains(name)
                || self.outside.needs(self.file.package.modules(), name))
    }

    /// True when import statements alone bind a name in a scope, all of the same thing.
    pub(super) fn is_alone(
        &self,
        all: &[Statement<'a>],
        scope: usize,
        local: &str,
        same: &dyn Fn(&Statement<'a>, &Item<'a>) -> bool,
    ) -> bool {
        let bound = self.names.bound(scope, local);
        let ours =
            |statement: &&Statement<'a>| bound.imports.contains(&statement.node.start_byte());
        !bound.otherwise
            && all.iter().filter(ours).all(|statement| {
                let mut items = statement.items.iter().filter(|item| item.local() == local);
                items.all(|item| same(statement, item))
            })
    }

    /// Takes a name for `rule`'s new one, unless it means something else in this file already.
    pub(super) fn claim(&mut self, all: &[Statement<'a>], name: &str, rule: &Rule) -> bool {
        let meaning = (rule.to.clone(), rule.new_name.clone().unwrap_or_default());
        let same = |statement: &&Statement<'a>| {
            let from = statement.from.as_ref();
            from.is_some_and(|from| from.modules.contains(&meaning.0))
                && statement.items.iter().any(|item| item.local() == name && item.name == meaning.1)
        };
        let same: HashSet<usize> = all.iter().filter(same).map(|s| s.node.start_byte()).collect();
        let free = if self.names.binds(name) {
            self.names.bound_only_by(name, &same)
        } else {
            !self.names.knows(name)
        };
        free && *self.claimed.entry(name.to_owned()).or_insert_with(|| meaning.clone()) == meaning
    }
}

fn as_written(statement: &Statement<'_>, item: &Item<'_>) -> Vec<NewImport> {
    let alias = item.alias.clone();
    match &statement.from {
        Some(from) => {
            let new = |module: &String| NewImport::From {
                module: module.clone(),
                name: item.name.clone(),
                alias: alias.clone(),
            };
            from.modules.iter().map(new).collect()
        }
        None => vec![NewImport::Plain { module: item.name.clone(), alias }],
    }
}
