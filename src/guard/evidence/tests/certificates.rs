//! What a certificate says, and what is made of one.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::NOW;
use crate::compare::MismatchClass;
use crate::domain::{ComponentId, Revision, Side, Timestamp};
use crate::flags::{Cause, Flag, Hold, Latch};
use crate::guard::EvidenceError;
use crate::guard::evidence::Certificate;
use crate::ledger::{Counter, Failure, Tally};

fn component() -> ComponentId {
    ComponentId::parse("http-auth").expect("an id")
}

fn claims() -> Map<String, Value> {
    let claims = json!({
        "iss": "staging", "component": "http-auth", "stage": "canary", "share": 2500,
        "from": "2026-11-28T10:00:00.000Z", "until": "2026-11-29T09:00:00.000Z",
        "comparisons": 12_000, "mismatches": { "reason_differs": 40 },
        "accepted": { "stricter": 3 }, "failures": 12, "good": true, "why": [],
        "iat": NOW.seconds() - 3600, "exp": NOW.seconds() + 3600,
    });
    claims.as_object().expect("an object").clone()
}

fn with(name: &str, value: Value) -> Map<String, Value> {
    let mut claims = claims();
    claims.insert(name.to_owned(), value);
    claims
}

fn finding(claims: &Map<String, Value>) -> (bool, String) {
    let finding = Certificate::read(claims, &component()).expect("a certificate").finding(NOW);
    (finding.good, finding.what)
}

#[test]
fn a_good_certificate_is_dated_by_the_end_of_its_period() {
    let certificate = Certificate::read(&claims(), &component()).expect("a certificate");
    let finding = certificate.finding(NOW);
    assert_eq!(finding.at, Timestamp::parse("2026-11-29T09:00:00Z").expect("a moment"));
    assert!(finding.good);
    assert_eq!(finding.what, "12000 comparisons on staging at canary, share 25 %");
}

#[test]
fn the_rule_is_applied_again_to_the_counts_whatever_the_issuer_says() {
    for (name, value, about) in [
        ("mismatches", json!({ "looser": 1 }), "1 differences of class looser"),
        ("mismatches", json!({ "subject_differs": 1 }), "subject_differs"),
        ("mismatches", json!({ "stricter": 1 }), "stricter"),
        ("mismatches", json!({ "never_heard_of": 2 }), "2 differences of class never_heard_of"),
        ("comparisons", json!(999), "fewer than 1000"),
        ("failures", json!(13), "ssot failed 13 times"),
        ("good", json!(false), "says that it did not do well"),
        ("why", json!(["it is held"]), "it is held"),
        ("exp", json!(NOW.seconds()), "has expired"),
    ] {
        let (good, what) = finding(&with(name, value));
        assert!(!good && what.contains(about), "{name}: {what}");
    }
}

#[test]
fn claims_that_are_missing_or_make_no_sense_are_refused_by_name() {
    let refused = |claims: &Map<String, Value>| Certificate::read(claims, &component()).err();
    for name in ["from", "until", "comparisons", "mismatches", "failures", "good", "iat", "exp"] {
        let mut claims = claims();
        claims.remove(name);
        assert_eq!(refused(&claims), Some(EvidenceError::Claim(name)));
    }
    assert_eq!(refused(&with("component", json!(7))), Some(EvidenceError::Claim("component")));
    let other = with("component", json!("socket-auth"));
    assert_eq!(refused(&other), Some(EvidenceError::OtherComponent("socket-auth".to_owned())));
    let backwards = with("from", json!("2026-11-29T09:00:01Z"));
    assert_eq!(refused(&backwards), Some(EvidenceError::Claim("from")));
    let ahead = with("until", json!("2026-11-29T09:59:59Z"));
    assert_eq!(refused(&ahead), Some(EvidenceError::Claim("until")));
    for (name, value) in
        [("comparisons", json!(-1)), ("stage", json!("everywhere")), ("share", json!(10_001))]
    {
        assert!(refused(&with(name, value)).is_some(), "{name}");
    }
}

fn tally(counts: &[(Counter, u64)]) -> Tally {
    let mut tally = Tally::default();
    for (counter, count) in counts {
        for _ in 0..*count {
            tally.add(*counter);
        }
    }
    tally
}

#[test]
fn what_is_certified_is_what_was_counted() {
    let flag = flag();
    let of = |counts: &[(Counter, u64)]| {
        Certificate::of("staging", &flag, &tally(counts), (NOW.plus_seconds(-60), NOW), 3600)
    };
    let good = of(&[
        (Counter::Matched, 990),
        (Counter::Mismatched(MismatchClass::ReasonDiffers), 6),
        (Counter::Accepted(MismatchClass::Looser), 4),
        (Counter::Failed(Side::Ssot, Failure::TimedOut), 1),
        (Counter::Failed(Side::Legacy, Failure::TimedOut), 50),
        (Counter::SampledOut, 500),
    ]);
    assert!(good.good, "{good:?}");
    assert_eq!((good.comparisons, good.failures), (1000, 1));
    assert_eq!(good.mismatches, BTreeMap::from([("reason_differs".to_owned(), 6)]));
    assert_eq!(good.accepted, BTreeMap::from([("looser".to_owned(), 4)]));
    assert_eq!((good.iat, good.exp), (NOW.seconds(), NOW.seconds() + 3600));
    let read_back = serde_json::to_value(&good).expect("claims");
    let read_back = Certificate::read(read_back.as_object().expect("an object"), &flag.component);
    assert_eq!(read_back, Ok(good));
    for counts in [
        [(Counter::Matched, 999), (Counter::Failed(Side::Ssot, Failure::Panicked), 0)],
        [(Counter::Matched, 1000), (Counter::Mismatched(MismatchClass::Stricter), 1)],
        [(Counter::Matched, 1000), (Counter::Failed(Side::Ssot, Failure::Panicked), 2)],
    ] {
        let bad = of(&counts);
        assert!(!bad.good && bad.why.len() == 1, "{bad:?}");
    }
}

#[test]
fn what_is_latched_or_held_did_not_do_well() {
    let counts = tally(&[(Counter::Matched, 1000)]);
    let certificate = |flag: &Flag| Certificate::of("staging", flag, &counts, (NOW, NOW), 3600);
    assert!(certificate(&flag()).good);
    let latch = Latch {
        cause: Cause::Seed,
        at: NOW,
        revision: Revision(2),
        until: NOW.plus_seconds(1800),
        rollbacks: 1,
    };
    let latched = Flag { latch: Some(latch), ..flag() };
    let held = Flag { hold: Some(Hold { cause: Cause::Seed, at: NOW }), ..flag() };
    for (flag, about) in [(latched, "rolled back"), (held, "held")] {
        let certificate = certificate(&flag);
        assert!(!certificate.good && certificate.why[0].contains(about), "{certificate:?}");
    }
}

fn flag() -> Flag {
    serde_json::from_value(json!({
        "component": "http-auth", "kind": "auth", "phase": 1, "group": "main", "requires": [],
        "legacy": "remote", "stage": "shadow", "rescue": "ssot", "sample": null,
        "deadline_ms": 1000, "rescues_per_second_max": 50, "latch": null, "rolled_back_at": [],
        "accepted": [], "revision": 1, "changed_at": NOW, "cause": { "by": "seed" },
    }))
    .expect("a flag")
}
