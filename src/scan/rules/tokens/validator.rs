//! Functions that decide about tokens with cryptography of their own.

use crate::scan::category::Category;
use crate::scan::code::Code;
use crate::scan::frame::{FrameId, FrameKind};
use crate::scan::kind::Kind;
use crate::scan::seen::{Seen, Spot};

/// Looks at the innermost named function around each decode and hand parse.
pub(super) fn in_file(seen: &Seen<'_>) {
    let reads = |category: Category| {
        matches!(
            category,
            Category::VerifiedDecode | Category::UnverifiedDecode | Category::HandParse
        )
    };
    let decodes: Vec<Spot<'_>> = seen
        .found
        .borrow()
        .iter()
        .filter(|found| reads(found.category))
        .map(|found| found.at)
        .collect();
    for decode in decodes {
        let Some(function) = seen.named_function_of(decode.frame) else { continue };
        if hands_on(seen, function, decode) {
            let what = format!("decides by {}", decode.code.callee().map_or("", Code::text));
            report(seen, Category::Validator, function, &what);
        }
    }
}

/// Reports a function where its name or its `def` stands.
pub(super) fn report(seen: &Seen<'_>, category: Category, function: FrameId, what: &str) {
    let place = place_of(seen, function);
    if !seen.has_at(place, category) {
        seen.report(category, Spot { code: place, frame: function }, what);
    }
}

/// The function itself, or what an unnamed one is assigned to.
pub(super) fn place_of<'t>(seen: &Seen<'t>, function: FrameId) -> Code<'t> {
    let code = seen.frame(function).code;
    if code.name().is_some() {
        return code;
    }
    let mut around = code.parent();
    for _ in 0..6 {
        match around {
            Some(code) if matches!(code.kind(), Kind::Assign | Kind::Pair | Kind::Field) => {
                return code;
            }
            Some(code) => around = code.parent(),
            None => break,
        }
    }
    code
}

/// What came of a decode leaves the function: it is returned, raised, answered or set.
fn hands_on<'t>(seen: &Seen<'t>, function: FrameId, decode: Spot<'t>) -> bool {
    if is_only_logged(seen, function, decode) {
        return false;
    }
    let frame = seen.frame(function);
    let body = frame.code.body();
    if body.is_some_and(super::segments::is_expression) {
        return true;
    }
    body.is_some_and(|body| leaves(seen, body, function))
}

/// Walks a body without the named functions and the classes in it.
fn leaves<'t>(seen: &Seen<'t>, body: Code<'t>, function: FrameId) -> bool {
    let mut waiting = vec![body];
    while let Some(code) = waiting.pop() {
        match code.kind() {
            Kind::Return => {
                let value = code.first();
                if value.is_some_and(|value| !matches!(value.text(), "None" | "undefined")) {
                    return true;
                }
            }
            Kind::Assign if sets_outside(code) => return true,
            Kind::Call if answers(code) => return true,
            Kind::Class => continue,
            Kind::Function => {
                let named = seen
                    .frame_made_by(code)
                    .is_some_and(|id| id != function && !seen.frame(id).name.is_empty());
                if named {
                    continue;
                }
                // An unnamed function whose body is one expression returns it.
                if code.body().is_some_and(super::segments::is_expression) {
                    return true;
                }
            }
            _ if matches!(
                code.word(),
                "yield" | "raise_statement" | "throw_statement" | "yield_expression"
            ) =>
            {
                return true;
            }
            _ => {}
        }
        waiting.extend(code.children());
    }
    false
}

/// `self.user = …`, `request.state.user = …`, `g["user"] = …`
fn sets_outside(assign: Code<'_>) -> bool {
    assign.target().is_some_and(|target| matches!(target.kind(), Kind::Attribute | Kind::Index))
}

/// `res.json(…)`, `next(…)`, `resolve(…)`, `setUser(…)`, `done(…)`.
fn answers(call: Code<'_>) -> bool {
    let Some(callee) = call.callee() else { return false };
    let name = callee.member().unwrap_or(callee.text());
    let sets = name.strip_prefix("set").is_some_and(|rest| {
        rest.starts_with(|letter: char| letter.is_ascii_uppercase()) && callee.kind() == Kind::Name
    });
    sets || matches!(
        name,
        "json"
            | "status"
            | "sendStatus"
            | "next"
            | "resolve"
            | "reject"
            | "done"
            | "callback"
            | "cb"
            | "setState"
            | "dispatch"
            | "abort"
            | "end"
            | "redirect"
    )
}

/// True when the value goes to a log and nowhere else.
fn is_only_logged<'t>(seen: &Seen<'t>, function: FrameId, decode: Spot<'t>) -> bool {
    let mut code = decode.code;
    while let Some(parent) = code.parent() {
        match parent.kind() {
            Kind::Call if is_log(parent) => return true,
            Kind::Assign => {
                let Some(target) = parent.target().filter(|target| target.kind() == Kind::Name)
                else {
                    return false;
                };
                return uses_are_logs(seen.frame(function).code, target);
            }
            Kind::Statement | Kind::Return | Kind::Function | Kind::Block => return false,
            _ => code = parent,
        }
    }
    false
}

/// Every use of a name in a function stands in a log call, and there is one.
fn uses_are_logs(function: Code<'_>, target: Code<'_>) -> bool {
    let mut waiting = vec![(function, false)];
    let mut logged = false;
    while let Some((code, in_log)) = waiting.pop() {
        if code.kind() == Kind::Name && code.text() == target.text() && code.id() != target.id() {
            if !in_log {
                return false;
            }
            logged = true;
        }
        let in_log = in_log || (code.kind() == Kind::Call && is_log(code));
        waiting.extend(code.children().into_iter().map(|child| (child, in_log)));
    }
    logged
}

/// `logger.info(…)`, `log.debug(…)`, `console.log(…)`, `print(…)`.
pub(super) fn is_log(call: Code<'_>) -> bool {
    let Some(callee) = call.callee() else { return false };
    if callee.text() == "print" {
        return true;
    }
    let object = callee.object().map_or("", |object| object.member().unwrap_or(object.text()));
    let object = object.to_ascii_lowercase();
    let logger = ["logger", "log", "logging", "console", "_logger", "_log"];
    let method = callee.member().unwrap_or("");
    logger.contains(&object.as_str())
        && matches!(
            method,
            "debug"
                | "info"
                | "warning"
                | "warn"
                | "error"
                | "exception"
                | "critical"
                | "log"
                | "trace"
                | "bind"
        )
}

/// True for the functions whose place has been found to be validators.
pub(super) fn is_validator(seen: &Seen<'_>, function: FrameId) -> bool {
    debug_assert!(seen.frame(function).kind == FrameKind::Function);
    seen.has_at(place_of(seen, function), Category::Validator)
}
