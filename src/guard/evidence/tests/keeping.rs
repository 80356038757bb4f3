//! The latest import counts, is on the disk, and leaves who and when.

use super::{NOW, report};
use crate::domain::{ComponentId, Timestamp};
use crate::guard::evidence::Certificate;
use crate::guard::{EvidenceError, EvidenceKind, EvidenceRoom, Kept, TestReport, Walked};
use crate::store::{FaultSwitch, Store};

fn id(text: &str) -> ComponentId {
    ComponentId::parse(text).expect("an id")
}

fn passed() -> TestReport {
    report(r#"<testsuite><testcase name="a"/></testsuite>"#)
}

fn failed() -> TestReport {
    report(r#"<testsuite><testcase name="a"><failure/></testcase></testsuite>"#)
}

fn certificate(issued_at: Timestamp, comparisons: u64) -> Certificate {
    let claims = serde_json::json!({
        "iss": "staging", "component": "a", "stage": "live", "from": issued_at,
        "until": issued_at, "comparisons": comparisons, "mismatches": {}, "accepted": {},
        "failures": 0, "good": comparisons >= 1000, "iat": issued_at.seconds(),
        "exp": issued_at.seconds() + 600,
    });
    Certificate::read(claims.as_object().expect("an object"), &id("a")).expect("a certificate")
}

#[tokio::test]
async fn the_latest_import_counts_whatever_it_says_and_each_component_has_its_own() {
    let dir = tempfile::tempdir().expect("a directory");
    let evidence = EvidenceRoom::open(&Store::open(dir.path()).expect("a store")).expect("open");
    let good = |component: &str| evidence.of(&id(component), NOW).tests.map(|found| found.good);
    assert_eq!((good("a"), good("b")), (None, None));
    evidence.add_tests(&id("a"), passed(), "token:ci", NOW).await.expect("added");
    assert_eq!((good("a"), good("b")), (Some(true), None));
    let record = evidence.add_tests(&id("a"), failed(), "ada", NOW).await.expect("added");
    assert_eq!((good("a"), good("b")), (Some(false), None));
    let by: Vec<&str> = record.entries.iter().map(|entry| &*entry.by).collect();
    assert_eq!(by, ["ada", "token:ci"]);
    assert_eq!(evidence.of(&id("a"), NOW).certificate, None);
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(dir.path()).expect("a store");
    let evidence = EvidenceRoom::open(&store).expect("open");
    evidence.add_tests(&id("a"), passed(), "ada", NOW).await.expect("added");
    evidence.add_tests(&id("b"), passed(), "ada", NOW).await.expect("added");
    let withdrawn = ("bob", "wrong branch".to_owned());
    evidence.withdraw(&id("b"), EvidenceKind::Tests, withdrawn, NOW).await.expect("withdrawn");
    evidence.add_certificate(&id("a"), certificate(NOW, 2000), "ada", NOW).await.expect("added");
    for ago in 1..150 {
        let at = NOW.plus_seconds(-ago);
        let walked = Walked { at, walks: 1, passed: 1, by: "p".to_owned() };
        evidence.observe(walked, NOW).await.expect("added");
    }
    evidence.set_baseline("x".to_owned(), "ada", NOW).await.expect("recorded");
    let shown = |evidence: &EvidenceRoom| {
        let records = EvidenceKind::ALL
            .map(|kind| ["a", "b"].map(|component| evidence.record(&id(component), kind, NOW)));
        let imported = ["a", "b"].map(|component| evidence.of(&id(component), NOW));
        (records, imported, evidence.golden_path(NOW))
    };
    let before = shown(&evidence);
    assert_eq!(before.1[1].tests, None);
    assert!(before.1[0].certificate.as_ref().is_some_and(|found| found.good));
    assert_eq!(before.2.rate.as_ref().map(|rate| rate.walks), Some(149));
    drop(evidence);
    store.close().await.expect("closed");
    let store = Store::open(dir.path()).expect("a store");
    assert_eq!(shown(&EvidenceRoom::open(&store).expect("open")), before);
}

#[tokio::test]
async fn twenty_entries_of_a_kind_are_kept_on_the_disk_as_in_memory() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(dir.path()).expect("a store");
    let evidence = EvidenceRoom::open(&store).expect("open");
    for number in 0..45 {
        let by = format!("token:{number}");
        evidence.add_tests(&id("a"), passed(), &by, NOW).await.expect("added");
    }
    for evidence in [evidence, EvidenceRoom::open(&store).expect("open")] {
        let record = evidence.record(&id("a"), EvidenceKind::Tests, NOW);
        let by: Vec<String> = record.entries.into_iter().map(|entry| entry.by).collect();
        assert_eq!((by.len(), &*by[0], &*by[19]), (20, "token:44", "token:25"));
    }
}

#[tokio::test]
async fn what_is_withdrawn_counts_no_more_and_says_who_did_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let evidence = EvidenceRoom::open(&Store::open(dir.path()).expect("a store")).expect("open");
    let withdraw = async || {
        let by = ("bob", "flaky runner".to_owned());
        evidence.withdraw(&id("a"), EvidenceKind::Tests, by, NOW).await
    };
    assert_eq!(withdraw().await, Err(EvidenceError::NothingHeld("tests")));
    evidence.add_tests(&id("a"), passed(), "ada", NOW).await.expect("added");
    let record = withdraw().await.expect("withdrawn");
    assert_eq!((record.finding, record.entries.len()), (None, 2));
    assert_eq!(record.entries[0].kept, Kept::Withdrawn { note: "flaky runner".to_owned() });
    assert_eq!(withdraw().await, Err(EvidenceError::NothingHeld("tests")));
    evidence.add_tests(&id("a"), passed(), "ada", NOW).await.expect("added");
    assert!(evidence.of(&id("a"), NOW).tests.is_some());
}

#[tokio::test]
async fn an_older_certificate_does_not_bring_back_what_was_said_before() {
    let dir = tempfile::tempdir().expect("a directory");
    let evidence = EvidenceRoom::open(&Store::open(dir.path()).expect("a store")).expect("open");
    let add = async |certificate| evidence.add_certificate(&id("a"), certificate, "ada", NOW).await;
    let (old, new) = (NOW.plus_seconds(-60), NOW.plus_seconds(-30));
    add(certificate(old, 5000)).await.expect("added");
    add(certificate(new, 10)).await.expect("added");
    assert_eq!(add(certificate(old, 5000)).await, Err(EvidenceError::Older));
    assert_eq!(add(certificate(new, 5000)).await, Err(EvidenceError::Older));
    assert!(evidence.of(&id("a"), NOW).certificate.is_some_and(|found| !found.good));
    // Nor after somebody has withdrawn it.
    let by = ("bob", String::new());
    evidence.withdraw(&id("a"), EvidenceKind::Certificate, by, NOW).await.expect("withdrawn");
    assert_eq!(add(certificate(new, 5000)).await, Err(EvidenceError::Older));
    add(certificate(NOW, 5000)).await.expect("added");
    assert!(evidence.of(&id("a"), NOW).certificate.is_some_and(|found| found.good));
    // It is good until it expires, and then says so.
    let after = evidence.of(&id("a"), NOW.plus_seconds(600)).certificate.expect("still told of");
    assert!(!after.good && after.what.contains("expired"), "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_counts_at_once_while_the_disk_stalls_and_wins_over_a_waiting_import() {
    let dir = tempfile::tempdir().expect("a directory");
    let faults = FaultSwitch::new();
    let store = Store::open_with(dir.path(), faults.clone()).expect("a store");
    let evidence = EvidenceRoom::open(&store).expect("open");
    evidence.add_tests(&id("a"), passed(), "ada", NOW).await.expect("added");
    let stalled = faults.hold();
    let importing = tokio::spawn({
        let evidence = evidence.clone();
        async move { evidence.add_tests(&id("a"), passed(), "ada", NOW).await }
    });
    let waiting = faults.clone();
    tokio::task::spawn_blocking(move || waiting.wait_until_stalled()).await.expect("stalled");
    let withdrawing = tokio::spawn({
        let evidence = evidence.clone();
        let by = ("bob", "stop".to_owned());
        async move { evidence.withdraw(&id("a"), EvidenceKind::Tests, by, NOW).await }
    });
    while evidence.of(&id("a"), NOW).tests.is_some() {
        tokio::task::yield_now().await;
    }
    drop(stalled);
    importing.await.expect("ended").expect("added");
    withdrawing.await.expect("ended").expect("withdrawn");
    assert_eq!(evidence.of(&id("a"), NOW).tests, None);
    assert_eq!(evidence.record(&id("a"), EvidenceKind::Tests, NOW).entries.len(), 3);
}

#[tokio::test]
async fn a_disk_that_refuses_keeps_evidence_from_counting_and_not_from_being_withdrawn() {
    let dir = tempfile::tempdir().expect("a directory");
    let faults = FaultSwitch::new();
    let store = Store::open_with(dir.path(), faults.clone()).expect("a store");
    let evidence = EvidenceRoom::open(&store).expect("open");
    evidence.add_tests(&id("a"), passed(), "ada", NOW).await.expect("added");
    faults.refuse();
    let refused = evidence.add_tests(&id("b"), passed(), "ada", NOW).await;
    assert!(matches!(refused, Err(EvidenceError::Store(_))), "{refused:?}");
    assert_eq!(evidence.of(&id("b"), NOW).tests, None);
    let by = ("bob", String::new());
    let refused = evidence.withdraw(&id("a"), EvidenceKind::Tests, by, NOW).await;
    assert!(matches!(refused, Err(EvidenceError::Store(_))), "{refused:?}");
    assert_eq!(evidence.of(&id("a"), NOW).tests, None);
    // Once the disk is well again, the same request makes it last.
    faults.heal();
    let by = ("bob", String::new());
    evidence.withdraw(&id("a"), EvidenceKind::Tests, by, NOW).await.expect("withdrawn");
    let reopened = EvidenceRoom::open(&store).expect("open");
    assert_eq!(reopened.of(&id("a"), NOW).tests, None);
    assert_eq!(reopened.record(&id("a"), EvidenceKind::Tests, NOW).entries.len(), 2);
}
