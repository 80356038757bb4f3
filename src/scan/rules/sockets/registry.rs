//! Where sockets are kept: attributes of classes and names of modules that hold many.

use super::judge::{Belief, belief_alone, fields, holds_socket, is_self};
use super::types::{CONTAINERS, annotation_of, held, held_by_making};
use super::words::words_of;
use crate::scan::code::Code;
use crate::scan::frame::{Binding, Bound, FrameId, FrameKind};
use crate::scan::kind::Kind;
use crate::scan::seen::{Seen, Spot};

/// Methods of containers that put something in.
const PUTS: [&str; 10] = [
    "append",
    "appendleft",
    "add",
    "push",
    "unshift",
    "set",
    "insert",
    "setdefault",
    "update",
    "extend",
];

/// The variables of a module that keep sockets.
pub(super) fn all_of_module<'t>(seen: &Seen<'t>) -> Vec<&'t str> {
    if !seen.speaks_of_sockets() {
        return Vec::new();
    }
    let bound = seen.frame(FrameId::FILE).bound.iter();
    let mut names: Vec<&str> =
        bound.filter(|bound| is_typed(seen, bound)).map(|bound| bound.name).collect();
    for spot in &seen.spots {
        names.extend(kept_at(seen, *spot, FrameId::FILE, None));
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// The name of a class's attribute that keeps sockets.
pub(super) fn of<'t>(seen: &Seen<'t>, class: FrameId) -> Option<&'t str> {
    if !seen.speaks_of_sockets() {
        return None;
    }
    let frame = seen.frame(class);
    let typed = frame.members.iter().chain(&frame.bound).find(|bound| is_typed(seen, bound));
    let typed = typed.map(|bound| bound.name);
    typed.or_else(|| first_put(seen, class, None))
}

/// True when sockets are put into this attribute or variable.
pub(super) fn is_put(seen: &Seen<'_>, holder: FrameId, name: &str) -> bool {
    first_put(seen, holder, Some(name)).is_some()
}

/// A container of sockets, by its type or by what it is made with.
fn is_typed<'t>(seen: &Seen<'t>, bound: &Bound<'t>) -> bool {
    let spot = |code: Code<'t>| Spot { code, frame: bound.frame };
    if matches!(bound.binding, Binding::Parameter(_))
        && seen.frame(bound.frame).kind != FrameKind::Function
    {
        return false;
    }
    let typed = annotation_of(&bound.binding).and_then(|annotation| held(seen, spot(annotation)));
    let made = || match &bound.binding {
        Binding::Value(value) => held_by_making(seen, spot(*value)),
        _ => None,
    };
    typed.or_else(made).is_some_and(|(_, many)| many)
}

/// The first container of this holder that a socket is put into.
fn first_put<'t>(seen: &Seen<'t>, holder: FrameId, only: Option<&str>) -> Option<&'t str> {
    spots_of(seen, holder).iter().find_map(|spot| kept_at(seen, *spot, holder, only))
}

/// The container of this holder that a socket is put into right here.
fn kept_at<'t>(
    seen: &Seen<'t>,
    at: Spot<'t>,
    holder: FrameId,
    only: Option<&str>,
) -> Option<&'t str> {
    let (container, things) = put_at(at)?;
    let name = root_of(seen, container, holder, 4)?;
    if only.is_some_and(|only| only != name) || !is_container(seen, holder, name) {
        return None;
    }
    let kept = things.into_iter().any(|thing| is_kept(seen, name, at.with(thing)));
    kept.then_some(name)
}

fn is_kept<'t>(seen: &Seen<'t>, container: &str, thing: Spot<'t>) -> bool {
    let least = least(container, thing.code);
    belief_alone(seen, thing) >= least || holds_socket(seen, thing, least.max(Belief::Called))
}

/// What the holder is typed or made as does not speak against it: no queue, no object of its own.
fn is_container(seen: &Seen<'_>, holder: FrameId, name: &str) -> bool {
    let told = |bound: &Bound<'_>| {
        let made = match &bound.binding {
            Binding::Value(value) => {
                value.children().into_iter().find(|part| part.word() == "type_arguments")
            }
            _ => None,
        };
        annotation_of(&bound.binding).or(made).is_some_and(|kind| is_of_others(kind.text()))
    };
    if fields(seen, holder, name).any(told) {
        return false;
    }
    let mut all = fields(seen, holder, name).peekable();
    if all.peek().is_none() {
        return seen.frame(holder).kind == FrameKind::Class;
    }
    all.any(|bound| match &bound.binding {
        Binding::Value(value) => match value.kind() {
            Kind::Dict | Kind::List => true,
            Kind::Call => {
                let made =
                    value.callee().map_or("", |callee| callee.member().unwrap_or(callee.text()));
                MADE.contains(&made)
            }
            Kind::Name => false,
            _ => value.word().ends_with("comprehension"),
        },
        Binding::Declared(_) => true,
        _ => false,
    })
}

/// A type of containers whose every word is known, and none is a socket.
fn is_of_others(kind: &str) -> bool {
    const OTHERS: [&str; 22] = [
        "str",
        "int",
        "float",
        "bool",
        "bytes",
        "None",
        "Optional",
        "Union",
        "datetime",
        "Task",
        "asyncio",
        "typing",
        "Lock",
        "Queue",
        "string",
        "number",
        "boolean",
        "null",
        "undefined",
        "Date",
        "Promise",
        "Event",
    ];
    let parts = kind.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let mut parts = parts.filter(|part| !part.is_empty()).peekable();
    let many = kind.contains(['[', '<']);
    many && parts.peek().is_some()
        && parts.all(|part| OTHERS.contains(&part) || CONTAINERS.contains(&part))
}

/// Calls that make an empty container.
const MADE: [&str; 18] = [
    "dict",
    "list",
    "set",
    "deque",
    "defaultdict",
    "OrderedDict",
    "WeakSet",
    "WeakValueDictionary",
    "WeakKeyDictionary",
    "Map",
    "Set",
    "WeakMap",
    "Array",
    "field",
    "Field",
    "useRef",
    "ref",
    "create",
];

/// A thing that is called `ws` or `socket` alone counts in a container of sockets or connections.
fn least(container: &str, thing: Code<'_>) -> Belief {
    const OF_SOCKETS: [&str; 12] = [
        "sockets",
        "socket",
        "websockets",
        "websocket",
        "connections",
        "clients",
        "conns",
        "peers",
        "subscribers",
        "rooms",
        "users",
        "ws",
    ];
    let words = words_of(container);
    let speaks = words.iter().any(|word| OF_SOCKETS.contains(&word.as_str()));
    match (speaks, thing.language().is_python()) {
        (false, _) if thing.text() == "ws" => Belief::Known,
        (true, false) => Belief::Perhaps,
        _ => Belief::Called,
    }
}

/// What rules ask about within a holder.
fn spots_of<'s, 't>(seen: &'s Seen<'t>, holder: FrameId) -> &'s [Spot<'t>] {
    if holder == FrameId::FILE {
        return &seen.spots;
    }
    let span = seen.frame(holder).code.span();
    let from = seen.spots.partition_point(|spot| spot.code.start() < span.start);
    let to = seen.spots.partition_point(|spot| spot.code.start() < span.end);
    &seen.spots[from..to]
}

/// The container and the things that are put into it: `a[k] = x`, `a.append(x)`, `a.set(k, x)`.
fn put_at(at: Spot<'_>) -> Option<(Spot<'_>, Vec<Code<'_>>)> {
    let code = at.code;
    match code.kind() {
        Kind::Assign => {
            let target = code.target().filter(|target| target.kind() == Kind::Index)?;
            let mut things = vec![code.value()?];
            things.extend(target.index());
            Some((at.with(target.object()?), things))
        }
        Kind::Call => {
            let callee = code.callee().filter(|callee| callee.kind() == Kind::Attribute)?;
            if !PUTS.contains(&callee.member()?) {
                return None;
            }
            let things = code.arguments().into_iter().map(|argument| argument.value).collect();
            Some((at.with(callee.object()?), things))
        }
        _ => None,
    }
}

/// The attribute of the class, or the variable of the module, that an expression leads into.
fn root_of<'t>(seen: &Seen<'t>, at: Spot<'t>, holder: FrameId, depth: usize) -> Option<&'t str> {
    let depth = depth.checked_sub(1)?;
    let code = at.code.bare();
    match code.kind() {
        Kind::Attribute => {
            let object = code.object()?;
            let class = seen.frame(holder).kind == FrameKind::Class;
            if class && (is_self(object) || object.text() == seen.frame(holder).name) {
                let own = seen.class_of(at.frame) == Some(holder);
                return code.member().filter(|_| own);
            }
            root_of(seen, at.with(object), holder, depth)
        }
        Kind::Index => root_of(seen, at.with(code.object()?), holder, depth),
        Kind::Call => {
            let callee = code.callee().filter(|callee| callee.kind() == Kind::Attribute)?;
            root_of(seen, at.with(callee.object()?), holder, depth)
        }
        Kind::Binary => {
            let parts = code.children();
            parts.into_iter().find_map(|part| root_of(seen, at.with(part), holder, depth))
        }
        Kind::Name => of_name(seen, at.with(code), holder, depth),
        _ => None,
    }
}

fn of_name<'t>(seen: &Seen<'t>, at: Spot<'t>, holder: FrameId, depth: usize) -> Option<&'t str> {
    let text = at.code.text();
    for id in seen.around(at.frame) {
        if seen.bound_in(id, text).next().is_none() {
            continue;
        }
        if id == holder && seen.frame(id).kind == FrameKind::File {
            return Some(text);
        }
        return seen.bound_in(id, text).find_map(|bound| match &bound.binding {
            Binding::Value(value) if value.kind() != Kind::Name => {
                root_of(seen, Spot { code: *value, frame: bound.frame }, holder, depth)
            }
            _ => None,
        });
    }
    None
}
