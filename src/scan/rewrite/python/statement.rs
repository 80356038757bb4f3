//! Edits of one import statement, once it is known what becomes of each thing in it.

use std::collections::HashSet;

use super::decision::{Decision, NewImport};
use super::imports::{Item, Statement};
use super::module::Package;
use crate::scan::rewrite::edit::Edits;
use crate::scan::rewrite::list;
use crate::scan::rewrite::source::Source;

/// Where a statement stands, and what it is written with.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    /// The file.
    pub source: &'a Source,
    /// Its names.
    pub package: &'a Package,
}

impl Writer<'_> {
    /// Edits a statement. `present` holds the imports that its block already has or gets.
    pub fn edit(
        self,
        statement: &Statement<'_>,
        decisions: &[Decision],
        present: &mut HashSet<NewImport>,
        edits: &mut Edits,
    ) {
        if decisions.iter().all(Decision::is_stay) {
            return;
        }
        let decisions = without_known(decisions, present);
        if decisions.iter().all(|decision| !decision.stays && decision.new.is_empty()) {
            self.remove(statement, edits);
            return;
        }
        let anchor = anchor(statement, &decisions);
        let in_place: Vec<bool> = decisions
            .iter()
            .map(|decision| decision.stays || stands(statement, decision, anchor.as_deref()))
            .collect();
        let others = news(&decisions, &in_place);
        if !in_place.contains(&true) {
            let lines = self.lines(statement, &others, &[]);
            edits.replace(statement.node.byte_range(), self.joined(statement, &lines));
            return;
        }
        if let (Some(module), Some(from)) = (&anchor, &statement.from) {
            self.replace_if_other(from.node.byte_range(), &self.spelled(statement, module), edits);
        }
        for (item, decision) in statement.items.iter().zip(&decisions) {
            if let (false, [new]) = (decision.stays, decision.new.as_slice())
                && stands(statement, decision, anchor.as_deref())
            {
                self.edit_item(item, new, edits);
            }
        }
        let spans: Vec<_> = statement.items.iter().map(Item::span).collect();
        let gone: Vec<bool> = in_place.iter().map(|stays| !stays).collect();
        let taken = list::take(self.source, &spans, &gone);
        for span in taken.spans {
            edits.remove(span);
        }
        self.insert(statement, &self.lines(statement, &others, &taken.comments), edits);
    }

    fn edit_item(self, item: &Item<'_>, new: &NewImport, edits: &mut Edits) {
        let (name, alias) = match new {
            NewImport::From { name, alias, .. } => (name, alias),
            NewImport::Plain { module, alias } => (module, alias),
        };
        // `X as X` tells type checkers that the name is passed on.
        let passed_on = item.alias.as_deref() == Some(item.name.as_str()) && *name == item.name;
        if alias == &item.alias || passed_on {
            self.replace_if_other(item.name_node.byte_range(), name, edits);
        } else {
            self.replace_if_other(item.span(), &new.item(), edits);
        }
    }

    fn replace_if_other(self, span: std::ops::Range<usize>, text: &str, edits: &mut Edits) {
        if self.source.slice(span.clone()) != text {
            edits.replace(span, text);
        }
    }

    /// A module as this statement writes it: with dots where it had some and they reach it.
    fn spelled(self, statement: &Statement<'_>, module: &str) -> String {
        let dots = statement.from.as_ref().map_or(0, |from| from.dots);
        let relative = if dots > 0 { self.package.relative(dots, module) } else { None };
        relative.unwrap_or_else(|| module.to_owned())
    }

    /// New statements, one a module; comments go to the end of the first.
    fn lines(
        self,
        statement: &Statement<'_>,
        news: &[NewImport],
        comments: &[String],
    ) -> Vec<String> {
        let mut lines: Vec<(Option<&str>, Vec<String>)> = Vec::new();
        for new in news {
            let module = match new {
                NewImport::From { module, .. } => Some(module.as_str()),
                NewImport::Plain { .. } => None,
            };
            match lines.iter_mut().find(|line| module.is_some() && line.0 == module) {
                Some((_, items)) if !items.contains(&new.item()) => items.push(new.item()),
                Some(_) => {}
                None => lines.push((module, vec![new.item()])),
            }
        }
        let mut lines: Vec<String> = lines
            .into_iter()
            .map(|(module, items)| match module {
                Some(module) => {
                    format!("from {} import {}", self.spelled(statement, module), items.join(", "))
                }
                None => format!("import {}", items.join(", ")),
            })
            .collect();
        if let (Some(line), false) = (lines.first_mut(), comments.is_empty()) {
            line.push_str("  ");
            line.push_str(&comments.join("  "));
        }
        lines
    }

    fn joined(self, statement: &Statement<'_>, lines: &[String]) -> String {
        lines.join(&self.between(statement))
    }

    /// What stands between this statement and one after it.
    fn between(self, statement: &Statement<'_>) -> String {
        let start = statement.node.start_byte();
        match self.source.indent(start).filter(|_| self.ends_its_line(statement)) {
            Some(indent) => format!("{}{indent}", self.source.newline(start)),
            None => "; ".to_owned(),
        }
    }

    fn ends_its_line(self, statement: &Statement<'_>) -> bool {
        let end = statement.node.end_byte();
        let rest = self.source.slice(end..self.source.line_end(end)).trim_start();
        rest.is_empty() || rest.starts_with('#')
    }

    fn insert(self, statement: &Statement<'_>, lines: &[String], edits: &mut Edits) {
        let between = self.between(statement);
        let end = statement.node.end_byte();
        let at = if between == "; " { end } else { self.source.line_end(end) };
        let text: String = lines.iter().flat_map(|line| [between.as_str(), line]).collect();
        if !text.is_empty() {
            edits.insert(at, text);
        }
    }

    /// Takes a statement out, with its line where it has one; a block keeps a `pass`.
    fn remove(self, statement: &Statement<'_>, edits: &mut Edits) {
        let node = statement.node;
        let alone = node.parent().is_some_and(|block| {
            let mut cursor = block.walk();
            let statements = block.named_children(&mut cursor).filter(|each| !each.is_extra());
            block.kind() == "block" && statements.count() == 1
        });
        let (start, end) = (node.start_byte(), node.end_byte());
        if alone {
            edits.replace(node.byte_range(), "pass");
        } else if self.source.indent(start).is_some() && self.ends_its_line(statement) {
            edits.remove(self.source.line_start(start)..self.source.next_line(end));
        } else {
            let rest = self.source.slice(end..self.source.line_end(end));
            let behind = rest.len() - rest.trim_start_matches([' ', '\t', ';']).len();
            edits.remove(start..end + behind);
        }
    }
}

/// Takes from the decisions the imports that are already there, and remembers the others.
fn without_known(decisions: &[Decision], present: &mut HashSet<NewImport>) -> Vec<Decision> {
    let mut kept = decisions.to_vec();
    for decision in &mut kept {
        decision.new.retain(|new| present.insert(new.clone()));
    }
    kept
}

/// The module that the statement itself goes to: none when something in it stays.
fn anchor(statement: &Statement<'_>, decisions: &[Decision]) -> Option<String> {
    statement.from.as_ref()?;
    if decisions.iter().any(|decision| decision.stays) {
        return None;
    }
    decisions.iter().find_map(|decision| match decision.new.as_slice() {
        [NewImport::From { module, .. }] => Some(module.clone()),
        _ => None,
    })
}

/// True when the new import can stand where the old one stood.
fn stands(statement: &Statement<'_>, decision: &Decision, anchor: Option<&str>) -> bool {
    match decision.new.as_slice() {
        [NewImport::From { module, .. }] => {
            statement.from.is_some() && anchor == Some(module.as_str())
        }
        [NewImport::Plain { .. }] => statement.from.is_none(),
        _ => false,
    }
}

/// The new imports that do not stand in the place of old ones.
fn news(decisions: &[Decision], in_place: &[bool]) -> Vec<NewImport> {
    let pairs = decisions.iter().zip(in_place);
    let others = pairs.filter(|(decision, stands)| decision.stays || !**stands);
    others.flat_map(|(decision, _)| decision.new.iter().cloned()).collect()
}
