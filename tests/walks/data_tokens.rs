//! The data listener that asks for an API token.

use crossfade::access::Scope;
use crossfade::config::Config;
use crossfade::web::DataAccess;
use serde_json::json;

use super::kit::World;
use super::people::token;

fn asks_for_a_token(config: &mut Config) {
    config.listen.data_access = DataAccess::Token;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_listener_that_asks_for_a_token_answers_nobody_without_one() {
    let world = World::start_with(asks_for_a_token).await;
    let of_alice = world.token("fresh_hs256", "alice");
    let body = json!({ "token": of_alice }).to_string();
    let kind = "content-type: application/json\r\n";
    let decide = "/v1/decide/modelled";
    world.data("POST", decide, kind, &body).await.is_problem(401, "token");
    let wrong = format!("{kind}authorization: Bearer cfd_nobody-knows-this-one\r\n");
    world.data("POST", decide, &wrong, &body).await.is_problem(401, "not known");
    // The caller's own token is not one of ours.
    let callers = format!("{kind}authorization: Bearer {of_alice}\r\n");
    world.data("POST", decide, &callers, &body).await.is_problem(401, "not known");
    for scope in Scope::ALL {
        let person = token(&world, &scope.as_str().replace('_', "-"), scope).await;
        let headers = format!("{kind}{}", person.headers);
        let reply = world.data("POST", decide, &headers, &body).await;
        if scope == Scope::Decide {
            assert_eq!((reply.status, reply.json()["decision"].as_str()), (200, Some("allow")));
        } else {
            reply.is_problem(403, "ask about tokens");
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_shows_its_token_in_a_header_of_its_own_which_goes_no_further() {
    let world = World::start_with(asks_for_a_token).await;
    let proxy = token(&world, "proxy", Scope::Decide).await;
    let secret = proxy.headers.trim().rsplit(' ').next().expect("a token").to_owned();
    let of_alice = world.token("fresh_hs256", "alice");
    let bearer = format!("authorization: Bearer {of_alice}\r\n");
    let target = "/v1/forward-auth/modelled/orders";
    // That the proxy lacks a token is no refusal of its caller: 503, never 401.
    world.data("GET", target, &bearer, "").await.is_problem(503, "ask again");
    let shown = format!("{bearer}x-crossfade-token: {secret}\r\n");
    let reply = world.data("GET", target, &shown, "").await;
    assert_eq!((reply.status, reply.header("x-auth-subject")), (200, Some("alice")), "{reply:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_asks_too_often_is_told_when_to_come_back() {
    let world = World::start_with(|config| config.access.data_per_second = Some(2)).await;
    let mut told = Vec::new();
    for _ in 0..20 {
        let reply = world.decide("modelled", "not.a.token").await;
        told.push((reply.status, reply.header("retry-after").is_some()));
    }
    assert!(told.starts_with(&[(200, false), (200, false)]), "{told:?}");
    let refused = told.iter().filter(|answer| **answer == (429, true)).count();
    let metrics = world.metrics("GET", "/metrics").await.body;
    let counted = format!("crossfade_refused_total{{reason=\"too_many\"}} {refused}");
    assert!(refused > 0 && metrics.contains(&counted), "{refused} in {metrics}");
    world.stop().await;
}
