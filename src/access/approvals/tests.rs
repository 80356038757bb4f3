use std::sync::Barrier;

use super::*;
use crate::access::desk::{Desk, name, scopes};
use crate::access::{Role, Scope};

async fn asked(desk: &Desk, approvals: &Approvals) -> Approval {
    let what = serde_json::json!({ "complete": "http-auth" });
    let (summary, note) = ("complete http-auth".to_owned(), "four clean weeks".to_owned());
    let ada = desk.person("ada", Role::Admin);
    approvals.ask(&ada, summary, what, note).await.expect("asked")
}

fn refusal<T: fmt::Debug>(result: Result<T, AccessError>) -> Refusal {
    match result {
        Err(AccessError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it takes what was just answered")]
fn over<T: fmt::Debug>(result: Result<T, AccessError>) -> bool {
    matches!(result, Err(AccessError::ProposalOver))
}

#[tokio::test(start_paused = true)]
async fn a_second_person_approves_once() {
    let desk = Desk::new();
    let approvals = desk.approvals();
    let approval = asked(&desk, &approvals).await;
    assert_eq!(approvals.list(), Ok(vec![approval.clone()]));
    let bob = desk.person("bob", Role::Admin);
    let approved = approvals.approve(&bob, &approval.id, |_| true).await.expect("approved");
    let expected = Approved { approval: approval.clone(), approved_by: name("bob") };
    assert_eq!(approved, expected);
    assert!(over(approvals.approve(&bob, &approval.id, |_| true).await));
    assert_eq!(approvals.list(), Ok(vec![]));
    let (id, what) = (approval.id, approval.summary);
    let asked = AccessEvent::ApprovalAsked { id: id.clone(), what: what.clone() };
    let decided = AccessEvent::ApprovalDecided { id, what, approved: true };
    assert_eq!(desk.events(), [("ada".to_owned(), asked), ("bob".to_owned(), decided)]);
}

#[tokio::test(start_paused = true)]
async fn neither_the_asker_nor_a_token_nor_a_link_approves() {
    let desk = Desk::new();
    let approvals = desk.approvals();
    let id = asked(&desk, &approvals).await.id;
    let attempt = async |caller: Caller| refusal(approvals.approve(&caller, &id, |_| true).await);
    assert_eq!(attempt(desk.person("ada", Role::Admin)).await, Refusal::SamePerson);
    let token = Caller::token(name("bob"), scopes(&[Scope::Admin]));
    assert_eq!(attempt(token).await, Refusal::NeedsPerson);
    let link = Caller::link(name("bob"), Permission::Force);
    assert_eq!(attempt(link).await, Refusal::NeedsPerson);
    assert_eq!(attempt(Caller::machine()).await, Refusal::NeedsPerson);
    let lacking = Refusal::NotPermitted(Permission::Force);
    assert_eq!(attempt(desk.person("bob", Role::Promoter)).await, lacking);
    let stale = desk.person("bob", Role::Admin);
    desk.wait(Duration::from_mins(5)).await;
    assert_eq!(attempt(stale).await, Refusal::Stale);
    assert_eq!(approvals.list().expect("a list").len(), 1, "it is still open");
}

#[tokio::test(start_paused = true)]
async fn only_a_person_who_may_force_asks() {
    let desk = Desk::new();
    let approvals = desk.approvals();
    let ask = async |caller: Caller| {
        let text = || "x".to_owned();
        refusal(approvals.ask(&caller, text(), Value::Null, text()).await)
    };
    let token = Caller::token(name("ci"), scopes(&[Scope::Admin]));
    assert_eq!(ask(token).await, Refusal::NeedsPerson);
    let promoter = desk.person("ada", Role::Promoter);
    assert_eq!(ask(promoter).await, Refusal::NotPermitted(Permission::Force));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 50)]
async fn one_of_fifty_approvers_at_once_wins() {
    let desk = Desk::new();
    let approvals = Arc::new(desk.approvals());
    let id = asked(&desk, &approvals).await.id;
    // All have found the request open before the first one closes it.
    let all = Arc::new(Barrier::new(50));
    let approvers: Vec<_> = (0..50)
        .map(|number| {
            let caller = desk.person(&format!("person{number}"), Role::Admin);
            let (approvals, id, all) = (Arc::clone(&approvals), id.clone(), Arc::clone(&all));
            tokio::spawn(async move { approvals.approve(&caller, &id, |_| found_by(&all)).await })
        })
        .collect();
    let mut won = 0;
    for approver in approvers {
        match approver.await.expect("no panic") {
            Ok(_) => won += 1,
            other => assert!(over(other)),
        }
    }
    assert_eq!(won, 1);
}

fn found_by(all: &Barrier) -> bool {
    all.wait();
    true
}

#[tokio::test(start_paused = true)]
async fn requests_and_decisions_survive_a_restart() {
    let desk = Desk::new();
    let approvals = desk.approvals();
    let decided = asked(&desk, &approvals).await;
    desk.wait(Duration::from_secs(1)).await;
    let open = asked(&desk, &approvals).await;
    let bob = desk.person("bob", Role::Admin);
    approvals.approve(&bob, &decided.id, |_| true).await.expect("approved");
    drop(approvals);
    let desk = desk.reopen();
    let approvals = desk.approvals();
    assert_eq!(approvals.list(), Ok(vec![open.clone()]));
    assert!(over(approvals.approve(&bob, &decided.id, |_| true).await));
    approvals.approve(&bob, &open.id, |_| true).await.expect("approved");
}

#[tokio::test(start_paused = true)]
async fn an_expired_request_is_neither_approved_nor_shown() {
    let desk = Desk::new();
    let approvals = desk.approvals();
    let id = asked(&desk, &approvals).await.id;
    desk.wait(desk.settings.approval).await;
    let bob = desk.person("bob", Role::Admin);
    assert!(over(approvals.approve(&bob, &id, |_| true).await));
    assert!(over(approvals.reject(&bob, &id).await));
    assert_eq!(approvals.list(), Ok(vec![]));
    approvals.purge().await.expect("purged");
    assert_eq!(approvals.table.scan("").count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_over_when_its_asker_has_lost_the_right() {
    let desk = Desk::new();
    let approvals = desk.approvals();
    let approval = asked(&desk, &approvals).await;
    let bob = desk.person("bob", Role::Admin);
    let lost = approvals.approve(&bob, &approval.id, |begun| {
        assert_eq!(begun.by, &Actor::Operator(name("ada")));
        assert_eq!((begun.permission, begun.at), (Permission::Force, approval.asked_at));
        false
    });
    assert!(over(lost.await));
}

#[tokio::test(start_paused = true)]
async fn the_asker_and_whoever_may_force_turn_a_request_down() {
    let desk = Desk::new();
    let approvals = desk.approvals();
    for (who, role) in [("ada", Role::Viewer), ("bob", Role::Admin)] {
        let id = asked(&desk, &approvals).await.id;
        let other = desk.person("eve", Role::Promoter);
        let refused = refusal(approvals.reject(&other, &id).await);
        assert_eq!(refused, Refusal::NotPermitted(Permission::Force));
        approvals.reject(&desk.person(who, role), &id).await.expect("turned down");
        let bob = desk.person("bob", Role::Admin);
        assert!(over(approvals.approve(&bob, &id, |_| true).await));
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_refuses_approves_nothing() {
    let desk = Desk::new();
    let approvals = desk.approvals();
    let id = asked(&desk, &approvals).await.id;
    desk.faults.refuse();
    let bob = desk.person("bob", Role::Admin);
    let refused = approvals.approve(&bob, &id, |_| true).await;
    assert!(matches!(refused, Err(AccessError::Store(_))));
}

#[tokio::test(start_paused = true)]
async fn requests_are_bounded_in_number_and_size() {
    let desk = Desk::new();
    let approvals = desk.approvals();
    let ada = desk.person("ada", Role::Admin);
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    let large = Value::String("x".repeat(WHAT_BYTES_MAX));
    for (summary, what, note) in [
        (" ", Value::Null, ""),
        (long.as_str(), Value::Null, ""),
        ("x", Value::Null, long.as_str()),
        ("x", large, ""),
    ] {
        let refused = approvals.ask(&ada, summary.to_owned(), what, note.to_owned()).await;
        assert!(matches!(refused, Err(AccessError::Unusable(_))));
    }
    for _ in 0..OPEN_MAX {
        asked(&desk, &approvals).await;
    }
    let full = approvals.ask(&ada, "x".to_owned(), Value::Null, String::new()).await;
    assert!(matches!(full, Err(AccessError::Full { max: OPEN_MAX, .. })));
}
