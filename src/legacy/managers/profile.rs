//! A whole profile, and reading one.

use serde::Deserialize;

use super::rules::{
    Again, ClientRules, Failed, FlushRules, Hung, QueueRules, Registry, Report, RetryRules,
    RewriteRules, TypeRules,
};
use crate::domain::WireShape;
use crate::legacy::LegacyError;

/// Largest queue, ring or list of a profile.
const CAP_MAX: usize = 10_000;

/// A legacy socket manager, declared. Read from TOML; what is left out is done right. Unknown
/// members are errors.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagerProfile {
    /// The catalogue number of the manager that is modelled, such as `M01`.
    pub id: String,
    /// One line about it.
    pub description: String,
    /// What its frames look like.
    #[serde(default = "target")]
    pub shape: WireShape,
    /// Frames bear the event's name, where their layout has a place for it.
    #[serde(default = "yes")]
    pub names_events: bool,
    /// Whose connections an event goes to.
    #[serde(default)]
    pub registry: Registry,
    /// Names of threads, where those stand for users, that are refused by how they start.
    #[serde(default)]
    pub refused_prefixes: Vec<String>,
    /// A connection that somebody else registers is no longer its old owner's.
    #[serde(default = "yes")]
    pub owner_checked: bool,
    /// What registering again means.
    #[serde(default)]
    pub registered_again: Again,
    /// Connections of one user; one more is refused.
    pub connections_max: Option<usize>,
    /// A connection that has been given nothing for so many seconds is forgotten.
    pub stale_s: Option<u64>,
    /// An event that fails on some sockets, as far as those go.
    #[serde(default)]
    pub partial_failure: Failed,
    /// An event that fails on all sockets.
    #[serde(default)]
    pub all_failed: Failed,
    /// What a socket does that takes nothing.
    #[serde(default)]
    pub hung: Hung,
    /// The queue of somebody who is not connected; without one, what they are not there for is
    /// lost.
    pub queue: Option<QueueRules>,
    /// How it goes out.
    #[serde(default)]
    pub flush: FlushRules,
    /// Tries after the first.
    pub retry: Option<RetryRules>,
    /// Types.
    #[serde(default)]
    pub types: TypeRules,
    /// Fields that are overwritten.
    #[serde(default)]
    pub rewrites: RewriteRules,
    /// What the caller is told.
    #[serde(default)]
    pub reports: Report,
    /// What the client does with what reaches it.
    #[serde(default)]
    pub client: ClientRules,
}

const fn yes() -> bool {
    true
}

const fn target() -> WireShape {
    WireShape::Target
}

impl ManagerProfile {
    /// Reads a profile from TOML. The error is [`LegacyError::ProfileText`], or
    /// [`LegacyError::Faults`] for one whose parts do not fit together.
    pub fn from_toml(text: &str) -> Result<Self, LegacyError> {
        let profile: Self = toml::from_str(text).map_err(|error| {
            let place = error.span().map_or(0, |span| text[..span.start].lines().count());
            LegacyError::ProfileText(format!("{} near line {place}", error.message()))
        })?;
        profile.check()?;
        Ok(profile)
    }

    /// Whether the parts fit together. The error is [`LegacyError::Faults`].
    pub fn check(&self) -> Result<(), LegacyError> {
        let mut faults = Vec::new();
        let mut fault = |wrong: bool, text: &str| {
            if wrong {
                faults.push(text.to_owned());
            }
        };
        let odd = |number: Option<usize>| number.is_some_and(|n| n == 0 || n > CAP_MAX);
        let queues = [self.partial_failure, self.all_failed].contains(&Failed::Queued);
        fault(queues && self.queue.is_none(), "a failed event is queued but there is no queue");
        fault(odd(self.queue.as_ref().map(|queue| queue.cap)), "queue.cap is not within 1..=10000");
        fault(odd(self.connections_max), "connections_max is not within 1..=10000");
        fault(odd(self.client.ring), "client.ring is not within 1..=10000");
        fault(self.client.repeats > 100, "client.repeats is above 100");
        fault(
            self.client.dedupes && self.client.ring.is_none(),
            "client.dedupes needs client.ring",
        );
        let tries = self.retry.as_ref().map(|retry| retry.tries);
        fault(
            tries.is_some_and(|tries| !(2..=10).contains(&tries)),
            "retry.tries is not within 2..=10",
        );
        if faults.is_empty() {
            return Ok(());
        }
        Err(LegacyError::Faults { path: self.id.clone(), faults })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "id = 'X'\ndescription = 'd'\n";

    #[test]
    fn a_member_that_no_rule_knows_is_refused_with_its_place() {
        let error = ManagerProfile::from_toml(&format!("{HEAD}lenient = true")).expect_err("odd");
        assert!(error.to_string().contains("lenient"), "{error}");
        assert!(ManagerProfile::from_toml(HEAD).is_ok());
    }

    #[test]
    fn parts_that_do_not_fit_together_are_all_told() {
        let text = format!(
            "{HEAD}all_failed = 'queued'\nconnections_max = 0\n\
             retry = {{ tries = 1, base_ms = 1, cap_ms = 1 }}\nclient = {{ dedupes = true }}"
        );
        let error = ManagerProfile::from_toml(&text).expect_err("faults").to_string();
        for fault in ["no queue", "connections_max", "retry.tries", "client.ring"] {
            assert!(error.contains(fault), "{fault}: {error}");
        }
    }
}
