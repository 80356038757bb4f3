//! What people and machines are told of a rollback by the guard: the webhook, the stream of events,
//! the metrics, the log.

use std::time::Duration;

use crossfade::config::Config;
use crossfade::domain::ComponentId;
use crossfade::guard::{NoticeKind, Webhook};
use crossfade::outbound::Url;
use crossfade::outbound::WebhookKey;
use serde_json::{Value, json};

use super::events::changes;
use super::kit::{Behaviour, Endpoint, World, log};
use super::token_operations::{shadowed, shifted};

const KEY: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn told_at(url: &str) -> impl FnOnce(&mut Config) {
    let url = Url::configured(&format!("{url}/hook")).expect("a url");
    move |config| {
        config.webhooks.push(Webhook {
            name: "pager".to_owned(),
            url,
            key: WebhookKey::parse(KEY).expect("a key"),
            events: NoticeKind::ALL.into(),
            components: [ComponentId::parse("http-auth").expect("an id")].into(),
        });
    }
}

/// Looks again until there is one.
async fn until<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = found().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_mins(1), looking).await;
    found.unwrap_or_else(|_| panic!("never: {what}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_by_the_guard_is_told_to_the_webhook_the_stream_the_metrics_and_the_log() {
    let pager = Endpoint::start();
    pager.behave(Behaviour::Answer(503, "{}".to_owned()));
    let world = World::start_with(told_at(&pager.url)).await;
    world.move_to("http-auth", &[json!({ "limits": {} })]).await;
    shadowed(&world, "http-auth").await;
    shifted(&world, "http-auth").await;
    let mut stream = changes(&world, "/v1/events", "").await;
    assert_eq!(stream.event().await.name, "reset");

    // Legacy takes the caller for somebody else.
    world.legacy.allow("mallory", &["read"]);
    let token = world.token("fresh_hs256", "alice");
    world.decide("http-auth", &token).await;
    let change = stream.event().await;
    assert_eq!((change.name.as_str(), &change.data["latched"]), ("change", &json!(true)));
    let guard = stream.event().await;
    assert_eq!(guard.name, "guard");
    let card = guard.card.clone().expect("a card");
    assert_eq!((guard.id, &guard.data["card"]), (change.id, &json!(card)));
    assert_eq!(guard.data["deed"], "rolled_back");
    assert_eq!((&guard.data["rule"], &guard.data["alarm"]), (&json!("security"), &json!(true)));

    // Whoever has seen it is not told again; whoever has only seen the change before is.
    let mut again = changes(&world, &format!("/v1/events?after={}.{card}", guard.id), "").await;
    let mut late = changes(&world, &format!("/v1/events?after={}", change.id), "").await;
    assert_eq!(late.event().await, guard);
    world.move_to("modelled", &[json!({ "stage": "canary", "share": 1 })]).await;
    assert_eq!(again.event().await.name, "change");

    until("the webhook is called", async || (pager.asked() > 0).then_some(())).await;
    pager.behave(Behaviour::Answer(204, String::new()));
    let delivered = "crossfade_outbox_delivered_total 1\n";
    let metrics = until("the notice arrives", async || {
        let text = world.metrics("GET", "/metrics").await.body;
        text.contains(delivered).then_some(text)
    })
    .await;
    for line in [
        "guard_trips_total{rule=\"security\"} 1",
        "webhooks_waiting{webhook=\"pager\"} 0",
        "guard_attempt{component=\"http-auth\"} ",
    ] {
        assert!(metrics.contains(&format!("\ncrossfade_{line}")), "{line} is not in {metrics}");
    }
    let requests = pager.requests();
    let last = requests.last().expect("a request");
    let (head, body) = last.split_once("\r\n\r\n").expect("a body");
    assert!(head.contains(&format!("\r\nwebhook-id: {card}\r\n")), "{head}");
    assert!(head.contains("\r\nwebhook-signature: v1,"), "{head}");
    let told: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((&told["type"], &told["id"]), (&json!("guard.rolled_back"), &json!(card)));
    assert_eq!(told["data"]["component"], "http-auth");
    for told in [body, &log()] {
        assert!(!told.contains(&token) && !told.contains("whsec_"));
    }
    assert!(!body.contains("alice") && !body.contains("mallory"), "{body}");
    let line = format!("card.id=\"{card}\"");
    assert!(log().lines().any(|text| text.contains("ERROR") && text.contains(&line)));
    world.stop().await;
}
