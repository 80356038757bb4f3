//! The queue between whoever records and whoever watches.
//!
//! What is recorded waits in a bounded list a component; the watcher takes all of it at once. A
//! failure, a difference or an alarm wakes it. Whoever records never waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::{Book, Seen};

/// What waits of one component, at most. A look every 100 ms takes this many at 160,000 a second.
pub const WAITING_MAX: usize = 16_384;

/// What one component has for its watcher.
#[derive(Debug, Default)]
pub(super) struct Intake {
    waiting: Mutex<Vec<Seen>>,
    /// Something waits, and the book is on the list of those.
    listed: AtomicBool,
    dropped: AtomicU64,
    /// Nobody watches: nothing is kept.
    unwatched: AtomicBool,
}

/// Where books with something to see are listed, and their watcher woken.
#[derive(Debug, Default)]
pub struct Bell {
    listed: Mutex<Listed>,
    rung: Condvar,
}

#[derive(Debug, Default)]
struct Listed {
    books: Vec<Arc<Book>>,
    rung: bool,
}

impl Bell {
    /// Waits until it is rung, at most `time`, and gives back the books that have something to see.
    /// Blocks the thread.
    pub fn wait(&self, time: Duration) -> Vec<Arc<Book>> {
        let mut listed = self.listed.lock();
        if !listed.rung {
            self.rung.wait_for(&mut listed, time);
        }
        listed.rung = false;
        std::mem::take(&mut listed.books)
    }

    /// The books that have something to see, without waiting.
    pub fn listed(&self) -> Vec<Arc<Book>> {
        std::mem::take(&mut self.listed.lock().books)
    }

    /// Wakes the watcher.
    pub fn ring(&self) {
        self.listed.lock().rung = true;
        self.rung.notify_one();
    }

    /// Whether it has been rung since somebody waited.
    #[cfg(test)]
    pub(crate) fn is_rung(&self) -> bool {
        self.listed.lock().rung
    }

    fn list(&self, book: Arc<Book>) {
        self.listed.lock().books.push(book);
    }
}

impl Intake {
    /// Keeps something to see; where the list is full it is counted instead. What may make a rule act
    /// finds room where the rest no longer does.
    fn keep(&self, seen: Seen, urgent: bool) {
        let waiting_max = if urgent { 2 * WAITING_MAX } else { WAITING_MAX };
        let mut waiting = self.waiting.lock();
        if waiting.len() >= waiting_max {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        } else {
            waiting.push(seen);
        }
    }
}

impl Book {
    /// Hands something to whoever watches the component; `urgent` wakes them. What finds no room is
    /// dropped and counted.
    pub fn show(self: &Arc<Self>, seen: Seen, urgent: bool) {
        let intake = self.intake();
        if intake.unwatched.load(Ordering::Relaxed) {
            return;
        }
        intake.keep(seen, urgent);
        if !intake.listed.swap(true, Ordering::AcqRel) {
            self.bell().list(Arc::clone(self));
        }
        if urgent {
            self.bell().ring();
        }
    }

    /// Takes what waits to be seen, oldest first, into an empty list; gives the list back its room
    /// for the next.
    pub fn take_seen(&self, into: &mut Vec<Seen>) {
        let intake = self.intake();
        // Before the list is taken: what comes from now on lists the book again.
        intake.listed.store(false, Ordering::Release);
        into.clear();
        std::mem::swap(into, &mut *intake.waiting.lock());
    }

    /// What was not seen because too much waited, since the start.
    pub fn unseen(&self) -> u64 {
        self.intake().dropped.load(Ordering::Relaxed)
    }

    /// True while somebody watches: only then is there a need to make anything to show.
    pub fn is_watched(&self) -> bool {
        !self.intake().unwatched.load(Ordering::Relaxed)
    }

    /// Whether anybody watches; from then on nothing is kept for nobody.
    pub fn watch(&self, watched: bool) {
        self.intake().unwatched.store(!watched, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ComponentId, FingerprintKey, Side, Timestamp};
    use crate::ledger::{Ledger, WalkSeen};

    fn id(text: &str) -> ComponentId {
        ComponentId::parse(text).expect("an id")
    }

    fn ledger() -> Ledger {
        Ledger::new(FingerprintKey::new([1; 32]))
    }

    /// Something that can be told apart by its moment.
    fn seen(number: i64) -> Seen {
        let at = Timestamp::from_micros(number);
        Seen::Walk(WalkSeen { at, side: Side::Ssot, passed: true })
    }

    fn number(seen: &Seen) -> i64 {
        match seen {
            Seen::Walk(walk) => walk.at.micros(),
            Seen::Answer(_) | Seen::Delivery(_) | Seen::Outcome(_) => panic!("not a walk"),
        }
    }

    #[test]
    fn what_is_shown_is_taken_once_and_in_its_order() {
        let book = ledger().book(&id("http-auth"));
        (0..5).for_each(|number| book.show(seen(number), false));
        let mut taken = vec![seen(99)];
        book.take_seen(&mut taken);
        assert_eq!(taken.iter().map(number).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        book.take_seen(&mut taken);
        assert!(taken.is_empty());
    }

    #[test]
    fn a_book_is_listed_once_until_it_is_taken_and_only_what_is_urgent_rings() {
        let ledger = ledger();
        let (book, bell) = (ledger.book(&id("http-auth")), ledger.bell());
        (0..3).for_each(|number| book.show(seen(number), false));
        assert!(!bell.is_rung());
        let listed = bell.listed();
        assert_eq!(listed.len(), 1);
        book.show(seen(3), true);
        assert!(bell.is_rung());
        // What waits is still to be taken by whoever got the list.
        assert!(bell.wait(Duration::ZERO).is_empty() && !bell.is_rung());
        let mut taken = Vec::new();
        listed[0].take_seen(&mut taken);
        assert_eq!(taken.len(), 4);
        book.show(seen(4), false);
        assert_eq!(bell.listed().len(), 1);
    }

    #[test]
    fn a_full_list_drops_the_newest_and_counts_it_and_takes_again_once_it_is_emptied() {
        let book = ledger().book(&id("http-auth"));
        let shown = i64::try_from(WAITING_MAX).expect("a number") + 7;
        (0..shown).for_each(|number| book.show(seen(number), false));
        assert_eq!(book.unseen(), 7);
        let mut taken = Vec::new();
        book.take_seen(&mut taken);
        assert_eq!((taken.len(), taken.last().map(number)), (WAITING_MAX, Some(shown - 8)));
        book.show(seen(0), false);
        book.take_seen(&mut taken);
        assert_eq!((taken.len(), book.unseen()), (1, 7));
    }

    #[test]
    fn nothing_is_kept_for_nobody() {
        let ledger = ledger();
        let book = ledger.book(&id("http-auth"));
        book.watch(false);
        book.show(seen(0), true);
        assert!(!book.is_watched() && !ledger.bell().is_rung());
        assert!(ledger.bell().listed().is_empty());
        book.watch(true);
        book.show(seen(1), true);
        let mut taken = Vec::new();
        book.take_seen(&mut taken);
        assert_eq!(taken.iter().map(number).collect::<Vec<_>>(), [1]);
    }

    /// Every book that has something is listed after the last of it was shown, so that a watcher
    /// who goes by the list alone misses nothing.
    #[test]
    fn nothing_is_lost_between_showing_and_taking() {
        const THREADS: i64 = 4;
        const EACH: i64 = 2_000;
        let ledger = ledger();
        let (bell, books) = (ledger.bell(), ["a", "b", "c"].map(|name| ledger.book(&id(name))));
        let all = usize::try_from(THREADS * EACH).expect("a number") * books.len();
        let mut found: Vec<Vec<i64>> = vec![Vec::new(); books.len()];
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let books = &books;
                scope.spawn(move || {
                    for each in 0..EACH {
                        for book in books {
                            book.show(seen(thread * EACH + each), each % 64 == 0);
                        }
                    }
                });
            }
            let mut taken = Vec::new();
            while found.iter().map(Vec::len).sum::<usize>() < all {
                for listed in bell.wait(Duration::from_millis(1)) {
                    listed.take_seen(&mut taken);
                    let is_it = |book: &Arc<Book>| Arc::ptr_eq(book, &listed);
                    let place = books.iter().position(is_it).expect("a book");
                    found[place].extend(taken.iter().map(number));
                }
            }
        });
        for (book, numbers) in books.iter().zip(&mut found) {
            assert_eq!(book.unseen(), 0);
            let of = |thread: i64| numbers.iter().filter(move |number| **number / EACH == thread);
            assert!((0..THREADS).all(|thread| of(thread).is_sorted()), "each thread in its order");
            numbers.sort_unstable();
            assert!(numbers.iter().copied().eq(0..THREADS * EACH));
        }
    }
}
