//! Keys of tokens that are read by their names.

use super::library_calls::argument;
use crate::scan::category::Category;
use crate::scan::code::{Code, Piece};
use crate::scan::kind::Kind;
use crate::scan::origin::{Origin, Root};
use crate::scan::rules::Anchor;
use crate::scan::seen::{Seen, Spot};
use crate::scan::settings::Settings;
use crate::scan::wildcard::any_fits;

/// What a file must contain: what stands between the stars of a pattern.
pub(super) fn anchors(settings: &Settings) -> Vec<Anchor> {
    settings.keys.iter().map(|key| Anchor::of_pattern(key.as_str())).collect()
}

/// Words of what holds settings.
const HOLDERS: [&str; 8] =
    ["env", "environ", "environment", "config", "settings", "setting", "conf", "secrets"];

/// Functions that fetch a setting by its name.
const READERS: [&str; 19] = [
    "get",
    "getenv",
    "get_env",
    "getEnv",
    "env",
    "environ",
    "config",
    "str",
    "get_secret",
    "getSecret",
    "get_env_var",
    "getEnvVar",
    "require_env",
    "requireEnv",
    "get_required",
    "getOrThrow",
    "get_config",
    "getConfig",
    "get_setting",
];

/// Ends of names that say where a key is or how it is used.
const BESIDE: [&str; 19] = [
    "URL",
    "URI",
    "ID",
    "IDS",
    "PATH",
    "FILE",
    "DIR",
    "NAME",
    "ALGORITHM",
    "ALGORITHMS",
    "ALG",
    "TTL",
    "LENGTH",
    "ENABLED",
    "CLAIM",
    "CLAIMS",
    "FIELD",
    "HEADER",
    "MESSAGE",
];

/// What a `KEY` at the end of a name is a key in when it signs nothing: that of a member or of a
/// message.
const KEYED: [&str; 5] = ["CLAIM", "FIELD", "HEADER", "JSON", "MESSAGE"];

/// The name is that of a key, not of something beside one.
fn is_key(seen: &Seen<'_>, name: &str) -> bool {
    let mut words = name.rsplit('_');
    let last = words.next().unwrap_or(name);
    let of_member = last == "KEY" && words.next().is_some_and(|word| KEYED.contains(&word));
    let beside = of_member || BESIDE.contains(&last) || name.contains("_EXPIR");
    !beside && any_fits(&seen.settings.keys, name)
}

/// Most parts that are looked at of a text that is put together.
const PARTS_MAX: usize = 48;

/// What is fixed of a name that is put together and begins with something fixed.
fn fixed<'t>(seen: &Seen<'t>, at: Spot<'t>) -> Option<String> {
    let parts = parts_of(seen, at);
    parts.first()?.as_ref()?;
    Some(parts.into_iter().flatten().collect())
}

/// The parts of a text that is put together, in order; `None` for what is not fixed. Names may go
/// in circles and operations be long, so only so many are looked at.
pub(super) fn parts_of<'t>(seen: &Seen<'t>, at: Spot<'t>) -> Vec<Option<String>> {
    let mut parts = Vec::new();
    let mut waiting = vec![at];
    let mut left = PARTS_MAX;
    while let Some(at) = waiting.pop() {
        let part = if left == 0 { None } else { seen.text_of(at) };
        if part.is_some() || left == 0 {
            parts.push(part);
            continue;
        }
        left -= 1;
        let value = seen.value_of(at);
        let code = value.code;
        match code.kind() {
            Kind::Text | Kind::Texts | Kind::Template => parts.push(Some(said(code))),
            Kind::Binary => {
                let sides = [code.fields().right, code.fields().left].map(|side| code.field(side));
                waiting.extend(sides.into_iter().flatten().map(|side| value.with(side.bare())));
            }
            Kind::Call => {
                let callee = code.callee().filter(|callee| callee.member() == Some("format"));
                let text = callee.and_then(Code::object);
                parts.push(text.filter(|text| text.kind() == Kind::Text).map(said));
            }
            _ => parts.push(None),
        }
    }
    parts
}

/// What a text says between its holes.
fn said(code: Code<'_>) -> String {
    let said = |piece| match piece {
        Piece::Said(text) => Some(text),
        Piece::Put(_) => None,
    };
    code.pieces().into_iter().filter_map(said).collect()
}

fn words_hold(text: &str) -> bool {
    crate::scan::rules::words::words_of(text).iter().any(|word| HOLDERS.contains(&word.as_str()))
}

/// The last name in an expression: `settings` of `self.settings`, `get_env` of `get_env()`.
fn last_name(mut code: Code<'_>) -> &str {
    loop {
        let inner = match code.kind() {
            Kind::Attribute => return code.member().unwrap_or(""),
            Kind::Name => return code.text(),
            Kind::Call => code.callee(),
            Kind::Index => code.object(),
            _ => None,
        };
        match inner {
            Some(inner) => code = inner,
            None => return "",
        }
    }
}

/// Whether something holds settings, by what it comes from or by its name.
fn holds_settings<'t>(seen: &Seen<'t>, at: Spot<'t>) -> bool {
    let origin = seen.origin(at);
    match (origin.library(), origin.global()) {
        (Some(("os", "environ")), _) | (_, Some("process.env" | "Deno.env" | "Bun.env")) => {
            return true;
        }
        (Some(("django", path)), _) => return path.contains("settings"),
        _ if matches!(at.code.text(), "process.env" | "os.environ") => return false,
        _ => {}
    }
    let is_dict = matches!(&origin.root, Root::Value(value)
        if origin.path.is_empty() && value.code.kind() == Kind::Dict);
    !is_dict
        && (words_hold(last_name(at.code))
            || words_hold(origin.path.rsplit('.').next().unwrap_or("")))
}

/// `os.getenv("…")`, `environ.get("…")`, `config("…")`, `Field(env="…")`.
pub(super) fn at_call<'t>(seen: &Seen<'t>, call: Spot<'t>, origin: &Origin<'t>) {
    let Some(callee) = call.code.callee() else { return };
    let name = last_name(callee);
    let report = |key: &str| seen.report(Category::KeyRead, call, key.to_owned());
    if matches!(name, "Field" | "SettingsConfigDict") {
        for named in ["env", "alias", "validation_alias"] {
            let key = argument(call, named).and_then(|value| seen.text_of(value));
            if let Some(key) = key.filter(|key| is_key(seen, key)) {
                report(&key);
                return;
            }
        }
    }
    let known = origin.library() == Some(("os", "getenv"));
    if !known && !READERS.contains(&name) {
        return;
    }
    let named = argument(call, "key").or_else(|| argument(call, "name"));
    let first = call.code.arguments().into_iter().find(|argument| argument.name.is_none());
    let Some(first) = first.map(|first| call.with(first.value)).or(named) else { return };
    let Some(key) = fixed(seen, first).filter(|key| is_key(seen, key)) else { return };
    let of_holder = match (callee.kind(), callee.object()) {
        _ if known => true,
        (Kind::Attribute, Some(object)) => {
            (name != "get" && name != "str") || holds_settings(seen, call.with(object))
        }
        _ => true,
    };
    if of_holder {
        report(&key);
    }
}

/// `settings.JWT_SECRET`, `process.env.JWT_SECRET`, `os.environ["…"]`.
pub(super) fn at_member<'t>(seen: &Seen<'t>, member: Spot<'t>) {
    let code = member.code;
    let key = if code.kind() == Kind::Attribute {
        code.member().map(str::to_owned)
    } else {
        code.index().and_then(|index| fixed(seen, member.with(index)))
    };
    let key = key.filter(|key| is_key(seen, key));
    let (Some(key), Some(object)) = (key, code.object()) else { return };
    let of_meta = object.text() == "import.meta.env";
    if (of_meta || holds_settings(seen, member.with(object))) && !is_written(code) {
        seen.report(Category::KeyRead, member, key);
    }
}

/// `const { JWT_SECRET } = process.env`
pub(super) fn at_assign<'t>(seen: &Seen<'t>, assign: Spot<'t>) {
    let (Some(target), Some(value)) = (assign.code.target(), assign.code.value()) else { return };
    if target.word() != "object_pattern" {
        return;
    }
    for part in target.children() {
        let key = match part.word() {
            "pair_pattern" => part.field(part.fields().key),
            "object_assignment_pattern" => part.field(part.fields().left),
            _ => Some(part),
        };
        let Some(key) = key.map(Code::text).filter(|key| is_key(seen, key)) else { continue };
        if value.text() == "import.meta.env" || holds_settings(seen, assign.with(value)) {
            seen.report(Category::KeyRead, assign.with(part), key.to_owned());
        }
    }
}

/// True for the target of an assignment and for what is deleted.
pub(super) fn is_written(code: Code<'_>) -> bool {
    let Some(parent) = code.parent() else { return false };
    match parent.kind() {
        Kind::Assign | Kind::Augment => {
            parent.target().is_some_and(|target| target.id() == code.id())
        }
        _ if parent.word() == "delete_statement" => true,
        _ if parent.word() == "unary_expression" => parent.has_sign("delete"),
        // `del a, b`
        Kind::List => parent.parent().is_some_and(|above| above.word() == "delete_statement"),
        _ => false,
    }
}
