//! Whose subject a token names, as far as slots are concerned.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::domain::{Members, Subject};

/// How a trusted foreign issuer names people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignIssuer {
    /// Its name in the configuration, which stands before its subjects and a bar.
    pub name: String,
    /// The claim that names the subject: the one from which the authority takes it.
    pub subject_claim: &'static str,
    /// Whether its subjects are our own of the same name.
    pub same_subjects: bool,
}

/// The issuers that are known: ours by `iss`, and the trusted foreign ones by theirs.
#[derive(Clone, Debug, Default)]
pub struct Issuers {
    /// The `iss` of tokens whose `sub` needs no issuer beside it. A token without `iss` counts as
    /// one of them.
    pub own: HashSet<String>,
    /// Trusted foreign issuers.
    pub foreign: HashMap<String, ForeignIssuer>,
}

/// A person, as slots tell people apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Person<'t> {
    /// A subject of our own issuers, or of one whose subjects are ours.
    Own(&'t str),
    /// Somebody else's: two issuers' "1" are two people.
    Foreign { issuer: &'t str, subject: &'t str },
}

impl Person<'_> {
    /// False for an empty subject and one that no token of ours could name.
    pub(super) const fn is_nameable(&self) -> bool {
        let (Self::Own(subject) | Self::Foreign { subject, .. }) = self;
        !subject.is_empty() && subject.len() <= Subject::MAX
    }
}

impl Issuers {
    /// Who the claims name, unverified; `None` when they name nobody.
    pub(super) fn person<'t>(&self, claims: &'t Members) -> Option<Person<'t>> {
        let issuer = match claims.get("iss") {
            None => None,
            Some(Value::String(issuer)) if self.own.contains(issuer) => None,
            Some(Value::String(issuer)) => Some(issuer.as_str()),
            Some(_) => return None,
        };
        let known = issuer.and_then(|issuer| self.foreign.get(issuer));
        let claim = known.map_or("sub", |known| known.subject_claim);
        let subject = claims.get(claim)?.as_str()?;
        if subject.is_empty() || subject.len() > Subject::MAX {
            return None;
        }
        Some(match issuer {
            Some(issuer) if known.is_none_or(|known| !known.same_subjects) => {
                Person::Foreign { issuer, subject }
            }
            Some(_) | None => Person::Own(subject),
        })
    }

    /// A person as the authority would grant it; `None` for somebody of an issuer that is not
    /// known, and for one of ours who looks like a foreign issuer's.
    pub(super) fn granted_name<'t>(&self, person: Person<'t>) -> Option<Cow<'t, str>> {
        match person {
            Person::Own(subject) => {
                (self.granted(subject) == person).then_some(Cow::Borrowed(subject))
            }
            Person::Foreign { issuer, subject } => {
                let known = self.foreign.get(issuer)?;
                Some(Cow::Owned(format!("{}|{subject}", known.name)))
            }
        }
    }

    /// Who a subject is that the authority has granted.
    pub(super) fn granted<'t>(&'t self, subject: &'t str) -> Person<'t> {
        let named = subject.split_once('|').and_then(|(name, rest)| {
            let mut all = self.foreign.iter();
            let (issuer, _) = all.find(|(_, known)| known.name == name && !known.same_subjects)?;
            Some(Person::Foreign { issuer, subject: rest })
        });
        named.unwrap_or(Person::Own(subject))
    }
}
