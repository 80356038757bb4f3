//! The scopes of a file and what their names are bound to.

use super::code::Code;
use super::import::Import;

/// A scope of a file, by its place among them; the file itself is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FrameId(pub(super) u32);

impl FrameId {
    /// The file itself.
    pub(super) const FILE: Self = Self(0);

    pub(super) const fn place(self) -> usize {
        self.0 as usize
    }
}

/// What a scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// The file.
    File,
    /// A class, an enum, an interface.
    Class,
    /// A function, a method, a lambda.
    Function,
    /// A block of a script, a comprehension, a `catch`.
    Block,
}

/// A scope.
pub(super) struct Frame<'t> {
    pub(super) kind: FrameKind,
    pub(super) code: Code<'t>,
    pub(super) parent: Option<FrameId>,
    /// Its name, or that of what it is assigned to; empty for none.
    pub(super) name: &'t str,
    pub(super) bound: Vec<Bound<'t>>,
    /// Of a class: what is assigned to `self` or `this` in its methods.
    pub(super) members: Vec<Bound<'t>>,
    /// Names that belong to a scope outside: `global`, `nonlocal`.
    pub(super) outer: Vec<&'t str>,
}

/// A name that is bound.
#[derive(Clone)]
pub(super) struct Bound<'t> {
    pub(super) name: &'t str,
    /// The byte from which on it is.
    pub(super) from: usize,
    /// The scope in which its value is read.
    pub(super) frame: FrameId,
    pub(super) binding: Binding<'t>,
}

/// What a name is bound to.
#[derive(Clone)]
pub(super) enum Binding<'t> {
    /// Something imported.
    Import(Import<'t>),
    /// A value: `a = value`.
    Value(Code<'t>),
    /// A member of a value: `const { key: a } = value`.
    Part(Code<'t>, &'t str),
    /// An element of a value: `for a in value`, `a, b = value`.
    Element(Code<'t>),
    /// A parameter: the whole of it, with its annotation and default.
    Parameter(Code<'t>),
    /// A function, a class or an enum of this file.
    Own(FrameId),
    /// A name with a type and without a value: `a: T`.
    Declared(Code<'t>),
    /// Something that has no value to be told.
    Opaque,
}
