//! Deciding about every import of one file.

use std::collections::HashMap;

use tree_sitter::Node;

use super::calls;
use super::imports::{Form, Item, Statement, statements};
use super::names::{Names, Part};
use super::specifier::Specifiers;
use super::statement::{Decision, Taken, edit};
use super::{InTree, ScriptFile};
use crate::scan::rewrite::edit::Edits;
use crate::scan::rewrite::mapping::{Language, Mapping, Rule, Uses};
use crate::scan::rewrite::python::Planned;
use crate::scan::rewrite::refusal::Why;

/// All that is known about a file while it is planned.
pub(super) struct Planner<'a> {
    file: &'a ScriptFile,
    mapping: &'a Mapping,
    in_tree: &'a InTree<'a>,
    names: Names<'a>,
    specifiers: Specifiers<'a>,
    planned: Planned,
    claimed: HashMap<String, String>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(file: &'a ScriptFile, mapping: &'a Mapping, in_tree: &'a InTree<'a>) -> Self {
        Self {
            file,
            mapping,
            in_tree,
            names: Names::of(file.tree.root_node(), file.source.text()),
            specifiers: Specifiers { folder: &file.folder, aliases: &mapping.paths },
            planned: Planned::default(),
            claimed: HashMap::new(),
        }
    }

    pub(super) fn plan(mut self, in_strings: bool) -> Planned {
        let root = self.file.tree.root_node();
        let statements = statements(root, self.file.source.text());
        for statement in &statements {
            self.decide(statement);
        }
        let named: Vec<usize> = statements.iter().map(|each| each.specifier.start).collect();
        self.strings(&named, in_strings);
        self.planned
    }

    fn decide(&mut self, statement: &Statement<'a>) {
        let specifier = self.file.source.slice(statement.specifier.clone()).to_owned();
        let Some(module) = self.specifiers.module(&specifier) else { return };
        let whole = self.mapping.module(Language::Script, &module).map(|moved| moved.to);
        if !self.mapping.has_names(Language::Script, &module) {
            if let Some(to) = whole {
                if to == self.file.module {
                    self.refuse(statement.node, Why::Itself, &module);
                    return;
                }
                let text = self.spelled(&specifier, &to);
                self.planned.edits.replace(statement.specifier.clone(), text);
            }
            return;
        }
        if statement.star.is_some() || statement.form == Form::Opaque {
            self.refuse_unnamed(statement, &module);
            return;
        }
        let mut decisions = Vec::new();
        for item in &statement.items {
            let rule = self.mapping.name(Language::Script, &module, &item.name);
            decisions.push(match (rule, &whole) {
                (Some(rule), _) => self.decide_item(statement, item, rule, &specifier),
                (None, Some(to)) => {
                    let (specifier, name) = (self.spelled(&specifier, to), item.name.clone());
                    let new = Taken { specifier, name, local: item.local.clone() };
                    Decision { goes: true, new: Some(new) }
                }
                (None, None) => Decision::default(),
            });
        }
        edit(&self.file.source, statement, &decisions, &mut self.planned.edits);
    }

    fn spelled(&self, specifier: &str, to: &str) -> String {
        self.specifiers.spelled(specifier, to, (self.in_tree)(to))
    }

    fn refuse_unnamed(&mut self, statement: &Statement<'a>, module: &str) {
        let namespace = statement.star.filter(|star| star.kind() == "namespace_import");
        if let Some(name) = namespace.and_then(|star| star.named_child(0)) {
            let local = self.file.source.slice(name.byte_range()).to_owned();
            let uses = self.names.places(&local).to_vec();
            for (node, _) in uses.into_iter().filter(|(_, part)| *part != Part::Imported) {
                self.refuse_member(node, module);
            }
            return;
        }
        let why = if statement.star.is_some() { Why::Star } else { Why::Chain };
        self.refuse(statement.node, why, module);
    }

    /// Lists a use of a namespace, unless it reads a name that has not moved.
    fn refuse_member(&mut self, node: Node<'a>, module: &str) {
        let parent = node.parent().filter(|parent| {
            parent.named_child(0) == Some(node)
                && matches!(parent.kind(), "member_expression" | "nested_type_identifier")
        });
        let member = parent.and_then(|parent| parent.named_child(1));
        let name = member.map(|member| self.file.source.slice(member.byte_range()));
        let stays =
            name.is_some_and(|name| self.mapping.name(Language::Script, module, name).is_none());
        if !stays {
            self.refuse(node, Why::Chain, module);
        }
    }

    fn refuse(&mut self, node: Node<'_>, why: Why, what: &str) {
        self.planned.refusals.push((node.start_byte(), why, what.to_owned()));
    }

    fn decide_item(
        &mut self,
        statement: &Statement<'a>,
        item: &Item<'a>,
        rule: &Rule,
        specifier: &str,
    ) -> Decision {
        if rule.to == self.file.module {
            self.refuse(item.node, Why::Itself, &rule.source());
            return Decision::default();
        }
        let new = rule.renamed(&item.name).to_owned();
        let specifier = self.spelled(specifier, &rule.to);
        let taken = |local: &str| {
            let (specifier, name, local) = (specifier.clone(), new.clone(), local.to_owned());
            Some(Taken { specifier, name, local })
        };
        let kept = Decision { goes: true, new: taken(&item.local) };
        let shape = rule.shape();
        if statement.form == Form::Export {
            if shape.is_some() {
                self.refuse(item.node, Why::Exported, &rule.source());
                return Decision::default();
            }
            return kept;
        }
        let plain = item.local == item.name && new != item.name && new != "default";
        if shape.is_none() && !(rule.uses == Uses::Rename && plain) {
            return kept;
        }
        let called = if plain { new.clone() } else { item.local.clone() };
        let places = self.names.places(&item.local).to_vec();
        let bound = places.iter().any(|(_, part)| *part == Part::Bound)
            || places.iter().filter(|(_, part)| *part == Part::Imported).count() > 1;
        let uses: Vec<_> = places
            .into_iter()
            .filter(|(_, part)| !matches!(part, Part::Imported | Part::Bound))
            .collect();
        let Some(shape) = shape else {
            let loose = uses.iter().any(|(_, part)| *part != Part::Used);
            if bound || loose || !self.claim(&called, rule) {
                return kept;
            }
            for (node, _) in uses {
                self.planned.edits.replace(node.byte_range(), called.as_str());
            }
            return Decision { goes: true, new: taken(&called) };
        };
        let required = statement.form == Form::Required;
        if bound && !required {
            self.refuse(item.node, Why::Shadowed, &item.local);
            return Decision::default();
        }
        let calls: Vec<(Node<'a>, Result<Edits, Why>)> = uses
            .into_iter()
            .map(|(node, part)| match part {
                Part::Used => (node, calls::call(&self.file.source, node, shape)),
                _ => (node, Err(Why::Uncalled)),
            })
            .collect();
        let stays = calls.iter().any(|(_, call)| call.is_err());
        if (stays && called == item.local) || (called != item.local && !self.claim(&called, rule)) {
            self.refuse(item.node, Why::Taken, &called);
            return Decision::default();
        }
        let mut any = false;
        for (node, call) in calls {
            match call {
                Ok(edits) => {
                    any = true;
                    if called != item.local {
                        self.planned.edits.replace(node.byte_range(), called.as_str());
                    }
                    self.planned.edits.append(edits);
                }
                Err(why) => self.refuse(node, why, &item.local),
            }
        }
        Decision { goes: !stays, new: if any || !stays { taken(&called) } else { None } }
    }

    /// Takes a name for what a rule leads to, unless it means something else already.
    fn claim(&mut self, name: &str, rule: &Rule) -> bool {
        self.names.places(name).is_empty()
            && *self.claimed.entry(name.to_owned()).or_insert_with(|| rule.target())
                == rule.target()
    }

    fn strings(&mut self, named: &[usize], rewrite: bool) {
        let text = self.file.source.text();
        let mut cursor = self.file.tree.root_node().walk();
        loop {
            let node = cursor.node();
            if node.kind() == "string_fragment" && !named.contains(&node.start_byte()) {
                self.string(node, &text[node.byte_range()], rewrite);
            }
            if cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
            }
        }
    }

    fn string(&mut self, node: Node<'a>, content: &str, rewrite: bool) {
        // A word alone may mean anything; a path is meant.
        if !content.contains('/') {
            return;
        }
        let Some(module) = self.specifiers.module(content) else { return };
        match self.mapping.module(Language::Script, &module) {
            Some(moved) if rewrite => {
                let text = self.spelled(content, &moved.to);
                self.planned.edits.replace(node.byte_range(), text);
            }
            Some(_) => self.refuse(node, Why::Named, content),
            None if self.mapping.has_names(Language::Script, &module) => {
                self.refuse(node, Why::Named, content);
            }
            None => {}
        }
    }
}
