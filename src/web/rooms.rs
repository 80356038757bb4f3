//! What the handlers share.

use std::sync::Arc;

use crate::access::Access;
use crate::authority::Authority;
use crate::domain::{Clock, RequestIds};
use crate::flags::Flags;
use crate::ledger::Ledger;
use crate::shadow::Shadow;

use super::{Doors, Figures, Network, RequestLog, SignInProvider};

/// The rooms below, and what belongs to the door itself.
pub struct Rooms {
    /// Answers questions.
    pub shadow: Shadow,
    /// The authority, for what it alone does: keys, metadata, the token endpoint.
    pub authority: Arc<Authority>,
    /// The flag table.
    pub flags: Arc<Flags>,
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
    /// Which components are behind the doors that name none.
    pub doors: Doors,
    /// The network around the service.
    pub network: Network,
}
