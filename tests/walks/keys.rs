//! Keys over HTTP: made, published, rotated, retired, and what nobody ever sees.

use crossfade::access::{Role, Scope};
use crossfade::authority::{KeyState, Order};
use crossfade::domain::{Clock as _, Scopes, Subject, SystemClock};
use serde_json::{Value, json};

use super::kit::{Reply, World, log};
use super::people::{Person, operator, token};

async fn send(world: &World, who: &Person, method: &str, path: &str, body: &Value) -> Reply {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    world.control_as_sent(method, path, &who.api_headers(), &body).await
}

async fn generated(world: &World, who: &Person) -> String {
    let wish = json!({ "generate": { "algorithm": "EdDSA" }, "note": "yearly" });
    let made = send(world, who, "POST", "/v1/keys", &wish).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()["keys"][0]["id"].as_str().expect("an id").to_owned()
}

/// A token of the key that signs now, good for every component.
fn issued(world: &World) -> String {
    let subject = Subject::parse("ada").expect("a subject");
    let order = Order::access(subject, Scopes::default(), 600);
    let issued = world.rooms.authority.issue(&order, SystemClock.now()).expect("a token");
    issued.token.reveal().to_owned()
}

async fn is_let_in(world: &World, token: &str) -> bool {
    let decided = world.decide("modelled", token).await;
    assert_eq!(decided.status, 200, "{decided:?}");
    decided.json()["decision"] == "allow"
}

async fn live(world: &World) {
    let to = |stage: &str| json!({ "stage": stage });
    let canary = json!({ "stage": "canary", "share": 10_000 });
    // Legacy knows none of these keys, which the guard takes for what it is.
    let unwatched = json!({ "limits": { "mode": "off" } });
    world.move_to("modelled", &[unwatched, canary, to("live")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_waits_signs_and_retires() {
    let world = World::start().await;
    let admin = operator(&world, "admin", Role::Admin).await;
    let id = generated(&world, &admin).await;
    let early = json!({ "note": "yearly" });
    let early = send(&world, &admin, "POST", "/v1/keys/rotate", &early).await;
    early.is_problem(409, "when every cache knows it");
    let now = json!({ "force": true, "note": "leaked" });
    let rotated = send(&world, &admin, "POST", "/v1/keys/rotate", &now).await;
    assert_eq!((rotated.status, rotated.json()["active"]["id"].as_str()), (200, Some(&*id)));
    let list = send(&world, &admin, "GET", "/v1/keys", &Value::Null).await.json();
    let keys = list["keys"].as_array().expect("keys");
    let signing: Vec<_> = keys.iter().filter(|key| key["signs"] == true).collect();
    assert_eq!((signing.len(), signing[0]["id"].as_str()), (1, Some(&*id)));
    assert_eq!(list["jwks_max_age_s"], 3600);

    let next = generated(&world, &admin).await;
    send(&world, &admin, "POST", "/v1/keys/rotate", &now).await;
    let path = format!("/v1/keys/{id}/retire");
    let retired = send(&world, &admin, "POST", &path, &json!({ "note": "old" })).await;
    assert_eq!(retired.json()["state"], "retiring", "{retired:?}");
    let alone = format!("/v1/keys/{next}/public");
    let jwk = send(&world, &admin, "GET", &alone, &Value::Null).await;
    assert_eq!((jwk.status, &jwk.json()["kid"]), (200, &json!(next)));
    assert!(jwk.json().get("d").is_none());
    let log = send(&world, &admin, "GET", "/v1/access-log", &Value::Null).await.json();
    let events = log["events"].as_array().expect("events");
    let told = |event: &str| {
        let found = events.iter().find(|line| line["event"] == event);
        found.map(|line| (line["actor"].clone(), line["note"].clone()))
    };
    assert_eq!(told("key_made"), Some((json!("admin"), json!("yearly"))));
    assert_eq!(told("keys_rotated"), Some((json!("admin"), json!("leaked"))));
    assert_eq!(told("key_retired"), Some((json!("admin"), json!("old"))));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_lets_nobody_in_with_the_next_request_and_after_a_restart() {
    let world = World::start().await;
    live(&world).await;
    let admin = operator(&world, "admin", Role::Admin).await;
    let id = generated(&world, &admin).await;
    let force = json!({ "force": true, "note": "x" });
    send(&world, &admin, "POST", "/v1/keys/rotate", &force).await;
    let bad = issued(&world);
    assert!(is_let_in(&world, &bad).await);
    generated(&world, &admin).await;
    let path = format!("/v1/keys/{id}/retire");
    let at_once = json!({ "at_once": true, "note": "leaked" });
    let revoked = send(&world, &admin, "POST", &path, &at_once).await;
    assert_eq!((revoked.status, &revoked.json()["revoked"]), (200, &json!(true)), "{revoked:?}");
    assert!(!is_let_in(&world, &bad).await);
    let good = issued(&world);
    assert!(is_let_in(&world, &good).await);
    let (dir, mint) = world.stop().await;
    let world = World::start_in(dir, mint).await;
    assert!(!is_let_in(&world, &bad).await);
    assert!(is_let_in(&world, &good).await);
    let key = world.rooms.authority.keys().into_iter().find(|key| key.id == id);
    assert_eq!(key.map(|key| key.state), Some(KeyState::Retired));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_secret_is_neither_echoed_nor_logged_nor_published() {
    let world = World::start().await;
    let admin = token(&world, "keeper", Scope::Admin).await;
    let secret = "planted-kT5vN8wQ2xZ7cB4mR9pL6sD3";
    let wish =
        json!({ "import": { "kind": "secret", "id": "theirs", "text": secret }, "note": "x" });
    let made = send(&world, &admin, "POST", "/v1/keys", &wish).await;
    assert_eq!(made.status, 201, "{made:?}");
    let twice = send(&world, &admin, "POST", "/v1/keys", &wish).await;
    twice.is_problem(409, "theirs");
    let weak = json!({ "import": { "kind": "secret", "id": "w", "text": "hunter2" }, "note": "x" });
    let weak = send(&world, &admin, "POST", "/v1/keys", &weak).await;
    weak.is_problem(422, "at least 32");
    let list = send(&world, &admin, "GET", "/v1/keys", &Value::Null).await;
    let public = send(&world, &admin, "GET", "/v1/keys/theirs/public", &Value::Null).await;
    public.is_problem(409, "shared secret");
    let events = send(&world, &admin, "GET", "/v1/access-log", &Value::Null).await;
    let jwks = world.rooms.authority.jwks().to_string();
    for text in [made.body, twice.body, weak.body, list.body, public.body, events.body, jwks, log()]
    {
        assert!(!text.contains(secret) && !text.contains("hunter2"), "{text}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_needs_a_note_and_a_sound_wish() {
    let world = World::start().await;
    let admin = operator(&world, "admin", Role::Admin).await;
    let before = world.rooms.authority.keys();
    for (path, body, about) in [
        ("/v1/keys", json!({ "generate": { "algorithm": "EdDSA" } }), "note"),
        ("/v1/keys", json!({ "generate": { "algorithm": "HS512" }, "note": "x" }), "algorithms"),
        ("/v1/keys", json!({ "note": "x" }), "generate"),
        (
            "/v1/keys",
            json!({ "import": { "kind": "pem", "id": "a", "text": "" }, "note": "x" }),
            "alg",
        ),
        ("/v1/keys", json!({ "import": { "kind": "jwk", "text": "{}" }, "note": "x" }), "import"),
        ("/v1/keys/rotate", json!({ "force": true, "note": " " }), "note"),
    ] {
        send(&world, &admin, "POST", path, &body).await.is_problem(422, about);
    }
    let nobody = json!({ "note": "x" });
    send(&world, &admin, "POST", "/v1/keys/none/retire", &nobody).await.is_problem(404, "none");
    assert_eq!(world.rooms.authority.keys(), before);
    world.stop().await;
}
