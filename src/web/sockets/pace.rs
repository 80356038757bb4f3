//! How fast a client may send.

use std::time::Duration;

use tokio::time::Instant;

/// A second's worth may come at once, and then so many a second.
#[derive(Debug)]
pub(super) struct Pace {
    /// What one message takes of a second; zero where there is no limit.
    each: Duration,
    due: Instant,
}

/// What may come at once.
const AT_ONCE: Duration = Duration::from_secs(1);

impl Pace {
    /// So many a second; `None` for no limit.
    pub fn new(per_second: Option<u32>) -> Self {
        let each = per_second.map_or(Duration::ZERO, |count| AT_ONCE / count.max(1));
        Self { each, due: Instant::now() }
    }

    /// Takes one; false when it comes too soon.
    pub fn take(&mut self) -> bool {
        let now = Instant::now();
        let due = self.due.max(now) + self.each;
        if due.saturating_duration_since(now) > AT_ONCE {
            return false;
        }
        self.due = due;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_second_s_worth_may_come_at_once_and_then_it_is_the_pace() {
        let mut pace = Pace::new(Some(4));
        let at_once = (0..10).filter(|_| pace.take()).count();
        assert_eq!(at_once, 4);
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!((0..10).filter(|_| pace.take()).count(), 2);
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!((0..10).filter(|_| pace.take()).count(), 4, "a pause saves up no more");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_all_may_come_at_once() {
        let mut pace = Pace::new(None);
        assert!((0..100_000).all(|_| pace.take()));
    }
}
