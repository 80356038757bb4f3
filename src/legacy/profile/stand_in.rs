//! Identities that are given without a proof: bypasses for tests, and the ladder of modes that
//! lets callers in with a bad token or none.

use serde::Deserialize;

use super::GrantRules;
use crate::domain::{Credentials, Decision, Grant, Members, Question, Reason, Scopes};
use crate::legacy::template::Template;

/// Somebody whom the validator makes up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The subject; without one the caller stays nameless.
    pub subject: Option<Template>,
    /// What the made-up caller may do; without it nothing is said.
    pub scopes: Option<Vec<String>>,
}

impl Identity {
    pub(super) fn grant(&self, question: &Question, token: Option<&str>) -> Grant {
        let subject = self.subject.as_ref();
        Grant {
            subject: subject.and_then(|template| template.subject(question, token)),
            scopes: self.scopes.as_ref().map(|names| names.iter().collect::<Scopes>()),
            token_type: None,
            expires_at: None,
            email: None,
        }
    }
}

/// A request that any header waves through, whatever its token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BypassRules {
    /// A header whose lower-case name contains one of these ...
    pub name_contains: Vec<String>,
    /// ... and whose lower-case value contains one of these. Empty: any value.
    #[serde(default)]
    pub value_contains: Vec<String>,
    /// What happens in production: `skip` the bypass, keep it, or refuse.
    pub in_production: InProduction,
    /// Who the caller is when the unverified token does not say.
    pub otherwise: Identity,
}

impl BypassRules {
    pub(super) fn is_triggered(&self, question: &Question) -> bool {
        let Credentials::Request(parts) = question.credentials() else { return false };
        let contains = |text: &str, words: &[String]| {
            let text = text.to_ascii_lowercase();
            words.iter().any(|word| text.contains(&**word))
        };
        parts.headers.iter().any(|(name, value)| {
            contains(name, &self.name_contains)
                && (self.value_contains.is_empty() || contains(value, &self.value_contains))
        })
    }

    /// True where the header has its effect.
    pub(super) const fn lets_in(&self, production: bool) -> bool {
        self.in_production.lets_in(production)
    }

    /// The unverified token's subject, with the bypass's scopes.
    pub(super) fn grant(
        &self,
        question: &Question,
        token: &str,
        claims: Option<&Members>,
        rules: &GrantRules,
    ) -> Grant {
        let mut grant = self.otherwise.grant(question, Some(token));
        if let Some(subject) = claims.and_then(|claims| rules.subject(claims)) {
            grant.subject = Some(subject);
        }
        grant
    }
}

/// One rung of the ladder; the first enabled one that fits answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// The mode's name, by which settings switch it.
    pub name: String,
    /// Whether the mode is on.
    pub enabled: bool,
    /// Which callers it answers.
    pub answers: Vec<Situation>,
    /// What it does in production.
    pub in_production: InProduction,
    /// Whom it lets them in as.
    pub identity: Identity,
}

/// How a caller stands with the strict rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Situation {
    /// With a token that the rules accept.
    Valid,
    /// With one that they refuse.
    Invalid,
    /// Without one.
    Missing,
}

/// What a mode does in production.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InProduction {
    /// The same as elsewhere.
    Same,
    /// It does not exist there.
    Skip,
    /// It refuses everybody.
    Refuse,
}

impl InProduction {
    /// True where the mode lets anybody in.
    const fn lets_in(self, production: bool) -> bool {
        match self {
            Self::Same => true,
            Self::Skip | Self::Refuse => !production,
        }
    }
}

impl Rung {
    /// True where it lets in whoever has a bad token, or none.
    pub(super) fn lets_in_unproven(&self, production: bool) -> bool {
        let unproven = [Situation::Invalid, Situation::Missing];
        self.enabled
            && self.in_production.lets_in(production)
            && unproven.iter().any(|situation| self.answers.contains(situation))
    }

    /// True when it makes no difference to this rung whether a token is good.
    pub(super) fn treats_tokens_alike(&self) -> bool {
        self.answers.contains(&Situation::Valid) == self.answers.contains(&Situation::Invalid)
    }

    /// The rung's answer for a caller; `None` leaves it to the next one.
    pub(super) fn answer(
        &self,
        situation: Situation,
        production: bool,
        identity: impl FnOnce(&Identity) -> Grant,
    ) -> Option<Decision> {
        if !self.enabled || !self.answers.contains(&situation) {
            return None;
        }
        match self.in_production {
            InProduction::Skip if production => None,
            InProduction::Refuse if production => Some(Decision::deny(Reason::RefusesAll)),
            InProduction::Same | InProduction::Skip | InProduction::Refuse => {
                Some(Decision::Allow(identity(&self.identity)))
            }
        }
    }
}
