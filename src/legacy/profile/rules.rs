//! A whole profile, and reading one.

use serde::Deserialize;

use super::{
    AudienceRules, BreakerRules, BypassRules, CacheRules, ClaimRules, EnvironmentRules, GrantRules,
    HeaderRules, Identity, IssuerRules, KeyRules, ReplayRules, RevocationRules, Rung, TimeRules,
    TokenRules, TypeRules,
};
use crate::legacy::{LegacyError, Source};

/// A legacy validator, declared. Read from TOML; what is left out is not checked, except
/// signatures, which are. Unknown members are errors.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The catalogue number of the validator that is modelled, such as `V01`.
    pub id: String,
    /// One line about it.
    pub description: String,
    /// What it does at all.
    #[serde(default)]
    pub rule: Rule,
    /// Whether its callers learn why they were refused.
    #[serde(default)]
    pub reasons: Reasons,
    /// How a refusal looks from outside.
    #[serde(default)]
    pub failure: Failure,
    /// True where production's stricter modes hold.
    #[serde(default = "yes")]
    pub production: bool,
    /// Where it takes the token from, first find wins.
    #[serde(default = "argument")]
    pub sources: Vec<Source>,
    /// Where another extractor must find anything at all first; empty: there is none.
    #[serde(default)]
    pub gate: Vec<Source>,
    /// Token texts that are refused by how they start.
    #[serde(default)]
    pub reject_prefixes: Vec<String>,
    /// How the token is taken apart.
    #[serde(default)]
    pub token: TokenRules,
    /// Rules for the header.
    #[serde(default)]
    pub header: HeaderRules,
    /// Keys and signature.
    #[serde(default)]
    pub key: KeyRules,
    /// Presence and types of claims.
    #[serde(default)]
    pub claims: ClaimRules,
    /// `exp`, `nbf`, `iat`.
    #[serde(default)]
    pub time: TimeRules,
    /// `iss`.
    #[serde(default)]
    pub issuer: IssuerRules,
    /// `aud`.
    #[serde(default)]
    pub audience: AudienceRules,
    /// `token_type`.
    #[serde(default)]
    pub token_type: TypeRules,
    /// `env`.
    #[serde(default)]
    pub environment: EnvironmentRules,
    /// Cached verdicts.
    pub cache: Option<CacheRules>,
    /// Private revocations.
    pub revocation: Option<RevocationRules>,
    /// Used token ids.
    pub replay: Option<ReplayRules>,
    /// The circuit breaker.
    pub breaker: Option<BreakerRules>,
    /// Headers that wave a request through.
    pub bypass: Option<BypassRules>,
    /// Modes that let callers in without a proof.
    #[serde(default)]
    pub ladder: Vec<Rung>,
    /// What an accepted token grants.
    #[serde(default)]
    pub grant: GrantRules,
}

/// What a validator does at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rule {
    /// Follows the profile's rules.
    #[default]
    Validate,
    /// Refuses everybody, whatever the token.
    RefuseEveryone,
    /// Lets everybody in, with a token or without.
    AdmitEveryone {
        /// As whom.
        identity: Identity,
    },
    /// Lets in whoever's token contains a text, and follows the rules for the rest.
    AdmitText {
        /// The text.
        contains: String,
        /// As whom.
        identity: Identity,
    },
}

/// Whether callers learn why they were refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reasons {
    /// They do.
    #[default]
    Told,
    /// One answer for every reason.
    Merged,
}

/// How a refusal looks from outside; for readers, not for the decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// HTTP status or WebSocket close code.
    pub status: Option<u16>,
    /// What comes with it.
    pub text: Option<String>,
}

const fn yes() -> bool {
    true
}

fn argument() -> Vec<Source> {
    vec![Source::Argument]
}

impl Profile {
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
        let verifies = self.rule_needs_keys();
        let named = self.header.algorithms.as_ref().is_some_and(|list| !list.is_empty());
        fault(verifies && !named, "signatures are checked but header.algorithms names none");
        fault(self.sources.is_empty(), "sources names no place for the token");
        let empty = |max: Option<usize>| max == Some(0);
        fault(empty(self.cache.as_ref().map(|c| c.entries_max)), "cache.entries_max is 0");
        fault(
            empty(self.revocation.as_ref().map(|r| r.entries_max)),
            "revocation.entries_max is 0",
        );
        fault(empty(self.replay.as_ref().map(|r| r.entries_max)), "replay.entries_max is 0");
        fault(self.breaker.as_ref().is_some_and(|b| b.failures == 0), "breaker.failures is 0");
        if faults.is_empty() {
            return Ok(());
        }
        Err(LegacyError::Faults { path: self.id.clone(), faults })
    }

    /// True when whoever is let in has shown a signature that verifies: there is no other way in.
    pub fn verifies(&self) -> bool {
        let by_rule = match self.rule {
            Rule::Validate => self.key.signature_checked,
            Rule::AdmitEveryone { .. } | Rule::AdmitText { .. } => false,
            // There is no way in at all.
            Rule::RefuseEveryone => return true,
        };
        let waves = self.bypass.as_ref().is_some_and(|rules| rules.lets_in(self.production));
        by_rule && !waves && !self.ladder.iter().any(|rung| rung.lets_in_unproven(self.production))
    }

    /// True when some answer depends on a signature.
    pub(super) const fn rule_needs_keys(&self) -> bool {
        match self.rule {
            Rule::Validate | Rule::AdmitText { .. } => self.key.signature_checked,
            Rule::RefuseEveryone | Rule::AdmitEveryone { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "id = 'X'\ndescription = 'd'\n";

    #[test]
    fn a_member_that_no_rule_knows_is_refused_with_its_place() {
        let error = Profile::from_toml(&format!("{HEAD}lenient = true")).expect_err("unknown");
        assert!(error.to_string().contains("lenient"), "{error}");
        let nested = format!("{HEAD}[time.exp]\nleeway = 5");
        assert!(Profile::from_toml(&nested).is_err());
    }

    #[test]
    fn a_profile_that_checks_signatures_names_its_algorithms() {
        let error = Profile::from_toml(HEAD).expect_err("no algorithms");
        assert!(error.to_string().contains("header.algorithms"), "{error}");
        let skipped = format!("{HEAD}[key]\nsignature_checked = false");
        assert!(Profile::from_toml(&skipped).is_ok());
    }
}
