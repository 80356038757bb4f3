//! What is sent of a page, and in which form.

use std::collections::BTreeSet;

use crossfade::access::Role;
use crossfade::config::Config;
use crossfade::flags::Seed;

use super::dashboard::{get, post};
use super::kit::{Reply, World, parse};
use super::live::control;
use super::people::{Person, operator};
use super::streams::Listening;

const GZIP: &str = "accept-encoding: br, gzip\r\n";

/// What a page may weigh with all its parts.
const BYTES_MAX: usize = 150 * 1024;

/// The answer as somebody gets it who takes gzip, and its size.
async fn light(world: &World, who: &Person, path: &str) -> (Reply, usize) {
    let bytes = world.control_bytes(path, &format!("{}{GZIP}", who.headers)).await;
    let reply = parse(&String::from_utf8_lossy(&bytes));
    assert_eq!(reply.status, 200, "{path}");
    (reply, bytes.len())
}

/// What stands between two texts, each time.
fn between<'t>(text: &'t str, before: &'t str, after: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(before).skip(1).filter_map(move |rest| rest.split(after).next())
}

/// A hundred components in three phases.
pub fn a_hundred(config: &mut Config) {
    let seed = |number: usize| {
        format!(
            "[component.part-{number}]\nkind = \"auth\"\nphase = {}\nlegacy = \"model\"\nstage = \"shadow\"\n",
            number % 3 + 1
        )
    };
    let text: String = (0..100).map(seed).collect();
    config.seeds = Seed::parse_all(&text, "many.toml").expect("seeds");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_read_is_sent_compressed_to_whoever_takes_that() {
    let world = World::start().await;
    let vera = operator(&world, "vera", Role::Viewer).await;
    for path in ["/", "/components/modelled", "/history", "/static/app.css", "/static/app.js"] {
        let plain = world.control_bytes(path, &vera.headers).await;
        let (reply, size) = light(&world, &vera, path).await;
        assert_eq!(reply.header("content-encoding"), Some("gzip"), "{path}");
        assert_eq!(reply.header("vary"), Some("accept-encoding"), "{path}");
        assert!(3 * size < 2 * plain.len(), "{path}: {size} of {}", plain.len());
        let plain = parse(&String::from_utf8_lossy(&plain));
        assert_eq!(plain.header("content-encoding"), None, "{path}");
    }
    let (file, _) = light(&world, &vera, "/static/app.css").await;
    let tag = file.header("etag").expect("a tag");
    assert!(tag.starts_with("W/"), "{tag} would name two encodings");
    let known = format!("{GZIP}if-none-match: {tag}\r\n");
    let again = world.control_as_sent("GET", "/static/app.css", &known, "").await;
    assert_eq!((again.status, &*again.body), (304, ""));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_programs_read_and_what_goes_on_for_ever_is_sent_as_it_is() {
    let world = World::start().await;
    let vera = operator(&world, "vera", Role::Viewer).await;
    for path in ["/v1/flags/modelled", "/openapi.json", "/v1/report"] {
        let (reply, _) = light(&world, &vera, path).await;
        assert_eq!(reply.header("content-encoding"), None, "{path}");
    }
    let flag = light(&world, &vera, "/v1/flags/modelled").await.0;
    assert!(flag.header("etag").expect("a tag").starts_with('"'), "a change must name it");
    let headers = format!("{}{GZIP}", vera.headers);
    let mut stream = Listening::to(control(&world), "/live/overview", &headers).await;
    assert_eq!(stream.reply().header("content-encoding"), None);
    assert_eq!(stream.event().await.name, "parts");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_page_writes_the_token_of_its_forms_anew_and_each_of_them_is_taken() {
    let world = World::start().await;
    let ada = operator(&world, "ada", Role::Admin).await;
    let mut seen = BTreeSet::new();
    for round in 0..3 {
        let page = get(&world, &ada, "/components/modelled").await.body;
        let before = "name=\"form_token\" value=\"";
        seen.extend(between(&page, before, "\"").map(str::to_owned));
        assert!(seen.len() > round, "{seen:?}");
    }
    for token in &seen {
        let written = Person { form_token: Some(token.clone()), ..ada.clone() };
        assert_ne!(post(&world, &written, "/explain", "component=modelled").await.status, 403);
        // The second half of one under the mask of another.
        let other = seen.iter().find(|other| *other != token).expect("another");
        let mixed = format!("{}{}", &token[..22], &other[22..]);
        let forged = Person { form_token: Some(mixed), ..ada.clone() };
        assert_eq!(post(&world, &forged, "/explain", "component=modelled").await.status, 403);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_of_a_hundred_components_is_light() {
    let world = World::start_with(a_hundred).await;
    let vera = operator(&world, "vera", Role::Viewer).await;
    for number in 0..100 {
        let kind = ["fresh_hs256", "aud_missing"][number % 2];
        world.decide(&format!("part-{number}"), &world.token(kind, "alice")).await;
    }
    let page = get(&world, &vera, "/").await.body;
    assert_eq!(page.matches("<article").count(), 100);
    let mut whole = light(&world, &vera, "/").await.1;
    let files: BTreeSet<&str> = between(&page, "\"/static/", "\"").collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        whole += light(&world, &vera, &format!("/static/{file}")).await.1;
    }
    assert!(whole < BYTES_MAX, "{whole} bytes");
    world.stop().await;
}
