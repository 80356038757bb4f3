//! The golden path, walked: on both sides, with each step broken in turn, by the service itself;
//! and whether anybody would be signed out on the way back.

use std::sync::Arc;
use std::time::Duration;

use crossfade::config::{Config, ProbeConfig};
use crossfade::domain::{
    ComponentId, FingerprintKey, Journey, JourneyEnd, JourneyStep, Side, SystemClock, Token,
    TokenType,
};
use crossfade::probe::{
    Client, Components, Control, HttpStep, Login, Omitted, Placing, Prober, RefreshDoor, RunStep,
    Settings, Subjects,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::breaker::{Breaker, Breaks};
use super::kit::{CLIENT_SECRET, CONTROL, World};
use super::token_operations::{legacy_makes_tokens, rolled_back, shadowed};

fn id(text: &str) -> ComponentId {
    ComponentId::parse(text).expect("an id")
}

fn settings(data: &str) -> Settings {
    Settings {
        data: data.to_owned(),
        login: Login::Issue(Client { name: "chat".to_owned(), secret: Token::new(CLIENT_SECRET) }),
        http: HttpStep::Decide,
        refresh: RefreshDoor::Oauth,
        run: RunStep::Publish,
        door_token: None,
        components: Components {
            http: id("modelled"),
            sockets: id("modelled"),
            ..Components::default()
        },
        subjects: Subjects::default(),
        omitted: Omitted::default(),
        step_time: Duration::from_secs(4),
        settle: Duration::from_millis(60),
    }
}

fn prober(settings: Settings, placing: Placing) -> Prober {
    let fingerprints = FingerprintKey::new([5; 32]);
    Prober::new(settings, placing, fingerprints, Arc::new(SystemClock)).expect("a prober")
}

fn asking(world: &World) -> Placing {
    Placing::Asked(Control { url: world.control_url(), token: Token::new(CONTROL) })
}

fn data(world: &World) -> String {
    format!("http://{}", world.data_address())
}

/// Half of the people are SSOT's, at both components that are moved.
async fn half(world: &World) {
    shadowed(world, "token-operations").await;
    for component in ["modelled", "token-operations"] {
        world.move_to(component, &[json!({ "stage": "canary", "share": 5_000 })]).await;
    }
}

fn fault(journey: &Journey) -> String {
    let seen = journey.steps.iter().find_map(|seen| seen.fault.clone());
    seen.or_else(|| journey.unplaced.clone()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_service_is_walked_on_both_sides_and_every_step_tells_what_decided() {
    let world = World::start_with(legacy_makes_tokens).await;
    half(&world).await;
    let prober = prober(settings(&data(&world)), asking(&world));
    for side in Side::BOTH {
        let journey = prober.walk(side).await;
        assert_eq!(journey.end(), JourneyEnd::Passed, "{}", json!(journey));
        let of = |step: JourneyStep| {
            let seen = journey.steps.iter().find(|seen| seen.step == step).expect("taken");
            &seen.provenance
        };
        for (step, component) in [
            (JourneyStep::Login, "token-operations"),
            (JourneyStep::Http, "modelled"),
            (JourneyStep::Handshake, "modelled"),
            (JourneyStep::Refresh, "token-operations"),
        ] {
            let told = of(step);
            assert_eq!(told.side, Some(side), "{step}: {told:?}");
            assert_eq!(told.component, Some(id(component)), "{step}");
            let revision = world.flag(component).await.json()["revision"].as_u64();
            assert_eq!(told.revision.map(|revision| revision.0), revision, "{step}");
            assert!(told.path.is_some() && told.token.is_some(), "{step}: {told:?}");
        }
        assert_eq!(of(JourneyStep::Events).side, Some(Side::Ssot), "there is no other manager");
        assert_eq!(of(JourneyStep::Session).side, Some(Side::Legacy), "it is off");
        assert_eq!(of(JourneyStep::Refresh).token_type, Some(TokenType::Refresh));
        assert_ne!(of(JourneyStep::Http).token, of(JourneyStep::Resume).token, "it was renewed");
        let whole = json!(journey).to_string();
        assert!(!whole.contains("eyJ") && !whole.contains(CLIENT_SECRET), "no secret in {whole}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_broken_is_named_by_its_step() {
    let world = World::start_with(legacy_makes_tokens).await;
    half(&world).await;
    let breaker = Breaker::before(world.data_address()).await;
    let mut settings = settings(&format!("http://{}", breaker.address));
    settings.step_time = Duration::from_millis(1_200);
    let prober = prober(settings, asking(&world));
    let step = |step, text| (Some(step), text);
    for (breaks, (broken, text)) in [
        (Breaks::Nothing, (None, "")),
        (Breaks::Status("/v1/issue", 500), step(JourneyStep::Login, "answered 500")),
        (Breaks::Denies, step(JourneyStep::Http, "denied: signature")),
        (Breaks::Status("/v1/session", 401), step(JourneyStep::Session, "answered 401")),
        (Breaks::Status("/ws", 503), step(JourneyStep::Handshake, "503")),
        (Breaks::Deaf, step(JourneyStep::Subscribe, "ping")),
        (Breaks::Misdelivers, step(JourneyStep::Events, "somebody else")),
        (Breaks::NoAnswer, step(JourneyStep::Answer, "no answer")),
        (Breaks::Status("/oauth/token", 400), step(JourneyStep::Refresh, "answered 400")),
        (Breaks::Forgets, step(JourneyStep::Resume, "does not arrive")),
        (Breaks::Status("/auth/logout", 500), step(JourneyStep::Logout, "answered 500")),
        (Breaks::KeepsSessions, step(JourneyStep::Refusal, "still let in")),
    ] {
        breaker.breaks(breaks);
        let journey = prober.walk(Side::Ssot).await;
        assert_eq!(journey.failed_at(), broken, "{breaks:?}: {}", json!(journey));
        assert!(fault(&journey).contains(text), "{breaks:?}: {}", fault(&journey));
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_the_five_events_is_missed_when_it_is_missing_repeated_or_late() {
    let world = World::start_with(legacy_makes_tokens).await;
    half(&world).await;
    let breaker = Breaker::before(world.data_address()).await;
    let mut settings = settings(&format!("http://{}", breaker.address));
    settings.step_time = Duration::from_millis(600);
    let prober = prober(settings, asking(&world));
    let five =
        ["agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed"];
    for (at, event) in five.into_iter().enumerate() {
        let next = five.get(at + 1);
        let late =
            next.map(|next| (Breaks::Delays(event), format!("{next} arrived before {event}")));
        let cases = [
            (Breaks::Loses(event), format!("{event} did not arrive")),
            (Breaks::Repeats(event), format!("{event} arrived 2 times")),
        ];
        for (breaks, told) in cases.into_iter().chain(late) {
            breaker.breaks(breaks);
            let journey = prober.walk(Side::Legacy).await;
            assert_eq!(journey.failed_at(), Some(JourneyStep::Events), "{breaks:?}");
            assert_eq!(fault(&journey), told);
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_on_the_side_is_said_so_and_not_held_against_it() {
    let world = World::start_with(legacy_makes_tokens).await;
    shadowed(&world, "token-operations").await;
    let asked = prober(settings(&data(&world)), asking(&world));
    let journey = asked.walk(Side::Ssot).await;
    assert_eq!(journey.end(), JourneyEnd::Unplaced);
    assert!(fault(&journey).contains("legacy serves everybody"), "{}", fault(&journey));
    // Where nobody tells who serves whom, the answers do.
    let trying = prober(settings(&data(&world)), Placing::Unknown);
    assert_eq!(trying.walk(Side::Ssot).await.end(), JourneyEnd::Unplaced);
    assert_eq!(trying.walk(Side::Legacy).await.end(), JourneyEnd::Passed);
    for component in ["modelled", "token-operations"] {
        half_of(&world, component).await;
    }
    assert_eq!(asked.walk(Side::Ssot).await.end(), JourneyEnd::Passed);
    let named = |subject: &str| Subjects { ssot: vec![subject.to_owned()], ..Subjects::default() };
    let by_legacy = asked.walk(Side::Legacy).await.steps[0].provenance.subject.clone();
    let subjects = named(&by_legacy.expect("a subject"));
    let wrong = prober(Settings { subjects, ..settings(&data(&world)) }, asking(&world));
    let journey = wrong.walk(Side::Ssot).await;
    assert_eq!(journey.end(), JourneyEnd::Unplaced, "{}", json!(journey));
    world.stop().await;
}

/// The service walks by itself, through the breaker where there is one.
fn walks_itself(config: &mut Config) {
    legacy_makes_tokens(config);
    let mut settings = settings("");
    settings.settle = Duration::from_millis(20);
    config.probe = ProbeConfig {
        settings: Some(settings),
        every: Some(Duration::from_millis(200)),
        sides: Side::BOTH.to_vec(),
        ..ProbeConfig::default()
    };
}

/// Asks until it is so, at most 20 seconds.
async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    for _ in 0..200 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not within 20 seconds: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_walks_by_itself_and_shows_what_it_saw() {
    let world = World::start_with(walks_itself).await;
    half(&world).await;
    let both = async || {
        let list = world.control("GET", "/v1/journeys", "", "").await.json();
        let passed = |side: &str| {
            let all = list["journeys"].as_array().expect("a list").iter();
            all.filter(|walk| walk["side"] == side && walk["result"] == "passed").count()
        };
        passed("legacy") > 0 && passed("ssot") > 0
    };
    until("walks on both sides pass", both).await;
    let list = world.control("GET", "/v1/journeys?side=ssot&limit=1", "", "").await.json();
    assert_eq!(list["journeys"].as_array().map(Vec::len), Some(1));
    assert!(list["last_day"][0]["rate"]["low"].as_f64().expect("a rate") > 0.0, "{list}");
    let metrics = world.metrics("GET", "/metrics").await.body;
    let passed = "crossfade_golden_path_walks_total{side=\"ssot\",result=\"passed\"}";
    assert!(metrics.contains(passed), "{metrics}");
    let rate = world.control("GET", "/v1/evidence/golden-path", "", "").await.json();
    assert!(rate["rate"]["walks"].as_u64().expect("walks") >= 2, "{rate}");
    let bad = world.control("GET", "/v1/journeys?limit=0", "", "").await;
    bad.is_problem(400, "limit");
    let (dir, mint) = world.stop().await;
    let world = World::start_in(dir, mint).await;
    let kept = world.control("GET", "/v1/journeys", "", "").await.json();
    assert!(kept["journeys"].as_array().expect("a list").len() >= 2, "kept over a restart");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_failed_walks_on_ssot_roll_back_while_legacy_s_pass() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let front = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("set");
    let listener = TcpListener::from_std(listener).expect("a listener");
    let world = World::start_with(|config| {
        walks_itself(config);
        let settings = config.probe.settings.as_mut().expect("settings");
        settings.data = format!("http://{front}");
    })
    .await;
    let breaker = Breaker::on(listener, world.data_address());
    half(&world).await;
    let ssot_passes = async || {
        let list = world.control("GET", "/v1/journeys?side=ssot&limit=1", "", "").await.json();
        list["journeys"][0]["result"] == "passed"
    };
    until("a walk on ssot passes", ssot_passes).await;
    breaker.breaks(Breaks::DecisionsOfSsot);
    let rolled_back = async || !world.flag("modelled").await.json()["latch"].is_null();
    until("the guard rolls back", rolled_back).await;
    // Traffic has it first, its card comes with the disk.
    let told = async || {
        let cards = world.control("GET", "/v1/guard/cards", "", "").await.body;
        cards.contains("golden")
    };
    until("the decision card", told).await;
    let tokens = world.flag("token-operations").await.json();
    assert!(tokens["latch"].is_null(), "only what is behind the broken step: {tokens}");
    world.stop().await;
}

async fn put(world: &World, component: &str, body: &Value) -> super::kit::Reply {
    let etag = world.flag(component).await.header("etag").expect("an ETag").to_owned();
    let headers = format!("if-match: {etag}\r\ncontent-type: application/json\r\n");
    world.control("PUT", &format!("/v1/flags/{component}"), &headers, &body.to_string()).await
}

/// Legacy knows another secret than the one that SSOT signs with.
fn legacy_knows_another_secret(config: &mut Config) {
    legacy_makes_tokens(config);
    if let Some(form) = config.authority.compatible.as_mut() {
        "mint-es256".clone_into(&mut form.key_id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_sign_people_out_is_not_raised_by_one_person() {
    let world = World::start_with(legacy_knows_another_secret).await;
    shadowed(&world, "token-operations").await;
    let unjudged = world.control("GET", "/v1/matrix", "", "").await.json();
    assert_eq!(unjudged["judged"], false);
    // Nothing was seen: nothing is refused.
    let canary = json!({ "stage": "canary", "share": 100 });
    assert_eq!(put(&world, "modelled", &canary).await.status, 200);
    assert_eq!(put(&world, "modelled", &json!({ "stage": "shadow" })).await.status, 200);
    let matrix = world.control("POST", "/v1/matrix", "", "").await.json();
    let cell = |signs: &str, verifies: &str| {
        let cells = matrix["cells"].as_array().expect("cells").iter();
        let mut found = cells.filter(|cell| {
            cell["component"] == "modelled"
                && cell["kind"] == "access"
                && cell["signs"] == signs
                && cell["verifies"] == verifies
        });
        found.next().expect("a cell")["outcome"].as_str().expect("an outcome").to_owned()
    };
    assert_eq!(cell("legacy", "legacy"), "let_in", "{matrix}");
    assert_eq!(cell("ssot", "ssot"), "let_in", "{matrix}");
    assert_eq!(cell("ssot", "legacy"), "refused", "{matrix}");
    for component in ["modelled", "token-operations"] {
        let refused = put(&world, component, &canary).await;
        refused.is_problem(409, "legacy refuses what ssot signs");
    }
    // Two people may: it is asked for, and a token is no person.
    let forced = json!({ "stage": "canary", "share": 100, "force": true });
    assert_eq!(put(&world, "modelled", &forced).await.status, 403);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_legacy_lets_in_may_be_raised() {
    let world = World::start_with(legacy_makes_tokens).await;
    shadowed(&world, "token-operations").await;
    let matrix = world.control("POST", "/v1/matrix", "", "").await.json();
    assert!(matrix["signs_out"].is_null(), "{matrix}");
    half_of(&world, "modelled").await;
    rolled_back(&world, "modelled").await;
    let metrics = world.metrics("GET", "/metrics").await.body;
    assert!(metrics.contains("crossfade_matrix_red 0"), "{metrics}");
    world.stop().await;
}

async fn half_of(world: &World, component: &str) {
    world.move_to(component, &[json!({ "stage": "canary", "share": 5_000 })]).await;
}
