//! Whether an expression is a socket.

use std::cell::Cell;

use super::types::{Held, annotation_of, held, held_by_making, leaves_open, makes_socket};
use super::words::{Named, named};
use crate::scan::code::Code;
use crate::scan::frame::{Binding, Bound, FrameId};
use crate::scan::kind::Kind;
use crate::scan::origin::Root;
use crate::scan::seen::{Seen, Spot};

/// How sure it is that an expression is a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Belief {
    /// It is something else.
    No,
    /// Nothing speaks for it.
    Open,
    /// It is called `socket`.
    Perhaps,
    /// It is called `websocket`.
    Called,
    /// Its type or its making says so.
    Known,
}

/// How far values of values are followed.
const DEPTH_MAX: usize = 7;

/// How many of them are looked at for one question: names may be bound in circles many times.
const VALUES_MAX: usize = 400;

/// How sure it is that an expression is a socket.
pub(super) fn belief<'t>(seen: &Seen<'t>, at: Spot<'t>) -> Belief {
    Judge { seen, puts: true, left: &Cell::new(VALUES_MAX) }.of(at, DEPTH_MAX)
}

/// The same without asking what is put into containers, for those who ask just that.
pub(super) fn belief_alone<'t>(seen: &Seen<'t>, at: Spot<'t>) -> Belief {
    Judge { seen, puts: false, left: &Cell::new(VALUES_MAX) }.of(at, DEPTH_MAX)
}

/// True when the thing is a socket or holds one: an object, a pair, a record with it.
pub(super) fn holds_socket<'t>(seen: &Seen<'t>, at: Spot<'t>, least: Belief) -> bool {
    Judge { seen, puts: false, left: &Cell::new(VALUES_MAX) }.holds(at, least, DEPTH_MAX)
}

/// Decides with what is known of a file.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a, 't> {
    pub(super) seen: &'a Seen<'t>,
    /// Whether a container is looked at for what is put into it.
    pub(super) puts: bool,
    /// How many values may still be looked at.
    left: &'a Cell<usize>,
}

impl<'t> Judge<'_, 't> {
    /// One value more, one step deeper, unless it was enough.
    pub(super) fn deeper(self, depth: usize) -> Option<usize> {
        self.left.set(self.left.get().checked_sub(1)?);
        depth.checked_sub(1)
    }

    pub(super) fn of(self, at: Spot<'t>, depth: usize) -> Belief {
        let Some(depth) = self.deeper(depth) else { return Belief::Open };
        let at = at.with(at.code.bare());
        match at.code.kind() {
            Kind::Name | Kind::Shorthand => self.of_name(at, depth),
            Kind::Attribute => self.of_member(at, depth),
            Kind::Index => match at.code.object() {
                Some(all) => self.of_element(at.with(all), depth),
                None => Belief::Open,
            },
            Kind::Call => self.of_call(at, depth),
            Kind::Text | Kind::Texts | Kind::Template | Kind::Dict | Kind::List | Kind::This => {
                Belief::No
            }
            _ if is_choice(at.code) => {
                let branches = at.code.children().into_iter();
                branches.map(|branch| self.of(at.with(branch), depth)).max().unwrap_or(Belief::Open)
            }
            _ => Belief::Open,
        }
    }

    /// The innermost scope that binds the name decides, by all that it binds it to.
    fn of_name(self, at: Spot<'t>, depth: usize) -> Belief {
        let text = at.code.text();
        if matches!(text, "self" | "cls" | "super") {
            return Belief::No;
        }
        for id in self.seen.around(at.frame) {
            let told = self
                .seen
                .bound_in(id, text)
                .filter(|bound| !is_value_around(&bound.binding, at.code))
                .map(|bound| self.of_bound(bound, depth));
            if let Some(most) = told.max() {
                return most;
            }
        }
        by_name(text)
    }

    fn of_bound(self, bound: &Bound<'t>, depth: usize) -> Belief {
        let called = by_name(bound.name);
        if let Some(annotation) = annotation_of(&bound.binding) {
            match self.of_type(Spot { code: annotation, frame: bound.frame }) {
                Belief::Open => {}
                told => return told,
            }
        }
        let spot = |code: Code<'t>| Spot { code, frame: bound.frame };
        match &bound.binding {
            Binding::Import(import) => match self.seen.import_origin(import).root {
                Root::Library(_) if import.name == Some("websocket") => Belief::Known,
                Root::Library(_) | Root::Module(..) | Root::Folder(_) => Belief::No,
                _ => called,
            },
            Binding::Value(value) if is_nothing(*value) => Belief::No,
            Binding::Value(value) => match self.of(spot(*value), depth) {
                Belief::Open => called,
                told => told,
            },
            Binding::Part(_, key) => called.max(by_name(key)),
            Binding::Element(all) => self.of_element(spot(*all), depth).max(called),
            Binding::Parameter(_) => self.of_argument(bound.frame, depth).max(called),
            Binding::Own(_) => Belief::No,
            Binding::Declared(_) | Binding::Opaque => called,
        }
    }

    /// By the type of what a function gives.
    fn of_given_type(self, function: FrameId) -> Option<Belief> {
        let frame = self.seen.frame(function);
        let parts = frame.code.children();
        let kind = parts.into_iter().find(|part| part.kind() == Kind::Annotation)?;
        let told = self.of_type(Spot { code: kind, frame: frame.parent? });
        (told != Belief::Open).then_some(told)
    }

    fn of_type(self, annotation: Spot<'t>) -> Belief {
        match held(self.seen, annotation) {
            Some((Held::Socket, false)) => Belief::Known,
            None if leaves_open(self.seen, annotation) => Belief::Open,
            Some(_) | None => Belief::No,
        }
    }

    /// `sockets.forEach((s) => …)`, `server.on("connection", (s) => …)`
    fn of_argument(self, function: FrameId, depth: usize) -> Belief {
        let frame = self.seen.frame(function);
        if frame.code.name().is_some() || frame.code.kind() != Kind::Function {
            return Belief::Open;
        }
        let call = frame.code.parent().and_then(Code::parent);
        let Some(call) = call.filter(|call| call.kind() == Kind::Call) else { return Belief::Open };
        let Some(callee) = call.callee().filter(|callee| callee.kind() == Kind::Attribute) else {
            return Belief::Open;
        };
        let outer = frame.parent.unwrap_or(FrameId::FILE);
        match callee.member() {
            Some("forEach" | "map" | "filter" | "some" | "every") => match callee.object() {
                Some(all) => self.of_element(Spot { code: all, frame: outer }, depth),
                None => Belief::Open,
            },
            Some("on" | "once" | "of") => {
                let first = call.arguments().first().and_then(|first| first.value.literal());
                let connects = matches!(first, Some("connection" | "connect"));
                if connects { Belief::Perhaps } else { Belief::Open }
            }
            _ => Belief::Open,
        }
    }

    fn of_member(self, at: Spot<'t>, depth: usize) -> Belief {
        let (Some(member), Some(object)) = (at.code.member(), at.code.object()) else {
            return Belief::Open;
        };
        if member == "current" {
            return self.of(at.with(object), depth);
        }
        if is_self(object)
            && let Some(class) = self.seen.class_of(at.frame)
        {
            let told: Option<Belief> = fields(self.seen, class, member)
                .map(|bound| match bound.binding {
                    // `get socket(): WebSocket`, a property
                    Binding::Own(getter) => self.of_given_type(getter).unwrap_or(by_name(member)),
                    _ => self.of_bound(bound, depth),
                })
                .max();
            return told.unwrap_or_else(|| by_name(member));
        }
        let origin = self.seen.origin(at.with(object));
        match &origin.root {
            Root::Library(_) if named(member) != Named::Clearly => Belief::No,
            _ => by_name(member),
        }
    }

    fn of_call(self, at: Spot<'t>, depth: usize) -> Belief {
        if makes_socket(self.seen, at)
            || held_by_making(self.seen, at) == Some((Held::Socket, false))
        {
            return Belief::Known;
        }
        let Some(callee) = at.code.callee() else { return Belief::Open };
        let origin = self.seen.callee(at);
        match &origin.root {
            Root::Library(library) => return self.of_library(library, at, depth),
            Root::Own(function) if origin.path.is_empty() => {
                if let Some(told) = self.of_given_type(*function) {
                    return told;
                }
            }
            _ => {}
        }
        match callee.kind() {
            Kind::Attribute => match (callee.member(), callee.object()) {
                (Some("enter_async_context" | "enter_context"), _) => self.of_first(at, depth),
                (Some("get" | "pop" | "popleft" | "at" | "find" | "shift"), Some(all)) => {
                    self.of_element(at.with(all), depth)
                }
                _ => self.of_callee(callee),
            },
            Kind::Name if callee.text() == "next" => {
                let first = at.code.arguments().first().map(|first| first.value);
                first.map_or(Belief::Open, |first| self.of_element(at.with(first), depth))
            }
            Kind::Name => self.of_callee(callee),
            _ => Belief::Open,
        }
    }

    /// What a library gives that is not known to make sockets.
    fn of_library(self, library: &str, at: Spot<'t>, depth: usize) -> Belief {
        const OF_SOCKETS: [&str; 8] = [
            "aiohttp",
            "fastapi",
            "starlette",
            "tornado",
            "litestar",
            "sanic",
            "quart",
            "channels",
        ];
        if matches!(library, "asyncio" | "contextlib" | "typing" | "anyio" | "react" | "vue") {
            return self.of_first(at, depth);
        }
        let speaks = library.contains("ws") || library.contains("websocket");
        let others = matches!(library, "net" | "tls" | "dgram" | "zeromq" | "worker_threads");
        let foreign =
            if self.seen.is_python() { !speaks && !OF_SOCKETS.contains(&library) } else { others };
        if foreign { Belief::No } else { Belief::Open }
    }

    /// `wait_for(connect(url), 5)`, `cast(WebSocket, x)`
    fn of_first(self, call: Spot<'t>, depth: usize) -> Belief {
        let arguments = call.code.arguments();
        let told = arguments.iter().take(2).map(|argument| {
            let at = call.with(argument.value);
            let typed = held(self.seen, at) == Some((Held::Socket, false));
            if typed { Belief::Known } else { self.of(at, depth) }
        });
        told.max().filter(|told| *told >= Belief::Perhaps).unwrap_or(Belief::Open)
    }

    /// `get_websocket()`, `this.openSocket()`; what `socket()` makes is one of the network.
    fn of_callee(self, callee: Code<'t>) -> Belief {
        let last = callee.member().unwrap_or(callee.text());
        match named(last) {
            Named::Clearly if last.len() > 2 => Belief::Called,
            Named::Perhaps if self.seen.is_python() => Belief::No,
            _ => Belief::Open,
        }
    }
}

/// What an attribute of a class is bound to, in its body and in its methods.
pub(super) fn fields<'s, 't>(
    seen: &'s Seen<'t>,
    class: FrameId,
    member: &'s str,
) -> impl Iterator<Item = &'s Bound<'t>> {
    let frame = seen.frame(class);
    frame.members.iter().chain(&frame.bound).filter(move |bound| bound.name == member)
}

/// `self`, `cls`, `this`.
pub(super) fn is_self(code: Code<'_>) -> bool {
    match code.kind() {
        Kind::This => code.text() == "this",
        Kind::Name => matches!(code.text(), "self" | "cls"),
        _ => false,
    }
}

fn by_name(name: &str) -> Belief {
    match named(name) {
        Named::Clearly => Belief::Called,
        Named::Perhaps => Belief::Perhaps,
        Named::Otherwise => Belief::Open,
    }
}

/// True when the place stands in the value itself: `ws = wrap(ws)`.
pub(super) fn is_value_around(binding: &Binding<'_>, code: Code<'_>) -> bool {
    match binding {
        Binding::Value(value) | Binding::Element(value) | Binding::Part(value, _) => {
            value.span().contains(&code.start())
        }
        _ => false,
    }
}

/// `None`, `null`, a number: it says nothing about what the name is later.
fn is_nothing(code: Code<'_>) -> bool {
    matches!(code.word(), "none" | "null" | "undefined" | "true" | "false" | "integer" | "number")
        || code.text() == "undefined"
}

/// `a if b else c`, `a ?? b`
pub(super) fn is_choice(code: Code<'_>) -> bool {
    match code.word() {
        "conditional_expression" | "ternary_expression" | "boolean_operator" => true,
        "binary_expression" => ["??", "||", "&&"].iter().any(|sign| code.has_sign(sign)),
        _ => false,
    }
}
