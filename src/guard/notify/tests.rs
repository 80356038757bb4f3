//! Notices on their way: kept, signed, tried again, sent from memory; counts.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::notice::Notice;
use super::*;
use crate::domain::{Clock, ComponentId, Revision, Share, Timestamp, TokioClock};
use crate::flags::{Limits, Stage};
use crate::guard::{DecisionCard, Deed, Found, GuardRule, PathPoint, Standing, Without};
use crate::outbound::scripted::{Script, Server};
use crate::outbound::{HostRule, Outbound, Outbox, OutboxStats, Settings, Url, WebhookKey, sign};
use crate::store::{FaultSwitch, Store, StoreError};

const START: Timestamp = Timestamp::from_seconds(1_767_323_045);

const KEY: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OLD_KEY: &str = "whsec_////////////////////////////////";

fn component(id: &str) -> ComponentId {
    ComponentId::parse(id).expect("an id")
}

fn found(rule: GuardRule, what: &str) -> Found {
    Found { rule, what: what.to_owned() }
}

/// A card with everything on it.
fn card(id: &str, deed: Deed) -> DecisionCard {
    let standing = |rule, value| Standing {
        rule,
        unarmed: None,
        value,
        acts_at: value.map(|_| 2_500.0),
        seen: "seen".to_owned(),
        finds: None,
    };
    DecisionCard {
        id: id.to_owned(),
        component: component("http-auth"),
        at: START,
        found: vec![
            found(GuardRule::ErrorRate, "9 of 100 subjects failed"),
            found(GuardRule::Latency, "slow"),
        ],
        deed,
        stage: Stage::Canary(Share::from_basis_points(500).expect("a share")),
        revision: Revision(41),
        attempt: 2,
        attempt_since: START.plus_seconds(-60),
        standings: vec![
            standing(GuardRule::ErrorRate, Some(f64::INFINITY)),
            standing(GuardRule::Security, None),
        ],
        path: vec![PathPoint { at: START, ssot_trials: 100, value: 2_600.0 }],
        limits: Limits::default(),
        samples: vec!["request-1".to_owned()],
        without: Some(Without {
            failure_rate: 0.09,
            trials_per_minute: 600.0,
            people_per_hour: 1_500.7,
        }),
        published_after_us: Some(800),
        unseen: 0,
    }
}

const fn rolled_back(durable: bool) -> Deed {
    Deed::RolledBack { revision: Revision(if durable { 42 } else { 0 }), durable }
}

fn webhook(name: &str, url: &str) -> Webhook {
    Webhook {
        name: name.to_owned(),
        url: Url::configured(url).expect("a url"),
        key: WebhookKey::parse(KEY).expect("a key"),
        events: NoticeKind::ALL.into(),
        components: BTreeSet::new(),
    }
}

/// Everything but the other end. Time stands until it is moved.
struct World {
    notifier: Notifier,
    outbox: Outbox,
    faults: FaultSwitch,
    clock: TokioClock,
    dir: TempDir,
    running: Option<(watch::Sender<bool>, JoinHandle<()>)>,
    _time_stands: SyncSender<()>,
}

impl World {
    async fn start(webhooks: &[Webhook]) -> Self {
        tokio::time::pause();
        let (hold, released) = sync_channel::<()>(0);
        tokio::task::spawn_blocking(move || released.recv());
        let (dir, faults) = (TempDir::new().expect("a folder"), FaultSwitch::new());
        let clock = TokioClock::starting_at(START);
        let outbox = open(dir.path(), &faults, webhooks, clock).await;
        let notifier = Notifier::new(webhooks.to_vec(), outbox.clone());
        Self { notifier, outbox, faults, clock, dir, running: None, _time_stands: hold }
    }

    fn run(&mut self) {
        let (stop, stopped) = watch::channel(false);
        let outbox = self.outbox.clone();
        self.running = Some((stop, tokio::spawn(async move { outbox.run(stopped).await })));
    }

    /// The process dies, and starts again.
    async fn die_and_start(self, webhooks: &[Webhook]) -> Self {
        let Self { notifier, outbox, faults, clock, dir, running, _time_stands: hold } = self;
        if let Some((_, worker)) = running {
            worker.abort();
            let _aborted = worker.await;
        }
        drop((notifier, outbox));
        let outbox = open(dir.path(), &faults, webhooks, clock).await;
        let notifier = Notifier::new(webhooks.to_vec(), outbox.clone());
        Self { notifier, outbox, faults, clock, dir, running: None, _time_stands: hold }
    }

    async fn until(&self, fits: impl Fn(OutboxStats) -> bool) {
        while !fits(self.outbox.stats()) {
            tokio::task::yield_now().await;
        }
    }

    async fn until_figure(&self, name: &str, value: u64) {
        while figure(&self.notifier, name, None) != value {
            tokio::task::yield_now().await;
        }
    }
}

/// Opens the folder, as soon as nobody has it any more.
async fn open(dir: &Path, faults: &FaultSwitch, webhooks: &[Webhook], clock: TokioClock) -> Outbox {
    let store = loop {
        match Store::open_with(dir, faults.clone()) {
            Ok(store) => break store,
            Err(StoreError::InUse { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    };
    let allowed_hosts = vec![HostRule::parse("127.0.0.1").expect("a rule")];
    let settings = Settings { allowed_hosts, connect_timeout_ms: 3_600_000, ..Settings::default() };
    let outbound = Outbound::new(settings).expect("a client");
    let clock: Arc<dyn Clock> = Arc::new(clock);
    let sources = webhook_sources(webhooks, &clock).collect();
    Outbox::open(&store, outbound, sources, clock).expect("an outbox")
}

fn figure(notifier: &Notifier, name: &str, label: Option<&str>) -> u64 {
    let figures = notifier.figures();
    let found = figures.iter().find(|figure| {
        figure.name == name && figure.label.as_ref().map(|(_, value)| &**value) == label
    });
    found.unwrap_or_else(|| panic!("no {name} {label:?}")).value
}

fn header<'a>(request: &'a str, name: &str) -> &'a str {
    let found = request.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("no {name} in {request}"))
}

fn body(request: &str) -> &str {
    request.split_once("\r\n\r\n").expect("a body").1
}

#[test]
fn a_signature_is_that_of_another_implementation() {
    let (id, body) = ("20260102T030405-7", br#"{"type":"guard.held"}"#);
    let one = WebhookKey::parse(KEY).expect("a key");
    let new = "v1,/ci8TAnrzzBQAPtBBcpzQQJuUEqnCm0eL8NyS7++S40=";
    assert_eq!(sign(&one, id, START.seconds(), body), new);
    let both = WebhookKey::parse(&format!("{KEY}\n{OLD_KEY}\n")).expect("two keys");
    let old = "v1,XegrdyAXvwoYaMWWqCSaEhEqn2bM7ciRr/iY2wreYiE=";
    assert_eq!(sign(&both, id, START.seconds(), body), format!("{new} {old}"));
}

#[test]
fn a_key_is_long_enough_says_what_it_is_and_does_not_show_itself() {
    let three = [KEY; 3].join(" ");
    for odd in ["", "whsec_", "whsec_AAEC", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", &three]
    {
        assert!(WebhookKey::parse(odd).is_err(), "{odd}");
    }
    let long = format!("whsec_{}", "A".repeat(88));
    assert!(WebhookKey::parse(&long).is_err(), "more than 64 bytes");
    let key = WebhookKey::parse(KEY).expect("a key");
    assert_eq!(format!("{key:?}"), "WebhookKey(..)");
}

#[test]
fn a_notice_says_what_was_done_and_why_and_leaves_out_samples_and_limits() {
    let card = card("20260102T030405.7", rolled_back(true));
    let told = serde_json::to_value(Notice::of(&card)).expect("JSON");
    assert_eq!(
        told,
        json!({
            "id": "20260102T030405-7",
            "type": "guard.rolled_back",
            "timestamp": START.rfc3339(),
            "data": {
                "component": "http-auth",
                "deed": "rolled_back",
                "durable": true,
                "alarm": false,
                "rule": "error_rate",
                "what": "9 of 100 subjects failed",
                "also": [{ "rule": "latency", "what": "slow" }],
                "stage": "canary",
                "share": 500,
                "revision": 42,
                "attempt": 2,
                "attempt_since": START.plus_seconds(-60).rfc3339(),
                "figures": [{ "rule": "error_rate", "value": f64::MAX, "acts_at": 2_500.0 }],
                "without": { "failure_rate": 0.09, "trials_per_minute": 600.0,
                             "people_per_hour": 1_500.7 },
                "published_after_us": 800,
                "card": "/guard/cards/20260102T030405.7",
            }
        })
    );
}

#[test]
fn the_largest_notice_fits_a_parcel() {
    let mut card = card(&"1".repeat(500), Deed::Held);
    // What takes the most room as JSON.
    card.found = vec![found(GuardRule::Window, &"\u{1}".repeat(100_000)); 100];
    card.standings = vec![card.standings[0].clone(); 100];
    let parcel = webhook("one", "http://127.0.0.1/").parcel(&card, START).expect("an id");
    assert!(parcel.body.len() <= 64 * 1024, "{}", parcel.body.len());
}

#[test]
fn a_webhook_is_told_what_it_asked_for_of_the_components_it_named() {
    let wants = |events: &[NoticeKind], components: &[&str], card: &DecisionCard| {
        let events = events.iter().copied().collect();
        let components = components.iter().map(|id| component(id)).collect();
        Webhook { events, components, ..webhook("one", "http://127.0.0.1/") }.wants(card)
    };
    let held = card("1", Deed::Held);
    assert!(wants(&[NoticeKind::Held], &[], &held));
    assert!(wants(&[NoticeKind::Held], &["http-auth", "other"], &held));
    assert!(!wants(&[NoticeKind::Held], &["other"], &held));
    assert!(!wants(&[NoticeKind::RolledBack], &[], &held));
    assert!(wants(&[NoticeKind::Alarm], &[], &held), "both sides fail: somebody must look");
    let mut grave = held;
    grave.found.push(found(GuardRule::Security, "a forged token was let in"));
    assert!(wants(&[NoticeKind::Alarm], &[], &grave));
    let forgettable = card("1", rolled_back(false));
    assert!(wants(&[NoticeKind::Alarm], &[], &forgettable));
    assert!(!wants(&[NoticeKind::Alarm], &[], &card("1", rolled_back(true))));
    assert!(!wants(&NoticeKind::ALL, &[], &card("1", Deed::WouldHaveHeld)));
}

#[tokio::test]
async fn a_notice_arrives_once_and_signed_after_a_failure_and_a_restart() {
    let server =
        Server::start(Script::Each(vec![Script::answer(503, ""), Script::answer(204, "")])).await;
    let webhooks = [webhook("pager", &server.url("/hook"))];
    let mut world = World::start(&webhooks).await;
    world.run();
    let card = card("20260102T030405-7", rolled_back(true));
    world.notifier.tell(&card);
    world.until(|stats| stats.failed_attempts == 1 && stats.under_way == 0).await;
    assert_eq!(figure(&world.notifier, "webhooks_waiting", Some("pager")), 1);

    let mut world = world.die_and_start(&webhooks).await;
    // Whoever started it anew does not know what was told before.
    world.notifier.tell(&card);
    world.notifier.idle().await;
    assert_eq!(figure(&world.notifier, "webhooks_waiting", Some("pager")), 1);
    tokio::time::advance(Duration::from_secs(90)).await;
    world.run();
    world.until(|stats| stats.delivered == 1).await;
    assert_eq!(figure(&world.notifier, "webhooks_waiting", Some("pager")), 0);

    let requests = server.requests();
    assert_eq!(requests.len(), 2, "{requests:?}");
    let now = world.clock.now().seconds();
    for (request, seconds) in requests.iter().zip([START.seconds(), now]) {
        assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
        assert_eq!(header(request, "webhook-id"), "20260102T030405-7");
        assert_eq!(header(request, "webhook-timestamp"), seconds.to_string());
        let body = body(request);
        let signature = sign(&webhooks[0].key, "20260102T030405-7", seconds, body.as_bytes());
        assert_eq!(header(request, "webhook-signature"), signature);
        assert_eq!(header(request, "content-type"), "application/json");
        let told: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(told["type"], "guard.rolled_back");
    }
    assert_ne!(
        header(&requests[0], "webhook-signature"),
        header(&requests[1], "webhook-signature")
    );
}

#[tokio::test]
async fn a_notice_that_the_disk_refuses_is_sent_from_memory() {
    let server =
        Server::start(Script::Each(vec![Script::answer(500, ""), Script::answer(200, "")])).await;
    let webhooks = [webhook("pager", &server.url("/"))];
    let world = World::start(&webhooks).await;
    world.faults.refuse();
    world.notifier.tell(&card("1", rolled_back(false)));
    world.until_figure("webhooks_send_failures", 1).await;
    assert_eq!(figure(&world.notifier, "webhooks_not_kept", None), 1);
    tokio::time::advance(Duration::from_secs(3)).await;
    world.until_figure("webhooks_sent_unkept", 1).await;
    assert_eq!(figure(&world.notifier, "webhooks_lost", None), 0);
    let requests = server.requests();
    assert_eq!(header(&requests[0], "webhook-id"), header(&requests[1], "webhook-id"));
    assert!(body(&requests[1]).contains(r#""durable":false,"alarm":true"#), "{requests:?}");
}

#[tokio::test]
async fn a_notice_that_neither_the_disk_nor_the_other_end_takes_is_counted_as_lost() {
    let server = Server::start(Script::answer(410, "")).await;
    let webhooks = [webhook("gone", &server.url("/")), webhook("down", &server.url("/"))];
    let world = World::start(&webhooks).await;
    world.faults.refuse();
    world.notifier.tell(&card("1", Deed::Held));
    world.until_figure("webhooks_lost", 2).await;
    assert_eq!(server.requests().len(), 2, "a refusal is not tried again");
    assert_eq!(figure(&world.notifier, "webhooks_sent_unkept", None), 0);
}

#[tokio::test]
async fn a_silent_webhook_does_not_keep_another_waiting() {
    let silent = Server::start(Script::Hang).await;
    let other = Server::start(Script::answer(200, "")).await;
    let webhooks = [webhook("silent", &silent.url("/")), webhook("other", &other.url("/"))];
    let mut world = World::start(&webhooks).await;
    world.run();
    for number in 0..3 {
        world.notifier.tell(&card(&format!("{number}"), Deed::Held));
    }
    world.until(|stats| stats.delivered == 3).await;
    assert_eq!(figure(&world.notifier, "webhooks_waiting", Some("silent")), 3);
    assert_eq!(figure(&world.notifier, "webhooks_waiting", Some("other")), 0);
}

#[test]
fn what_was_done_is_counted_by_rule_also_where_nobody_is_told() {
    let notifier = Notifier::none();
    notifier.tell(&card("1", rolled_back(true)));
    notifier.tell(&card("2", rolled_back(false)));
    for deed in [Deed::WouldHaveRolledBack, Deed::WouldHaveHeld, Deed::Held, Deed::HoldEnded] {
        notifier.tell(&card("3", deed));
    }
    let figure = |name, label| figure(&notifier, name, label);
    assert_eq!(figure("guard_trips", Some("error_rate")), 2);
    assert_eq!(figure("guard_trips", Some("latency")), 0, "it spoke, and did not act");
    assert_eq!(figure("guard_would_have_tripped", Some("error_rate")), 1);
    assert_eq!(figure("guard_holds", None), 1);
    assert_eq!(figure("guard_rollbacks_not_durable", None), 1);
    assert_eq!(figure("guard_people_spared", None), 3_001, "1,500.7 twice, in whole people");
}
