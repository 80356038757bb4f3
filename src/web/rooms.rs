//! What the handlers share.

use std::sync::Arc;

use crate::access::Access;
use crate::domain::{Clock, RequestIds};
use crate::flags::Flags;
use crate::ledger::Ledger;
use crate::shadow::Shadow;

use super::{Figures, Network, RequestLog, SignInProvider};

/// The rooms below, and what belongs to the door itself.
pub struct Rooms {
    /// Answers questions.
    pub shadow: Shadow,
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
    /// The network around the service.
    pub network: Network,
}
