//! Who is connected, as each side sees it, and why not.
//!
//! Pure: told what each side says of a connection and when it lets go of it. Compared is what they
//! say when it is opened, and that neither keeps what the other has closed.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::{Inconclusive, Mismatch, MismatchClass, Verdict};
use crate::domain::{ConnectionId, PathError, Side, Standing, Subject, Timestamp};

/// How long is waited, and how much is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// How long one side may be behind the other.
    pub wait: Duration,
    /// Connections that are followed.
    pub connections_max: usize,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self { wait: Duration::from_secs(5), connections_max: 20_000 }
    }
}

/// What a side has last said of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// Nothing yet.
    Silent,
    /// It could not answer.
    Failed,
    /// How it stands.
    Stands(Standing),
    /// Closed, with this code, where it is told.
    Closed(Option<u16>),
}

impl Fate {
    /// In a word, for samples.
    pub fn summary(self) -> String {
        let word = match self {
            Self::Silent => "silent",
            Self::Failed => "failed",
            Self::Stands(Standing::Connected) => "connected",
            Self::Stands(Standing::Refused) => "refused",
            Self::Stands(Standing::Replaced) => "replaced",
            Self::Stands(Standing::Unknown) => "unknown",
            Self::Closed(None) => "closed",
            Self::Closed(Some(code)) => return format!("closed {code}"),
        };
        word.to_owned()
    }

    /// True while the side holds the connection.
    const fn holds(self) -> bool {
        match self {
            Self::Stands(Standing::Connected | Standing::Replaced) => true,
            Self::Silent
            | Self::Failed
            | Self::Stands(Standing::Refused | Standing::Unknown)
            | Self::Closed(_) => false,
        }
    }
}

/// What both sides say of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionVerdict {
    /// Which.
    pub connection: ConnectionId,
    /// Whose it is.
    pub user: Subject,
    /// What legacy says.
    pub legacy: Fate,
    /// What SSOT says.
    pub ssot: Fate,
    /// What follows.
    pub verdict: Verdict,
}

/// What each side says of every connection.
#[derive(Debug)]
pub struct Connections {
    settings: ConnectionSettings,
    open: HashMap<ConnectionId, Followed>,
    dues: BTreeSet<(Timestamp, u64, ConnectionId)>,
    next: u64,
    now: Timestamp,
    left_out: u64,
}

#[derive(Debug)]
struct Followed {
    user: Subject,
    fates: [Fate; 2],
    /// What is due next, should anything be.
    due: Option<(Timestamp, u64)>,
    /// True once the opening has been judged.
    opened: bool,
}

impl Connections {
    /// Nobody is connected yet.
    pub fn new(settings: ConnectionSettings, now: Timestamp) -> Self {
        let (open, dues) = (HashMap::new(), BTreeSet::new());
        Self { settings, open, dues, next: 0, now, left_out: 0 }
    }

    /// Connections that are not followed because too many are.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// A socket was opened, and both sides are asked about it.
    pub fn opened(
        &mut self,
        connection: &ConnectionId,
        user: &Subject,
        at: Timestamp,
    ) -> Vec<ConnectionVerdict> {
        let verdicts = self.tick(at);
        self.forget(connection);
        if self.open.len() >= self.settings.connections_max {
            self.left_out += 1;
            return verdicts;
        }
        let fates = [Fate::Silent; 2];
        let followed = Followed { user: user.clone(), fates, due: None, opened: false };
        self.open.insert(connection.clone(), followed);
        self.await_other(connection);
        verdicts
    }

    /// A side has answered.
    pub fn said(
        &mut self,
        side: Side,
        connection: &ConnectionId,
        answer: &Result<Standing, PathError>,
        at: Timestamp,
    ) -> Vec<ConnectionVerdict> {
        let fate = answer.as_ref().map_or(Fate::Failed, |standing| Fate::Stands(*standing));
        self.change(side, connection, fate, at)
    }

    /// A side has closed the connection, with this code, where it is told.
    pub fn closed(
        &mut self,
        side: Side,
        connection: &ConnectionId,
        code: Option<u16>,
        at: Timestamp,
    ) -> Vec<ConnectionVerdict> {
        self.change(side, connection, Fate::Closed(code), at)
    }

    /// The socket is gone without either side's doing.
    pub fn gone(&mut self, connection: &ConnectionId, at: Timestamp) -> Vec<ConnectionVerdict> {
        let verdicts = self.tick(at);
        self.forget(connection);
        verdicts
    }

    /// Time has passed. Every other verb does this first.
    pub fn tick(&mut self, now: Timestamp) -> Vec<ConnectionVerdict> {
        self.now = self.now.max(now);
        let mut verdicts = Vec::new();
        while let Some((due, _, connection)) = self.dues.first().cloned()
            && due <= self.now
        {
            verdicts.extend(self.settle(&connection));
        }
        verdicts
    }

    fn change(
        &mut self,
        side: Side,
        connection: &ConnectionId,
        fate: Fate,
        at: Timestamp,
    ) -> Vec<ConnectionVerdict> {
        let mut verdicts = self.tick(at);
        let Some(followed) = self.open.get_mut(connection) else { return verdicts };
        // A side that is behind with its answer has not opened again what it has closed.
        if !matches!(followed.fates[side as usize], Fate::Closed(_)) {
            followed.fates[side as usize] = fate;
        }
        let both = followed.fates;
        let both_spoke = !both.contains(&Fate::Silent);
        let apart = both[0] != both[1] && both.iter().any(|fate| fate.holds());
        let both_closed = both.iter().all(|fate| matches!(fate, Fate::Closed(_)));
        if (both_spoke && !followed.opened) || both_closed {
            verdicts.extend(self.settle(connection));
        } else if followed.opened && followed.due.is_none() && apart {
            self.await_other(connection);
        }
        verdicts
    }

    fn await_other(&mut self, connection: &ConnectionId) {
        let Some(followed) = self.open.get_mut(connection) else { return };
        self.next += 1;
        let due = (self.now.plus(self.settings.wait), self.next);
        followed.due = Some(due);
        self.dues.insert((due.0, due.1, connection.clone()));
    }

    /// Both have spoken, or one has had its time.
    fn settle(&mut self, connection: &ConnectionId) -> Option<ConnectionVerdict> {
        let followed = self.open.get_mut(connection)?;
        if let Some((due, number)) = followed.due.take() {
            self.dues.remove(&(due, number, connection.clone()));
        }
        followed.opened = true;
        let [legacy, ssot] = followed.fates;
        let user = followed.user.clone();
        if !legacy.holds() && !ssot.holds() {
            self.open.remove(connection);
        }
        let connection = connection.clone();
        Some(ConnectionVerdict { connection, user, legacy, ssot, verdict: judge(legacy, ssot) })
    }

    fn forget(&mut self, connection: &ConnectionId) {
        let followed = self.open.remove(connection);
        if let Some((due, number)) = followed.and_then(|followed| followed.due) {
            self.dues.remove(&(due, number, connection.clone()));
        }
    }
}

/// A side that does not answer differs from nobody; of two codes only told ones are compared.
fn judge(legacy: Fate, ssot: Fate) -> Verdict {
    let mute = |fate: Fate| matches!(fate, Fate::Silent | Fate::Failed);
    let untold = |fate: Fate| fate == Fate::Closed(None);
    let closed = |fate: Fate| matches!(fate, Fate::Closed(_));
    match (mute(legacy), mute(ssot)) {
        (true, true) => Verdict::Inconclusive(Inconclusive::BothFailed),
        (true, false) => Verdict::Inconclusive(Inconclusive::Failed(Side::Legacy)),
        (false, true) => Verdict::Inconclusive(Inconclusive::Failed(Side::Ssot)),
        (false, false) if legacy == ssot => Verdict::Match,
        (false, false) if closed(legacy) && closed(ssot) && (untold(legacy) || untold(ssot)) => {
            Verdict::Match
        }
        (false, false) => Verdict::Mismatch(Mismatch {
            class: MismatchClass::ConnectionDiffers,
            legacy_reason: None,
            ssot_reason: None,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_000);

    struct World {
        connections: Connections,
        now: Timestamp,
        said: Vec<String>,
    }

    fn world() -> World {
        let connections = Connections::new(ConnectionSettings::default(), START);
        World { connections, now: START, said: Vec::new() }
    }

    fn name(text: &str) -> ConnectionId {
        ConnectionId::parse(text).expect("a name")
    }

    impl World {
        fn say(&mut self, verdicts: Vec<ConnectionVerdict>) {
            for ConnectionVerdict { connection, legacy, ssot, verdict, .. } in verdicts {
                let word = match verdict {
                    Verdict::Match => "match",
                    Verdict::Mismatch(mismatch) => mismatch.class.code(),
                    Verdict::Inconclusive(why) => why.code(),
                };
                let (legacy, ssot) = (legacy.summary(), ssot.summary());
                self.said.push(format!("{connection}: {legacy}, {ssot}: {word}"));
            }
        }

        fn open(&mut self, connection: &str) {
            let user = Subject::parse("ada").expect("a user");
            let verdicts = self.connections.opened(&name(connection), &user, self.now);
            self.say(verdicts);
        }

        fn answer(&mut self, side: Side, connection: &str, answer: &Result<Standing, PathError>) {
            let verdicts = self.connections.said(side, &name(connection), answer, self.now);
            self.say(verdicts);
        }

        fn close(&mut self, side: Side, connection: &str, code: Option<u16>) {
            let verdicts = self.connections.closed(side, &name(connection), code, self.now);
            self.say(verdicts);
        }

        fn pass(&mut self, seconds: i64) {
            self.now = self.now.plus_seconds(seconds);
            let verdicts = self.connections.tick(self.now);
            self.say(verdicts);
        }

        /// Both sides say that it is connected.
        fn connected(&mut self, connection: &str) {
            self.open(connection);
            for side in Side::BOTH {
                self.answer(side, connection, &Ok(Standing::Connected));
            }
            self.said.clear();
        }
    }

    #[test]
    fn what_both_say_of_a_new_connection_is_compared_once_both_have_spoken() {
        let all = [Standing::Connected, Standing::Refused, Standing::Replaced, Standing::Unknown];
        for legacy in all {
            for ssot in all {
                let mut world = world();
                world.open("c");
                world.answer(Side::Legacy, "c", &Ok(legacy));
                assert_eq!(world.said, [""; 0]);
                world.answer(Side::Ssot, "c", &Ok(ssot));
                let expected = if legacy == ssot { "match" } else { "connection_differs" };
                assert!(world.said[0].ends_with(expected), "{:?}", world.said);
                world.pass(60);
                assert_eq!(world.said.len(), 1);
            }
        }
    }

    #[test]
    fn who_does_not_answer_differs_from_nobody() {
        let mut world = world();
        world.open("c");
        world.answer(Side::Legacy, "c", &Ok(Standing::Connected));
        world.pass(5);
        world.open("d");
        world.answer(Side::Legacy, "d", &Err(PathError::TimedOut));
        world.answer(Side::Ssot, "d", &Ok(Standing::Connected));
        world.open("e");
        world.pass(5);
        let expected = [
            "c: connected, silent: ssot_failed",
            "d: failed, connected: legacy_failed",
            "e: silent, silent: both_failed",
        ];
        assert_eq!(world.said, expected);
    }

    #[test]
    fn what_one_side_closes_the_other_must_not_keep() {
        let mut world = world();
        world.connected("c");
        world.close(Side::Ssot, "c", Some(1008));
        world.pass(4);
        assert_eq!(world.said, [""; 0]);
        world.pass(1);
        assert_eq!(world.said, ["c: connected, closed 1008: connection_differs"]);
        world.close(Side::Legacy, "c", Some(1008));
        assert_eq!(world.said[1..], ["c: closed 1008, closed 1008: match"]);
        assert!(world.connections.open.is_empty());
    }

    #[test]
    fn of_what_both_close_only_told_codes_are_compared() {
        for (legacy, ssot, word) in [
            (Some(1008), Some(1008), "match"),
            (Some(1011), Some(1008), "connection_differs"),
            (None, Some(1008), "match"),
        ] {
            let mut world = world();
            world.connected("c");
            world.close(Side::Legacy, "c", legacy);
            world.close(Side::Ssot, "c", ssot);
            assert_eq!(world.said.len(), 1);
            assert!(world.said[0].ends_with(word), "{:?}", world.said);
            assert!(world.connections.dues.is_empty());
        }
    }

    #[test]
    fn a_connection_that_is_gone_or_was_never_held_is_forgotten() {
        let mut world = world();
        world.connected("c");
        world.close(Side::Legacy, "c", None);
        let verdicts = world.connections.gone(&name("c"), world.now);
        world.say(verdicts);
        world.open("d");
        for side in Side::BOTH {
            world.answer(side, "d", &Ok(Standing::Refused));
        }
        world.pass(60);
        assert_eq!(world.said, ["d: refused, refused: match"]);
        assert!(world.connections.open.is_empty() && world.connections.dues.is_empty());
    }

    #[test]
    fn connections_beyond_the_bound_are_counted_and_not_followed() {
        let settings = ConnectionSettings { connections_max: 1, ..ConnectionSettings::default() };
        let connections = Connections::new(settings, START);
        let mut world = World { connections, now: START, said: Vec::new() };
        world.open("c");
        world.open("d");
        world.pass(60);
        assert_eq!(world.said, ["c: silent, silent: both_failed"]);
        assert_eq!(world.connections.left_out(), 1);
    }
}
