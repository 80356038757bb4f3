//! Tokens read from what a browser keeps.

use super::keys::{is_written, parts_of};
use crate::scan::category::Category;
use crate::scan::code::Code;
use crate::scan::frame::FrameId;
use crate::scan::kind::Kind;
use crate::scan::origin::{Origin, Root};
use crate::scan::rules::Anchor;
use crate::scan::rules::words::{is_token_name, words_of};
use crate::scan::seen::{Seen, Spot};

pub(super) fn anchors() -> Vec<Anchor> {
    ["localStorage", "sessionStorage", "ookie"].iter().map(|name| Anchor::one(name)).collect()
}

const STORES: [&str; 2] = ["localStorage", "sessionStorage"];

/// Members of a store that are no keys.
const MEMBERS: [&str; 6] = ["getItem", "setItem", "removeItem", "clear", "length", "key"];

fn is_token(seen: &Seen<'_>, key: &str) -> bool {
    seen.settings.url_tokens.iter().any(|name| name == key) || is_token_name(key)
}

/// The key as far as it is written out.
fn key_of<'t>(seen: &Seen<'t>, at: Spot<'t>) -> Option<String> {
    let parts: Vec<String> = parts_of(seen, at).into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.concat())
}

/// Libraries that read cookies.
fn is_cookie_library(module: &str) -> bool {
    [
        "js-cookie",
        "universal-cookie",
        "react-cookie",
        "cookies-next",
        "nookies",
        "cookie",
        "next-client-cookies",
    ]
    .contains(&module)
}

/// `localStorage.getItem("…")`, `Cookies.get("…")`.
pub(super) fn at_call<'t>(seen: &Seen<'t>, call: Spot<'t>, origin: &Origin<'t>) {
    if seen.is_python() {
        return;
    }
    let reads = match &origin.root {
        Root::Global => {
            let (store, method) = origin.path.split_once('.').unwrap_or((&origin.path, ""));
            (STORES.contains(&store) && method == "getItem")
                || matches!(origin.path.as_str(), "Cookies.get" | "cookieStore.get")
        }
        Root::Library(module) => {
            let name = origin.path.rsplit('.').next().unwrap_or("");
            is_cookie_library(module) && matches!(name, "get" | "getCookie")
        }
        Root::Own(function) => origin.path.is_empty() && reads_cookies(seen, *function),
        _ => false,
    };
    let first = call.code.arguments().into_iter().next();
    let Some(first) = first.filter(|_| reads) else { return };
    if let Some(key) = key_of(seen, call.with(first.value)).filter(|key| is_token(seen, key)) {
        seen.report(Category::StorageTokenRead, call, format!("{origin} {key}"));
    }
}

/// A function of this file that looks through the cookies for a name.
fn reads_cookies(seen: &Seen<'_>, function: FrameId) -> bool {
    let frame = seen.frame(function);
    words_of(frame.name).contains(&"cookie".to_owned())
        && frame.code.text().contains("document.cookie")
        && !words_of(frame.name)
            .iter()
            .any(|word| matches!(word.as_str(), "set" | "delete" | "remove"))
}

/// `localStorage.token`, `localStorage["token"]`, `document.cookie` that is searched.
pub(super) fn at_member<'t>(seen: &Seen<'t>, member: Spot<'t>) {
    if seen.is_python() {
        return;
    }
    let code = member.code;
    let Some(object) = code.object() else { return };
    if !matches!(object.kind(), Kind::Name | Kind::Attribute | Kind::Index) {
        return;
    }
    if code.kind() == Kind::Attribute && code.member() == Some("cookie") {
        if seen.origin(member).global() == Some("document.cookie") && !is_written(code) {
            searched(seen, member);
        }
        return;
    }
    let key = match code.kind() {
        Kind::Attribute => code.member().map(str::to_owned),
        _ => code.index().and_then(|index| key_of(seen, member.with(index))),
    };
    let Some(key) = key.filter(|key| !MEMBERS.contains(&key.as_str()) && is_token(seen, key))
    else {
        return;
    };
    let store = seen.origin(member.with(object));
    if store.global().is_some_and(|store| STORES.contains(&store)) && !is_written(code) {
        seen.report(Category::StorageTokenRead, member, format!("{store}.{key}"));
    }
}

/// `const { token } = localStorage`
pub(super) fn at_assign<'t>(seen: &Seen<'t>, assign: Spot<'t>) {
    let (Some(target), Some(value)) = (assign.code.target(), assign.code.value()) else { return };
    if target.word() != "object_pattern" {
        return;
    }
    let store = seen.origin(assign.with(value));
    if !store.global().is_some_and(|store| STORES.contains(&store)) {
        return;
    }
    for part in target.children() {
        let key = part.field(part.fields().key).unwrap_or(part);
        if is_token(seen, key.text()) {
            let what = format!("{store}.{}", key.text());
            seen.report(Category::StorageTokenRead, assign.with(part), what);
        }
    }
}

/// The statement around `document.cookie` names a token that it looks for.
fn searched<'t>(seen: &Seen<'t>, cookie: Spot<'t>) {
    let mut around = cookie.code;
    while let Some(parent) = around.parent() {
        let ends = parent.kind() == Kind::Block
            || parent.kind() == Kind::Statement
            || parent.kind() == Kind::Return
            || parent.word().ends_with("_declaration")
            || parent.word().ends_with("_statement");
        around = parent;
        if ends {
            break;
        }
    }
    if let Some(name) = texts_in(around).into_iter().find(|text| names_token(seen, text)) {
        let what = format!("document.cookie {name}");
        seen.report(Category::StorageTokenRead, cookie, what);
    }
}

/// `token=`, `(^|; )auth_token=([^;]+)`: a word in front of the sign.
fn names_token(seen: &Seen<'_>, text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.split(|c: char| !letter(c)).any(|word| is_token(seen, word))
}

/// The texts and patterns in a piece of code.
fn texts_in(code: Code<'_>) -> Vec<&str> {
    let mut texts = Vec::new();
    let mut waiting = vec![code];
    while let Some(code) = waiting.pop() {
        match code.kind() {
            Kind::Text | Kind::Template => texts.push(code.text()),
            _ if code.word() == "regex" => texts.push(code.text()),
            _ => waiting.extend(code.children()),
        }
    }
    texts
}
