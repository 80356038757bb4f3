//! A large set of marks, each with the moment from which it may be forgotten: read without a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::filter::Filter;
use crate::domain::Timestamp;

/// An addition copies one shard: of a million marks a shard holds 244, which is five kilobytes.
const SHARDS: usize = 4096;

/// The bytes of a fingerprint. Keyed hashes are spread evenly, so their first bits choose the
/// shard and the rest is found by bisection: no hashing, and no room between the marks.
pub(super) type Mark = [u8; 16];

/// A mark in 20 bytes, and what is known about it.
#[derive(Clone, Copy, Debug)]
struct Entry<V> {
    mark: Mark,
    /// Seconds since the epoch, rounded up; the end of the range (the year 2106) is never.
    forget_at_s: u32,
    value: V,
}

/// Sorted by mark.
type Shard<V> = Box<[Entry<V>]>;

/// The set. Changes are made one at a time; readers see each at once.
pub(super) struct Marks<V> {
    /// Asked first. Whatever is in a shard is in it before the addition returns.
    filter: ArcSwap<Filter>,
    shards: Box<[ArcSwap<Shard<V>>]>,
    count: AtomicUsize,
    /// Held while the set is changed; readers never take it.
    changing: Mutex<()>,
}

impl<V: Copy + Ord> Marks<V> {
    pub(super) fn new() -> Self {
        Self::of(Vec::new())
    }

    /// The set of all these.
    pub(super) fn of(marks: Vec<(Mark, Timestamp, V)>) -> Self {
        let mut shards: Vec<Vec<Entry<V>>> = (0..SHARDS).map(|_| Vec::new()).collect();
        for (mark, forget_at, value) in marks {
            let forget_at_s = rounded_up(forget_at);
            shards[shard_of(&mark)].push(Entry { mark, forget_at_s, value });
        }
        let mut count = 0;
        let shards = shards.into_iter().map(|mut shard| {
            shard.sort_unstable_by_key(|entry| entry.mark);
            shard.dedup_by(|other, kept| {
                let same = other.mark == kept.mark;
                if same {
                    *kept = kept.merged(*other);
                }
                same
            });
            count += shard.len();
            ArcSwap::from_pointee(shard.into_boxed_slice())
        });
        let shards: Box<[_]> = shards.collect();
        let filter = ArcSwap::from_pointee(filter_of(&shards, count));
        Self { filter, shards, count: AtomicUsize::new(count), changing: Mutex::new(()) }
    }

    pub(super) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// What is known about a mark.
    pub(super) fn value(&self, mark: &Mark) -> Option<V> {
        if !self.filter.load().may_hold(mark) {
            return None;
        }
        let shard = self.shards[shard_of(mark)].load();
        find(&shard, mark).ok().map(|place| shard[place].value)
    }

    /// Adds a mark. One that is there keeps the later of both moments and the larger of both
    /// values. Returns what is kept; `None` when there are `max` already.
    pub(super) fn add(
        &self,
        mark: Mark,
        forget_at: Timestamp,
        value: V,
        max: usize,
    ) -> Option<(Timestamp, V)> {
        let added = Entry { mark, forget_at_s: rounded_up(forget_at), value };
        let changing = self.changing.lock();
        let shard = &self.shards[shard_of(&mark)];
        let known = shard.load();
        let (kept, changed) = match find(&known, &mark) {
            Ok(place) => {
                let mut changed = known.to_vec();
                changed[place] = known[place].merged(added);
                (changed[place], changed)
            }
            Err(_) if self.len() >= max => return None,
            Err(place) => {
                self.count.fetch_add(1, Ordering::AcqRel);
                (added, [&known[..place], &[added], &known[place..]].concat())
            }
        };
        shard.store(Arc::new(changed.into()));
        self.filter(&mark);
        drop(changing);
        Some((Timestamp::from_seconds(kept.forget_at_s.into()), kept.value))
    }

    /// Takes out every mark whose moment has come.
    pub(super) fn forget(&self, now: Timestamp) -> Vec<Mark> {
        let over = |entry: &&Entry<V>| i64::from(entry.forget_at_s) <= now.seconds();
        let kept = |entry: &&Entry<V>| !over(entry);
        let changing = self.changing.lock();
        let mut forgotten = Vec::new();
        for shard in &*self.shards {
            let known = shard.load();
            let before = forgotten.len();
            forgotten.extend(known.iter().filter(over).map(|entry| entry.mark));
            if forgotten.len() > before {
                shard.store(Arc::new(known.iter().filter(kept).copied().collect()));
            }
        }
        self.count.fetch_sub(forgotten.len(), Ordering::AcqRel);
        if !forgotten.is_empty() {
            // A filter cannot forget.
            self.filter.store(Arc::new(filter_of(&self.shards, self.len())));
        }
        drop(changing);
        forgotten
    }

    /// Adds a mark that is in its shard to the filter, which doubles when it is full. Only while
    /// `changing` is held: no other mark may be added to a filter that is being replaced.
    fn filter(&self, mark: &Mark) {
        let filter = self.filter.load();
        if self.len() > filter.room() {
            self.filter.store(Arc::new(filter_of(&self.shards, self.len())));
        } else {
            filter.add(mark);
        }
    }
}

impl<V: Ord> Entry<V> {
    fn merged(self, other: Self) -> Self {
        Self {
            mark: self.mark,
            forget_at_s: self.forget_at_s.max(other.forget_at_s),
            value: self.value.max(other.value),
        }
    }
}

fn filter_of<V>(shards: &[ArcSwap<Shard<V>>], count: usize) -> Filter {
    let filter = Filter::with_room(count);
    for shard in shards {
        shard.load().iter().for_each(|entry| filter.add(&entry.mark));
    }
    filter
}

fn find<V>(shard: &[Entry<V>], mark: &Mark) -> Result<usize, usize> {
    shard.binary_search_by(|entry| entry.mark.cmp(mark))
}

fn shard_of(mark: &Mark) -> usize {
    usize::from(u16::from_be_bytes([mark[0], mark[1]]) >> 4)
}

/// Never earlier than the moment; the end of the range, the year 2106, stands for never.
fn rounded_up(moment: Timestamp) -> u32 {
    let whole = moment.seconds() + i64::from(moment.micros().rem_euclid(1_000_000) > 0);
    u32::try_from(whole.max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::FingerprintKey;

    fn mark(number: u32) -> Mark {
        let mut mark = [0; 16];
        mark[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
        mark
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_mark_is_there_until_its_moment_has_come_and_no_moment_is_rounded_down() {
        let marks = Marks::new();
        marks.add(mark(1), Timestamp::from_micros(100_000_001), 7, 10).expect("room");
        marks.add(mark(2), at(200), 8, 10).expect("room");
        assert!(marks.forget(at(100)).is_empty());
        assert_eq!(marks.forget(at(101)), [mark(1)]);
        assert_eq!((marks.value(&mark(1)), marks.value(&mark(2)), marks.len()), (None, Some(8), 1));
    }

    #[test]
    fn a_mark_that_is_added_again_keeps_the_later_moment_and_the_larger_value() {
        for pairs in [[(100, 2), (200, 1)], [(200, 1), (100, 2)]] {
            let marks = Marks::new();
            let kept = pairs.map(|(moment, value)| marks.add(mark(1), at(moment), value, 1));
            assert_eq!(kept[1], Some((at(200), 2)));
            let loaded =
                Marks::of(pairs.map(|(moment, value)| (mark(1), at(moment), value)).into());
            for marks in [marks, loaded] {
                assert_eq!((marks.len(), marks.value(&mark(1))), (1, Some(2)));
                assert_eq!((marks.forget(at(199)).len(), marks.forget(at(200)).len()), (0, 1));
            }
        }
    }

    #[test]
    fn a_full_set_takes_no_more() {
        let marks = Marks::new();
        assert!((0..100).all(|number| marks.add(mark(number), at(1), (), 100).is_some()));
        assert_eq!(marks.add(mark(100), at(1), (), 100), None);
        assert!(marks.add(mark(99), at(2), (), 100).is_some(), "one that is there takes no room");
    }

    #[test]
    fn what_is_loaded_at_once_is_what_is_added_one_by_one() {
        let all: Vec<_> = (0..20_000).map(|number| (mark(number), at(1), number)).collect();
        let (added, loaded) = (Marks::new(), Marks::of(all.clone()));
        for (mark, moment, value) in &all {
            added.add(*mark, *moment, *value, usize::MAX).expect("room");
        }
        assert_eq!((added.len(), loaded.len()), (20_000, 20_000));
        for (mark, _, value) in &all {
            assert_eq!((added.value(mark), loaded.value(mark)), (Some(*value), Some(*value)));
        }
        assert!((20_000..40_000).all(|number| added.value(&mark(number)).is_none()));
    }

    #[test]
    fn a_moment_beyond_what_can_be_written_is_never() {
        assert_eq!(rounded_up(at(i64::from(u32::MAX) + 5)), u32::MAX);
        assert_eq!(rounded_up(at(-5)), 0);
    }

    /// As real ones are: spread evenly over the filter, too.
    fn spread(number: u32) -> Mark {
        *FingerprintKey::new([5; 32]).of_text(&number.to_string()).bytes()
    }

    #[derive(Clone, Debug)]
    enum Change {
        /// So many marks from this number on, all with this moment.
        Add(u32, u32, i64),
        Forget(i64),
    }

    fn change() -> impl Strategy<Value = Change> {
        let add = (0_u32..4_000, 1_u32..800, 1_i64..50);
        prop_oneof![
            4 => add.prop_map(|(from, count, moment)| Change::Add(from, count, moment)),
            1 => (1_i64..50).prop_map(Change::Forget),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn after_any_changes_the_set_holds_what_a_plain_map_holds(
            changes in proptest::collection::vec(change(), 1..24),
        ) {
            let (set, mut map) = (Marks::new(), HashMap::new());
            let all: Vec<Mark> = (0..4_800).map(spread).collect();
            for change in changes {
                match change {
                    Change::Add(from, count, moment) => for number in from..from + count {
                        set.add(all[number as usize], at(moment), number, usize::MAX);
                        let known = map.entry(number).or_insert(moment);
                        *known = moment.max(*known);
                    },
                    Change::Forget(now) => {
                        let before = map.len();
                        map.retain(|_, moment| *moment > now);
                        prop_assert_eq!(set.forget(at(now)).len(), before - map.len());
                    }
                }
                prop_assert_eq!(set.len(), map.len());
                for number in 0..4_800 {
                    let known = map.contains_key(&number).then_some(number);
                    prop_assert_eq!(set.value(&all[number as usize]), known);
                }
            }
        }
    }

    #[test]
    fn what_was_added_is_seen_at_once_while_the_set_grows_and_forgets() {
        const COUNT: u32 = 20_000;
        let marks: Vec<Mark> = (0..COUNT).map(spread).collect();
        let (set, added) = (Marks::new(), AtomicUsize::new(0));
        std::thread::scope(|threads| {
            threads.spawn(|| {
                for (number, mark) in marks.iter().enumerate() {
                    set.add(*mark, at(2), (), usize::MAX).expect("room");
                    added.store(number + 1, Ordering::Release);
                    if number % 1_000 == 0 {
                        set.add(spread(COUNT), at(1), (), usize::MAX).expect("room");
                        assert_eq!(set.forget(at(1)).len(), 1);
                    }
                }
            });
            let mut seen = 0;
            while seen < marks.len() {
                seen = added.load(Ordering::Acquire);
                for mark in &marks[seen.saturating_sub(50)..seen] {
                    assert!(set.value(mark).is_some());
                }
            }
        });
    }
}
