//! `/v1/evidence`: evidence about components that comes from outside.

pub mod certificate;
pub mod golden_path;
pub mod show;
pub mod test_report;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, header};

use crate::domain::ComponentId;
use crate::flags::Flag;
use crate::guard::{EvidenceKind, Record};
use crate::web::api_json::take_json;
use crate::web::flags::Note;
use crate::web::guard::Granted;
use crate::web::{Problem, Rooms};

/// The flag of the component that a path names. Error: 404.
fn flag(rooms: &Rooms, component: &str) -> Result<Arc<Flag>, Problem> {
    let shown: String = component.chars().take(ComponentId::MAX).collect();
    let unknown =
        || Problem::not_found(format!("there is no component {shown:?}; GET /v1/flags lists them"));
    let id = ComponentId::parse(component).map_err(|_| unknown())?;
    rooms.flags.snapshot().flag(id.as_str()).cloned().ok_or_else(unknown)
}

async fn withdraw(
    rooms: &Rooms,
    component: &str,
    kind: EvidenceKind,
    (Granted(pass), headers, body): (Granted, HeaderMap, Body),
) -> Result<Record, Problem> {
    let flag = flag(rooms, component)?;
    // What lowers needs no body: whoever does it may have no time for one.
    let note = if headers.contains_key(header::CONTENT_TYPE) {
        take_json::<Note>(&headers, body).await?.into_text()
    } else {
        String::new()
    };
    if note.len() > super::words::NOTE_MAX {
        return Err(Problem::unprocessable("the note is too long"));
    }
    let (by, now) = (pass.actor().to_string(), rooms.clock.now());
    Ok(rooms.evidence.evidence.withdraw(&flag.component, kind, (&by, note), now).await?)
}
