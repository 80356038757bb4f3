//! Whether a file runs in a browser.

use crate::scan::kind::Kind;
use crate::scan::origin::Root;
use crate::scan::seen::Seen;

/// In a service of browsers, in JSX, or beside what only browsers have.
pub(super) fn is_browser(seen: &Seen<'_>) -> bool {
    *seen.browser.get_or_init(|| {
        if seen.is_python() {
            return false;
        }
        let jsx = [".tsx", ".jsx"].iter().any(|ending| seen.path.ends_with(ending));
        jsx || seen.service().is_some_and(|service| service.browser) || uses_browser(seen)
    })
}

fn uses_browser(seen: &Seen<'_>) -> bool {
    seen.spots.iter().any(|spot| {
        matches!(spot.code.kind(), Kind::Attribute | Kind::Index)
            && spot.code.object().is_some_and(|object| {
                matches!(object.text(), "window" | "document" | "localStorage" | "sessionStorage")
                    && matches!(seen.origin(spot.with(object)).root, Root::Global)
            })
    })
}
