//! Why the service cannot start or end in order.

use std::path::PathBuf;

use crate::access::AccessError;
use crate::authority::AuthorityError;
use crate::domain::ComponentId;
use crate::flags::FlagsError;
use crate::guard::{EvidenceError, GuardError};
use crate::ledger::LedgerError;
use crate::legacy::LegacyError;
use crate::outbound::OutboundError;
use crate::probe::ProbeFault;
use crate::report::checks::ScansError;
use crate::sockets::SocketsError;
use crate::store::StoreError;
use crate::web::ListenError;

/// Why the service cannot start or end in order.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The store.
    #[error("failed to {0}")]
    Store(#[from] StoreError),
    /// The master key.
    #[error("{0}")]
    MasterKey(String),
    /// The authority.
    #[error("the authority cannot start: {0}")]
    Authority(#[from] AuthorityError),
    /// Who may do what.
    #[error("who may do what cannot be read: {0}")]
    Access(#[from] AccessError),
    /// The flag table.
    #[error("failed to {0}")]
    Flags(#[from] FlagsError),
    /// Imported evidence.
    #[error("failed to {0}")]
    Evidence(#[from] EvidenceError),
    /// The guard.
    #[error("failed to {0}")]
    Guard(#[from] GuardError),
    /// The ledger.
    #[error("failed to {0}")]
    Ledger(#[from] LedgerError),
    /// Posted scans.
    #[error("failed to {0}")]
    Scans(#[from] ScansError),
    /// A legacy path.
    #[error("legacy path {name:?} cannot be used: {source}")]
    Legacy {
        /// Its name in the configuration.
        name: String,
        /// Why not.
        source: LegacyError,
    },
    /// A component whose legacy path is not configured.
    #[error("component {component} is answered by legacy path {name:?}, which is not configured")]
    LegacyMissing {
        /// The component.
        component: ComponentId,
        /// The name its flag gives.
        name: String,
    },
    /// The manager of sockets.
    #[error("failed to {0}")]
    Sockets(#[from] SocketsError),
    /// Walks of the golden path.
    #[error("the golden path cannot be walked: {0}")]
    Probe(#[from] ProbeFault),
    /// The outbound client.
    #[error("the outbound client cannot start: {0}")]
    Outbound(#[from] OutboundError),
    /// An address.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The request log.
    #[error("cannot write the request log {}: {source}", path.display())]
    RequestLog {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}
