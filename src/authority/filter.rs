//! Tells what is certainly not in a set of marks by one line of the cache.
//!
//! A blocked Bloom filter. An honest token is in no set, and a large set is in no cache: without
//! the filter each question would wait for memory several times over.

use std::sync::atomic::{AtomicU64, Ordering};

use super::marks::Mark;

/// Of 512 bits: one line of the cache.
const WORDS: usize = 8;

/// When it is full: 16 bits for each, and one mark in about a thousand is taken for another.
const MARKS_PER_BLOCK: usize = 32;

/// The smallest filter is for 1,024 marks and takes two kilobytes.
const BLOCKS_MIN: usize = 32;

/// Each mark sets one bit of each word.
#[derive(Default)]
#[repr(align(64))]
struct Block([AtomicU64; WORDS]);

/// The filter. Marks are only added; to grow it, or to forget, another is made.
pub(super) struct Filter(Box<[Block]>);

impl Filter {
    /// An empty one with room for so many.
    pub(super) fn with_room(marks: usize) -> Self {
        let blocks = marks.div_ceil(MARKS_PER_BLOCK).next_power_of_two().max(BLOCKS_MIN);
        Self((0..blocks).map(|_| Block::default()).collect())
    }

    /// How many marks it is good for. It is right beyond that as well, but of little use.
    pub(super) const fn room(&self) -> usize {
        self.0.len() * MARKS_PER_BLOCK
    }

    pub(super) fn add(&self, mark: &Mark) {
        for (word, bit) in self.block(mark).0.iter().zip(bits(mark)) {
            word.fetch_or(bit, Ordering::Release);
        }
    }

    /// False only of a mark that was not added. All words are looked at: a branch that nobody can
    /// predict costs more than the words.
    pub(super) fn may_hold(&self, mark: &Mark) -> bool {
        let words = self.block(mark).0.iter().zip(bits(mark));
        words.fold(0, |missing, (word, bit)| missing | (bit & !word.load(Ordering::Acquire))) == 0
    }

    fn block(&self, mark: &Mark) -> &Block {
        let part = u32::from_be_bytes([mark[4], mark[5], mark[6], mark[7]]);
        // A power of two: the remainder is the last bits.
        &self.0[part as usize & (self.0.len() - 1)]
    }
}

/// One bit for each word, from the half of the mark that chooses neither block nor shard.
fn bits(mark: &Mark) -> impl Iterator<Item = u64> {
    mark[8..].iter().map(|byte| 1 << (byte & 63))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FingerprintKey;

    fn mark(number: usize) -> Mark {
        *FingerprintKey::new([5; 32]).of_text(&number.to_string()).bytes()
    }

    #[test]
    fn what_was_added_is_held_and_of_the_rest_one_in_a_hundred_at_most() {
        let filter = Filter::with_room(16_384);
        assert_eq!(filter.room(), 16_384);
        assert!((0..16_384).all(|number| !filter.may_hold(&mark(number))));
        (0..16_384).for_each(|number| filter.add(&mark(number)));
        assert!((0..16_384).all(|number| filter.may_hold(&mark(number))));
        let others = 16_384..32_768;
        let taken = others.filter(|number| filter.may_hold(&mark(*number))).count();
        assert!(taken <= 163, "{taken} taken for another");
    }

    #[test]
    fn it_has_room_for_what_it_was_made_for_and_little_more() {
        for (wanted, room) in [(0, 1_024), (1_024, 1_024), (1_025, 2_048), (1_000_000, 1_048_576)] {
            assert_eq!(Filter::with_room(wanted).room(), room);
        }
    }
}
