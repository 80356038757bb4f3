//! Functions that make managers or hand them out, and calls of the sanctioned one.

use super::judge::is_choice;
use super::managers::{Called, called, is_factory, keeps};
use crate::scan::category::Category;
use crate::scan::code::Code;
use crate::scan::frame::{Binding, FrameId, FrameKind};
use crate::scan::kind::Kind;
use crate::scan::origin::{Origin, Root};
use crate::scan::place::is_at;
use crate::scan::seen::{Seen, Spot};
use crate::scan::tree::FileId;
use crate::scan::wildcard::any_fits;

/// First words of functions that are called like a factory and are none.
const OTHERS: [&str; 16] = [
    "test", "is", "has", "reset", "set", "clear", "close", "validate", "check", "register", "mock",
    "patch", "assert", "verify", "delete", "remove",
];

pub(super) fn at_function(seen: &Seen<'_>, function: FrameId) {
    let frame = seen.frame(function);
    if frame.name.is_empty() || is_in_factory(seen, function) {
        return;
    }
    let first = super::words_of(frame.name).into_iter().next().unwrap_or_default();
    if first == "test" {
        return;
    }
    let given = returned(seen, function);
    if given.is_empty() {
        return;
    }
    let named = any_fits(&seen.settings.factories, frame.name) && !OTHERS.contains(&first.as_str());
    let at = Spot { code: frame.code, frame: function };
    let made: Vec<Made> =
        given.iter().filter_map(|value| manager_of(seen, *value, NESTED_MAX)).collect();
    let sure = made.iter().find_map(|made| match made {
        Made::Manager(name) => Some(name),
        Made::Elsewhere(..) => None,
    });
    if let Some(manager) = sure {
        seen.report(Category::FactoryDefinition, at, format!("hands out {manager}"));
    } else if named && given.iter().any(|value| is_something(value.code)) {
        seen.report(Category::FactoryDefinition, at, "called like a factory");
    } else if let Some(Made::Elsewhere(file, class)) = made.into_iter().next() {
        let what = format!("hands out {class}");
        seen.report_if_keeps(Category::FactoryDefinition, at, what, (file, class));
    }
}

/// What an expression is an instance of.
enum Made {
    /// A manager, or what another factory gives.
    Manager(String),
    /// A class of another file, which is one if it keeps sockets.
    Elsewhere(FileId, String),
}

fn is_in_factory(seen: &Seen<'_>, function: FrameId) -> bool {
    let class = seen.class_of(function);
    class.is_some_and(|class| is_factory(seen.settings, seen.frame(class).name))
}

/// What a function returns, without what functions in it return.
fn returned<'t>(seen: &Seen<'t>, function: FrameId) -> Vec<Spot<'t>> {
    let frame = seen.frame(function);
    let short = matches!(frame.code.word(), "arrow_function" | "lambda");
    let body = frame.code.body().filter(|body| short && body.word() != "statement_block");
    if let Some(body) = body {
        return vec![Spot { code: body.bare(), frame: function }];
    }
    let span = frame.code.span();
    let from = seen.spots.partition_point(|spot| spot.code.start() < span.start);
    let within = seen.spots[from..].iter().take_while(|spot| spot.code.start() < span.end);
    let mut given: Vec<Spot<'t>> = within
        .filter(|spot| spot.code.kind() == Kind::Return)
        .filter(|spot| seen.function_of(spot.frame) == Some(function))
        .filter_map(|spot| spot.code.first().map(|value| spot.with(value.bare())))
        .collect();
    if given.is_empty() && seen.is_python() && frame.code.text().contains("yield") {
        given = yielded(frame.code, function);
    }
    given
}

/// A generator hands out what it yields.
fn yielded(code: Code<'_>, frame: FrameId) -> Vec<Spot<'_>> {
    let mut given = Vec::new();
    let mut waiting: Vec<Code<'_>> = code.body().into_iter().collect();
    while let Some(code) = waiting.pop() {
        if matches!(code.kind(), Kind::Function | Kind::Class) {
            continue;
        }
        if code.word() == "yield" {
            given.extend(code.first().map(|value| Spot { code: value.bare(), frame }));
        }
        waiting.extend(code.children());
    }
    given
}

/// Literals and comparisons are no managers.
fn is_something(code: Code<'_>) -> bool {
    !matches!(
        code.word(),
        "none"
            | "null"
            | "true"
            | "false"
            | "integer"
            | "float"
            | "number"
            | "comparison_operator"
            | "not_operator"
            | "unary_expression"
    ) && !matches!(
        code.kind(),
        Kind::Text | Kind::Texts | Kind::Template | Kind::Dict | Kind::List | Kind::Compare
    )
}

/// How deep a choice in a choice is looked into.
const NESTED_MAX: usize = 6;

/// The manager that an expression is an instance of.
fn manager_of<'t>(seen: &Seen<'t>, at: Spot<'t>, depth: usize) -> Option<Made> {
    let depth = depth.checked_sub(1)?;
    let code = at.code.bare();
    if matches!(code.kind(), Kind::Assign | Kind::Augment) {
        return manager_of(seen, at.with(code.value()?), depth);
    }
    if is_choice(code) {
        let parts = code.children();
        return parts.into_iter().find_map(|part| manager_of(seen, at.with(part), depth));
    }
    let origin = seen.origin(at.with(code));
    if let Some(path) = origin.path.strip_suffix("()") {
        return made_by(seen, &origin, path);
    }
    // An instance of another module: `return manager`.
    match (&origin.root, origin.path.as_str()) {
        (Root::Declared(kind), "") => annotated(seen, kind.code).map(Made::Manager),
        _ => None,
    }
}

fn made_by(seen: &Seen<'_>, origin: &Origin<'_>, path: &str) -> Option<Made> {
    let last = path.rsplit(['.', ')', '(']).next().unwrap_or(path);
    let so = |name: &str| called(seen.settings, name) == Called::So;
    match &origin.root {
        Root::Own(own) => {
            let frame = seen.frame(*own);
            match frame.kind {
                FrameKind::Class if path.is_empty() => {
                    let is = so(frame.name) || keeps(seen, *own);
                    is.then(|| Made::Manager(frame.name.to_owned()))
                }
                FrameKind::Function if path.is_empty() => {
                    let is = any_fits(&seen.settings.factories, frame.name);
                    is.then(|| Made::Manager(format!("what {} gives", frame.name)))
                }
                _ => None,
            }
        }
        Root::This(class) if path.is_empty() => {
            let name = seen.frame(*class).name;
            (so(name) || keeps(seen, *class)).then(|| Made::Manager(name.to_owned()))
        }
        Root::Tree(_) | Root::Library(_) | Root::Missing | Root::Global | Root::Folder(_) => {
            if path.contains("()") {
                return None;
            }
            if so(last) {
                return Some(Made::Manager(last.to_owned()));
            }
            if any_fits(&seen.settings.factories, last) {
                return Some(Made::Manager(format!("what {last} gives")));
            }
            match origin.root {
                Root::Tree(file) if last.starts_with(|first: char| first.is_ascii_uppercase()) => {
                    Some(Made::Elsewhere(file, path.to_owned()))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// A variable whose type is a manager.
fn annotated(seen: &Seen<'_>, kind: Code<'_>) -> Option<String> {
    let text = kind.text();
    let parts = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let mut parts = parts.filter(|part| called(seen.settings, part) == Called::So);
    parts.next().map(str::to_owned)
}

/// A call of the sanctioned accessor.
pub(super) fn at_call<'t>(seen: &Seen<'t>, call: Spot<'t>) {
    let Some(callee) = call.code.callee() else { return };
    let accessors = &seen.settings.manager.accessors;
    let is = |name: &str| accessors.iter().any(|accessor| accessor == name);
    let written = match callee.kind() {
        Kind::Name => callee.text(),
        Kind::Attribute => match callee.member() {
            Some(member) => member,
            None => return,
        },
        _ => return,
    };
    let imported = || match super::types::binding(seen, call.frame, written) {
        Some(Binding::Import(import)) => import.name.is_some_and(is),
        Some(Binding::Value(value)) => is(value.member().unwrap_or(value.text())),
        _ => false,
    };
    let named = is(written) || callee.kind() == Kind::Name && imported();
    if !named {
        return;
    }
    let origin = seen.callee(call);
    let canonical =
        |path: &str| seen.settings.manager.canonical.iter().any(|place| is_at(path, place));
    let sanctioned = match &origin.root {
        Root::Tree(file) => is(&origin.path) && canonical(&seen.names.tree().file(*file).path),
        Root::Own(_) => origin.path.is_empty() && canonical(seen.path),
        Root::Missing | Root::Unknown | Root::Folder(_) => true,
        Root::Library(_) => is(origin.path.rsplit('.').next().unwrap_or_default()),
        Root::Global => is(&origin.path),
        Root::Module(..)
        | Root::This(_)
        | Root::Parameter(_)
        | Root::Declared(_)
        | Root::Value(_) => false,
    };
    if sanctioned {
        seen.report(Category::AccessorUse, call, format!("{written} is called"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::trial::holds;

    #[test]
    fn a_factory_hands_out_what_keeps_sockets_under_any_name() {
        let hub = "class Hub:\n    def __init__(self):\n        self.all: list[WebSocket] = []\n";
        let text = r"
from hub import Hub

_only = None

def hub():  # finds: factory-definition
    global _only
    if _only is None:
        _only = Hub()
    return _only

def fixture():  # finds: factory-definition
    made = Hub()
    yield made

def reset_websocket_manager():
    return None

def has_websocket_manager():
    return _only is not None

def uses():
    return Hub().count()

def get_thing():
    return Thing()

class HubOwner:
    def inner(self):  # finds: factory-definition
        return (lambda: 1) and hub_of(self) or Hub()
";
        holds(&[("hub.py", hub), ("a.py", text)], &[Category::FactoryDefinition]);
    }

    #[test]
    fn the_accessor_is_told_from_a_function_of_the_same_name() {
        let core = "netra_backend/app/websocket_core/websocket_manager.py";
        let own = "def get_websocket_manager(user): ...\n";
        let text = r"
from netra_backend.app.websocket_core.websocket_manager import get_websocket_manager as g
from gone.elsewhere import get_websocket_manager as away
from copies import get_websocket_manager

def f(user, getter):
    g(user)  # finds: accessor-use
    away(user)  # finds: accessor-use
    get_websocket_manager(user)
    getter.get_websocket_manager(user)
    'g(user)'
";
        let files = [(core, own), ("copies.py", own), ("a.py", text)];
        holds(&files, &[Category::AccessorUse]);
    }
}
