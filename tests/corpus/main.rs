//! Hostile and honest tokens of every kind, under every algorithm, through every door.

#[path = "../walks/endpoint.rs"]
#[expect(dead_code, reason = "the stories need more of it")]
mod endpoint;
#[path = "../walks/kit.rs"]
#[expect(dead_code, unused_imports, reason = "the stories need more of it")]
mod kit;

mod connection;
mod doors;

use std::collections::BTreeMap;
use std::sync::Arc;

use crossfade::authority::Algorithm;
use crossfade::authority::specimens::{Expected, Specimen, crossed};
use crossfade::domain::{
    AuthPath as _, Clock, ComponentId, Credentials, Decision, Question, Reason, RequestId,
    Timestamp,
};
use serde_json::json;

use connection::Connection;
use doors::{COMPONENT, DOORS, Verdict};
use kit::World;

/// The moment at which everything here happens.
const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_250_000);

/// Connections in use at the same time.
const CONNECTIONS: usize = 8;

/// A clock that stands still: tokens that are about to expire are still good at the last door.
#[derive(Debug)]
struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// A world in which the authority alone serves the component.
async fn serving() -> World {
    let world = World::start_by(Arc::new(Standing)).await;
    let canary = json!({ "stage": "canary", "share": 10_000 });
    let unwatched = json!({ "sample": 0 });
    let live = [canary.clone(), json!({ "stage": "live" }), unwatched.clone()];
    world.move_to(COMPONENT, &live).await;
    let session = [json!({ "stage": "shadow" }), canary, json!({ "stage": "live" }), unwatched];
    world.move_to("frontend-session", &session).await;
    world
}

/// What the authority itself says.
async fn asked_in_process(world: &World, credentials: &Credentials) -> Verdict {
    let component = ComponentId::parse(COMPONENT).expect("an id");
    let question = Question::new(RequestId::new(1, 1), component, NOW, credentials.clone());
    match world.rooms.authority.decide(&question).await.expect("an answer") {
        Decision::Allow(grant) => Verdict::Allowed(grant.subject.map(|s| s.as_str().to_owned())),
        Decision::Deny(denial) => Verdict::Denied(Some(denial.reason.code().into_owned())),
    }
}

/// Whether a door says the same, as far as it says something.
fn agree(one: &Verdict, door: &Verdict) -> bool {
    match (one, door) {
        (Verdict::Allowed(subject), Verdict::Allowed(told)) => told.is_none() || subject == told,
        (Verdict::Denied(reason), Verdict::Denied(told)) => told.is_none() || reason == told,
        (Verdict::Allowed(_) | Verdict::Denied(_) | Verdict::Odd(_), _) => false,
    }
}

/// Whether it is what the kind must get.
fn is_expected(expected: &Expected, verdict: &Verdict) -> bool {
    match (expected, verdict) {
        (Expected::Allow, Verdict::Allowed(_)) => true,
        (Expected::Deny(reason), Verdict::Denied(told)) => told.as_deref() == Some(&*reason.code()),
        (Expected::Allow | Expected::Deny(_), _) => false,
    }
}

/// What came of asking about many specimens.
#[derive(Default)]
struct Outcome {
    faults: Vec<String>,
    /// How many each door was asked about.
    asked: BTreeMap<&'static str, usize>,
}

/// Asks in process and at every door about each specimen, and compares.
async fn ask_everywhere(world: &World, specimens: &[(Specimen, Expected)]) -> Outcome {
    let each = specimens.chunks(specimens.len().div_ceil(CONNECTIONS));
    let outcomes = futures_util::future::join_all(each.map(|some| ask_some(world, some))).await;
    let mut all = Outcome::default();
    for outcome in outcomes {
        all.faults.extend(outcome.faults);
        for (door, count) in outcome.asked {
            *all.asked.entry(door).or_default() += count;
        }
    }
    all
}

async fn ask_some(world: &World, specimens: &[(Specimen, Expected)]) -> Outcome {
    let mut connection = Connection::to(world.data_address());
    let mut outcome = Outcome::default();
    for (specimen, expected) in specimens {
        let Specimen { kind, algorithm, credentials, .. } = specimen;
        let own = asked_in_process(world, credentials).await;
        if !is_expected(expected, &own) {
            outcome.faults.push(format!("{kind} under {algorithm}: {own:?}, not {expected:?}"));
        }
        for door in DOORS {
            let Some(sent) = (door.carry)(credentials) else { continue };
            let verdict = (door.read)(&connection.send(&sent).await);
            *outcome.asked.entry(door.name).or_default() += 1;
            if !agree(&own, &verdict) {
                let name = door.name;
                outcome
                    .faults
                    .push(format!("{kind} under {algorithm}: {own:?}, {name}: {verdict:?}"));
            }
        }
    }
    outcome
}

/// Fails with the first faults; shows what was asked where.
fn judged(outcome: &Outcome) {
    for (door, count) in &outcome.asked {
        println!("{count:6} at {door}");
        assert!(*count > 0);
    }
    assert_eq!(outcome.asked.len(), DOORS.len());
    let shown = &outcome.faults[..outcome.faults.len().min(40)];
    assert!(shown.is_empty(), "{} faults:\n{}", outcome.faults.len(), shown.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_hostile_token_gets_in_no_honest_one_is_refused_and_all_doors_agree() {
    let world = serving().await;
    let specimens: Vec<_> = crossed(&world.mint, NOW)
        .into_iter()
        .map(|specimen| {
            let expected = specimen.ssot.clone();
            (specimen, expected)
        })
        .collect();
    let honest = specimens.iter().filter(|(specimen, _)| specimen.honest).count();
    let hostile = specimens.len() - honest;
    for algorithm in Algorithm::ALL {
        let of = specimens.iter().filter(|(specimen, _)| specimen.algorithm == algorithm).count();
        println!("{of:6} under {algorithm}");
        assert!(of > 400, "{algorithm}");
    }
    judged(&ask_everywhere(&world, &specimens).await);
    println!("{hostile} hostile, {honest} honest, doors {}", DOORS.len() + 1);
    assert!(hostile >= 400, "{hostile}");
    assert!(honest >= 60, "{honest}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_revoked_stays_revoked_at_every_door_under_any_other_signature() {
    let world = serving().await;
    let honest = || crossed(&world.mint, NOW).into_iter().filter(|specimen| specimen.honest);
    for specimen in honest() {
        if let Some(token) = specimen.credentials.presented().token() {
            world.rooms.authority.revoke(token, NOW).await.expect("revoked");
        }
    }
    // Made once more: ES256 signs the same text differently.
    let again: Vec<_> = honest().map(|one| (one, Expected::Deny(Reason::Revoked))).collect();
    judged(&ask_everywhere(&world, &again).await);
    world.stop().await;
}
