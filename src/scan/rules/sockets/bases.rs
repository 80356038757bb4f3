//! What a class inherits.

use crate::scan::code::Code;
use crate::scan::frame::FrameId;
use crate::scan::kind::Kind;
use crate::scan::seen::{Seen, Spot};

/// The expressions behind the name of a class: `A(B, c.D)`, `class A extends B`.
pub(super) fn of<'t>(seen: &Seen<'t>, class: FrameId) -> Vec<Spot<'t>> {
    let frame = seen.frame(class);
    let outer = frame.parent.unwrap_or(FrameId::FILE);
    let code = frame.code;
    let spot = |code| Spot { code, frame: outer };
    if let Some(list) = code.field(code.fields().superclasses) {
        return list
            .children()
            .into_iter()
            .filter(|base| base.kind() != Kind::Keyword)
            .map(
                |base| {
                    if base.kind() == Kind::Index { base.object().unwrap_or(base) } else { base }
                },
            )
            .map(spot)
            .collect();
    }
    let heritage = code.children().into_iter().find(|child| child.word() == "class_heritage");
    let clauses = heritage.map(Code::children).unwrap_or_default();
    let extends = clauses.into_iter().filter(|clause| clause.word() == "extends_clause");
    extends.filter_map(|clause| clause.field(clause.fields().value)).map(spot).collect()
}

/// The last words of what a class inherits.
pub(super) fn names<'t>(seen: &Seen<'t>, class: FrameId) -> Vec<&'t str> {
    of(seen, class).into_iter().map(|base| base.code.member().unwrap_or(base.code.text())).collect()
}
