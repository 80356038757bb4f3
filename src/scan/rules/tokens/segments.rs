//! Where tokens are cut, where pieces are decoded, and whether one comes from the other.

use super::branches::reaches;
use crate::scan::code::Code;
use crate::scan::frame::{Binding, FrameId, FrameKind};
use crate::scan::kind::Kind;
use crate::scan::origin::{Origin, Root};
use crate::scan::seen::{Seen, Spot};

/// Longest way from a piece back to its cut.
const STEPS_MAX: usize = 12;

/// Most bindings of a name of which it is told whether they arrive.
const BINDINGS_MAX: usize = 8;

/// `x.split(".")`, `re.split(r"\.", x)`, `/…\.…/.exec(x)`.
pub(super) fn is_cut<'t>(seen: &Seen<'t>, call: Spot<'t>) -> bool {
    let Some(callee) = call.code.callee() else { return false };
    let Some(method) = callee.member() else { return false };
    let arguments = call.code.arguments();
    let first = arguments.first().map(|first| call.with(first.value));
    let at_dot = |spot: Spot<'t>| {
        seen.text_of(spot).is_some_and(|text| text == ".")
            || (spot.code.word() == "regex" && has_dot(spot.code.text()))
    };
    let pattern = |spot: Spot<'t>| {
        let spot = seen.value_of(spot);
        (spot.code.word() == "regex" || spot.code.kind() == Kind::Text) && has_dot(spot.code.text())
    };
    match method {
        "split" | "rsplit" | "partition" | "rpartition" => {
            let named = arguments.iter().find(|argument| argument.name == Some("sep"));
            let sign = named.map(|named| call.with(named.value)).or(first);
            sign.is_some_and(at_dot)
                || (first.is_some_and(pattern)
                    && seen.callee(call).library().is_some_and(|(module, _)| module == "re"))
        }
        "match" | "fullmatch" | "search" | "findall" | "matchAll" => first.is_some_and(pattern),
        "exec" => callee.object().is_some_and(|object| pattern(call.with(object))),
        _ => false,
    }
}

/// A dot that means a dot: `\.` or `[.]`.
fn has_dot(pattern: &str) -> bool {
    pattern.contains("\\.") || pattern.contains("[.]")
}

/// Whether what is called decodes base64: of the language, of a library or of another file, not a
/// function of this file.
pub(super) fn decodes_base64<'t>(seen: &Seen<'t>, call: Spot<'t>, origin: &Origin<'t>) -> bool {
    let path = origin.path.as_str();
    let name = path.rsplit('.').next().unwrap_or(path);
    match &origin.root {
        Root::Global => match name {
            "atob" | "a2b_base64" => true,
            "from" => path == "Buffer.from" && is_base64_buffer(seen, call),
            _ => matches!(path, "Base64.decode" | "Uint8Array.fromBase64"),
        },
        Root::Library(module) => {
            let of_base64 = module.contains("base64") || path.contains("base64");
            match name {
                "b64decode" | "urlsafe_b64decode" | "standard_b64decode" | "a2b_base64"
                | "base64url_decode" | "decodebytes" | "decodestring" | "atob" => true,
                "decode" | "toBuffer" | "toByteArray" | "decodeToString" | "fromBase64"
                | "toUint8Array" => of_base64,
                "from" => path == "Buffer.from" && is_base64_buffer(seen, call),
                "" => module == "atob" || module == "base64url",
                _ => false,
            }
        }
        // A helper of another file is taken at its word.
        Root::Tree(_) => is_called_like_a_decoder(name),
        _ => false,
    }
}

/// `fromBase64Url`, `b64_decode`, `atobSafe`.
fn is_called_like_a_decoder(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
    says(&["base64", "b64", "atob"])
        && !says(&["encode", "tobase64", "to_b", "tob64", "is_", "isb"])
}

fn is_base64_buffer<'t>(seen: &Seen<'t>, call: Spot<'t>) -> bool {
    call.code.arguments().get(1).is_some_and(|second| {
        seen.text_of(call.with(second.value))
            .is_some_and(|text| matches!(text.as_str(), "base64" | "base64url"))
    })
}

/// The calls of a file that matter, and which functions of it cut and decode.
pub(super) struct Segments<'s, 't> {
    pub(super) seen: &'s Seen<'t>,
    pub(super) cuts: Vec<Spot<'t>>,
    pub(super) decodes: Vec<Spot<'t>>,
}

impl<'t> Segments<'_, 't> {
    /// The cuts that an expression comes from.
    pub(super) fn cuts_behind(&self, at: Spot<'t>) -> Vec<Spot<'t>> {
        let mut found = Vec::new();
        let mut visited = Vec::new();
        self.look(at, STEPS_MAX, &mut visited, &mut found);
        found
    }

    fn look(
        &self,
        at: Spot<'t>,
        steps: usize,
        visited: &mut Vec<usize>,
        found: &mut Vec<Spot<'t>>,
    ) {
        let Some(steps) = steps.checked_sub(1) else { return };
        let mut waiting = vec![at.code];
        while let Some(code) = waiting.pop() {
            let here = at.with(code);
            match code.kind() {
                Kind::Call => {
                    if let Some(cut) = self.cuts.iter().find(|cut| cut.code.id() == code.id()) {
                        // What has been cut before is cut there.
                        let known = found.len();
                        for child in code.children() {
                            self.look(cut.with(child), steps, visited, found);
                        }
                        if found.len() == known {
                            found.push(*cut);
                        }
                        continue;
                    }
                    // A helper that cuts and returns the pieces.
                    if let Some(function) = self.own_function(here) {
                        self.look_at_returns(function, steps, visited, found);
                    }
                    waiting.extend(code.children());
                }
                Kind::Name => self.look_at_name(here, steps, visited, found),
                Kind::Attribute => {
                    let of_self = code.object().is_some_and(|object| {
                        object.kind() == Kind::This || object.text() == "self"
                    });
                    let class = seen_class(self.seen, at.frame).filter(|_| of_self);
                    let bound = class
                        .zip(code.member())
                        .and_then(|(class, member)| self.seen.member_of_class(class, member));
                    match bound {
                        Some((bound, _)) => {
                            self.look_at_binding(
                                &bound.binding,
                                bound.frame,
                                steps,
                                visited,
                                found,
                            );
                        }
                        None => waiting.extend(code.object()),
                    }
                }
                Kind::Function | Kind::Class => {}
                _ => waiting.extend(code.children()),
            }
        }
    }

    fn look_at_name(
        &self,
        at: Spot<'t>,
        steps: usize,
        visited: &mut Vec<usize>,
        found: &mut Vec<Spot<'t>>,
    ) {
        let name = at.code.text();
        for id in self.seen.around(at.frame) {
            let bound: Vec<_> = self
                .seen
                .bound_in(id, name)
                .filter(|bound| !matches!(bound.binding, Binding::Import(_)))
                .map(|bound| (bound.binding.clone(), bound.frame))
                .collect();
            if bound.is_empty() {
                continue;
            }
            let tells = (2..=BINDINGS_MAX).contains(&bound.len())
                && bound.iter().any(|(binding, frame)| self.arrives(binding, *frame, at));
            for (binding, frame) in bound {
                if !tells || self.arrives(&binding, frame, at) {
                    self.look_at_binding(&binding, frame, steps, visited, found);
                }
            }
            return;
        }
    }

    /// False for a value that the name cannot have at a place of the same function.
    fn arrives(&self, binding: &Binding<'t>, frame: FrameId, at: Spot<'t>) -> bool {
        let Binding::Value(value) = binding else { return true };
        let function = |frame| self.seen.function_of(frame);
        function(frame) != function(at.frame) || reaches(*value, at.code)
    }

    fn look_at_binding(
        &self,
        binding: &Binding<'t>,
        frame: FrameId,
        steps: usize,
        visited: &mut Vec<usize>,
        found: &mut Vec<Spot<'t>>,
    ) {
        match binding {
            Binding::Value(code) | Binding::Part(code, _) | Binding::Element(code) => {
                if !visited.contains(&code.id()) {
                    visited.push(code.id());
                    self.look(Spot { code: *code, frame }, steps, visited, found);
                }
            }
            // `pieces.map(piece => …)`
            Binding::Parameter(code) => {
                let function = self.seen.function_of(frame).map(|id| self.seen.frame(id));
                let Some(function) = function.filter(|function| {
                    function.code.span().start <= code.start() && !visited.contains(&code.id())
                }) else {
                    return;
                };
                visited.push(code.id());
                let call = function.code.parent().and_then(Code::parent);
                let call = call.filter(|call| call.kind() == Kind::Call);
                let object = call.and_then(Code::callee).and_then(Code::object);
                if let (Some(object), Some(outer)) = (object, function.parent) {
                    self.look(Spot { code: object, frame: outer }, steps, visited, found);
                }
            }
            Binding::Import(_) | Binding::Own(_) | Binding::Declared(_) | Binding::Opaque => {}
        }
    }

    fn look_at_returns(
        &self,
        function: FrameId,
        steps: usize,
        visited: &mut Vec<usize>,
        found: &mut Vec<Spot<'t>>,
    ) {
        let code = self.seen.frame(function).code;
        if visited.contains(&code.id()) {
            return;
        }
        visited.push(code.id());
        let body = code.body();
        if let Some(body) = body.filter(|body| is_expression(*body)) {
            self.look(Spot { code: body, frame: function }, steps, visited, found);
        }
        for spot in self.seen.spots.iter().filter(|spot| spot.code.kind() == Kind::Return) {
            if self.seen.function_of(spot.frame) == Some(function) {
                for value in spot.code.children() {
                    self.look(spot.with(value), steps, visited, found);
                }
            }
        }
    }

    /// The function of this file that a call calls.
    pub(super) fn own_function(&self, call: Spot<'t>) -> Option<FrameId> {
        let origin = self.seen.callee(call);
        match origin.root {
            Root::Own(frame)
                if origin.path.is_empty() && self.seen.frame(frame).kind == FrameKind::Function =>
            {
                Some(frame)
            }
            _ => None,
        }
    }
}

fn seen_class(seen: &Seen<'_>, frame: FrameId) -> Option<FrameId> {
    seen.class_of(frame)
}

/// The body of an arrow function or a lambda that is one expression.
pub(super) fn is_expression(body: Code<'_>) -> bool {
    !matches!(body.word(), "statement_block" | "block" | "class_body")
}
