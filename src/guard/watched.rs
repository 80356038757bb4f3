//! One component as the guard watches it: its case, and what of it was told.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::case::ruling::{Found, GuardRule, Ruling};
use super::case::{Case, CaseState, Held, Promise, rule, standings, tripping};
use super::simulate::foretell;
use super::{CertificateView, DecisionCard, Deed, GuardView, Without};
use crate::domain::{Revision, SubjectKey, Timestamp};
use crate::flags::{Flag, GuardMode, Limits, Stage};
use crate::store::Row;

/// So long must nothing hold before it is told that nothing does.
const QUIET_FOR: Duration = Duration::from_mins(1);

/// One component, watched.
pub(super) struct Watched {
    pub(super) case: Case,
    /// Where the component was when it was last looked at.
    stage: Stage,
    revision: Revision,
    /// When the latch that was last seen was set.
    latch_at: Option<Timestamp>,
    /// SSOT has served in this attempt.
    has_served: bool,
    /// Rules that would have rolled back in this attempt, and were told.
    told: Vec<GuardRule>,
    /// Rules that hold, as they were told.
    holding: Vec<GuardRule>,
    /// Since when none holds any more.
    quiet_since: Option<Timestamp>,
    /// What it was held to.
    limits: Limits,
    /// Something was absorbed or moved since the last ruling.
    pub(super) touched: bool,
    /// Something has changed since it was kept.
    pub(super) unkept: bool,
}

/// What is kept of it.
#[derive(Serialize, Deserialize)]
pub(super) struct WatchedRow {
    case: CaseState,
    #[serde(flatten)]
    stage: Stage,
    revision: Revision,
    limits: Limits,
    latch_at: Option<Timestamp>,
    has_served: bool,
    told: Vec<GuardRule>,
    holding: Vec<GuardRule>,
}

impl Row for WatchedRow {
    const FORMAT: u8 = 1;
}

impl WatchedRow {
    /// The number of the attempt.
    pub(super) const fn attempt(&self) -> u32 {
        self.case.attempt
    }
}

/// The numbers and the place of a flag, as rules need them.
pub(super) fn held(flag: &Flag) -> Held<'_> {
    Held { limits: &flag.limits, stage: flag.stage, kind: flag.kind }
}

impl Watched {
    /// A component that was never watched.
    pub(super) fn new(flag: &Flag, now: Timestamp) -> Self {
        let mut watched = Self {
            case: Case::new(1, now, Revision::default()),
            stage: flag.stage,
            revision: flag.revision,
            latch_at: None,
            has_served: flag.stage.ssot_serves(),
            told: Vec::new(),
            holding: Vec::new(),
            quiet_since: None,
            limits: flag.limits.clone(),
            touched: true,
            unkept: true,
        };
        // A latch that is older than the watching has ended an attempt all the same.
        watched.follow_latch(flag, now);
        watched
    }

    /// As it was kept; `left`: who has failed in its attempt.
    pub(super) fn restored(
        row: WatchedRow,
        left: impl IntoIterator<Item = (SubjectKey, u8)>,
        flag: &Flag,
        now: Timestamp,
    ) -> Self {
        let mut watched = Self {
            case: Case::restore(row.case, left),
            stage: row.stage,
            revision: row.revision,
            latch_at: row.latch_at,
            has_served: row.has_served,
            told: row.told,
            holding: row.holding,
            quiet_since: None,
            limits: row.limits,
            touched: true,
            unkept: false,
        };
        // Whatever has moved since it was kept is followed like any other move.
        watched.follow(flag, now);
        watched.follow_latch(flag, now);
        watched
    }

    pub(super) fn row(&self) -> WatchedRow {
        WatchedRow {
            case: self.case.state(),
            stage: self.stage,
            revision: self.revision,
            limits: self.limits.clone(),
            latch_at: self.latch_at,
            has_served: self.has_served,
            told: self.told.clone(),
            holding: self.holding.clone(),
        }
    }

    /// Follows a flag that may have changed. True when the attempt is another one.
    pub(super) fn follow(&mut self, flag: &Flag, now: Timestamp) -> bool {
        let is_older = flag.revision < self.revision;
        if is_older || (flag.revision == self.revision && flag.stage == self.stage) {
            return false;
        }
        self.touched = true;
        self.unkept = true;
        self.revision = flag.revision;
        if flag.limits != self.limits {
            if flag.limits.mode != self.limits.mode {
                self.told.clear();
            }
            self.case.change_limits(&self.limits, &flag.limits);
            self.limits = flag.limits.clone();
        }
        let moved = flag.stage != self.stage;
        self.stage = flag.stage;
        if self.follow_latch(flag, now) {
            return true;
        }
        if moved && flag.stage == Stage::Off {
            // Whoever switches it off and on again wants to begin anew.
            let attempt = self.case.attempt + u32::from(self.has_served);
            self.begin(attempt, flag, now);
            return true;
        }
        if moved {
            self.case.begin_step(now);
        }
        self.has_served |= flag.stage.ssot_serves();
        false
    }

    /// Whatever latches a component ends its attempt.
    fn follow_latch(&mut self, flag: &Flag, now: Timestamp) -> bool {
        let Some(latch) = &flag.latch else { return false };
        if self.latch_at == Some(latch.at) {
            return false;
        }
        self.latch_at = Some(latch.at);
        self.begin(self.case.attempt.saturating_add(1), flag, now);
        true
    }

    fn begin(&mut self, attempt: u32, flag: &Flag, now: Timestamp) {
        // Answers by the flag as it was belong to the attempt that has ended. A rollback to which the
        // disk has given no revision yet still has that of the row before.
        let unnumbered = flag.latch.as_ref().is_some_and(|latch| latch.revision == Revision(0));
        let from = Revision(flag.revision.0 + u64::from(unnumbered));
        self.case = self.case.follow(attempt, now, from);
        self.has_served = flag.stage.ssot_serves();
        self.told.clear();
        self.holding.clear();
        self.unkept = true;
    }

    pub(super) fn rule(&self, flag: &Flag, now: Timestamp) -> Ruling {
        rule(&self.case, &held(flag), now)
    }

    /// The first rule that trips. Where nothing is done about it, each is told once an attempt.
    pub(super) fn trip(&self, flag: &Flag, now: Timestamp) -> Option<Found> {
        let is_dry = Self::is_dry(flag);
        let all = tripping(&self.case, &held(flag), now);
        all.into_iter().find(|found| !is_dry || !self.told.contains(&found.rule))
    }

    /// A trip that rolls nothing back is told once an attempt.
    pub(super) fn mark_told(&mut self, rule: GuardRule) {
        self.told.push(rule);
        self.unkept = true;
    }

    /// What is news about what holds: `Some(true)` when a rule holds that did not, `Some(false)`
    /// when none has for a minute.
    pub(super) fn hold_news(&mut self, ruling: &Ruling, now: Timestamp) -> Option<bool> {
        let holding: Vec<GuardRule> = match ruling {
            Ruling::Hold { found } => found.iter().map(|found| found.rule).collect(),
            Ruling::Wait { .. } | Ruling::Pass => Vec::new(),
            // What rolls back does not hold.
            Ruling::Trip { .. } => return None,
        };
        if holding.is_empty() {
            if self.holding.is_empty() {
                return None;
            }
            let since = *self.quiet_since.get_or_insert(now);
            if now.since(since) < QUIET_FOR {
                return None;
            }
            self.holding.clear();
            (self.quiet_since, self.unkept) = (None, true);
            return Some(false);
        }
        self.quiet_since = None;
        let before = self.holding.len();
        self.holding.extend(holding);
        self.holding.sort_unstable();
        self.holding.dedup();
        let more = self.holding.len() > before;
        self.unkept |= more;
        more.then_some(true)
    }

    /// What there is to tell about a ruling.
    pub(super) fn card(
        &self,
        id: String,
        (found, deed): (Vec<Found>, Deed),
        flag: &Flag,
        (samples, unseen): (Vec<String>, u64),
        now: Timestamp,
    ) -> DecisionCard {
        let without = self.case.recent_rate(now).map(|recent| Without {
            failure_rate: recent.failure_rate,
            trials_per_minute: recent.trials_per_minute,
            people_per_hour: recent.failure_rate * recent.trials_per_minute * 60.0,
        });
        DecisionCard {
            id,
            component: flag.component.clone(),
            at: now,
            found,
            deed,
            stage: flag.stage,
            revision: flag.revision,
            attempt: self.case.attempt,
            attempt_since: self.case.since,
            standings: standings(&self.case, &held(flag), now),
            path: self.case.path.iter().copied().collect(),
            limits: flag.limits.clone(),
            samples,
            without,
            published_after_us: None,
            unseen,
        }
    }

    /// The evidence as it is now.
    pub(super) fn view(&self, flag: &Flag, unseen: u64, now: Timestamp) -> GuardView {
        let (case, promise) = (&self.case, Promise::of(flag.stage));
        let recent = case.recent_rate(now);
        let foretold = recent.iter().flat_map(|recent| {
            let (traffic, baseline) = (recent.trials_per_minute, recent.failure_rate);
            flag.limits.windows.iter().map(move |window| foretell(window, traffic, baseline))
        });
        GuardView {
            component: flag.component.clone(),
            at: now,
            stage: flag.stage,
            revision: flag.revision,
            ruling: self.rule(flag, now),
            standings: standings(case, &held(flag), now),
            attempt: case.attempt,
            attempt_since: case.since,
            step_since: case.step_since,
            certificate: CertificateView {
                below: promise.bad,
                confidence: 1.0 - promise.beta,
                subjects: case.cleanness.subjects,
                failed: case.cleanness.failed,
                value: case.cleanness.value(),
                certified_at: 1.0 / promise.beta,
                clean_subjects_missing: case.certificate_missing(flag.stage),
            },
            answers: case.absorbed,
            late_answers: case.stale,
            subjects_left: case.subjects.left() as u64,
            ignored: case.subjects.ignored(),
            unseen,
            clients_unseen: !case.subjects.networks_are_seen(),
            memory_bytes: case.memory_bytes() as u64,
            limits: flag.limits.clone(),
            recent,
            foretold: foretold.collect(),
        }
    }

    /// True for a component that the guard only watches.
    pub(super) const fn is_dry(flag: &Flag) -> bool {
        match flag.limits.mode {
            GuardMode::DryRun => true,
            GuardMode::Act | GuardMode::Off => false,
        }
    }
}
