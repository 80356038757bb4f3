//! What the handlers share.

use std::sync::Arc;

use crate::access::Access;
use crate::authority::Authority;
use crate::domain::{Clock, RequestIds};
use crate::flags::Flags;
use crate::guard::{Guard, Plans};
use crate::ledger::Ledger;
use crate::shadow::Shadow;

use super::{
    Doors, EvidenceDoor, Figures, Network, OfrepCounts, RequestLog, SignInProvider, SocketDoor,
    Streams,
};

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
    /// The network around the service.
    pub network: Network,
}
