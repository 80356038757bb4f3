//! How far the migration has come, in rates.

use serde::Serialize;

use super::judge::sessions_walked;
use super::{CheckEvidence, SourceSeen};
use crate::domain::Side;
use crate::flags::Kind;
use crate::report::Rate;

/// Five rates, each with its interval; `None` where there is no evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metrics {
    /// Tokens that got the same answer wherever they were shown, of those that were shown at two
    /// components or more.
    pub jwt_consistency: Option<Rate>,
    /// Decisions by SSOT's authority, of all decisions.
    pub authority_coverage: Option<Rate>,
    /// Frames that SSOT's manager has written, of all frames on users' sockets.
    pub manager_consistency: Option<Rate>,
    /// Sessions that were one person throughout, of those that crossed three stages or more.
    pub auth_consistency: Option<Rate>,
    /// Services without a rival of authority or manager, of all services.
    pub compliance: Option<Rate>,
}

impl Metrics {
    pub(super) fn of(evidence: &CheckEvidence) -> Self {
        let seen = &evidence.sightings;
        let by = |kinds: &[Kind], side| {
            evidence.of_kinds(kinds).map(|traffic| traffic.served(side)).sum::<u64>()
        };
        let part = |kinds: &[Kind]| {
            let ssot = by(kinds, Side::Ssot);
            Rate::of(ssot, ssot + by(kinds, Side::Legacy))
        };
        let (walked, changed) = sessions_walked(evidence);
        let (sessions, differing) = (seen.sessions + walked, seen.sessions_differing + changed);
        Self {
            jwt_consistency: Rate::of(seen.crossed - seen.differing, seen.crossed),
            authority_coverage: part(&[Kind::Auth, Kind::Session, Kind::Tokens]),
            manager_consistency: part(&[Kind::Events]),
            auth_consistency: Rate::of(sessions - differing, sessions),
            compliance: match &evidence.source {
                SourceSeen::Never | SourceSeen::Stale(_) => None,
                SourceSeen::Lately(scan) => {
                    let services = scan.services();
                    let clean = services.values().filter(|rivals| **rivals == 0).count();
                    Rate::of(clean as u64, services.len() as u64)
                }
            },
        }
    }

    /// Each by its name, in a fixed order.
    pub fn named(&self) -> [(&'static str, Option<Rate>); 5] {
        [
            ("jwt_consistency", self.jwt_consistency),
            ("authority_coverage", self.authority_coverage),
            ("manager_consistency", self.manager_consistency),
            ("auth_consistency", self.auth_consistency),
            ("compliance", self.compliance),
        ]
    }
}
