//! Differences that are accepted: by whom, how many, and for how long.

use crossfade::access::Role;
use crossfade::compare::MismatchClass;
use crossfade::domain::{Clock as _, SystemClock};
use crossfade::ledger::Counter;
use serde_json::{Value, json};

use super::kit::{Reply, World, counted};
use super::people::{Person, operator};

fn in_days(days: i64) -> String {
    SystemClock.now().plus_seconds(days * 86_400).rfc3339()
}

fn difference(class: &str, days: i64) -> Value {
    json!({ "name": "known", "class": class, "owner": "ops", "reason": "old clients",
            "expires_at": in_days(days) })
}

async fn put(world: &World, person: &Person, body: &Value) -> Reply {
    let etag = world.flag("modelled").await.header("etag").expect("an ETag").to_owned();
    let headers = format!("{}if-match: {etag}\r\n", person.api_headers());
    world.control_as_sent("PUT", "/v1/flags/modelled", &headers, &body.to_string()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_let_in_more_is_asked_for_by_one_admin_and_accepted_when_another_approves() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Admin).await;
    let bob = operator(&world, "bob", Role::Admin).await;
    for class in ["looser", "subject_differs", "scopes_differ"] {
        let change = json!({ "accepted": [difference(class, 30)], "note": "looked into" });
        let asked = put(&world, &ada, &change).await;
        assert_eq!(asked.status, 202, "{asked:?}");
        let id = asked.json()["id"].as_str().expect("an id").to_owned();
        assert!(asked.json()["summary"].as_str().expect("a summary").contains(class));
        let waits = world.control("GET", "/v1/approvals", "", "").await.json();
        let line = waits["approvals"][0]["details"][0].as_str().expect("a line").to_owned();
        assert!(line.contains("old clients") && line.contains("ops"), "{line}");
        let page = world.control_as_sent("GET", "/approvals", &bob.headers, "").await;
        assert!(page.body.contains("any number"), "{page:?}");
        let approve = format!("/v1/approvals/{id}/approve");
        let own = world.control_as_sent("POST", &approve, &ada.api_headers(), "").await;
        own.is_problem(403, "second person");
        let approved = world.control_as_sent("POST", &approve, &bob.api_headers(), "").await;
        assert_eq!(approved.status, 200, "{approved:?}");
        let flag = world.flag("modelled").await.json();
        assert_eq!(flag["accepted"][0]["class"], class);
        assert_eq!(flag["cause"]["approved_by"], "bob");
        // Less of it, and none of it, is for one person.
        let sooner = put(&world, &ada, &json!({ "accepted": [difference(class, 3)] })).await;
        assert_eq!(sooner.status, 200, "{sooner:?}");
        let none = put(&world, &ada, &json!({ "accepted": [] })).await;
        assert_eq!(none.status, 200, "{none:?}");
    }
    let beside = json!({ "accepted": [difference("looser", 30)], "deadline_ms": 900 });
    put(&world, &ada, &beside).await.is_problem(422, "stands alone");
    let odd = json!({ "accepted": [difference("softer", 30)] });
    put(&world, &ada, &odd).await.is_problem(422, "class");
    let stricter = put(&world, &ada, &json!({ "accepted": [difference("stricter", 30)] })).await;
    assert_eq!(stricter.status, 200, "{stricter:?}");
    assert!(world.rooms.access.approvals.list().expect("a list").is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_the_rate_or_of_another_shape_is_a_mismatch_again() {
    let world = World::start().await;
    let mut known = difference("stricter", 10);
    known["ssot_reason"] = json!("claim_missing:aud");
    known["claim_shape"] = json!("sub:string exp:number");
    known["max_per_hour"] = json!(2);
    world.move_to("modelled", &[json!({ "accepted": [known] })]).await;
    for _ in 0..3 {
        world.decide("modelled", &world.token("aud_missing", "alice")).await;
    }
    let tally = world.tally("modelled").await;
    let (accepted, differed) =
        (Counter::Accepted(MismatchClass::Stricter), Counter::Mismatched(MismatchClass::Stricter));
    counted(&tally, &[(accepted, 2), (differed, 1)]);
    let row = world.control("GET", "/v1/accepted", "", "").await.json()["accepted"][0].clone();
    assert_eq!((&row["component"], &row["name"]), (&json!("modelled"), &json!("known")));
    assert_eq!((&row["used"], &row["over_rate"]), (&json!(2), &json!(1)));
    assert_eq!(row["state"], "expiring");
    let left = row["expires_in"].as_i64().expect("seconds");
    assert!((9 * 86_400..=10 * 86_400).contains(&left), "{left}");
    let report = world.control("GET", "/v1/report", "", "").await.json();
    assert_eq!(report["ending"][0]["name"], "known");
    let text = world.control("GET", "/v1/report", "accept: text/markdown\r\n", "").await.body;
    assert!(text.contains("1 over its rate of 2 an hour"), "{text}");
    assert!(text.contains("end within 14 days"), "{text}");
    let page = world.control("GET", "/v1/report", "accept: text/html\r\n", "").await.body;
    assert!(page.contains("applied 2 times, 1 over its rate"), "{page}");
    let metrics = world.metrics("GET", "/metrics").await.body;
    for line in [
        r#"crossfade_accepted_differences_total{component="modelled",name="known"} 2"#,
        r#"crossfade_accepted_over_rate_total{component="modelled",name="known"} 1"#,
        r#"crossfade_accepted_expires_in_seconds{component="modelled",name="known"} "#,
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }

    let mut shaped = difference("stricter", 30);
    shaped["claim_shape"] = json!("sub:number");
    world.move_to("modelled", &[json!({ "accepted": [shaped] })]).await;
    world.decide("modelled", &world.token("aud_missing", "alice")).await;
    counted(&world.tally("modelled").await, &[(accepted, 2), (differed, 2)]);
    world.stop().await;
}
