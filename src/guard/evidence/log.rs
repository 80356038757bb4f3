//! What was imported and withdrawn for a component, kind by kind.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Certificate, TestReport};
use crate::domain::Timestamp;
use crate::flags::Finding;
use crate::store::Row;

/// Entries that are kept of each component and kind.
pub(super) const ENTRIES_MAX: usize = 20;

/// What kind of evidence about a component is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceKind {
    /// A report of the team's own tests.
    Tests,
    /// A certificate of another installation.
    Certificate,
}

impl EvidenceKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Tests, Self::Certificate];

    /// `tests` or `certificate`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tests => "tests",
            Self::Certificate => "certificate",
        }
    }

    /// Reads a kind by its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What was kept of an import, or that the one before does not count any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// A test report.
    Tests(TestReport),
    /// A certificate's claims, never the certificate itself.
    Certificate(Certificate),
    /// The one before was withdrawn.
    Withdrawn {
        /// Why.
        note: String,
    },
}

/// One import or withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub kept: Kept,
}

impl Row for Entry {
    const FORMAT: u8 = 1;
}

impl Entry {
    /// What it says for its component; nothing once it is withdrawn.
    pub(super) fn finding(&self, now: Timestamp) -> Option<Finding> {
        match &self.kept {
            Kept::Tests(report) => Some(report.finding()),
            Kept::Certificate(certificate) => Some(certificate.finding(now)),
            Kept::Withdrawn { .. } => None,
        }
    }
}

/// What is held of one kind for one component, as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Record {
    /// What holds now.
    pub finding: Option<Finding>,
    /// How many seconds ago that was seen.
    pub age_s: Option<u64>,
    /// The latest imports and withdrawals, newest first.
    pub entries: Vec<Entry>,
}

/// The latest entries of one component and kind, oldest first, by their number.
#[derive(Debug, Default)]
pub(super) struct Log(VecDeque<(u64, Entry)>);

impl Log {
    pub(super) fn latest(&self) -> Option<&Entry> {
        self.0.back().map(|(_, entry)| entry)
    }

    pub(super) fn next_number(&self) -> u64 {
        self.0.back().map_or(0, |(number, _)| number + 1)
    }

    /// The numbers that have no room any more once another entry comes.
    pub(super) fn crowded_out(&self) -> Vec<u64> {
        let over = (self.0.len() + 1).saturating_sub(ENTRIES_MAX);
        self.0.iter().take(over).map(|(number, _)| *number).collect()
    }

    /// True when the latest entry says something.
    pub(super) fn holds(&self, now: Timestamp) -> bool {
        self.finding(now).is_some()
    }

    /// True when a certificate of that issuer is among the entries, issued then or later.
    pub(super) fn has_certificate_since(&self, issuer: &str, issued_at_s: i64) -> bool {
        self.0.iter().any(|(_, entry)| match &entry.kept {
            Kept::Certificate(held) => held.iss == issuer && held.iat >= issued_at_s,
            Kept::Tests(_) | Kept::Withdrawn { .. } => false,
        })
    }

    /// Entries come in their order.
    pub(super) fn push(&mut self, number: u64, entry: Entry) {
        self.0.push_back((number, entry));
        while self.0.len() > ENTRIES_MAX {
            self.0.pop_front();
        }
    }

    pub(super) fn finding(&self, now: Timestamp) -> Option<Finding> {
        self.latest()?.finding(now)
    }

    pub(super) fn record(&self, now: Timestamp) -> Record {
        let finding = self.finding(now);
        let age_s = finding.as_ref().map(|finding| now.since(finding.at).as_secs());
        let entries = self.0.iter().rev().map(|(_, entry)| entry.clone()).collect();
        Record { finding, age_s, entries }
    }
}
