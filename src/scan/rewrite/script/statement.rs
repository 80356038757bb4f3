//! Edits of one statement that names a module, once it is known what becomes of what it takes.

use super::imports::{Form, Item, Statement};
use crate::scan::rewrite::edit::Edits;
use crate::scan::rewrite::list;
use crate::scan::rewrite::source::Source;

/// Where an imported thing is taken from now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The module, as it is to be written.
    pub specifier: String,
    /// The name in it.
    pub name: String,
    /// The name here.
    pub local: String,
}

/// What becomes of one thing.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// Whether the old import goes.
    pub goes: bool,
    /// What comes.
    pub new: Option<Taken>,
}

/// Edits a statement.
pub fn edit(source: &Source, statement: &Statement<'_>, decisions: &[Decision], edits: &mut Edits) {
    if decisions.iter().all(|decision| decision.new.is_none() && !decision.goes) {
        return;
    }
    let pairs = || statement.items.iter().zip(decisions);
    let all_go = decisions.iter().all(|decision| decision.goes);
    let first = decisions.iter().find_map(|decision| decision.new.as_ref());
    let target = first.map(|new| new.specifier.as_str()).filter(|_| all_go);
    let stands = |item: &Item<'_>, decision: &Decision| match &decision.new {
        Some(new) => Some(new.specifier.as_str()) == target && item.bare == is_bare(statement, new),
        None => false,
    };
    let in_place: Vec<bool> =
        pairs().map(|(item, decision)| !decision.goes || stands(item, decision)).collect();
    let mut others: Vec<(&Taken, bool)> = Vec::new();
    for ((item, decision), stays) in pairs().zip(&in_place) {
        let apart = !decision.goes || !stays;
        others.extend(decision.new.iter().filter(|_| apart).map(|new| (new, item.type_only)));
    }
    if !in_place.contains(&true) {
        let lines = lines(source, statement, &others);
        edits.replace(statement.node.byte_range(), lines.join(&between(source, statement)));
        return;
    }
    if let Some(target) = target {
        edits.replace(statement.specifier.clone(), target);
    }
    for (item, decision) in pairs() {
        if let Some(new) = decision.new.as_ref().filter(|_| decision.goes && stands(item, decision))
        {
            let text = if item.bare {
                new.local.clone()
            } else {
                member(statement.form, new, item.type_only)
            };
            if source.slice(item.node.byte_range()) != text {
                edits.replace(item.node.byte_range(), text);
            }
        }
    }
    remove(source, statement, &in_place, edits);
    let between = between(source, statement);
    for line in lines(source, statement, &others) {
        edits.insert(statement.node.end_byte(), format!("{between}{line}"));
    }
}

/// True when what is taken stands outside braces.
fn is_bare(statement: &Statement<'_>, new: &Taken) -> bool {
    statement.form == Form::Import && new.name == "default"
}

fn member(form: Form, new: &Taken, type_only: bool) -> String {
    let mark = if type_only { "type " } else { "" };
    match (new.name == new.local, form) {
        (true, _) => format!("{mark}{}", new.name),
        (false, Form::Required) => format!("{}: {}", new.name, new.local),
        (false, Form::Import | Form::Export | Form::Opaque) => {
            format!("{mark}{} as {}", new.name, new.local)
        }
    }
}

fn remove(source: &Source, statement: &Statement<'_>, stays: &[bool], edits: &mut Edits) {
    let bare = statement.items.iter().position(|item| item.bare);
    let braced: Vec<usize> = (0..stays.len()).filter(|place| Some(*place) != bare).collect();
    if let (Some(bare), Some(braces)) = (bare.filter(|bare| !stays[*bare]), statement.braces) {
        edits.remove(statement.items[bare].node.start_byte()..braces.start_byte());
    }
    if braced.iter().all(|place| stays[*place]) {
        return;
    }
    if let (Some(bare), Some(braces), true) =
        (bare, statement.braces, braced.iter().all(|place| !stays[*place]))
    {
        edits.remove(statement.items[bare].node.end_byte()..braces.end_byte());
        return;
    }
    let spans: Vec<_> =
        braced.iter().map(|place| statement.items[*place].node.byte_range()).collect();
    let gone: Vec<bool> = braced.iter().map(|place| !stays[*place]).collect();
    for span in list::take(source, &spans, &gone).spans {
        edits.remove(span);
    }
}

fn lines(source: &Source, statement: &Statement<'_>, news: &[(&Taken, bool)]) -> Vec<String> {
    let quote = source.slice(statement.specifier.start - 1..statement.specifier.start);
    let end = if source.slice(statement.node.byte_range()).ends_with(';') { ";" } else { "" };
    let keyword =
        source.slice(statement.node.byte_range()).split(|c: char| !c.is_alphanumeric()).next();
    let keyword = keyword.unwrap_or("const");
    let mut modules: Vec<&str> = Vec::new();
    for (new, _) in news {
        if !modules.contains(&new.specifier.as_str()) {
            modules.push(&new.specifier);
        }
    }
    let kind = if statement.type_only { " type" } else { "" };
    let mut lines = Vec::new();
    for module in modules {
        let here = || news.iter().filter(|(new, _)| new.specifier == module);
        let bare =
            here().find(|(new, _)| is_bare(statement, new)).map(|(new, _)| new.local.clone());
        let members = here().filter(|(new, _)| !is_bare(statement, new));
        let members: Vec<String> =
            members.map(|(new, type_only)| member(statement.form, new, *type_only)).collect();
        let mut parts: Vec<String> = bare.into_iter().collect();
        if !members.is_empty() {
            parts.push(format!("{{ {} }}", members.join(", ")));
        }
        let parts = parts.join(", ");
        lines.push(match statement.form {
            Form::Required => format!("{keyword} {parts} = require({quote}{module}{quote}){end}"),
            Form::Import | Form::Export | Form::Opaque => {
                format!("{keyword}{kind} {parts} from {quote}{module}{quote}{end}")
            }
        });
    }
    lines
}

fn between(source: &Source, statement: &Statement<'_>) -> String {
    let start = statement.node.start_byte();
    match source.indent(start) {
        Some(indent) => format!("{}{indent}", source.newline(start)),
        None => " ".to_owned(),
    }
}
