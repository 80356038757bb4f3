//! The case against a component: what every rule has seen of it in the present attempt, and what
//! follows. Pure: no clock, no disk, no lock.
//!
//! An *attempt* begins when SSOT begins to serve and ends with a rollback; another begins when an
//! operator has released the component and it is raised again. Steps of the share do not restart
//! the evidence.

pub mod alpha;
pub mod binomial;
pub mod cause;
pub mod certificate;
pub mod divergence;
pub mod error_rate;
pub mod failover;
pub mod golden_path;
pub mod harm;
pub mod latency;
pub mod mixture;
pub mod outcomes;
pub mod recent;
pub mod regression;
mod rule;
pub mod ruling;
pub mod security;
pub mod sockets;
mod state;
pub mod subjects;
pub mod window;

use std::collections::VecDeque;

pub use certificate::CleanSubjects;
pub use rule::{rule, standings, tripping};
pub use state::CaseState;

use self::cause::{Tried, Turn};
use self::certificate::Cleanness;
use self::divergence::Divergence;
use self::error_rate::{ErrorRate, RateLimit};
use self::failover::Failovers;
use self::golden_path::GoldenWalks;
use self::harm::Harm;
use self::latency::{Latency, Pace};
use self::outcomes::Outcomes;
use self::recent::{Recent, RecentRate};
use self::regression::Regression;
use self::security::Security;
use self::sockets::Sockets;
use self::subjects::{Admitted, FailureOf, Matter, Subjects};
use self::window::Window;
use crate::domain::{Revision, Share, Side, Timestamp};
use crate::flags::{Kind, Limits, Stage};
use crate::guard::PathPoint;
use crate::ledger::{Compared, DeliveryFault, DeliverySeen, Seen, Trial, Worth};

/// Points of a path that are kept.
const PATH_MAX: usize = 64;

/// What a component is held to, and where it is.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// The numbers of the rules.
    pub limits: &'a Limits,
    /// How far it has come.
    pub stage: Stage,
    /// What kind of piece it is.
    pub kind: Kind,
}

/// What all rules have seen.
#[derive(Clone, Debug)]
pub struct Case {
    /// The number of the attempt; the first is 1. While SSOT has not served yet, that of the next.
    pub attempt: u32,
    /// When it began.
    pub since: Timestamp,
    /// When the present step of stage and share began.
    pub step_since: Timestamp,
    /// Answers by older flags belong to an attempt that has ended.
    pub from_revision: Revision,
    /// Answers that came too late for their attempt.
    pub stale: u64,
    /// Answers taken in.
    pub absorbed: u64,
    /// Who was seen.
    pub subjects: Subjects,
    /// R1.
    pub regression: Regression,
    /// R2.
    pub error_rate: ErrorRate,
    /// R3.
    pub security: Security,
    /// R4.
    pub divergence: Divergence,
    /// R5.
    pub latency: Latency,
    /// R6.
    pub sockets: Sockets,
    /// R7.
    pub walks: GoldenWalks,
    /// R8, since the step began.
    pub harm: Harm,
    /// R9, since the step began.
    pub outcomes: Outcomes,
    /// Rescues of the last minute.
    pub failovers: Failovers,
    /// The plain rules, in the order of the limits.
    pub windows: Vec<Window>,
    /// For the certificate of the present step.
    pub cleanness: Cleanness,
    clean_subjects: CleanSubjects,
    recent: Recent,
    /// How the deciding value came about: after each failure of SSOT the sum of R1's and R2's as
    /// a part of what it acts at, the latest last.
    pub path: VecDeque<PathPoint>,
}

impl Case {
    /// A new case for the attempt of this number.
    pub fn new(attempt: u32, since: Timestamp, from_revision: Revision) -> Self {
        Self {
            attempt,
            since,
            step_since: since,
            from_revision,
            stale: 0,
            absorbed: 0,
            subjects: Subjects::default(),
            regression: Regression::default(),
            error_rate: ErrorRate::default(),
            security: Security::default(),
            divergence: Divergence::default(),
            latency: Latency::default(),
            sockets: Sockets::default(),
            walks: GoldenWalks::default(),
            harm: Harm::default(),
            outcomes: Outcomes::default(),
            failovers: Failovers::default(),
            windows: Vec::new(),
            cleanness: Cleanness::default(),
            clean_subjects: CleanSubjects::default(),
            recent: Recent::default(),
            path: VecDeque::new(),
        }
    }

    /// A case for the next attempt, in which it is still known who was seen.
    #[must_use]
    pub fn follow(&self, attempt: u32, since: Timestamp, from_revision: Revision) -> Self {
        let subjects = self.subjects.follow();
        Self { subjects, ..Self::new(attempt, since, from_revision) }
    }

    /// Another step of stage or share begins: harm, outcomes and certificate are counted anew, the
    /// rest goes on.
    pub fn begin_step(&mut self, now: Timestamp) {
        self.step_since = now;
        self.harm = Harm::default();
        self.outcomes = Outcomes::default();
        self.cleanness = Cleanness::default();
        self.clean_subjects = CleanSubjects::default();
    }

    /// True when R1 and R2 together have crossed the line, and it is open whether legacy breaks the
    /// limit as well: then any answer may decide.
    pub fn is_at_the_line(&self, held: &Held<'_>) -> bool {
        self.failures_reached(held) >= 1.0
    }

    /// What R1 and R2 have won together, as a part of what must be reached. Both bet on the same
    /// failures, each with its own part of alpha: the sum is a supermartingale like each of them,
    /// and crosses 1 with a probability of at most both parts (Ville 1939).
    fn failures_reached(&self, held: &Held<'_>) -> f64 {
        let rate = self.rate_limit(held).map_or(0.0, |limit| self.error_rate.reached(&limit));
        rate + self.regression_reached(held)
    }

    /// What R1 has won, as a part of what it must reach; 0 where there are no two sides to compare.
    pub(super) fn regression_reached(&self, held: &Held<'_>) -> f64 {
        if Self::compares(held) && !self.error_rate.has_taken_over() {
            alpha::of_attempt(alpha::REGRESSION, self.attempt) * self.regression.value()
        } else {
            0.0
        }
    }

    /// True where R1 has two sides to compare.
    fn compares(held: &Held<'_>) -> bool {
        match (held.stage, held.limits.regression_percent) {
            (Stage::Canary(share), Some(ratio)) => Regression::can_compare(share, ratio),
            (Stage::Off | Stage::Shadow | Stage::Live | Stage::Sealed | Stage::Complete, _)
            | (Stage::Canary(_), None) => false,
        }
    }

    /// Other limits hold from now on. Where one is looser, its rule gives up what it has won against
    /// the stricter one: the bound is that of each limit.
    pub fn change_limits(&mut self, before: &Limits, after: &Limits) {
        // Switched off and on again is another limit, too.
        fn looser<T: PartialOrd>(before: Option<T>, after: Option<T>) -> bool {
            match (before, after) {
                (Some(before), Some(after)) => after > before,
                (None, Some(_)) => true,
                (Some(_) | None, None) => false,
            }
        }
        let ratios = (before.regression_percent, after.regression_percent);
        if looser(ratios.0, ratios.1) || matches!(ratios, (Some(_), None)) {
            self.regression.give_up_gains();
            self.error_rate.give_up_what_was_taken_over();
        }
        if looser(before.error_rate, after.error_rate) {
            self.error_rate.give_up_gains();
            self.harm = Harm::default();
        }
        if looser(before.divergence, after.divergence) {
            self.divergence.give_up_gains();
        }
        let slow = (before.slow_ms, before.slow_rate, before.latency_percent);
        if slow != (after.slow_ms, after.slow_rate, after.latency_percent) {
            self.latency.give_up_gains();
        }
        if looser(before.socket_faults, after.socket_faults) {
            self.sockets.give_up_gains();
        }
        if before.windows != after.windows {
            self.windows.clear();
        }
    }

    /// Takes in what was seen.
    pub fn absorb(&mut self, seen: &Seen, held: &Held<'_>) {
        match seen {
            Seen::Answer(trial) => self.answer(trial, held),
            Seen::Delivery(delivery) => self.delivery(delivery, held),
            Seen::Walk(walk) => self.walks.observe(walk),
            Seen::Outcome(outcome) => self.outcomes.observe(outcome),
        }
    }

    fn answer(&mut self, trial: &Trial, held: &Held<'_>) {
        if trial.revision < self.from_revision {
            self.stale += 1;
            return;
        }
        self.absorbed += 1;
        if let (Some(subject), Worth::Good | Worth::Failed | Worth::WronglyDenied) =
            (trial.subject, trial.served)
        {
            self.subjects.note_distinct(subject, trial.asked_at);
        }
        let limits = held.limits;
        if let (Compared::Alarming(gravity), true) = (trial.compared, limits.security) {
            self.security.observe(gravity, trial.subject, trial.asked_at);
        }
        self.compared(trial, held);
        self.pace(trial, held);
        if held.stage.ssot_serves() {
            self.served(trial, held);
        }
    }

    fn compared(&mut self, trial: &Trial, held: &Held<'_>) {
        let Some(subject) = trial.subject else { return };
        let harmful = match trial.compared {
            Compared::Harmless => false,
            Compared::Harmful => true,
            Compared::SsotFailed | Compared::Alarming(_) => {
                if held.stage == Stage::Shadow {
                    self.clean(trial, true, held.stage);
                }
                return;
            }
            Compared::Not => return,
        };
        let bad = harmful.then(|| Self::failure_of(trial, held.limits));
        let admitted = self.subjects.admit(Matter::Compared, subject, trial.asked_at, bad);
        if admitted != Admitted::Yes {
            return;
        }
        if let Some(tolerated) = held.limits.divergence {
            self.divergence.observe(harmful, tolerated.ppm());
        }
        if held.stage == Stage::Shadow {
            self.clean(trial, harmful, held.stage);
        }
    }

    fn pace(&mut self, trial: &Trial, held: &Held<'_>) {
        let limits = held.limits;
        let (Some(subject), Some(ssot)) = (trial.subject, trial.ssot_took) else { return };
        let of_ssot = trial.arm == Side::Ssot || held.stage == Stage::Shadow;
        if !of_ssot || !trial.proven {
            return;
        }
        let pace = Pace::of(ssot, trial.legacy_took, limits.slow_ms, limits.latency_percent);
        let bad = pace.is_bad().then(|| match pace.slow {
            Some(true) => Self::failure_of(trial, limits),
            // What legacy's own time may explain uses up no network's part.
            Some(false) | None => FailureOf { client: None, ..Self::failure_of(trial, limits) },
        });
        let admitted = self.subjects.admit(Matter::Latency, subject, trial.asked_at, bad);
        if admitted == Admitted::Yes {
            self.latency.observe(pace, limits.slow_rate.ppm());
        }
    }

    fn served(&mut self, trial: &Trial, held: &Held<'_>) {
        let Some(subject) = trial.subject else { return };
        if trial.rescued && trial.arm == Side::Ssot {
            self.failovers.observe(subject, trial.asked_at);
        }
        if trial.served == Worth::Nothing {
            return;
        }
        let bad = trial.served.is_failure();
        let failure = bad.then(|| Self::failure_of(trial, held.limits));
        match self.subjects.admit(Matter::Served, subject, trial.asked_at, failure) {
            Admitted::Yes => {}
            // A certificate errs to the cautious side.
            Admitted::Ignored if bad && trial.arm == Side::Ssot => {
                self.clean(trial, true, held.stage);
                return;
            }
            Admitted::Ignored | Admitted::Known => return,
        }
        let limits = held.limits;
        if let (true, Some(share), Some(ratio)) = (bad, trial.share, limits.regression_percent) {
            self.regression.observe(trial.arm, share, ratio);
        }
        self.hand_over(held);
        if let Some(limit) = self.rate_limit(held) {
            let legacy_failed = Self::legacy_failed_alone(trial, bad);
            let tried = Tried { arm: trial.arm, bad, legacy_failed, whole: trial.drawn };
            let regression = self.regression_reached(held);
            let turn = self.error_rate.observe(tried, &limit, regression);
            if trial.arm == Side::Ssot {
                self.harm.observe(bad, self.error_rate.is_common(), limit.ppm);
            }
            if turn == Turn::Began {
                self.harm.forgive(self.error_rate.suspicious_failures());
            }
        }
        if trial.arm == Side::Ssot {
            self.windows.resize_with(limits.windows.len(), Window::default);
            for (window, rule) in self.windows.iter_mut().zip(&limits.windows) {
                window.observe(trial.asked_at, bad, rule);
            }
            self.clean(trial, bad, held.stage);
            self.recent.observe(trial.asked_at, bad);
            if bad {
                self.note_path(trial.asked_at, held);
            }
        }
    }

    /// Whether legacy has failed a question that SSOT was asked first and has answered well; `None`
    /// where it was not asked.
    fn legacy_failed_alone(trial: &Trial, bad: bool) -> Option<bool> {
        let asked = trial.arm == Side::Ssot && trial.drawn && !bad;
        trial.other_failed.filter(|_| asked)
    }

    /// Where nobody is left to compare with, R2 takes over what R1 has left, and gives it back.
    fn hand_over(&mut self, held: &Held<'_>) {
        if !Self::compares(held) {
            self.error_rate.take_over(self.regression.value());
        } else if let Some(capital) = self.error_rate.give_back() {
            self.regression.resume(capital);
        }
    }

    /// What R2 is held to; `None` where it is switched off.
    pub(super) fn rate_limit(&self, held: &Held<'_>) -> Option<RateLimit> {
        let limits = held.limits;
        let alpha = alpha::of_attempt(alpha::error_rate(held.kind), self.attempt);
        let alpha_taken_over = alpha::of_attempt(alpha::REGRESSION, self.attempt);
        limits.error_rate.map(|rate| RateLimit {
            ppm: rate.ppm(),
            ratio_percent: limits.regression_percent.unwrap_or(150),
            alpha,
            alpha_taken_over,
        })
    }

    /// Each subject once as clean, and once as failed if it fails later. Where a wrong deny would
    /// not have been known, nobody is clean.
    fn clean(&mut self, trial: &Trial, bad: bool, stage: Stage) {
        let Some(subject) = trial.subject else { return };
        if (bad || trial.drawn) && self.clean_subjects.admit(subject, bad) {
            self.cleanness.observe(bad, Promise::of(stage).bad);
        }
    }

    fn note_path(&mut self, at: Timestamp, held: &Held<'_>) {
        let value = self.failures_reached(held);
        if self.path.len() >= PATH_MAX {
            self.path.pop_front();
        }
        self.path.push_back(PathPoint { at, ssot_trials: self.error_rate.ssot.trials, value });
    }

    /// How often SSOT fails of late; `None` where it was not tried in the last few minutes.
    pub fn recent_rate(&self, now: Timestamp) -> Option<RecentRate> {
        self.recent.rate(now)
    }

    /// Clean subjects that would still do for the certificate of this stage, if none failed; 0 when
    /// it is certified.
    pub fn certificate_missing(&self, stage: Stage) -> u64 {
        self.cleanness.clean_missing(Promise::of(stage))
    }

    /// Bytes that it takes, about.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.subjects.memory_bytes()
            + self.clean_subjects.memory_bytes()
            + self.failovers.memory_bytes()
            + self.path.capacity() * size_of::<PathPoint>()
            + self.windows.iter().map(Window::memory_bytes).sum::<usize>()
    }

    fn delivery(&mut self, seen: &DeliverySeen, held: &Held<'_>) {
        let Some(tolerated) = held.limits.socket_faults else { return };
        if seen.arm != Side::Ssot {
            return;
        }
        if seen.fault == Some(DeliveryFault::Misdelivered) {
            self.sockets.misdelivered();
            return;
        }
        let Some(subject) = seen.subject else { return };
        let per_network_max = held.limits.failures_per_network_max;
        let bad = seen.fault.map(|_| FailureOf { client: None, per_network_max });
        if self.subjects.admit(Matter::Delivery, subject, seen.at, bad) == Admitted::Yes {
            self.sockets.observe(seen.fault, tolerated.ppm());
        }
    }

    const fn failure_of(trial: &Trial, limits: &Limits) -> FailureOf {
        FailureOf { client: trial.client, per_network_max: limits.failures_per_network_max }
    }
}

/// What a certificate of a stage promises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Promise {
    /// The failure rate that is ruled out.
    pub bad: f64,
    /// The probability of certifying one that is as bad.
    pub beta: f64,
}

impl Promise {
    /// What must be shown before this stage is left upwards.
    pub const fn of(stage: Stage) -> Self {
        match stage {
            Stage::Off | Stage::Shadow => Self { bad: 0.01, beta: 0.05 },
            Stage::Canary(share) if share.basis_points() < QUARTER.basis_points() => {
                Self { bad: 0.01, beta: 0.05 }
            }
            Stage::Canary(_) | Stage::Live => Self { bad: 0.01, beta: 0.01 },
            Stage::Sealed | Stage::Complete => Self { bad: 0.005, beta: 0.01 },
        }
    }
}

const QUARTER: Share = match Share::from_basis_points(2500) {
    Some(share) => share,
    None => Share::ALL,
};

#[cfg(test)]
mod tests;
