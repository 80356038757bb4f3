//! What the stories of the twelve do not come by.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::mirror::Mirror;
use super::*;
use crate::domain::{
    Condition, ConnectionId, Delivery, Event, Listening, Standing, Subject, Timestamp,
};

const NOW: Timestamp = Timestamp::from_seconds(1_000);

fn mirror(rules: &str) -> Mirror {
    let text = format!("id = 'X'\ndescription = 'd'\n{rules}");
    Mirror::new(ManagerProfile::from_toml(&text).expect("a profile"))
}

fn user(name: &str) -> Subject {
    Subject::parse(name).expect("a user")
}

fn connection(name: &str) -> ConnectionId {
    ConnectionId::parse(name).expect("a name")
}

fn event(owner: &str, changes: &Value) -> Event {
    let mut event = json!({"type": "note", "event_id": "e", "user_id": owner, "payload": {}});
    let fields = event.as_object_mut().expect("an object");
    fields.extend(changes.as_object().expect("an object").clone());
    Event::parse(event.to_string().as_bytes()).expect("an event")
}

fn connect(mirror: &mut Mirror, name: &str, owner: &str) -> Standing {
    mirror.connected(&user(owner), &connection(name), NOW).connection.expect("a standing")
}

/// To whom an event goes, and what is first written.
fn deliver(mirror: &mut Mirror, event: &Event, conditions: &[(&str, Condition)]) -> Vec<String> {
    let listening = |(name, condition): &(&str, Condition)| Listening {
        connection: connection(name),
        condition: *condition,
    };
    let audience: Vec<Listening> = conditions.iter().map(listening).collect();
    names(mirror.deliver(event, &audience, NOW).expect("readable"))
}

fn names(delivery: Delivery) -> Vec<String> {
    delivery.frames.into_iter().map(|frame| frame.connection.to_string()).collect()
}

#[test]
fn a_user_has_as_many_connections_as_the_profile_lets_them() {
    let mut mirror = mirror("connections_max = 2");
    for (name, standing) in [
        ("a", Standing::Connected),
        ("b", Standing::Connected),
        ("b", Standing::Connected),
        ("c", Standing::Refused),
    ] {
        assert_eq!(connect(&mut mirror, name, "ada"), standing, "{name}");
    }
    assert_eq!(deliver(&mut mirror, &event("ada", &json!({})), &[]), ["a", "b"]);
    mirror.disconnected(&connection("a"), NOW);
    assert_eq!(connect(&mut mirror, "c", "ada"), Standing::Connected);
    assert_eq!(mirror.counts().refused, 1);
}

#[test]
fn what_fails_on_some_sockets_can_wait_for_whoever_comes_next() {
    let mut mirror = mirror("partial_failure = 'queued'\nqueue = { cap = 9 }");
    connect(&mut mirror, "a", "ada");
    connect(&mut mirror, "b", "ada");
    let broken = [("b", Condition::Broken)];
    assert_eq!(deliver(&mut mirror, &event("ada", &json!({})), &broken), ["a"]);
    assert_eq!(names(mirror.connected(&user("ada"), &connection("c"), NOW)), ["c"]);
}

#[test]
fn an_event_without_a_run_goes_nowhere_where_one_is_needed() {
    let mut mirror = mirror("[types]\nneeds_run = true");
    connect(&mut mirror, "a", "ada");
    assert_eq!(deliver(&mut mirror, &event("ada", &json!({})), &[]), [""; 0]);
    let in_run = event("ada", &json!({"run_id": "r"}));
    assert_eq!(deliver(&mut mirror, &in_run, &[]), ["a"]);
    assert_eq!(mirror.counts().swallowed, 1);
}

#[test]
fn fields_are_rewritten_beside_the_type_by_their_ending_and_not_deeper() {
    let mut mirror = mirror("shape = 'flat'\nrewrites = { top_ending = '_user_id' }");
    connect(&mut mirror, "a", "ada");
    let payload =
        json!({"payload": {"to_user_id": "bob", "user_id": "bob", "in": {"x_user_id": "bob"}}});
    let delivery = mirror.deliver(&event("ada", &payload), &[], NOW).expect("readable");
    let frame: Value = serde_json::from_str(&delivery.frames[0].text).expect("JSON");
    assert_eq!((&frame["to_user_id"], &frame["user_id"]), (&json!("ada"), &json!("bob")));
    assert_eq!(frame["in"]["x_user_id"], "bob");
}

#[test]
fn a_payload_that_no_old_emitter_reads_is_no_delivery() {
    let mut mirror = mirror("");
    connect(&mut mirror, "a", "ada");
    let json = br#"{"type":"note","user_id":"ada","payload":{"n":1e999}}"#;
    let event = Event::parse(json).expect("an event");
    assert_eq!(mirror.deliver(&event, &[], NOW), None);
}

#[derive(Clone, Debug)]
enum Step {
    Connect(u8, u8),
    Disconnect(u8),
    Deliver { user: u8, kind: usize, condition: usize },
    Due,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..5_u8, 0..3_u8).prop_map(|(name, user)| Step::Connect(name, user)),
        1 => (0..5_u8).prop_map(Step::Disconnect),
        5 => (0..3_u8, 0..5_usize, 0..4_usize)
            .prop_map(|(user, kind, condition)| Step::Deliver { user, kind, condition }),
        1 => Just(Step::Due),
        2 => prop::sample::select(vec![50, 1_000, 400_000]).prop_map(Step::Pass),
    ]
}

proptest! {
    #[test]
    fn no_manager_breaks_or_writes_to_who_never_came(
        profile in prop::sample::select(shipped().map(|(_, profile)| profile).collect::<Vec<_>>()),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut mirror = Mirror::new(profile);
        let (mut now, mut came) = (NOW, std::collections::BTreeSet::new());
        for step in steps {
            let delivery = match step {
                Step::Connect(name, owner) => {
                    came.insert(connection(&name.to_string()));
                    mirror.connected(&user(&owner.to_string()), &connection(&name.to_string()), now)
                }
                Step::Disconnect(name) => {
                    mirror.disconnected(&connection(&name.to_string()), now);
                    Delivery::default()
                }
                Step::Deliver { user, kind, condition } => {
                    let kinds = crate::domain::EventKind::CRITICAL;
                    let changes = json!({"type": kinds[kind].as_str(), "run_id": "r",
                        "thread_id": "0", "payload": {"reasoning": "", "tool_name": "t"}});
                    let conditions =
                        [Condition::Ready, Condition::Slow, Condition::Hung, Condition::Broken];
                    let listening = |name: u8| Listening {
                        connection: connection(&name.to_string()),
                        condition: conditions[condition],
                    };
                    let audience: Vec<Listening> = (0..5).map(listening).collect();
                    let event = event(&user.to_string(), &changes);
                    mirror.deliver(&event, &audience, now).expect("readable")
                }
                Step::Due => Delivery { frames: mirror.due(None, now), ..Delivery::default() },
                Step::Pass(milliseconds) => {
                    now = now.plus(std::time::Duration::from_millis(milliseconds));
                    Delivery::default()
                }
            };
            for frame in delivery.frames {
                prop_assert!(came.contains(&frame.connection));
            }
        }
    }
}
