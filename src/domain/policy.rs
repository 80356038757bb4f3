//! Which of the strict rules about tokens are enforced, for whose tokens.
//!
//! Migration and hardening are two journeys: first the new side accepts what the old one does,
//! then one rule after the other is watched and enforced. What makes a token a token (signature,
//! algorithm, key, `crit`, duplicate members, canonical encoding, expiry, revocation, a subject)
//! is no rule here and cannot be switched.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::TokenType;

/// A rule that can be switched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// `iss` is there and is exactly the issuer's.
    Issuer,
    /// `aud` is there and names one of ours.
    Audience,
    /// `nbf`, where there, has come.
    NotBefore,
    /// `iat` is there and does not lie ahead.
    IssuedAt,
    /// `exp - iat` is within the cap; without an `iat` that has come, `exp` seen from now.
    Lifetime,
    /// `typ`, where there, is `JWT` or `at+jwt`.
    TypeHeader,
    /// `typ` is `at+jwt` (RFC 9068 §2.1). Off in the strict profile: live tokens say `JWT`.
    AccessTokenTyp,
    /// `token_type` or `type` is there, and both say the same.
    TokenType,
    /// `env` is that of this deployment.
    Environment,
    /// `svc_id` is that of this service.
    ServiceId,
    /// `jti` is there and not empty.
    TokenId,
    /// `permissions` is a list of strings, `scope` a string.
    Permissions,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 12] = [
        Self::Issuer,
        Self::Audience,
        Self::NotBefore,
        Self::IssuedAt,
        Self::Lifetime,
        Self::TypeHeader,
        Self::AccessTokenTyp,
        Self::TokenType,
        Self::Environment,
        Self::ServiceId,
        Self::TokenId,
        Self::Permissions,
    ];

    /// The name, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::NotBefore => "not_before",
            Self::IssuedAt => "issued_at",
            Self::Lifetime => "lifetime",
            Self::TypeHeader => "type_header",
            Self::AccessTokenTyp => "access_token_typ",
            Self::TokenType => "token_type",
            Self::Environment => "environment",
            Self::ServiceId => "service_id",
            Self::TokenId => "token_id",
            Self::Permissions => "permissions",
        }
    }

    /// What a token must do to keep it, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Issuer => "`iss` is there and is exactly the issuer's",
            Self::Audience => "`aud` is there and names one of ours",
            Self::NotBefore => "`nbf`, where there, has come",
            Self::IssuedAt => "`iat` is there and does not lie ahead",
            Self::Lifetime => "`exp - iat` is within the cap",
            Self::TypeHeader => "`typ`, where there, is `JWT` or `at+jwt`",
            Self::AccessTokenTyp => "`typ` is `at+jwt`",
            Self::TokenType => "`token_type` or `type` is there, and both say the same",
            Self::Environment => "`env` is that of this deployment",
            Self::ServiceId => "`svc_id` is that of this service",
            Self::TokenId => "`jti` is there and not empty",
            Self::Permissions => "`permissions` is a list of strings, `scope` a string",
        }
    }

    /// Reads a rule by its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == text)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a rule goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Not looked at.
    Off,
    /// Looked at and counted; the token is let in all the same.
    Observe,
    /// A token that breaks it is refused.
    Enforce,
}

impl Mode {
    /// `off`, `observe` or `enforce`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Observe => "observe",
            Self::Enforce => "enforce",
        }
    }

    /// Reads a mode by its name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Off, Self::Observe, Self::Enforce].into_iter().find(|mode| mode.as_str() == text)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Some of the rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleSet(u16);

impl RuleSet {
    /// Adds a rule.
    pub const fn insert(&mut self, rule: Rule) {
        self.0 |= 1 << rule as u16;
    }

    /// True when the rule is among them.
    pub const fn contains(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u16) != 0
    }

    /// True when there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The rules, in the order of [`Rule::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Rule> {
        Rule::ALL.into_iter().filter(move |rule| self.contains(*rule))
    }
}

/// The mode of every rule. In JSON an object of the rules' names; one that is missing is as the
/// strict policy has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy([Mode; Rule::ALL.len()]);

impl Policy {
    /// Everything is enforced, but [`Rule::AccessTokenTyp`].
    pub const STRICT: Self = {
        let mut modes = [Mode::Enforce; Rule::ALL.len()];
        modes[Rule::AccessTokenTyp as usize] = Mode::Off;
        Self(modes)
    };

    /// The mode of a rule.
    pub const fn mode(&self, rule: Rule) -> Mode {
        self.0[rule as usize]
    }

    /// This policy with another mode for one rule.
    #[must_use]
    pub const fn with(mut self, rule: Rule, mode: Mode) -> Self {
        self.0[rule as usize] = mode;
        self
    }

    /// Every rule and its mode.
    pub fn modes(&self) -> impl Iterator<Item = (Rule, Mode)> {
        Rule::ALL.into_iter().map(|rule| (rule, self.mode(rule)))
    }

    /// The rules that go less far here than in `other`.
    pub fn looser_than<'p>(&'p self, other: &'p Self) -> impl Iterator<Item = Rule> + 'p {
        Rule::ALL.into_iter().filter(|rule| self.mode(*rule) < other.mode(*rule))
    }
}

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.modes())
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let modes = BTreeMap::<Rule, Mode>::deserialize(deserializer)?;
        Ok(modes.into_iter().fold(Self::STRICT, |policy, (rule, mode)| policy.with(rule, mode)))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::STRICT
    }
}

/// Every policy: one for each issuer and kind of token that does not have the strict one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    own: [Policy; TokenType::ALL.len()],
    foreign: HashMap<Box<str>, [Policy; TokenType::ALL.len()]>,
}

impl Policies {
    /// The policy for tokens of a kind; `issuer` is the configured name of a foreign issuer, `None`
    /// for our own.
    pub fn of(&self, issuer: Option<&str>, kind: TokenType) -> &Policy {
        let policies = match issuer {
            None => &self.own,
            Some(name) => match self.foreign.get(name) {
                Some(policies) => policies,
                None => return &Policy::STRICT,
            },
        };
        &policies[kind as usize]
    }

    /// Sets one policy.
    pub fn put(&mut self, issuer: Option<&str>, kind: TokenType, policy: Policy) {
        let policies = match issuer {
            None => &mut self.own,
            Some(name) => self.foreign.entry(name.into()).or_default(),
        };
        policies[kind as usize] = policy;
    }
}

/// The policies in force: whoever keeps them publishes here, whoever decides reads here.
pub type LivePolicies = Arc<ArcSwap<Policies>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for (place, rule) in Rule::ALL.into_iter().enumerate() {
            assert_eq!(rule as usize, place, "{rule}");
            assert_eq!(Rule::parse(rule.as_str()), Some(rule));
            assert_eq!(serde_json::to_value(rule).expect("json"), rule.as_str());
        }
        for mode in [Mode::Off, Mode::Observe, Mode::Enforce] {
            assert_eq!(Mode::parse(mode.as_str()), Some(mode));
        }
        assert_eq!((Rule::parse("expiry"), Mode::parse("on")), (None, None));
    }

    #[test]
    fn modes_are_ordered_by_how_far_they_go() {
        assert!(Mode::Off < Mode::Observe && Mode::Observe < Mode::Enforce);
        let watched = Policy::STRICT.with(Rule::Audience, Mode::Observe);
        assert_eq!(watched.looser_than(&Policy::STRICT).collect::<Vec<_>>(), [Rule::Audience]);
        assert_eq!(Policy::STRICT.looser_than(&watched).count(), 0);
    }

    #[test]
    fn a_policy_is_read_back_and_what_it_does_not_name_is_strict() {
        let policy = Policy::STRICT.with(Rule::TokenId, Mode::Off);
        let text = serde_json::to_string(&policy).expect("json");
        assert_eq!(serde_json::from_str::<Policy>(&text).expect("a policy"), policy);
        let some = r#"{"token_id":"off"}"#;
        assert_eq!(serde_json::from_str::<Policy>(some).expect("a policy"), policy);
        assert!(serde_json::from_str::<Policy>(r#"{"signature":"off"}"#).is_err());
    }

    #[test]
    fn a_set_holds_what_was_put_into_it_and_nothing_else() {
        let mut set = RuleSet::default();
        assert!(set.is_empty());
        set.insert(Rule::Permissions);
        set.insert(Rule::Issuer);
        set.insert(Rule::Issuer);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Rule::Issuer, Rule::Permissions]);
        assert!(!set.contains(Rule::Audience) && !set.is_empty());
    }

    #[test]
    fn each_issuer_and_each_kind_has_a_policy_of_its_own() {
        let off = Policy::STRICT.with(Rule::Audience, Mode::Off);
        let mut policies = Policies::default();
        policies.put(None, TokenType::Access, off);
        policies.put(Some("idp"), TokenType::Service, off);
        for issuer in [None, Some("idp"), Some("another")] {
            for kind in TokenType::ALL {
                let changed = matches!(
                    (issuer, kind),
                    (None, TokenType::Access) | (Some("idp"), TokenType::Service)
                );
                let expected = if changed { off } else { Policy::STRICT };
                assert_eq!(*policies.of(issuer, kind), expected, "{issuer:?} {kind:?}");
            }
        }
    }
}
