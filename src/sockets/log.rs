//! A user's events in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::entry::{Entry, SharedEntry};
use super::wire::{Gap, GapCause};
use crate::domain::{Epoch, EventId, Position, Sequence, Timestamp};

/// A user's events, in order and without a hole: those kept, and how far they have come.
#[derive(Debug)]
pub(super) struct Log {
    epoch: Epoch,
    /// The last event that was ever appended.
    last: Sequence,
    entries: VecDeque<SharedEntry>,
    ids: HashMap<EventId, Sequence>,
    /// Of the frames kept.
    bytes: usize,
}

impl Log {
    /// A log that has come to `last`, and of which nothing is in memory.
    pub fn new(epoch: Epoch, last: Sequence) -> Self {
        Self { epoch, last, entries: VecDeque::new(), ids: HashMap::new(), bytes: 0 }
    }

    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub const fn last(&self) -> Sequence {
        self.last
    }

    /// The end of the log.
    pub const fn end(&self) -> Position {
        Position { epoch: self.epoch, after: self.last }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The place of the event of that name, if it is kept.
    pub fn place_of(&self, id: &EventId) -> Option<Sequence> {
        self.ids.get(id).copied()
    }

    /// Appends the next entry.
    ///
    /// # Panics
    /// When it is not the next.
    pub fn append(&mut self, entry: Entry) -> SharedEntry {
        assert_eq!(entry.sequence, self.last.next(), "a log has no hole");
        let entry = Arc::new(entry);
        self.last = entry.sequence;
        self.bytes += entry.frame.len();
        self.ids.insert(entry.id.clone(), entry.sequence);
        self.entries.push_back(Arc::clone(&entry));
        entry
    }

    /// The kept entry at `sequence`.
    pub fn at(&self, sequence: Sequence) -> Option<&SharedEntry> {
        let place = sequence.0.checked_sub(self.first().0)?;
        self.entries.get(usize::try_from(place).ok()?)
    }

    /// The first entry that is kept, or the next one to come.
    pub fn first(&self) -> Sequence {
        self.entries.front().map_or(self.last.next(), |entry| entry.sequence)
    }

    /// Forgets what is beyond so many events or bytes, or from before `oldest`; the sequences
    /// forgotten. The last event is kept whatever its size.
    pub fn trim(
        &mut self,
        (kept_max, bytes_max): (u32, usize),
        oldest: Timestamp,
    ) -> Vec<Sequence> {
        let mut forgotten = Vec::new();
        while let Some(entry) = self.entries.front()
            && (self.entries.len() > kept_max as usize
                || (self.bytes > bytes_max && self.entries.len() > 1)
                || entry.at < oldest)
        {
            self.bytes -= entry.frame.len();
            forgotten.push(entry.sequence);
            if self.ids.get(&entry.id) == Some(&entry.sequence) {
                self.ids.remove(&entry.id);
            }
            self.entries.pop_front();
        }
        forgotten
    }

    /// Where a client of that position goes on, and what it has lost.
    pub fn resume(&self, position: Position) -> (Sequence, Option<Gap>) {
        let before_first = Sequence(self.first().0 - 1);
        let gap = |lost, why| Some(Gap { epoch: self.epoch, lost, why });
        if position.epoch != self.epoch {
            let lost = (before_first.0 > 0).then_some((Sequence(1), before_first));
            return (before_first, gap(lost, GapCause::OtherEpoch));
        }
        if position.after > self.last {
            return (self.last, gap(None, GapCause::Ahead));
        }
        if position.after < before_first {
            let lost = Some((position.after.next(), before_first));
            return (before_first, gap(lost, GapCause::Expired));
        }
        (position.after, None)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::EventKind;

    fn entry(sequence: u64, at: i64) -> Entry {
        Entry {
            sequence: Sequence(sequence),
            at: Timestamp::from_seconds(at),
            id: EventId::parse(&format!("e{sequence}")).expect("a name"),
            kind: EventKind::AgentStarted,
            run: None,
            frame: Bytes::from(sequence.to_string()),
        }
    }

    fn log(last: u64) -> Log {
        let mut log = Log::new(Epoch(1), Sequence(0));
        for sequence in 1..=last {
            log.append(entry(sequence, 0));
        }
        log
    }

    fn position(epoch: u64, after: u64) -> Position {
        Position { epoch: Epoch(epoch), after: Sequence(after) }
    }

    #[test]
    fn a_position_of_another_epoch_is_a_gap_and_what_is_kept_comes_again() {
        let mut log = log(5);
        log.trim((3, usize::MAX), Timestamp::from_seconds(0));
        let (after, gap) = log.resume(position(9, 4));
        assert_eq!(after, Sequence(2));
        let gap = gap.expect("a gap");
        assert_eq!(gap.lost, Some((Sequence(1), Sequence(2))));
        assert_eq!(gap.why, GapCause::OtherEpoch);
    }

    #[test]
    fn a_position_ahead_of_the_log_is_a_gap() {
        let (after, gap) = log(5).resume(position(1, 6));
        assert_eq!((after, gap.map(|gap| gap.why)), (Sequence(5), Some(GapCause::Ahead)));
    }

    #[test]
    fn what_is_older_than_the_retention_is_forgotten_with_its_name() {
        let mut log = Log::new(Epoch(1), Sequence(0));
        log.append(entry(1, 10));
        log.append(entry(2, 20));
        assert_eq!(log.trim((9, usize::MAX), Timestamp::from_seconds(15)), [Sequence(1)]);
        assert_eq!(log.place_of(&EventId::parse("e1").expect("a name")), None);
        assert_eq!(log.place_of(&EventId::parse("e2").expect("a name")), Some(Sequence(2)));
    }

    #[test]
    fn no_more_bytes_are_kept_than_may_be() {
        let mut log = log(12);
        // Nine frames of one byte, three of two.
        assert_eq!(log.trim((99, 7), Timestamp::from_seconds(0)).len(), 8);
        assert_eq!(log.trim((99, 0), Timestamp::from_seconds(0)).len(), 3);
        assert_eq!(log.len(), 1);
    }

    proptest! {
        /// Whatever was trimmed: a client is given everything behind its position, or told what is
        /// lost; the two together have no hole and no repetition.
        #[test]
        fn resumed_and_lost_are_together_everything(
            last in 0_u64..40, kept in 0_u32..40, after in 0_u64..45
        ) {
            let mut log = log(last);
            log.trim((kept, usize::MAX), Timestamp::from_seconds(0));
            let (from, gap) = log.resume(position(1, after));
            let mut accounted: Vec<u64> = Vec::new();
            if let Some((first, end)) = gap.and_then(|gap| gap.lost) {
                accounted.extend(first.0..=end.0);
            }
            let mut next = from.next();
            while let Some(entry) = log.at(next) {
                accounted.push(entry.sequence.0);
                next = next.next();
            }
            let expected: Vec<u64> = (after + 1..=last).collect();
            prop_assert_eq!(accounted, expected);
            prop_assert_eq!(gap.is_some_and(|gap| gap.why == GapCause::Ahead), after > last);
        }
    }
}
