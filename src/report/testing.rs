//! A report with something in every member, for tests.

use std::collections::BTreeMap;

use super::document::{
    AcceptedPart, BySide, CardPart, CertificatePart, ChangePart, CheckPart, ClassPart,
    ComponentPart, Document, ErrorRate, GoldenPathPart, GroupPart, HarmOf, HarmPart, LatencyPart,
    Missing, NoEvidence, Occasion, Point, PointLatency, Ratios, ReadinessPart, SCHEMA, Series,
    SharePart, Verdict, WalksPart,
};
use super::{Entry, Period, Preset, Scope};
use crate::domain::{ComponentId, Revision, Timestamp};
use crate::flags::{AcceptedDifference, Cause, Finding, Hold, Latch, PassRate};
use crate::guard::{Found, GuardRule, Without};
use crate::ledger::{Exemplar, SampleSide};

/// A report of a day before `now`; `text` stands wherever people choose words.
pub(crate) fn document(text: &str, now: Timestamp) -> Document {
    let id = ComponentId::parse("http-auth").expect("an id");
    let missing = NoEvidence { of: "the twelve checks".to_owned(), how: text.to_owned() };
    let rate = PassRate { at: now, walks: 100, passed: 99, baseline_permille: Some(990) };
    Document {
        schema: SCHEMA.to_owned(),
        id: Some("20270115t080000000".to_owned()),
        installation: "here".to_owned(),
        made_at: now,
        made_by: text.to_owned(),
        occasion: Occasion::StageExit {
            component: id,
            revision: Revision(9),
            what: "was rolled back".to_owned(),
        },
        scope: Scope::All,
        period: Period::last(Preset::Day, now),
        revision: Revision(9),
        alarm: true,
        components: vec![component("http-auth", text, now), quiet("socket-auth", now)],
        golden_path: Some(GoldenPathPart {
            rate,
            pass_rate: Some(0.99),
            pass_rate_low: Some(0.9455),
            pass_rate_high: Some(0.9982),
        }),
        walks: BySide {
            legacy: WalksPart::default(),
            ssot: WalksPart {
                passed: 9,
                failed: 1,
                pass_rate: Some(0.9),
                pass_rate_low: Some(0.59),
                pass_rate_high: Some(0.98),
                failed_steps: counts([("handshake", 1)]),
                ..WalksPart::default()
            },
        },
        checks: vec![CheckPart {
            name: "single_websocket_manager".to_owned(),
            title: "There is one WebSocket manager".to_owned(),
            phase: 2,
            judged: "no_evidence".to_owned(),
            says: text.to_owned(),
        }],
        no_evidence: vec![missing],
        harm_method: "as it is".to_owned(),
        harm_not_counted: vec!["the rest".to_owned()],
        left_out: vec![text.to_owned()],
    }
}

/// The entry of a kept report.
pub(crate) fn entry(document: &Document) -> Entry {
    let entry = serde_json::json!({
        "id": document.id, "made_at": document.made_at, "made_by": document.made_by,
        "occasion": document.occasion, "scope": document.scope, "period": document.period,
        "alarm": document.alarm, "bytes": 7, "parts": 1,
        "seal": { "sha256": "00", "jws": "e30.e30.AA" },
    });
    serde_json::from_value(entry).expect("an entry")
}

fn quiet(name: &str, now: Timestamp) -> ComponentPart {
    ComponentPart {
        requests: 0,
        compared: 0,
        latch: None,
        hold: None,
        changes: Vec::new(),
        other_cards: Vec::new(),
        ..component(name, "", now)
    }
}

fn counts<const N: usize>(counts: [(&str, u64); N]) -> BTreeMap<String, u64> {
    counts.map(|(name, count)| (name.to_owned(), count)).into()
}

fn component(name: &str, text: &str, now: Timestamp) -> ComponentPart {
    let cause = Cause::Operator { name: "ada".to_owned(), note: text.to_owned() };
    let latency = |factor: u64| LatencyPart {
        count: 1_000,
        p50_us: Some(400 * factor),
        p95_us: Some(900 * factor),
        p99_us: Some(1_500 * factor),
        max_us: Some(9_000 * factor),
    };
    let failed =
        |failed| ErrorRate { failed, rate: Some(0.01), low: Some(0.005), high: Some(0.02) };
    let finding = |good| Some(Finding { at: now, good, what: text.to_owned() });
    ComponentPart {
        component: name.to_owned(),
        kind: "auth".to_owned(),
        phase: 1,
        stage: "shadow".to_owned(),
        share_basis_points: 0,
        flag_revision: Revision(9),
        latch: Some(Latch {
            cause: cause.clone(),
            at: now,
            revision: Revision(9),
            until: now.plus_seconds(1_800),
            rollbacks: 1,
        }),
        hold: Some(Hold { cause, at: now }),
        requests: 1_234_567,
        served_by: BySide { legacy: 1_111_111, ssot: 123_456 },
        decisions: counts([("allowed", 1_200_000), ("denied", 34_000), ("undecided", 567)]),
        compared: 10_003,
        conclusive: 10_000,
        matched: 9_990,
        mismatches: counts([("looser", 1), ("stricter", 7)]),
        accepted: counts([("reason_differs", 2)]),
        inconclusive: counts([("boundary", 3)]),
        match_rate: Some(0.9992),
        match_rate_low: Some(0.9984),
        match_rate_high: Some(0.9996),
        mismatch_rate_below: None,
        failures: BySide {
            legacy: counts([("timed_out", 1), ("unreachable", 0)]),
            ssot: counts([("timed_out", 9), ("unreachable", 1)]),
        },
        asked: BySide { legacy: 1_001, ssot: 1_010 },
        error_rate: BySide { legacy: failed(1), ssot: failed(10) },
        rescued: BySide { legacy: 0, ssot: 4 },
        other_counts: counts([("shed", 5)]),
        latency: BySide { legacy: latency(1), ssot: latency(2) },
        latency_ratio: Ratios { p50: Some(2.0), p95: Some(2.0), p99: Some(2.0) },
        classes: vec![ClassPart {
            class: "looser".to_owned(),
            direction: "ssot_lets_in_more".to_owned(),
            meaning: "ssot allows what legacy denies".to_owned(),
            count: 1,
            accepted: 0,
            alarm: true,
        }],
        groups: vec![group(text, now)],
        groups_left_out: 3,
        accepted_differences: vec![accepted(text, now)],
        series: series(now),
        changes: vec![change(text, now)],
        changes_left_out: 2,
        other_cards: vec![CardPart { deed: "held".to_owned(), ..card(text, now) }],
        harm_prevented: HarmPart { answers_spared: 172, rollbacks: vec![harm(now)] },
        certificate: finding(true),
        tests: finding(false),
        readiness: ReadinessPart {
            verdict: Verdict::Blocked,
            next: Some("canary".to_owned()),
            missing: vec![Missing {
                gate: "guard".to_owned(),
                what: text.to_owned(),
                how: "crossfade guard explain http-auth".to_owned(),
                blocks: true,
            }],
            guard: Some("hold".to_owned()),
            certificate: Some(CertificatePart {
                below: 0.01,
                confidence: 0.99,
                subjects: 120,
                failed: 1,
                clean_subjects_missing: 428,
            }),
        },
    }
}

fn group(text: &str, now: Timestamp) -> GroupPart {
    let side = |answer: &str| SampleSide {
        answer: answer.to_owned(),
        subject: None,
        scopes: Some(2),
        took_us: 400,
    };
    GroupPart {
        class: "looser".to_owned(),
        direction: "ssot_lets_in_more".to_owned(),
        explanation: text.to_owned(),
        legacy_reason: Some("signature".to_owned()),
        ssot_reason: None,
        claim_shape: text.to_owned(),
        accepted: true,
        count_ever: 12,
        first_at: now.plus_seconds(-900),
        last_at: now.plus_seconds(-60),
        exemplars: vec![Exemplar {
            request_id: "r-00000001-0000002a".to_owned(),
            asked_at: now.plus_seconds(-60),
            token: None,
            legacy: side("signature"),
            ssot: side(text),
        }],
    }
}

fn accepted(text: &str, now: Timestamp) -> AcceptedPart {
    AcceptedPart {
        difference: AcceptedDifference {
            name: text.to_owned(),
            class: "reason_differs".to_owned(),
            legacy_reason: None,
            ssot_reason: None,
            claim_shape: None,
            max_per_hour: None,
            owner: text.to_owned(),
            reason: text.to_owned(),
            expires_at: now.plus_seconds(86_400),
        },
        state: "expiring".to_owned(),
        used_ever: 2,
        over_rate_ever: 1,
    }
}

fn series(now: Timestamp) -> Series {
    let quantiles = PointLatency { p50_us: Some(400), p95_us: Some(900), p99_us: None };
    let point = |ago_s: i64| Point {
        at: now.plus_seconds(-ago_s),
        requests: 100,
        served_by: BySide { legacy: 90, ssot: 10 },
        conclusive: 50,
        matched: 48,
        accepted: 1,
        mismatches: counts([("stricter", 1)]),
        failures: BySide { legacy: 0, ssot: 2 },
        asked: BySide { legacy: 100, ssot: 50 },
        latency: BySide { legacy: quantiles, ssot: PointLatency::default() },
    };
    Series { step_s: 300, points: vec![point(900), point(300)] }
}

fn stood(stage: &str, share_basis_points: u16) -> SharePart {
    SharePart { stage: stage.to_owned(), share_basis_points }
}

fn card(text: &str, now: Timestamp) -> CardPart {
    CardPart {
        id: "01800000000000000000".to_owned(),
        at: now,
        deed: "rolled_back".to_owned(),
        found: vec![Found { rule: GuardRule::ErrorRate, what: text.to_owned() }],
        stood: stood("canary", 1_000),
        revision: Revision(8),
        samples: vec!["r-00000001-0000002a".to_owned()],
        without: Some(Without {
            failure_rate: 0.2,
            trials_per_minute: 120.0,
            people_per_hour: 1_440.0,
        }),
        published_after_us: Some(90),
    }
}

fn change(text: &str, now: Timestamp) -> ChangePart {
    ChangePart {
        at: now,
        revision: Revision(9),
        what: "rolled_back".to_owned(),
        before: Some(stood("canary", 1_000)),
        after: stood("shadow", 0),
        cause: "guard".to_owned(),
        by: String::new(),
        why: text.to_owned(),
        decision_card: Some(card(text, now)),
    }
}

fn harm(now: Timestamp) -> HarmOf {
    HarmOf {
        at: now,
        revision: Revision(9),
        share_basis_points: 1_000,
        seen_from: now.plus_seconds(-900),
        asked: BySide { legacy: 1_000, ssot: 1_000 },
        failed: BySide { legacy: 0, ssot: 180 },
        wrongly_refused: 20,
        ssot_rate_low: 0.1764,
        legacy_rate_high: 0.0038,
        excess_rate: 0.1726,
        counted_until: now.plus_seconds(3_600),
        is_over: false,
        served_by_legacy: 10_000,
        would_be_ssot: 1_000,
        answers_spared: 172,
    }
}
