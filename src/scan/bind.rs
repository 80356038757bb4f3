//! Which names assignments, loops and patterns bind.

use super::code::Code;
use super::exports::names_in;
use super::frame::{Binding, Bound, FrameId, FrameKind};
use super::import::imports_at;
use super::kind::Kind;
use super::walk::Walk;

impl<'t> Walk<'t> {
    /// The scope that an assignment binds a name in.
    fn home(&self, code: Code<'t>, name: &str) -> FrameId {
        if code.language().is_python() {
            let holder = self.holder();
            let outer = self.frames[holder.place()].outer.contains(&name);
            return if outer { FrameId::FILE } else { holder };
        }
        if code.word() == "variable_declarator" {
            let var = self.above.last().is_some_and(|above| above.word() == "variable_declaration");
            return if var { self.holder() } else { self.here() };
        }
        let declares =
            |id: &&FrameId| self.frames[id.place()].bound.iter().any(|bound| bound.name == name);
        self.open.iter().rev().find(declares).copied().unwrap_or(FrameId::FILE)
    }

    pub(super) fn assign(&mut self, code: Code<'t>) {
        let mut found = Vec::new();
        if code.value().is_some_and(|value| value.kind() == Kind::Call) {
            imports_at(code, None, &mut found);
        }
        if !found.is_empty() {
            let holder = self.here();
            for import in found {
                if let Some(local) = import.local {
                    self.put(holder, local, code.start(), holder, Binding::Import(import));
                }
            }
            return;
        }
        let Some(target) = code.target() else { return };
        let mut waiting = vec![(target, code.value())];
        while let Some((target, value)) = waiting.pop() {
            if target.kind() == Kind::List {
                waiting.extend(self.list(code, target, value).into_iter().rev());
            } else {
                self.target(code, target, value);
            }
        }
    }

    /// `a, b = …`: pairs of targets and values, where there are as many of each.
    fn list(
        &mut self,
        code: Code<'t>,
        target: Code<'t>,
        value: Option<Code<'t>>,
    ) -> Vec<(Code<'t>, Option<Code<'t>>)> {
        let parts = target.children();
        let values = value.filter(|value| value.kind() == Kind::List);
        let values = values.map(Code::children).unwrap_or_default();
        if values.len() == parts.len() {
            return parts.into_iter().zip(values.into_iter().map(Some)).collect();
        }
        let binding = value.map_or(Binding::Opaque, Binding::Element);
        for part in parts {
            self.bind_homes(code, part, &binding, code.span().end);
        }
        Vec::new()
    }

    fn target(&mut self, code: Code<'t>, target: Code<'t>, value: Option<Code<'t>>) {
        let here = self.here();
        let from = code.span().end;
        match target.kind() {
            Kind::Name => {
                let binding = match (value, code.annotation()) {
                    (Some(value), _) => Binding::Value(value),
                    (None, Some(kind)) => Binding::Declared(kind),
                    (None, None) => Binding::Opaque,
                };
                let home = self.home(code, target.text());
                self.put(home, target.text(), from, here, binding);
            }
            Kind::Attribute => {
                let own = target.object().is_some_and(|object| {
                    object.kind() == Kind::This || matches!(object.text(), "self" | "cls")
                });
                let class = |id: &&FrameId| self.frames[id.place()].kind == FrameKind::Class;
                let class = self.open.iter().rev().find(class).copied();
                if let (true, Some(class), Some(name)) = (own, class, target.member()) {
                    let binding = match (value, code.annotation()) {
                        (Some(value), _) => Binding::Value(value),
                        (None, Some(kind)) => Binding::Declared(kind),
                        (None, None) => Binding::Opaque,
                    };
                    self.member(class, Bound { name, from, frame: here, binding });
                }
            }
            Kind::Index => {}
            _ if target.word() == "object_pattern" => match value {
                Some(value) => {
                    let home = self.home(code, "");
                    self.destructure(home, target, value, here, from);
                }
                None => self.bind_homes(code, target, &Binding::Opaque, from),
            },
            _ => self.bind_homes(code, target, &Binding::Opaque, from),
        }
    }

    fn bind_homes(&mut self, code: Code<'t>, target: Code<'t>, binding: &Binding<'t>, from: usize) {
        let here = self.here();
        for name in names_in(target) {
            let home = self.home(code, name);
            self.put(home, name, from, here, binding.clone());
        }
    }

    pub(super) fn bind_all(&mut self, target: Code<'t>, binding: &Binding<'t>, from: usize) {
        let here = self.here();
        for name in names_in(target) {
            self.put(here, name, from, here, binding.clone());
        }
    }

    /// `const { key: name, other = 1 } = value`
    pub(super) fn destructure(
        &mut self,
        home: FrameId,
        pattern: Code<'t>,
        value: Code<'t>,
        frame: FrameId,
        from: usize,
    ) {
        for part in pattern.children() {
            let fields = part.fields();
            let (key, name) = match part.word() {
                "shorthand_property_identifier_pattern" => (Some(part), Some(part)),
                "pair_pattern" => (part.field(fields.key), part.field(fields.value)),
                "object_assignment_pattern" => (part.field(fields.left), part.field(fields.left)),
                _ => (None, None),
            };
            let (Some(key), Some(name)) = (key, name) else {
                for name in names_in(part) {
                    self.put(home, name, from, frame, Binding::Opaque);
                }
                continue;
            };
            let name = if name.word() == "assignment_pattern" {
                name.field(fields.left).unwrap_or(name)
            } else {
                name
            };
            if matches!(name.kind(), Kind::Name) || key.id() == name.id() {
                self.put(home, name.text(), from, frame, Binding::Part(value, key.text()));
            } else {
                for inner in names_in(name) {
                    self.put(home, inner, from, frame, Binding::Opaque);
                }
            }
        }
    }

    /// A pattern of a parameter: its names have no value that can be told.
    pub(super) fn parts(&mut self, home: FrameId, pattern: Code<'t>, frame: FrameId, from: usize) {
        for name in names_in(pattern) {
            self.put(home, name, from, frame, Binding::Parameter(pattern));
        }
    }

    pub(super) fn field(&mut self, code: Code<'t>) {
        let here = self.here();
        let Some(name) = code.name() else { return };
        let binding = match (code.value(), code.annotation()) {
            (Some(value), _) => Binding::Value(value),
            (None, Some(kind)) => Binding::Declared(kind),
            (None, None) => Binding::Opaque,
        };
        self.member(here, Bound { name, from: 0, frame: here, binding });
    }

    pub(super) fn iterates(&mut self, code: Code<'t>) {
        let fields = code.fields();
        let Some(target) = code.field(fields.left) else { return };
        let value = code.field(fields.right).map(Code::bare);
        let binding = value.map_or(Binding::Opaque, Binding::Element);
        let from = target.span().end;
        if code.language().is_python() && code.word() == "for_statement" {
            self.bind_homes(code, target, &binding, from);
        } else {
            self.bind_all(target, &binding, from);
        }
    }

    /// `with value as name`, `except E as name`
    pub(super) fn names_as(&mut self, code: Code<'t>) {
        let children = code.children();
        let excepts = self.above.last().is_some_and(|above| above.word() == "except_clause");
        let Some(target) = code.field(code.fields().alias).or_else(|| children.last().copied())
        else {
            return;
        };
        let binding = match children.first() {
            Some(value) if !excepts => Binding::Value(value.bare()),
            _ => Binding::Opaque,
        };
        self.bind_homes(code, target, &binding, code.start());
    }
}
