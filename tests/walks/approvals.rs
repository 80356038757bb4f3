//! What takes two people.

use crossfade::access::Role;
use serde_json::json;

use super::kit::World;
use super::people::operator;

#[tokio::test(flavor = "multi_thread")]
async fn complete_is_asked_for_by_one_admin_and_done_when_another_approves() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Admin).await;
    let bob = operator(&world, "bob", Role::Admin).await;
    let canary = json!({ "stage": "canary", "share": 10000 });
    world
        .move_to("modelled", &[canary, json!({ "stage": "live" }), json!({ "stage": "sealed" })])
        .await;
    let etag = world.flag("modelled").await.header("etag").expect("an ETag").to_owned();
    let change = json!({ "stage": "complete", "note": "a month without legacy" }).to_string();
    let headers = format!("{}if-match: {etag}\r\n", ada.api_headers());
    let asked = world.control_as_sent("PUT", "/v1/flags/modelled", &headers, &change).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    let id = asked.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(world.flag("modelled").await.json()["stage"], "sealed");
    // A token is no person, and the one who asked is not the second one.
    let machine = world
        .control(
            "PUT",
            "/v1/flags/modelled",
            &format!("if-match: {etag}\r\ncontent-type: application/json\r\n"),
            &change,
        )
        .await;
    machine.is_problem(403, "signed-in operator");
    let approve = format!("/v1/approvals/{id}/approve");
    // The same by the page: it offers what could be completed, and takes the wish.
    let page = world.control_as_sent("GET", "/approvals", &ada.headers, "").await;
    assert!(page.body.contains("<option>modelled</option>"), "{page:?}");
    let wish = ada.form("component=modelled&note=by+the+page");
    let form = ada.form_headers();
    let by_page = world.control_as_sent("POST", "/approvals/ask", &form, &wish).await;
    assert_eq!(by_page.header("location"), Some("/approvals?done=asked"), "{by_page:?}");
    assert_eq!(world.rooms.access.approvals.list().expect("a list").len(), 2);
    let own = world.control_as_sent("POST", &approve, &ada.api_headers(), "").await;
    own.is_problem(403, "second person");
    let approved = world.control_as_sent("POST", &approve, &bob.api_headers(), "").await;
    assert_eq!(approved.status, 200, "{approved:?}");
    let flag = world.flag("modelled").await.json();
    assert_eq!(flag["stage"], "complete");
    let cause = &flag["cause"];
    assert_eq!(
        (&cause["asked_by"], &cause["approved_by"]),
        (&json!("ada"), &json!("bob")),
        "{cause}"
    );
    let again = world.control_as_sent("POST", &approve, &bob.api_headers(), "").await;
    assert!(matches!(again.status, 404 | 409), "{again:?}");
    world.stop().await;
}
