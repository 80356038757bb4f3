//! Differences that an operator has accepted.

use serde::{Deserialize, Serialize};

use crate::domain::{MismatchClass, Timestamp};

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
    /// What the token must look like, as differences are grouped by it: `name:kind`, with a space
    /// between. Each must be there, others may be; `None` for any token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_shape: Option<String>,
    /// Most that are accepted within an hour, by the minutes in which they were asked; further
    /// ones are mismatches. `None` for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_hour: Option<u32>,
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
const SHAPE_MAX: usize = 300;
const AHEAD_MAX_SECONDS: i64 = 366 * 24 * 60 * 60;

/// So many seconds before its end, an accepted difference is said to expire.
const EXPIRING_SECONDS: i64 = 14 * 24 * 60 * 60;

/// The kinds of claims in a claim shape.
const KINDS: [&str; 8] =
    ["null", "bool", "fraction", "number", "empty", "string", "list", "object"];

/// How an accepted difference stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AcceptedState {
    /// It holds, for more than two weeks to come.
    Active,
    /// It holds, and ends within two weeks.
    Expiring,
    /// It has ended: what it covered are mismatches again.
    Expired,
}

impl AcceptedState {
    /// `active`, `expiring` or `expired`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
        }
    }
}

impl AcceptedDifference {
    /// True when this covers a mismatch of `class` with these reason codes, of a token of this
    /// claim shape, at `now`. How often it has done so is not looked at.
    pub fn accepts(
        &self,
        class: &str,
        legacy_reason: Option<&str>,
        ssot_reason: Option<&str>,
        claim_shape: &str,
        now: Timestamp,
    ) -> bool {
        let fits = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| Some(wanted) == found)
        };
        now < self.expires_at
            && self.class == class
            && fits(&self.legacy_reason, legacy_reason)
            && fits(&self.ssot_reason, ssot_reason)
            && self.claim_shape.as_deref().is_none_or(|wanted| is_part(wanted, claim_shape))
    }

    /// Seconds until it expires; negative once it has.
    pub const fn expires_in(&self, now: Timestamp) -> i64 {
        self.expires_at.seconds() - now.seconds()
    }

    /// How it stands at `now`.
    pub fn state(&self, now: Timestamp) -> AcceptedState {
        if self.expires_at <= now {
            AcceptedState::Expired
        } else if self.expires_at <= now.plus_seconds(EXPIRING_SECONDS) {
            AcceptedState::Expiring
        } else {
            AcceptedState::Active
        }
    }

    /// True when it may hide that ssot lets in more than legacy. A class that is not known, from
    /// another version, counts as one.
    pub fn may_let_in_more(&self) -> bool {
        MismatchClass::parse(&self.class).is_none_or(MismatchClass::may_let_in_more)
    }

    /// True when whoever has agreed to `other` has agreed to this: the same, or less of it.
    fn is_within(&self, other: &Self) -> bool {
        let rate = |difference: &Self| difference.max_per_hour.unwrap_or(u32::MAX);
        let (max_per_hour, expires_at) = (other.max_per_hour, other.expires_at);
        Self { max_per_hour, expires_at, ..self.clone() } == *other
            && self.expires_at <= other.expires_at
            && rate(self) <= rate(other)
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

    /// What is wrong with the class and the claim shape.
    fn matter_fault(&self) -> Option<(&'static str, &'static str)> {
        if MismatchClass::parse(&self.class).is_none() {
            let classes = "must be looser, stricter, subject_differs, scopes_differ, \
                           claims_differ, reason_differs, misdelivered, event_lost, \
                           event_repeated, event_reordered, body_differs, late or \
                           connection_differs";
            return Some(("class", classes));
        }
        if self.claim_shape.as_deref().is_some_and(|shape| !is_shape(shape)) {
            let shape = "must be `name:kind` with single spaces between, at most 300 bytes; a kind \
                         is null, bool, fraction, number, empty, string, list or object";
            return Some(("claim_shape", shape));
        }
        let never = self.max_per_hour == Some(0);
        never.then_some(("max_per_hour", "must be at least 1; without it there is no limit"))
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
            ("legacy_reason", self.legacy_reason.as_deref().is_none_or(code), CODE),
            ("ssot_reason", self.ssot_reason.as_deref().is_none_or(code), CODE),
            ("owner", text(&self.owner), TEXT),
            ("reason", text(&self.reason), TEXT),
        ];
        let fault = checks.into_iter().find(|(_, fine, _)| !fine);
        fault.map(|(field, _, problem)| (field, problem)).or_else(|| self.matter_fault())
    }
}

/// What `wanted` accepts that one person alone must not accept, and that `known` does not yet.
pub(super) fn newly_graver<'w>(
    wanted: &'w [AcceptedDifference],
    known: &'w [AcceptedDifference],
) -> impl Iterator<Item = &'w AcceptedDifference> {
    let graver = wanted.iter().filter(|difference| difference.may_let_in_more());
    graver.filter(|difference| !known.iter().any(|other| difference.is_within(other)))
}

/// True when every claim of `wanted` is in `found`, and of that kind.
fn is_part(wanted: &str, found: &str) -> bool {
    wanted.split(' ').all(|claim| found.split(' ').any(|other| other == claim))
}

fn is_shape(text: &str) -> bool {
    let is_claim = |claim: &str| {
        let Some((name, kind)) = claim.split_once(':') else { return false };
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        !name.is_empty() && name.chars().all(plain) && KINDS.contains(&kind)
    };
    text.len() <= SHAPE_MAX && text.split(' ').all(is_claim)
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
            claim_shape: None,
            max_per_hour: None,
            owner: "identity".to_owned(),
            reason: "legacy forgets audiences".to_owned(),
            expires_at: NOW.plus_seconds(60),
        }
    }

    #[test]
    fn it_covers_its_class_and_reasons_only() {
        let difference = audience();
        assert!(difference.accepts("stricter", None, Some("audience"), "", NOW));
        assert!(difference.accepts("stricter", Some("x"), Some("audience"), "", NOW));
        assert!(!difference.accepts("looser", None, Some("audience"), "", NOW));
        assert!(!difference.accepts("stricter", None, Some("expired"), "", NOW));
        assert!(!difference.accepts("stricter", Some("audience"), None, "", NOW));
    }

    #[test]
    fn an_expired_one_covers_nothing() {
        let end = audience().expires_at;
        assert!(!audience().accepts("stricter", None, Some("audience"), "", end));
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

    #[test]
    fn every_listed_claim_must_be_there_and_of_its_kind() {
        let shaped = |shape: &str| {
            let claim_shape = Some(shape.to_owned());
            AcceptedDifference { claim_shape, ..audience() }
        };
        let covers = |wanted: &str, found: &str| {
            shaped(wanted).accepts("stricter", None, Some("audience"), found, NOW)
        };
        assert!(covers("sub:string", "exp:number sub:string +2"));
        assert!(covers("sub:string exp:number", "exp:number sub:string"));
        assert!(!covers("sub:string", "sub:number"));
        assert!(!covers("sub:string iat:number", "sub:string"));
        assert!(!covers("sub:string", "no token"));
        for odd in ["", "sub", "sub:", ":string", "sub:text", "sub:string  exp:number", "+1"] {
            assert_eq!(
                shaped(odd).fault(NOW).map(|(field, _)| field),
                Some("claim_shape"),
                "{odd}"
            );
        }
        assert_eq!(shaped("aud:list exp:number").fault(NOW), None);
    }

    #[test]
    fn a_class_that_nobody_counts_and_a_rate_of_nothing_are_refused() {
        let odd = AcceptedDifference { class: "softer".to_owned(), ..audience() };
        assert_eq!(odd.fault(NOW).map(|(field, _)| field), Some("class"));
        let never = AcceptedDifference { max_per_hour: Some(0), ..audience() };
        assert_eq!(never.fault(NOW).map(|(field, _)| field), Some("max_per_hour"));
    }

    #[test]
    fn it_is_said_to_expire_two_weeks_ahead() {
        let ends_in = |seconds| {
            let expires_at = NOW.plus_seconds(seconds);
            AcceptedDifference { expires_at, ..audience() }.state(NOW)
        };
        assert_eq!(ends_in(EXPIRING_SECONDS + 1), AcceptedState::Active);
        assert_eq!(ends_in(EXPIRING_SECONDS), AcceptedState::Expiring);
        assert_eq!(ends_in(1), AcceptedState::Expiring);
        assert_eq!(ends_in(0), AcceptedState::Expired);
    }

    #[test]
    fn what_is_shortened_or_slowed_is_not_accepted_anew() {
        let looser = AcceptedDifference { class: "looser".to_owned(), ..audience() };
        let known = [looser.clone()];
        let is_new =
            |difference: AcceptedDifference| newly_graver(&[difference], &known).next().is_some();
        assert!(!is_new(looser.clone()));
        assert!(!is_new(AcceptedDifference { max_per_hour: Some(3), ..looser.clone() }));
        let (sooner, later) = (NOW.plus_seconds(1), NOW.plus_seconds(61));
        assert!(!is_new(AcceptedDifference { expires_at: sooner, ..looser.clone() }));
        assert!(is_new(AcceptedDifference { expires_at: later, ..looser.clone() }));
        assert!(is_new(AcceptedDifference { ssot_reason: None, ..looser.clone() }));
        assert!(is_new(AcceptedDifference { reason: "another".to_owned(), ..looser }));
        assert!(!is_new(audience()), "stricter needs nobody else");
        let scopes = AcceptedDifference { class: "scopes_differ".to_owned(), ..audience() };
        assert!(is_new(scopes), "ssot may be the one that grants more");
    }
}
