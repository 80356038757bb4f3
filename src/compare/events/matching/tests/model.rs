//! Whatever happens in whatever order, the matcher says what a slow and simple one says.

use proptest::prelude::*;

use super::simple::Simple;
use super::*;

pub(super) const SETTINGS: MatchSettings = MatchSettings {
    wait: Duration::from_secs(5),
    late_after: Duration::from_secs(1),
    stamps_apart: Duration::from_mins(1),
    kept_for: Duration::from_secs(40),
    events_per_user_max: 5,
    events_max: 8,
    connections_max: 3,
    awaited_max: usize::MAX,
    strays_max: usize::MAX,
};

const USERS: [&str; 3] = ["ada", "bob", "cy"];

#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Connect {
        connection: u8,
        user: usize,
        resumes: Option<u64>,
    },
    Disconnect(u8),
    Publish {
        user: usize,
        told: Value,
        asked: usize,
    },
    /// One of the last events, to one of its user's connections.
    Relay {
        side: Side,
        back: usize,
        connection: usize,
        change: Change,
    },
    /// `owner`: whoever has the connection, or this one.
    Write {
        side: Side,
        connection: u8,
        owner: Option<usize>,
        told: Value,
    },
}

#[derive(Clone, Copy, Debug)]
enum Change {
    No,
    WithoutName,
    OtherText,
}

/// Few things to say, so that much of it is the same.
fn told() -> impl Strategy<Value = Value> {
    let maybe = |range: std::ops::Range<u8>| prop::option::weighted(0.7, range);
    (maybe(0..6), maybe(0..2), maybe(0..2), 0..2_u8, 0..2_u8, prop::option::of(0..3_i64)).prop_map(
        |(id, run, user, kind, text, minute)| {
            let kind = ["note", "memo"][usize::from(kind)];
            let mut event = json!({"type": kind,
                "payload": {"text": text}});
            let mut tell = |name: &str, value: Option<Value>| {
                event
                    .as_object_mut()
                    .expect("an object")
                    .extend(value.map(|value| (name.to_owned(), value)));
            };
            tell("event_id", id.map(|id| format!("e{id}").into()));
            tell("run_id", run.map(|run| format!("r{run}").into()));
            tell("user_id", user.map(|user| USERS[usize::from(user)].into()));
            let stamp = |minute: i64| START.plus_seconds(minute * 40).rfc3339().into();
            tell("timestamp", minute.map(stamp));
            event
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let side = prop::sample::select(Side::BOTH.to_vec());
    let change =
        prop::sample::select(vec![Change::No, Change::No, Change::WithoutName, Change::OtherText]);
    prop_oneof![
        2 => prop::sample::select(vec![100, 1_000, 2_500, 5_000, 20_000]).prop_map(Step::Pass),
        2 => (0..4_u8, 0..3_usize, prop::option::of(0..10_u64)).prop_map(
            |(connection, user, resumes)| Step::Connect { connection, user, resumes }),
        1 => (0..4_u8).prop_map(Step::Disconnect),
        4 => (0..3_usize, told(), 0..3_usize)
            .prop_map(|(user, told, asked)| Step::Publish { user, told, asked }),
        10 => (side.clone(), 0..6_usize, 0..3_usize, change).prop_map(
            |(side, back, connection, change)| Step::Relay { side, back, connection, change }),
        3 => (side, 0..4_u8, prop::option::weighted(0.1, 0..3_usize), told()).prop_map(
            |(side, connection, owner, told)| Step::Write { side, connection, owner, told }),
    ]
}

fn of_matcher(verdict: &EventVerdict) -> String {
    let id = verdict.id.as_ref().map_or("-", |id| id.as_str());
    let run = verdict.run.as_ref().map_or("-", |run| run.as_str());
    let fields = match &verdict.outcome {
        Outcome::BodyDiffers(fields) => {
            fields.iter().fold(String::new(), |all, name| format!("{all} {name}"))
        }
        Outcome::Match
        | Outcome::Uncertain
        | Outcome::Lost
        | Outcome::Repeated
        | Outcome::Reordered
        | Outcome::Misdelivered
        | Outcome::Late
        | Outcome::Unexpected => String::new(),
    };
    let EventVerdict { side, connection, user, kind, outcome, .. } = verdict;
    let user = user.as_str();
    format!("{side} {connection} {user} {id} {run} {kind} {}{fields}", outcome.code())
}

fn changed(told: &Value, change: Change) -> Value {
    let mut told = told.clone();
    match change {
        Change::No => {}
        Change::WithoutName => drop(told.as_object_mut().expect("an object").remove("event_id")),
        Change::OtherText => told["payload"]["text"] = 9.into(),
    }
    told
}

/// Both are told of a frame.
fn write(
    matcher: &mut Matcher,
    simple: &mut Simple,
    (side, name, owner): (Side, u8, &'static str),
    told: &Value,
    now: Timestamp,
) -> (Vec<EventVerdict>, Vec<String>) {
    let frame = read(&told.to_string(), None);
    let found = matcher.written(Writing {
        side,
        connection: &connection(&format!("c{name}")),
        owner: &user(owner),
        frame: &frame,
        at: now,
    });
    (found, simple.write(side, name, owner, seen(told), now))
}

fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut matcher = Matcher::new(SETTINGS, START);
    let mut simple = Simple::default();
    let (mut now, mut published) = (START, Vec::new());
    let asked = [Sides::BOTH, Sides::only(Side::Legacy), Sides::only(Side::Ssot)];
    for step in steps.into_iter().chain([Step::Pass(5_000), Step::Pass(60_000)]) {
        let shown = format!("{step:?}");
        let (found, expected) = match step {
            Step::Pass(milliseconds) => {
                now = now.plus(Duration::from_millis(milliseconds));
                (matcher.tick(now), simple.pass(now))
            }
            Step::Connect { connection: name, user: owner, resumes } => {
                let after =
                    resumes.map(|after| Position { epoch: Epoch(1), after: Sequence(after) });
                let name_of = connection(&format!("c{name}"));
                let found = matcher.connected(&name_of, &user(USERS[owner]), after, now);
                (found, simple.connect(name, USERS[owner], resumes, now))
            }
            Step::Disconnect(name) => {
                let found = matcher.disconnected(&connection(&format!("c{name}")), now);
                let expected = simple.pass(now);
                simple.close(name);
                (found, expected)
            }
            Step::Publish { user: owner, told, asked: of } => {
                let (event, after) = (seen(&told), Sequence(simple.sequence + 1));
                let found = matcher.published(Publication {
                    user: &user(USERS[owner]),
                    event: &event,
                    position: Some(Position { epoch: Epoch(1), after }),
                    asked: asked[of],
                    at: now,
                });
                published.push((USERS[owner], told));
                (found, simple.publish(USERS[owner], event, asked[of], now))
            }
            Step::Relay { side, back, connection, change } => {
                let Some((owner, told)) = published.iter().rev().nth(back) else { continue };
                let of_owner = simple.lines.iter().filter(|line| line.user == *owner);
                let Some(line) = of_owner.clone().nth(connection % of_owner.count().max(1)) else {
                    continue;
                };
                let (name, owner, told) = (line.connection, *owner, changed(told, change));
                write(&mut matcher, &mut simple, (side, name, owner), &told, now)
            }
            Step::Write { side, connection: name, owner, told } => {
                let of = simple.lines.iter().find(|line| line.connection == name);
                let owner = owner.map(|owner| USERS[owner]).or(of.map(|line| line.user));
                let owner = owner.unwrap_or(USERS[0]);
                write(&mut matcher, &mut simple, (side, name, owner), &told, now)
            }
        };
        let found: Vec<String> = found.iter().map(of_matcher).collect();
        prop_assert_eq!(found, expected, "{}", shown);
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_matcher_says_what_a_simple_one_says(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        run(steps)?;
    }
}
