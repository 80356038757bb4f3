//! A story, told to a modelled manager and to the reference, and what the matcher says of both.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crossfade::compare::events::{
    EventVerdict, MatchSettings, Matcher, Outcome, Publication, Seen, Sides, Writing, read,
};
use crossfade::domain::{
    Addressed, Clock, Condition, ConnectionId, Epoch, Event, EventPath as _, Listening, Position,
    Sequence, Side, Standing, Subject, Timestamp, WireShape,
};
use crossfade::legacy::managers::{ManagerCounts, ManagerPath, frame_text, named};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use super::reference::Reference;

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A clock that moves when it is told to.
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// A story.
pub struct Story {
    path: ManagerPath,
    clock: Arc<Hand>,
    reference: Reference,
    matcher: Matcher,
    /// Open sockets as they really are.
    sockets: BTreeMap<ConnectionId, (Subject, Condition)>,
    /// How far each client has come, by its last connection.
    places: BTreeMap<ConnectionId, usize>,
    sequences: BTreeMap<Subject, u64>,
    events: u64,
    verdicts: Vec<EventVerdict>,
}

fn user(name: &str) -> Subject {
    Subject::parse(name).expect("a user")
}

fn connection(name: &str) -> ConnectionId {
    ConnectionId::parse(name).expect("a name")
}

/// The five of the golden path, what each carries, and a mark that none of them shares.
fn step(kind: &str, mark: u64) -> Value {
    match kind {
        "agent_started" => json!({"status": "started", "message": format!("hello {mark}")}),
        "agent_thinking" => json!({"reasoning": format!("hm {mark}"), "step_number": 1}),
        "tool_executing" => json!({"tool_name": "search", "parameters": {"q": mark}}),
        "tool_completed" => {
            json!({"tool_name": "search", "result": [mark], "execution_time_ms": 12})
        }
        _ => json!({"result": {"text": format!("done {mark}")}}),
    }
}

pub const FIVE: [&str; 5] =
    ["agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed"];

impl Story {
    /// Nobody is connected to the shipped manager of that name.
    pub fn of(profile: &str) -> Self {
        let clock = Arc::new(Hand(AtomicI64::new(START.micros())));
        let hand: Arc<dyn Clock> = Arc::<Hand>::clone(&clock);
        let path = ManagerPath::new(named(profile).expect("shipped"), hand).expect("a manager");
        let settings = MatchSettings {
            // What is slow in these stories is the socket, not the manager.
            late_after: Duration::from_secs(5),
            events_per_user_max: 2_000,
            kept_for: Duration::from_hours(1),
            ..MatchSettings::default()
        };
        Self {
            path,
            clock,
            reference: Reference::default(),
            matcher: Matcher::new(settings, START),
            sockets: BTreeMap::new(),
            places: BTreeMap::new(),
            sequences: BTreeMap::new(),
            events: 0,
            verdicts: Vec::new(),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A client connects, and goes on from where it is.
    pub fn connect(&mut self, name: &str, owner: &str) -> Standing {
        self.come(name, owner, 0)
    }

    /// The client of an earlier connection connects again.
    pub fn reconnect(&mut self, name: &str, owner: &str, earlier: &str) -> Standing {
        let after = self.places[&connection(earlier)];
        self.come(name, owner, after)
    }

    fn come(&mut self, name: &str, owner: &str, after: usize) -> Standing {
        let (name, owner) = (connection(name), user(owner));
        self.sockets.insert(name.clone(), (owner.clone(), Condition::Ready));
        let place = Position { epoch: Epoch(1), after: Sequence(after as u64) };
        let verdicts = self.matcher.connected(&name, &owner, Some(place), self.now());
        self.verdicts.extend(verdicts);
        self.reference.connect(&name, &owner, after);
        self.write_reference();
        self.register(&owner, &name)
    }

    fn register(&mut self, owner: &Subject, name: &ConnectionId) -> Standing {
        let answer = self.path.connected(owner, name).now_or_never().expect("at once");
        let delivery = answer.expect("an answer");
        self.write_legacy(delivery.frames);
        delivery.connection.expect("about the connection")
    }

    /// The manager hears of the same connection again.
    pub fn register_again(&mut self, name: &str) {
        let name = connection(name);
        let owner = self.sockets[&name].0.clone();
        self.register(&owner, &name);
    }

    pub fn disconnect(&mut self, name: &str) {
        self.vanish(name);
        self.path.disconnected(&connection(name)).now_or_never().expect("at once");
    }

    /// The socket is gone, and the manager does not hear of it.
    pub fn vanish(&mut self, name: &str) {
        let name = connection(name);
        self.sockets.remove(&name).expect("connected");
        let after = self.reference.disconnect(&name);
        let verdicts = self.matcher.disconnected(&name, self.now());
        self.verdicts.extend(verdicts);
        self.places.insert(name, after);
    }

    pub fn turns(&mut self, name: &str, condition: Condition) {
        let name = connection(name);
        self.sockets.get_mut(&name).expect("connected").1 = condition;
        self.reference.condition(&name, condition);
        self.write_reference();
    }

    /// Time passes; the manager is asked now and then what has become due.
    pub fn pass(&mut self, milliseconds: u64) {
        for _ in 0..milliseconds.div_ceil(50) {
            self.clock.0.fetch_add(50_000, Ordering::Relaxed);
            let answer = self.path.due().now_or_never().expect("at once");
            self.write_legacy(answer.expect("an answer").frames);
            let verdicts = self.matcher.tick(self.now());
            self.verdicts.extend(verdicts);
        }
    }

    /// The name of the next event.
    pub fn next_name(&self) -> String {
        format!("e-{}", self.events + 1)
    }

    /// A whole run of five events.
    pub fn run(&mut self, owner: &str, run: &str) {
        for kind in FIVE {
            self.publish(owner, run, kind);
        }
    }

    pub fn publish(&mut self, owner: &str, run: &str, kind: &str) {
        let mark = self.events;
        self.publish_with(owner, run, kind, &step(kind, mark), "t-1");
    }

    pub fn publish_with(
        &mut self,
        owner: &str,
        run: &str,
        kind: &str,
        payload: &Value,
        thread: &str,
    ) {
        self.events += 1;
        let json = json!({
            "type": kind, "event_id": format!("e-{}", self.events), "run_id": run,
            "thread_id": thread, "user_id": owner, "agent_name": "triage",
            "timestamp": self.now().rfc3339(), "payload": payload,
        });
        let event = Event::parse(json.to_string().as_bytes()).expect("an event");
        let owner = user(owner);
        let sequence = self.sequences.entry(owner.clone()).or_default();
        *sequence += 1;
        let place = Position { epoch: Epoch(1), after: Sequence(*sequence) };
        let verdicts = self.matcher.published(Publication {
            user: &owner,
            event: &Seen::of(&event).expect("readable"),
            position: Some(place),
            asked: Sides::BOTH,
            at: self.now(),
        });
        self.verdicts.extend(verdicts);
        let frame = frame_text(&event, WireShape::Target, self.now()).expect("a frame");
        self.reference.publish(&owner, frame);
        self.write_reference();
        let audience: Vec<Listening> = self
            .sockets
            .iter()
            .filter(|(_, (of, _))| *of == owner)
            .map(|(name, (_, condition))| Listening {
                connection: name.clone(),
                condition: *condition,
            })
            .collect();
        let answer = self.path.deliver(&event, &audience).now_or_never().expect("at once");
        self.write_legacy(answer.expect("an answer").frames);
    }

    fn write_reference(&mut self) {
        for (name, frame) in self.reference.writable() {
            self.write(Side::Ssot, &name, &frame);
        }
    }

    fn write_legacy(&mut self, frames: Vec<Addressed>) {
        for Addressed { connection, text } in frames {
            self.write(Side::Legacy, &connection, &text);
        }
    }

    /// What is written to a socket that is gone reaches nobody.
    fn write(&mut self, side: Side, name: &ConnectionId, text: &str) {
        let Some((owner, _)) = self.sockets.get(name) else { return };
        let frame = read(text, None);
        let verdicts = self.matcher.written(Writing {
            side,
            connection: name,
            owner,
            frame: &frame,
            at: self.clock.now(),
        });
        self.verdicts.extend(verdicts);
    }

    pub fn counts(&self) -> ManagerCounts {
        self.path.counts()
    }

    /// How often the manager did what, in the order of the outcomes; the reference did nothing
    /// wrong, and what is right is not listed.
    pub fn faults(mut self) -> Vec<(&'static str, usize)> {
        self.pass(10_000);
        for verdict in self.verdicts.iter().filter(|verdict| verdict.side == Side::Ssot) {
            assert_eq!(verdict.outcome, Outcome::Match, "{verdict:?}");
        }
        let arrived = |of: Side| {
            let right = [Outcome::Match, Outcome::Uncertain];
            let of_side = self.verdicts.iter().filter(move |verdict| verdict.side == of);
            of_side.filter(|verdict| right.contains(&verdict.outcome)).count()
        };
        assert!(arrived(Side::Ssot) > 0, "the story is told to somebody");
        let counts = self.matcher.counts();
        assert_eq!((counts.unreadable, counts.not_events), ([0; 2], [0; 2]));
        let of = |code: &'static str| {
            let found = self.verdicts.iter().filter(|verdict| verdict.side == Side::Legacy);
            (code, found.filter(|verdict| verdict.outcome.code() == code).count())
        };
        let faults =
            Outcome::CODES.into_iter().filter(|code| !["match", "uncertain"].contains(code));
        faults.map(of).filter(|(_, count)| *count > 0).collect()
    }

    /// How many events have reached anybody by the manager's doing, as far as is known yet.
    pub fn arrived(&self) -> usize {
        let right = [Outcome::Match, Outcome::Uncertain];
        let of_side = self.verdicts.iter().filter(|verdict| verdict.side == Side::Legacy);
        of_side.filter(|verdict| right.contains(&verdict.outcome)).count()
    }
}
