//! Samples of the overview, for the test that renders every page.

use std::sync::Arc;

use super::readers::Readers;
use super::{Facts, OverviewParts};
use crate::access::{Approval, Name};
use crate::compare::MismatchClass;
use crate::domain::{Side, Timestamp};
use crate::flags::{Flag, Foreseen, NotMoved, WhyLeft};
use crate::ledger::{Counter, LatencySummary, Tally};
use crate::web::live::PastLine;
use crate::web::pages::known::{Health, Known, Meter};

/// The parts for these flags, whatever people wrote in them.
pub(in crate::web::pages) fn parts(flags: Vec<Flag>, text: &str, now: Timestamp) -> OverviewParts {
    let flags: Vec<Arc<Flag>> = flags.into_iter().map(Arc::new).collect();
    let known =
        flags.iter().enumerate().map(|(place, flag)| (flag.component.clone(), known(place, text)));
    Facts {
        known: known.collect(),
        flags: flags.iter().collect(),
        approvals: Some(vec![Approval {
            id: "1".to_owned(),
            what: serde_json::json!({}),
            summary: text.to_owned(),
            asked_by: Name::parse("grace").expect("a name"),
            note: text.to_owned(),
            asked_at: now,
            expires_at: now.plus_seconds(900),
        }]),
        plans: Vec::new(),
        readers: Readers {
            revision: 7,
            logged: 7,
            unsaved: 0,
            told: 2,
            streams: 3,
            watching: 1,
            evaluated: "12,345".to_owned(),
        },
        problem: Some(text.to_owned()),
        now,
    }
    .render()
}

fn known(place: usize, text: &str) -> Known {
    let mut hour = Tally::default();
    for counter in [Counter::Served(Side::Ssot), Counter::Matched] {
        for _ in 0..1_200 {
            hour.add(counter);
        }
    }
    if place == 1 {
        hour.add(Counter::Mismatched(MismatchClass::Looser));
    }
    let latency = LatencySummary {
        count: 1_200,
        p50_us: Some(830),
        p90_us: Some(1_900),
        p95_us: Some(2_400),
        p99_us: Some(12_800),
        max_us: Some(90_000),
    };
    let hours: Vec<Option<f64>> = (0..24_u8).map(|hour| Some(f64::from(hour % 7) * 40.0)).collect();
    let past = PastLine {
        answers: hours.clone(),
        differing: hours,
        differed: 12,
        answered: 48_000,
        legacy: latency,
        ssot: latency,
    };
    let health = [Health::Waits, Health::Holds, Health::Cleared, Health::Unwatched][place % 4];
    let meter = Meter {
        health,
        why: text.to_owned(),
        trip: 37,
        rule: "error rate",
        pass: 61,
        clean: 312,
        missing: 236,
        failed: 0,
    };
    Known { hour, past: (place != 2).then_some(past), meter }
}

/// What the kill switch would do: one moves, one stays.
pub(in crate::web::pages) fn foreseen(flags: &[Arc<Flag>]) -> Foreseen {
    let left = |flag: &Arc<Flag>| NotMoved {
        component: flag.component.clone(),
        stage: flag.stage,
        why: WhyLeft::LegacySilent,
    };
    Foreseen {
        moving: flags.iter().take(1).cloned().collect(),
        left: flags.iter().skip(1).take(1).map(left).collect(),
    }
}
