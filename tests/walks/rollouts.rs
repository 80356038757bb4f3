//! Rollout plans, moved by traffic.

use std::sync::Arc;
use std::time::Duration;

use crossfade::access::Role;
use crossfade::domain::Clock;
use serde_json::{Value, json};

use super::kit::{Ahead, Reply, World};
use super::people::operator;

struct Story {
    world: World,
    clock: Arc<Ahead>,
}

const PLAN: &str = "/v1/rollouts/modelled";
const TESTS: &str = "/v1/evidence/modelled/tests";

/// Shadow, half, live: three comparisons each, and no time.
fn plan() -> Value {
    let needs = json!({ "comparisons_min": 3 });
    json!({ "steps": [
        { "stage": "shadow", "needs": needs },
        { "stage": "canary", "share": 5000, "needs": needs },
        { "stage": "live" },
    ]})
}

impl Story {
    async fn begin() -> Self {
        let clock = Arc::new(Ahead::default());
        let world = World::start_by(Arc::clone(&clock) as Arc<dyn Clock>).await;
        Self { world, clock }
    }

    /// Stops the service in order and starts it again on what it has kept.
    async fn restart(self) -> Self {
        let Self { world, clock } = self;
        let (dir, mint) = world.stop().await;
        let world = World::start_again_by(dir, mint, Arc::clone(&clock) as Arc<dyn Clock>).await;
        Self { world, clock }
    }

    async fn start(&self, plan: &Value) -> Reply {
        let headers = "if-none-match: *\r\ncontent-type: application/json\r\n";
        self.world.control("PUT", PLAN, headers, &plan.to_string()).await
    }

    async fn post(&self, verb: &str, note: &str) -> Reply {
        let body = json!({ "note": note }).to_string();
        let headers = "content-type: application/json\r\n";
        self.world.control("POST", &format!("{PLAN}/{verb}"), headers, &body).await
    }

    async fn shown(&self) -> Value {
        self.world.control("GET", PLAN, "", "").await.json()
    }

    async fn stage(&self) -> Value {
        self.world.flag("modelled").await.json()["stage"].clone()
    }

    /// Three questions on which the sides agree, in a minute after the step began.
    async fn traffic(&self) {
        self.clock.seconds(60);
        for number in 0..3 {
            let token = self.world.token("fresh_hs256", &format!("user-{number}"));
            assert_eq!(self.world.decide("modelled", &token).await.status, 200);
        }
        self.world.tally("modelled").await;
    }

    /// Waits until the service has got there by itself.
    async fn comes_to(&self, stage: &str) {
        let moving = async {
            while self.stage().await != stage {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let arrived = tokio::time::timeout(Duration::from_secs(30), moving).await;
        assert!(arrived.is_ok(), "not at {stage}: {:#}", self.shown().await);
    }

    /// Waits until the plan has ended.
    async fn finishes(&self) {
        let finishing = async {
            while self.shown().await["state"] != "finished" {
                self.world.rooms.plans.look_at_all().await;
            }
        };
        let finished = tokio::time::timeout(Duration::from_secs(30), finishing).await;
        assert!(finished.is_ok(), "not finished: {:#}", self.shown().await);
    }

    /// What the plan waits for: each gate, and what is wrong with it.
    async fn waits(&self) -> Vec<(String, String)> {
        let shown = self.shown().await;
        let text = |value: &Value| value.as_str().expect("a code").to_owned();
        let waits = shown["waits"].as_array().expect("waits").iter();
        waits.map(|wait| (text(&wait["for"]), text(&wait["lack"]))).collect()
    }

    /// The team's tests have passed just now.
    async fn tests_pass(&self) {
        let report = r#"<testsuite name="login"><testcase name="signs in"/></testsuite>"#;
        let xml = "content-type: application/xml\r\n";
        let taken = self.world.control("POST", TESTS, xml, report).await;
        assert_eq!((taken.status, &taken.json()["finding"]["good"]), (200, &json!(true)));
    }

    /// Looks at the plan here and now, and finds the component where it was.
    async fn stays_at(&self, stage: &str) {
        self.world.rooms.plans.look_at_all().await;
        assert_eq!(self.stage().await, stage, "{:#}", self.shown().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_moves_a_component_to_live_by_what_traffic_shows() {
    let story = Story::begin().await;
    let started = story.start(&plan()).await;
    assert_eq!(started.status, 200, "{started:?}");
    story.stays_at("shadow").await;
    let shown = story.shown().await;
    assert_eq!((&shown["state"], &shown["next"]), (&json!("running"), &json!("wait")));
    assert_eq!(
        (&shown["waits"][0]["for"], &shown["waits"][0]["limit"]),
        (&json!("comparisons"), &json!(3))
    );
    story.traffic().await;
    story.comes_to("canary").await;
    story.stays_at("canary").await;
    story.traffic().await;
    story.comes_to("live").await;
    story.finishes().await;
    let flag = story.world.flag("modelled").await.json();
    assert_eq!(flag["cause"]["by"], "schedule");
    let history = story.world.control("GET", &format!("{PLAN}/history"), "", "").await.json();
    assert_eq!(history["changes"].as_array().expect("changes").len(), 4, "{history:#}");
    let metrics = story.world.metrics("GET", "/metrics").await.body;
    assert!(metrics.contains("crossfade_rollout_raises_total 2"), "{metrics}");
    assert!(metrics.contains("crossfade_rollout_plans{state=\"finished\"} 1"), "{metrics}");
    story.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_keeps_a_share_from_rising() {
    let story = Story::begin().await;
    story.start(&plan()).await;
    story.clock.seconds(60);
    // Legacy forgets audiences.
    story.world.decide("modelled", &story.world.token("aud_missing", "alice")).await;
    story.traffic().await;
    story.stays_at("shadow").await;
    let shown = story.shown().await;
    let wait = &shown["waits"][0];
    assert_eq!((&wait["for"], &wait["class"]), (&json!("mismatches"), &json!("stricter")));
    assert_eq!((&wait["figure"], &wait["limit"]), (&json!(2_500), &json!(0)), "{shown:#}");
    story.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_plan_raises_nothing_until_it_is_resumed() {
    let story = Story::begin().await;
    story.start(&plan()).await;
    let paused = story.post("pause", "lunch").await;
    assert_eq!(paused.json()["why"]["because"], "person", "{paused:?}");
    story.traffic().await;
    story.stays_at("shadow").await;
    story.post("pause", "again").await.is_problem(409, "paused already");
    let resumed = story.post("resume", "back").await;
    assert_eq!(resumed.status, 200, "{resumed:?}");
    // It counts from the step's first whole minute on once it is looked at.
    story.traffic().await;
    story.comes_to("canary").await;
    let skipped = story.post("skip", "").await;
    skipped.is_problem(422, "note");
    assert_eq!(story.post("skip", "known from another site").await.status, 200);
    story.comes_to("live").await;
    story.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_stops_a_plan_and_only_a_person_lets_it_go_on() {
    let story = Story::begin().await;
    story.start(&plan()).await;
    story.traffic().await;
    story.comes_to("canary").await;
    let target = "/v1/flags/modelled/rollback";
    assert_eq!(story.world.control("POST", target, "", "").await.status, 200);
    story.traffic().await;
    story.stays_at("shadow").await;
    let shown = story.shown().await;
    assert_eq!(shown["why"]["because"], "rolled_back", "{shown:#}");
    story.post("resume", "try again").await.is_problem(409, "release it first");
    let story = story.restart().await;
    story.stays_at("shadow").await;
    assert_eq!(story.shown().await["state"], "paused");
    assert_eq!(story.post("abort", "").await.json()["state"], "aborted");
    story.world.stop().await;
}

fn gate(gate: &str, lack: &str) -> (String, String) {
    (gate.to_owned(), lack.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_waits_for_the_teams_tests_and_again_once_they_are_withdrawn() {
    let story = Story::begin().await;
    let plan = json!({ "steps": [
        { "stage": "shadow", "needs": { "tests": true } },
        { "stage": "canary", "share": 5000, "needs": { "tests": true, "comparisons_min": 3 } },
        { "stage": "live" },
    ]});
    assert_eq!(story.start(&plan).await.status, 200);
    story.stays_at("shadow").await;
    assert_eq!(story.waits().await, [gate("tests", "missing")]);
    story.tests_pass().await;
    story.comes_to("canary").await;
    story.stays_at("canary").await;
    let lacks: Vec<String> = story.waits().await.into_iter().map(|wait| wait.0).collect();
    assert_eq!(lacks, ["comparisons"], "the tests are still there");
    let headers = "content-type: application/json\r\n";
    let note = json!({ "note": "of the wrong branch" }).to_string();
    let withdrawn = story.world.control("DELETE", TESTS, headers, &note).await;
    assert_eq!(withdrawn.status, 200, "{withdrawn:?}");
    story.traffic().await;
    story.stays_at("canary").await;
    assert_eq!(story.waits().await, [gate("tests", "missing")]);
    story.tests_pass().await;
    story.comes_to("live").await;
    story.finishes().await;
    story.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_plan_goes_on_after_a_restart_with_what_was_seen_before_it() {
    let story = Story::begin().await;
    let plan = json!({ "steps": [
        { "stage": "shadow", "needs": { "comparisons_min": 6 } },
        { "stage": "canary", "share": 5000, "needs": { "comparisons_min": 3 } },
        { "stage": "live" },
    ]});
    assert_eq!(story.start(&plan).await.status, 200);
    story.traffic().await;
    story.stays_at("shadow").await;
    let story = story.restart().await;
    story.stays_at("shadow").await;
    let shown = story.shown().await;
    assert_eq!((&shown["state"], &shown["next"]), (&json!("running"), &json!("wait")));
    let wait = &shown["waits"][0];
    assert_eq!((&wait["for"], &wait["figure"]), (&json!("comparisons"), &json!(3)), "{shown:#}");
    story.traffic().await;
    story.comes_to("canary").await;
    story.traffic().await;
    story.comes_to("live").await;
    story.finishes().await;
    story.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_person_approves_and_no_token_does() {
    let story = Story::begin().await;
    let ada = operator(&story.world, "ada", Role::Promoter).await;
    let bob = operator(&story.world, "bob", Role::Promoter).await;
    let plan = json!({ "steps": [
        { "stage": "shadow", "approval": true },
        { "stage": "canary", "share": 100 },
    ]});
    let new = "if-none-match: *\r\ncontent-type: application/json\r\n";
    let by_token = story.world.control("PUT", PLAN, new, &plan.to_string()).await;
    by_token.is_problem(403, "signed-in operator");
    let headers = format!("{}if-none-match: *\r\n", ada.api_headers());
    let started = story.world.control_as_sent("PUT", PLAN, &headers, &plan.to_string()).await;
    assert_eq!(started.status, 200, "{started:?}");
    story.stays_at("shadow").await;
    story.post("approve", "").await.is_problem(403, "signed-in operator");
    let approve = format!("{PLAN}/approve");
    let own = story.world.control_as_sent("POST", &approve, &ada.api_headers(), "{}").await;
    own.is_problem(403, "second person");
    story.stays_at("shadow").await;
    let done = story.world.control_as_sent("POST", &approve, &bob.api_headers(), "{}").await;
    assert_eq!(done.json()["position"]["approved"]["by"], "bob", "{done:?}");
    story.comes_to("canary").await;
    story.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_makes_no_sense_is_refused_with_what_is_wrong() {
    let story = Story::begin().await;
    let one = |step: Value| json!({ "steps": [step] });
    let needs = json!({ "mismatches_per_10000_max": { "loser": 1 } });
    for (plan, status, about) in [
        (json!({}), 422, "one of them"),
        (json!({ "template": "reckless" }), 422, "reckless"),
        (one(json!({ "stage": "sealed" })), 422, "shadow, canary or live"),
        (one(json!({ "stage": "shadow", "needs": needs })), 422, "stricter"),
        (one(json!({ "stage": "shadow", "hold": 5 })), 400, "unknown field `hold`"),
        (one(json!({ "stage": "live" })), 409, "not one move"),
    ] {
        story.start(&plan).await.is_problem(status, about);
    }
    let headers = "content-type: application/json\r\n";
    let bare = story.world.control("PUT", PLAN, headers, &plan().to_string()).await;
    bare.is_problem(428, "If-None-Match");
    assert_eq!(story.start(&plan()).await.status, 200);
    story.start(&plan()).await.is_problem(412, "a plan already");
    let list = story.world.control("GET", "/v1/rollouts", "", "").await.json();
    assert_eq!(list["rollouts"][0]["component"], "modelled");
    let templates = story.world.control("GET", "/v1/rollouts/templates", "", "").await.json();
    assert_eq!(templates["templates"].as_array().expect("templates").len(), 3);
    story.world.stop().await;
}
