//! Which of two sides writes an event to a socket, so that each is written once.
//!
//! Both sides have every event: legacy sends it, and SSOT's log holds it; either may be first. Only
//! one of the two is written, by whichever serves the connection. The side may change while
//! events are under way. Then what counts is not when the change came but what was written: an
//! event that one side has written, the other does not.
//!
//! A change waits until both sides have come equally far, for up to two seconds: then nothing is
//! out of order either. Where they never meet, it comes all the same.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use crate::domain::{EventId, Sequence, Side};
use tokio::time::Instant;

/// How long a change waits for both sides to be level.
pub(super) const LEVEL_WAIT: Duration = Duration::from_secs(2);

/// What is remembered of events that were written, and of those that only one side has so far.
const REMEMBERED_MAX: usize = 512;

/// What becomes of a frame of legacy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Legacy {
    /// Write it, as it is.
    Write,
    /// Do not: SSOT has given the event, or will.
    Swallow,
}

/// Who writes to one connection.
#[derive(Debug)]
pub(super) struct Handover {
    side: Side,
    /// The side that is to serve, and until when the change may wait.
    wanted: Option<(Side, Instant)>,
    /// The last event of the log that was really written, by either side.
    watermark: Sequence,
    /// The client has everything up to here from before, and whether it has said so itself.
    base: Sequence,
    told: bool,
    written: Recent<Sequence, Side>,
    /// Legacy's frames that were written, or swallowed, before the log had the event.
    ahead: Recent<EventId, Legacy>,
}

impl Handover {
    /// A connection that `side` serves, and that has been given everything up to `from`.
    pub fn new(side: Side, from: Sequence) -> Self {
        let (written, ahead) = (Recent::default(), Recent::default());
        Self { side, wanted: None, watermark: from, base: from, told: false, written, ahead }
    }

    pub const fn side(&self) -> Side {
        self.side
    }

    pub const fn watermark(&self) -> Sequence {
        self.watermark
    }

    /// Until when a change that is wanted may wait.
    pub fn waits_until(&self) -> Option<Instant> {
        self.wanted.map(|(_, until)| until)
    }

    /// True while SSOT still serves, and legacy is to: what is swallowed now SSOT would have to write
    /// behind what legacy writes later.
    pub fn leaves_ssot(&self) -> bool {
        matches!(self.wanted, Some((Side::Legacy, _)))
    }

    /// The side that is to serve from now on.
    pub fn want(&mut self, side: Side, now: Instant) {
        if side == self.side {
            self.wanted = None;
        } else if self.wanted.is_none() {
            self.wanted = Some((side, now + LEVEL_WAIT));
        }
    }

    /// Makes the change that is wanted, if both sides are level or it has waited long enough. The
    /// log has come to `last`, the connection has looked at it up to `cursor`. Gives back where in
    /// the log the connection goes on.
    pub fn change(&mut self, cursor: Sequence, last: Sequence, now: Instant) -> Option<Sequence> {
        let (side, until) = self.wanted?;
        let level = cursor == last
            && match side {
                Side::Ssot => self.watermark == last && self.ahead.is_empty(),
                Side::Legacy => !self.ahead.has(|ahead| ahead == Legacy::Swallow),
            };
        // All that the log has was looked at first: what SSOT is to write, it writes before.
        if cursor != last || !(level || now >= until) {
            return None;
        }
        self.wanted = None;
        self.side = side;
        Some(match side {
            Side::Ssot => self.watermark,
            Side::Legacy => cursor,
        })
    }

    /// Rules on a frame of legacy's about the event of that name. `place` is where the log has it.
    pub fn legacy(&mut self, id: &EventId, place: Option<Sequence>, cursor: Sequence) -> Legacy {
        let Some(place) = place else { return self.legacy_ahead(id) };
        let ruling = match (self.side, self.written.get(&place)) {
            // The client has it, or says so.
            (Side::Ssot, None) if place <= self.base => Legacy::Swallow,
            (Side::Legacy, None) if self.told && place <= self.base => Legacy::Swallow,
            // What legacy itself repeats is its own affair.
            (Side::Legacy, Some(Side::Legacy)) => Legacy::Write,
            (Side::Legacy, None) if !self.written.has_forgotten(&place) => Legacy::Write,
            // The log is beyond it, and it was not written: legacy is late, and nobody else will.
            (Side::Ssot, None) if place <= cursor && !self.written.has_forgotten(&place) => {
                Legacy::Write
            }
            (Side::Legacy | Side::Ssot, _) => Legacy::Swallow,
        };
        if ruling == Legacy::Write {
            self.wrote(place, Side::Legacy);
        }
        ruling
    }

    /// The log does not have the event yet.
    fn legacy_ahead(&mut self, id: &EventId) -> Legacy {
        let ruling = match (self.side, self.ahead.get(id)) {
            (Side::Legacy, Some(Legacy::Write) | None) => Legacy::Write,
            (Side::Legacy, Some(Legacy::Swallow)) | (Side::Ssot, _) => Legacy::Swallow,
        };
        if self.ahead.get(id).is_none() {
            self.ahead.put(id.clone(), ruling);
        }
        ruling
    }

    /// The client has told how far it has come. What SSOT has written beyond that did not arrive.
    pub fn resume(&mut self, from: Sequence) {
        (self.watermark, self.base, self.told) = (from, from, true);
        self.written.forget(|place, by| place > from && by == Side::Ssot);
    }

    /// Whether SSOT writes an entry from before the client told how far it has come: unless legacy
    /// has.
    pub fn replay(&mut self, id: &EventId, place: Sequence) -> bool {
        if self.written.get(&place).is_some() {
            self.watermark = self.watermark.max(place);
            return false;
        }
        let of_legacy = self.ahead.take(id) == Some(Legacy::Write);
        self.wrote(place, if of_legacy { Side::Legacy } else { Side::Ssot });
        !of_legacy
    }

    /// Whether SSOT writes the next entry of the log.
    pub fn entry(&mut self, id: &EventId, place: Sequence) -> bool {
        if self.written.get(&place).is_some() {
            return false;
        }
        match self.ahead.take(id) {
            Some(Legacy::Write) => {
                self.wrote(place, Side::Legacy);
                return false;
            }
            None if self.side == Side::Legacy => return false,
            // What was swallowed when SSOT was to write it, SSOT writes.
            Some(Legacy::Swallow) | None => {}
        }
        self.wrote(place, Side::Ssot);
        true
    }

    fn wrote(&mut self, place: Sequence, by: Side) {
        self.written.put(place, by);
        self.watermark = self.watermark.max(place);
    }
}

/// The last few of many.
#[derive(Debug)]
struct Recent<K, V> {
    values: HashMap<K, V>,
    order: VecDeque<K>,
    forgotten: Option<K>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { values: HashMap::new(), order: VecDeque::new(), forgotten: None }
    }
}

impl<K: Clone + Eq + Hash + Ord, V: Copy> Recent<K, V> {
    fn get(&self, key: &K) -> Option<V> {
        self.values.get(key).copied()
    }

    fn put(&mut self, key: K, value: V) {
        if self.values.insert(key.clone(), value).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
            self.forgotten = self.forgotten.take().max(Some(oldest));
        }
    }

    fn take(&mut self, key: &K) -> Option<V> {
        let value = self.values.remove(key)?;
        // Taken in about the order in which they came: the search ends soon.
        if let Some(at) = self.order.iter().position(|other| other == key) {
            self.order.remove(at);
        }
        Some(value)
    }

    fn forget(&mut self, which: impl Fn(K, V) -> bool) {
        self.values.retain(|key, value| !which(key.clone(), *value));
        self.order.retain(|key| self.values.contains_key(key));
    }

    /// True when `key` may have been here and was forgotten.
    fn has_forgotten(&self, key: &K) -> bool {
        self.forgotten.as_ref().is_some_and(|forgotten| *key <= *forgotten)
    }

    fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn has(&self, which: impl Fn(V) -> bool) -> bool {
        self.values.values().any(|value| which(*value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A connection, its log, and a legacy server that sends the same events.
    struct World {
        handover: Handover,
        now: Instant,
        cursor: Sequence,
        last: Sequence,
        legacy_sent: u64,
        written: Vec<u64>,
    }

    fn id(number: u64) -> EventId {
        EventId::parse(&format!("e{number}")).expect("a name")
    }

    impl World {
        fn new(side: Side, now: Instant) -> Self {
            Self {
                handover: Handover::new(side, Sequence(0)),
                now,
                cursor: Sequence(0),
                last: Sequence(0),
                legacy_sent: 0,
                written: Vec::new(),
            }
        }

        /// What the connection does whenever it is woken.
        fn look(&mut self) {
            loop {
                while self.cursor < self.last {
                    self.cursor = self.cursor.next();
                    if self.handover.entry(&id(self.cursor.0), self.cursor) {
                        self.written.push(self.cursor.0);
                    }
                }
                match self.handover.change(self.cursor, self.last, self.now) {
                    Some(from) => self.cursor = from,
                    None => return,
                }
            }
        }

        fn log(&mut self) {
            self.last = self.last.next();
        }

        fn legacy(&mut self) {
            self.legacy_sent += 1;
            self.legacy_sends(self.legacy_sent);
        }

        fn legacy_sends(&mut self, number: u64) {
            let place = (number <= self.last.0).then_some(Sequence(number));
            if self.handover.legacy(&id(number), place, self.cursor) == Legacy::Write {
                self.written.push(number);
            }
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum Deed {
        Log,
        Legacy,
        Look,
        Want(Side),
        Wait,
    }

    fn deeds() -> impl Strategy<Value = Vec<Deed>> {
        let deed = prop_oneof![
            5 => Just(Deed::Log),
            5 => Just(Deed::Legacy),
            4 => Just(Deed::Look),
            1 => prop_oneof![Just(Side::Legacy), Just(Side::Ssot)].prop_map(Deed::Want),
            1 => Just(Deed::Wait),
        ];
        prop::collection::vec(deed, 1..120)
    }

    fn play(deeds: &[Deed], first: Side, with_waits: bool) -> (World, u64) {
        let mut world = World::new(first, Instant::now());
        for deed in deeds {
            match deed {
                Deed::Log => world.log(),
                Deed::Legacy => {
                    // A frame is ruled on after what the log has was looked at, as the loop does.
                    world.look();
                    world.legacy();
                }
                Deed::Look => world.look(),
                Deed::Want(side) => world.handover.want(*side, world.now),
                Deed::Wait if with_waits => world.now += LEVEL_WAIT,
                Deed::Wait => {}
            }
        }
        let all = world.last.0.max(world.legacy_sent);
        while world.last.0 < all {
            world.log();
            world.look();
        }
        while world.legacy_sent < all {
            world.look();
            world.legacy();
        }
        world.look();
        (world, all)
    }

    proptest! {
        /// Whichever side is first, whenever the sides change, and how long it takes.
        #[test]
        fn every_event_is_written_once(deeds in deeds(), ssot in any::<bool>()) {
            let first = if ssot { Side::Ssot } else { Side::Legacy };
            let (world, all) = play(&deeds, first, true);
            let mut written = world.written;
            written.sort_unstable();
            prop_assert_eq!(written, (1..=all).collect::<Vec<_>>());
        }

        /// Where a change can wait until both are level, nothing is out of order either.
        #[test]
        fn a_level_change_keeps_the_order(deeds in deeds(), ssot in any::<bool>()) {
            let first = if ssot { Side::Ssot } else { Side::Legacy };
            let (world, all) = play(&deeds, first, false);
            prop_assert_eq!(world.written, (1..=all).collect::<Vec<_>>());
        }
    }

    #[tokio::test]
    async fn what_legacy_repeats_or_loses_while_it_serves_is_left_as_it_is() {
        let mut world = World::new(Side::Legacy, Instant::now());
        (0..4).for_each(|_| world.log());
        world.look();
        for number in [1, 1, 3, 4] {
            world.legacy_sends(number);
        }
        assert_eq!(world.written, [1, 1, 3, 4]);
        assert_eq!(world.handover.watermark(), Sequence(4));
    }

    #[tokio::test]
    async fn what_legacy_sends_late_after_the_change_is_written_if_nobody_else_will() {
        let mut world = World::new(Side::Legacy, Instant::now());
        (0..3).for_each(|_| world.log());
        world.look();
        for number in [1, 3] {
            world.legacy_sends(number);
        }
        world.handover.want(Side::Ssot, world.now);
        world.look();
        assert_eq!(world.handover.side(), Side::Ssot);
        world.log();
        world.look();
        for number in [2, 4, 1] {
            world.legacy_sends(number);
        }
        assert_eq!(world.written, [1, 3, 4, 2]);
    }
}
