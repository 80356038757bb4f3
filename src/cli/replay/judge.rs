//! One question after the other: both answers, the verdict, the ledger.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;

use super::fault::Fault;
use super::line::{Recorded, Told};
use crate::authority::Authority;
use crate::compare::{Observation, judge};
use crate::domain::{
    AuthPath, ComponentId, Decision, PathError, Question, RequestId, Side, Timestamp,
};
use crate::ledger::{Book, Enforcement, Entry, Finding, Ledger, Outcome};
use crate::legacy::profile::ProfilePath;
use crate::report::{self, Report};

/// Most components of one recording.
const COMPONENTS_MAX: usize = 64;

/// Asks both sides and keeps the books.
pub(super) struct Judge {
    authority: Authority,
    /// `None`: only recorded answers will do.
    legacy: Option<ProfilePath>,
    ledger: Ledger,
    components: BTreeMap<ComponentId, Kept>,
    /// The latest question's time.
    latest: Timestamp,
}

struct Kept {
    book: Arc<Book>,
    /// Some answer of legacy came without its latency.
    untimed: bool,
}

impl Judge {
    pub(super) fn new(authority: Authority, legacy: Option<ProfilePath>) -> Self {
        let ledger = Ledger::new(authority.fingerprint_key().clone());
        let components = BTreeMap::new();
        Self { authority, legacy, ledger, components, latest: Timestamp::from_seconds(0) }
    }

    /// Takes one line; `number` becomes the id of its question.
    pub(super) fn take(&mut self, line: &[u8], number: u64) -> Result<(), Fault> {
        let recorded = Recorded::read(line)?;
        if recorded.legacy.is_none() && self.legacy.is_none() {
            return Err(Fault::LegacyUnknown);
        }
        let (component, kept) = component(&mut self.components, &self.ledger, &recorded)?;
        let id = RequestId::new(0, number);
        let question = Question::new(id, component, recorded.at, recorded.credentials);
        let legacy = match (recorded.legacy, &self.legacy) {
            (Some(told), _) => {
                kept.untimed |= told.took.is_none();
                observed(told)
            }
            (None, Some(model)) => ask(model, &question),
            (None, None) => return Err(Fault::LegacyUnknown),
        };
        let ssot = ask(&self.authority, &question);
        let verdict = judge(&question, &legacy, &ssot);
        kept.book.record(
            &question,
            &Entry {
                served_by: Side::Legacy,
                outcome: outcome(&legacy),
                rescued: None,
                rescue_refused: false,
                enforcement: Enforcement::Nothing,
                owned: false,
                legacy: Some(&legacy),
                ssot: Some(&ssot),
                finding: Finding::Compared {
                    verdict: &verdict,
                    accepted: false,
                    asked_again: false,
                },
            },
        );
        self.latest = self.latest.max(question.asked_at);
        Ok(())
    }

    /// The report, dated by the latest question.
    pub(super) fn report(&self) -> Report {
        let mut report =
            report::build(None, &self.ledger, self.latest, report::AlarmPeriod::Everything);
        for component in &mut report.components {
            let kept = self.components.get(&*component.component);
            if kept.is_some_and(|kept| kept.untimed) {
                // Half a histogram would be mistaken for a whole one.
                component.legacy_latency = crate::ledger::LatencySummary::default();
            }
        }
        report
    }
}

/// The component's id and its book, opened at its first line.
fn component<'k>(
    components: &'k mut BTreeMap<ComponentId, Kept>,
    ledger: &Ledger,
    recorded: &Recorded<'_>,
) -> Result<(ComponentId, &'k mut Kept), Fault> {
    let name = &*recorded.component;
    if !components.contains_key(name) {
        let id = ComponentId::parse(name)?;
        if components.len() == COMPONENTS_MAX {
            return Err(Fault::Components(COMPONENTS_MAX));
        }
        let book = ledger.book(&id);
        components.insert(id, Kept { book, untimed: false });
    }
    let kept = components.get_mut(name).ok_or(Fault::Components(COMPONENTS_MAX))?;
    Ok((kept.book.component().clone(), kept))
}

/// Both sides are in process and never wait.
fn ask(path: &dyn AuthPath, question: &Question) -> Observation {
    let start = Instant::now();
    let answer = path.decide(question).now_or_never().unwrap_or(Err(PathError::TimedOut));
    Observation { answer, took: start.elapsed() }
}

fn observed(told: Told) -> Observation {
    Observation { answer: Ok(told.decision), took: told.took.unwrap_or(Duration::ZERO) }
}

const fn outcome(served: &Observation) -> Outcome {
    match &served.answer {
        Ok(Decision::Allow(_)) => Outcome::Allowed,
        Ok(Decision::Deny(_)) => Outcome::Denied,
        Err(_) => Outcome::Undecided,
    }
}
