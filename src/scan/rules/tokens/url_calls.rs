//! Tokens that are handed to what makes URLs.

use super::bodies::{is_body, is_sent_as_body};
use super::library_calls::{argument, said};
use super::url::{ends_with_parameter, formatted};
use crate::scan::category::Category;
use crate::scan::code::Code;
use crate::scan::kind::Kind;
use crate::scan::origin::{Origin, Root};
use crate::scan::seen::{Seen, Spot};

/// Longest way through spread dictionaries.
const DEPTH_MAX: usize = 4;

/// Methods of HTTP and WebSocket clients whose `params` become a query.
const CLIENTS: [&str; 17] = [
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "head",
    "options",
    "request",
    "stream",
    "send",
    "ws_connect",
    "websocket_connect",
    "fetch",
    "build_request",
    "connect",
    "Request",
    "URL",
];

pub(super) fn at_call<'t>(seen: &Seen<'t>, call: Spot<'t>, origin: &Origin<'t>) {
    let Some(callee) = call.code.callee() else { return };
    let method = callee.member().unwrap_or(callee.text());
    let arguments = call.code.arguments();
    let found = match method {
        "format" => callee.object().and_then(|text| formatted(seen, text, "{")),
        "concat" => {
            let texts = arguments.windows(2).find_map(|pair| {
                ends_with_parameter(seen, seen.text_of(call.with(pair[0].value))?.as_str())
            });
            texts.or_else(|| {
                let object = seen.text_of(call.with(callee.object()?))?;
                ends_with_parameter(seen, &object)
            })
        }
        "set" | "append" | "add" if is_query(seen, call, callee, origin) => arguments
            .first()
            .and_then(|first| seen.text_of(call.with(first.value)))
            .filter(|name| is_parameter(seen, name) && arguments.len() > 1),
        "include_query_params" | "with_query" | "update_query" | "copy_merge_params" => {
            named_argument(seen, call)
        }
        "copy_add_param" | "copy_set_param" => arguments
            .first()
            .and_then(|first| seen.text_of(call.with(first.value)))
            .filter(|name| is_parameter(seen, name)),
        "URLSearchParams" | "urlencode" | "stringify" if makes_query(origin) => arguments
            .first()
            .and_then(|first| key_in(seen, call.with(first.value)))
            .filter(|_| !is_body(seen, call)),
        _ if CLIENTS.contains(&method) && seen.is_python() => {
            argument(call, "params").and_then(|params| key_in(seen, params))
        }
        _ => None,
    };
    if let Some(name) = found {
        seen.report(Category::UrlToken, call, format!("{name} as a parameter"));
    }
}

fn is_parameter(seen: &Seen<'_>, name: &str) -> bool {
    seen.settings.url_tokens.iter().any(|known| known == name)
}

/// `with_query(token=token)`, `with_query({"token": token})`
fn named_argument<'t>(seen: &Seen<'t>, call: Spot<'t>) -> Option<String> {
    call.code.arguments().iter().find_map(|argument| match argument.name {
        Some(name) => is_parameter(seen, name).then(|| name.to_owned()),
        None => key_in(seen, call.with(argument.value)),
    })
}

/// The parameter that a dictionary, or a list of pairs, gives a value.
fn key_in<'t>(seen: &Seen<'t>, dict: Spot<'t>) -> Option<String> {
    let value = seen.value_of(dict);
    if value.code.kind() == Kind::List {
        return value.code.children().into_iter().find_map(|pair| {
            let first = pair.first().filter(|_| pair.kind() == Kind::List)?;
            seen.text_of(value.with(first)).filter(|name| is_parameter(seen, name))
        });
    }
    let known = &seen.settings.url_tokens;
    known.iter().find(|name| said(seen, dict, name, DEPTH_MAX).is_some()).cloned()
}

fn makes_query(origin: &Origin<'_>) -> bool {
    match &origin.root {
        Root::Global => origin.path == "URLSearchParams",
        Root::Library(module) => {
            (module == "urllib" && origin.path == "parse.urlencode")
                || (matches!(module.as_str(), "querystring" | "qs" | "query-string")
                    && origin.path == "stringify")
                || (module == "url" && origin.path == "URLSearchParams")
        }
        _ => false,
    }
}

/// What `set` and `append` are called on holds the parameters of a URL.
fn is_query<'t>(seen: &Seen<'t>, call: Spot<'t>, callee: Code<'t>, origin: &Origin<'t>) -> bool {
    let Some(object) = callee.object() else { return false };
    if object.member() == Some("searchParams")
        || (object.kind() == Kind::Name && object.text() == "searchParams")
    {
        return true;
    }
    let made = match &origin.root {
        Root::Global | Root::Library(_) => {
            origin.path.contains("searchParams.") || origin.path.contains("URLSearchParams().")
        }
        _ => false,
    };
    made && !is_sent_as_body(seen, object.text(), call)
}

/// `axios.get(url, { params: { token } })`
pub(super) fn at_dict<'t>(seen: &Seen<'t>, dict: Spot<'t>) {
    if seen.is_python() {
        return;
    }
    let handed = |code: Code<'t>| code.parent().is_some_and(|parent| parent.word() == "arguments");
    for part in dict.code.children() {
        let value = match part.kind() {
            Kind::Pair => {
                let key = part.field(part.fields().key);
                let key = key.map_or("", |key| key.literal().unwrap_or(key.text()));
                part.value().filter(|_| matches!(key, "params" | "query"))
            }
            Kind::Shorthand if part.text() == "params" => Some(part),
            _ => None,
        };
        let Some(value) = value.filter(|_| handed(dict.code)) else { continue };
        if let Some(name) = key_in(seen, dict.with(value)) {
            seen.report(Category::UrlToken, dict.with(part), format!("{name} as a parameter"));
        }
    }
}
