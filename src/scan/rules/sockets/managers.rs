//! Classes that keep sockets, classes that are only called so, and other names of both.

use super::{bases, registry};
use crate::scan::category::Category;
use crate::scan::code::Code;
use crate::scan::frame::{Binding, FrameId, FrameKind};
use crate::scan::import::{Import, ImportForm, imports_at};
use crate::scan::kind::Kind;
use crate::scan::names::Definition;
use crate::scan::origin::Root;
use crate::scan::seen::{Seen, Spot};
use crate::scan::settings::Settings;

/// How a class is called like a manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called {
    /// Not at all.
    Otherwise,
    /// With something behind it: `WebSocketManagerMode`.
    Longer,
    /// As the settings have it.
    So,
}

/// Tells by the name alone; names of functions do not count, and factories are called otherwise.
pub(super) fn called(settings: &Settings, name: &str) -> Called {
    let bare = name.trim_start_matches('_');
    if !bare.starts_with(|first: char| first.is_ascii_uppercase()) || bare.contains("Factory") {
        return Called::Otherwise;
    }
    let of_classes = settings.manager.names.iter().filter(|pattern| {
        let first = pattern.as_str().trim_start_matches(['*', '_']).chars().next();
        first.is_none_or(|first| first.is_ascii_uppercase())
    });
    let mut longer = false;
    for pattern in of_classes {
        if pattern.fits(bare) || pattern.fits(name) {
            return Called::So;
        }
        longer |= pattern.as_str().len() > 3 && bare.contains(pattern.anchor());
    }
    if longer { Called::Longer } else { Called::Otherwise }
}

/// True for a class of factories: `WebSocketManagerFactory`.
pub(super) fn is_factory(settings: &Settings, name: &str) -> bool {
    let bare = name.trim_start_matches('_');
    bare.strip_suffix("Factory").is_some_and(|made| called(settings, made) == Called::So)
}

/// True when a class of this file keeps sockets.
pub(super) fn keeps(seen: &Seen<'_>, class: FrameId) -> bool {
    seen.frame(class).code.kind() == Kind::Class && registry::of(seen, class).is_some()
}

pub(super) fn at_class(seen: &Seen<'_>, class: FrameId) {
    let frame = seen.frame(class);
    let at = Spot { code: frame.code, frame: class };
    if is_factory(seen.settings, frame.name) {
        if !is_test(seen, class) {
            seen.report(Category::FactoryDefinition, at, "class that makes managers");
        }
        return;
    }
    let called = called(seen.settings, frame.name);
    if called != Called::Otherwise && frame.code.word() != "type_alias_declaration" {
        if is_test(seen, class) {
            return;
        }
        let why = namesake(seen, class);
        let keeps = if why.is_none() { registry::of(seen, class) } else { None };
        match (why, keeps) {
            (None, Some(registry)) => seen.report(Category::SocketManager, at, kept(registry)),
            (why, _) => {
                let why = why.unwrap_or("keeps no sockets");
                seen.report(Category::SocketManagerNamesake, at, format!("{}: {why}", frame.name));
            }
        }
    } else if let Some(registry) = keeps_under_any_name(seen, class) {
        seen.report(Category::SocketManager, at, kept(registry));
    }
}

fn kept(registry: &str) -> String {
    format!("sockets are kept in {registry}")
}

fn keeps_under_any_name<'t>(seen: &Seen<'t>, class: FrameId) -> Option<&'t str> {
    let frame = seen.frame(class);
    if frame.code.kind() != Kind::Class || super::types::is_described(seen, class) {
        return None;
    }
    registry::of(seen, class)
}

/// Why a class that is called like a manager is none, whatever it keeps.
fn namesake(seen: &Seen<'_>, class: FrameId) -> Option<&'static str> {
    let frame = seen.frame(class);
    match frame.code.kind() {
        Kind::Enum => return Some("enum"),
        Kind::Interface => return Some("interface"),
        _ => {}
    }
    let first = super::words_of(frame.name).into_iter().next().unwrap_or_default();
    if matches!(
        first.as_str(),
        "mock" | "fake" | "stub" | "dummy" | "spy" | "noop" | "null" | "test"
    ) {
        return Some("test double");
    }
    let bases = bases::names(seen, class);
    let inherits = |names: &[&str]| bases.iter().any(|base| names.contains(base));
    if bases.iter().any(|base| base.ends_with("Enum") || base.ends_with("Flag")) {
        return Some("enum");
    }
    if inherits(&["Protocol"]) {
        return Some("protocol");
    }
    if inherits(&["Mock", "MagicMock", "AsyncMock"]) {
        return Some("test double");
    }
    if registry::of(seen, class).is_some() {
        return None;
    }
    if inherits(&["ABC"]) || frame.code.word() == "abstract_class_declaration" {
        return Some("abstract class");
    }
    if bases.iter().any(|base| base.ends_with("Error") || base.ends_with("Exception")) {
        return Some("exception");
    }
    (!bases.is_empty()).then_some("passes on what it inherits")
}

/// A class of tests about managers.
fn is_test(seen: &Seen<'_>, class: FrameId) -> bool {
    let frame = seen.frame(class);
    bases::names(seen, class).iter().any(|base| base.ends_with("TestCase"))
        || frame.bound.iter().any(|bound| {
            bound.name.starts_with("test_") && matches!(bound.binding, Binding::Own(_))
        })
}

/// A registry at the top of a module.
pub(super) fn at_file(seen: &Seen<'_>) {
    for name in registry::all_of_module(seen) {
        let place = seen.bound_in(FrameId::FILE, name).find_map(|bound| match bound.binding {
            Binding::Value(code) | Binding::Declared(code) => statement_of(code),
            _ => None,
        });
        if let Some(code) = place {
            let at = Spot { code, frame: FrameId::FILE };
            seen.report(Category::SocketManager, at, format!("module registry: {}", kept(name)));
        }
    }
}

fn statement_of(code: Code<'_>) -> Option<Code<'_>> {
    let mut code = code;
    for _ in 0..6 {
        if code.kind() == Kind::Assign {
            return Some(code);
        }
        code = code.parent()?;
    }
    None
}

/// `WebSocketManager = UnifiedManager`
pub(super) fn at_assign<'t>(seen: &Seen<'t>, assign: Spot<'t>) {
    let code = assign.code;
    if code.value().is_some_and(|value| value.kind() == Kind::Call) {
        at_import(seen, assign);
        return;
    }
    let target = code.target().filter(|target| target.kind() == Kind::Name);
    let (Some(target), Some(value)) = (target, code.value()) else { return };
    if code.kind() == Kind::Augment || !matches!(value.kind(), Kind::Name | Kind::Attribute) {
        return;
    }
    if !imports_of(code).is_empty() {
        return;
    }
    alias(seen, assign, target.text(), assign.with(value));
}

/// `type Manager = WebSocketManager`
pub(super) fn at_type(seen: &Seen<'_>, class: FrameId) {
    let frame = seen.frame(class);
    if frame.code.word() != "type_alias_declaration" {
        return;
    }
    let Some(value) = frame.code.value() else { return };
    if matches!(value.word(), "type_identifier" | "nested_type_identifier") {
        let at = Spot { code: frame.code, frame: frame.parent.unwrap_or(FrameId::FILE) };
        alias(seen, at, frame.name, at.with(value));
    }
}

fn alias<'t>(seen: &Seen<'t>, at: Spot<'t>, name: &str, value: Spot<'t>) {
    let written = value.code.text();
    let last = written.rsplit('.').next().unwrap_or(written);
    let capital = |name: &str| {
        name.trim_start_matches('_').starts_with(|first: char| first.is_ascii_uppercase())
    };
    if name == last || !capital(last) {
        return;
    }
    let origin = seen.origin(value);
    let own = match origin.root {
        Root::Own(class) if origin.path.is_empty() => Some(class),
        _ => match super::types::binding(seen, value.frame, written) {
            Some(Binding::Own(class)) => Some(*class),
            _ => None,
        },
    };
    if own.is_some_and(|own| seen.frame(own).kind == FrameKind::Function) {
        return;
    }
    if matches!(origin.root, Root::Parameter(_)) || origin.path.ends_with("()") {
        return;
    }
    let real = origin.path.rsplit('.').next().filter(|real| capital(real)).unwrap_or(last);
    let manager = called(seen.settings, real) == Called::So
        || called(seen.settings, last) == Called::So
        || own.is_some_and(|own| keeps(seen, own));
    let as_manager = called(seen.settings, name) == Called::So && capital(last);
    let what = format!("{name} is {last}");
    if manager || as_manager {
        seen.report(Category::ManagerAlias, at, what);
    } else if let Root::Tree(file) = origin.root {
        seen.report_if_keeps(Category::ManagerAlias, at, what, (file, origin.path));
    }
}

fn imports_of(code: Code<'_>) -> Vec<Import<'_>> {
    let mut found = Vec::new();
    imports_at(code, None, &mut found);
    found
}

/// `from m import Hub as WebSocketManager`, `export { Hub as WebSocketManager }`
pub(super) fn at_import<'t>(seen: &Seen<'t>, import: Spot<'t>) {
    for found in imports_of(import.code) {
        if !matches!(found.form, ImportForm::Name | ImportForm::ReExport) {
            continue;
        }
        let (Some(name), Some(local)) = (found.name, found.local) else { continue };
        if name == local || name == "default" {
            continue;
        }
        let so = |name: &str| called(seen.settings, name) == Called::So;
        let capital = |name: &str| name.starts_with(|first: char| first.is_ascii_uppercase());
        let item = super::super::imports::smallest(import.code, &found.item);
        let (at, what) = (import.with(item), format!("{local} is {name}"));
        if so(name) || so(local) && capital(name) {
            seen.report(Category::ManagerAlias, at, what);
        } else if capital(name)
            && let Definition::In(file, path) = seen.definition(found.module, Some(name))
        {
            seen.report_if_keeps(Category::ManagerAlias, at, what, (file, path));
        }
    }
    if import.code.kind() == Kind::Export {
        exported(seen, import);
    }
}

/// `export { Hub as WebSocketManager }` of a name of this file.
fn exported<'t>(seen: &Seen<'t>, export: Spot<'t>) {
    let fields = export.code.fields();
    if export.code.field(fields.source).is_some() {
        return;
    }
    let clauses = export.code.children().into_iter().filter(|part| part.word() == "export_clause");
    for item in clauses.flat_map(Code::children) {
        let (Some(name), Some(local)) = (item.field(fields.name), item.field(fields.alias)) else {
            continue;
        };
        if local.text() != "default" {
            alias(seen, export.with(item), local.text(), export.with(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::trial::holds;

    #[test]
    fn a_class_that_keeps_sockets_is_a_manager_whatever_its_name() {
        let text = r"
from dataclasses import dataclass
from typing import Callable, Dict
from fastapi import WebSocket

@dataclass
class Entry:
    user: str
    websocket: WebSocket

class _Hidden:  # finds: socket-manager
    def __init__(self):
        self._by_user: Dict[str, Entry] = {}

class Rooms:  # finds: socket-manager
    def __init__(self):
        self.rooms = {}

    async def join(self, room, websocket):
        members = self.rooms.setdefault(room, set())
        members.add(websocket)

class Hooks:
    def __init__(self):
        self.hooks: Dict[str, Callable[[WebSocket], None]] = {}

class One:
    def __init__(self, websocket: WebSocket):
        self.websocket = websocket
        self.seen: Dict[str, int] = {}

    def count(self, websocket: WebSocket):
        self.seen[websocket.url] = 1
";
        holds(&[("a.py", text)], &[Category::SocketManager]);
    }

    #[test]
    fn a_class_that_is_only_called_so_is_a_namesake() {
        let text = r"
from enum import Enum
from typing import Protocol

class WebSocketManagerMode(Enum):  # finds: socket-manager-namesake
    UNIFIED = 1

class WebSocketManager(Protocol):  # finds: socket-manager-namesake
    async def send(self, user): ...

class MockWebSocketManager:  # finds: socket-manager-namesake
    def __init__(self):
        self.connections = {}

    def add(self, websocket):
        self.connections[1] = websocket

class TestWebSocketManager:
    def test_send(self): ...

class WebSocketManagerFactory:
    def create(self): ...
";
        let both = [Category::SocketManager, Category::SocketManagerNamesake];
        holds(&[("a.py", text)], &both);
    }

    #[test]
    fn an_alias_is_another_name_and_an_instance_is_none() {
        let hub = "class Hub {\n  private all = new Set<WebSocket>();\n}\nexport { Hub };\n";
        let text = r"
import { Hub as Centre } from './hub'; // finds: manager-alias
import { Hub, Hub as Hub } from './hub';
export { Hub as WebSocketManager } from './hub'; // finds: manager-alias
const Peers = Hub; // finds: manager-alias
type Keeper = WebSocketManager; // finds: manager-alias
const hub = new Hub();
const WebSocketManager2 = null;
import { Plain as Other } from './plain';
";
        let plain = "export class Plain {}\n";
        let files = [("hub.ts", hub), ("plain.ts", plain), ("a.ts", text)];
        holds(&files, &[Category::ManagerAlias]);
    }
}
