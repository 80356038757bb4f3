//! Pages that are alive: what they are told, and what that costs.

use std::net::SocketAddr;
use std::time::Duration;

use crossfade::access::Role;
use serde_json::json;

use super::dashboard::{get, post};
use super::kit::World;
use super::people::operator;
use super::streams::{Event, Listening};
use super::weight::a_hundred;

/// Parts of the overview of a world: three, and eleven of each of its five components.
const ALL: usize = 3 + 11 * 5;

/// The next event of a live page in which something stands.
pub async fn told(stream: &mut Listening, text: &str) -> (String, Event) {
    loop {
        let event = stream.event().await;
        assert_eq!(event.name, "parts");
        let parts = event.data["parts"].as_array().expect("parts");
        let part = parts.iter().find(|part| part["html"].as_str().expect("html").contains(text));
        if let Some(part) = part {
            return (part["id"].as_str().expect("an id").to_owned(), event);
        }
    }
}

/// Where the streams of a world are.
pub fn control(world: &World) -> SocketAddr {
    world.control_url().trim_start_matches("http://").parse().expect("an address")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_open_learns_of_a_change_and_goes_on_from_where_it_was() {
    let world = World::start().await;
    let vera = operator(&world, "vera", Role::Viewer).await;
    let mut stream = Listening::to(control(&world), "/live/overview", &vera.headers).await;
    assert_eq!(stream.reply().header("content-type"), Some("text/event-stream"));
    let first = stream.event().await;
    let count = |event: &Event| event.data["parts"].as_array().expect("parts").len();
    assert_eq!(count(&first), ALL, "the summary, what waits, who reads, and five components");
    world.move_to("modelled", &[json!({"stage": "canary", "share": 1000})]).await;
    let (id, event) = told(&mut stream, "10 %").await;
    assert_eq!(id, "c-modelled.share");
    assert!(count(&event) < ALL / 2, "only what has changed");
    // Whoever comes back with what he has seen last is told no more than what came after it.
    let seen = format!("{}.{}", event.id, event.card.as_deref().expect("a round"));
    let headers = format!("{}last-event-id: {seen}\r\n", vera.headers);
    let mut again = Listening::to(control(&world), "/live/overview", &headers).await;
    world.move_to("modelled", &[json!({"stage": "canary", "share": 2000})]).await;
    let next = again.event().await;
    assert!(count(&next) < ALL / 2, "{:?}", next.data);
    let mut stranger = Listening::to(
        control(&world),
        "/live/overview",
        &format!("{}last-event-id: 1.1\r\n", vera.headers),
    )
    .await;
    assert_eq!(count(&stranger.event().await), ALL, "whom nobody remembers gets all");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_not_told_again_what_it_shows_already() {
    let world = World::start().await;
    let vera = operator(&world, "vera", Role::Viewer).await;
    for path in ["/", "/components/modelled?span=15m"] {
        let page = get(&world, &vera, path).await.body;
        let (_, live) = page.split_once("data-live=\"").expect("a page that is alive");
        let live = live.split('"').next().expect("an address").replace("&amp;", "&");
        let mut stream = Listening::to(control(&world), &live, &vera.headers).await;
        let share = if path == "/" { 700 } else { 900 };
        world.move_to("modelled", &[json!({"stage": "canary", "share": share})]).await;
        let (_, event) = told(&mut stream, if path == "/" { "7 %" } else { "9 %" }).await;
        let ids: Vec<&str> = event.data["parts"]
            .as_array()
            .expect("parts")
            .iter()
            .map(|part| part["id"].as_str().expect("an id"))
            .collect();
        assert!(!ids.iter().any(|id| id.starts_with("c-child")), "{ids:?}");
        assert!(!ids.contains(&"lately"), "{ids:?}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_components_page_is_alive_as_well_and_only_for_who_is_signed_in() {
    let world = World::start().await;
    let vera = operator(&world, "vera", Role::Viewer).await;
    let target = "/live/components/modelled?span=1h";
    let mut stream = Listening::to(control(&world), target, &vera.headers).await;
    let first = stream.event().await;
    let ids: Vec<&str> = first.data["parts"]
        .as_array()
        .expect("parts")
        .iter()
        .map(|part| part["id"].as_str().expect("an id"))
        .collect();
    assert_eq!(ids, ["state", "lately", "evidence", "plan-state", "charts-drawn"]);
    world.move_to("modelled", &[json!({"stage": "canary", "share": 1000})]).await;
    assert_eq!(told(&mut stream, "canary").await.0, "state");
    let nobody = world.control_as_sent("GET", target, "", "").await;
    nobody.is_problem(401, "");
    let unknown = world.control_as_sent("GET", "/live/components/none", &vera.headers, "").await;
    unknown.is_problem(404, "none");
    // Whoever signs out hears no more.
    let out = post(&world, &vera, "/sign-out", "").await;
    assert_eq!(out.status, 303);
    world.move_to("modelled", &[json!({"stage": "canary", "share": 3000})]).await;
    let rest = stream.rest().await;
    assert!(!rest.contains("30 %"), "{rest}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_open_pages_cost_as_much_as_one_and_none_costs_nothing() {
    let world = World::start().await;
    let vera = operator(&world, "vera", Role::Viewer).await;
    assert_eq!(world.rooms.live.rendered(), 0, "nobody looks");
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(Listening::to(control(&world), "/live/overview", &vera.headers).await);
    }
    for stream in &mut streams {
        stream.event().await;
    }
    let begun = world.rooms.live.rendered();
    world.move_to("modelled", &[json!({"stage": "canary", "share": 1000})]).await;
    for stream in &mut streams {
        told(stream, "10 %").await;
    }
    let rounds = world.rooms.live.rendered() - begun;
    assert!((1..20).contains(&rounds), "{rounds} renderings for twenty pages");
    drop(streams);
    // The last round ends, and none follows.
    let mut quiet = 0;
    let mut before = world.rooms.live.rendered();
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = world.rooms.live.rendered();
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
        if quiet == 40 {
            break;
        }
    }
    assert_eq!(quiet, 40, "it is still rendered");
    world.stop().await;
}

/// Prints how long the overview of a hundred components takes, and what its stream weighs while each of
/// them is asked about.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints a figure, for people"]
async fn how_long_a_hundred_components_take() {
    let world = World::start_with(a_hundred).await;
    let vera = operator(&world, "vera", Role::Viewer).await;
    for number in 0..100 {
        world.decide(&format!("part-{number}"), &world.token("fresh_hs256", "alice")).await;
    }
    for round in 0..4 {
        let began = std::time::Instant::now();
        let page = get(&world, &vera, "/").await;
        println!("round {round}: {:?}, {} bytes", began.elapsed(), page.body.len());
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    let mut stream = Listening::to(control(&world), "/live/overview", &vera.headers).await;
    println!("the whole: {} bytes", stream.event().await.data.to_string().len());
    for round in 0..4 {
        for number in 0..100 {
            let subject = format!("user-{round}");
            world.decide(&format!("part-{number}"), &world.token("fresh_hs256", &subject)).await;
        }
        println!("round {round}: {} bytes told", stream.event().await.data.to_string().len());
    }
    world.stop().await;
}
