//! Whether a component may advance, and what is missing: in the words of rollout plans and of the
//! guard.

use super::super::document::{CertificatePart, Missing, ReadinessPart, Verdict};
use crate::flags::{Flag, Gate, GuardWord, Lack, RolloutVerdict, Snapshot, Stage, Wait};
use crate::guard::GuardView;

/// What is known of a component.
pub(super) struct Known<'a> {
    pub flag: &'a Flag,
    pub snapshot: &'a Snapshot,
    /// There is an unaccepted alarm within the period.
    pub alarm: bool,
    pub view: Option<GuardView>,
    pub word: Option<GuardWord>,
    /// What its plan would find now; `None` without a plan.
    pub foreseen: Option<RolloutVerdict>,
}

/// Whether it may advance.
pub(super) fn readiness(known: &Known<'_>) -> ReadinessPart {
    let next = next(known.flag.stage);
    let missing = if next.is_some() { missing(known) } else { Vec::new() };
    let verdict = match next {
        None => Verdict::Arrived,
        Some(_) if missing.iter().any(|missing| missing.blocks) => Verdict::Blocked,
        Some(_) if missing.is_empty() => Verdict::Ready,
        Some(_) => Verdict::Waiting,
    };
    ReadinessPart {
        verdict,
        next: next.map(str::to_owned),
        missing,
        guard: known.view.as_ref().map(|view| view.ruling.code().to_owned()),
        certificate: known.view.as_ref().map(certificate),
    }
}

const fn next(stage: Stage) -> Option<&'static str> {
    match stage {
        Stage::Off => Some("shadow"),
        Stage::Shadow => Some("canary"),
        Stage::Canary(_) => Some("more in canary, or live"),
        Stage::Live => Some("sealed"),
        Stage::Sealed => Some("complete"),
        Stage::Complete => None,
    }
}

fn certificate(view: &GuardView) -> CertificatePart {
    let certificate = &view.certificate;
    CertificatePart {
        below: certificate.below,
        confidence: certificate.confidence,
        subjects: certificate.subjects,
        failed: certificate.failed,
        clean_subjects_missing: certificate.clean_subjects_missing,
    }
}

fn missing(known: &Known<'_>) -> Vec<Missing> {
    let mut list = marks(known.flag);
    list.extend(required(known));
    if known.alarm {
        list.push(Missing {
            gate: "alarm".to_owned(),
            what: "within the period SSOT let somebody in whom legacy refuses, or as somebody else"
                .to_owned(),
            how: "read the differences below; mend SSOT, or two people accept them".to_owned(),
            blocks: true,
        });
    }
    let plan = known.foreseen.as_ref().map_or_else(Vec::new, of_plan);
    let has_guard = plan.iter().any(|missing| missing.gate == Gate::Guard.code());
    list.extend(plan);
    if !has_guard {
        list.extend(guard(known));
    }
    if known.flag.stage == Stage::Sealed {
        list.push(Missing {
            gate: "two_people".to_owned(),
            what: "nobody completes a component alone".to_owned(),
            how: "one admin asks at /approvals, another one approves".to_owned(),
            blocks: false,
        });
    }
    list
}

fn marks(flag: &Flag) -> Vec<Missing> {
    let release = format!("crossfade flags release {} --note WHY", flag.component);
    let latch = flag.latch.as_ref().map(|latch| Missing {
        gate: "latched".to_owned(),
        what: format!("rolled back at {} and latched", latch.at),
        how: format!("from {} on: {release}", latch.until),
        blocks: true,
    });
    let hold = flag.hold.as_ref().map(|hold| Missing {
        gate: "held".to_owned(),
        what: format!("held since {}", hold.at),
        how: release,
        blocks: true,
    });
    latch.into_iter().chain(hold).collect()
}

/// What must have come farther first.
fn required(known: &Known<'_>) -> Vec<Missing> {
    let Known { flag, snapshot, .. } = known;
    let above = flag.requires.iter().filter_map(|id| snapshot.flag(id.as_str()));
    let behind = above.filter(|above| above.stage <= flag.stage && above.stage != Stage::Complete);
    let missing = |above: &std::sync::Arc<Flag>| Missing {
        gate: "requires".to_owned(),
        what: format!("requires {}, which is at {}", above.component, above.stage),
        how: format!("raise {} first", above.component),
        blocks: false,
    };
    behind.map(missing).collect()
}

fn of_plan(verdict: &RolloutVerdict) -> Vec<Missing> {
    match verdict {
        RolloutVerdict::Rest => vec![Missing {
            gate: "plan".to_owned(),
            what: "its plan is paused".to_owned(),
            how: "crossfade flags plan resume NAME, or abort".to_owned(),
            blocks: false,
        }],
        RolloutVerdict::Stop(why) => vec![Missing {
            gate: "plan".to_owned(),
            what: format!("its plan stops: {why}"),
            how: "look at it, then: crossfade flags plan resume NAME".to_owned(),
            blocks: true,
        }],
        RolloutVerdict::Wait(waits) => waits.iter().map(waited).collect(),
        RolloutVerdict::Raise(_) | RolloutVerdict::Finished => Vec::new(),
    }
}

fn waited(wait: &Wait) -> Missing {
    Missing {
        gate: wait.gate.code().to_owned(),
        what: wait.to_string(),
        how: how(wait.gate).to_owned(),
        blocks: match wait.lack {
            Lack::Bad => true,
            Lack::Missing | Lack::Stale | Lack::Below | Lack::Above => false,
        },
    }
}

const fn how(gate: Gate) -> &'static str {
    match gate {
        Gate::Hold => "the step takes its time",
        Gate::Approval => "a second person: crossfade flags plan approve NAME, or the page",
        Gate::Comparisons => "more traffic, or a larger sample",
        Gate::Mismatches => "mend SSOT, or accept the difference with owner, reason and end",
        Gate::Failures => "mend SSOT: the failures below say how it fails",
        Gate::Latency => "make SSOT faster, or give the step another limit",
        Gate::Guard => "more clean subjects: crossfade guard explain NAME",
        Gate::Certificate => "crossfade evidence certificate NAME FILE",
        Gate::Tests => "crossfade evidence tests NAME junit.xml",
        Gate::Walks | Gate::GoldenPath => "crossfade evidence golden-path --walks N --passed M",
        Gate::Moves => "raise what it requires first",
    }
}

/// What the guard waits for, or holds against it.
fn guard(known: &Known<'_>) -> Option<Missing> {
    let missing = |what: &str, blocks| Missing {
        gate: Gate::Guard.code().to_owned(),
        what: what.to_owned(),
        how: format!("crossfade guard explain {}", known.flag.component),
        blocks,
    };
    match known.word.as_ref()? {
        GuardWord::Content { .. } => None,
        // Nothing is asked of SSOT yet.
        GuardWord::Waiting { .. } if known.flag.stage == Stage::Off => None,
        GuardWord::Waiting { why, .. } => Some(missing(why, false)),
        GuardWord::Unhappy { why, .. } => Some(missing(why, true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ComponentId, Share, Timestamp};
    use crate::flags::testing::{flag_at, table};
    use crate::flags::{Cause, Hold};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn told(flag: &Flag, others: Vec<Flag>, word: Option<GuardWord>) -> ReadinessPart {
        let snapshot = table(others, Vec::new(), &[]);
        let known =
            Known { flag, snapshot: &snapshot, alarm: false, view: None, word, foreseen: None };
        readiness(&known)
    }

    fn canary() -> Stage {
        Stage::Canary(Share::from_basis_points(1_000).expect("a share"))
    }

    #[test]
    fn what_nothing_speaks_against_is_ready_and_what_is_complete_has_arrived() {
        let ready = told(&flag_at("a", Stage::Shadow, Vec::new()), Vec::new(), None);
        assert_eq!((ready.verdict, ready.next.as_deref()), (Verdict::Ready, Some("canary")));
        let arrived = told(&flag_at("a", Stage::Complete, Vec::new()), Vec::new(), None);
        assert_eq!((arrived.verdict, arrived.next), (Verdict::Arrived, None));
    }

    #[test]
    fn marks_of_people_and_of_the_guard_block_and_missing_evidence_waits() {
        let cause = Cause::Operator { name: "ada".to_owned(), note: "wait".to_owned() };
        let hold = Some(Hold { cause, at: NOW });
        let marked = Flag { hold, ..flag_at("a", canary(), Vec::new()) };
        let blocked = told(&marked, Vec::new(), None);
        assert_eq!((blocked.verdict, &*blocked.missing[0].gate), (Verdict::Blocked, "held"));
        let waiting = GuardWord::Waiting { at: NOW, why: "100 clean subjects".to_owned() };
        let waits = told(&flag_at("a", canary(), Vec::new()), Vec::new(), Some(waiting));
        assert_eq!(
            (waits.verdict, &*waits.missing[0].what),
            (Verdict::Waiting, "100 clean subjects")
        );
        let unhappy = GuardWord::Unhappy { at: NOW, why: "security".to_owned() };
        let blocked = told(&flag_at("a", canary(), Vec::new()), Vec::new(), Some(unhappy));
        assert_eq!(blocked.verdict, Verdict::Blocked);
    }

    #[test]
    fn a_component_waits_for_what_it_requires() {
        let parent = flag_at("parent", canary(), Vec::new());
        let requires = vec![ComponentId::parse("parent").expect("an id")];
        let child = Flag { requires, ..flag_at("child", canary(), Vec::new()) };
        let waits = told(&child, vec![parent], None);
        assert_eq!((waits.verdict, &*waits.missing[0].gate), (Verdict::Waiting, "requires"));
        let parent = flag_at("parent", Stage::Live, Vec::new());
        assert_eq!(told(&child, vec![parent], None).verdict, Verdict::Ready);
    }
}
