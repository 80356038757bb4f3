//! What each category means in code. A rule is a function that is handed a place and the file as
//! it is seen; it asks where things come from and reports.

mod events;
mod imports;
mod sockets;
mod tokens;
mod words;

use super::kind::Kind;
use super::language::Language;
use super::seen::{Seen, Spot};
use super::settings::Settings;

pub(super) use super::sieve::Anchor;

/// What a file must contain for one of the rules to find anything in it.
pub(super) fn anchors(settings: &Settings, language: Language) -> Vec<Anchor> {
    let mut all = tokens::anchors(settings, language);
    all.extend(sockets::anchors(settings, language));
    all.extend(imports::anchors(settings, language));
    all.extend(events::anchors(settings, language));
    all
}

/// Asks every rule about every place of a file.
pub(super) fn apply(seen: &Seen<'_>) {
    for spot in &seen.spots {
        apply_at(seen, *spot);
    }
    // What is inside has been found before what is around it.
    for frame in (0..seen.frames.len()).rev() {
        if let Ok(frame) = u32::try_from(frame) {
            let frame = super::frame::FrameId(frame);
            tokens::at_frame(seen, frame);
            sockets::at_frame(seen, frame);
        }
    }
}

fn apply_at<'t>(seen: &Seen<'t>, spot: Spot<'t>) {
    match spot.code.kind() {
        Kind::Call => {
            tokens::at_call(seen, spot);
            sockets::at_call(seen, spot);
            events::at_call(seen, spot);
            imports::at_import(seen, spot);
        }
        Kind::Import | Kind::Export => {
            tokens::at_import(seen, spot);
            sockets::at_import(seen, spot);
            imports::at_import(seen, spot);
        }
        Kind::Assign | Kind::Field | Kind::Augment => {
            tokens::at_assign(seen, spot);
            sockets::at_assign(seen, spot);
            events::at_assign(seen, spot);
            imports::at_import(seen, spot);
        }
        Kind::Attribute | Kind::Index => tokens::at_member(seen, spot),
        Kind::Text | Kind::Texts | Kind::Template => tokens::at_text(seen, spot),
        Kind::Dict => {
            tokens::at_dict(seen, spot);
            events::at_dict(seen, spot);
        }
        Kind::Binary => tokens::at_binary(seen, spot),
        Kind::For => sockets::at_for(seen, spot),
        _ => {}
    }
}
