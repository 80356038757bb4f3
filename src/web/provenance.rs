//! What decided, told beside an answer to whoever asks for it: `Crossfade-Provenance: ?1` in the
//! request. Nobody else pays for it.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;

use super::Rooms;
use crate::domain::{ComponentId, Revision, Side};

/// Asks for it in a request, and tells it in the answer.
pub(super) const PROVENANCE: HeaderName = HeaderName::from_static("crossfade-provenance");

/// What SSOT's own path is called.
const SSOT_PATH: &str = "authority";

/// What decided.
#[derive(Clone, Debug)]
pub(super) struct Decider {
    pub side: Side,
    pub component: ComponentId,
    pub revision: Revision,
}

/// True for a request that asks for it.
pub(super) fn is_asked(headers: &HeaderMap) -> bool {
    headers.get(PROVENANCE).is_some_and(|asked| asked == "?1")
}

impl Rooms {
    /// The answer, with what decided beside it. A structured field (RFC 8941 §3.3.4).
    pub(super) fn with_provenance(&self, mut response: Response, decider: &Decider) -> Response {
        let Decider { side, component, revision } = decider;
        let snapshot = self.flags.snapshot();
        let path = match side {
            Side::Ssot => SSOT_PATH,
            Side::Legacy => snapshot.flag(component.as_str()).map_or("", |flag| &*flag.legacy),
        };
        let told = format!("{side};component=\"{component}\";revision={revision};path=\"{path}\"");
        // A path's name that no header can carry is told to nobody.
        if let Ok(told) = HeaderValue::from_str(&told) {
            response.headers_mut().insert(PROVENANCE, told);
        }
        response
    }
}
