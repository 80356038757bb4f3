//! What was counted and is not among the kept minutes yet.
//!
//! A minute is open while it may still change: the newest and the one before it, and an older one
//! for as long as it takes to write what came late. On disk an open minute has a row of its own;
//! when it closes, that row goes and its counts are added to the kept minute and hour, all in one
//! batch. A late record opens its minute again, with nothing in it but what is late. So each
//! record stands in exactly one place at any time, whenever the service ends.

use std::collections::VecDeque;

use super::counts::Counts;

/// Open minutes, at most. More there are only while the disk refuses: then the oldest is told
/// together with the one after it.
const OPEN_MAX: usize = 30;

/// The open minutes of a book, oldest first.
#[derive(Debug, Default)]
pub(super) struct Open {
    minutes: VecDeque<OpenMinute>,
    /// Being added to the kept minutes right now; still counted as open.
    closing: Vec<OpenMinute>,
    /// Rows to remove: minutes that are told together with a later one.
    joined: Vec<i64>,
    /// Those that are being removed right now.
    removing: Vec<i64>,
    /// How often minutes have begun to close.
    closings: u64,
}

/// An open minute.
#[derive(Clone, Debug)]
pub(super) struct OpenMinute {
    /// Minutes since the epoch.
    pub(super) number: i64,
    pub(super) counts: Counts,
    /// Not on disk as it is.
    changed: bool,
    /// It has a row.
    pub(super) kept: bool,
}

impl Open {
    /// The counts of a minute, to be added to.
    pub(super) fn minute(&mut self, number: i64) -> &mut Counts {
        let place = self.place(number);
        let minute = &mut self.minutes[place];
        minute.changed = true;
        &mut minute.counts
    }

    fn place(&mut self, number: i64) -> usize {
        let known = self.minutes.iter().rposition(|minute| minute.number <= number);
        if let Some(place) = known
            && self.minutes[place].number == number
        {
            return place;
        }
        let mut place = known.map_or(0, |before| before + 1);
        let counts = Counts::default();
        self.minutes.insert(place, OpenMinute { number, counts, changed: true, kept: false });
        if self.minutes.len() > OPEN_MAX {
            self.join_oldest();
            place = place.saturating_sub(1);
        }
        place
    }

    fn join_oldest(&mut self) {
        let Some(oldest) = self.minutes.pop_front() else { return };
        if oldest.kept {
            self.joined.push(oldest.number);
        }
        if let Some(next) = self.minutes.front_mut() {
            next.counts.absorb(&oldest.counts);
            next.changed = true;
        }
    }

    /// Puts back a minute as it was kept.
    pub(super) fn restore(&mut self, number: i64, counts: &Counts) {
        let place = self.place(number);
        let minute = &mut self.minutes[place];
        minute.counts.absorb(counts);
        (minute.changed, minute.kept) = (false, true);
    }

    /// Minutes that have to be written because they changed and may change again: those from
    /// `from` on. They count as written.
    pub(super) fn take_changed(&mut self, from: i64) -> Vec<OpenMinute> {
        let mut taken = Vec::new();
        for minute in &mut self.minutes {
            if minute.changed && minute.number >= from {
                (minute.changed, minute.kept) = (false, true);
                taken.push(minute.clone());
            }
        }
        taken
    }

    /// A row of that minute could not be written.
    pub(super) fn mark(&mut self, number: i64) {
        if let Some(minute) = self.minutes.iter_mut().find(|minute| minute.number == number) {
            minute.changed = true;
        }
    }

    /// Begins to close the minutes before `from`, and tells them and the rows to remove beside
    /// theirs.
    pub(super) fn begin_closing(&mut self, from: i64) -> (&[OpenMinute], &[i64]) {
        self.removing.append(&mut self.joined);
        let closing = self.minutes.iter().take_while(|minute| minute.number < from).count();
        if closing > 0 {
            self.closings += 1;
            self.closing.extend(self.minutes.drain(..closing));
        }
        (&self.closing, &self.removing)
    }

    /// What was closing is kept, and no longer here.
    pub(super) fn end_closing(&mut self) {
        self.closing.clear();
        self.removing.clear();
    }

    /// What was closing could not be kept: it is open again.
    pub(super) fn undo_closing(&mut self) {
        self.joined.append(&mut self.removing);
        for minute in std::mem::take(&mut self.closing) {
            let place = self.place(minute.number);
            let open = &mut self.minutes[place];
            open.counts.absorb(&minute.counts);
            open.changed = true;
            open.kept |= minute.kept;
        }
    }

    /// Whether minutes are on their way to the disk.
    pub(super) const fn is_closing(&self) -> bool {
        !self.closing.is_empty()
    }

    /// Grows when minutes begin to close.
    pub(super) const fn closings(&self) -> u64 {
        self.closings
    }

    /// Every open minute from `from` on and before `to`; one may be told in two parts.
    pub(super) fn between(&self, from: i64, to: i64) -> Vec<(i64, Counts)> {
        let all = self.minutes.iter().chain(&self.closing);
        let within = all.filter(|minute| (from..to).contains(&minute.number));
        within.map(|minute| (minute.number, minute.counts.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Counter;
    use crate::ledger::counts::Took;

    fn add(open: &mut Open, number: i64) {
        open.minute(number).add([Counter::Matched].iter(), Took::default());
    }

    fn told(open: &Open) -> Vec<(i64, u64)> {
        let all = open.between(i64::MIN, i64::MAX);
        all.iter().map(|(number, counts)| (*number, counts.tally.count(Counter::Matched))).collect()
    }

    #[test]
    fn what_comes_while_a_minute_closes_is_open_again_and_joins_it_where_that_fails() {
        let mut open = Open::default();
        for number in [3, 1, 2, 1] {
            add(&mut open, number);
        }
        assert_eq!(open.begin_closing(2).0.len(), 1);
        add(&mut open, 1);
        assert_eq!(told(&open), [(1, 1), (2, 1), (3, 1), (1, 2)]);
        open.undo_closing();
        assert_eq!(told(&open), [(1, 3), (2, 1), (3, 1)]);
        open.begin_closing(2);
        open.end_closing();
        assert_eq!(told(&open), [(2, 1), (3, 1)]);
        assert!(!open.is_closing() && open.closings() == 2);
    }

    #[test]
    fn what_is_written_changes_no_more_until_something_is_added() {
        let mut open = Open::default();
        add(&mut open, 1);
        add(&mut open, 2);
        assert_eq!(open.take_changed(2).len(), 1);
        assert_eq!(open.take_changed(1).len(), 1);
        assert!(open.take_changed(1).is_empty());
        open.mark(2);
        add(&mut open, 1);
        assert_eq!(open.take_changed(1).len(), 2);
    }

    #[test]
    fn minutes_that_find_no_room_are_told_with_the_next_and_lose_their_row() {
        let mut open = Open::default();
        add(&mut open, 0);
        open.take_changed(0);
        let last = i64::try_from(OPEN_MAX).expect("a number");
        for number in 1..=last {
            add(&mut open, number);
        }
        let told = told(&open);
        assert_eq!((told.len(), told[0]), (OPEN_MAX, (1, 2)));
        assert_eq!(open.begin_closing(0).1, [0]);
    }

    #[test]
    fn a_minute_older_than_all_is_told_with_the_oldest_when_there_is_no_room() {
        let mut open = Open::default();
        for number in 0..i64::try_from(OPEN_MAX).expect("a number") {
            add(&mut open, 100 + number);
        }
        add(&mut open, 1);
        assert_eq!(told(&open)[0], (100, 2));
    }
}
