//! The guard over HTTP: a fault at a known request, and what became of it.

use std::sync::Arc;
use std::time::Duration;

use crossfade::domain::{ComponentId, Revision, Share, Side, SubjectKey, Timestamp};
use crossfade::flags::{Advance, Kind, Limits, Seed, Stage};
use crossfade::guard::case::{Case, Held, rule};
use crossfade::guard::{CardFilter, DecisionCard, Deed, Ruling};
use crossfade::ledger::{Compared, Seen, Trial, Worth};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::kit::World;

/// Runs of each regression.
const RUNS: u64 = 30;

/// Of legacy's answers, and of a healthy SSOT's, so many fail.
const HEALTHY: f64 = 0.005;

/// What is armed: the two rules whose delays are promised.
fn limits() -> Limits {
    Limits {
        advance: Advance::Unheld,
        security: false,
        divergence: None,
        slow_ms: None,
        latency_percent: None,
        harm_max: None,
        ..Limits::default()
    }
}

/// A caller that asks one question after another over one connection.
struct Caller(BufReader<TcpStream>);

impl Caller {
    async fn to(world: &World) -> Self {
        let stream = TcpStream::connect(world.data_address()).await.expect("connected");
        stream.set_nodelay(true).expect("set");
        Self(BufReader::new(stream))
    }

    /// Asks, and tells which side has answered.
    async fn ask(&mut self, component: &str, token: &str) -> Side {
        let body = json!({ "token": token }).to_string();
        let request = format!(
            "POST /v1/decide/{component} HTTP/1.1\r\nhost: test\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(request.as_bytes()).await.expect("sent");
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.expect("a line");
            if line == "\r\n" {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).await.expect("an answer");
        let answer: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
        if answer["served_by"] == "ssot" { Side::Ssot } else { Side::Legacy }
    }
}

/// A question as it will be put: who, and what its side makes of it.
struct Planned {
    token: String,
    key: SubjectKey,
    arm: Side,
    failing: bool,
}

/// Subject after subject: so many of SSOT's that fail as seldom as legacy's, then such that fail
/// with probability `bad`.
fn plan(
    world: &World,
    (component, share): (&str, Share),
    healthy: u64,
    bad: f64,
    seed: u64,
) -> Vec<Planned> {
    let mut chance = StdRng::seed_from_u64(seed);
    let snapshot = world.rooms.flags.snapshot();
    let flag = snapshot.flag(component).expect("a flag");
    let after = if bad > 0.1 { 150 } else { 3_000 };
    let (mut planned, mut of_ssot, mut number) = (Vec::new(), 0, 0);
    while of_ssot < healthy + after {
        let subject = format!("run-{seed}-{number}");
        number += 1;
        let slot = snapshot.slot_of_subject(flag, &subject).expect("a slot");
        let arm = if slot.is_below(share) { Side::Ssot } else { Side::Legacy };
        of_ssot += u64::from(arm == Side::Ssot);
        let is_bad = arm == Side::Ssot && of_ssot > healthy;
        let failing = chance.random_bool(if is_bad { bad } else { HEALTHY });
        // Legacy lets in whom no audience is named, and SSOT does not; and the other way round
        // where it is named in a list.
        let kind = match (arm, failing) {
            (_, false) => "fresh_hs256",
            (Side::Ssot, true) => "aud_missing",
            (Side::Legacy, true) => "aud_list_one",
        };
        let key = SubjectKey::from_hash(number);
        planned.push(Planned { token: world.token(kind, &subject), key, arm, failing });
    }
    planned
}

/// SSOT's trials by the failure with which the rules trip, run in process, and after which question.
fn in_process(planned: &[Planned], limits: &Limits, share: Share) -> Option<(u64, usize)> {
    let mut case = Case::new(1, Timestamp::from_seconds(0), Revision::default());
    let held = Held { limits, stage: Stage::Canary(share), kind: Kind::Auth };
    for (at, question) in planned.iter().enumerate() {
        let now = Timestamp::from_seconds(1);
        let trial = Trial {
            asked_at: now,
            revision: Revision(1),
            arm: question.arm,
            share: Some(share),
            subject: Some(question.key),
            client: None,
            drawn: true,
            other_failed: Some(false),
            proven: true,
            served: if question.failing { Worth::WronglyDenied } else { Worth::Good },
            rescued: false,
            compared: Compared::Not,
            legacy_took: None,
            ssot_took: None,
            recorded_at: None,
        };
        case.absorb(&Seen::Answer(trial), &held);
        let looks = question.failing || case.is_at_the_line(&held);
        if looks && matches!(rule(&case, &held, now), Ruling::Trip { .. }) {
            return Some((case.path.back().map_or(0, |point| point.ssot_trials), at));
        }
    }
    None
}

/// Waits until everything asked so far is recorded, and the guard has absorbed it.
async fn absorbed(world: &World, component: &ComponentId, asked: u64) -> bool {
    let wait = async {
        loop {
            let snapshot = world.rooms.flags.snapshot();
            let flag = snapshot.flag(component.as_str()).expect("a flag");
            if !flag.stage.ssot_serves() {
                return true;
            }
            let view = world.rooms.guard.view(component).expect("a view");
            let trips = matches!(view.ruling, Ruling::Trip { .. });
            if view.answers >= asked && view.attempt == 1 && !trips {
                return false;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("absorbed")
}

/// SSOT's trials on the card of a rollback.
fn trials(card: &DecisionCard) -> u64 {
    card.path.last().expect("a path").ssot_trials
}

/// A world with these components, all modelled and in shadow.
async fn world_of(components: &[String]) -> World {
    let row = |id: &String| {
        format!(
            "[component.{id}]\nkind = \"auth\"\nphase = 1\nlegacy = \"model\"\nstage = \"shadow\"\n"
        )
    };
    let seeds: String = components.iter().map(row).collect();
    let seeds = Seed::parse_all(&seeds, "walk").expect("seeds").components;
    World::start_with(|config| config.seeds.components.extend(seeds)).await
}

fn named(name: &str, count: u64) -> Vec<String> {
    (0..count).map(|run| format!("{name}-{run:03}")).collect()
}

async fn raise(world: &World, component: &str, share: Share) {
    world.move_to(component, &[json!({ "limits": limits() })]).await;
    world.move_to(component, &[json!({ "stage": "canary", "share": share })]).await;
}

fn share(percent: u16) -> Share {
    Share::from_basis_points(percent * 100).expect("a share")
}

/// The one card of a component that was rolled back.
async fn card(world: &World, component: &ComponentId) -> DecisionCard {
    let filter = CardFilter { component: Some(component.clone()), ..CardFilter::default() };
    let telling = async {
        loop {
            // By chance legacy's few failures may look like a common cause for a moment: then it is
            // held first.
            let mut cards = world.rooms.guard.cards(&filter).expect("cards");
            cards.retain(|card| matches!(card.deed, Deed::RolledBack { .. }));
            if !cards.is_empty() {
                return cards;
            }
            tokio::task::yield_now().await;
        }
    };
    let cards = tokio::time::timeout(Duration::from_secs(20), telling).await;
    let mut cards = cards.expect("a card");
    assert_eq!(cards.len(), 1, "{cards:?}");
    let card = cards.remove(0);
    assert!(matches!(card.deed, Deed::RolledBack { durable: true, .. }), "{card:?}");
    card
}

/// Asks what is planned until the component is rolled back; SSOT's trials by then, and as many as
/// in process.
async fn until_rolled_back(
    world: &World,
    caller: &mut Caller,
    (component, share): (&str, Share),
    planned: &[Planned],
) -> (u64, u64) {
    let (expected, last) = in_process(planned, &limits(), share).expect("a regression is found");
    let id = ComponentId::parse(component).expect("an id");
    let mut rolled_back = false;
    for (at, question) in planned.iter().enumerate() {
        let side = caller.ask(component, &question.token).await;
        assert_eq!(side, question.arm, "{component} after {at}");
        // Recorded in the order in which it was asked.
        world.rooms.shadow.idle().await;
        if question.failing || at >= last {
            rolled_back = absorbed(world, &id, at as u64 + 1).await;
        }
        if rolled_back || at > last + 20 {
            break;
        }
    }
    assert!(rolled_back, "{component}");
    // Whoever takes a snapshot now is served by legacy.
    let of_ssot = planned.iter().find(|question| question.arm == Side::Ssot).expect("one");
    assert_eq!(caller.ask(component, &of_ssot.token).await, Side::Legacy);
    (trials(&card(world, &id).await), expected)
}

async fn regression(bad: f64, percent: u16, name: &str) {
    let share = share(percent);
    let components = named(name, RUNS);
    let world = world_of(&components).await;
    let mut caller = Caller::to(&world).await;
    let mut delays = Vec::new();
    for (component, seed) in components.iter().zip(1..) {
        raise(&world, component, share).await;
        let planned = plan(&world, (component.as_str(), share), 0, bad, seed);
        delays.push(
            until_rolled_back(&world, &mut caller, (component.as_str(), share), &planned).await,
        );
    }
    world.stop().await;
    for (component, (over_http, expected)) in components.iter().zip(&delays) {
        assert_eq!(over_http, expected, "{component}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regression_to_five_percent_is_found_as_soon_over_http_as_in_process() {
    Box::pin(regression(0.05, 50, "five")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regression_to_fifty_percent_is_found_as_soon_over_http_as_in_process() {
    Box::pin(regression(0.5, 50, "fifty")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regression_of_a_small_share_is_found_as_soon_over_http_as_in_process() {
    Box::pin(regression(0.5, 5, "small")).await;
}

/// Recorded, not gated: of twenty people one is SSOT's, so that it takes long.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; its figures are in docs/benchmarks.md"]
async fn a_regression_to_five_percent_of_a_small_share_is_found_as_soon_over_http_as_in_process() {
    Box::pin(regression(0.05, 5, "small-five")).await;
}

/// Recorded, not gated: `cargo test --release --test walks guarding -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; its figures are in docs/benchmarks.md"]
async fn a_late_regression_is_found_over_http_as_soon_as_in_process() {
    let components = named("late", 5);
    let world = world_of(&components).await;
    let mut caller = Caller::to(&world).await;
    for (component, seed) in components.iter().zip(1..) {
        raise(&world, component, share(50)).await;
        let asked = (component.as_str(), share(50));
        let planned = plan(&world, asked, 25_000, 0.05, seed);
        let (over_http, expected) = until_rolled_back(&world, &mut caller, asked, &planned).await;
        let healthy = 25_000;
        println!(
            "{component}: after {} subjects of ssot, in process {}",
            over_http - healthy,
            expected - healthy
        );
        assert_eq!(over_http, expected);
    }
    world.stop().await;
}

/// Recorded, not gated.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; its figures are in docs/benchmarks.md"]
async fn healthy_components_are_never_rolled_back_over_http() {
    let components = named("healthy", 200);
    let world = world_of(&components).await;
    let mut caller = Caller::to(&world).await;
    for (component, seed) in components.iter().zip(1..) {
        raise(&world, component, share(50)).await;
        let planned = plan(&world, (component.as_str(), share(50)), 2_500, HEALTHY, seed);
        for question in planned.iter().take(5_000) {
            caller.ask(component, &question.token).await;
        }
    }
    world.rooms.shadow.idle().await;
    for component in &components {
        let id = ComponentId::parse(component).expect("an id");
        absorbed(&world, &id, 1).await;
    }
    let stages: Vec<Stage> = components
        .iter()
        .map(|id| world.rooms.flags.snapshot().flag(id).expect("a flag").stage)
        .collect();
    let back = stages.iter().filter(|stage| **stage != Stage::Canary(share(50))).count();
    println!("{back} of {} healthy components rolled back", stages.len());
    assert_eq!(back, 0);
    world.stop().await;
}

/// Recorded, not gated: from the record of the crossing failure to the published rollback, with
/// eight callers that ask without a pause.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement; its figures are in docs/benchmarks.md"]
async fn how_soon_a_rollback_is_published_under_load() {
    let components = named("load", 100);
    let world = Arc::new(world_of(&components).await);
    let (mut after, mut begun) = (Vec::new(), Vec::new());
    for (component, seed) in components.iter().zip(1..) {
        raise(&world, component, share(50)).await;
        let planned = Arc::new(plan(&world, (component.as_str(), share(50)), 500, 1.0, seed));
        let mut callers = JoinSet::new();
        for offset in 0..8 {
            let (world, planned) = (Arc::clone(&world), Arc::clone(&planned));
            let component = component.clone();
            callers.spawn(async move {
                let mut caller = Caller::to(&world).await;
                for question in planned.iter().skip(offset).step_by(8) {
                    caller.ask(&component, &question.token).await;
                }
            });
        }
        callers.join_all().await;
        world.rooms.shadow.idle().await;
        let id = ComponentId::parse(component).expect("an id");
        after.push(card(&world, &id).await.published_after_us.expect("a record"));
        begun.push(world.rooms.guard.view(&id).expect("a view").late_answers);
    }
    after.sort_unstable();
    begun.sort_unstable();
    let of = |sorted: &[u64], part: usize| sorted[(sorted.len() - 1) * part / 100];
    println!(
        "record to publication of {} rollbacks: p50 {} us, p99 {} us, max {} us; answers recorded \
         after it that had begun before: p50 {}, p99 {}, max {}",
        after.len(),
        of(&after, 50),
        of(&after, 99),
        of(&after, 100),
        of(&begun, 50),
        of(&begun, 99),
        of(&begun, 100)
    );
    Arc::try_unwrap(world).ok().expect("nobody else").stop().await;
}
