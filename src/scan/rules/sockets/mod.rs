//! Managers, factories, and what is done with sockets.

mod acts;
mod bases;
mod element;
mod factories;
mod heard;
mod judge;
mod managers;
mod registry;
mod types;
mod words;

pub(super) use types::binding;
pub(super) use words::words_of;

use super::Anchor;
use crate::scan::frame::{FrameId, FrameKind};
use crate::scan::language::Language;
use crate::scan::seen::{Seen, Spot};
use crate::scan::settings::Settings;

/// What a file must contain.
pub(super) fn anchors(settings: &Settings, language: Language) -> Vec<Anchor> {
    let mut all = Vec::new();
    let texts: &[&str] = if language.is_python() {
        &["ocket", "OCKET", "websock", "tornado", "channels.generic"]
    } else {
        &["ocket", "OCKET", "websock"]
    };
    all.extend(texts.iter().map(|text| Anchor::one(text)));
    all.extend(
        ["ws", "Ws", "WS", "sio", "Sio", "sock", "Sock"].iter().map(|word| Anchor::word(word)),
    );
    let patterns = settings.manager.names.iter().chain(&settings.factories);
    let patterns = patterns.chain(&settings.helpers);
    all.extend(patterns.map(|pattern| Anchor::one(pattern.anchor())));
    all.extend(settings.manager.accessors.iter().map(|name| Anchor::one(name)));
    all
}

pub(super) fn at_call<'t>(seen: &Seen<'t>, call: Spot<'t>) {
    acts::at_call(seen, call);
    factories::at_call(seen, call);
}

/// `import …`, `export …`.
pub(super) fn at_import<'t>(seen: &Seen<'t>, import: Spot<'t>) {
    managers::at_import(seen, import);
}

/// `a = b`, a field of a class, `a += b`.
pub(super) fn at_assign<'t>(seen: &Seen<'t>, assign: Spot<'t>) {
    heard::at_assign(seen, assign);
    managers::at_assign(seen, assign);
}

/// `for a in b`, also `async for`.
pub(super) fn at_for<'t>(seen: &Seen<'t>, iteration: Spot<'t>) {
    heard::at_for(seen, iteration);
}

/// A class, a function or the file, once what is inside has been reported.
pub(super) fn at_frame(seen: &Seen<'_>, frame: FrameId) {
    match seen.frame(frame).kind {
        FrameKind::File => managers::at_file(seen),
        FrameKind::Class => {
            managers::at_class(seen, frame);
            managers::at_type(seen, frame);
        }
        FrameKind::Function => {
            heard::at_method(seen, frame);
            factories::at_function(seen, frame);
        }
        FrameKind::Block => {}
    }
}
