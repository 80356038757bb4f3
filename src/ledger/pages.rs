//! What stands in a book: minutes, what came before them, latencies and groups.

use std::collections::{BTreeMap, VecDeque};

use super::accepted_use::AcceptedUses;
use super::counts::Took;
use super::open::Open;
use super::samples::{EXEMPLARS_MAX, GROUPS_MAX};
use super::{Counter, Exemplar, Group, GroupKey, Latency, Tally};
use crate::domain::Timestamp;

/// Minutes kept in memory.
pub const MINUTES_MAX: usize = 60;

/// The contents of a book; `keeping` writes and reads them.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// Counts of what is not in `minutes` any more: a request touches its minute alone.
    pub(super) before: Box<Tally>,
    pub(super) minutes: VecDeque<Minute>,
    /// The same counts and their latencies, for as long as the minutes may change.
    pub(super) open: Open,
    pub(super) legacy: Latency,
    pub(super) ssot: Latency,
    pub(super) groups: BTreeMap<GroupKey, KeptGroup>,
    /// The kept total counts the minutes before this one.
    pub(super) through: i64,
    /// How often each accepted difference has applied.
    pub(super) accepted: AcceptedUses,
    /// They changed since they were kept.
    pub(super) accepted_changed: bool,
    /// Anything changed since the total was kept.
    pub(super) changed: bool,
    /// A minute changed that the kept total counts already.
    pub(super) closed_changed: bool,
}

#[derive(Debug)]
pub(super) struct Minute {
    /// Minutes since the epoch.
    pub(super) number: i64,
    pub(super) tally: Tally,
}

#[derive(Debug)]
pub(super) struct KeptGroup {
    pub(super) group: Group,
    pub(super) changed: bool,
}

impl Pages {
    pub(super) fn count(&mut self, asked_at: Timestamp, counters: &[Counter], took: Took) {
        let number = asked_at.seconds().div_euclid(60);
        self.closed_changed |= number < self.through;
        let late = if let Some(minute) = self.minute(number) {
            for counter in counters {
                minute.tally.add(*counter);
            }
            None
        } else {
            for counter in counters.iter().chain([&Counter::Late]) {
                self.before.add(*counter);
            }
            self.closed_changed = true;
            Some(&Counter::Late)
        };
        self.open.minute(number).add(counters.iter().chain(late), took);
        if let Some(took) = took.legacy {
            self.legacy.record(took);
        }
        if let Some(took) = took.ssot {
            self.ssot.record(took);
        }
    }

    pub(super) fn total(&self) -> Tally {
        let mut total = (*self.before).clone();
        for minute in &self.minutes {
            total.absorb(&minute.tally);
        }
        total
    }

    /// Counts of what was asked before a minute; `None` when some of what came after it has gone
    /// the same way.
    pub(super) fn total_before(&self, number: i64) -> Option<Tally> {
        let is_full = self.minutes.len() == MINUTES_MAX;
        if is_full && self.minutes.front().is_some_and(|oldest| oldest.number > number) {
            return None;
        }
        let mut total = (*self.before).clone();
        for minute in self.minutes.iter().filter(|minute| minute.number < number) {
            total.absorb(&minute.tally);
        }
        Some(total)
    }

    /// The minute, opened if it is new; `None` when it is older than the oldest that is kept.
    pub(super) fn minute(&mut self, number: i64) -> Option<&mut Minute> {
        let newest = self.minutes.back().map_or(number, |minute| minute.number);
        if newest == number && !self.minutes.is_empty() {
            return self.minutes.back_mut();
        }
        if newest - number >= i64::try_from(MINUTES_MAX).unwrap_or(i64::MAX) {
            return None;
        }
        let place = self.minutes.iter().rposition(|minute| minute.number <= number);
        if let Some(place) = place
            && self.minutes[place].number == number
        {
            return self.minutes.get_mut(place);
        }
        let mut place = place.map_or(0, |before| before + 1);
        if self.minutes.len() == MINUTES_MAX
            && let Some(oldest) = self.minutes.pop_front()
        {
            self.before.absorb(&oldest.tally);
            place = place.saturating_sub(1);
        }
        self.minutes.insert(place, Minute { number, tally: Tally::default() });
        self.minutes.get_mut(place)
    }

    /// False when there is no room for another group.
    pub(super) fn sample(
        &mut self,
        key: GroupKey,
        exemplar: Exemplar,
        accepted: bool,
        at: Timestamp,
    ) -> bool {
        if !self.groups.contains_key(&key) && self.groups.len() == GROUPS_MAX {
            return false;
        }
        let kept = self.groups.entry(key.clone()).or_insert_with(|| KeptGroup {
            group: Group {
                key,
                accepted,
                count: 0,
                first_at: at,
                last_at: at,
                exemplars: VecDeque::new(),
            },
            changed: true,
        });
        kept.changed = true;
        let group = &mut kept.group;
        group.accepted = accepted;
        group.count += 1;
        group.first_at = group.first_at.min(at);
        group.last_at = group.last_at.max(at);
        if group.exemplars.len() == EXEMPLARS_MAX {
            group.exemplars.pop_front();
        }
        group.exemplars.push_back(exemplar);
        true
    }

    /// Puts back a kept minute. Minutes come in their order, oldest first.
    pub(super) fn restore(&mut self, number: i64, tally: Tally) {
        if number < self.through {
            self.before.give_up(&tally);
        }
        match self.minute(number) {
            Some(minute) => minute.tally = tally,
            None => self.before.absorb(&tally),
        }
    }

    /// The minute from which on minutes are still likely to change: the one before the newest.
    pub(super) fn open_from(&self) -> i64 {
        self.minutes.back().map_or(0, |newest| newest.number - 1)
    }

    pub(super) fn total_is_due(&self, last: bool) -> bool {
        self.closed_changed || (self.changed && (last || self.open_from() > self.through))
    }

    /// Moves `through` forward and gives the counts before it.
    pub(super) fn close(&mut self) -> Tally {
        (self.changed, self.closed_changed) = (false, false);
        self.through = self.through.max(self.open_from());
        let mut tally = (*self.before).clone();
        for minute in self.minutes.iter().filter(|minute| minute.number < self.through) {
            tally.absorb(&minute.tally);
        }
        tally
    }

    pub(super) const fn mark_total(&mut self) {
        (self.changed, self.closed_changed) = (true, true);
    }
}
