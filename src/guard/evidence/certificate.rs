//! What one installation states about how a component did on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::EvidenceError;
use super::report::shown;
use crate::compare::MismatchClass;
use crate::domain::{ComponentId, Side, Timestamp};
use crate::flags::Finding;
use crate::flags::{Flag, Stage};
use crate::ledger::{Counter, Tally};

/// A certificate is good only over at least this many comparisons.
pub const COMPARISONS_MIN: u64 = 1000;

/// SSOT may fail once in this many comparisons.
const COMPARISONS_PER_FAILURE: u64 = 1000;

/// The claims of a certificate, computed from the flag and the ledger.
///
/// It is good when the component is neither latched nor held, when at least [`COMPARISONS_MIN`]
/// comparisons were conclusive, when none of them found a difference that changes an answer
/// (every class but `reason_differs` and `late`, accepted differences apart), and when SSOT failed at most
/// once in a thousand of them. Whoever imports it applies the rule to its counts again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The name of the installation.
    pub iss: String,
    /// Which component.
    pub component: ComponentId,
    /// How far it had come there.
    #[serde(flatten)]
    pub stage: Stage,
    /// From when on was counted, to the minute: at the earliest when its flag last changed.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Conclusive comparisons.
    pub comparisons: u64,
    /// Differences by class; a class that is not there did not occur.
    pub mismatches: BTreeMap<String, u64>,
    /// Differences that an operator there had accepted, by class.
    pub accepted: BTreeMap<String, u64>,
    /// How often SSOT failed.
    pub failures: u64,
    /// The component did well.
    pub good: bool,
    /// Why it did not.
    #[serde(default)]
    pub why: Vec<String>,
    /// When it was issued, in seconds since the epoch.
    pub iat: i64,
    /// From when on it is worth nothing, in seconds since the epoch.
    pub exp: i64,
}

impl Certificate {
    /// What is to be said of a component.
    pub(super) fn of(
        iss: &str,
        flag: &Flag,
        tally: &Tally,
        (from, until): (Timestamp, Timestamp),
        valid_for_s: i64,
    ) -> Self {
        let mut certificate = Self {
            iss: iss.to_owned(),
            component: flag.component.clone(),
            stage: flag.stage,
            from,
            until,
            comparisons: tally.conclusive(),
            mismatches: by_class(|class| tally.count(Counter::Mismatched(class))),
            accepted: by_class(|class| tally.count(Counter::Accepted(class))),
            failures: tally.failures(Side::Ssot),
            good: false,
            why: Vec::new(),
            iat: until.seconds(),
            exp: until.seconds().saturating_add(valid_for_s),
        };
        certificate.why = certificate.wrong();
        if flag.latch.is_some() {
            certificate.why.push("it was rolled back and not released".to_owned());
        }
        if flag.hold.is_some() {
            certificate.why.push("it is held".to_owned());
        }
        certificate.good = certificate.why.is_empty();
        certificate
    }

    /// Reads the claims of a verified statement about `component`.
    pub fn read(
        claims: &Map<String, Value>,
        component: &ComponentId,
    ) -> Result<Self, EvidenceError> {
        let of = claims.get("component").and_then(Value::as_str);
        let of = of.ok_or(EvidenceError::Claim("component"))?;
        if of != component.as_str() {
            return Err(EvidenceError::OtherComponent(shown(of)));
        }
        let whole = serde_json::from_value::<Self>(Value::Object(claims.clone()));
        let certificate = whole.map_err(|_| EvidenceError::Claim(first_bad(claims)))?;
        if certificate.from > certificate.until {
            return Err(EvidenceError::Claim("from"));
        }
        if certificate.until.seconds() > certificate.iat {
            return Err(EvidenceError::Claim("until"));
        }
        Ok(certificate)
    }

    /// What in the counts is not good.
    fn wrong(&self) -> Vec<String> {
        let mut why = Vec::new();
        if self.comparisons < COMPARISONS_MIN {
            why.push(format!("{} comparisons are fewer than {COMPARISONS_MIN}", self.comparisons));
        }
        for (class, count) in &self.mismatches {
            let harmless = [MismatchClass::ReasonDiffers, MismatchClass::Late];
            if *count > 0 && !harmless.iter().any(|each| each.code() == class) {
                why.push(format!("{count} differences of class {}", shown(class)));
            }
        }
        if self.failures.saturating_mul(COMPARISONS_PER_FAILURE) > self.comparisons {
            why.push(format!("ssot failed {} times", self.failures));
        }
        why
    }

    /// What it says for its component at a moment.
    pub(super) fn finding(&self, now: Timestamp) -> Finding {
        let mut why = self.wrong();
        let told = self.why.iter().map(|sentence| shown(sentence));
        why.extend(told.filter(|sentence| !self.wrong().contains(sentence)));
        if !self.good && why.is_empty() {
            why.push("its issuer says that it did not do well".to_owned());
        }
        let expired = now.seconds() >= self.exp;
        if expired {
            why.push("the certificate has expired".to_owned());
        }
        let good = self.good && why.is_empty();
        let (iss, stage, count) = (shown(&self.iss), self.stage.name(), self.comparisons);
        let what = if good {
            let share = f64::from(self.stage.share().basis_points()) / 100.0;
            format!("{count} comparisons on {iss} at {stage}, share {share} %")
        } else {
            format!("on {iss} at {stage}: {}", why.join("; "))
        };
        Finding { at: self.until, good, what }
    }
}

fn by_class(count: impl Fn(MismatchClass) -> u64) -> BTreeMap<String, u64> {
    let counts =
        MismatchClass::ALL.into_iter().map(|class| (class.code().to_owned(), count(class)));
    counts.filter(|(_, count)| *count > 0).collect()
}

/// The first claim that is missing, or `stage` when all are there and one makes no sense.
fn first_bad(claims: &Map<String, Value>) -> &'static str {
    let names = ["iss", "from", "until", "comparisons", "mismatches", "accepted", "failures"];
    let more = ["good", "iat", "exp"];
    let missing = names.into_iter().chain(more).find(|name| !claims.contains_key(*name));
    missing.unwrap_or("stage")
}
