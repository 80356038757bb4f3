//! Libraries, decodes, keys, validators, and where browsers keep tokens.

mod bodies;
mod branches;
mod browser;
#[cfg(test)]
mod cases;
mod delegate;
#[cfg(test)]
mod depths;
mod hand;
mod keys;
mod library;
mod library_calls;
mod segments;
mod storage;
mod url;
mod url_calls;
mod validator;

use super::Anchor;
use crate::scan::category::Category;
use crate::scan::frame::{FrameId, FrameKind};
use crate::scan::language::Language;
use crate::scan::seen::{Seen, Spot};
use crate::scan::settings::Settings;

/// What a file must contain.
pub(super) fn anchors(settings: &Settings, language: Language) -> Vec<Anchor> {
    let mut all = library::anchors(language);
    all.extend(hand::anchors(language));
    all.extend(delegate::anchors(language));
    all.extend(keys::anchors(settings));
    all.extend(url::anchors(settings, language));
    if !language.is_python() {
        all.extend(storage::anchors());
    }
    all
}

pub(super) fn at_call<'t>(seen: &Seen<'t>, call: Spot<'t>) {
    let origin = seen.callee(call);
    library::at_call(seen, call);
    if let Some((category, what)) = library_calls::meaning(seen, call, &origin) {
        seen.report(category, call, what);
        let reads = matches!(category, Category::VerifiedDecode | Category::UnverifiedDecode);
        if reads && browser::is_browser(seen) {
            seen.report(Category::FrontendDecode, call, origin.to_string());
        }
    }
    keys::at_call(seen, call, &origin);
    storage::at_call(seen, call, &origin);
    url_calls::at_call(seen, call, &origin);
}

pub(super) fn at_import<'t>(seen: &Seen<'t>, import: Spot<'t>) {
    library::at_import(seen, import);
}

pub(super) fn at_assign<'t>(seen: &Seen<'t>, assign: Spot<'t>) {
    library::at_import(seen, assign);
    keys::at_assign(seen, assign);
    storage::at_assign(seen, assign);
}

pub(super) fn at_member<'t>(seen: &Seen<'t>, member: Spot<'t>) {
    keys::at_member(seen, member);
    storage::at_member(seen, member);
}

pub(super) fn at_text<'t>(seen: &Seen<'t>, text: Spot<'t>) {
    url::at_text(seen, text);
}

pub(super) fn at_dict<'t>(seen: &Seen<'t>, dict: Spot<'t>) {
    url_calls::at_dict(seen, dict);
}

pub(super) fn at_binary<'t>(seen: &Seen<'t>, operation: Spot<'t>) {
    url::at_binary(seen, operation);
}

/// The file comes last, when all its functions have been seen.
pub(super) fn at_frame(seen: &Seen<'_>, frame: FrameId) {
    if frame == FrameId::FILE {
        hand::in_file(seen);
        validator::in_file(seen);
        for (place, each) in seen.frames.iter().enumerate() {
            if each.kind == FrameKind::Function
                && let Ok(place) = u32::try_from(place)
            {
                delegate::at_function(seen, FrameId(place));
            }
        }
    }
}
