//! Three listeners, and what each of them shows.

use super::kit::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_have_a_listener_of_their_own() {
    let world = World::start().await;
    for target in ["/metrics", "/healthz", "/readyz"] {
        assert_eq!(world.metrics("GET", target).await.status, 200, "{target}");
    }
    world.metrics("POST", "/metrics").await.is_problem(405, "method");
    for target in ["/v1/flags", "/v1/report", "/v1/decide/modelled", "/openapi.json", "/"] {
        world.metrics("GET", target).await.is_problem(404, "no such path");
    }
    world.data("GET", "/metrics", "", "").await.is_problem(404, "no such path");
    world.control("GET", "/metrics", "", "").await.is_problem(404, "no such path");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_say_what_the_listeners_refused() {
    let world = World::start().await;
    let fields = "a: b\r\n".repeat(101);
    assert_eq!(world.data("GET", "/healthz", &fields, "").await.status, 431);
    // The connection may still be on its way out when its answer has arrived.
    let counted = r#"crossfade_listener_events_total{listener="data",event="head_too_large"} 1"#;
    let mut text = String::new();
    for _ in 0..1_000 {
        text = world.metrics("GET", "/metrics").await.body;
        if text.contains(counted) {
            break;
        }
    }
    assert!(text.contains(counted), "{text}");
    for listener in ["data", "control", "metrics"] {
        let accepted = format!(r#"{{listener="{listener}",event="accepted"}}"#);
        assert!(text.contains(&accepted), "{text}");
    }
    world.stop().await;
}
