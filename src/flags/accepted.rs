//! Differences that an operator has accepted.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;

/// A mismatch that an operator has accepted for a component, written down and with an end.
///
/// It is counted apart, never hidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedDifference {
    /// A short name, unique within the component.
    pub name: String,
    /// The code of a mismatch class, such as `stricter`.
    pub class: String,
    /// Legacy's reason code; `None` for any answer of legacy.
    #[serde(default)]
    pub legacy_reason: Option<String>,
    /// The ssot side's reason code; `None` for any answer of ssot.
    #[serde(default)]
    pub ssot_reason: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why it is acceptable.
    pub reason: String,
    /// From this moment on it is a mismatch again.
    pub expires_at: Timestamp,
}

/// Most accepted differences of one component.
pub const ACCEPTED_MAX: usize = 16;

const CODE_MAX: usize = 80;
const TEXT_MAX: usize = 200;
const AHEAD_MAX_SECONDS: i64 = 366 * 24 * 60 * 60;

impl AcceptedDifference {
    /// True when this covers a mismatch of `class` with these reason codes at `now`.
    pub fn accepts(
        &self,
        class: &str,
        legacy_reason: Option<&str>,
        ssot_reason: Option<&str>,
        now: Timestamp,
    ) -> bool {
        let fits = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| Some(wanted) == found)
        };
        now < self.expires_at
            && self.class == class
            && fits(&self.legacy_reason, legacy_reason)
            && fits(&self.ssot_reason, ssot_reason)
    }

    /// What is wrong with it at `now`: field and problem. An end in the past is not wrong, it
    /// only matches nothing.
    pub(super) fn fault(&self, now: Timestamp) -> Option<(&'static str, &'static str)> {
        if let Some(fault) = self.text_fault() {
            return Some(fault);
        }
        let ahead = self.expires_at > now.plus_seconds(AHEAD_MAX_SECONDS);
        ahead.then_some(("expires_at", "must be at most one year ahead"))
    }

    /// The part of [`AcceptedDifference::fault`] that needs no clock.
    pub(super) fn text_fault(&self) -> Option<(&'static str, &'static str)> {
        const CODE: &str = "must be 1 to 80 characters of a-z, A-Z, 0-9, `_`, `.`, `:` and `-`";
        const TEXT: &str = "must not be blank, at most 200 bytes and without control characters";
        let code = |text: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '-');
            (1..=CODE_MAX).contains(&text.len()) && text.chars().all(plain)
        };
        let text = |text: &str| {
            !text.trim().is_empty() && text.len() <= TEXT_MAX && !text.contains(char::is_control)
        };
        let checks = [
            ("name", code(&self.name), CODE),
            ("class", code(&self.class), CODE),
            ("legacy_reason", self.legacy_reason.as_deref().is_none_or(code), CODE),
            ("ssot_reason", self.ssot_reason.as_deref().is_none_or(code), CODE),
            ("owner", text(&self.owner), TEXT),
            ("reason", text(&self.reason), TEXT),
        ];
        checks.into_iter().find(|(_, fine, _)| !fine).map(|(field, _, problem)| (field, problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn audience() -> AcceptedDifference {
        AcceptedDifference {
            name: "no-audience".to_owned(),
            class: "stricter".to_owned(),
            legacy_reason: None,
            ssot_reason: Some("audience".to_owned()),
            owner: "identity".to_owned(),
            reason: "legacy forgets audiences".to_owned(),
            expires_at: NOW.plus_seconds(60),
        }
    }

    #[test]
    fn it_covers_its_class_and_reasons_only() {
        let difference = audience();
        assert!(difference.accepts("stricter", None, Some("audience"), NOW));
        assert!(difference.accepts("stricter", Some("x"), Some("audience"), NOW));
        assert!(!difference.accepts("looser", None, Some("audience"), NOW));
        assert!(!difference.accepts("stricter", None, Some("expired"), NOW));
        assert!(!difference.accepts("stricter", Some("audience"), None, NOW));
    }

    #[test]
    fn an_expired_one_covers_nothing() {
        let end = audience().expires_at;
        assert!(!audience().accepts("stricter", None, Some("audience"), end));
    }

    #[test]
    fn owner_and_reason_are_due_and_the_end_is_within_a_year() {
        assert_eq!(audience().fault(NOW), None);
        let nobody = AcceptedDifference { owner: "  ".to_owned(), ..audience() };
        assert_eq!(nobody.fault(NOW).map(|(field, _)| field), Some("owner"));
        let why = AcceptedDifference { reason: String::new(), ..audience() };
        assert_eq!(why.fault(NOW).map(|(field, _)| field), Some("reason"));
        let forever =
            AcceptedDifference { expires_at: NOW.plus_seconds(400 * 86_400), ..audience() };
        assert_eq!(forever.fault(NOW).map(|(field, _)| field), Some("expires_at"));
    }
}
