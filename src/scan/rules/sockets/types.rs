//! What a type or the making of a value says about sockets.

use super::words::{holds, is_type};
use crate::scan::code::Code;
use crate::scan::frame::{Binding, FrameId};
use crate::scan::kind::Kind;
use crate::scan::origin::Root;
use crate::scan::seen::{Seen, Spot};

/// What is meant by a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// A socket.
    Socket,
    /// A thing that holds a socket.
    Holder,
}

/// Types that keep many.
pub(super) const CONTAINERS: [&str; 28] = [
    "Dict",
    "dict",
    "List",
    "list",
    "Set",
    "set",
    "Tuple",
    "tuple",
    "FrozenSet",
    "DefaultDict",
    "defaultdict",
    "Mapping",
    "MutableMapping",
    "OrderedDict",
    "Deque",
    "deque",
    "WeakSet",
    "WeakValueDictionary",
    "WeakKeyDictionary",
    "Sequence",
    "Iterable",
    "Map",
    "WeakMap",
    "Array",
    "Record",
    "ReadonlyArray",
    "ReadonlyMap",
    "MutableSet",
];

/// Types that speak of sockets without keeping any.
const NONE: [&str; 12] = [
    "Callable",
    "Type",
    "type",
    "Queue",
    "Partial",
    "Pick",
    "Omit",
    "Parameters",
    "ReturnType",
    "InstanceType",
    "Coroutine",
    "Literal",
];

/// Functions whose value is a socket, by the end of what they really are.
const MAKERS: [&str; 14] = [
    "ws_connect",
    "websocket_connect",
    "create_connection",
    "upgradeWebSocket",
    "websockets.connect",
    "websockets.unix_connect",
    "client.connect",
    "websocket.WebSocketApp",
    "socketio.Client",
    "socketio.AsyncClient",
    "socketio.Server",
    "socketio.AsyncServer",
    "socketio.SimpleClient",
    "flask_socketio.SocketIO",
];

/// What a type is, and whether it keeps many.
pub(super) fn held<'t>(seen: &Seen<'t>, annotation: Spot<'t>) -> Option<(Held, bool)> {
    Reading { seen, names: NAMES_MAX, depth: DEPTH_MAX }.within(annotation, false)
}

/// How many names of types are followed, one from another.
const NAMES_MAX: usize = 3;

/// How deep a type is looked into; unions of hundreds of texts nest as deep.
const DEPTH_MAX: usize = 40;

#[derive(Clone, Copy)]
struct Reading<'a, 't> {
    seen: &'a Seen<'t>,
    names: usize,
    depth: usize,
}

impl<'t> Reading<'_, 't> {
    fn within(self, at: Spot<'t>, many: bool) -> Option<(Held, bool)> {
        let inner = Self { depth: self.depth.checked_sub(1)?, ..self };
        inner.of_type(at, many)
    }

    fn of_type(self, at: Spot<'t>, many: bool) -> Option<(Held, bool)> {
        let code = at.code;
        match code.word() {
            "function_type" | "constructor_type" | "type_query" | "literal_type" => None,
            "array_type" | "index_signature" => self.of_children(at, true),
            "property_signature" => {
                self.of_children(at, many).map(|(_, many)| (Held::Holder, many))
            }
            "generic_type" | "subscript" => {
                let base = code.first().map(Code::text).unwrap_or_default();
                let base = base.rsplit('.').next().unwrap_or(base);
                if NONE.contains(&base) {
                    return None;
                }
                if let Some(held) = of_word(base, many) {
                    return Some(held);
                }
                let many = many || CONTAINERS.contains(&base);
                let inner = code.children().into_iter().skip(1);
                inner.map(|inner| at.with(inner)).find_map(|inner| self.within(inner, many))
            }
            "string" => self.of_text(code.literal()?, at.frame, many),
            "identifier"
            | "type_identifier"
            | "attribute"
            | "nested_type_identifier"
            | "member_expression" => self.of_name(at, many),
            _ => self.of_children(at, many),
        }
    }

    /// A type written as text: `"WebSocket"`, `"Dict[str, WebSocket]"`.
    fn of_text(self, text: &str, frame: FrameId, many: bool) -> Option<(Held, bool)> {
        let mut many = many;
        for part in text.split(|letter: char| !letter.is_alphanumeric() && letter != '_') {
            if NONE.contains(&part) {
                return None;
            }
            let imported = match binding(self.seen, frame, part) {
                Some(Binding::Import(import)) => import.name,
                _ => None,
            };
            let held =
                imported.and_then(|name| of_word(name, many)).or_else(|| of_word(part, many));
            if held.is_some() {
                return held;
            }
            many |= CONTAINERS.contains(&part);
        }
        None
    }

    fn of_children(self, at: Spot<'t>, many: bool) -> Option<(Held, bool)> {
        at.code.children().into_iter().find_map(|inner| self.within(at.with(inner), many))
    }

    fn of_name(self, at: Spot<'t>, many: bool) -> Option<(Held, bool)> {
        let text = at.code.text();
        let last = text.rsplit('.').next().unwrap_or(text);
        let Some(names) = self.names.checked_sub(1) else { return of_word(last, many) };
        let inner = Self { names, ..self };
        let Some(bound) = binding(self.seen, at.frame, text) else { return of_word(last, many) };
        match bound {
            Binding::Import(import)
                if import.name == Some("Socket") && import.module.starts_with("socket") =>
            {
                Some((Held::Socket, many))
            }
            Binding::Import(import) => {
                let real = import.name.filter(|name| *name != "default").unwrap_or(last);
                of_word(real, many).or_else(|| of_word(last, many))
            }
            Binding::Own(class) => {
                if inner.holds_one(*class) {
                    return Some((Held::Holder, many));
                }
                of_word(last, many)
            }
            // `Socket = Union[WebSocket, Other]`
            Binding::Value(value) if value.id() != at.code.id() => match value.kind() {
                Kind::Name | Kind::Attribute | Kind::Index | Kind::Binary => {
                    inner.within(Spot { code: *value, frame: FrameId::FILE }, many)
                }
                _ => of_word(last, many),
            },
            _ => of_word(last, many),
        }
    }

    /// True when an attribute of a class or a member of an interface is a socket by its type.
    fn holds_one(self, class: FrameId) -> bool {
        let frame = self.seen.frame(class);
        let typed = frame.members.iter().chain(&frame.bound).any(|bound| {
            let annotation = annotation_of(&bound.binding);
            annotation.is_some_and(|annotation| {
                let at = Spot { code: annotation, frame: FrameId::FILE };
                // A class that names itself would lead round in a circle.
                annotation.text() != frame.name
                    && self.within(at, false) == Some((Held::Socket, false))
            })
        });
        let members = || frame.code.field(frame.code.fields().value).or_else(|| frame.code.body());
        typed
            || frame.code.kind() == Kind::Interface
                && members().is_some_and(|members| {
                    members.children().into_iter().any(|member| {
                        let annotation =
                            member.annotation().filter(|_| member.word() == "property_signature");
                        annotation.is_some_and(|annotation| {
                            let at = Spot { code: annotation, frame: FrameId::FILE };
                            self.within(at, false) == Some((Held::Socket, false))
                        })
                    })
                })
    }
}

fn of_word(name: &str, many: bool) -> Option<(Held, bool)> {
    if holds(name) {
        Some((Held::Holder, many))
    } else {
        is_type(name).then_some((Held::Socket, many))
    }
}

/// What the first part of a name is bound to where it stands.
pub(in crate::scan) fn binding<'s, 't>(
    seen: &'s Seen<'t>,
    frame: FrameId,
    name: &str,
) -> Option<&'s Binding<'t>> {
    let first = name.split('.').next().unwrap_or(name);
    if first.len() != name.len() {
        return None;
    }
    seen.around(frame).find_map(|id| {
        let bound = seen.frame(id).bound.iter().rev().find(|bound| bound.name == first);
        bound.map(|bound| &bound.binding)
    })
}

/// The type that stands beside a name.
pub(super) fn annotation_of<'t>(binding: &Binding<'t>) -> Option<Code<'t>> {
    match binding {
        Binding::Declared(annotation) => Some(*annotation),
        Binding::Parameter(parameter) => parameter.annotation(),
        Binding::Value(value) if may_be_typed(*value) => {
            let mut around = value.parent()?;
            for _ in 0..4 {
                if around.kind() != Kind::Wrapper {
                    break;
                }
                around = around.parent()?;
            }
            let binds = matches!(around.kind(), Kind::Assign | Kind::Field);
            around.annotation().filter(|_| binds)
        }
        _ => None,
    }
}

/// False when nothing but a name stands before a value in its line: looking for what is around it
/// takes time.
fn may_be_typed(value: Code<'_>) -> bool {
    let text = value.text_of_file().text;
    let start = text[..value.start()].rfind('\n').map_or(0, |newline| newline + 1);
    let before = text[start..value.start()].trim();
    before.is_empty() || before.contains(':') || before == "="
}

/// A type that leaves all open: `Any`, a protocol or interface, a name that leads nowhere.
pub(super) fn leaves_open<'t>(seen: &Seen<'t>, annotation: Spot<'t>) -> bool {
    if says_nothing(annotation.code.text()) {
        return true;
    }
    let text = annotation.code.text();
    let parts = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    parts.filter(|part| !part.is_empty()).any(|part| {
        part.ends_with("Protocol")
            || match binding(seen, annotation.frame, part) {
                Some(Binding::Own(class)) => is_described(seen, *class),
                Some(Binding::Value(value)) => says_nothing(value.text()),
                Some(Binding::Import(import)) => {
                    matches!(seen.import_origin(import).root, Root::Missing | Root::Unknown)
                }
                _ => false,
            }
    })
}

/// An interface, a protocol, a typed dictionary: it says what others have.
pub(super) fn is_described(seen: &Seen<'_>, class: FrameId) -> bool {
    let bases = super::bases::names(seen, class);
    seen.frame(class).code.kind() == Kind::Interface
        || bases.iter().any(|base| matches!(*base, "Protocol" | "TypedDict"))
}

/// `Any`, `object`, `unknown`
fn says_nothing(annotation: &str) -> bool {
    let text = annotation.trim_start_matches(':').trim();
    let inner = text.strip_prefix("Optional[").and_then(|rest| rest.strip_suffix(']'));
    let text = inner.unwrap_or(text).trim_end_matches(" | None").trim_end_matches(" | null");
    matches!(text, "Any" | "object" | "any" | "unknown" | "typing.Any") || text.ends_with("Like")
}

/// `new Map<string, WebSocket>()`, `useRef<WebSocket | null>(null)`.
pub(super) fn held_by_making<'t>(seen: &Seen<'t>, value: Spot<'t>) -> Option<(Held, bool)> {
    if value.code.kind() != Kind::Call {
        return None;
    }
    let parts = value.code.children();
    let types = parts.into_iter().find(|child| child.word() == "type_arguments")?;
    let base = value.code.callee().map(Code::text).unwrap_or_default();
    let reading = Reading { seen, names: NAMES_MAX, depth: DEPTH_MAX };
    reading.within(value.with(types), CONTAINERS.contains(&base))
}

/// A call whose value is a socket: `new WebSocket(url)`, `websockets.connect(url)`.
pub(super) fn makes_socket<'t>(seen: &Seen<'t>, call: Spot<'t>) -> bool {
    let Some(callee) = call.code.callee() else { return false };
    let origin = seen.callee(call);
    let real = origin.to_string();
    let real = real.replace("()", "");
    let path = match &origin.root {
        Root::Library(_) => real.as_str(),
        Root::Tree(_) => origin.path.as_str(),
        _ => callee.text(),
    };
    let last = path.rsplit('.').next().unwrap_or(path);
    let ends = |maker: &&str| {
        path.strip_suffix(*maker).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if let Some(maker) = MAKERS.iter().find(|maker| ends(maker)) {
        return match *maker {
            "client.connect" => path.starts_with("websockets."),
            "create_connection" => path.starts_with("websocket"),
            _ => true,
        };
    }
    match &origin.root {
        Root::Library(library) => match library.as_str() {
            "socket" => false,
            "socket.io-client" => matches!(last, "io" | "default" | "connect" | "socket.io-client"),
            "ws" | "isomorphic-ws" | "reconnecting-websocket" | "sockjs-client" | "partysocket" => {
                call.code.is_new() && last != "Server" && last != "WebSocketServer"
            }
            _ => is_made(call, last),
        },
        // `function f(WebSocket: new (url: string) => Other)`
        Root::Parameter(parameter) => {
            let kind = parameter.code.annotation().map(Code::text);
            kind.is_none_or(|kind| kind.contains("typeof")) && is_made(call, last)
        }
        _ => is_made(call, last),
    }
}

fn is_made(call: Spot<'_>, last: &str) -> bool {
    is_type(last) && !holds(last) && (call.code.is_new() || call.code.language().is_python())
}
