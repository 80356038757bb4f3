//! Which refresh tokens the other side was told of just now.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use parking_lot::Mutex;

use crate::domain::{Timestamp, Token};

/// How long a retry may come after the refresh it repeats.
const REMEMBERED_FOR: Duration = Duration::from_mins(1);
/// Tokens remembered; the oldest make room. A retry of one that was forgotten is a difference.
const ENTRIES_MAX: usize = 4096;

/// The side that did not refresh refuses a used token because it was told to; when the client
/// then retries within its grace, that is no difference between the sides.
#[derive(Default)]
pub(super) struct Told {
    hasher: RandomState,
    recent: Mutex<VecDeque<(Timestamp, u64)>>,
}

impl Told {
    pub fn note(&self, token: &Token, now: Timestamp) {
        let entry = (now, self.hasher.hash_one(token.reveal()));
        let mut recent = self.recent.lock();
        while recent.front().is_some_and(|(at, _)| now.since(*at) > REMEMBERED_FOR)
            || recent.len() >= ENTRIES_MAX
        {
            recent.pop_front();
        }
        recent.push_back(entry);
    }

    pub fn holds(&self, token: &Token, now: Timestamp) -> bool {
        let hash = self.hasher.hash_one(token.reveal());
        let is_it =
            |(at, other): &(Timestamp, u64)| *other == hash && now.since(*at) <= REMEMBERED_FOR;
        self.recent.lock().iter().rev().any(is_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_remembered_for_a_minute_among_so_many() {
        let (told, at) = (Told::default(), Timestamp::from_seconds);
        let token = |number: usize| Token::new(&number.to_string());
        told.note(&token(0), at(0));
        assert!(told.holds(&token(0), at(60)) && !told.holds(&token(1), at(0)));
        assert!(!told.holds(&token(0), at(61)));
        (1..=ENTRIES_MAX).for_each(|number| told.note(&token(number), at(1)));
        assert!(!told.holds(&token(0), at(1)) && told.holds(&token(1), at(1)));
    }
}
