//! Operators and tokens over HTTP: added, let in, changed, taken back.

use crossfade::access::{Role, Scope, Secret};
use serde_json::json;

use super::kit::{Reply, World};
use super::people::{PASSWORD, Person, operator, origin, token};

async fn send(world: &World, who: &Person, method: &str, path: &str, body: &str) -> Reply {
    world.control_as_sent(method, path, &who.api_headers(), body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_invited_by_a_link_that_works_once() {
    let world = World::start().await;
    let admin = operator(&world, "admin", Role::Admin).await;
    let new = json!({ "name": "Ada", "role": "viewer" }).to_string();
    let added = send(&world, &admin, "POST", "/v1/operators", &new).await;
    assert_eq!(added.status, 201, "{added:?}");
    let url = added.json()["url"].as_str().expect("a url").to_owned();
    let secret = Secret::new(url.split_once("/setup#").expect("a setup link").1);

    let people = &world.rooms.access.people;
    let password = Secret::new(PASSWORD);
    assert!(people.set_up(&secret, None, &password, &origin()).await.is_ok());
    assert!(people.set_up(&secret, None, &password, &origin()).await.is_err());

    send(&world, &admin, "POST", "/v1/operators", &new).await.is_problem(409, "ada");
    let alone = send(&world, &admin, "PUT", "/v1/operators/admin", r#"{"role":"viewer"}"#).await;
    alone.is_problem(409, "last admin");
    let raised = send(&world, &admin, "PUT", "/v1/operators/ada", r#"{"role":"operator"}"#).await;
    assert_eq!(raised.status, 204, "{raised:?}");
    let list = send(&world, &admin, "GET", "/v1/operators", "").await.json();
    assert_eq!(list["operators"][0]["name"], "ada");
    assert_eq!(list["operators"][0]["role"], "operator");
    let removed = send(&world, &admin, "DELETE", "/v1/operators/ada", "").await;
    assert_eq!(removed.status, 204, "{removed:?}");

    let log = send(&world, &admin, "GET", "/v1/access-log?limit=1", "").await.json();
    assert_eq!(log["events"][0]["event"], "operator_removed");
    assert_eq!(log["events"][0]["actor"], "admin");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_shown_once_and_refused_once_it_is_revoked() {
    let world = World::start().await;
    let admin = token(&world, "root", Scope::Admin).await;
    let wish = json!({ "name": "ci", "scopes": ["read"], "valid_for_s": 60 }).to_string();
    let made = send(&world, &admin, "POST", "/v1/tokens", &wish).await;
    assert_eq!(made.status, 201, "{made:?}");
    let secret = made.json()["token"].as_str().expect("a token").to_owned();
    let list = send(&world, &admin, "GET", "/v1/tokens", "").await;
    assert!(!list.body.contains(&secret) && list.body.contains("token:root"), "{}", list.body);

    let ci = Person::bearer("ci", &secret);
    let me = send(&world, &ci, "GET", "/v1/me", "").await.json();
    assert_eq!((&me["actor"], &me["person"]), (&json!("token:ci"), &json!(false)));
    assert_eq!(send(&world, &ci, "GET", "/v1/flags", "").await.status, 200);
    assert_eq!(send(&world, &admin, "DELETE", "/v1/tokens/ci", "").await.status, 204);
    let refused = send(&world, &ci, "GET", "/v1/flags", "").await;
    refused.is_problem(401, "");
    assert!(refused.header("www-authenticate").is_some(), "{refused:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_made_for_what_is_there_and_by_whoever_may_do_it() {
    let world = World::start().await;
    let maker = operator(&world, "grace", Role::Operator).await;
    let wish = |action: serde_json::Value| json!({ "action": action }).to_string();
    let hold = wish(json!({ "do": "hold", "component": "http-auth" }));
    let made = send(&world, &maker, "POST", "/v1/links", &hold).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert!(made.json()["url"].as_str().expect("a url").contains("/act#"), "{made:?}");
    let nothing = wish(json!({ "do": "hold", "component": "none" }));
    send(&world, &maker, "POST", "/v1/links", &nothing).await.is_problem(404, "component");
    let approve = wish(json!({ "do": "approve", "approval": "none" }));
    send(&world, &maker, "POST", "/v1/links", &approve).await.is_problem(403, "force");
    let viewer = operator(&world, "eve", Role::Viewer).await;
    send(&world, &viewer, "POST", "/v1/links", &hold).await.is_problem(403, "lower");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_his_own_sessions_and_ends_no_other() {
    let world = World::start().await;
    let admin = operator(&world, "admin", Role::Admin).await;
    let viewer = operator(&world, "eve", Role::Viewer).await;
    let of = |reply: Reply| reply.json()["sessions"].as_array().expect("sessions").clone();
    let all = of(send(&world, &admin, "GET", "/v1/sessions", "").await);
    assert_eq!(all.len(), 2);
    let own = of(send(&world, &viewer, "GET", "/v1/sessions", "").await);
    assert_eq!((own.len(), &own[0]["current"]), (1, &json!(true)));
    let id = |name: &str| {
        let found = all.iter().find(|session| session["name"] == name).expect("a session");
        format!("/v1/sessions/{}", found["id"].as_str().expect("an id"))
    };
    let other = send(&world, &viewer, "DELETE", &id("admin"), "").await;
    assert!(matches!(other.status, 403 | 404), "{other:?}");
    assert_eq!(send(&world, &viewer, "DELETE", &id("eve"), "").await.status, 204);
    assert_eq!(send(&world, &viewer, "GET", "/v1/me", "").await.status, 401);
    world.stop().await;
}
