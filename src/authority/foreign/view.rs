//! How the issuers' keys stand, for pages and figures.

use std::time::Duration;

use crate::authority::Authority;
use crate::domain::Timestamp;

use super::ForeignIssuer;

/// A foreign issuer at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerView {
    /// Its name in the configuration.
    pub name: String,
    /// Its `iss`.
    pub issuer: String,
    /// How many of its keys are held.
    pub keys: usize,
    /// When they were asked for.
    pub fetched_at: Option<Timestamp>,
    /// How old they are.
    pub age: Option<Duration>,
    /// From when on they are too old, and its tokens cannot be decided.
    pub stale_after: Option<Timestamp>,
    /// Whether its tokens can be decided.
    pub usable: bool,
    /// Why the last call failed; `None` when it did not.
    pub last_error: Option<String>,
    /// Calls that brought keys.
    pub fetches: u64,
    /// Calls that did not.
    pub failures: u64,
}

impl Authority {
    /// The trusted foreign issuers, by name.
    pub fn issuers(&self, now: Timestamp) -> Vec<IssuerView> {
        self.foreign.sorted().into_iter().map(|issuer| issuer.view(now)).collect()
    }
}

#[cfg(test)]
impl Authority {
    /// Gives a foreign issuer keys as if they had been fetched.
    pub(crate) fn hold_keys(&self, name: &str, key_set: &str, now: Timestamp) {
        let all = self.foreign.sorted();
        let issuer = all.into_iter().find(|issuer| issuer.name() == name).expect("an issuer");
        issuer.keys.hold(key_set, now);
    }
}

impl ForeignIssuer {
    fn view(&self, now: Timestamp) -> IssuerView {
        let held = self.keys.held();
        let fetched_at = held.as_ref().map(|set| set.fetched_at());
        let calls = self.keys.calls();
        IssuerView {
            name: self.name().to_owned(),
            issuer: self.settings.issuer.clone(),
            keys: held.as_ref().map_or(0, |set| set.len()),
            fetched_at,
            age: fetched_at.map(|at| now.since(at)),
            stale_after: fetched_at.map(|at| at.plus(self.keys.stale_max())),
            usable: self.keys.usable(now).is_some(),
            last_error: calls.last_error,
            fetches: calls.succeeded,
            failures: calls.failed,
        }
    }
}
