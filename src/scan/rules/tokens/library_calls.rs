//! What a call of a JWT library does with the signature.

use super::branches::reaches;
use super::library::library_of;
use crate::scan::category::Category;
use crate::scan::code::Code;
use crate::scan::kind::Kind;
use crate::scan::origin::Origin;
use crate::scan::seen::{Seen, Spot};

/// Longest way through spread dictionaries.
const DEPTH_MAX: usize = 6;

/// Whether the call reads or signs a token, and how.
pub(super) fn meaning<'t>(
    seen: &Seen<'t>,
    call: Spot<'t>,
    origin: &Origin<'t>,
) -> Option<(Category, String)> {
    let (module, path) = origin.library()?;
    let python = seen.is_python();
    library_of(python, module, path)?;
    let category =
        if python { python_call(seen, call, path) } else { script_call(seen, call, module, path) }?;
    let how = match category {
        Category::UnverifiedDecode => " without the signature",
        _ => "",
    };
    Some((category, format!("{origin}{how}")))
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn python_call<'t>(seen: &Seen<'t>, call: Spot<'t>, path: &str) -> Option<Category> {
    let named = |name: &str| argument(call, name).is_some();
    if is_of_text(seen, call, path) {
        return None;
    }
    Some(match last(path) {
        "decode"
        | "decode_complete"
        | "verify"
        | "deserialize_compact"
        | "deserialize_json"
        | "deserialize" => {
            if path == "jwk.verify" || path == "jwe.decode" {
                return None;
            }
            if leaves_signature_out(seen, call) {
                Category::UnverifiedDecode
            } else {
                Category::VerifiedDecode
            }
        }
        "verify_jwt" => Category::VerifiedDecode,
        "JWT" if named("jwt") && named("key") => Category::VerifiedDecode,
        "process_jwt" | "extract_compact" => Category::UnverifiedDecode,
        name if name.starts_with("get_unverified_") => Category::UnverifiedDecode,
        name if signs(name) => {
            if path.starts_with("jwe.") {
                return None;
            }
            Category::Encode
        }
        _ => return None,
    })
}

fn signs(name: &str) -> bool {
    matches!(
        name,
        "encode"
            | "sign"
            | "serialize_compact"
            | "serialize_json"
            | "make_signed_token"
            | "add_signature"
            | "generate_jwt"
    )
}

/// Bytes that become text, or text that becomes bytes: `jwt.encode(…).decode(encoding)`,
/// `token.payload.decode()`, `token.serialize().encode("utf-8")`.
fn is_of_text<'t>(seen: &Seen<'t>, call: Spot<'t>, path: &str) -> bool {
    let method = last(path);
    if !matches!(method, "decode" | "encode") {
        return false;
    }
    let object = path.strip_suffix(method).unwrap_or(path).trim_end_matches('.');
    if method == "decode" && object.strip_suffix("()").is_some_and(|made| signs(last(made))) {
        return true;
    }
    call.code.arguments().first().is_none_or(|first| {
        let text = seen.text_of(call.with(first.value));
        first.name == Some("errors") || text.is_some_and(|text| is_encoding(&text))
    })
}

/// An encoding of text: `utf-8`, `UTF8`, `ascii`.
fn is_encoding(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    matches!(name.as_str(), "utf-8" | "utf8" | "ascii" | "latin-1" | "latin1" | "iso-8859-1")
}

fn script_call<'t>(seen: &Seen<'t>, call: Spot<'t>, module: &str, path: &str) -> Option<Category> {
    let inner = module.rsplit('/').next().unwrap_or(module);
    let name = if path.is_empty() { inner } else { last(path) };
    Some(match name {
        "jwtVerify" | "jwtDecrypt" | "compactVerify" | "flattenedVerify" | "generalVerify"
        | "verify" | "verifyAsync" | "createVerifier()" => Category::VerifiedDecode,
        "decode" if module == "jwt-simple" => {
            let third = call.code.arguments().into_iter().nth(2);
            if third
                .is_some_and(|third| seen.value_of(call.with(third.value)).code.text() == "true")
            {
                Category::UnverifiedDecode
            } else {
                Category::VerifiedDecode
            }
        }
        "createDecoder()"
        | "decode"
        | "decodeJwt"
        | "decodeProtectedHeader"
        | "jwtDecode"
        | "jwt_decode"
        | "jwt-decode"
        | "unverified" => Category::UnverifiedDecode,
        "sign" | "encrypt" | "signAsync" | "createSigner()" => Category::Encode,
        _ => match (module, name) {
            ("jwt-simple", "encode") | ("njwt", "create") => Category::Encode,
            _ => return None,
        },
    })
}

/// The value of a named argument.
pub(super) fn argument<'t>(call: Spot<'t>, name: &str) -> Option<Spot<'t>> {
    let found = call.code.arguments().into_iter().find(|argument| argument.name == Some(name));
    found.map(|argument| call.with(argument.value))
}

/// `verify=False`, `options={"verify_signature": False}`, and both in what is spread.
fn leaves_signature_out<'t>(seen: &Seen<'t>, call: Spot<'t>) -> bool {
    let off = |value: Spot<'t>| is_false(seen, value);
    if argument(call, "verify").is_some_and(off) {
        return true;
    }
    let arguments = call.code.arguments();
    let third = arguments.get(2).filter(|third| third.name.is_none());
    if third.is_some_and(|third| is_false(seen, call.with(third.value))) {
        return true;
    }
    let positional: Vec<_> = arguments.iter().filter(|argument| argument.name.is_none()).collect();
    let options = argument(call, "options")
        .or_else(|| positional.iter().skip(3).map(|argument| call.with(argument.value)).next());
    let says_off = |dict| said(seen, dict, "verify_signature", DEPTH_MAX).is_some_and(off);
    if options.is_some_and(says_off) {
        return true;
    }
    // `jwt.decode(token, key, **OPTIONS)`
    positional.iter().filter(|argument| argument.value.kind() == Kind::Spread).any(|spread| {
        spread.value.first().is_some_and(|inner| {
            let inner = call.with(inner);
            said(seen, inner, "verify", DEPTH_MAX).is_some_and(off)
                || said(seen, inner, "options", DEPTH_MAX).is_some_and(says_off)
        })
    })
}

fn is_false<'t>(seen: &Seen<'t>, value: Spot<'t>) -> bool {
    matches!(seen.value_of(value).code.text(), "False" | "false" | "0" | "None")
}

/// The value of a key in a dictionary, also in `dict(…)`, in what is spread into it, and where two
/// are joined by `|`.
pub(super) fn said<'t>(
    seen: &Seen<'t>,
    dict: Spot<'t>,
    key: &str,
    depth: usize,
) -> Option<Spot<'t>> {
    let depth = depth.checked_sub(1)?;
    if let Some(later) = set_later(seen, dict, key) {
        return Some(later);
    }
    let dict = seen.value_of(dict);
    match dict.code.kind() {
        Kind::Dict => dict.code.children().into_iter().rev().find_map(|part| match part.kind() {
            Kind::Pair => {
                let name = part.field(part.fields().key)?;
                let name = seen.text_of(dict.with(name)).unwrap_or_else(|| name.text().to_owned());
                part.value().filter(|_| name == key).map(|value| dict.with(value))
            }
            Kind::Shorthand if part.text() == key => Some(dict.with(part)),
            Kind::Spread => part.first().and_then(|inner| said(seen, dict.with(inner), key, depth)),
            _ => None,
        }),
        Kind::Call if dict.code.callee().is_some_and(|callee| callee.text() == "dict") => {
            argument(dict, key).or_else(|| {
                let first = dict.code.arguments().into_iter().find(|each| each.name.is_none())?;
                said(seen, dict.with(first.value), key, depth)
            })
        }
        Kind::Binary => {
            let fields = dict.code.fields();
            let side = |field| {
                let side: Option<Code<'t>> = dict.code.field(field);
                side.and_then(|side| said(seen, dict.with(side.bare()), key, depth))
            };
            side(fields.right).or_else(|| side(fields.left))
        }
        _ => None,
    }
}

/// `options["verify_signature"] = False` above, in the same function.
fn set_later<'t>(seen: &Seen<'t>, dict: Spot<'t>, key: &str) -> Option<Spot<'t>> {
    if dict.code.kind() != Kind::Name {
        return None;
    }
    let function = seen.function_of(dict.frame);
    let sets = |spot: &&Spot<'t>| {
        let target = spot.code.target().filter(|target| target.kind() == Kind::Index);
        target.is_some_and(|target| {
            let object = target.object().map(Code::text);
            let index = target.index().and_then(|index| seen.text_of(spot.with(index)));
            object == Some(dict.code.text())
                && index.as_deref() == Some(key)
                && reaches(spot.code, dict.code)
        })
    };
    let mut above = seen.spots.iter().filter(|spot| {
        spot.code.kind() == Kind::Assign
            && spot.code.start() < dict.code.start()
            && seen.function_of(spot.frame) == function
    });
    let last = above.rfind(sets)?;
    last.code.value().map(|value| last.with(value))
}
