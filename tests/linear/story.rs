//! Who calls, and what they write down.

use parking_lot::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use rand::RngExt as _;
use serde_json::{Value, json};

use super::service::{Answer, Service};

/// The components that are changed: two by settings alone, one by stages in both directions.
pub const COMPONENTS: &[&str] = &["settings", "more-settings", "stages"];

/// One call, as it looked from outside.
#[derive(Debug)]
pub struct Call {
    /// Of which component.
    pub component: &'static str,
    /// Just before it was made.
    pub called: Instant,
    /// Just after it was answered, or given up.
    pub ended: Instant,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a call.
#[derive(Debug)]
pub enum Outcome {
    /// A row was read.
    Saw {
        /// Its revision.
        revision: u64,
        /// The row, if it was shown and not only named.
        row: Option<Value>,
    },
    /// A change was acknowledged.
    Changed {
        /// The revision it was made over.
        over: u64,
        /// The name of the attempt, which stands in the log.
        note: String,
        /// The new row.
        row: Value,
    },
    /// A change was not answered: it may have happened or not.
    Unknown {
        /// The revision it was made over.
        over: u64,
        /// The name of the attempt.
        note: String,
    },
}

static ATTEMPTS: AtomicU32 = AtomicU32::new(0);

/// Reads and changes one component after another.
pub fn write_for_a_while(number: usize, service: &RwLock<Service>, over: &AtomicBool) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut turn = number;
    while !over.load(Ordering::Relaxed) {
        let component = COMPONENTS[turn % COMPONENTS.len()];
        turn += 1;
        let Some(row) = read(component, service, &mut calls) else { continue };
        write(component, &row, service, &mut calls);
    }
    calls
}

/// Reads one component after another.
pub fn read_for_a_while(service: &RwLock<Service>, is_over: impl Fn() -> bool) -> Vec<Call> {
    let mut calls = Vec::new();
    for component in COMPONENTS.iter().cycle() {
        if is_over() {
            break;
        }
        read(component, service, &mut calls);
    }
    calls
}

fn read(
    component: &'static str,
    service: &RwLock<Service>,
    calls: &mut Vec<Call>,
) -> Option<Value> {
    let service = service.read();
    let called = Instant::now();
    // A read that was not answered tells nothing.
    let Answer { status, json } = service.read(component)?;
    assert_eq!(status, 200, "{json}");
    let revision = json["revision"].as_u64().expect("a revision");
    let outcome = Outcome::Saw { revision, row: Some(json.clone()) };
    calls.push(Call { component, called, ended: Instant::now(), outcome });
    Some(json)
}

fn write(component: &'static str, row: &Value, service: &RwLock<Service>, calls: &mut Vec<Call>) {
    let attempt = ATTEMPTS.fetch_add(1, Ordering::Relaxed);
    let note = format!("attempt-{attempt}");
    let mut body = if component == "stages" { another_stage(row) } else { settings(attempt) };
    body["note"] = note.clone().into();
    let over = row["revision"].as_u64().expect("a revision");
    let service = service.read();
    let called = Instant::now();
    let answer = service.write(component, over, &body);
    let outcome = match answer {
        None => Outcome::Unknown { over, note },
        Some(Answer { status: 200, json }) => {
            Outcome::Changed { over, note, row: json["flag"].clone() }
        }
        Some(Answer { status: 412, json }) => {
            let revision = json["revision"].as_u64().expect("a revision");
            assert_ne!(revision, over, "refused over the very revision it has");
            Outcome::Saw { revision, row: None }
        }
        Some(Answer { status, json }) => panic!("{status}: {json} to {body}"),
    };
    calls.push(Call { component, called, ended: Instant::now(), outcome });
}

/// Values differ from the one before, whoever wrote that.
fn settings(attempt: u32) -> Value {
    json!({ "deadline_ms": 50 + attempt % 59_950 })
}

/// One stage up, or any number down.
fn another_stage(row: &Value) -> Value {
    let mut random = rand::rng();
    let another_share = |share: u64| share % 10_000 + 1;
    match row["stage"].as_str().expect("a stage") {
        "off" => json!({ "stage": "shadow" }),
        "shadow" if random.random_ratio(1, 3) => json!({ "stage": "off" }),
        "shadow" => json!({ "stage": "canary", "share": random.random_range(1..=9_000) }),
        _ if random.random_ratio(1, 4) => json!({ "stage": "shadow" }),
        _ if random.random_ratio(1, 4) => json!({ "stage": "off" }),
        _ if random.random_ratio(1, 2) => {
            let share = row["share"].as_u64().expect("a share");
            json!({ "stage": "canary", "share": another_share(share) })
        }
        _ => {
            json!({ "stage": "canary", "share": another_share(row["share"].as_u64().expect("a share") / 2) })
        }
    }
}
