//! Where the value of an expression comes from: assignments, imports and re-exports are followed.

use std::fmt;

use super::code::{Code, Piece};
use super::frame::{Binding, Bound, FrameId, FrameKind};
use super::import::{Import, ImportForm, dynamic_module};
use super::kind::Kind;
use super::names::Definition;
use super::seen::{Seen, Spot};
use super::tree::FileId;

/// Where a value comes from: a root, and the way from it to the value.
#[derive(Clone)]
pub(super) struct Origin<'t> {
    pub(super) root: Root<'t>,
    /// Members, with `()` behind what is called and `[]` behind what is indexed:
    /// `connect().send`.
    pub(super) path: String,
}

/// The end that can be told of a way back.
#[derive(Clone)]
pub(super) enum Root<'t> {
    /// A library. In Python the first part of the module; what is behind it is in the path.
    Library(String),
    /// A module of this tree, and the name that it was asked by.
    Module(FileId, &'t str),
    /// A folder of this tree that is no module.
    Folder(&'t str),
    /// Something that another file of this tree makes; its name begins the path.
    Tree(FileId),
    /// A function or class of this file.
    Own(FrameId),
    /// `self` or `this` in a class of this file; its member begins the path.
    This(FrameId),
    /// A name that nothing binds: of the language or its surroundings. It begins the path.
    Global,
    /// A parameter.
    Parameter(Spot<'t>),
    /// A name with a type and without a value.
    Declared(Spot<'t>),
    /// A value that leads no further: a literal, an operation, what a parameter's call gave.
    Value(Spot<'t>),
    /// Imported from a place in this tree where there is nothing.
    Missing,
    /// Not to be told.
    Unknown,
}

/// Longest way that is followed.
const STEPS_MAX: usize = 24;

impl fmt::Display for Origin<'_> {
    /// `jwt.decode` for what a library or the language offers; nothing for anything else.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.root {
            Root::Library(module) if self.path.is_empty() => out.write_str(module),
            Root::Library(module) => write!(out, "{module}.{}", self.path),
            Root::Global => out.write_str(&self.path),
            _ => Ok(()),
        }
    }
}

impl<'t> Origin<'t> {
    pub(super) const fn at(root: Root<'t>) -> Self {
        Self { root, path: String::new() }
    }

    /// The library and the way in it.
    pub(super) fn library(&self) -> Option<(&str, &str)> {
        match &self.root {
            Root::Library(module) => Some((module, &self.path)),
            _ => None,
        }
    }

    /// What the language or its surroundings offer: `localStorage.getItem`.
    pub(super) fn global(&self) -> Option<&str> {
        match &self.root {
            Root::Global => Some(&self.path),
            _ => None,
        }
    }

    pub(super) fn push(mut self, member: &str) -> Self {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(member);
        self
    }

    fn mark(mut self, sign: &str) -> Self {
        self.path.push_str(sign);
        self
    }
}

/// A library by its parts; scripts leave `default` out.
fn library<'t>(module: &str, path: &str, python: bool) -> Origin<'t> {
    if python {
        let (top, rest) = module.split_once('.').unwrap_or((module, ""));
        let path = match (rest, path) {
            ("", path) => path.to_owned(),
            (rest, "") => rest.to_owned(),
            (rest, path) => format!("{rest}.{path}"),
        };
        return Origin { root: Root::Library(top.to_owned()), path };
    }
    let path = path.strip_prefix("default").map_or(path, |rest| {
        if rest.is_empty() { rest } else { rest.strip_prefix('.').unwrap_or(path) }
    });
    let module = module.strip_prefix("node:").unwrap_or(module);
    Origin { root: Root::Library(module.to_owned()), path: path.to_owned() }
}

impl<'t> Seen<'t> {
    /// Where the value of an expression comes from.
    pub(super) fn origin(&self, at: Spot<'t>) -> Origin<'t> {
        self.follow(at, STEPS_MAX)
    }

    /// Where what a call calls comes from.
    pub(super) fn callee(&self, call: Spot<'t>) -> Origin<'t> {
        match call.code.callee() {
            Some(callee) => self.origin(call.with(callee)),
            None => Origin::at(Root::Unknown),
        }
    }

    /// The text that an expression comes to, through constants of this file and of others.
    pub(super) fn text_of(&self, at: Spot<'t>) -> Option<String> {
        let code = at.code.bare();
        if let Some(text) = code.literal() {
            return Some(text.to_owned());
        }
        match code.kind() {
            Kind::Texts => {
                let mut all = String::new();
                for piece in code.pieces() {
                    let Piece::Said(text) = piece else { return None };
                    all.push_str(text);
                }
                return Some(all);
            }
            Kind::Name | Kind::Attribute | Kind::Index => {}
            _ => return None,
        }
        let mut origin = self.origin(at.with(code));
        if let Some(of_member) = origin.path.strip_suffix(".value") {
            origin.path = of_member.to_owned();
        } else if origin.path == "value" {
            origin.path.clear();
        }
        match origin.root {
            Root::Value(value) if origin.path.is_empty() => value.code.literal().map(str::to_owned),
            Root::Tree(file) => self.names.text(file, &origin.path),
            _ => None,
        }
    }

    /// The expression that a name comes to, when it comes to one of this file.
    pub(super) fn value_of(&self, at: Spot<'t>) -> Spot<'t> {
        let code = at.code.bare();
        if !matches!(code.kind(), Kind::Name | Kind::Attribute | Kind::Index) {
            return at.with(code);
        }
        match self.origin(at.with(code)) {
            Origin { root: Root::Value(value), path } if path.is_empty() => value,
            _ => at.with(code),
        }
    }

    pub(super) fn follow(&self, at: Spot<'t>, steps: usize) -> Origin<'t> {
        let Some(steps) = steps.checked_sub(1) else { return Origin::at(Root::Unknown) };
        let code = at.code.bare();
        match code.kind() {
            Kind::Name | Kind::Shorthand => self.named(code.text(), at.frame, code.start(), steps),
            Kind::This => match self.class_of(at.frame) {
                Some(class) => Origin::at(Root::This(class)),
                None => Origin::at(Root::Unknown),
            },
            Kind::Attribute => match (code.object(), code.member()) {
                (Some(object), Some(member)) => {
                    let object = self.follow(at.with(object), steps);
                    self.member(object, member, steps)
                }
                _ => Origin::at(Root::Unknown),
            },
            Kind::Index => self.indexed(at.with(code), steps),
            Kind::Call => self.called(at.with(code), steps),
            Kind::Assign => match code.value() {
                Some(value) => self.follow(at.with(value), steps),
                None => Origin::at(Root::Unknown),
            },
            _ => match self.frame_made_by_function(code) {
                Some(frame) => Origin::at(Root::Own(frame)),
                None => Origin::at(Root::Value(at.with(code))),
            },
        }
    }

    fn frame_made_by_function(&self, code: Code<'t>) -> Option<FrameId> {
        let makes = matches!(code.kind(), Kind::Function | Kind::Class);
        if makes { self.frame_made_by(code) } else { None }
    }

    /// A script's `a['b']` is `a.b`.
    fn indexed(&self, at: Spot<'t>, steps: usize) -> Origin<'t> {
        let Some(object) = at.code.object() else { return Origin::at(Root::Unknown) };
        let object = self.follow(at.with(object), steps);
        let key = at.code.index().and_then(Code::literal);
        match (key, &object.root) {
            (Some(key), _) if !self.is_python() => self.member(object, key, steps),
            (Some(key), Root::Value(value)) if value.code.kind() == Kind::Dict => {
                self.member(object, key, steps)
            }
            _ => object.mark("[]"),
        }
    }

    fn called(&self, at: Spot<'t>, steps: usize) -> Origin<'t> {
        if let Some((module, _)) = dynamic_module(at.code) {
            return self.module(module, None);
        }
        let Some(callee) = at.code.callee() else { return Origin::at(Root::Unknown) };
        let by = self.follow(at.with(callee), steps);
        let first = || at.code.arguments().into_iter().next();
        let passes = matches!(by.library(), Some(("functools", "partial") | ("util", "promisify")));
        if passes && let Some(first) = first() {
            return self.follow(at.with(first.value), steps);
        }
        if by.global() == Some("getattr")
            && let [object, name, ..] = at.code.arguments().as_slice()
            && let Some(name) = name.value.literal()
        {
            let object = self.follow(at.with(object.value), steps);
            return self.member(object, name, steps);
        }
        match by.root {
            Root::Value(_) | Root::Parameter(_) | Root::Declared(_) | Root::Unknown
                if by.path.is_empty() =>
            {
                Origin::at(Root::Value(at))
            }
            _ => by.mark("()"),
        }
    }

    /// What a name means at a place.
    fn named(&self, name: &str, frame: FrameId, before: usize, steps: usize) -> Origin<'t> {
        let python = self.is_python();
        for (depth, id) in self.around(frame).enumerate() {
            let scope = self.frame(id);
            let hidden = scope.kind == FrameKind::Class && (depth > 0 || !python);
            if hidden || scope.outer.contains(&name) {
                continue;
            }
            if let Some(bound) = self.choose(id, name, (id == frame).then_some(before)) {
                return self.bound(bound, id, steps);
            }
        }
        self.starred(name).unwrap_or_else(|| Origin {
            root: Root::Global,
            path: if matches!(name, "window" | "globalThis") {
                String::new()
            } else {
                name.to_owned()
            },
        })
    }

    /// The binding that counts: the last one above the place in its own scope, else the last one;
    /// nothing (`None`, `null`) counts only where there is nothing else.
    fn choose(&self, id: FrameId, name: &str, before: Option<usize>) -> Option<&Bound<'t>> {
        let empty = |bound: &&Bound<'t>| match &bound.binding {
            Binding::Value(value) => matches!(value.text(), "None" | "null" | "undefined"),
            Binding::Opaque | Binding::Declared(_) => true,
            _ => false,
        };
        let all = || self.frame(id).bound.iter().filter(|bound| bound.name == name);
        let above = |bound: &&Bound<'t>| before.is_none_or(|before| bound.from <= before);
        all()
            .filter(above)
            .rfind(|bound| !empty(bound))
            .or_else(|| all().find(|bound| !empty(bound) && !Self::covers(bound, before)))
            .or_else(|| all().next_back())
    }

    /// True when the place stands in the value itself.
    fn covers(bound: &Bound<'t>, place: Option<usize>) -> bool {
        let (Binding::Value(value) | Binding::Part(value, _) | Binding::Element(value)) =
            &bound.binding
        else {
            return false;
        };
        place.is_some_and(|place| value.span().contains(&place))
    }

    pub(super) fn bound(&self, bound: &Bound<'t>, holder: FrameId, steps: usize) -> Origin<'t> {
        let Some(steps) = steps.checked_sub(1) else { return Origin::at(Root::Unknown) };
        let spot = |code: Code<'t>| Spot { code, frame: bound.frame };
        match &bound.binding {
            Binding::Import(import) => self.import_origin(import),
            Binding::Value(value) => self.follow(spot(*value), steps),
            Binding::Part(value, key) => {
                let whole = self.follow(spot(*value), steps);
                self.member(whole, key, steps)
            }
            Binding::Element(value) => self.follow(spot(*value), steps).mark("[]"),
            Binding::Parameter(parameter) => self.parameter(*parameter, holder, bound.frame),
            Binding::Own(frame) => Origin::at(Root::Own(*frame)),
            Binding::Declared(kind) => Origin::at(Root::Declared(spot(*kind))),
            Binding::Opaque => Origin::at(Root::Unknown),
        }
    }

    /// The first parameter of a Python method is the object.
    fn parameter(&self, code: Code<'t>, holder: FrameId, frame: FrameId) -> Origin<'t> {
        let function = self.frame(holder);
        let class = function
            .parent
            .filter(|parent| self.is_python() && self.frame(*parent).kind == FrameKind::Class);
        if let Some(class) = class
            && function.bound.first().is_some_and(|first| {
                matches!(&first.binding, Binding::Parameter(first) if first.id() == code.id())
            })
            && code.kind() == Kind::Name
        {
            return Origin::at(Root::This(class));
        }
        Origin::at(Root::Parameter(Spot { code, frame }))
    }

    /// Names that `from m import *` may bring.
    fn starred(&self, name: &str) -> Option<Origin<'t>> {
        let stars = self.frame(FrameId::FILE).bound.iter().filter(|bound| bound.name == "*");
        let mut library = None;
        for bound in stars {
            let Binding::Import(import) = &bound.binding else { continue };
            match self.definition(import.module, Some(name)) {
                Definition::Missing | Definition::Unknown => {}
                found @ Definition::Library(..) => library = library.or(Some(found)),
                found => return Some(self.defined(found, import.module)),
            }
        }
        library.map(|found| self.defined(found, ""))
    }

    pub(super) fn import_origin(&self, import: &Import<'t>) -> Origin<'t> {
        let plain = import.form == ImportForm::Module
            && !import.dynamic
            && import.local.is_some_and(|local| {
                local != import.module && import.module.split('.').next() == Some(local)
            });
        let module = if plain { import.local.unwrap_or(import.module) } else { import.module };
        self.module(module, import.name)
    }

    fn module(&self, module: &'t str, name: Option<&'t str>) -> Origin<'t> {
        match (self.definition(module, name), name) {
            (Definition::Unknown, None) => Origin::at(Root::Folder(module)),
            (found, None) => self.defined(found, module),
            (found, Some(_)) => self.defined(found, ""),
        }
    }

    /// What an import of this file gets; asked once each.
    pub(super) fn definition(&self, module: &str, name: Option<&str>) -> Definition {
        let asked = (Box::from(module), name.map(Box::from));
        if let Some(known) = self.imported.borrow().get(&asked) {
            return known.clone();
        }
        let found = self.names.imported(self.id, module, name);
        self.imported.borrow_mut().insert(asked, found.clone());
        found
    }

    pub(super) fn defined(&self, definition: Definition, module: &'t str) -> Origin<'t> {
        match definition {
            Definition::In(file, path) => Origin { root: Root::Tree(file), path },
            Definition::Module(file) => Origin::at(Root::Module(file, module)),
            Definition::Library(module, path) => library(&module, &path, self.is_python()),
            Definition::Missing => Origin::at(Root::Missing),
            Definition::Unknown => Origin::at(Root::Unknown),
        }
    }
}
