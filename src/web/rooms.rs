//! What the handlers share.

use std::sync::Arc;

use crate::access::Access;
use crate::authority::Authority;
use crate::domain::{BoxFuture, Clock, RequestIds, SignMatrix};
use crate::flags::Flags;
use crate::guard::{Guard, Plans};
use crate::ledger::{CallSites, Journeys, Ledger, LedgerError, Timeline};
use crate::report::checks::Scans;
use crate::report::{CheckSource, Reports};
use crate::shadow::Shadow;

use super::{
    Doors, EvidenceDoor, Figures, Live, Network, OfrepCounts, RequestLog, SettingShown,
    SignInProvider, SocketDoor, Streams,
};

/// Judges whether each side lets in what the other signs, and keeps what it saw.
pub type MatrixJudge =
    Arc<dyn Fn() -> BoxFuture<'static, Result<Arc<SignMatrix>, LedgerError>> + Send + Sync>;

/// The rooms below, and what belongs to the door itself.
pub struct Rooms {
    /// Answers questions.
    pub shadow: Arc<Shadow>,
    /// The authority, for what it alone does: keys, metadata, the token endpoint.
    pub authority: Arc<Authority>,
    /// The flag table.
    pub flags: Arc<Flags>,
    /// Rollout plans, and who advances them.
    pub plans: Arc<Plans>,
    /// Looks, rules, rolls back.
    pub guard: Guard,
    /// What was compared.
    pub ledger: Arc<Ledger>,
    /// The same over time, as it is kept.
    pub timeline: Timeline,
    /// Which places in other services' source code still call.
    pub call_sites: CallSites,
    /// Judges the twelve checks.
    pub checks: CheckSource,
    /// Scans of source code.
    pub scans: Arc<Scans>,
    /// Reports of a period: made, sealed, kept.
    pub reports: Arc<Reports>,
    /// Walks of the golden path, and the latest matrix of signatures.
    pub journeys: Arc<Journeys>,
    /// Judges the matrix of signatures.
    pub matrix: MatrixJudge,
    /// The one clock.
    pub clock: Arc<dyn Clock>,
    /// Names requests.
    pub request_ids: RequestIds,
    /// One line a request.
    pub request_log: Arc<RequestLog>,
    /// Who may do what.
    pub access: Access,
    /// The identity provider by which people can sign in, if there is one.
    pub provider: Option<SignInProvider>,
    /// What rooms below tell for the metrics.
    pub figures: Figures,
    /// What was imported about components, and whose certificates are trusted.
    pub evidence: EvidenceDoor,
    /// Which components are behind the doors that name none.
    pub doors: Doors,
    /// Sockets, and what is published for them.
    pub sockets: Arc<SocketDoor>,
    /// What came of evaluations for other services.
    pub ofrep: OfrepCounts,
    /// Streams of events.
    pub streams: Streams,
    /// Pages that are alive.
    pub live: Live,
    /// The network around the service.
    pub network: Network,
    /// The running configuration as it may be shown, without secrets.
    pub settings: Vec<SettingShown>,
}
