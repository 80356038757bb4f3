//! Parameters that are sent in the body of a request and so stand in no URL.

use crate::scan::code::Code;
use crate::scan::kind::Kind;
use crate::scan::rules::words::words_of;
use crate::scan::seen::{Seen, Spot};

/// Calls around the parameters that only turn them into a text or bytes.
const CARRIERS: [&str; 5] = ["toString", "encode", "String", "str", "bytes"];

/// Most levels that parameters are carried through.
const CARRIED_MAX: usize = 12;

/// `body: new URLSearchParams(…)`, `data=urlencode(…)`, `post(url, stringify(…))`, also under a
/// name that becomes a body.
pub(super) fn is_body<'t>(seen: &Seen<'t>, call: Spot<'t>) -> bool {
    if is_posted(carried(call.code)) {
        return true;
    }
    let mut around = call.code.parent();
    for _ in 0..4 {
        let Some(code) = around else { return false };
        match code.kind() {
            Kind::Pair => {
                let key = code.field(code.fields().key).map_or("", Code::text);
                return is_body_name(key);
            }
            Kind::Keyword => return code.name().is_some_and(is_body_name),
            Kind::Assign => {
                let target = code.target().filter(|target| target.kind() == Kind::Name);
                return target.is_some_and(|target| {
                    is_body_name(target.text()) || is_sent_as_body(seen, target.text(), call)
                });
            }
            _ => around = code.parent(),
        }
    }
    false
}

fn is_body_name(name: &str) -> bool {
    matches!(name.trim_matches(['"', '\'']), "body" | "data" | "content" | "form")
}

/// Whether a name is given as the body of a request in the function.
pub(super) fn is_sent_as_body<'t>(seen: &Seen<'t>, name: &str, at: Spot<'t>) -> bool {
    is_named_as_body(seen, name, at) || is_only_posted(seen, name, at)
}

/// `body: name`, `data=name`, `{ body }`
fn is_named_as_body<'t>(seen: &Seen<'t>, name: &str, at: Spot<'t>) -> bool {
    let mut waiting = vec![function_around(seen, at)];
    while let Some(code) = waiting.pop() {
        let value_is = |value: Option<Code<'t>>| {
            value.is_some_and(|value| {
                value.text() == name || value.text().strip_suffix(".toString()") == Some(name)
            })
        };
        match code.kind() {
            Kind::Pair
                if code.field(code.fields().key).is_some_and(|key| is_body_name(key.text()))
                    && value_is(code.value()) =>
            {
                return true;
            }
            Kind::Keyword if code.name().is_some_and(is_body_name) && value_is(code.value()) => {
                return true;
            }
            Kind::Shorthand if code.text() == name && is_body_name(name) => return true,
            _ => waiting.extend(code.children()),
        }
    }
    false
}

fn function_around<'t>(seen: &Seen<'t>, at: Spot<'t>) -> Code<'t> {
    seen.function_of(at.frame)
        .map_or_else(|| seen.frames[0].code, |function| seen.frame(function).code)
}

/// Whether a name is posted somewhere in the function and goes into nothing else.
fn is_only_posted<'t>(seen: &Seen<'t>, name: &str, at: Spot<'t>) -> bool {
    let mut waiting = vec![function_around(seen, at)];
    let mut posted = false;
    while let Some(code) = waiting.pop() {
        if matches!(code.kind(), Kind::Name | Kind::Shorthand) && code.text() == name {
            let sent = is_posted(carried(code));
            if !sent && !stays(code) {
                return false;
            }
            posted |= sent;
        }
        waiting.extend(code.children());
    }
    posted
}

/// A name where it is bound, filled (`body.append(…)`) or measured (`body.length`, `len(body)`).
fn stays(code: Code<'_>) -> bool {
    let Some(around) = code.parent() else { return false };
    match around.kind() {
        Kind::Assign => around.target().is_some_and(|target| target.id() == code.id()),
        Kind::Attribute => {
            around.member().is_some_and(|member| matches!(member, "append" | "set" | "length"))
        }
        _ => {
            let callee = around.parent().and_then(Code::callee);
            let name = callee.map_or("", |callee| callee.member().unwrap_or(callee.text()));
            matches!(name, "byteLength" | "len")
        }
    }
}

/// What becomes of parameters that are only turned into a text or bytes.
fn carried(mut code: Code<'_>) -> Code<'_> {
    for _ in 0..CARRIED_MAX {
        let Some(around) = code.parent() else { break };
        let carries = match around.kind() {
            Kind::Wrapper => true,
            Kind::Attribute => around.member().is_some_and(|member| CARRIERS.contains(&member)),
            Kind::Call => {
                let callee = around.callee();
                let name = callee.map_or("", |callee| callee.member().unwrap_or(callee.text()));
                CARRIERS.contains(&name)
            }
            _ => {
                matches!(around.word(), "arguments" | "argument_list")
                    && around.parent().is_some_and(|call| {
                        call.callee().is_some_and(|callee| CARRIERS.contains(&callee.text()))
                    })
            }
        };
        if !carries {
            break;
        }
        code = around;
    }
    code
}

/// `axios.post(url, here)`, `urlopen(url, here)`, `request.write(here)`
fn is_posted(code: Code<'_>) -> bool {
    let list = code.parent().filter(|list| matches!(list.word(), "arguments" | "argument_list"));
    let Some((list, call)) = list.and_then(|list| list.parent().map(|call| (list, call))) else {
        return false;
    };
    let Some(callee) = call.callee() else { return false };
    let arguments = list.children();
    let is_first = arguments.first().is_some_and(|first| first.id() == code.id());
    let name = callee.member().unwrap_or(callee.text());
    if is_first {
        return callee.kind() == Kind::Attribute && matches!(name, "write" | "send" | "end");
    }
    let words = words_of(name);
    let says = |sought: &[&str]| words.iter().any(|word| sought.contains(&word.as_str()));
    let gets = arguments.first().and_then(|first| first.literal());
    says(&["post", "put", "patch", "send", "request", "urlopen"])
        && !says(&["url", "uri", "query", "redirect"])
        && gets.is_none_or(|method| !method.eq_ignore_ascii_case("get"))
}
