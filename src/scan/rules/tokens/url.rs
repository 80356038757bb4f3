//! Tokens that are put into the text of a URL.

use crate::scan::category::Category;
use crate::scan::code::{Code, Piece};
use crate::scan::kind::Kind;
use crate::scan::language::Language;
use crate::scan::rules::Anchor;
use crate::scan::seen::{Seen, Spot};
use crate::scan::settings::Settings;

/// A parameter in a text, or something that makes parameters, beside the name of one.
pub(super) fn anchors(settings: &Settings, language: Language) -> Vec<Anchor> {
    let mut all = Vec::new();
    for name in &settings.url_tokens {
        let put = format!("{name}=");
        all.extend(
            ["?", "&", "#", "}"].iter().map(|sign| Anchor::all(&[&put, &format!("{sign}{put}")])),
        );
        if language.is_python() {
            for maker in ["params", "urlencode", "query", "_param"] {
                all.extend(
                    ["\"", "'"]
                        .iter()
                        .map(|sign| Anchor::all(&[&format!("{sign}{name}{sign}"), maker])),
                );
            }
            for maker in ["params", "_query"] {
                all.push(Anchor::all(&[&put, maker]).and(|text| {
                    ["dict(", "with_query", "update_query", "include_query_params"]
                        .iter()
                        .any(|maker| text.contains(maker))
                }));
            }
        } else {
            let makers = ["arams", "query", "stringify"];
            all.extend(makers.iter().map(|maker| Anchor::all(&[name, maker])));
        }
    }
    all
}

/// The parameter that a text ends with: `token` of `…?token=`.
pub(super) fn ends_with_parameter(seen: &Seen<'_>, text: &str) -> Option<String> {
    let rest = text.strip_suffix('=')?;
    seen.settings.url_tokens.iter().find_map(|name| {
        let before = rest.strip_suffix(name.as_str())?;
        before.ends_with(['?', '&', '#']).then(|| name.clone())
    })
}

/// `…?token=${token}`, `f"…&token={token}"`
pub(super) fn at_text<'t>(seen: &Seen<'t>, text: Spot<'t>) {
    if !text.code.text().contains('=') {
        return;
    }
    let pieces = text.code.pieces();
    for (place, pair) in pieces.windows(2).enumerate() {
        let (Piece::Said(said), Piece::Put(_)) = (pair[0], pair[1]) else { continue };
        let joined = ends_with_parameter(seen, said).or_else(|| {
            // `${url}${separator}token=${token}`
            let before = place.checked_sub(1).and_then(|place| pieces.get(place));
            let put = matches!(before, Some(Piece::Put(_)));
            let name = said.strip_suffix('=')?;
            let known = seen.settings.url_tokens.iter().any(|known| known == name);
            (put && known && place >= 2).then(|| name.to_owned())
        });
        if let Some(name) = joined {
            // A part of adjacent strings is looked at with them.
            let in_texts = text.code.kind() == Kind::Text
                && text.code.parent().is_some_and(|parent| parent.kind() == Kind::Texts);
            if !in_texts {
                seen.report(Category::UrlToken, text, format!("{name} in a text"));
            }
            return;
        }
    }
}

/// `"…?token=" + token`, `"…?token=%s" % token`
pub(super) fn at_binary<'t>(seen: &Seen<'t>, operation: Spot<'t>) {
    let code = operation.code;
    let fields = code.fields();
    let (Some(left), Some(right)) = (code.field(fields.left), code.field(fields.right)) else {
        return;
    };
    let found = if code.has_sign("+") {
        let last = last_text(left.bare());
        last.and_then(|last| ends_with_parameter(seen, last))
            .filter(|_| right.bare().literal().is_none())
    } else if code.has_sign("%") {
        formatted(seen, left.bare(), "%s")
    } else {
        None
    };
    if let Some(name) = found {
        seen.report(Category::UrlToken, operation, format!("{name} joined to a text"));
    }
}

/// `"…?token={}".format(token)`
pub(super) fn formatted(seen: &Seen<'_>, text: Code<'_>, hole: &str) -> Option<String> {
    let said: String = text
        .pieces()
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Said(said) => Some(said),
            Piece::Put(_) => None,
        })
        .collect();
    seen.settings.url_tokens.iter().find_map(|name| {
        ['?', '&', '#']
            .iter()
            .any(|sign| said.contains(&format!("{sign}{name}={hole}")))
            .then(|| name.clone())
    })
}

/// What the text on the left of a value ends with.
fn last_text(mut code: Code<'_>) -> Option<&str> {
    while code.kind() == Kind::Binary && code.has_sign("+") {
        code = code.field(code.fields().right)?.bare();
    }
    match code.kind() {
        Kind::Text | Kind::Texts | Kind::Template => match code.pieces().last() {
            Some(Piece::Said(said)) => Some(said),
            _ => None,
        },
        _ => None,
    }
}
