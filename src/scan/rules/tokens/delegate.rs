//! Functions that are called like validators and ask somebody else.

use super::segments::is_expression;
use super::validator::{is_log, is_validator, report};
use crate::scan::category::Category;
use crate::scan::code::Code;
use crate::scan::frame::{FrameId, FrameKind};
use crate::scan::kind::Kind;
use crate::scan::language::Language;
use crate::scan::origin::{Origin, Root};
use crate::scan::rules::Anchor;
use crate::scan::rules::words::{is_token_name, words_of};
use crate::scan::seen::{Seen, Spot};

/// Parts that the names of validators are made of.
const SEEDS: [&str; 9] =
    ["oken", "wt", "WT", "earer", "uthenticate", "urrent", "equire", "erify", "alidate"];

pub(super) fn anchors(language: Language) -> Vec<Anchor> {
    let check = if language.is_python() { defines_one } else { names_one };
    SEEDS.iter().map(|seed| Anchor::one(seed).and(check)).collect()
}

/// A Python function is defined, or a lambda bound, under the name of a validator.
fn defines_one(text: &str) -> bool {
    let after = |word: &str| {
        memchr::memmem::find_iter(text.as_bytes(), word).any(|at| {
            let rest = text[at + word.len()..].trim_start_matches([' ', '\t', '\\']);
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let name = &rest[..end.unwrap_or(rest.len())];
            SEEDS.iter().any(|seed| name.contains(seed)) && is_called_like_one(name)
        })
    };
    after("def ") || after("def\t") || (text.contains("lambda") && names_one(text))
}

/// A name of the text is that of a validator.
fn names_one(text: &str) -> bool {
    let bytes = text.as_bytes();
    let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'$';
    SEEDS.iter().any(|seed| {
        memchr::memmem::find_iter(bytes, seed).any(|at| {
            let start = bytes[..at].iter().rposition(|byte| !of_name(byte)).map_or(0, |at| at + 1);
            let end = bytes[at..].iter().position(|byte| !of_name(byte));
            let end = end.map_or(bytes.len(), |length| at + length);
            is_called_like_one(&text[start..end])
        })
    })
}

/// What names of validators are about at their end.
const ABOUT: [&str; 10] = [
    "token",
    "jwt",
    "bearer",
    "credentials",
    "user",
    "session",
    "auth",
    "authentication",
    "authenticated",
    "authenticate",
];

/// What may stand behind that.
const BEHIND: [&str; 22] = [
    "optional", "async", "sync", "jwt", "valid", "validate", "verify", "check", "decode", "safe",
    "safely", "internal", "impl", "local", "locally", "remote", "remotely", "cached", "strict",
    "required", "http", "ws",
];

/// What may begin more behind it: `_from_header`, `_or_none`.
const JOINS: [&str; 12] =
    ["from", "for", "with", "by", "via", "or", "and", "using", "in", "on", "if", "against"];

/// Whether a name is that of a validator.
pub(super) fn is_called_like_one(name: &str) -> bool {
    let words = words_of(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    let other = [
        "count", "counts", "limit", "limits", "budget", "usage", "length", "size", "max", "num",
        "csrf", "xsrf", "price", "cost", "password", "email", "tokens", "bucket",
    ];
    if has(&other) {
        return false;
    }
    let verb = has(&[
        "validate",
        "verify",
        "decode",
        "check",
        "introspect",
        "authenticate",
        "valid",
        "validates",
        "verifies",
    ]);
    match words.as_slice() {
        ["authenticate", ..] => true,
        ["get", "current", "user", ..]
        | ["require", "auth" | "authentication" | "authenticated", ..]
        | ["verify" | "validate", "user" | "session"] => ends_well(&words),
        _ => verb && has(&["token", "jwt", "bearer"]) && ends_well(&words),
    }
}

/// The name ends with what it is about, or with no more than a remark.
fn ends_well(words: &[&str]) -> bool {
    words.iter().enumerate().any(|(place, word)| {
        let rest = &words[place + 1..];
        ABOUT.contains(word)
            && (rest.first().is_some_and(|first| JOINS.contains(first))
                || rest.iter().all(|word| BEHIND.contains(word)))
    })
}

/// `authenticate` says nothing of whom: it must be handed somebody.
fn is_handed_somebody(code: Code<'_>) -> bool {
    const SOMEBODY: [&str; 21] = [
        "token",
        "jwt",
        "bearer",
        "request",
        "req",
        "user",
        "username",
        "email",
        "credentials",
        "creds",
        "session",
        "auth",
        "authorization",
        "header",
        "headers",
        "cookie",
        "cookies",
        "websocket",
        "socket",
        "ws",
        "scope",
    ];
    let fields = code.fields();
    let parameters = code.field(fields.parameters).or_else(|| code.field(fields.parameter));
    parameters.is_some_and(|parameters| {
        words_of(parameters.text()).iter().any(|word| SOMEBODY.contains(&word.as_str()))
    })
}

/// Reports a function that asks.
pub(super) fn at_function(seen: &Seen<'_>, function: FrameId) {
    let frame = seen.frame(function);
    if !is_called_like_one(frame.name) || is_validator(seen, function) {
        return;
    }
    let vague = words_of(frame.name).first().is_some_and(|first| first == "authenticate");
    if vague && !is_handed_somebody(frame.code) {
        return;
    }
    let decodes = [Category::VerifiedDecode, Category::UnverifiedDecode, Category::HandParse];
    if decodes.iter().any(|category| seen.has_within(frame.code, *category)) {
        return;
    }
    let Some(body) = frame.code.body() else { return };
    let mut asked = None;
    let mut passes = is_expression(body);
    let mut waiting = vec![body];
    while let Some(code) = waiting.pop() {
        match code.kind() {
            Kind::Call if asked.is_none() && asks(seen, Spot { code, frame: function }) => {
                asked = Some(code);
            }
            Kind::Return => passes |= code.first().is_some(),
            _ if matches!(code.word(), "raise_statement" | "throw_statement" | "yield") => {
                passes = true;
                if code.word() != "yield" {
                    continue;
                }
            }
            Kind::Class => continue,
            Kind::Function if code.name().is_some() => continue,
            _ => {}
        }
        waiting.extend(code.children());
    }
    if let Some(asked) = asked.filter(|_| passes) {
        let callee = asked.callee().map_or("", Code::text);
        let callee = callee.lines().next().unwrap_or_default();
        report(seen, Category::Delegate, function, &format!("asks {callee}"));
    }
}

/// Calls that answer nothing about a token: of the language, of texts, of headers.
const QUIET: [&str; 67] = [
    "len",
    "str",
    "int",
    "bool",
    "dict",
    "list",
    "set",
    "tuple",
    "isinstance",
    "getattr",
    "hasattr",
    "repr",
    "super",
    "type",
    "any",
    "all",
    "time",
    "now",
    "strip",
    "lstrip",
    "rstrip",
    "split",
    "rsplit",
    "startswith",
    "endswith",
    "lower",
    "upper",
    "replace",
    "removeprefix",
    "append",
    "add",
    "update",
    "pop",
    "setdefault",
    "setex",
    "expire",
    "delete",
    "items",
    "keys",
    "values",
    "format",
    "join",
    "startsWith",
    "endsWith",
    "trim",
    "slice",
    "substring",
    "toLowerCase",
    "includes",
    "toString",
    "log",
    "push",
    "cast",
    "utcnow",
    "test",
    "json",
    "field",
    "copy",
    "partition",
    "warn",
    "sleep",
    "timestamp",
    "isoformat",
    "hexdigest",
    "get_logger",
    "getLogger",
    "raise_for_status",
];

/// Whether a call asks somebody.
fn asks<'t>(seen: &Seen<'t>, call: Spot<'t>) -> bool {
    let Some(callee) = call.code.callee() else { return false };
    let name = callee.member().unwrap_or(callee.text());
    if name.is_empty() || QUIET.contains(&name) || is_log(call.code) || makes(seen, call) {
        return false;
    }
    let object = callee.object().map_or("", |object| object.member().unwrap_or(object.text()));
    // `token.encode()` is a method of a text.
    if is_token_name(object) {
        return false;
    }
    let awaited = call.code.parent().is_some_and(|parent| parent.word().starts_with("await"));
    let asks_for = ["requests", "httpx", "axios", "client", "http", "session", "api"];
    name != "get" || awaited || asks_for.contains(&object)
}

/// `User("anonymous")`, `new Date()`, `HTTPException(401)`: a thing is made.
fn makes<'t>(seen: &Seen<'t>, call: Spot<'t>) -> bool {
    let Some(callee) = call.code.callee() else { return false };
    let name = callee.member().unwrap_or(callee.text());
    if call.code.is_new() || name.starts_with(|letter: char| letter.is_ascii_uppercase()) {
        return true;
    }
    match seen.callee(call) {
        Origin { root: Root::Own(own), path } => {
            path.is_empty() && seen.frame(own).kind == FrameKind::Class
        }
        _ => false,
    }
}
