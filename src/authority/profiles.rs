//! Policies that come ready-made: the strict one, and those that let in what a well-known library
//! lets in, as far as the rules that nobody can switch allow.
//!
//! The libraries are taken at their defaults, with our issuer, our audiences and an algorithm of
//! ours configured. Where a library has half of a rule, such as looking at an audience only where
//! there is one, a profile observes: nobody is locked out, and what the library would have refused
//! is among what is counted.

mod unmatched;

pub use unmatched::{Direction, Unmatched};

use crate::domain::{Mode, Policy, Rule};

/// A ready-made policy.
#[derive(Debug)]
pub struct Profile {
    /// Its name: `pyjwt-2`.
    pub name: &'static str,
    /// Whose behaviour it is.
    pub about: &'static str,
    /// The policy.
    pub policy: Policy,
    lists: &'static [&'static [Unmatched]],
}

impl Profile {
    /// What cannot be matched: cases in which the library and the authority under this policy
    /// answer differently, whatever is switched.
    pub fn unmatched(&self) -> impl Iterator<Item = &'static Unmatched> {
        self.lists.iter().copied().flatten()
    }
}

/// Every profile, the strict one first.
pub const fn profiles() -> &'static [Profile] {
    &PROFILES
}

/// The profile of a name.
pub fn profile(name: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| profile.name == name)
}

/// What no general-purpose library looks at.
const NO_LIBRARY_LOOKS: Policy = Policy::STRICT
    .with(Rule::TypeHeader, Mode::Off)
    .with(Rule::AccessTokenTyp, Mode::Off)
    .with(Rule::Lifetime, Mode::Off)
    .with(Rule::TokenType, Mode::Off)
    .with(Rule::Environment, Mode::Off)
    .with(Rule::ServiceId, Mode::Off)
    .with(Rule::Permissions, Mode::Off);

static PROFILES: [Profile; 5] = [
    Profile {
        name: "strict",
        about: "Every rule, but `typ: at+jwt`, which only new issuers keep",
        policy: Policy::STRICT,
        lists: &[],
    },
    Profile {
        name: "pyjwt-2",
        about: "PyJWT 2 with `algorithms`, `issuer` and `audience` given",
        policy: NO_LIBRARY_LOOKS
            .with(Rule::IssuedAt, Mode::Observe)
            .with(Rule::TokenId, Mode::Observe),
        lists: &[unmatched::OF_ANY_LIBRARY, unmatched::OF_PYTHON, unmatched::OF_PYJWT],
    },
    Profile {
        name: "python-jose",
        about: "python-jose with `algorithms`, `issuer` and `audience` given",
        policy: NO_LIBRARY_LOOKS
            .with(Rule::Audience, Mode::Observe)
            .with(Rule::IssuedAt, Mode::Off)
            .with(Rule::TokenId, Mode::Observe),
        lists: &[unmatched::OF_ANY_LIBRARY, unmatched::OF_PYTHON, unmatched::OF_JOSE],
    },
    Profile {
        name: "node-jsonwebtoken",
        about: "jsonwebtoken for Node with `algorithms`, `issuer` and `audience` given",
        policy: NO_LIBRARY_LOOKS.with(Rule::IssuedAt, Mode::Off).with(Rule::TokenId, Mode::Off),
        lists: &[unmatched::OF_ANY_LIBRARY, unmatched::OF_NODE],
    },
    Profile {
        name: "netra-core",
        about: "The core validator of the system that the legacy profiles model",
        policy: NO_LIBRARY_LOOKS
            .with(Rule::Audience, Mode::Observe)
            .with(Rule::TokenType, Mode::Enforce)
            .with(Rule::TokenId, Mode::Observe),
        lists: &[unmatched::OF_CORE],
    },
];
