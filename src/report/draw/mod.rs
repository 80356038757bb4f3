//! Drawing up the report of a period.
//!
//! Reads the disk: for pages and reports, never for answers.

mod figures;
mod groups;
mod harm;
mod latency;
mod past;
mod readiness;
mod series;
mod walks;

use std::ops::RangeInclusive;
use std::sync::Arc;

use self::past::Past;
pub(super) use self::past::what;
use super::checks::{Check, Checks, Judged};
use super::document::{
    CheckPart, ComponentPart, Document, GoldenPathPart, NoEvidence, Occasion, ReadinessPart, SCHEMA,
};
use super::rate::{rate, wilson};
use super::{Period, ReportError, Scope};
use crate::domain::{MismatchClass, Timestamp};
use crate::flags::{Flag, Flags, Snapshot};
use crate::guard::{EvidenceRoom, Guard, Plans};
use crate::ledger::{Journeys, Ledger, Timeline};

/// Points of all components' series in one report, at about 370 bytes each.
const POINTS_MAX: usize = 6_000;

/// Points of one component's series: fewer make no chart, more are not seen.
const POINTS: RangeInclusive<usize> = 6..=400;

/// Points of each component's series where there are so many components.
fn points_max(components: usize) -> usize {
    (POINTS_MAX / components.max(1)).clamp(*POINTS.start(), *POINTS.end())
}

/// Where the twelve checks are judged.
pub type CheckSource = Arc<dyn Fn(Timestamp) -> Checks + Send + Sync>;

/// Where a report's figures come from.
pub struct Sources {
    /// The flag table and its history.
    pub flags: Arc<Flags>,
    /// Kept examples of differences.
    pub ledger: Arc<Ledger>,
    /// Counts over time.
    pub timeline: Timeline,
    /// Rulings and decision cards.
    pub guard: Guard,
    /// Rollout plans.
    pub plans: Arc<Plans>,
    /// What was imported.
    pub evidence: Arc<EvidenceRoom>,
    /// Walks of the prober.
    pub journeys: Arc<Journeys>,
    /// The twelve checks.
    pub checks: CheckSource,
    /// The name of this installation.
    pub installation: String,
}

/// What somebody wants a report of.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Which components.
    pub scope: Scope,
    /// From when to when.
    pub period: Period,
    /// Who wants it.
    pub by: String,
    /// On which occasion.
    pub occasion: Occasion,
}

/// What is drawn up of one component, and from what.
struct Subject<'a> {
    flag: &'a Flag,
    period: Period,
    now: Timestamp,
    points_max: usize,
}

impl Sources {
    /// Draws up a report as things are at `now`. Reads the disk.
    pub fn draw(&self, wish: Wish, now: Timestamp) -> Result<Document, ReportError> {
        let Wish { scope, period, by, occasion } = wish;
        let snapshot = self.flags.snapshot();
        let mut flags: Vec<&Arc<Flag>> =
            snapshot.iter().filter(|flag| scope.covers(flag)).collect();
        if let (Scope::Component(id), true) = (&scope, flags.is_empty()) {
            return Err(ReportError::UnknownComponent(id.to_string()));
        }
        flags.sort_by(|a, b| a.component.cmp(&b.component));
        let mut past = Past::read(&self.flags, &self.guard, &scope, period)?;
        let points_max = points_max(flags.len());
        let mut components = Vec::new();
        for flag in flags {
            let subject = Subject { flag, period, now, points_max };
            components.push(self.component(&subject, &snapshot, &mut past)?);
        }
        let golden_path = self.golden_path(now);
        let walks = figures::by_side(|side| walks::walks(&self.journeys, side, period));
        let walked =
            walks.legacy.passed + walks.legacy.failed + walks.ssot.passed + walks.ssot.failed;
        Ok(Document {
            schema: SCHEMA.to_owned(),
            id: None,
            installation: self.installation.clone(),
            made_at: now,
            made_by: by,
            occasion,
            scope,
            period,
            revision: snapshot.revision(),
            alarm: components.iter().any(alarms),
            no_evidence: no_evidence(golden_path.is_some() || walked > 0),
            walks,
            golden_path,
            checks: (self.checks)(now).checks.into_iter().map(check).collect(),
            components,
            harm_method: harm::METHOD.to_owned(),
            harm_not_counted: harm::NOT_COUNTED.map(str::to_owned).into(),
            left_out: past.left_out(),
        })
    }

    fn component(
        &self,
        subject: &Subject<'_>,
        snapshot: &Snapshot,
        seen: &mut Past,
    ) -> Result<ComponentPart, ReportError> {
        let Subject { flag, period, now, points_max } = *subject;
        let id = &flag.component;
        let stretches = self.timeline.of(id, period.span(), period.grain())?;
        let book = self.ledger.book(id);
        let harm_prevented = harm::prevented(&self.timeline, flag, seen.rollbacks_of(id), now)?;
        let imported = self.evidence.of(id, now);
        let (groups, groups_left_out) = groups::groups(&book, period);
        let (changes, changes_left_out, other_cards) = seen.take(id);
        let mut part = figures::figures(flag, &stretches);
        part.groups = groups;
        part.groups_left_out = groups_left_out;
        part.accepted_differences = groups::accepted(&book, flag, now);
        part.series = series::series(&stretches, period, points_max);
        part.changes = changes;
        part.changes_left_out = changes_left_out;
        part.other_cards = other_cards;
        part.harm_prevented = harm_prevented;
        part.certificate = imported.certificate;
        part.tests = imported.tests;
        part.readiness = self.readiness(flag, snapshot, alarms(&part), now);
        Ok(part)
    }

    fn readiness(
        &self,
        flag: &Flag,
        snapshot: &Snapshot,
        alarm: bool,
        now: Timestamp,
    ) -> ReadinessPart {
        let view = self.guard.view(&flag.component).ok();
        let word = self.guard.word(&flag.component, now);
        let plan = self.plans.rollouts().of(&flag.component).filter(|plan| !plan.state.is_over());
        let foreseen = plan.map(|plan| self.plans.foresee(&plan).0);
        readiness::readiness(&readiness::Known { flag, snapshot, alarm, view, word, foreseen })
    }

    fn golden_path(&self, now: Timestamp) -> Option<GoldenPathPart> {
        let rate_of = self.evidence.golden_path(now).rate?;
        let (passed, walks) = (u64::from(rate_of.passed), u64::from(rate_of.walks));
        let interval = wilson(passed, walks);
        Some(GoldenPathPart {
            pass_rate: rate(passed, walks),
            pass_rate_low: interval.map(|interval| interval.low),
            pass_rate_high: interval.map(|interval| interval.high),
            rate: rate_of,
        })
    }
}

fn alarms(part: &ComponentPart) -> bool {
    let alarming = MismatchClass::ALL.into_iter().filter(|class| class.is_alarm());
    alarming.filter_map(|class| part.mismatches.get(class.code())).any(|count| *count > 0)
}

fn check(check: Check) -> CheckPart {
    let judged = match check.judged {
        Judged::Passed => "passed",
        Judged::Failed => "failed",
        Judged::NoEvidence => "no_evidence",
    };
    CheckPart {
        name: check.name.as_str().to_owned(),
        title: check.name.title().to_owned(),
        phase: check.phase,
        judged: judged.to_owned(),
        says: check.says,
    }
}

fn no_evidence(walked: bool) -> Vec<NoEvidence> {
    let missing = NoEvidence {
        of: "walks of the golden path".to_owned(),
        how: "walk it with the prober, or hand in what your own probes see: crossfade evidence \
              golden-path --walks N --passed M, or POST /v1/evidence/golden-path"
            .to_owned(),
    };
    if walked { Vec::new() } else { vec![missing] }
}

#[cfg(test)]
mod tests {
    use super::points_max;

    #[test]
    fn series_get_coarser_where_components_are_many_so_that_the_report_can_be_kept() {
        let points = [0, 1, 15, 100, 1_000, 10_000].map(points_max);
        assert_eq!(points, [400, 400, 400, 60, 6, 6]);
    }
}
