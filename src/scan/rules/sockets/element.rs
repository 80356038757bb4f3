//! Whether what a container holds is a socket, and whether a thing holds one.

use super::judge::{Belief, Judge, fields, is_choice, is_self, is_value_around};
use super::registry;
use super::types::{Held, annotation_of, held, held_by_making};
use super::words::words_of;
use crate::scan::code::Code;
use crate::scan::frame::{Binding, Bound, FrameId};
use crate::scan::kind::Kind;
use crate::scan::seen::Spot;

impl<'t> Judge<'_, 't> {
    /// One of the things in a container.
    pub(super) fn of_element(self, all: Spot<'t>, depth: usize) -> Belief {
        let Some(depth) = self.deeper(depth) else { return Belief::Open };
        let all = all.with(all.code.bare());
        match all.code.kind() {
            Kind::Call => self.of_element_of_call(all, depth),
            Kind::Index => match all.code.object() {
                Some(inner) => self.of_element(all.with(inner), depth),
                None => Belief::Open,
            },
            Kind::Name => {
                let text = all.code.text();
                for id in self.seen.around(all.frame) {
                    let told = self
                        .seen
                        .bound_in(id, text)
                        .filter(|bound| !is_value_around(&bound.binding, all.code))
                        .map(|bound| self.of_container(bound, depth));
                    if let Some(most) = told.max() {
                        let put = || self.puts && registry::is_put(self.seen, FrameId::FILE, text);
                        let filled = id == FrameId::FILE && most < Belief::Known && put();
                        return if filled { Belief::Known } else { most.max(by_plural(text)) };
                    }
                }
                by_plural(text)
            }
            Kind::Attribute => {
                let (Some(member), Some(object)) = (all.code.member(), all.code.object()) else {
                    return Belief::Open;
                };
                if member == "current" {
                    return self.of_element(all.with(object), depth);
                }
                if member == "clients" && self.is_server(all.with(object)) {
                    return Belief::Known;
                }
                let class = self.seen.class_of(all.frame).filter(|_| is_self(object));
                let Some(class) = class else { return by_plural(member) };
                let told = fields(self.seen, class, member)
                    .map(|bound| self.of_container(bound, depth))
                    .max()
                    .unwrap_or(Belief::Open);
                if self.puts && told < Belief::Known && registry::is_put(self.seen, class, member) {
                    return Belief::Known;
                }
                told.max(by_plural(member))
            }
            _ if is_choice(all.code) => {
                let branches = all.code.children().into_iter();
                let told = branches.map(|branch| self.of_element(all.with(branch), depth));
                told.max().unwrap_or(Belief::Open)
            }
            _ => Belief::Open,
        }
    }

    /// A server of `ws`, which keeps its sockets itself.
    fn is_server(self, at: Spot<'t>) -> bool {
        match self.seen.origin(at).library() {
            Some(("ws", path)) => path.contains("Server"),
            _ => words_of(at.code.member().unwrap_or(at.code.text())).contains(&"wss".to_owned()),
        }
    }

    /// `list(all)`, `all.values()`, `Array.from(all)`
    fn of_element_of_call(self, all: Spot<'t>, depth: usize) -> Belief {
        let Some(callee) = all.code.callee() else { return Belief::Open };
        let first = || all.code.arguments().first().map(|first| first.value);
        let inner = match callee.kind() {
            Kind::Name => {
                const THROUGH: [&str; 8] =
                    ["list", "set", "tuple", "sorted", "iter", "next", "enumerate", "reversed"];
                first().filter(|_| THROUGH.contains(&callee.text()))
            }
            Kind::Attribute if callee.object().is_some_and(|own| own.text() == "Array") => first(),
            Kind::Attribute => callee.object(),
            _ => None,
        };
        inner.map_or(Belief::Open, |inner| self.of_element(all.with(inner), depth))
    }

    fn of_container(self, bound: &Bound<'t>, depth: usize) -> Belief {
        let spot = |code: Code<'t>| Spot { code, frame: bound.frame };
        if let Some(annotation) = annotation_of(&bound.binding)
            && let Some(told) = held(self.seen, spot(annotation))
        {
            return if told == (Held::Socket, true) { Belief::Known } else { Belief::Open };
        }
        match &bound.binding {
            Binding::Value(value) => match held_by_making(self.seen, spot(*value)) {
                Some((Held::Socket, true)) => Belief::Known,
                _ => self.of_element(spot(*value), depth),
            },
            Binding::Element(all) => self.of_element(spot(*all), depth),
            _ => Belief::Open,
        }
    }

    pub(super) fn holds(self, at: Spot<'t>, least: Belief, depth: usize) -> bool {
        let Some(depth) = self.deeper(depth) else { return false };
        let code = at.code.bare();
        let at = at.with(code);
        match code.kind() {
            Kind::Dict | Kind::List => {
                code.children().into_iter().any(|part| self.holds(at.with(part), least, depth))
            }
            Kind::Pair => {
                code.value().is_some_and(|value| self.holds(at.with(value), least, depth))
            }
            Kind::Call => {
                let callee = code.callee();
                let made = callee.map(|callee| callee.member().unwrap_or(callee.text()));
                let record = made.is_some_and(|last| {
                    matches!(last, "ref" | "proxy" | "dict")
                        || last.starts_with(|first: char| first.is_ascii_uppercase())
                });
                let inner = || {
                    let arguments = code.arguments();
                    arguments.iter().any(|part| self.holds(at.with(part.value), least, depth))
                };
                self.of(at, depth) >= least || record && inner()
            }
            Kind::Name => self.of(at, depth) >= least || self.name_holds(at, least, depth),
            _ => self.of(at, depth) >= least,
        }
    }

    fn name_holds(self, at: Spot<'t>, least: Belief, depth: usize) -> bool {
        let text = at.code.text();
        self.seen.around(at.frame).any(|id| {
            self.seen.bound_in(id, text).any(|bound| {
                let spot = |code: Code<'t>| Spot { code, frame: bound.frame };
                let typed = annotation_of(&bound.binding)
                    .is_some_and(|annotation| held(self.seen, spot(annotation)).is_some());
                typed
                    || matches!(&bound.binding, Binding::Value(value)
                        if value.kind() != Kind::Name && self.holds(spot(*value), least, depth))
            })
        })
    }
}

fn by_plural(name: &str) -> Belief {
    match words_of(name).last().map(String::as_str) {
        Some("websockets") => Belief::Called,
        Some("sockets") => Belief::Perhaps,
        _ => Belief::Open,
    }
}
