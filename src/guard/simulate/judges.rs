//! Whoever judges a run: the guard, the fixed windows of the component, and their rivals.

use std::time::Duration;

use super::chance::mixed;
use super::described::start;
use super::rivals::{RIVALS, RivalCase};
use crate::domain::{Revision, Side, SubjectKey, Timestamp};
use crate::flags::{Kind, Limits, Stage};
use crate::guard::case::{Case, Held, rule};
use crate::guard::{GuardRule, Ruling};
use crate::ledger::{Seen, Trial};

/// The guard looks at least so often.
const LOOK: Duration = Duration::from_millis(100);

/// The guard, on a clock of its own.
#[derive(Clone, Debug)]
pub struct GuardJudge<'a> {
    case: Case,
    held: Held<'a>,
    looked: Timestamp,
}

impl<'a> GuardJudge<'a> {
    /// One that has seen nothing of SSOT. Before it, `known` people were served by legacy.
    pub fn new(limits: &'a Limits, stage: Stage, kind: Kind, since: Timestamp, known: u64) -> Self {
        let mut case = Case::new(1, since, Revision::default());
        for number in 0..known {
            case.subjects.note_distinct(SubjectKey::from_hash(mixed(number)), since);
        }
        Self { case, held: Held { limits, stage, kind }, looked: since }
    }

    /// What it has seen.
    #[cfg(test)]
    pub(super) const fn case(&self) -> &Case {
        &self.case
    }

    /// Takes in a trial; the rule that rolls back with it, if one does.
    pub fn see(&mut self, trial: &Trial) -> Option<GuardRule> {
        self.case.absorb(&Seen::Answer(*trial), &self.held);
        let now = trial.asked_at;
        let due = now.since(self.looked) >= LOOK && self.may_act_without_failure();
        if !due && !trial.served.is_failure() {
            return None;
        }
        self.look(now)
    }

    /// The rule that rolls back at this moment.
    pub fn look(&mut self, now: Timestamp) -> Option<GuardRule> {
        self.looked = now;
        match rule(&self.case, &self.held, now) {
            Ruling::Trip { found } => Some(found.rule),
            Ruling::Wait { .. } | Ruling::Pass | Ruling::Hold { .. } => None,
        }
    }

    /// Nearly always a rule can only act with a failure, and a look between two would find nothing:
    /// unless a window ends, or R2 is at the line and waits for legacy's word.
    fn may_act_without_failure(&self) -> bool {
        !self.held.limits.windows.is_empty() || self.case.is_at_the_line(&self.held)
    }
}

/// When somebody has rolled back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alarm {
    /// When.
    pub at: Timestamp,
    /// Subjects that SSOT had served since it became worse.
    pub subjects: u64,
    /// Those of them whom it had failed.
    pub harmed: u64,
    /// It had become worse by then.
    pub worse: bool,
    /// Which rule, where it was the guard.
    pub rule: Option<GuardRule>,
}

/// All that judge one run, and what they have seen of it together.
pub(super) struct Judges<'a> {
    guard: GuardJudge<'a>,
    windows: Option<GuardJudge<'a>>,
    rivals: Vec<RivalCase>,
    alarms: Vec<Option<Alarm>>,
    pub(super) subjects: u64,
    pub(super) harmed: u64,
    pub(super) worse_since: Option<Timestamp>,
}

impl<'a> Judges<'a> {
    /// `limits`: of the guard; `windows`: the component's own plain rules alone, if it has any.
    pub(super) fn new(
        limits: &'a Limits,
        windows: Option<&'a Limits>,
        (stage, kind): (Stage, Kind),
        since: Timestamp,
        known: u64,
    ) -> Self {
        let judge = |limits| GuardJudge::new(limits, stage, kind, since, known);
        let rivals: Vec<RivalCase> =
            RIVALS.iter().map(|rival| RivalCase::new(*rival, since)).collect();
        let alarms = vec![None; 1 + usize::from(windows.is_some()) + rivals.len()];
        Self {
            guard: judge(limits),
            windows: windows.map(judge),
            rivals,
            alarms,
            subjects: 0,
            harmed: 0,
            worse_since: None,
        }
    }

    /// The names of the judges, in the order of their alarms.
    pub(super) fn names(windows: bool) -> Vec<String> {
        let mut names = vec!["this guard".to_owned()];
        names.extend(windows.then(|| "the component's own windows alone".to_owned()));
        names.extend(RIVALS.iter().map(|rival| rival.name.to_owned()));
        names
    }

    /// Shows all of them a request; `again`: of somebody who was failed just now.
    pub(super) fn see(&mut self, trial: &Trial, again: bool, worse: bool) {
        let ssot = trial.arm == Side::Ssot;
        let failed = trial.served.is_failure();
        if worse && self.worse_since.is_none() {
            self.worse_since = Some(trial.asked_at);
            (self.subjects, self.harmed) = (0, 0);
        }
        if ssot && !again {
            self.subjects += 1;
            self.harmed += u64::from(failed);
        }
        let alarm = |rule| Alarm {
            at: trial.asked_at,
            subjects: self.subjects,
            harmed: self.harmed,
            worse,
            rule,
        };
        let mut alarms = self.alarms.iter_mut();
        let guards = std::iter::once(&mut self.guard).chain(&mut self.windows);
        for (judge, place) in guards.zip(&mut alarms) {
            if place.is_none() {
                *place = judge.see(trial).map(|rule| alarm(Some(rule)));
            }
        }
        for (rival, place) in self.rivals.iter_mut().zip(&mut alarms) {
            if ssot && place.is_none() && rival.observe(trial.asked_at, failed) {
                *place = Some(alarm(None));
            }
        }
    }

    /// True when nobody is left who could still roll back.
    pub(super) fn are_done(&self) -> bool {
        self.alarms.iter().all(Option::is_some)
    }

    /// What each has done.
    pub(super) fn alarms(self) -> Vec<Option<Alarm>> {
        self.alarms
    }
}

/// The limits with which nothing but the plain rules over fixed windows is armed.
pub(super) fn windows_alone(limits: &Limits) -> Option<Limits> {
    (!limits.windows.is_empty()).then(|| Limits {
        regression_percent: None,
        error_rate: None,
        security: false,
        divergence: None,
        slow_ms: None,
        latency_percent: None,
        socket_faults: None,
        walks_failed: None,
        harm_max: None,
        outcome_drop_percent: None,
        failover_max: None,
        ..limits.clone()
    })
}

/// When a run of described traffic begins.
pub const fn beginning() -> Timestamp {
    start()
}
