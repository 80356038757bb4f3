//! The door at which evidence is handed in and certified.

use std::sync::Arc;

use crate::authority::StatementKeys;
use crate::guard::EvidenceRoom;

/// What the handlers of `/v1/evidence` need beside the other rooms.
#[derive(Debug)]
pub struct EvidenceDoor {
    /// What was imported.
    pub evidence: Arc<EvidenceRoom>,
    /// The installations whose certificates are trusted.
    pub trusted: StatementKeys,
    /// The `iss` of the certificates that are issued here.
    pub name: String,
}
