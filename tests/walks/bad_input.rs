//! Bad input of every kind gets a clear problem and changes nothing.

use serde_json::json;

use super::kit::World;

const JSON: &str = "content-type: application/json\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_cannot_be_read_is_a_problem_that_says_why() {
    let world = World::start().await;
    let ask = |headers: &'static str, body: String| {
        let world = &world;
        async move { world.data("POST", "/v1/decide/modelled", headers, &body).await }
    };
    let body = json!({ "token": "x" }).to_string();
    ask("", body.clone()).await.is_problem(415, "Content-Type");
    ask("content-type: text/plain\r\n", body.clone()).await.is_problem(415, "Content-Type");
    ask(JSON, String::new()).await.is_problem(400, "ends too early");
    ask(JSON, "{\"token\":".to_owned()).await.is_problem(400, "ends too early");
    ask(JSON, "{token}".to_owned()).await.is_problem(400, "not JSON at line 1 column 2");
    ask(JSON, "[\"x\"]".to_owned()).await.is_problem(400, "not a list");
    ask(JSON, "7".to_owned()).await.is_problem(400, "another type");
    ask(JSON, json!({ "token": 7 }).to_string()).await.is_problem(400, "another type");
    ask(JSON, json!({ "tokn": "x" }).to_string()).await.is_problem(400, "unknown field");
    ask(JSON, r#"{"token":"a","token":"b"}"#.to_owned()).await.is_problem(400, "duplicate field");
    ask(JSON, "{}".to_owned()).await.is_problem(422, "either `token` or `headers`");
    let both = json!({ "token": "x", "headers": [] }).to_string();
    ask(JSON, both).await.is_problem(422, "stands alone");
    let many: Vec<[&str; 2]> = vec![["a", "b"]; 101];
    ask(JSON, json!({ "headers": many }).to_string()).await.is_problem(422, "at most 100");
    let long = json!({ "token": "x".repeat(70_000) }).to_string();
    ask(JSON, long).await.is_problem(413, "65536");
    assert_eq!(world.tally("modelled").await.requests(), 0, "nothing was asked");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_in_a_bad_body_is_never_shown_back() {
    let world = World::start().await;
    let secret = "eyJhbGciOiJIUzI1NiJ9.secret.secret";
    for body in [
        json!({ "token": { "nested": secret } }).to_string(),
        json!({ "headers": secret }).to_string(),
        format!("{secret}{{"),
        json!({ "token": [secret] }).to_string(),
    ] {
        let reply = world.data("POST", "/v1/decide/modelled", JSON, &body).await;
        assert_eq!(reply.status, 400);
        assert!(!reply.body.contains("secret"), "{}", reply.body);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_methods_that_do_not_exist_are_problems() {
    let world = World::start().await;
    let body = json!({ "token": "x" }).to_string();
    for component in ["nobody", "UPPER", "a%20b", &"a".repeat(65)] {
        let target = format!("/v1/decide/{component}");
        world.data("POST", &target, JSON, &body).await.is_problem(404, "no component");
    }
    world
        .data("POST", "/v1/decide/token-operations", JSON, &body)
        .await
        .is_problem(409, "does not answer questions");
    world.data("GET", "/v1/decide/modelled", "", "").await.is_problem(405, "method");
    world.data("GET", "/", "", "").await.is_problem(404, "no such path");
    world.control("DELETE", "/v1/flags/modelled", "", "").await.is_problem(405, "method");
    world.control("GET", "/v1/flags/nobody", "", "").await.is_problem(404, "no component");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_change_of_a_flag_changes_nothing() {
    let world = World::start().await;
    let before = world.flag("modelled").await;
    let etag = before.header("etag").expect("an ETag").to_owned();
    let put = |if_match: Option<String>, body: String| {
        let world = &world;
        let headers = if_match.map_or(String::new(), |etag| format!("if-match: {etag}\r\n"));
        async move {
            world.control("PUT", "/v1/flags/modelled", &format!("{headers}{JSON}"), &body).await
        }
    };
    let good = json!({ "stage": "off" }).to_string();
    put(None, good.clone()).await.is_problem(428, "If-Match");
    put(Some("*".to_owned()), good.clone()).await.is_problem(400, "ETag");
    put(Some("W/\"1\"".to_owned()), good.clone()).await.is_problem(400, "ETag");
    put(Some("\"999999\"".to_owned()), good.clone()).await.is_problem(412, "ETag");
    let with = |body: serde_json::Value| put(Some(etag.clone()), body.to_string());
    with(json!({})).await.is_problem(422, "neither `stage`");
    with(json!({ "stage": "warp" })).await.is_problem(422, "off, shadow, canary");
    with(json!({ "stage": "canary" })).await.is_problem(422, "share");
    with(json!({ "stage": "live", "share": 5 })).await.is_problem(422, "share");
    with(json!({ "stage": "canary", "share": 10_001 })).await.is_problem(400, "another type");
    with(json!({ "stage": "canary", "share": -1 })).await.is_problem(400, "another type");
    with(json!({ "stage": "canary", "share": 0 })).await.is_problem(409, "at least");
    with(json!({ "share": 5 })).await.is_problem(422, "beside");
    with(json!({ "stage": "off", "deadline_ms": 100 })).await.is_problem(422, "one at a time");
    with(json!({ "stage": "shadow" })).await.is_problem(409, "already");
    with(json!({ "deadline_ms": 1 })).await.is_problem(422, "deadline_ms");
    with(json!({ "rescue": "all" })).await.is_problem(400, "another type");
    with(json!({ "stages": "off" })).await.is_problem(400, "unknown field");
    with(json!({ "accepted": [{ "class": "stricter" }] })).await.is_problem(400, "missing field");
    let after = world.flag("modelled").await;
    assert_eq!(after.json(), before.json());
    let history = world.control("GET", "/v1/flags/modelled/history", "", "").await.json();
    assert_eq!(history["changes"].as_array().map(Vec::len), Some(1), "the seed alone");
    for query in ["limit=0", "limit=501", "limit=x", "before=-1", "nonsense=1"] {
        let target = format!("/v1/flags/modelled/history?{query}");
        world.control("GET", &target, "", "").await.is_problem(400, "limit");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_request_are_refused_and_the_service_lives_on() {
    let world = World::start().await;
    for bytes in [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"GET\r\n\r\n", b"\0\0\0\0\r\n\r\n"] {
        let reply = world.data_raw(bytes).await;
        assert!(reply.status == 400 || reply.status == 0, "{reply:?}");
    }
    let head = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(64 * 1024));
    let reply = world.data_raw(head.as_bytes()).await;
    assert_eq!(reply.status, 431, "{reply:?}");
    assert_eq!(world.data("GET", "/healthz", "", "").await.status, 200);
    world.stop().await;
}
