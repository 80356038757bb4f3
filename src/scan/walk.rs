//! One walk over a syntax tree: it opens scopes, binds names, and notes what rules ask about.

use tree_sitter::Tree;

use super::code::{Code, Text};
use super::exports::names_in;
use super::frame::{Binding, Bound, Frame, FrameId, FrameKind};
use super::import::{ImportForm, imports_at};
use super::kind::Kind;
use super::seen::Spot;

/// What a walk gathers.
pub(super) struct Walked<'t> {
    pub(super) frames: Vec<Frame<'t>>,
    pub(super) spots: Vec<Spot<'t>>,
}

pub(super) struct Walk<'t> {
    pub(super) frames: Vec<Frame<'t>>,
    spots: Vec<Spot<'t>>,
    /// The scopes that are open, innermost last.
    pub(super) open: Vec<FrameId>,
    /// What stands around the current place, outermost first.
    pub(super) above: Vec<Code<'t>>,
}

/// Walks a tree once.
pub(super) fn walk<'t>(text: Text<'t>, tree: &'t Tree) -> Walked<'t> {
    let root = text.code(tree.root_node());
    let mut walk = Walk {
        frames: vec![Frame::new(FrameKind::File, root, None, "")],
        spots: Vec::new(),
        open: vec![FrameId::FILE],
        above: Vec::new(),
    };
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let code = text.code(node);
        let enters = node.is_named() && walk.enter(code);
        if enters && cursor.goto_first_child() {
            walk.above.push(code);
            continue;
        }
        walk.leave(code);
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return Walked { frames: walk.frames, spots: walk.spots };
            }
            let around = walk.above.pop();
            if let Some(around) = around {
                walk.leave(around);
            }
        }
    }
}

/// What rules are called for.
const fn is_asked_about(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Call
            | Kind::Attribute
            | Kind::Index
            | Kind::Text
            | Kind::Texts
            | Kind::Template
            | Kind::Dict
            | Kind::Assign
            | Kind::Augment
            | Kind::Field
            | Kind::For
            | Kind::Import
            | Kind::Export
            | Kind::Binary
            | Kind::Return
    )
}

impl<'t> Frame<'t> {
    fn new(kind: FrameKind, code: Code<'t>, parent: Option<FrameId>, name: &'t str) -> Self {
        let (bound, members, outer) = (Vec::new(), Vec::new(), Vec::new());
        Self { kind, code, parent, name, bound, members, outer }
    }
}

impl<'t> Walk<'t> {
    pub(super) fn here(&self) -> FrameId {
        self.open.last().copied().unwrap_or(FrameId::FILE)
    }

    /// False when nothing in it is of interest.
    fn enter(&mut self, code: Code<'t>) -> bool {
        let kind = code.kind();
        if is_asked_about(kind) {
            self.spots.push(Spot { code, frame: self.here() });
        }
        match kind {
            Kind::Comment => return false,
            Kind::Class | Kind::Enum | Kind::Interface => self.class(code),
            Kind::Function => self.function(code),
            Kind::Block | Kind::Catch => {
                self.open_frame(FrameKind::Block, code, "");
                if let Some(parameter) =
                    code.field(code.fields().parameter).filter(|_| kind == Kind::Catch)
                {
                    self.bind_all(parameter, &Binding::Opaque, 0);
                }
            }
            Kind::Import => self.imports(code),
            Kind::Assign => self.assign(code),
            Kind::Field => self.field(code),
            Kind::For => self.iterates(code),
            Kind::As => self.names_as(code),
            Kind::Global => {
                let names = code.children().into_iter().map(Code::text);
                let here = self.holder();
                self.frames[here.place()].outer.extend(names);
            }
            _ => {}
        }
        true
    }

    fn leave(&mut self, code: Code<'t>) {
        let here = self.here();
        if here != FrameId::FILE && self.frames[here.place()].code.id() == code.id() {
            self.open.pop();
        }
    }

    fn open_frame(&mut self, kind: FrameKind, code: Code<'t>, name: &'t str) -> FrameId {
        let id = FrameId(u32::try_from(self.frames.len()).unwrap_or(u32::MAX));
        self.frames.push(Frame::new(kind, code, Some(self.here()), name));
        self.open.push(id);
        id
    }

    /// The scope that holds the names of Python's assignments and of `var`: not a block.
    pub(super) fn holder(&self) -> FrameId {
        let holds = |id: &&FrameId| self.frames[id.place()].kind != FrameKind::Block;
        self.open.iter().rev().find(holds).copied().unwrap_or(FrameId::FILE)
    }

    fn class(&mut self, code: Code<'t>) {
        let name = code.name().unwrap_or_else(|| self.name_around());
        let outer = self.here();
        let id = self.open_frame(FrameKind::Class, code, name);
        if let Some(own) = code.name() {
            self.put(outer, own, 0, outer, Binding::Own(id));
        }
        if code.kind() == Kind::Enum {
            for part in code.body().map(Code::children).unwrap_or_default() {
                let value = part.value().filter(|_| part.word() == "enum_assignment");
                let binding = value.map_or(Binding::Opaque, Binding::Value);
                let name = part.name().unwrap_or_else(|| part.text());
                self.put(id, name, 0, id, binding);
            }
        }
    }

    fn function(&mut self, code: Code<'t>) {
        let name = code.name().unwrap_or_else(|| self.name_around());
        let outer = self.here();
        let id = self.open_frame(FrameKind::Function, code, name);
        if let Some(own) = code.name() {
            let expression = matches!(code.word(), "function_expression" | "generator_function");
            let holder = if expression { id } else { outer };
            let of_object = code.word() == "method_definition"
                && self.frames[outer.place()].kind != FrameKind::Class;
            if !of_object {
                self.put(holder, own, 0, holder, Binding::Own(id));
            }
        }
        let fields = code.fields();
        let promised = self.promised();
        if let Some(single) = code.field(fields.parameter) {
            let binding = promised.map_or(Binding::Parameter(single), Binding::Value);
            self.put(id, single.text(), 0, id, binding);
        }
        let list = code.field(fields.parameters);
        for parameter in list.map(Code::children).unwrap_or_default() {
            self.parameter(id, parameter, promised);
        }
    }

    /// What `.then(…)` waits for, when the function that begins here is given to it.
    fn promised(&self) -> Option<Code<'t>> {
        let [.., call, arguments] = self.above.as_slice() else { return None };
        if arguments.word() != "arguments" {
            return None;
        }
        let callee = call.callee().filter(|callee| callee.member() == Some("then"))?;
        callee.object()
    }

    fn parameter(&mut self, id: FrameId, parameter: Code<'t>, promised: Option<Code<'t>>) {
        let fields = parameter.fields();
        let pattern = parameter.field(fields.pattern).or_else(|| parameter.field(fields.name));
        let pattern = match (pattern, parameter.word()) {
            (Some(pattern), _) => pattern,
            (None, "typed_parameter") => parameter.first().unwrap_or(parameter),
            (None, _) => parameter,
        };
        if pattern.word() == "object_pattern" {
            match promised {
                Some(promised) => self.destructure(id, pattern, promised, id, 0),
                None => self.parts(id, pattern, id, 0),
            }
            return;
        }
        let names = names_in(pattern);
        for name in &names {
            let binding = promised.map_or(Binding::Parameter(parameter), Binding::Value);
            self.put(id, name, 0, id, binding);
        }
        // `constructor(private socket: WebSocket)`
        let kept =
            parameter.children().into_iter().any(|child| {
                matches!(child.word(), "accessibility_modifier" | "override_modifier")
            }) || parameter.has_sign("readonly");
        let class = self.frames[id.place()].parent;
        if let (true, Some(class), Some(name)) = (kept, class, names.first()) {
            let binding = Binding::Parameter(parameter);
            self.member(class, Bound { name, from: 0, frame: id, binding });
        }
    }

    pub(super) fn member(&mut self, class: FrameId, bound: Bound<'t>) {
        self.frames[class.place()].members.push(bound);
    }

    /// The name of what an unnamed function or class is assigned to.
    fn name_around(&self) -> &'t str {
        for code in self.above.iter().rev().take(5) {
            match code.kind() {
                Kind::Assign => {
                    let target = code.target();
                    return match target.map(Code::kind) {
                        Some(Kind::Name) => target.map_or("", Code::text),
                        Some(Kind::Attribute) => target.and_then(Code::member).unwrap_or(""),
                        _ => "",
                    };
                }
                Kind::Pair => return code.field(code.fields().key).map_or("", Code::text),
                Kind::Field => return code.name().unwrap_or(""),
                Kind::Wrapper => {}
                _ => return "",
            }
        }
        ""
    }

    fn imports(&mut self, code: Code<'t>) {
        let mut found = Vec::new();
        imports_at(code, None, &mut found);
        let holder = self.holder();
        for import in found {
            match (import.form, import.local) {
                (ImportForm::Star, _) => {
                    self.put(holder, "*", code.start(), holder, Binding::Import(import));
                }
                (ImportForm::Module | ImportForm::Name, Some(local)) => {
                    self.put(holder, local, code.start(), holder, Binding::Import(import));
                }
                _ => {}
            }
        }
    }

    pub(super) fn put(
        &mut self,
        holder: FrameId,
        name: &'t str,
        from: usize,
        frame: FrameId,
        binding: Binding<'t>,
    ) {
        self.frames[holder.place()].bound.push(Bound { name, from, frame, binding });
    }
}
