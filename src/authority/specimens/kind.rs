//! What a kind is, and how specimens of it are made.

use std::collections::HashSet;

use crate::authority::Algorithm;
use crate::domain::{Credentials, Reason, Subject, Timestamp};

use super::bench::Bench;
use super::mint::Mint;
use super::{claims, encoding, fresh, further, header, purpose, request, shape, signature, time};

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
    /// Whose key signed it, as far as the kind leaves that open.
    pub algorithm: Algorithm,
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
    of: Of,
    make: fn(&Bench<'_>) -> Credentials,
}

/// Of which algorithms there are specimens.
#[derive(Clone, Copy)]
enum Of {
    All,
    /// Those with a public key.
    Pairs,
    Only(Algorithm),
}

/// A kind that must be let in.
pub(super) const fn allow(
    name: &'static str,
    note: &'static str,
    make: fn(&Bench<'_>) -> Credentials,
) -> Kind {
    Kind { name, ssot: Expected::Allow, note, of: Of::All, make }
}

/// A kind that must be denied.
pub(super) const fn deny(
    name: &'static str,
    reason: Reason,
    note: &'static str,
    make: fn(&Bench<'_>) -> Credentials,
) -> Kind {
    Kind { name, ssot: Expected::Deny(reason), note, of: Of::All, make }
}

/// One kind for each value: names and values, and what makes a specimen of a value.
macro_rules! each {
    ($reason:expr, $note:literal, $make:expr; $($name:expr => $value:expr,)+) => {
        &[$(crate::authority::specimens::kind::deny($name, $reason, $note, |b| {
            ($make)(b, $value)
        })),+]
    };
}
pub(super) use each;

/// The kinds that profiles and replays tell apart, in the order of a table.
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

/// The names of the kinds in the order of a table.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    all().map(|kind| kind.name)
}

/// One specimen of each of these kinds, as presented at `now`.
pub fn corpus(mint: &Mint, now: Timestamp) -> Vec<Specimen> {
    all().map(|kind| kind.made(mint, now, SUBJECT)).collect()
}

/// Specimens of every kind under every algorithm, as presented at `now`: those of [`corpus`], and
/// the many finer ones that only the strict authority is asked about.
pub fn crossed(mint: &Mint, now: Timestamp) -> Vec<Specimen> {
    let kinds = all().chain(further::KINDS.iter().copied().flatten());
    let mut known = HashSet::new();
    let specimens = kinds.flat_map(|kind| kind.crossed(mint, now));
    specimens.filter(|specimen| known.insert(written(&specimen.credentials))).collect()
}

/// What is presented, to tell specimens apart: a request without a token is the same under every
/// algorithm.
fn written(credentials: &Credentials) -> String {
    match credentials {
        Credentials::Token(token) => token.reveal().to_owned(),
        Credentials::Request(parts) => {
            format!("{} {} {:?}", parts.method, parts.target, parts.headers)
        }
    }
}

/// A specimen of one kind for a subject; `None` when there is no such kind. Kinds that are about
/// the subject bring their own.
pub fn one(mint: &Mint, kind: &str, now: Timestamp, subject: &Subject) -> Option<Specimen> {
    all().find(|known| known.name == kind).map(|kind| kind.made(mint, now, subject.as_str()))
}

impl Kind {
    /// The same kind for the algorithms that have a public key.
    pub(super) const fn of_pairs(mut self) -> Self {
        self.of = Of::Pairs;
        self
    }

    /// The same kind for one algorithm.
    pub(super) const fn only(mut self, algorithm: Algorithm) -> Self {
        self.of = Of::Only(algorithm);
        self
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        match self.of {
            Of::All => true,
            Of::Pairs => algorithm != Algorithm::Hs256,
            Of::Only(only) => algorithm == only,
        }
    }

    /// One specimen per algorithm; only one where the recipe makes the same under each.
    fn crossed(&self, mint: &Mint, now: Timestamp) -> Vec<Specimen> {
        let mut specimens = Vec::new();
        for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| self.fits(*algorithm)) {
            let bench = Bench::new(mint, (self.name, algorithm), now, SUBJECT);
            specimens.push(self.on(&bench, algorithm));
            if !bench.depends() {
                break;
            }
        }
        specimens
    }

    fn made(&self, mint: &Mint, now: Timestamp, subject: &str) -> Specimen {
        let algorithm = Algorithm::Hs256;
        self.on(&Bench::new(mint, (self.name, algorithm), now, subject), algorithm)
    }

    fn on(&self, bench: &Bench<'_>, algorithm: Algorithm) -> Specimen {
        Specimen {
            kind: self.name,
            algorithm,
            credentials: (self.make)(bench),
            honest: self.ssot == Expected::Allow,
            ssot: self.ssot.clone(),
            note: self.note,
        }
    }
}
