//! What a kind is, and how specimens of it are made.

use crate::domain::{Credentials, Reason, Subject, Timestamp};

use super::bench::Bench;
use super::mint::Mint;
use super::{claims, encoding, fresh, header, purpose, request, shape, signature, time};

/// What the strict authority must answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Let in.
    Allow,
    /// Denied, for exactly this reason.
    Deny(Reason),
}

/// One token, or one request with whatever is in it.
#[derive(Clone, Debug)]
pub struct Specimen {
    /// Names the kind; unique and stable: `expired_1s`.
    pub kind: &'static str,
    /// What is presented.
    pub credentials: Credentials,
    /// Whether a well-meaning caller would send this and is to be let in. All others are late,
    /// mistaken or hostile, and none of them may be let in.
    pub honest: bool,
    /// What the strict authority must answer.
    pub ssot: Expected,
    /// What is special about the kind, for a table.
    pub note: &'static str,
}

/// The recipe of a kind.
pub(super) struct Kind {
    name: &'static str,
    ssot: Expected,
    note: &'static str,
    make: fn(&Bench<'_>) -> Credentials,
}

/// A kind that must be let in.
pub(super) const fn allow(
    name: &'static str,
    note: &'static str,
    make: fn(&Bench<'_>) -> Credentials,
) -> Kind {
    Kind { name, ssot: Expected::Allow, note, make }
}

/// A kind that must be denied.
pub(super) const fn deny(
    name: &'static str,
    reason: Reason,
    note: &'static str,
    make: fn(&Bench<'_>) -> Credentials,
) -> Kind {
    Kind { name, ssot: Expected::Deny(reason), note, make }
}

/// Every kind, in the order of a table.
const ALL: &[&[Kind]] = &[
    fresh::KINDS,
    time::KINDS,
    claims::KINDS,
    purpose::KINDS,
    signature::KINDS,
    header::KINDS,
    encoding::KINDS,
    shape::KINDS,
    request::KINDS,
];

/// The subject of the corpus.
const SUBJECT: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

fn all() -> impl Iterator<Item = &'static Kind> {
    ALL.iter().copied().flatten()
}

/// The names of all kinds.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    all().map(|kind| kind.name)
}

/// One specimen of every kind, as presented at `now`.
pub fn corpus(mint: &Mint, now: Timestamp) -> Vec<Specimen> {
    all().map(|kind| kind.made(mint, now, SUBJECT)).collect()
}

/// A specimen of one kind for a subject; `None` when there is no such kind. Kinds that are about
/// the subject bring their own.
pub fn one(mint: &Mint, kind: &str, now: Timestamp, subject: &Subject) -> Option<Specimen> {
    all().find(|known| known.name == kind).map(|kind| kind.made(mint, now, subject.as_str()))
}

impl Kind {
    fn made(&self, mint: &Mint, now: Timestamp, subject: &str) -> Specimen {
        let bench = Bench::new(mint, self.name, now, subject);
        Specimen {
            kind: self.name,
            credentials: (self.make)(&bench),
            honest: self.ssot == Expected::Allow,
            ssot: self.ssot.clone(),
            note: self.note,
        }
    }
}
