//! Answers for proxies: 200, 401, 403 or 503, and nothing else.

use serde_json::json;

use super::kit::{Behaviour, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_gets_the_identity_in_headers() {
    let world = World::start().await;
    let bearer = format!("authorization: Bearer {}\r\n", world.token("fresh_hs256", "alice"));
    for method in ["GET", "POST", "DELETE", "HEAD", "OPTIONS"] {
        let target = "/v1/forward-auth/modelled/chat/1?q=2";
        let reply = world.data(method, target, &bearer, "").await;
        assert_eq!(reply.status, 200, "{method}");
        assert_eq!(reply.header("x-auth-subject"), Some("alice"));
        assert_eq!(reply.header("x-auth-side"), Some("legacy"));
        assert!(reply.header("x-request-id").is_some());
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_challenges_as_rfc_6750_asks() {
    let world = World::start().await;
    let target = "/v1/forward-auth/modelled";
    let nothing = world.data("GET", target, "", "").await;
    assert_eq!(nothing.status, 401);
    assert_eq!(nothing.header("www-authenticate"), Some("Bearer realm=\"crossfade\""));
    let expired = format!("authorization: Bearer {}\r\n", world.token("expired_5h", "alice"));
    let refused = world.data("GET", target, &expired, "").await;
    assert_eq!(refused.status, 401);
    let challenge = refused.header("www-authenticate").expect("a challenge");
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    assert_eq!(refused.header("x-auth-subject"), None);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_decided_is_503_and_never_401_or_a_redirect() {
    let world = World::start().await;
    let bearer = format!("authorization: Bearer {}\r\n", world.token("fresh_hs256", "alice"));
    for component in ["nobody", "token-operations", "No-Such", "http-auth"] {
        world.legacy.behave(Behaviour::Crash);
        let target = format!("/v1/forward-auth/{component}/x");
        let reply = world.data("GET", &target, &bearer, "").await;
        reply.is_problem(503, "ask again");
        assert_eq!(reply.header("location"), None);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_token_gets_the_same_answer_through_both_doors() {
    let world = World::start().await;
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 10_000 })]).await;
    for kind in ["fresh_hs256", "expired_5h", "aud_missing", "env_staging"] {
        let token = world.token(kind, "alice");
        let decided = world.decide("modelled", &token).await.json();
        let bearer = format!("authorization: bearer {token}\r\n");
        let passed = world.data("GET", "/v1/forward-auth/modelled", &bearer, "").await;
        assert_eq!(decided["decision"] == "allow", passed.status == 200, "{kind}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_cannot_smuggle_a_header() {
    let world = World::start().await;
    world.legacy.allow("eve\r\nx-admin: yes", &[]);
    let bearer = format!("authorization: Bearer {}\r\n", world.token("fresh_hs256", "eve"));
    let reply = world.data("GET", "/v1/forward-auth/http-auth", &bearer, "").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("x-admin"), None);
    assert_eq!(reply.header("x-auth-subject"), Some("eve%0D%0Ax-admin: yes"));
    world.stop().await;
}
