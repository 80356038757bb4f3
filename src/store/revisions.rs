//! Revision numbers out of blocks that the disk has confirmed, so that none is used twice.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How many revisions are reserved at a time. Half of a block is always at hand while the disk
/// confirms, and one change of a whole flag table takes a thousand.
pub(super) const BLOCK: u64 = 4096;

/// The first revision of a new store; zero is none.
pub(super) const FIRST: u64 = 1;

/// The block at hand: `next` up to, not including, `end`. The disk knows `end` before anybody can
/// take a number below it, and a start after a crash begins at `end`.
#[derive(Debug)]
pub(super) struct Revisions {
    next: AtomicU64,
    end: AtomicU64,
    asked: AtomicBool,
}

impl Revisions {
    /// A block of which the disk has confirmed `end`.
    pub fn new(next: u64, end: u64) -> Self {
        Self { next: next.into(), end: end.into(), asked: false.into() }
    }

    /// The next number, or `None` when the block is used up.
    pub fn take(&self) -> Option<u64> {
        let mut next = self.next.load(Ordering::SeqCst);
        while next < self.end.load(Ordering::SeqCst) {
            let claimed =
                self.next.compare_exchange(next, next + 1, Ordering::SeqCst, Ordering::SeqCst);
            match claimed {
                Ok(_) => return Some(next),
                Err(other) => next = other,
            }
        }
        None
    }

    /// True when `revision` has been handed out, by this process or an earlier one.
    pub fn has_taken(&self, revision: u64) -> bool {
        (FIRST..self.next.load(Ordering::SeqCst)).contains(&revision)
    }

    /// How many are left to take.
    pub fn left(&self) -> u64 {
        self.end.load(Ordering::SeqCst).saturating_sub(self.next.load(Ordering::SeqCst))
    }

    /// True when less than half a block is left.
    pub fn is_low(&self) -> bool {
        self.left() < BLOCK / 2
    }

    /// Where the next block ends, to be confirmed by the disk before [`Self::extend_to`].
    pub fn end_of_next_block(&self) -> u64 {
        self.end.load(Ordering::SeqCst).saturating_add(BLOCK)
    }

    /// The disk has confirmed `end`.
    pub fn extend_to(&self, end: u64) {
        self.end.fetch_max(end, Ordering::SeqCst);
    }

    /// True for the one taker who should wake the writer.
    pub fn should_ask(&self) -> bool {
        self.is_low() && !self.asked.swap(true, Ordering::SeqCst)
    }

    /// The writer has heard, or could not be reached: the next taker may ask again.
    pub fn asked(&self) {
        self.asked.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_up_block_gives_nothing_until_it_is_extended() {
        let revisions = Revisions::new(7, 9);
        assert_eq!(
            [revisions.take(), revisions.take(), revisions.take()],
            [Some(7), Some(8), None]
        );
        revisions.extend_to(10);
        assert_eq!([revisions.take(), revisions.take()], [Some(9), None]);
    }

    #[test]
    fn only_handed_out_numbers_count_as_taken() {
        let revisions = Revisions::new(7, 9);
        assert!(revisions.has_taken(6) && !revisions.has_taken(7) && !revisions.has_taken(0));
        revisions.take();
        assert!(revisions.has_taken(7));
    }

    #[test]
    fn one_taker_asks_for_more_until_the_writer_has_heard() {
        let revisions = Revisions::new(1, 1);
        assert!(revisions.should_ask() && !revisions.should_ask());
        revisions.asked();
        assert!(revisions.should_ask());
    }
}
