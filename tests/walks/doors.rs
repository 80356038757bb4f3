//! The doors of the data listener beside `decide` and forward-auth: sessions of browsers, the
//! paths of live clients, and the authority as an OAuth 2.0 server.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::kit::{CLIENT_SECRET, Reply, World};

/// The header in which a client shows its secret.
pub fn basic(name: &str) -> String {
    format!("authorization: Basic {}\r\n", base64(&format!("{name}:{CLIENT_SECRET}")))
}

fn base64(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| (group << 8) | u32::from(*byte));
        let group = group << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = (group >> (18 - 6 * place)) & 63;
            let filled = place <= chunk.len();
            out.push(if filled { char::from(ALPHABET[index as usize]) } else { '=' });
        }
    }
    out
}

/// A JSON request to the data listener.
pub async fn post(world: &World, target: &str, headers: &str, body: &Value) -> Reply {
    let headers = format!("content-type: application/json\r\n{headers}");
    world.data("POST", target, &headers, &body.to_string()).await
}

/// A form to the data listener.
pub async fn post_form(world: &World, target: &str, headers: &str, body: &str) -> Reply {
    let headers = format!("content-type: application/x-www-form-urlencoded\r\n{headers}");
    world.data("POST", target, &headers, body).await
}

/// Lets SSOT make the tokens.
pub async fn ssot_makes_tokens(world: &World) {
    let steps = [json!({"stage": "shadow"}), json!({"stage": "canary", "share": 10_000})];
    world.move_to("token-operations", &steps).await;
    world.move_to("token-operations", &[json!({"stage": "live"})]).await;
}

/// A session of alice: access token and refresh token.
pub async fn session(world: &World) -> (String, String) {
    let wish = json!({"subject": "alice", "permissions": ["read"], "email": "alice@example.com"});
    let reply = post(world, "/v1/issue", &basic("chat"), &wish).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    pair(&reply)
}

/// The tokens of an answer.
pub fn pair(reply: &Reply) -> (String, String) {
    let body = reply.json();
    let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
    (text("access_token"), text("refresh_token"))
}

async fn validated(world: &World, token: &str) -> Value {
    let reply = post(world, "/auth/validate", "", &json!({ "token": token })).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_learns_who_it_is_from_header_or_cookie() {
    let world = World::start().await;
    world.move_to("frontend-session", &[json!({"stage": "shadow"})]).await;
    let token = world.token("fresh_hs256", "alice");
    for head in
        [format!("authorization: Bearer {token}"), format!("cookie: a=b; access_token={token}")]
    {
        let reply = world.data("GET", "/v1/session", &format!("{head}\r\n"), "").await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let body = reply.json();
        assert_eq!(body["subject"], "alice");
        let (end, refresh) = (body["expires_at"].as_i64(), body["refresh_at"].as_i64());
        assert!(refresh < end, "{body}");
    }
    let nobody = world.data("GET", "/v1/session", "", "").await;
    nobody.is_problem(401, "token_missing");
    let other = world.token("fresh_hs256", "bob");
    let both = format!("authorization: Bearer {other}\r\ncookie: access_token={token}\r\n");
    world.data("GET", "/v1/session", &both, "").await.is_problem(401, "token_conflict");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_end_that_decodes_without_verifying_shows_up_as_stricter() {
    let world = World::start().await;
    world.move_to("frontend-session", &[json!({"stage": "shadow"})]).await;
    let forged = world.token("payload_swapped", "mallory");
    let head = format!("authorization: Bearer {forged}\r\n");
    let reply = world.data("GET", "/v1/session", &head, "").await;
    assert_eq!(reply.status, 200, "the front end believes it: {}", reply.body);
    let tally = world.tally("frontend-session").await;
    assert_eq!(json!(tally)["mismatched:stricter"], 1, "{}", json!(tally));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn live_clients_find_their_paths_with_the_same_fields_and_statuses() {
    let world = World::start().await;
    let token = world.token("fresh_hs256", "alice");
    let body = validated(&world, &token).await;
    assert_eq!((&body["valid"], &body["user_id"]), (&json!(true), &json!("alice")), "{body}");
    assert!(body["permissions"].is_array() && body["expires_at"].is_string(), "{body}");

    let expired = world.token("expired_5h", "alice");
    let no = validated(&world, &expired).await;
    assert_eq!((&no["valid"], &no["error"]), (&json!(false), &json!("invalid_token")));
    let missing = post(&world, "/auth/validate", "", &json!({})).await.json();
    assert_eq!(missing["error"], "missing_token");
    let broken = world.data("POST", "/auth/validate", "", "{").await;
    assert_eq!((broken.status, broken.json()["error"].as_str()), (200, Some("invalid_request")));

    let bearer = format!("authorization: Bearer {token}\r\n");
    let verified = world.data("GET", "/auth/verify", &bearer, "").await.json();
    assert_eq!((&verified["valid"], verified["exp"].is_string()), (&json!(true), true));
    let in_body = post(&world, "/auth/verify", "", &json!({"access_token": token})).await.json();
    assert_eq!(in_body["user_id"], "alice");

    let jwt = json!({"token": token, "token_type": "access"});
    let jwt = post(&world, "/api/v1/jwt/validate", "", &jwt).await.json();
    assert_eq!((&jwt["valid"], &jwt["token_type"]), (&json!(true), &json!("access")), "{jwt}");
    assert!(jwt["issued_at"].is_string() && jwt["validation_timestamp"].is_string());
    assert_eq!(post(&world, "/api/v1/jwt/validate", "", &json!({})).await.status, 422);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_answered_in_its_order_and_has_a_bound() {
    let world = World::start().await;
    let (good, bad) = (world.token("fresh_hs256", "alice"), world.token("expired_5h", "bob"));
    let batch = json!({"tokens": [good, bad, 7, good]});
    let body = post(&world, "/api/v1/jwt/validate-batch", "", &batch).await.json();
    assert_eq!((&body["valid_count"], &body["invalid_count"]), (&json!(2), &json!(2)), "{body}");
    let results = body["results"].as_array().expect("results");
    let valid: Vec<bool> = results.iter().map(|each| each["valid"] == true).collect();
    assert_eq!(valid, [true, false, false, true]);
    assert!(results.iter().enumerate().all(|(place, each)| each["token_index"] == place));
    let many = json!({"tokens": vec!["x"; 101]});
    let many = post(&world, "/api/v1/jwt/validate-batch", "", &many).await.json();
    assert_eq!(many["error"], "too_many_tokens_max_100");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_renewed_and_ended_through_the_old_paths() {
    let world = World::start().await;
    world.move_to("modelled", &[json!({"stage": "canary", "share": 10_000})]).await;
    ssot_makes_tokens(&world).await;
    let (access, refresh) = session(&world).await;
    assert_eq!(validated(&world, &access).await["email"], "alice@example.com");
    let reply = post(&world, "/auth/refresh", "", &json!({"refreshToken": refresh})).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let (next, _) = pair(&reply);
    assert_eq!(reply.json()["token_type"], "Bearer");
    assert_eq!(validated(&world, &next).await["valid"], true);

    let none = post(&world, "/auth/refresh", "", &json!({})).await;
    assert_eq!((none.status, none.json()["detail"].is_string()), (422, true));
    let wrong = post(&world, "/auth/refresh", "", &json!({"refresh_token": next})).await;
    assert_eq!((wrong.status, &wrong.json()["detail"]), (401, &json!("Invalid refresh token")));

    let bearer = format!("authorization: Bearer {next}\r\n");
    let out = world.data("POST", "/auth/logout", &bearer, "").await;
    assert_eq!((out.status, &out.json()["status"]), (200, &json!("success")));
    for token in [&access, &next] {
        assert_eq!(validated(&world, token).await["valid"], false, "the whole session has ended");
    }
    let check = post(&world, "/auth/check-blacklist", "", &json!({"token": next})).await.json();
    assert_eq!((&check["blacklisted"], &check["status"]), (&json!(true), &json!("blacklisted")));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_legacy_lets_anybody_do_takes_a_client_here() {
    let world = World::start().await;
    world.move_to("modelled", &[json!({"stage": "canary", "share": 10_000})]).await;
    ssot_makes_tokens(&world).await;
    let (access, _) = session(&world).await;
    let target = "/api/v1/jwt/blacklist-token";
    let body = json!({ "token": access });
    assert_eq!(post(&world, target, "", &body).await.status, 401);
    assert_eq!(post(&world, target, &basic("no-grant"), &body).await.status, 403);
    let service = format!("x-service-id: chat\r\nx-service-secret: {CLIENT_SECRET}\r\n");
    let done = post(&world, target, &service, &body).await;
    assert_eq!((done.status, &done.json()["success"]), (200, &json!(true)), "{}", done.body);
    assert_eq!(validated(&world, &access).await["valid"], false);

    let wrong = "x-service-id: chat\r\nx-service-secret: another\r\n";
    let refused = post(&world, "/auth/validate", wrong, &body).await.json();
    assert_eq!(refused["error"], "invalid_service_secret");
    let target = "/auth/service-token";
    let wish = json!({"service_id": "chat", "service_secret": CLIENT_SECRET});
    let made = post(&world, target, "", &wish).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let token = made.json()["access_token"].as_str().expect("a token").to_owned();
    let body = json!({ "token": token });
    let valid = post(&world, "/auth/validate-service-token", "", &body).await.json();
    assert_eq!((&valid["valid"], &valid["service_id"]), (&json!(true), &json!("chat")), "{valid}");
    assert_eq!(validated(&world, &token).await["valid"], false, "a service is no user");
    let wish = json!({"service_id": "chat", "service_secret": "another"});
    assert_eq!(post(&world, target, "", &wish).await.status, 401);
    assert_eq!(post(&world, target, "", &json!({})).await.status, 422);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_endpoint_speaks_rfc_6749() {
    let world = World::start().await;
    ssot_makes_tokens(&world).await;
    let (_, refresh) = session(&world).await;
    let target = "/oauth/token";
    let made =
        post_form(&world, target, &basic("chat"), "grant_type=client_credentials&scope=read").await;
    assert_eq!(
        (made.status, made.header("cache-control")),
        (200, Some("no-store")),
        "{}",
        made.body
    );
    assert_eq!(
        (&made.json()["token_type"], &made.json()["scope"]),
        (&json!("Bearer"), &json!("read"))
    );
    let renewed = format!("grant_type=refresh_token&refresh_token={refresh}");
    let renewed = post_form(&world, target, &basic("chat"), &renewed).await;
    assert_eq!(renewed.status, 200, "{}", renewed.body);
    for (headers, body, status, error) in [
        ("", "grant_type=client_credentials", 401, "invalid_client"),
        (
            "authorization: Basic Y2hhdDp3cm9uZw==\r\n",
            "grant_type=client_credentials",
            401,
            "invalid_client",
        ),
        (&*basic("no-grant"), "grant_type=client_credentials", 403, "unauthorized_client"),
        (&basic("chat"), "grant_type=client_credentials&scope=everything", 400, "invalid_scope"),
        (
            &basic("chat"),
            "grant_type=password&username=a&password=b",
            400,
            "unsupported_grant_type",
        ),
        (&basic("chat"), "", 400, "invalid_request"),
        (&basic("chat"), "grant_type=refresh_token", 400, "invalid_request"),
        (&basic("chat"), "grant_type=refresh_token&refresh_token=a.b.c", 400, "invalid_grant"),
        (
            &basic("chat"),
            "grant_type=refresh_token&grant_type=refresh_token",
            400,
            "invalid_request",
        ),
        (
            &basic("chat"),
            "grant_type=client_credentials&client_id=chat&client_secret=x",
            400,
            "invalid_request",
        ),
    ] {
        let reply = post_form(&world, target, headers, body).await;
        assert_eq!((reply.status, &reply.json()["error"]), (status, &json!(error)), "{body}");
        assert_eq!(reply.header("www-authenticate").is_some(), status == 401, "{body}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn introspection_and_revocation_follow_their_rfcs() {
    let world = World::start().await;
    world.move_to("modelled", &[json!({"stage": "canary", "share": 10_000})]).await;
    ssot_makes_tokens(&world).await;
    let (access, refresh) = session(&world).await;
    let ask = async |token: &str, hint: &str| {
        let body = format!("token={token}{hint}");
        post_form(&world, "/oauth/introspect", &basic("chat"), &body).await.json()
    };
    let active = ask(&access, "").await;
    let expected =
        HashMap::from([("active", json!(true)), ("sub", json!("alice")), ("scope", json!("read"))]);
    for (name, value) in &expected {
        assert_eq!(active[*name], *value, "{active}");
    }
    for name in ["exp", "iat", "iss", "aud", "jti"] {
        assert!(!active[name].is_null(), "{name}: {active}");
    }
    assert_eq!(ask(&refresh, "").await, json!({"active": false}), "a refresh token opens no door");
    assert_eq!(ask(&refresh, "&token_type_hint=refresh_token").await["active"], true);
    assert_eq!(ask("a.b.c", "").await, json!({"active": false}));

    let revoke = format!("token={refresh}&token_type_hint=refresh_token");
    assert_eq!(post_form(&world, "/oauth/revoke", "", &revoke).await.status, 401);
    let done = post_form(&world, "/oauth/revoke", &basic("chat"), &revoke).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(ask(&access, "").await, json!({"active": false}), "the session goes with it");
    let unknown = post_form(&world, "/oauth/revoke", &basic("chat"), "token=a.b.c").await;
    assert_eq!(unknown.status, 200, "an unknown token is refused anyway");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_of_revocations_is_taken_whole_or_not_at_all() {
    let world = World::start().await;
    world.move_to("modelled", &[json!({"stage": "canary", "share": 10_000})]).await;
    ssot_makes_tokens(&world).await;
    let (access, _) = session(&world).await;
    let feed = |items: Value| json!({ "revocations": items });
    let half = feed(json!([{"subject": "alice"}, {"subject": "bob", "family": "x"}]));
    let reply = post(&world, "/v1/revocations", &basic("chat"), &half).await;
    reply.is_problem(422, "revocations[1]");
    assert_eq!(validated(&world, &access).await["valid"], true, "nothing was put down");
    let ahead = world.rooms.clock.now().seconds() + 1;
    let whole = feed(json!([{"subject": "alice", "issued_before": ahead}]));
    let reply = post(&world, "/v1/revocations", &basic("chat"), &whole).await;
    assert_eq!((reply.status, &reply.json()["taken"]), (200, &json!(1)), "{}", reply.body);
    assert_eq!(reply.json()["not_at_legacy"], 1, "nobody here has a legacy token path");
    assert_eq!(validated(&world, &access).await["valid"], false);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_and_keys_are_public_and_may_be_kept_for_a_while() {
    let world = World::start().await;
    let reply = world.data("GET", "/.well-known/oauth-authorization-server", "", "").await;
    let metadata = reply.json();
    assert_eq!(metadata["issuer"], world.mint.issuer.as_str());
    let keys = metadata["jwks_uri"].as_str().expect("a URL");
    let path = &keys[keys.find("/.well-known").expect("a path")..];
    let set = world.data("GET", path, "", "").await;
    assert_eq!(set.header("content-type"), Some("application/jwk-set+json"));
    assert!(set.header("cache-control").is_some_and(|value| value.contains("max-age=")));
    assert!(set.json()["keys"].as_array().is_some_and(|keys| !keys.is_empty()));
    assert!(!set.body.contains("\"k\"") && !set.body.contains("\"d\""), "public parts only");
    let tag = format!("if-none-match: {}\r\n", set.header("etag").expect("an ETag"));
    assert_eq!(world.data("GET", path, &tag, "").await.status, 304);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_kind_of_token_never_passes_for_another_whoever_serves() {
    let world = World::start().await;
    let token = world.token("fresh_hs256", "alice");
    for steps in [vec![], vec![json!({"stage": "canary", "share": 10_000})]] {
        world.move_to("modelled", &steps).await;
        for kind in ["service", "refresh", "admin", "id", "odd"] {
            let body = json!({"token": token, "token_type": kind});
            let reply = post(&world, "/api/v1/jwt/validate", "", &body).await.json();
            assert_eq!(reply["valid"], false, "{kind}: {reply}");
        }
        let body = json!({ "token": token });
        let service = post(&world, "/auth/validate-service-token", "", &body).await.json();
        assert_eq!(service["error"], "not_service_token", "{service}");
        let form = format!("token={token}&token_type_hint=refresh_token");
        let told = post_form(&world, "/oauth/introspect", &basic("chat"), &form).await.json();
        assert_eq!(told, json!({"active": false}));
    }
    let tally = world.tally("modelled").await;
    assert_eq!(json!(tally)["mismatched:looser"], Value::Null, "{}", json!(tally));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_twice_or_cannot_be_read_is_refused() {
    let world = World::start().await;
    ssot_makes_tokens(&world).await;
    world.move_to("frontend-session", &[json!({"stage": "shadow"})]).await;
    let (token, other) = (world.token("fresh_hs256", "alice"), world.token("fresh_hs256", "bob"));
    let cookies = format!("cookie: access_token={token}; access_token={other}\r\n");
    world.data("GET", "/v1/session", &cookies, "").await.is_problem(401, "token_conflict");
    let body = json!({"refresh_token": "a.b.c"});
    let long = format!("idempotency-key: {}\r\n", "k".repeat(257));
    post(&world, "/auth/refresh", &long, &body).await.is_problem(400, "Idempotency-Key");
    for headers in ["authorization: Basic ***\r\n".to_owned(), {
        format!("{}x-service-id: chat\r\nx-service-secret: {CLIENT_SECRET}\r\n", basic("chat"))
    }] {
        assert_eq!(post(&world, "/auth/refresh", &headers, &body).await.status, 401, "{headers}");
        let form = post_form(&world, "/oauth/introspect", &headers, "token=x").await;
        assert_eq!(form.json()["error"], "invalid_request", "{headers}");
    }
    let twice = post_form(&world, "/oauth/revoke", &basic("chat"), "token=a&token=b").await;
    assert_eq!((twice.status, &twice.json()["error"]), (400, &json!("invalid_request")));
    // A client that may not refresh gets no further by the old path than by the new one.
    let reply = post(&world, "/auth/refresh", &basic("no-grant"), &body).await;
    assert_eq!(reply.status, 401, "{}", reply.body);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_kind_is_looked_at_as_what_it_is() {
    let world = World::start().await;
    world.move_to("modelled", &[json!({"stage": "canary", "share": 10_000})]).await;
    ssot_makes_tokens(&world).await;
    let form = "grant_type=client_credentials";
    let made = post_form(&world, "/oauth/token", &basic("chat"), form).await.json();
    let service = made["access_token"].as_str().expect("a token").to_owned();
    let ask = async |token: &str| {
        let body = format!("token={token}&token_type_hint=service_token");
        post_form(&world, "/oauth/introspect", &basic("chat"), &body).await.json()
    };
    let told = ask(&service).await;
    assert_eq!((&told["active"], &told["kind"]), (&json!(true), &json!("service")), "{told}");
    assert_eq!(told["client_id"], "chat");
    // A refresh token in the place of an access token still ends its session.
    let (access, refresh) = session(&world).await;
    let bearer = format!("authorization: Bearer {refresh}\r\n");
    assert_eq!(world.data("POST", "/auth/logout", &bearer, "").await.status, 200);
    assert_eq!(validated(&world, &access).await["valid"], false);
    let check = json!({ "token": refresh });
    let check = post(&world, "/auth/check-blacklist", "", &check).await.json();
    assert_eq!(check["blacklisted"], true, "{check}");
    world.stop().await;
}
